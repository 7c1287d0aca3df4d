//go:build integration

package runner

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"

	"statusd/discovery"
	"statusd/discovery/topdisc"
	"statusd/discovery/topdisc/tdt1"
	"statusd/internal/tdtenr"
)

// record makes a record of a socket that says something else than its own.
func (s *socket) record(t *testing.T, change func(r *enr.Record)) *enr.Record {
	t.Helper()
	r := s.self.Node().Record()
	r.Set(tdtenr.Version)
	r.SetSeq(s.self.Node().Seq() + 10)
	change(r)
	if err := enode.SignV4(r, s.key); err != nil {
		t.Fatal(err)
	}
	return r
}

func encode(t *testing.T, m tdt1.Message) []byte {
	t.Helper()
	raw, err := tdt1.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestRegistrarAnswersBadRequests sends what a registrar must refuse over a
// real session, and expects the stated answer.
func TestRegistrarAnswersBadRequests(t *testing.T) {
	registrar := start(t, nil, Config{Registrar: true, Params: quick()})
	bad := listen(t, registrar.self.Node(), 0)
	other := listen(t, nil, 0)
	own := func(change func(r *enr.Record)) []byte {
		return encode(t, &tdt1.RegTopic{Topic: topdisc.Service{1}, Record: bad.record(t, change)})
	}
	nothing := func(*enr.Record) {}
	foreign := encode(t, &tdt1.RegTopic{Record: other.record(t, nothing)})
	forged := own(nothing)
	forged[60] ^= 1
	for _, c := range []struct {
		name     string
		protocol string
		payload  []byte
		want     []byte
	}{
		{"unknown protocol", "tdt2", own(nothing), nil},
		{"empty", tdt1.Protocol, nil, []byte{0x7f, 0xc1, 1}},
		{"junk", tdt1.Protocol, bytes.Repeat([]byte{0x55}, 900), []byte{0x7f, 0xc1, 3}},
		{"cut", tdt1.Protocol, own(nothing)[:100], []byte{0x7f, 0xc1, 1}},
		{"endless list", tdt1.Protocol, []byte{7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, []byte{0x7f, 0xc1, 1}},
		{"record of another", tdt1.Protocol, foreign, []byte{0x7f, 0xc1, 1}},
		{"forged record", tdt1.Protocol, forged, []byte{0x7f, 0xc1, 1}},
		{
			"wrong version", tdt1.Protocol, own(func(r *enr.Record) { r.Set(tdtenr.Entry(7)) }),
			[]byte{0x7f, 0xc1, 1},
		},
		{"port 1024", tdt1.Protocol, own(func(r *enr.Record) { r.Set(enr.UDP(1024)) }), []byte{0x7f, 0xc1, 1}},
		{
			"public address", tdt1.Protocol, own(func(r *enr.Record) { r.Set(enr.IPv4{51, 15, 7, 9}) }),
			[]byte{0x7f, 0xc1, 4},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := bad.disc.TalkRequest(registrar.self.Node(), c.protocol, c.payload)
			if err != nil || !bytes.Equal(got, c.want) {
				t.Errorf("got %x, %v, want %x", got, err, c.want)
			}
		})
	}
	st := registrar.Status().Registrar
	if st.Ads != 0 || st.Refused["other_node"] != 1 || st.Refused["malformed"] < 3 || st.Refused["bad_record"] != 1 {
		t.Errorf("status %+v", st)
	}
}

// TestTicketsOnTheWire comes back too early, too late, with a forged ticket,
// and in time.
func TestTicketsOnTheWire(t *testing.T) {
	p := quick()
	p.Lifetime, p.AllowLocal = 10*time.Second, false // one address: waits of a lifetime and more
	p.Similarity, p.RetryWindow = topdisc.Capacity, 300*time.Millisecond
	p.OccupancyExponent = 1
	registrar := start(t, nil, Config{Registrar: true, Params: p})
	a := listen(t, registrar.self.Node(), 0)
	record := a.record(t, func(*enr.Record) {})
	ask := func(ticket []byte) topdisc.Confirmation {
		t.Helper()
		raw := encode(t, &tdt1.RegTopic{Topic: topdisc.Service{1}, Record: record, Ticket: ticket})
		answer, err := a.disc.TalkRequest(registrar.self.Node(), tdt1.Protocol, raw)
		if err != nil {
			t.Fatal(err)
		}
		c, _, err := tdt1.DecodeConfirmation(registrar.self.Node().IPAddr(), answer)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := ask(nil)
	if first.Admitted() || first.Wait > 10*time.Millisecond {
		t.Fatalf("empty registrar: %+v", first)
	}
	forged := bytes.Clone(first.Ticket)
	forged[2] ^= 1
	time.Sleep(first.Wait)
	if c := ask(forged); c.Admitted() {
		t.Error("forged ticket admitted")
	}
	time.Sleep(p.RetryWindow + 50*time.Millisecond)
	if c := ask(first.Ticket); c.Admitted() {
		t.Error("late ticket admitted")
	}
	again := ask(nil)
	time.Sleep(again.Wait)
	if c := ask(again.Ticket); !c.Admitted() || c.Wait != p.Lifetime {
		t.Fatalf("in time: %+v", c)
	}
	// The address is taken now: another identity there waits a lifetime, and
	// coming early with the ticket is a new attempt.
	b := listen(t, registrar.self.Node(), 0)
	a, record = b, b.record(t, func(*enr.Record) {})
	long := ask(nil)
	if long.Admitted() || long.Wait != p.Lifetime {
		t.Fatalf("second on one address: %+v", long)
	}
	time.Sleep(200 * time.Millisecond)
	if c := ask(long.Ticket); c.Admitted() || c.Wait < long.Wait-50*time.Millisecond {
		t.Errorf("early: %+v", c)
	}
}

// TestFloodFromOneNetworkOnTheWire: many identities of one network ask at the
// same time. Ten are served, the others are told that the registrar is busy,
// and it goes on answering.
func TestFloodFromOneNetworkOnTheWire(t *testing.T) {
	p := quick()
	p.AllowLocal, p.Limits = false, topdisc.Limits{}
	registrar := start(t, nil, Config{Registrar: true, Params: p})
	served, busy := 0, 0
	for range 30 {
		s := listen(t, nil, 0)
		for range 3 {
			raw := encode(t, &tdt1.RegTopic{Topic: topdisc.Service{1}, Record: s.record(t, func(*enr.Record) {})})
			answer, err := s.disc.TalkRequest(registrar.self.Node(), tdt1.Protocol, raw)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Equal(answer, []byte{0x7f, 0xc1, 2}) {
				busy++
			} else {
				served++
			}
		}
		s.close()
	}
	if served < 10 || served > 12 || served+busy != 90 {
		t.Errorf("%d served, %d told to try later", served, busy)
	}
	st := registrar.Status().Registrar
	if st.Refused["net_limit"] == 0 || st.Ads > 1 {
		t.Errorf("status %+v", st)
	}
}

// TestSearchAmongHostileRegistrars: each misbehaves in its own way; the search
// asks each of them a bounded number of times and finds what the honest one
// has.
func TestSearchAmongHostileRegistrars(t *testing.T) {
	boot := start(t, nil, Config{Registrar: true, Params: quick()})
	stranger := listen(t, nil, 0)
	lowPort := stranger.record(t, func(r *enr.Record) { r.Set(enr.UDP(443)) })
	requests := make([]atomic.Int32, 7)
	for i, answer := range []func(m tdt1.Message) []byte{
		func(tdt1.Message) []byte { return nil },
		func(tdt1.Message) []byte { return []byte("junk") },
		func(tdt1.Message) []byte { return make([]byte, 1170) },
		func(tdt1.Message) []byte { return make([]byte, 1250) }, // never arrives
		func(tdt1.Message) []byte { return []byte{0x7f, 0xc1, 2} },
		func(m tdt1.Message) []byte { // pages without end
			q, ok := m.(*tdt1.TopicQuery)
			if !ok {
				return []byte{0x7f, 0xc1, 1}
			}
			return encode(t, &tdt1.TopicNodes{Total: 1 << 50, Page: q.Page, Aux: tdt1.Records{lowPort}})
		},
		func(m tdt1.Message) []byte { // always the first page, always the same useless record
			return encode(t, &tdt1.TopicNodes{Total: 9, Ads: tdt1.Records{lowPort}})
		},
	} {
		rogue(t, boot, func(m tdt1.Message) []byte {
			if _, ok := m.(*tdt1.TopicQuery); ok {
				requests[i].Add(1)
			}
			return answer(m)
		})
	}
	relay := start(t, boot, Config{Registrar: true, Params: quick()})
	relay.advertise(t, discovery.TopicRelay)
	eventually(t, "registered", 15*time.Second, func() bool { return boot.Status().Registrar.Ads > 0 })

	client := start(t, boot, Config{Params: quick()})
	var found []enode.ID
	err := client.Search(t.Context(), discovery.TopicRelay, func(n *enode.Node) { found = append(found, n.ID()) })
	if err != nil || len(found) != 1 || found[0] != relay.self.ID() {
		t.Errorf("found %v, %v, want the relay", found, err)
	}
	for i := range requests {
		if n := requests[i].Load(); n > 8 {
			t.Errorf("registrar %d was asked %d times", i, n)
		}
	}
	t.Logf("client: %+v", client.Status())
}

func TestSearchWithoutRegistrars(t *testing.T) {
	plain := listen(t, nil, 0) // discv5 without topic discovery
	client := startOn(t, listen(t, plain.self.Node(), 0), Config{Params: quick()})
	err := client.Search(t.Context(), discovery.TopicRelay, func(n *enode.Node) { t.Errorf("found %s", n.ID()) })
	if !errors.Is(err, ErrNoRegistrars) {
		t.Errorf("got %v, want %v", err, ErrNoRegistrars)
	}
}

// TestStopWhileWaiting ends a search and an advertisement that wait for nodes
// that do not answer, in either order of socket and context.
func TestStopWhileWaiting(t *testing.T) {
	for _, socketFirst := range []bool{true, false} {
		boot := start(t, nil, Config{Registrar: true, Params: quick()})
		for range 3 { // known, and then gone
			gone := start(t, boot, Config{Registrar: true, Params: quick()})
			eventually(t, "known", 10*time.Second, func() bool { return boot.disc.GetNode(gone.self.ID()) != nil })
			gone.stop()
		}
		h := start(t, boot, Config{Registrar: true, Params: quick()})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 2)
		go func() { done <- h.Advertise(ctx, discovery.TopicRelay) }()
		go func() { done <- h.Search(ctx, discovery.TopicMail, func(*enode.Node) {}) }()
		eventually(t, "begun", 5*time.Second, func() bool { return len(h.Status().Topics) == 2 })
		boot.close()
		if socketFirst {
			h.disc.Close()
		}
		cancel()
		for range 2 {
			select {
			case err := <-done:
				if err != nil && !errors.Is(err, ErrNoRegistrars) {
					t.Errorf("ended with %v", err)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("does not end")
			}
		}
		h.stop()
	}
}

func TestAdvertiseRefuses(t *testing.T) {
	client := start(t, nil, Config{Params: quick()})
	if err := client.Advertise(t.Context(), discovery.TopicRelay); !errors.Is(err, ErrNotRegistrar) {
		t.Errorf("client: %v", err)
	}
	h := start(t, nil, Config{Registrar: true, Params: quick()})
	h.advertise(t, discovery.TopicRelay)
	eventually(t, "advertising", 5*time.Second, func() bool { return len(h.Status().Topics) == 1 })
	eventually(t, "refused", 5*time.Second, func() bool {
		return errors.Is(h.Advertise(t.Context(), discovery.TopicRelay), ErrAdvertised)
	})
}

// TestPrivateAddressIsNotAdvertised: without AllowLocal a node on loopback
// waits, and registers once it has a public address.
func TestPrivateAddressIsNotAdvertised(t *testing.T) {
	p := quick()
	p.AllowLocal = false
	boot := start(t, nil, Config{Registrar: true, Params: p})
	h := start(t, boot, Config{Registrar: true, Params: p})
	h.advertise(t, discovery.TopicRelay)
	eventually(t, "waiting", 5*time.Second, func() bool { return len(h.Status().Topics) == 1 })
	time.Sleep(1500 * time.Millisecond)
	if sent := h.Status().Sent; sent != 0 {
		t.Errorf("%d registrations of a private address", sent)
	}
	h.self.SetStaticIP(net.IPv4(51, 15, 7, 9))
	eventually(t, "registering", 10*time.Second, func() bool { return h.Status().Sent > 0 })
	eventually(t, "refused for the address", 10*time.Second, func() bool {
		return boot.Status().Registrar.Refused["address_mismatch"] > 0
	})
}
