package store

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// woken tells whether a channel is closed.
func woken(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestReadersAreWokenByCommits(t *testing.T) {
	c := testConfig(t.TempDir())
	db := mustOpen(t, c)
	now, boom := time.Unix(0, 0), errors.New("boom")
	wait := db.EventsAfter(0)
	update(t, db, setMeta("a", "b"))
	err := db.Update(context.Background(), func(tx *Tx) error {
		if _, err := tx.EventLog().Append("k", nil, now); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) || woken(wait) {
		t.Fatalf("woken without an event: %v", err)
	}
	update(t, db, func(tx *Tx) error {
		_, err := tx.EventLog().Append("k", nil, now)
		if woken(wait) {
			t.Error("woken before the commit")
		}
		return err
	})
	if !woken(wait) || !woken(db.EventsAfter(0)) {
		t.Error("not woken by the commit")
	}
	if woken(db.EventsAfter(1)) {
		t.Error("woken for what was read")
	}
	// What a savepoint undoes has not happened, and its number comes again.
	update(t, db, func(tx *Tx) error {
		err := tx.Savepoint(func() error {
			_, err := tx.EventLog().Append("k", nil, now)
			return errors.Join(err, boom)
		})
		if !errors.Is(err, boom) {
			t.Error(err)
		}
		return nil
	})
	wait = db.EventsAfter(1)
	if woken(wait) {
		t.Error("woken by what was undone")
	}
	appendEvents(t, db, 1, "k", now)
	if !woken(wait) {
		t.Error("not woken by the next event")
	}
	wait = db.EventsAfter(2)
	closeDB(t, db)
	if !woken(wait) || !woken(db.EventsAfter(2)) {
		t.Error("not woken by Close")
	}
	db = mustOpen(t, c)
	if !woken(db.EventsAfter(1)) || woken(db.EventsAfter(2)) {
		t.Error("an opened database does not know its last event")
	}
}

// TestNoWakeUpIsLost has readers follow a log that is written meanwhile.
func TestNoWakeUpIsLost(t *testing.T) {
	const events, readers = 200, 4
	db := mustOpen(t, testConfig(t.TempDir()))
	var group sync.WaitGroup
	for range readers {
		group.Go(func() {
			for at := int64(0); at < events; {
				<-db.EventsAfter(at)
				page := readEvents(t, db, EventQuery{Since: at, Limit: 7})
				if len(page.Events) == 0 || page.Events[0].Seq != at+1 {
					t.Errorf("woken at %d for %v", at, numbers(page))
					return
				}
				at = page.Next
			}
		})
	}
	for range events {
		appendEvents(t, db, 1, "k", time.Unix(0, 0))
	}
	group.Wait()
}

func TestEventPagesAreBoundedInBytes(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	sizes := []int{MaxEventPageBytes + 1, MaxEventPageBytes / 2, MaxEventPageBytes / 2, 1}
	update(t, db, func(tx *Tx) error {
		for _, n := range sizes {
			if _, err := tx.EventLog().Append("k", bytes.Repeat([]byte("x"), n), time.Unix(0, 0)); err != nil {
				return err
			}
		}
		return nil
	})
	since := int64(0)
	for _, want := range []int{1, 2, 1} {
		page := readEvents(t, db, EventQuery{Since: since})
		if len(page.Events) != want || page.Next != since+int64(want) || page.More != (page.Next < 4) {
			t.Errorf("from %d: %v, next %d, more %v", since, numbers(page), page.Next, page.More)
		}
		since = page.Next
	}
}
