package tdt1

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"

	"statusd/discovery/topdisc"
	"statusd/internal/tdtenr"
)

func start() time.Time { return time.Unix(1_600_000_000, 0) }

// address is that of a keyed node.
func address(i byte) enr.IPv4Addr { return enr.IPv4Addr(netip.AddrFrom4([4]byte{100, i, i, i})) }

func peerOf(n *enode.Node) topdisc.Peer { return topdisc.Peer{ID: n.ID(), Addr: n.IPAddr()} }

// newServer returns a server that knows some nodes.
func newServer(known ...*enode.Node) (*Server, *topdisc.Registrar) {
	r := topdisc.NewRegistrar(topdisc.RegistrarConfig{Self: enode.ID{1}, Start: start()})
	return &Server{Registrar: r, Known: func(s topdisc.Service, d int) []*enode.Node {
		var near []*enode.Node
		for _, n := range known {
			if s.Distance(n.ID()) == d {
				near = append(near, n)
			}
		}
		return near
	}}, r
}

// everywhere are all distances that a request may name.
func everywhere() []int {
	var d []int
	for b := range topdisc.Buckets {
		d = append(d, topdisc.DistanceOf(b))
	}
	return d
}

func TestServerRegisters(t *testing.T) {
	n, neighbour := keyed(t, 1, 0), keyed(t, 2, 0)
	s, _ := newServer(neighbour, n)
	req := topdisc.RegRequest{Service: topdisc.Service{3}, Node: n, Distances: everywhere()}
	now := start()
	for try := range 3 {
		payload, err := EncodeRegister(req)
		if err != nil {
			t.Fatal(err)
		}
		c, aux, err := DecodeConfirmation(peerOf(n).Addr, s.Answer(peerOf(n), n, payload, now))
		if err != nil {
			t.Fatal(err)
		}
		if len(aux) != 1 || aux[0].ID() != neighbour.ID() {
			t.Errorf("auxiliary records %v, want the one other node", aux)
		}
		if c.Admitted() {
			if c.Wait != 15*time.Minute || try == 0 {
				t.Errorf("admitted at try %d for %s", try, c.Wait)
			}
			return
		}
		req.Ticket, now = c.Ticket, now.Add(c.Wait)
	}
	t.Error("not admitted")
}

func TestServerTakesNewerSessionRecord(t *testing.T) {
	old := keyed(t, 1, 0)
	changed := old.Record()
	changed.SetSeq(7)
	newer := resigned(t, 1, changed)
	s, registrar := newServer()
	now := start()
	req := topdisc.RegRequest{Service: topdisc.Service{3}, Node: old}
	for {
		payload, err := EncodeRegister(req)
		if err != nil {
			t.Fatal(err)
		}
		c, _, err := DecodeConfirmation(peerOf(old).Addr, s.Answer(peerOf(old), newer, payload, now))
		if err != nil {
			t.Fatal(err)
		}
		if c.Admitted() {
			break
		}
		req.Ticket, now = c.Ticket, now.Add(c.Wait)
	}
	got := registrar.Query(topdisc.Service{3}, [8]byte{}, now)
	if len(got) != 1 || got[0].Seq() != 7 {
		t.Errorf("got %v, want the record of the session", got)
	}
}

// TestServerErrors lists the stated answer to each kind of bad request.
func TestServerErrors(t *testing.T) {
	n, other := keyed(t, 1, 0), keyed(t, 2, 0)
	forged := mustEncode(t, &RegTopic{Record: n.Record()})
	forged[50] ^= 1 // inside the signature
	reg := func(n *enode.Node) []byte {
		payload, err := EncodeRegister(topdisc.RegRequest{Service: topdisc.Service{3}, Node: n})
		if err != nil {
			t.Fatal(err)
		}
		return payload
	}
	for _, c := range []struct {
		name    string
		payload []byte
		reason  topdisc.Reason
		want    topdisc.Code
	}{
		{"nothing", nil, topdisc.ReasonMalformed, 1},
		{"junk", []byte("junk"), topdisc.ReasonUnknownType, 3},
		{"malformed registration", []byte{7, 0xc1, 0x80}, topdisc.ReasonMalformed, 1},
		{"malformed query", []byte{9, 0xc0}, topdisc.ReasonMalformed, 1},
		{"an answer", []byte{8, 0xc4, 1, 0x80, 1, 0xc0}, topdisc.ReasonUnknownType, 3},
		{"an error", []byte{0x7f, 0xc1, 1}, topdisc.ReasonUnknownType, 3},
		{"record of another", reg(other), topdisc.ReasonOtherNode, 1},
		{"bad signature", forged, topdisc.ReasonBadRecord, 1},
		{"version 2", reg(keyed(t, 1, 0, tdtenr.Entry(2))), topdisc.ReasonNotCapable, 1},
		{"low port", reg(keyed(t, 1, 0, enr.UDP(443))), topdisc.ReasonLowPort, 1},
		{
			"private address", reg(keyed(t, 1, 0, enr.IPv4Addr(netip.MustParseAddr("192.168.1.1")))),
			topdisc.ReasonAddress, 4,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, registrar := newServer()
			answer := s.Answer(peerOf(n), n, c.payload, start())
			m, err := Decode(answer)
			if e, ok := m.(*Error); err != nil || !ok || e.Code != c.want {
				t.Fatalf("got %x, want code %d", answer, c.want)
			}
			if registrar.Stats().Refused[c.reason] != 1 {
				t.Errorf("refusals %v, want one for %s", registrar.Stats().Refused, c.reason)
			}
			_, _, err = DecodeConfirmation(n.IPAddr(), answer)
			var refusal *topdisc.Refusal
			if !errors.As(err, &refusal) || refusal.Code != c.want {
				t.Errorf("the asker sees %v", err)
			}
		})
	}
}

func TestServerBusy(t *testing.T) {
	n := keyed(t, 1, 0)
	s, _ := newServer()
	q := mustEncode(t, &TopicQuery{})
	for i := range 12 {
		m, err := Decode(s.Answer(peerOf(n), n, q, start()))
		if err != nil {
			t.Fatal(err)
		}
		e, refused := m.(*Error)
		if refused != (i >= 10) || refused && e.Code != topdisc.CodeBusy {
			t.Errorf("request %d: %+v", i, m)
		}
	}
}

// TestSizes: with records of the largest size every request fits into a
// handshake and every answer into a datagram.
func TestSizes(t *testing.T) {
	var ads, aux []*enode.Node
	for i := range byte(10) {
		ads = append(ads, keyed(t, i, 300))
	}
	for i := range byte(16) {
		aux = append(aux, keyed(t, 100+i, 300))
	}
	payload, err := EncodeRegister(topdisc.RegRequest{Node: ads[0], Ticket: make([]byte, 69), Distances: everywhere()})
	if err != nil || len(payload) > MaxRequest {
		t.Errorf("a registration has %d bytes, %v", len(payload), err)
	}
	c := topdisc.Confirmation{Ticket: make([]byte, 69), Wait: 24 * time.Hour}
	if raw := mustEncode(t, Confirm(c, aux)); len(raw) > MaxResponse || len(Confirm(c, aux).Aux) != 3 {
		t.Errorf("a confirmation has %d bytes, %d records", len(raw), len(Confirm(c, aux).Aux))
	}
	var got []*enr.Record
	total := Page(ads, aux, 0).Total
	for page := range total {
		m := Page(ads, aux, page)
		if raw := mustEncode(t, m); len(raw) > MaxResponse || len(m.Ads)+len(m.Aux) < 2 {
			t.Errorf("page %d has %d bytes, %d records", page, len(raw), len(m.Ads)+len(m.Aux))
		}
		got = append(append(got, m.Ads...), m.Aux...)
	}
	if len(got) != 26 || total != 9 {
		t.Errorf("%d records on %d pages", len(got), total)
	}
	if m := Page(ads, aux, total); len(m.Ads)+len(m.Aux) != 0 || m.Total != total || m.Page != total {
		t.Errorf("beyond the last page: %+v", m)
	}
	if m := Page(nil, nil, 0); m.Total != 1 {
		t.Errorf("nothing: %d pages", m.Total)
	}
	if m := Page(ads, aux, 1<<63); m.Total != total || len(m.Ads) != 0 {
		t.Errorf("page 2^63: %+v", m)
	}
}

// FuzzServer feeds a server with anything: it always answers, with a message
// that an asker can read.
func FuzzServer(f *testing.F) {
	for _, c := range loadTalk(f).Messages {
		f.Add([]byte(c.Bytes), uint32(0x64010101))
	}
	n := keyed(f, 1, 0)
	s, registrar := newServer(n, keyed(f, 2, 0))
	now := start()
	f.Fuzz(func(t *testing.T, payload []byte, from uint32) {
		now = now.Add(time.Minute)
		addr := netip.AddrFrom4([4]byte{byte(from >> 24), byte(from >> 16), byte(from >> 8), byte(from)})
		answer := s.Answer(topdisc.Peer{ID: n.ID(), Addr: addr}, n, payload, now)
		if len(answer) == 0 || len(answer) > MaxResponse {
			t.Fatalf("answer of %d bytes", len(answer))
		}
		m, err := Decode(answer)
		if err != nil {
			t.Fatalf("answer %x: %v", answer, err)
		}
		switch m.(type) {
		case *RegConfirmation, *TopicNodes, *Error:
		default:
			t.Errorf("answer %T", m)
		}
		if ads, _ := registrar.Ads(); ads > registrar.Params().Capacity {
			t.Errorf("%d advertisements", ads)
		}
	})
}
