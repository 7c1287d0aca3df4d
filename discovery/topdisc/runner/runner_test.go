package runner

import (
	"errors"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"

	"statusd/discovery/topdisc"
	"statusd/internal/tdtenr"
)

// quick are constants for tests: everything that takes minutes takes seconds.
func quick() topdisc.Params {
	return topdisc.Params{
		Lifetime: 2 * time.Second, RetryWindow: 500 * time.Millisecond, FillPeriod: 600 * time.Millisecond,
		VerifyWithin: 200 * time.Millisecond, ExcludeFor: time.Second, AllowLocal: true,
		Limits: topdisc.Limits{RegistrationsPerMinute: 6000, QueriesPerMinute: 6000, Burst: 1000},
	}
}

// TestMain checks that no goroutine outlives the tests.
func TestMain(m *testing.M) {
	before := runtime.NumGoroutine()
	code := m.Run()
	for end := time.Now().Add(5 * time.Second); code == 0 && runtime.NumGoroutine() > before; {
		if time.Now().After(end) {
			buf := make([]byte, 1<<20)
			os.Stderr.Write(buf[:runtime.Stack(buf, true)])
			code = 1
		}
		time.Sleep(10 * time.Millisecond)
	}
	os.Exit(code)
}

func TestNewChecksParameters(t *testing.T) {
	_, err := New(nil, nil, Config{Params: topdisc.Params{Capacity: -1}})
	if !errors.Is(err, topdisc.ErrParams) {
		t.Errorf("got %v", err)
	}
}

// node makes a node that keeps advertisements, with an id by number.
func node(i int) *enode.Node {
	var r enr.Record
	r.Set(enr.IPv4Addr(netip.AddrFrom4([4]byte{100, byte(i >> 8), byte(i), 1})))
	r.Set(enr.UDP(30303))
	r.Set(tdtenr.Version)
	return enode.SignNull(&r, enode.ID{byte(i), byte(i >> 8)})
}

func TestDeskIsClosedAtFirst(t *testing.T) {
	d := newDesk(enode.ID{1}, quick(), func() []*enode.Node { return nil }, func() {})
	from := netip.MustParseAddr("100.0.1.1")
	query := []byte{0x0b, 0xc0}
	if got := d.answer(node(1), from, query); got != nil {
		t.Errorf("closed: %x", got)
	}
	d.open()
	if got := d.answer(node(1), from, query); string(got) != "\x7f\xc1\x03" {
		t.Errorf("open: %x", got)
	}
	d.close()
	if got := d.answer(node(1), from, query); got != nil {
		t.Errorf("closed again: %x", got)
	}
}

func TestDeskRemembersNeighbours(t *testing.T) {
	asked := 0
	d := newDesk(enode.ID{1}, quick(), func() []*enode.Node {
		asked++
		return []*enode.Node{node(1), node(2), node(1)}
	}, func() {})
	s := topdisc.Service{}
	for range 5 {
		if got := d.neighbours(s, s.Distance(node(2).ID())); len(got) != 1 || got[0].ID() != node(2).ID() {
			t.Fatalf("got %v", got)
		}
		if got := d.neighbours(s, 256); len(got) != 0 {
			t.Fatalf("got %v", got)
		}
	}
	if asked != 1 {
		t.Errorf("collected %d times", asked)
	}
}

func TestWalkerGoesNearer(t *testing.T) {
	w := walker{self: node(99).ID(), target: enode.ID{}, seen: make(map[enode.ID]bool)}
	w.add([]*enode.Node{node(7), node(99), node(3), node(7)})
	w.add([]*enode.Node{node(3), node(5)})
	for _, want := range []int{3, 5, 7} {
		if got := w.next(); got == nil || got.ID() != node(want).ID() {
			t.Fatalf("got %v, want %d", got, want)
		}
	}
	if w.next() != nil {
		t.Error("a node is asked twice")
	}
	many := make([]*enode.Node, 500)
	for i := range many {
		many[i] = node(i + 1000)
	}
	if w.add(many); len(w.todo) != walkNodes {
		t.Errorf("%d kept", len(w.todo))
	}
	for d, want := range map[int][]uint{256: {256, 255, 254}, 200: {200, 201, 199}, 1: {1, 2, 3}} {
		if got := distancesAround(d); !slices.Equal(got, want) {
			t.Errorf("distance %d: %v, want %v", d, got, want)
		}
	}
}
