package datasync

import (
	"container/heap"
	"fmt"
	"iter"
	"math"
	"time"
)

// Load fills a new node with the records of its store. The received ids must
// come in the order of At. A deadline further away than the schedule can have
// set, or a creation in the future, means that the clock was wrong when it was
// written; both are pulled to now.
func (n *Node) Load(states iter.Seq2[State, error], seen iter.Seq2[Seen, error], now time.Time) error {
	t := n.observe(now)
	for s, err := range states {
		if err != nil {
			return fmt.Errorf("load data sync records: %w", err)
		}
		if err := s.check(); err != nil {
			return err
		}
		p := n.peer(s.Peer)
		if p.records[s.ID] != nil {
			return fmt.Errorf("%w: message %v is there twice", ErrRecord, s.ID)
		}
		r := &record{
			peer: p, id: s.ID, kind: s.Kind, seq: s.Seq,
			ref: s.Ref, body: s.Body, bodyBytes: s.BodyBytes, timestamp: s.Timestamp,
			outcome: s.Outcome, attempts: s.Attempts,
			created: s.Created, lastSent: s.LastSent, deadline: s.Deadline,
			carried: s.Kind == KindMessage && s.LastSent != 0,
		}
		n.repair(r, t)
		n.link(r)
		n.seq = max(n.seq, s.Seq)
	}
	for s, err := range seen {
		if err != nil {
			return fmt.Errorf("load received message ids: %w", err)
		}
		if !n.seen.has(s.ID) {
			n.seen.add(s.ID, min(s.At, t))
		}
	}
	n.sweep()
	return nil
}

// observe takes the time of a call. When the clock was set back by more than
// clockTolerance it repairs the times of all records; small steps back are
// harmless.
func (n *Node) observe(now time.Time) Millis {
	t := MillisOf(now)
	if t > n.last-clockTolerance {
		if t > n.last {
			n.setLast(t)
		}
		return t
	}
	n.setLast(t)
	for _, r := range n.due {
		n.save(r)
		n.repair(r, t)
	}
	heap.Init(&n.due)
	for _, p := range n.peers {
		woken := p.woken
		p.woken = min(p.woken, t)
		n.journal.log(func() { p.woken = woken })
	}
	return t
}

// setLast remembers the time of the latest call.
func (n *Node) setLast(t Millis) {
	if n.journal.open {
		old := n.last
		n.journal.log(func() { n.last = old })
	}
	n.last = t
}

// repair pulls times that the schedule cannot have given back to t.
func (n *Node) repair(r *record, t Millis) {
	r.created = min(r.created, t)
	r.lastSent = min(r.lastSent, t)
	r.asked = min(r.asked, t)
	limit := n.cfg.Schedule.spread(max(r.attempts, 1), nil)
	if f := 1 + n.cfg.Schedule.Jitter; limit < math.MaxInt64/2 {
		limit = time.Duration(float64(limit) * f)
	}
	if r.deadline > t.add(limit) {
		r.deadline = t.add(limit)
	}
}
