package main

import "time"

// epoch is the zero of virtual time.
func epoch() time.Time { return time.Unix(1_600_000_000, 0) }

// event is something that happens at a moment. Events of the same moment
// happen in the order they were planned, so that a run is repeatable.
type event struct {
	at  time.Duration
	seq uint64
	run func()
}

func (e event) before(o event) bool { return e.at < o.at || e.at == o.at && e.seq < o.seq }

// agenda is virtual time: a heap of events.
type agenda struct {
	now  time.Duration
	seq  uint64
	heap []event
}

func (a *agenda) time() time.Time { return epoch().Add(a.now) }

// after plans an event.
func (a *agenda) after(d time.Duration, run func()) {
	a.seq++
	a.heap = append(a.heap, event{at: a.now + max(d, 0), seq: a.seq, run: run})
	for i := len(a.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if !a.heap[i].before(a.heap[parent]) {
			break
		}
		a.heap[i], a.heap[parent] = a.heap[parent], a.heap[i]
		i = parent
	}
}

// runUntil lets everything happen up to a moment.
func (a *agenda) runUntil(end time.Duration) {
	for len(a.heap) > 0 && a.heap[0].at <= end {
		next := a.heap[0]
		last := len(a.heap) - 1
		a.heap[0] = a.heap[last]
		a.heap[last] = event{}
		a.heap = a.heap[:last]
		a.sink()
		a.now = next.at
		next.run()
	}
	a.now = end
}

func (a *agenda) sink() {
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(a.heap); child++ {
			if a.heap[child].before(a.heap[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		a.heap[i], a.heap[least] = a.heap[least], a.heap[i]
		i = least
	}
}
