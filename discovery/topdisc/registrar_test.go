package topdisc

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/tdtenr"
)

func TestFirstVisitGetsTicket(t *testing.T) {
	r := newRegistrar(Params{})
	n := good(1)
	c := register(t, r, service(1), n, nil, start)
	if c.Admitted() || c.Wait != time.Millisecond {
		t.Fatalf("got %+v, want a ticket for 1 ms", c)
	}
	if got := r.Query(service(1), [8]byte{}, start); len(got) != 0 {
		t.Fatalf("advertised before admission: %v", got)
	}
	c = register(t, r, service(1), n, c.Ticket, start.Add(c.Wait))
	if !c.Admitted() || c.Wait != 15*time.Minute {
		t.Fatalf("got %+v, want admission for 15 min", c)
	}
	got := r.Query(service(1), [8]byte{}, start.Add(time.Minute))
	if len(got) != 1 || got[0].ID() != n.ID() {
		t.Errorf("got %v", got)
	}
	if got := r.Query(service(2), [8]byte{}, start.Add(time.Minute)); len(got) != 0 {
		t.Errorf("another service has %v", got)
	}
}

func TestRegistrationRules(t *testing.T) {
	v := tdtenr.Version
	for _, c := range []struct {
		name string
		node making
		from string // address; empty: that of the record
		peer uint64 // id; 0: that of the record
		want Reason
		code Code
	}{
		{name: "record of another", node: making{id: 1, version: v}, peer: 2, want: ReasonOtherNode, code: CodeRefused},
		{name: "no entry", node: making{id: 1}, want: ReasonNotCapable, code: CodeRefused},
		{name: "wrong version", node: making{id: 1, version: 2}, want: ReasonNotCapable, code: CodeRefused},
		{name: "low port", node: making{id: 1, udp: 1024, version: v}, want: ReasonLowPort, code: CodeRefused},
		{
			name: "another address", node: making{id: 1, version: v}, from: "100.0.0.9",
			want: ReasonAddress, code: CodeAddressMismatch,
		},
		{
			name: "private address from a public one", node: making{id: 1, ip: "10.0.0.1", version: v}, from: "100.0.0.9",
			want: ReasonAddress, code: CodeAddressMismatch,
		},
		{
			name: "loopback from a public one", node: making{id: 1, ip: "127.0.0.1", version: v}, from: "100.0.0.9",
			want: ReasonAddress, code: CodeAddressMismatch,
		},
		{
			name: "public address from a private one", node: making{id: 1, version: v}, from: "10.0.0.9",
			want: ReasonAddress, code: CodeAddressMismatch,
		},
		{
			name: "IPv6 source, IPv4 record", node: making{id: 1, version: v}, from: "2001:4860::1",
			want: ReasonAddress, code: CodeAddressMismatch,
		},
		{name: "port 1025", node: making{id: 1, udp: 1025, version: v}, want: Reasons},
		{name: "IPv4 in IPv6", node: making{id: 1, version: v}, from: "::ffff:100.0.0.1", want: Reasons},
		{name: "IPv6", node: making{id: 1, ip: "2a00::1", udp: 30303, version: v}, want: Reasons},
		{name: "two private addresses", node: making{id: 1, ip: "10.0.0.1", version: v}, from: "192.168.0.1", want: Reasons},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRegistrar(Params{})
			n := make1(c.node)
			from := peerOf(n)
			if c.from != "" {
				from.Addr = netip.MustParseAddr(c.from)
			}
			if c.peer != 0 {
				from.ID = good(c.peer).ID()
			}
			_, err := r.Register(from, RegRequest{Service: service(1), Node: n}, start)
			if c.want == Reasons {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if got := refusalOf(t, err); got.Reason != c.want || got.Code != c.code {
				t.Errorf("got %s, %s, want %s", got.Reason, got.Code, c.want)
			}
			if r.Stats().Refused[c.want] != 1 {
				t.Error("not counted")
			}
		})
	}
}

// TestTicketRules: whoever comes with a ticket that does not fit waits from
// the beginning.
func TestTicketRules(t *testing.T) {
	p := Params{}.WithDefaults()
	other := good(50)
	for _, c := range []struct {
		name   string
		ticket func(ticket []byte) []byte
		after  time.Duration // relative to the agreed moment
		node   *enode.Node
		good   bool
	}{
		{name: "in time", good: true},
		{name: "20 ms early", after: -20 * time.Millisecond, good: true},
		{name: "10 s late", after: p.RetryWindow, good: true},
		{name: "21 ms early", after: -21 * time.Millisecond},
		{name: "too late", after: p.RetryWindow + time.Millisecond},
		{name: "none", ticket: func([]byte) []byte { return nil }},
		{name: "forged", ticket: func(b []byte) []byte { b[3] ^= 1; return b }},
		{name: "cut", ticket: func(b []byte) []byte { return b[:68] }},
		{name: "longer", ticket: func(b []byte) []byte { return append(b, 0) }},
		{name: "other version", ticket: func(b []byte) []byte { b[0] = 2; return b }},
		{name: "newer record", node: make1(making{id: 3, seq: 2, version: tdtenr.Version})},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRegistrar(Params{})
			admit(t, r, service(1), other, start)
			n := good(3)
			at := start.Add(time.Second)
			first := register(t, r, service(1), n, nil, at)
			if first.Admitted() || first.Wait < 100*time.Millisecond {
				t.Fatalf("got %+v, want some waiting", first)
			}
			ticket := bytes.Clone(first.Ticket)
			if c.ticket != nil {
				ticket = c.ticket(ticket)
			}
			if c.node != nil {
				n = c.node
			}
			got := register(t, r, service(1), n, ticket, at.Add(first.Wait+c.after))
			// Early by the tolerance leaves these last milliseconds to wait.
			if c.good && !got.Admitted() && got.Wait > p.Earliness {
				t.Errorf("not admitted, waits %s", got.Wait)
			}
			if !c.good && (got.Admitted() || got.Wait < first.Wait/2) {
				t.Errorf("got %+v, want a wait from the beginning, about %s", got, first.Wait)
			}
		})
	}
}

func TestTicketOfEarlierProcess(t *testing.T) {
	old := newRegistrar(Params{})
	admit(t, old, service(1), good(50), start)
	n := good(3)
	c := register(t, old, service(1), n, nil, start)
	again := NewRegistrar(RegistrarConfig{Self: enode.ID{0xff}, Start: start, Key: TicketKey{2}})
	if got := register(t, again, service(1), n, c.Ticket, start.Add(c.Wait)); got.Admitted() {
		t.Error("a ticket under another key counts")
	}
}

func TestRenewal(t *testing.T) {
	for _, similarity := range []Similarity{Capacity, Cache} {
		r := newRegistrar(Params{Similarity: similarity})
		n := good(1)
		admit(t, r, service(1), n, start)
		renew := start.Add(12 * time.Minute)
		// Alone, it would wait longer than E if its own advertisement counted.
		at := admit(t, r, service(1), n, renew)
		if wait := at.Sub(renew); wait > time.Second {
			t.Errorf("%s: renewed after %s", similarity, wait)
		}
		if ads, _ := r.Ads(); ads != 1 {
			t.Errorf("%s: %d advertisements", similarity, ads)
		}
		if got := r.Query(service(1), [8]byte{}, start.Add(26*time.Minute)); len(got) != 1 {
			t.Errorf("%s: renewed advertisement expired early", similarity)
		}
		if got := r.Query(service(1), [8]byte{}, at.Add(15*time.Minute)); len(got) != 0 {
			t.Errorf("%s: expired advertisement returned", similarity)
		}
	}
}

func TestRecordOrder(t *testing.T) {
	r := newRegistrar(Params{})
	record := func(seq uint64) *enode.Node { return make1(making{id: 1, seq: seq, version: tdtenr.Version}) }
	admit(t, r, service(1), record(5), start)
	_, err := r.Register(peerOf(record(4)), RegRequest{Service: service(1), Node: record(4)}, start.Add(time.Minute))
	if got := refusalOf(t, err); got.Reason != ReasonOldRecord || got.Code != CodeRefused {
		t.Errorf("got %s", got.Reason)
	}
	admit(t, r, service(1), record(6), start.Add(time.Minute))
	got := r.Query(service(1), [8]byte{}, start.Add(2*time.Minute))
	if len(got) != 1 || got[0].Seq() != 6 {
		t.Errorf("got %v", got)
	}
}

func TestCapacityIsNeverExceeded(t *testing.T) {
	p := Params{Capacity: 20}.WithDefaults()
	r := newRegistrar(p)
	full := func() bool { ads, _ := r.Ads(); return ads == 20 }
	now := start
	for i := uint64(1); !full(); i++ { // with the formula this takes an eternity
		n := good(i)
		r.admit(RegRequest{Service: service(byte(i)), Node: n}, n.IPAddr(), nil, 0)
	}
	late := good(1000)
	c := register(t, r, service(99), late, nil, now)
	if c.Admitted() || c.Wait != p.Lifetime {
		t.Errorf("full registrar says %+v, want a wait of %s", c, p.Lifetime)
	}
	// Renewals find room: their own.
	first := good(1)
	var ticket []byte
	for range 100 {
		c := register(t, r, service(1), first, ticket, now)
		if ads, _ := r.Ads(); ads > 20 {
			t.Fatalf("%d advertisements", ads)
		}
		if c.Admitted() {
			return
		}
		ticket, now = c.Ticket, now.Add(c.Wait)
	}
	t.Error("no renewal at full capacity")
}

// TestLowerBound: coming again later gains nothing over the wait said before,
// beyond the time that passed, even when advertisements expired meanwhile.
func TestLowerBound(t *testing.T) {
	for _, c := range []struct {
		name string
		asks netip.Addr // invalid: only the service counts
		svc  Service
	}{
		{name: "service", svc: service(1)},
		{name: "address", svc: service(2), asks: netip.MustParseAddr("100.9.9.9")},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRegistrar(Params{Similarity: Cache})
			for i := uint64(1); i <= 40; i++ {
				n := make1(making{id: i, ip: "100.9.9.9", version: tdtenr.Version})
				if i%2 == 0 {
					n = good(i * 7919)
				}
				r.cache.put(&ad{service: service(1), node: n, ip: n.IPAddr(), expires: 1000 + 25*float64(i)}, 0)
			}
			at := func(ms float64) float64 {
				r.sweep(ms)
				return r.waiting(c.svc, c.asks, nil, ms)
			}
			last, lastAt := at(0), 0.0
			for ms := 100.0; ms <= 1970; ms += 50 {
				w := at(ms)
				if w < last-(ms-lastAt)-1 {
					t.Fatalf("at %v ms: waits %v after %v at %v ms", ms, w, last, lastAt)
				}
				last, lastAt = w, ms
			}
			if last < 10_000 {
				t.Fatalf("the bound plays no part: %v ms", last)
			}
			r.sweep(3000)
			if len(r.cache.services) != 0 || r.cache.tree.v4.root != 0 {
				t.Fatal("state left")
			}
			if w := r.waiting(c.svc, c.asks, nil, 3000); w > 1 {
				t.Errorf("bounds outlive what they belong to: %v ms", w)
			}
		})
	}
}

func TestPendingLeavesNoState(t *testing.T) {
	r := newRegistrar(Params{})
	for i := uint64(1); i <= 1000; i++ {
		register(t, r, service(byte(i)), good(i), nil, start)
	}
	if len(r.cache.services) != 0 || len(r.cache.tree.v4.vertices) != 0 || r.cache.count != 0 {
		t.Error("requests that wait left state")
	}
}

func TestLocalAddresses(t *testing.T) {
	wait := func(p Params, ips ...string) time.Duration {
		r := newRegistrar(p)
		var last time.Duration
		for i, ip := range ips {
			n := make1(making{id: uint64(i + 1), ip: ip, version: tdtenr.Version})
			last = admit(t, r, service(byte(i)), n, start).Sub(start)
		}
		return last
	}
	if got := wait(Params{}, "127.0.0.1", "127.0.0.1"); got < 15*time.Minute {
		t.Errorf("same address: %s", got)
	}
	if got := wait(Params{AllowLocal: true}, "127.0.0.1", "127.0.0.1", "10.0.0.1"); got > time.Second {
		t.Errorf("allowed: %s", got)
	}
	if got := wait(Params{AllowLocal: true}, "100.0.0.1", "100.0.0.1"); got < 15*time.Minute {
		t.Errorf("public addresses score as ever: %s", got)
	}
}

func TestQueryOrder(t *testing.T) {
	r := newRegistrar(Params{})
	for i := uint64(1); i <= 40; i++ {
		n := good(i)
		r.admit(RegRequest{Service: service(1), Node: n}, n.IPAddr(), nil, 0)
	}
	seen := make(map[enode.ID]bool)
	a := r.Query(service(1), [8]byte{1}, start)
	if b := r.Query(service(1), [8]byte{1}, start.Add(time.Second)); !slices.Equal(a, b) {
		t.Error("pages of one answer would not fit together")
	}
	for seed := range byte(60) {
		got := r.Query(service(1), [8]byte{seed}, start)
		if len(got) != 10 {
			t.Fatalf("%d advertisements", len(got))
		}
		for _, n := range got {
			seen[n.ID()] = true
		}
	}
	if len(seen) != 40 {
		t.Errorf("%d of 40 are ever returned", len(seen))
	}
}

// TestCacheModel compares the cache with a plain list under random
// admissions, renewals and time.
func TestCacheModel(t *testing.T) {
	type entry struct {
		service Service
		id      enode.ID
		ip      netip.Addr
		expires float64
	}
	rng := newRNG()
	c := newAdCache()
	var model []entry
	now := 0.0
	for step := range 5_000 {
		now += rng.ExpFloat64() * 20
		c.sweep(now)
		model = slices.DeleteFunc(model, func(e entry) bool { return e.expires <= now })
		n, s := randomNode(rng), service(byte(rng.IntN(5)))
		ip := n.IPAddr()
		if rng.IntN(10) == 0 {
			ip = netip.Addr{}
		}
		c.put(&ad{service: s, node: n, ip: ip, expires: now + 3000}, now)
		model = slices.DeleteFunc(model, func(e entry) bool { return e.service == s && e.id == n.ID() })
		model = append(model, entry{s, n.ID(), ip, now + 3000})
		if c.count != len(model) {
			t.Fatalf("step %d: %d advertisements, want %d", step, c.count, len(model))
		}
		if step%125 != 0 {
			continue
		}
		i := 0
		for a := c.first; a != nil; a = a.next {
			if e := model[i]; a.service != e.service || a.node.ID() != e.id || a.expires != e.expires {
				t.Fatalf("step %d: order differs at %d", step, i)
			}
			i++
		}
		probe := randomNode(rng).IPAddr()
		var addrs []netip.Addr
		for _, e := range model {
			if e.ip.IsValid() && e.ip.Is4() == probe.Is4() {
				addrs = append(addrs, e.ip)
			}
		}
		if got, _ := c.tree.look(probe, netip.Addr{}); got != naiveScore(probe, addrs) {
			t.Fatalf("step %d: score %v, want %v", step, got, naiveScore(probe, addrs))
		}
	}
	c.sweep(now + 3000)
	if c.first != nil || c.last != nil || c.tree.v4.root != 0 || c.tree.v6.root != 0 || len(c.services) != 0 {
		t.Error("an empty cache has state")
	}
}

func randomNode(rng *rand.Rand) *enode.Node {
	id := rng.Uint64N(200)
	ip := fmt.Sprintf("%d.1.%d.%d", 100+rng.IntN(3), rng.IntN(2), rng.IntN(256))
	if rng.IntN(4) == 0 {
		ip = fmt.Sprintf("2a00:%x::%x", rng.IntN(3), rng.IntN(100))
	}
	return make1(making{id: id, ip: ip, version: tdtenr.Version})
}

// naiveScore is the definition of the score.
func naiveScore(ip netip.Addr, cached []netip.Addr) float64 {
	levels := 0
	for depth := 1; depth <= ip.BitLen(); depth++ {
		prefix, err := ip.Prefix(depth)
		if err != nil {
			panic(err)
		}
		count := 0
		for _, other := range cached {
			if prefix.Contains(other) {
				count++
			}
		}
		if float64(count)*math.Pow(2, float64(depth)) > float64(len(cached)) {
			levels++
		}
	}
	return float64(levels) / float64(ip.BitLen())
}

func TestSweepSaysWhenNext(t *testing.T) {
	r := newRegistrar(Params{})
	if next := r.Sweep(start); !next.IsZero() {
		t.Errorf("an empty registrar waits for %s", next)
	}
	at := admit(t, r, service(1), good(1), start)
	next := r.Sweep(start.Add(time.Minute))
	if want := at.Add(15 * time.Minute); next.Sub(want).Abs() > time.Millisecond {
		t.Errorf("got %s, want %s", next, want)
	}
	r.Sweep(next)
	if ads, services := r.Ads(); ads != 0 || services != 0 || r.Stats().Expired != 1 {
		t.Errorf("%d advertisements of %d services left", ads, services)
	}
}
