package topdisc

import (
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
)

// parallelQueries is the number of registrars asked at the same time.
const parallelQueries = 3

// Search looks for the advertisers of a service once (spec 08 section 2.9). It
// is not safe for concurrent use.
type Search struct {
	table  *Table
	p      Params
	want   int
	asking int
	asked  map[enode.ID]bool // true: waiting for its answer
	quota  [Buckets]int      // registrars asked
	found  map[enode.ID]uint64
}

// Query is a request to send.
type Query struct {
	To      *enode.Node
	Request QueryRequest
}

// NewSearch returns a search that ends with want advertisers; want is cut to
// Params.AdsWanted, and 0 means that.
func NewSearch(t *Table, want int) *Search {
	if want <= 0 || want > t.p.AdsWanted {
		want = t.p.AdsWanted
	}
	return &Search{
		table: t, p: t.p, want: want, asked: make(map[enode.ID]bool), found: make(map[enode.ID]uint64),
	}
}

// Due returns the requests to send now: registrars from far to near that were
// not asked yet. Answered or Failed tells how each went.
func (s *Search) Due(now time.Time) []Query {
	var due []Query
	for b := 0; b < Buckets && len(s.found) < s.want; b++ {
		room := min(s.p.LookupPerBucket-s.quota[b], parallelQueries-s.asking)
		if room <= 0 {
			continue
		}
		seen := func(id enode.ID) bool {
			_, ok := s.asked[id]
			return ok
		}
		for _, n := range s.table.Pick(b, room, seen, now) {
			s.asked[n.ID()] = true
			s.asking++
			s.quota[b]++
			due = append(due, Query{To: n, Request: QueryRequest{
				Service: s.table.service, Distances: s.table.Room(),
				Want: min(s.want-len(s.found), s.p.AdsPerAnswer),
			}})
		}
	}
	return due
}

// Done reports whether the search is over: it has enough, or every request was
// answered and Due has no more.
func (s *Search) Done(now time.Time) bool {
	return s.Enough() || s.asking == 0 && !s.more(now)
}

// Enough reports whether as many advertisers were found as are wanted.
func (s *Search) Enough() bool { return len(s.found) >= s.want }

func (s *Search) more(now time.Time) bool {
	for b := range s.quota {
		if s.quota[b] >= s.p.LookupPerBucket {
			continue
		}
		seen := func(id enode.ID) bool {
			_, ok := s.asked[id]
			return ok
		}
		if len(s.table.Pick(b, 1, seen, now)) > 0 {
			return true
		}
	}
	return false
}

// Answered takes a registrar's answer and returns the advertisers in it that
// are new or have a newer record.
func (s *Search) Answered(id enode.ID, r QueryResult, now time.Time) []*enode.Node {
	if !s.settle(id) {
		return nil
	}
	s.table.Succeeded(id)
	for _, n := range r.Aux[:min(len(r.Aux), MaxAux)] {
		s.table.Insert(n, false, now)
	}
	var fresh []*enode.Node
	for _, n := range r.Ads[:min(len(r.Ads), s.p.AdsPerAnswer)] {
		seq, known := s.found[n.ID()]
		if n.ID() == s.table.self || known && n.Seq() <= seq {
			continue
		}
		if !known && len(s.found) >= s.want {
			break
		}
		s.found[n.ID()] = n.Seq()
		fresh = append(fresh, n)
	}
	return fresh
}

// Failed notes that a request got no answer.
func (s *Search) Failed(id enode.ID, err error, now time.Time) {
	if s.settle(id) {
		s.table.Failed(id, err, now)
	}
}

// settle takes a registrar off the list of those that owe an answer.
func (s *Search) settle(id enode.ID) bool {
	if !s.asked[id] {
		return false
	}
	s.asked[id] = false
	s.asking--
	return true
}

// Found returns the number of advertisers.
func (s *Search) Found() int { return len(s.found) }

// Asked returns the number of registrars asked.
func (s *Search) Asked() int { return len(s.asked) }
