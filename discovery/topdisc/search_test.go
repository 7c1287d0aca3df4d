package topdisc

import (
	"testing"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/tdtenr"
)

func newSearchRig(registrars, want int) *Search {
	table := newTable(Params{})
	for i := range registrars {
		table.Insert(good(uint64(i)*512+1), true, start)
		table.Insert(good(uint64(i)*512+256), true, start)
	}
	return NewSearch(table, want)
}

func TestSearchAsksFarToNear(t *testing.T) {
	s := newSearchRig(8, 0)
	asked := make(map[enode.ID]bool)
	var order []int
	queue := s.Due(start)
	if len(queue) != 3 {
		t.Fatalf("%d at the same time, want 3", len(queue))
	}
	for len(queue) > 0 {
		q := queue[0]
		queue = queue[1:]
		if asked[q.To.ID()] {
			t.Fatal("asked twice")
		}
		asked[q.To.ID()] = true
		order = append(order, BucketOf(far().Distance(q.To.ID())))
		if s.Done(start) {
			t.Fatal("done while answers are awaited")
		}
		s.Answered(q.To.ID(), QueryResult{}, start)
		queue = append(queue, s.Due(start)...)
	}
	if len(order) != 10 || order[0] != 0 || order[4] != 0 || order[5] != 1 || !s.Done(start) || s.Enough() {
		t.Errorf("asked buckets %v, done %v", order, s.Done(start))
	}
}

func TestSearchResults(t *testing.T) {
	s := newSearchRig(8, 0)
	s.table.self = good(7).ID()
	a := s.Due(start)
	ad := func(id, seq uint64) *enode.Node { return make1(making{id: id, seq: seq, version: tdtenr.Version}) }
	got := s.Answered(a[0].To.ID(), QueryResult{Ads: []*enode.Node{ad(5, 1), ad(6, 1), good(7), ad(5, 1)}}, start)
	if len(got) != 2 {
		t.Errorf("got %v, want two without itself and without repeats", got)
	}
	got = s.Answered(a[1].To.ID(), QueryResult{Ads: []*enode.Node{ad(5, 3), ad(6, 0)}}, start)
	if len(got) != 1 || got[0].Seq() != 3 || s.Found() != 2 {
		t.Errorf("got %v, want the newer record", got)
	}
	if got := s.Answered(a[1].To.ID(), QueryResult{Ads: []*enode.Node{ad(8, 1)}}, start); got != nil {
		t.Error("a second answer counts")
	}
	if got := s.Answered(enode.ID{9}, QueryResult{Ads: []*enode.Node{ad(8, 1)}}, start); got != nil {
		t.Error("an answer nobody asked for counts")
	}
}

func TestSearchStopsWithEnough(t *testing.T) {
	s := newSearchRig(8, 12)
	many := make([]*enode.Node, 56) // what eight pages can hold
	for i := range many {
		many[i] = good(uint64(i) + 100_000)
	}
	a := s.Due(start)
	if got := s.Answered(a[0].To.ID(), QueryResult{Ads: many}, start); len(got) != 10 {
		t.Errorf("took %d of one registrar, want 10", len(got))
	}
	more := s.Due(start)
	if len(more) == 0 || more[0].Request.Want != 2 {
		t.Errorf("asks for %+v", more)
	}
	if got := s.Answered(a[1].To.ID(), QueryResult{Ads: many[20:]}, start); len(got) != 2 {
		t.Errorf("took %d, want 2", len(got))
	}
	if !s.Enough() || !s.Done(start) || len(s.Due(start)) != 0 {
		t.Error("goes on with enough")
	}
}

func TestSearchAuxiliaryRecords(t *testing.T) {
	s := newSearchRig(1, 0)
	a := s.Due(start)
	aux := []*enode.Node{good(2*512 + 1), good(3*512 + 256), make1(making{id: 4*512 + 1})}
	if got := s.Answered(a[0].To.ID(), QueryResult{Aux: aux}, start); len(got) != 0 {
		t.Errorf("auxiliary records are results: %v", got)
	}
	if nodes, _ := s.table.Len(); nodes != 4 {
		t.Errorf("%d registrars known, want 4", nodes)
	}
	s.Failed(a[1].To.ID(), errTimeout, start)
	if s.Done(start) {
		t.Error("gives up although a registrar was named")
	}
}

func TestSearchOfNothing(t *testing.T) {
	s := newSearchRig(0, 0)
	if !s.Done(start) || s.Asked() != 0 || len(s.Due(start)) != 0 {
		t.Error("an empty table has something to ask")
	}
}
