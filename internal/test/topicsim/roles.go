package main

import (
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery/topdisc"
	"statusd/internal/deadline"
)

// What a runner has under way at the same time.
const (
	parallelRegistrations = 8
	parallelPings         = 3
)

// advert drives one advertiser as the runner does.
type advert struct {
	w     *world
	n     *node
	table *topdisc.Table
	core  *topdisc.Advertiser
	going int
	pings int
	wake  time.Duration // planned; 0: none
}

// startAdvertiser lets a node advertise its topic.
func (w *world) startAdvertiser(n *node) {
	a := &advert{w: w, n: n, table: w.table(n, n.topic)}
	a.core = topdisc.NewAdvertiser(a.table, n.self, w.newRNG())
	n.adv = a
	a.work()
}

// work sends what is due and plans the next time.
func (a *advert) work() {
	now := a.w.time()
	for _, r := range a.core.Due(parallelRegistrations-a.going, now) {
		a.going++
		to := r.To.ID()
		a.w.register(a.n, a.w.byID[to], r.Request, func(c topdisc.Confirmation, aux []*enode.Node, err error) {
			a.going--
			if err != nil {
				a.core.Failed(to, err, a.w.time())
			} else {
				a.core.Confirmed(to, c, aux, a.w.time())
			}
			a.work()
		})
	}
	for _, n := range a.table.Unverified(parallelPings-a.pings, now) {
		a.pings++
		a.w.exchange(ping, a.w.byID[n.ID()], func() func() {
			return func() { a.pinged(n.ID(), nil) }
		}, func() { a.pinged(n.ID(), errTimeout) })
	}
	var next time.Time
	if a.going < parallelRegistrations {
		next = a.core.Next()
	}
	if a.pings < parallelPings {
		next = deadline.Earliest(next, a.table.NextPing(now))
	}
	if !next.IsZero() {
		a.plan(next.Sub(epoch()))
	}
}

func (a *advert) pinged(id enode.ID, err error) {
	a.pings--
	if err != nil {
		a.table.Failed(id, err, a.w.time())
	} else {
		a.table.Succeeded(id)
	}
	a.work()
}

// plan wakes the advertiser at a moment, unless it wakes before.
func (a *advert) plan(at time.Duration) {
	at = max(at, a.w.now)
	if a.wake != 0 && a.wake <= at {
		return
	}
	a.wake = at
	a.w.after(at-a.w.now, func() {
		if a.wake == at {
			a.wake = 0
			a.work()
		}
	})
}

// startSearch lets a node search once.
func (w *world) startSearch(n *node, topic int) {
	table := w.table(n, topic)
	s := &searching{w: w, n: n, core: topdisc.NewSearch(table, 0), began: w.now, topic: topic, wrong: false}
	s.work()
}

// searching drives one search as the runner does.
type searching struct {
	w     *world
	n     *node
	core  *topdisc.Search
	topic int
	began time.Duration
	first time.Duration // until the first result; 0: none
	over  bool
	wrong bool // found somebody who does not advertise
}

func (s *searching) work() {
	now := s.w.time()
	for _, q := range s.core.Due(now) {
		to := q.To.ID()
		s.w.query(s.n, s.w.byID[to], q.Request, func(r topdisc.QueryResult, err error) {
			if s.over {
				return
			}
			if err != nil {
				s.core.Failed(to, err, s.w.time())
			} else {
				s.found(s.core.Answered(to, r, s.w.time()))
			}
			s.work()
		})
	}
	if !s.over && s.core.Done(now) {
		s.over = true
		s.w.count.searched(s)
	}
}

func (s *searching) found(nodes []*enode.Node) {
	if len(nodes) > 0 && s.first == 0 {
		s.first = s.w.now - s.began
	}
	for _, n := range nodes {
		s.wrong = s.wrong || s.w.byID[n.ID()].topic != s.topic
	}
}
