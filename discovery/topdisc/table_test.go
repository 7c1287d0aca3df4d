package topdisc

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/tdtenr"
)

var errTimeout = errors.New("timeout")

// far is a service from which good nodes with odd numbers are at distance 256
// and those with even ones at 255.
func far() Service { return Service{0: 0x7f} }

func newTable(p Params) *Table {
	return NewTable(far(), enode.ID{0xee}, p, NewHealth(p), newRNG())
}

func nobody(enode.ID) bool { return false }

func TestTableInsertRules(t *testing.T) {
	v := tdtenr.Version
	for _, c := range []struct {
		name string
		node *enode.Node
		want bool
	}{
		{"good", good(1), true},
		{"IPv6", make1(making{id: 1, ip: "2a00::1", udp: 30303, version: v}), true},
		{"private", make1(making{id: 1, ip: "10.0.0.1", version: v}), true},
		{"not capable", make1(making{id: 1}), false},
		{"wrong version", make1(making{id: 1, version: 2}), false},
		{"low port", make1(making{id: 1, udp: 1024, version: v}), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := newTable(Params{}).Insert(c.node, false, start); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
	self := good(1)
	if NewTable(far(), self.ID(), Params{}, NewHealth(Params{}), newRNG()).Insert(self, true, start) {
		t.Error("a node knows itself")
	}
}

func TestTableTakesNewerRecords(t *testing.T) {
	table := newTable(Params{})
	record := func(seq uint64) *enode.Node { return make1(making{id: 1, seq: seq, version: tdtenr.Version}) }
	for _, seq := range []uint64{2, 5, 3} {
		table.Insert(record(seq), false, start)
	}
	if got := table.Pick(0, 5, nobody, start); len(got) != 1 || got[0].Seq() != 5 {
		t.Errorf("got %v", got)
	}
}

func TestTableDiversity(t *testing.T) {
	for _, c := range []struct {
		format string
		want   int
	}{
		{"100.0.0.%d", 2}, {"2a00::%x", 2}, {"10.0.0.%d", 10}, {"127.0.0.%d", 10}, {"100.0.%d.1", 10},
	} {
		table := newTable(Params{})
		in := 0
		for i := range 10 {
			n := make1(making{
				id: uint64(2*i + 1), ip: fmt.Sprintf(c.format, i+1), udp: 30303, version: tdtenr.Version,
			})
			if table.Insert(n, true, start) {
				in++
			}
		}
		if in != c.want {
			t.Errorf("%s: %d in one bucket, want %d", c.format, in, c.want)
		}
	}
}

func TestFullBucket(t *testing.T) {
	// far apart: no two of a /24
	node := func(i int) *enode.Node { return good(uint64(i)*512 + 1) }
	fill := func(live func(i int) bool) *Table {
		table := newTable(Params{})
		for i := range 16 {
			if !table.Insert(node(i), live(i), start) {
				t.Fatal("no room in an empty bucket")
			}
		}
		return table
	}
	if fill(func(int) bool { return true }).Insert(node(16), true, start) {
		t.Error("a verified registrar was replaced")
	}
	table := fill(func(i int) bool { return i != 4 && i != 9 })
	if !table.Insert(node(16), false, start) || table.known[node(4).ID()] != nil {
		t.Error("the longest unverified one was not replaced")
	}
	table = fill(func(int) bool { return true })
	for range failuresToExclude {
		table.Failed(node(7).ID(), errTimeout, start)
	}
	if !table.Insert(node(16), false, start) || table.known[node(7).ID()] != nil {
		t.Error("an excluded one was not replaced")
	}
	if table.Insert(node(7), true, start.Add(time.Minute)) {
		t.Error("an excluded node came back")
	}
}

func TestExclusion(t *testing.T) {
	h := NewHealth(Params{})
	id := enode.ID{1}
	now := start
	excludedFor := func() time.Duration {
		for d := time.Duration(0); ; d += time.Minute {
			if !h.Excluded(id, now.Add(d)) {
				return d
			}
		}
	}
	fail := func(n int, err error) {
		for range n {
			h.failed(id, err, now)
		}
	}
	fail(2, errTimeout)
	h.succeeded(id)
	fail(2, errTimeout)
	if d := excludedFor(); d != 0 {
		t.Errorf("excluded after two failures in a row")
	}
	for i, want := range []time.Duration{10, 20, 40, 80, 120, 120} {
		fail(3-2*b2i(i == 0), errTimeout)
		if d := excludedFor(); d != want*time.Minute {
			t.Errorf("time %d: excluded for %s, want %s", i+1, d, want*time.Minute)
		}
		now = now.Add(want * time.Minute)
	}
	h.succeeded(id)
	fail(1, ErrNotCapable)
	if d := excludedFor(); d != 10*time.Minute {
		t.Errorf("not capable: excluded for %s", d)
	}
	now = now.Add(time.Hour)
	fail(10, Refuse(ReasonNodeLimit))
	if d := excludedFor(); d != 0 {
		t.Errorf("a refusal counts as failure: excluded for %s", d)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestHealthIsBounded(t *testing.T) {
	h := NewHealth(Params{})
	for i := range 5000 {
		h.failed(good(uint64(i)).ID(), ErrNotCapable, start)
	}
	if len(h.nodes) != maxHealth || len(h.order) != maxHealth {
		t.Errorf("%d nodes remembered", len(h.nodes))
	}
	if !h.Excluded(good(4999).ID(), start) || h.Excluded(good(1).ID(), start) {
		t.Error("not the oldest was forgotten")
	}
}

func TestUnverifiedArePinged(t *testing.T) {
	table := newTable(Params{})
	n, live := good(1), good(2)
	table.Insert(n, false, start)
	table.Insert(live, true, start)
	next := table.NextPing(start)
	if next.Before(start) || next.After(start.Add(30*time.Second)) {
		t.Fatalf("ping at %s", next.Sub(start))
	}
	if got := table.Unverified(3, next.Add(-1)); len(got) != 0 {
		t.Errorf("too early: %v", got)
	}
	if got := table.Unverified(3, next); len(got) != 1 || got[0] != n {
		t.Fatalf("got %v", got)
	}
	if got := table.Unverified(3, next); len(got) != 0 || !table.NextPing(next).IsZero() {
		t.Error("pinged twice at once")
	}
	table.Failed(n.ID(), errTimeout, next)
	if again := table.NextPing(next); again.Sub(next) != 30*time.Second {
		t.Errorf("again after %s", again.Sub(next))
	}
	table.Unverified(3, next.Add(time.Minute))
	table.Succeeded(n.ID())
	if nodes, verified := table.Len(); nodes != 2 || verified != 2 || !table.NextPing(next).IsZero() {
		t.Errorf("%d of %d verified", verified, nodes)
	}
}

func TestPickPrefersVerified(t *testing.T) {
	table := newTable(Params{})
	a, b := good(1), good(513)
	table.Insert(a, false, start)
	if got := table.Pick(0, 5, nobody, start); len(got) != 1 {
		t.Fatalf("unverified one not used although there is no other: %v", got)
	}
	table.Insert(b, true, start)
	if got := table.Pick(0, 5, nobody, start); len(got) != 1 || got[0] != b {
		t.Errorf("got %v, want the verified one", got)
	}
	table.Failed(b.ID(), ErrNotCapable, start)
	if got := table.Pick(0, 5, nobody, start); len(got) != 1 || got[0] != a {
		t.Errorf("got %v, want the one that is not excluded", got)
	}
	handed := 0
	table.Verified(func(n *enode.Node) {
		if handed++; n != b {
			t.Errorf("unverified %s handed on", n.ID())
		}
	})
	if handed != 1 {
		t.Errorf("%d handed on", handed)
	}
}

func TestRoom(t *testing.T) {
	table := newTable(Params{BucketSize: 1})
	if got := table.Room(); len(got) != MaxDistances || got[0] != 256 || got[16] != 240 {
		t.Errorf("got %v", got)
	}
	table.Insert(good(1), true, start)
	if got := table.Room(); slices.Contains(got, 256) || len(got) != 16 {
		t.Errorf("got %v", got)
	}
	if !table.NeedsFill() {
		t.Error("one bucket is not enough")
	}
}

func TestBuckets(t *testing.T) {
	for distance, bucket := range map[int]int{256: 0, 255: 1, 241: 15, 240: 16, 239: 16, 1: 16, 0: 16} {
		if got := BucketOf(distance); got != bucket {
			t.Errorf("distance %d: bucket %d, want %d", distance, got, bucket)
		}
	}
}
