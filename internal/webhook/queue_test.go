package webhook

import (
	"encoding/json"
	"testing"
	"time"

	"statusd/api"
	"statusd/internal/feed"
)

type told struct {
	api.Event
	chat string
}

func event(cursor int64, chat string, at time.Time) told {
	return told{api.Event{Cursor: cursor, Type: "k", Time: at.UnixMilli(), Event: json.RawMessage(`{}`)}, chat}
}

func batch(events ...told) (b feed.Batch) {
	for _, e := range events {
		b.Events, b.Chats = append(b.Events, e.Event), append(b.Chats, e.chat)
	}
	return b
}

// next takes what is due and settles it.
func next(t *testing.T, q *queue, now time.Time, o outcome, want int64) {
	t.Helper()
	it, at := q.due(now)
	if it == nil {
		t.Fatalf("nothing is due until %v, want %d", at, want)
	}
	if it.event.Cursor != want {
		t.Fatalf("due is %d, want %d", it.event.Cursor, want)
	}
	q.settle(*it, o, now)
}

func idle(t *testing.T, q *queue, now, want time.Time) {
	t.Helper()
	if it, at := q.due(now); it != nil || !at.Equal(want) {
		t.Fatalf("due %+v, look again at %v, want %v", it, at, want)
	}
}

func TestOrderWithinAChat(t *testing.T) {
	now := time.Unix(1_600_000_000, 0)
	q := newQueue(4)
	idle(t, q, now, time.Time{})
	q.add(batch(event(5, "a", now), event(6, "a", now)))
	q.add(feed.Batch{Events: []api.Event{{Type: "node.ready"}}})
	q.add(batch(event(8, "b", now)))
	q.add(batch(event(9, "", now)))
	next(t, q, now, refused, 5)
	next(t, q, now, accepted, 8) // 6 waits for 5
	next(t, q, now, accepted, 9)
	if q.done() != 4 {
		t.Errorf("done up to %d", q.done())
	}
	idle(t, q, now, now.Add(time.Second))
	next(t, q, now.Add(time.Second), refused, 5)
	idle(t, q, now.Add(time.Second), now.Add(3*time.Second))
	next(t, q, now.Add(3*time.Second), accepted, 5)
	if q.done() != 5 {
		t.Errorf("done up to %d", q.done())
	}
	next(t, q, now.Add(3*time.Second), accepted, 6)
	if q.done() != 9 || q.bytes != 0 || len(q.lanes) != 0 {
		t.Errorf("done up to %d, %d bytes, %d lanes", q.done(), q.bytes, len(q.lanes))
	}
}

// TestTargetThatIsDown tries one event at a time, ever more seldom.
func TestTargetThatIsDown(t *testing.T) {
	start := time.Unix(1_600_000_000, 0)
	now := start
	q := newQueue(0)
	q.add(batch(event(1, "a", now), event(2, "b", now)))
	tries := 0
	for now.Sub(start) < time.Hour {
		next(t, q, now, unreachable, 1)
		tries++
		_, now = q.due(now)
	}
	if tries > 13 {
		t.Errorf("%d tries in an hour", tries)
	}
	next(t, q, now, accepted, 1)
	next(t, q, now, accepted, 2)
	if q.done() != 2 || q.target.failures != 0 {
		t.Errorf("done up to %d, %d failures", q.done(), q.target.failures)
	}
}

// TestGivingUp loses what is three days old after three days of failures, and
// nothing else.
func TestGivingUp(t *testing.T) {
	start := time.Unix(1_600_000_000, 0)
	for _, o := range []outcome{refused, unreachable} {
		q := newQueue(0)
		ancient := start.Add(-30 * 24 * time.Hour) // the daemon was off
		q.add(batch(event(1, "a", ancient), event(2, "a", start), event(3, "a", start.Add(48*time.Hour))))
		now, lost := start, 0
		for lost == 0 {
			it, at := q.due(now)
			if it == nil {
				now = at
				continue
			}
			if it.event.Cursor != 1 {
				t.Fatalf("sent %d before the first was given up", it.event.Cursor)
			}
			lost = q.settle(*it, o, now)
		}
		if took := now.Sub(start); lost != 2 || took < giveUp || took > giveUp+2*time.Hour {
			t.Errorf("%d events given up after %v", lost, took)
		}
		if q.done() != 2 {
			t.Errorf("done up to %d", q.done())
		}
	}
}

func TestWindowIsBounded(t *testing.T) {
	now := time.Unix(0, 0)
	q := newQueue(0)
	for i := range int64(windowEvents) {
		if !q.room() {
			t.Fatalf("full after %d", i)
		}
		q.add(batch(event(i+1, "", now)))
	}
	if q.room() {
		t.Error("no bound of events")
	}
	q = newQueue(0)
	big := event(1, "", now)
	big.Event.Event = make([]byte, windowBytes)
	if q.add(batch(big)); q.room() {
		t.Error("no bound of bytes")
	}
}
