package topdisc

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"

	"statusd/internal/tdtenr"
)

// start is the zero of virtual time.
var start = time.Unix(1_600_000_000, 0)

// making describes a node; zero fields mean a good one.
type making struct {
	id      uint64
	ip      string
	udp     uint16
	seq     uint64
	version tdtenr.Entry
}

// make1 makes a node. Its id has the number in the last bytes; odd numbers are
// in the second half of the space.
func make1(m making) *enode.Node {
	var id enode.ID
	binary.BigEndian.PutUint64(id[24:], m.id)
	id[0] = byte(m.id) << 7
	var r enr.Record
	if m.ip == "" {
		m.ip = netip.AddrFrom4([4]byte{100, byte(m.id >> 16), byte(m.id >> 8), byte(m.id)}).String()
	}
	if ip := netip.MustParseAddr(m.ip); ip.Is4() {
		r.Set(enr.IPv4Addr(ip))
		r.Set(enr.UDP(max(m.udp, 1)))
	} else {
		r.Set(enr.IPv6Addr(ip))
		r.Set(enr.UDP6(max(m.udp, 1)))
	}
	if m.udp == 0 {
		r.Set(enr.UDP(30303))
	}
	if m.version > 0 {
		r.Set(m.version)
	}
	r.SetSeq(m.seq)
	return enode.SignNull(&r, id)
}

// good makes a node that everybody accepts.
func good(id uint64) *enode.Node { return make1(making{id: id, version: tdtenr.Version}) }

func peerOf(n *enode.Node) Peer { return Peer{ID: n.ID(), Addr: n.IPAddr()} }

func newRegistrar(p Params) *Registrar {
	return NewRegistrar(RegistrarConfig{Self: enode.ID{0xff}, Params: p, Start: start, Key: TicketKey{1}})
}

// service returns a service by number.
func service(n byte) Service { return Service{31: n} }

// register makes one request, which may not be refused.
func register(t *testing.T, r *Registrar, s Service, n *enode.Node, ticket []byte, now time.Time) Confirmation {
	t.Helper()
	c, err := r.Register(peerOf(n), RegRequest{Service: s, Node: n, Ticket: ticket}, now)
	if err != nil {
		t.Fatalf("register: %v", err)
	}
	return c
}

// admit registers a node as an advertiser does, coming back whenever it is
// told to, and returns when it was admitted.
func admit(t *testing.T, r *Registrar, s Service, n *enode.Node, now time.Time) time.Time {
	t.Helper()
	var ticket []byte
	for range 1000 {
		c := register(t, r, s, n, ticket, now)
		if c.Admitted() {
			return now
		}
		ticket = c.Ticket
		now = now.Add(c.Wait)
	}
	t.Fatal("never admitted")
	return now
}

// refusalOf returns the reason of a refusal.
func refusalOf(t *testing.T, err error) Refusal {
	t.Helper()
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v, want a refusal", err)
	}
	return *refusal
}

func newRNG() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }
