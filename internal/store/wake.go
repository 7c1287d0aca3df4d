package store

import (
	"sync"

	"statusd/internal/broadcast"
)

// eventWake wakes readers of the event log when there is more to read. It
// holds no events, so that there is nothing to overflow: a reader goes on from
// its own number.
type eventWake struct {
	mu   sync.Mutex
	last int64             // number of the newest event
	next broadcast.Waiters // last grows, or the database is closed
	shut bool
}

func newEventWake(last int64) *eventWake { return &eventWake{last: last} }

// after returns a channel that is closed once there is an event above seq.
func (w *eventWake) after(seq int64) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last > seq || w.shut {
		now := make(chan struct{})
		close(now)
		return now
	}
	return w.next.Next()
}

// advance notes that the events up to seq are on disk.
func (w *eventWake) advance(seq int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shut || seq <= w.last {
		return
	}
	w.last = seq
	w.next.Wake()
}

// close wakes everybody for good.
func (w *eventWake) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shut = true
	w.next.Wake()
}

// EventsAfter returns a channel that is closed as soon as an event with a
// number above seq is on disk, or the database is closed. Whoever has read the
// log up to seq waits for it, and reads again.
func (db *DB) EventsAfter(seq int64) <-chan struct{} { return db.events.after(seq) }
