package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

// appendEvents adds n events of a type.
func appendEvents(t testing.TB, db *DB, n int, kind string, now time.Time) {
	t.Helper()
	update(t, db, func(tx *Tx) error {
		for range n {
			if _, err := tx.EventLog().Append(kind, []byte(`{}`), now); err != nil {
				return err
			}
		}
		return nil
	})
}

// readEvents reads one page.
func readEvents(t testing.TB, db *DB, q EventQuery) (page EventPage) {
	t.Helper()
	err := db.View(context.Background(), func(tx *Tx) (err error) {
		page, err = tx.EventLog().Read(q)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// numbers returns the numbers of the events of a page.
func numbers(p EventPage) (out []int64) {
	for _, e := range p.Events {
		out = append(out, e.Seq)
	}
	return out
}

func TestEventsComeBackInOrder(t *testing.T) {
	c := testConfig(t.TempDir())
	db := mustOpen(t, c)
	at := time.UnixMilli(1_600_000_000_123)
	if p := readEvents(t, db, EventQuery{}); len(p.Events) != 0 || p.Gap || p.More || p.Next != 0 {
		t.Errorf("empty log: %+v", p)
	}
	for i := range 5 {
		update(t, db, func(tx *Tx) error {
			seq, err := tx.EventLog().Append("k"+fmt.Sprint(i%2), fmt.Appendf(nil, "%d", i), at)
			if seq != int64(i+1) {
				t.Errorf("number %d, want %d", seq, i+1)
			}
			return err
		})
	}
	closeDB(t, db)
	db = mustOpen(t, c)
	all := readEvents(t, db, EventQuery{})
	if !slices.Equal(numbers(all), []int64{1, 2, 3, 4, 5}) || all.Next != 5 || all.More || all.Gap {
		t.Errorf("all: %+v", all)
	}
	if e := all.Events[3]; e.Type != "k1" || string(e.Body) != "3" || !e.Time.Equal(at) {
		t.Errorf("event %+v", e)
	}
	part := readEvents(t, db, EventQuery{Since: 1, Limit: 2})
	if !slices.Equal(numbers(part), []int64{2, 3}) || part.Next != 3 || !part.More {
		t.Errorf("part: %+v", part)
	}
	odd := readEvents(t, db, EventQuery{Types: []string{"k1"}})
	if !slices.Equal(numbers(odd), []int64{2, 4}) || odd.Next != 5 || odd.More {
		t.Errorf("one type: %+v", odd)
	}
	boom := errors.New("boom")
	err := db.Update(context.Background(), func(tx *Tx) error {
		_, err := tx.EventLog().Append("lost", nil, at)
		return errors.Join(err, boom)
	})
	if !errors.Is(err, boom) {
		t.Fatal(err)
	}
	appendEvents(t, db, 1, "after", at)
	p := readEvents(t, db, EventQuery{Since: 5})
	if len(p.Events) != 1 || p.Events[0].Type != "after" || p.Events[0].Seq <= 5 {
		t.Errorf("after a rollback: %+v", p)
	}
}

func TestEventLogKeepsItsLimits(t *testing.T) {
	c := testConfig(t.TempDir())
	c.Events = EventLimits{Count: 100, Age: time.Hour}
	db := mustOpen(t, c)
	start := time.Unix(1_600_000_000, 0)
	appendEvents(t, db, 10*pruneEvery, "k", start)
	p := readEvents(t, db, EventQuery{})
	if !p.Gap || p.From != 10*pruneEvery-100+1 || len(p.Events) != 100 || p.Events[0].Seq != p.From {
		t.Errorf("by count: gap %v from %d, %d events", p.Gap, p.From, len(p.Events))
	}
	later := start.Add(2 * time.Hour)
	appendEvents(t, db, pruneEvery, "k", later)
	p = readEvents(t, db, EventQuery{})
	if !p.Gap || len(p.Events) != pruneEvery || p.From != 10*pruneEvery+1 {
		t.Errorf("by age: gap %v from %d, %d events", p.Gap, p.From, len(p.Events))
	}
	// A clock that jumps ahead removes all but the newest event, whose number
	// is not given again; a reader is told of the gap once.
	appendEvents(t, db, pruneEvery, "k", later.Add(24*time.Hour))
	update(t, db, func(tx *Tx) error { return tx.EventLog().prune(12*pruneEvery, later.Add(1000*time.Hour)) })
	p = readEvents(t, db, EventQuery{Since: 5})
	if !p.Gap || p.From != 12*pruneEvery || p.Next != 12*pruneEvery || len(p.Events) != 1 || p.More {
		t.Errorf("nearly empty: %+v", p)
	}
	if p = readEvents(t, db, EventQuery{Since: p.Next}); p.Gap || len(p.Events) != 0 {
		t.Errorf("told twice: %+v", p)
	}
	appendEvents(t, db, 1, "k", later)
	if p = readEvents(t, db, EventQuery{Since: p.Next}); !slices.Equal(numbers(p), []int64{12*pruneEvery + 1}) || p.Gap {
		t.Errorf("next: %+v", p)
	}
	// A number from after a backup that came back.
	if p = readEvents(t, db, EventQuery{Since: 1 << 40}); !p.Gap || len(p.Events) != 2 {
		t.Errorf("from the future: %+v", p)
	}
}

// TestEventLogKeepsItsBytes: large events make room for each other, also in a
// log that an earlier version wrote, and the newest is always there.
func TestEventLogKeepsItsBytes(t *testing.T) {
	c := testConfig(t.TempDir())
	c.Events = EventLimits{Bytes: 1_000_000}
	db := mustOpen(t, c)
	add := func(bytes int) {
		update(t, db, func(tx *Tx) error {
			_, err := tx.EventLog().Append("k", make([]byte, bytes), time.Unix(0, 0))
			return err
		})
	}
	weight := func() (sum int) {
		for _, e := range readEvents(t, db, EventQuery{}).Events {
			sum += len(e.Body)
		}
		return sum
	}
	for range 50 {
		add(largeEvent)
	}
	if p := readEvents(t, db, EventQuery{}); !p.Gap || weight() > 1_000_000 || weight() < 1_000_000-2*largeEvent {
		t.Errorf("large: gap %v, %d bytes", p.Gap, weight())
	}
	add(2_000_000)
	if p := readEvents(t, db, EventQuery{}); len(p.Events) != 1 || p.Next != 51 {
		t.Errorf("one that is too large alone: %d events, next %d", len(p.Events), p.Next)
	}
	for range 4 * pruneEvery {
		add(largeEvent / 2)
	}
	if weight() > 1_000_000+pruneEvery*largeEvent/2 {
		t.Errorf("small: %d bytes", weight())
	}
	var total int64
	update(t, db, func(tx *Tx) error {
		_, err := tx.Get(`SELECT total FROM event_bytes`, nil, func(r Row) { total = r.Int64(0) })
		return err
	})
	if total != int64(weight()) {
		t.Errorf("counted %d bytes, there are %d", total, weight())
	}
}

func TestEventPagesAreBounded(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	appendEvents(t, db, MaxEventPage+1, "a", time.Unix(0, 0))
	appendEvents(t, db, scanPerPage, "b", time.Unix(0, 0))
	p := readEvents(t, db, EventQuery{Limit: 1 << 30})
	if len(p.Events) != MaxEventPage || !p.More {
		t.Errorf("%d events, more %v", len(p.Events), p.More)
	}
	p = readEvents(t, db, EventQuery{Since: MaxEventPage + 1, Types: []string{"none"}})
	if len(p.Events) != 0 || p.Next != MaxEventPage+1+scanPerPage || p.More {
		t.Errorf("rare type: %+v", p)
	}
	p = readEvents(t, db, EventQuery{Since: 1, Types: []string{"none"}})
	if p.Next != 1+scanPerPage || !p.More {
		t.Errorf("rare type, long way: next %d, more %v", p.Next, p.More)
	}
}
