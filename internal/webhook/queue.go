package webhook

import (
	"slices"
	"time"

	"statusd/api"
	"statusd/internal/feed"
)

const (
	firstRetry = time.Second
	lastRetry  = time.Hour
	giveUp     = 3 * 24 * time.Hour

	// windowEvents and windowBytes bound what waits to be sent; the rest waits
	// in the event log.
	windowEvents = 256
	windowBytes  = 16 << 20
)

// outcome is what became of a try.
type outcome uint8

const (
	accepted    outcome = iota
	refused             // the target answered, with something else than yes
	unreachable         // no answer came
)

// item is an event that waits.
type item struct {
	event api.Event
	lane  string // events of one lane are sent in order
}

// lane is the state of what is tried again. The zero value has had no failure.
type lane struct {
	failures int
	since    time.Time // of the first failure after the last success
	next     time.Time // not before
}

func (l *lane) fail(now time.Time) {
	if l.failures == 0 {
		l.since = now
	}
	wait := lastRetry
	if l.failures < 12 { // 2^12 s is more than an hour
		wait = min(wait, firstRetry<<l.failures)
	}
	l.failures++
	l.next = now.Add(wait)
}

// queue decides what is sent when.
type queue struct {
	items  []item // in the order of their cursors
	bytes  int
	read   int64 // the last cursor that was added
	lanes  map[string]*lane
	target lane // of the target as a whole
}

func newQueue(read int64) *queue { return &queue{read: read, lanes: make(map[string]*lane)} }

// room tells whether more may be added.
func (q *queue) room() bool { return len(q.items) < windowEvents && q.bytes < windowBytes }

// add appends the events of an account. Signals of the node, which have no
// cursor, are left out.
func (q *queue) add(b feed.Batch) {
	for i, e := range b.Events {
		if e.Cursor == 0 {
			continue
		}
		q.items = append(q.items, item{e, b.Chats[i]})
		q.bytes += len(e.Event)
		q.read = e.Cursor
	}
}

// due returns the event to send now, or the time to look again: zero when
// nothing waits.
func (q *queue) due(now time.Time) (*item, time.Time) {
	if len(q.items) == 0 {
		return nil, time.Time{}
	}
	if q.target.next.After(now) {
		return nil, q.target.next
	}
	var earliest time.Time
	seen := make(map[string]bool)
	for i := range q.items {
		it := &q.items[i]
		if seen[it.lane] {
			continue // after an earlier one of its chat
		}
		seen[it.lane] = true
		l := q.lanes[it.lane]
		if l == nil || !l.next.After(now) {
			return it, time.Time{}
		}
		if earliest.IsZero() || l.next.Before(earliest) {
			earliest = l.next
		}
	}
	return nil, earliest
}

// settle notes the outcome of a try and returns how many events are given up.
func (q *queue) settle(it item, o outcome, now time.Time) (lost int) {
	if o != unreachable {
		q.target = lane{}
	}
	switch o {
	case accepted:
		delete(q.lanes, it.lane)
		q.drop(func(other *item) bool { return other.event.Cursor == it.event.Cursor })
	case refused:
		l := q.lanes[it.lane]
		if l == nil {
			l = new(lane)
			q.lanes[it.lane] = l
		}
		l.fail(now)
		if now.Sub(l.since) >= giveUp {
			lost = q.drop(func(other *item) bool { return other.lane == it.lane && old(other, now) })
		}
		if !slices.ContainsFunc(q.items, func(other item) bool { return other.lane == it.lane }) {
			delete(q.lanes, it.lane)
		}
	case unreachable:
		q.target.fail(now)
		if now.Sub(q.target.since) >= giveUp {
			lost = q.drop(func(other *item) bool { return old(other, now) })
		}
	}
	return lost
}

// old tells whether an event may be given up.
func old(it *item, now time.Time) bool { return now.Sub(time.UnixMilli(it.event.Time)) >= giveUp }

func (q *queue) drop(which func(*item) bool) int {
	before := len(q.items)
	q.items = slices.DeleteFunc(q.items, func(it item) bool {
		if !which(&it) {
			return false
		}
		q.bytes -= len(it.event.Event)
		return true
	})
	return before - len(q.items)
}

// done is the last cursor up to which nothing waits.
func (q *queue) done() int64 {
	if len(q.items) > 0 {
		return q.items[0].event.Cursor - 1
	}
	return q.read
}
