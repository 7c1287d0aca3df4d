package store

import (
	"fmt"
	"math"
	"slices"
	"time"
)

const (
	// DefaultEventAge and DefaultEventCount are how much of the event log is
	// kept (spec 07 section 6).
	DefaultEventAge   = 30 * 24 * time.Hour
	DefaultEventCount = 1_000_000
	// DefaultEventBytes bounds the bodies of the events together: whoever can
	// send messages here chooses how large they are.
	DefaultEventBytes = 1 << 30

	// MaxEventPage is the most events that one reading returns.
	MaxEventPage = 1000
	// MaxEventPageBytes bounds the bodies of the events that one reading
	// returns; a single event is returned whatever its size.
	MaxEventPageBytes = 4 << 20
	// scanPerPage bounds the events that one reading passes over because of
	// their type or chat.
	scanPerPage = 10_000
	// pruneEvery is how often, in events, old ones are removed, and prunePart
	// the most that are removed at a time, so that no transaction is long.
	pruneEvery = 64
	prunePart  = 1024
	// largeEvent is the size from which on each event may have others removed.
	largeEvent = 64 << 10
)

// EventLimits say how much of the event log is kept; zero or less means the
// default.
type EventLimits struct {
	Age   time.Duration
	Count int64
	Bytes int64
}

func (l *EventLimits) setDefaults() {
	if l.Age <= 0 {
		l.Age = DefaultEventAge
	}
	if l.Count <= 0 {
		l.Count = DefaultEventCount
	}
	if l.Bytes <= 0 {
		l.Bytes = DefaultEventBytes
	}
}

// Event is an entry of the event log.
type Event struct {
	Seq  int64 // from 1 on, increasing, never given twice
	Time time.Time
	Type string
	Body []byte // JSON
	// Chats are the ids of the chats that it concerns, the one that it is about
	// first.
	Chats []string
}

// EventLog is what happened, for programs that come back for it.
type EventLog struct{ tx *Tx }

// EventLog returns the table.
func (tx *Tx) EventLog() EventLog { return EventLog{tx} }

// Append adds an event to the log, in the transaction of what it reports,
// and returns its number. chats are the ids of those that it concerns, the one
// that it is about first. Now and then it removes events beyond the limits.
func (l EventLog) Append(kind string, body []byte, now time.Time, chats ...string) (seq int64, err error) {
	_, err = l.tx.Get(`INSERT INTO event_log (time, type, body, chats) VALUES (?, ?, ?, ?) RETURNING seq`,
		[]any{now.UnixMilli(), kind, body, joinTexts(chats)}, func(r Row) { seq = r.Int64(0) })
	if err != nil {
		return 0, fmt.Errorf("append event: %w", err)
	}
	l.tx.newest = seq
	if seq%pruneEvery == 0 {
		err = l.prune(seq, now)
	}
	if err == nil && (seq%pruneEvery == 0 || len(body) >= largeEvent) {
		err = l.pruneLarge(seq)
	}
	return seq, err
}

// Bind makes the last event that was appended go with a message: once that
// is removed, the next call removes the event. It is for pictures that strangers
// send, which the log would otherwise keep without a bound of their own.
func (l EventLog) Bind(message int64) error {
	err := l.tx.Exec(`INSERT INTO event_picture (event, message) VALUES (?, ?)`, l.tx.newest, message)
	if err == nil { // the newest event is bound, so it stays
		err = l.tx.Exec(`DELETE FROM event_log WHERE seq IN (SELECT event FROM event_picture WHERE message = 0)`)
	}
	if err == nil {
		err = l.tx.Exec(`DELETE FROM event_picture WHERE message = 0`)
	}
	if err != nil {
		return fmt.Errorf("bind event: %w", err)
	}
	return nil
}

// pruneLarge removes the oldest events until the bodies of the others are
// within the limit, but never the newest.
func (l EventLog) pruneLarge(last int64) error {
	var excess int64
	_, err := l.tx.Get(`SELECT total - ? FROM event_bytes`, []any{l.tx.db.limits.Bytes},
		func(r Row) { excess = r.Int64(0) })
	if err != nil || excess <= 0 {
		return err
	}
	upTo := int64(0)
	_, err = l.tx.run(`SELECT seq, length(body) FROM event_log WHERE seq < ? ORDER BY seq LIMIT ?`, []any{last, prunePart},
		func(r Row) (bool, error) {
			upTo = r.Int64(0)
			excess -= r.Int64(1)
			return excess > 0, nil
		})
	if err == nil && upTo > 0 {
		err = l.tx.Exec(`DELETE FROM event_log WHERE seq <= ?`, upTo)
	}
	if err != nil {
		return fmt.Errorf("prune events: %w", err)
	}
	return nil
}

// prune removes events beyond the limits, oldest first, but never the
// newest: the next number follows from it. Times follow the clock, which may
// jump; numbers do not, and go first.
func (l EventLog) prune(last int64, now time.Time) error {
	limits := l.tx.db.limits
	err := l.tx.Exec(`DELETE FROM event_log WHERE seq IN (
			SELECT seq FROM event_log WHERE seq <= ? ORDER BY seq LIMIT ?)`, last-limits.Count, prunePart)
	if err != nil {
		return fmt.Errorf("prune events: %w", err)
	}
	oldest, cutoff := int64(math.MaxInt64), now.Add(-limits.Age).UnixMilli()
	_, err = l.tx.Get(`SELECT time FROM event_log ORDER BY seq LIMIT 1`, nil, func(r Row) { oldest = r.Int64(0) })
	if err == nil && oldest < cutoff {
		err = l.tx.Exec(`DELETE FROM event_log WHERE time < ? AND seq IN (
			SELECT seq FROM event_log WHERE seq < ? ORDER BY seq LIMIT ?)`, cutoff, last, prunePart)
	}
	if err != nil {
		return fmt.Errorf("prune events: %w", err)
	}
	return nil
}

// EventQuery says which events to read.
type EventQuery struct {
	Since int64    // events after this number
	Limit int      // at most; 0 or more than MaxEventPage mean MaxEventPage
	Types []string // none means all
	Chats []string // those that concern one of these chats; none means all
}

// wants reports whether an event of a type that concerns these chats is asked
// for.
func (q *EventQuery) wants(kind string, chats []string) bool {
	return (len(q.Types) == 0 || slices.Contains(q.Types, kind)) &&
		(len(q.Chats) == 0 || slices.ContainsFunc(chats, func(id string) bool { return slices.Contains(q.Chats, id) }))
}

// EventPage is a part of the event log.
type EventPage struct {
	Events []Event
	Next   int64 // Since of the next reading
	More   bool  // there is more to read at once
	Gap    bool  // events after Since are gone, or Since is not of this log; reading went on at From
	From   int64 // with Gap: the first event that is there
}

// Read reads the event log from a number on.
func (l EventLog) Read(q EventQuery) (EventPage, error) {
	if q.Limit <= 0 || q.Limit > MaxEventPage {
		q.Limit = MaxEventPage
	}
	first, last, err := l.Bounds()
	if err != nil {
		return EventPage{}, err
	}
	page := EventPage{Next: q.Since}
	if q.Since+1 < first || q.Since > last { // too old, or from before an older backup came back
		page = EventPage{Next: first - 1, Gap: true, From: first}
	}
	size := 0
	_, err = l.tx.run(`SELECT seq, time, type, chats, body FROM event_log WHERE seq > ? ORDER BY seq LIMIT ?`,
		[]any{page.Next, scanPerPage}, func(r Row) (bool, error) {
			e := Event{Seq: r.Int64(0), Time: time.UnixMilli(r.Int64(1)), Type: r.Text(2)}
			chats, err := splitTexts(r.Blob(3))
			if err != nil {
				return false, fmt.Errorf("event %d: %w", e.Seq, err)
			}
			if q.wants(e.Type, chats) {
				e.Chats, e.Body = chats, r.Blob(4)
				if size += len(e.Body); size > MaxEventPageBytes && len(page.Events) > 0 {
					return false, nil
				}
				page.Events = append(page.Events, e)
			}
			page.Next = e.Seq
			return len(page.Events) < q.Limit, nil
		})
	if err != nil {
		return EventPage{}, fmt.Errorf("read events: %w", err)
	}
	page.More = page.Next < last
	return page, nil
}

// Bounds returns the numbers of the first and the last event that are
// there: 1 and 0 when there never was one.
func (l EventLog) Bounds() (first, last int64, err error) {
	first = 1
	_, err = l.tx.Get(`SELECT (SELECT min(seq) FROM event_log), (SELECT max(seq) FROM event_log)`, nil, func(r Row) {
		if !r.IsNull(0) {
			first, last = r.Int64(0), r.Int64(1)
		}
	})
	if err != nil {
		return 0, 0, fmt.Errorf("read bounds of the event log: %w", err)
	}
	return first, last, nil
}

// Last returns the number of the newest event, 0 when there never was one.
func (l EventLog) Last() (int64, error) {
	_, last, err := l.Bounds()
	return last, err
}
