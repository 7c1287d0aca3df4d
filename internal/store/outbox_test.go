package store

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"statusd/transport"
	"statusd/transport/topics"
	"statusd/waku/wire"
)

// view runs fn and fails the test when it fails.
func view(t testing.TB, db *DB, fn func(*Tx) error) {
	t.Helper()
	if err := db.View(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func TestOutbox(t *testing.T) {
	c := testConfig(t.TempDir())
	db := mustOpen(t, c)
	to := mustKey(t).Public()
	direct := Post{
		ID: 1, Attempts: 1, Created: time.Unix(5, 7), Place: topics.PartitionOf(to), To: to,
		Waku: transport.ParamsFor(10), Payload: []byte("sealed"), Messages: [][32]byte{{1}, {2}},
	}
	public := Post{
		ID: 2, Attempts: 1, Created: time.Unix(6, 0), Place: topics.PublicChat("status"), Waku: transport.ParamsFor(10),
		Payload: []byte("open"), Messages: [][32]byte{{2}},
	}
	answer := Post{
		ID: 3, Created: time.Unix(7, 0), Place: topics.PartitionOf(to), To: to, Untracked: true, Payload: []byte{},
	}
	update(t, db, func(tx *Tx) error {
		last, err := tx.Outbox().Last()
		if last != 0 {
			t.Errorf("last of none: %d", last)
		}
		o := tx.Outbox()
		return errors.Join(err, o.Put(direct), o.Put(public), o.Put(answer), o.SetAttempts(2, 4))
	})
	closeDB(t, db)
	db = mustOpen(t, c)
	public.Attempts = 4
	view(t, db, func(tx *Tx) error {
		list, err := tx.Outbox().After(0)
		for i, want := range []Post{direct, public, answer} {
			got, found, err := tx.Outbox().ByID(want.ID)
			if err != nil || !found {
				t.Fatal(found, err)
			}
			got.Messages = list[i].Messages
			if len(got.Payload) == 0 {
				got.Payload = []byte{}
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("post %d: got %+v, want %+v", want.ID, got, want)
			}
			got.Payload = nil
			if !reflect.DeepEqual(list[i], got) {
				t.Errorf("listed %d: got %+v, want %+v", want.ID, list[i], got)
			}
		}
		above, err2 := tx.Outbox().After(2)
		last, err3 := tx.Outbox().Last()
		with, err4 := tx.Outbox().With([32]byte{2})
		mine, err5 := tx.Outbox().To(to)
		count, oldest, err6 := tx.Outbox().State()
		if len(above) != 1 || last != 3 || !slices.Equal(with, []int64{1, 2}) || !slices.Equal(mine, []int64{1, 3}) ||
			count != 3 || !oldest.Equal(direct.Created) {
			t.Errorf("above 2: %d, last %d, with %v, to %v, state %d %v", len(above), last, with, mine, count, oldest)
		}
		return errors.Join(err, err2, err3, err4, err5, err6)
	})
	update(t, db, func(tx *Tx) error {
		gone, err := tx.Outbox().Cancel([32]byte{2})
		if !slices.Equal(gone, []int64{2}) {
			t.Errorf("cancelled: %v are gone", gone)
		}
		list, err2 := tx.Outbox().After(0)
		if len(list) != 2 || !slices.Equal(list[0].Messages, [][32]byte{{1}}) {
			t.Errorf("after cancelling: %+v", list)
		}
		err3 := errors.Join(tx.Outbox().Delete(1), tx.Outbox().Delete(3))
		with, err4 := tx.Outbox().With([32]byte{1})
		if len(with) != 0 {
			t.Errorf("messages of deleted posts: %v", with)
		}
		return errors.Join(err, err2, err3, err4)
	})
}

func TestSeenEnvelopes(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	now := time.Unix(1_700_000_000, 0)
	seen := func(n byte) (ok bool) {
		view(t, db, func(tx *Tx) (err error) {
			ok, err = tx.Envelopes().Seen(wire.Hash{n})
			return err
		})
		return ok
	}
	update(t, db, func(tx *Tx) error {
		e := tx.Envelopes()
		return errors.Join(e.MarkSeen(wire.Hash{1}, now), e.MarkSeen(wire.Hash{2}, now.Add(time.Hour)),
			e.MarkSeen(wire.Hash{1}, now.Add(time.Hour)))
	})
	for _, step := range []struct {
		at   time.Duration
		want [3]bool
	}{{SeenKept, [3]bool{true, true, false}}, {SeenKept + time.Second, [3]bool{false, true, false}}} {
		update(t, db, func(tx *Tx) error {
			more, err := tx.Envelopes().ForgetSeen(now.Add(step.at))
			if more {
				t.Error("more than there are")
			}
			return err
		})
		if got := [3]bool{seen(1), seen(2), seen(3)}; got != step.want {
			t.Errorf("after %v: %v", step.at, got)
		}
	}
	update(t, db, func(tx *Tx) error { // bounded transactions
		for i := range seenPart + 1 {
			if err := tx.Envelopes().MarkSeen(wire.Hash(messageID(i)), now); err != nil {
				return err
			}
		}
		return nil
	})
	for _, want := range []bool{true, false} {
		update(t, db, func(tx *Tx) error {
			more, err := tx.Envelopes().ForgetSeen(now.Add(2 * SeenKept))
			if more != want {
				t.Errorf("more: %v", more)
			}
			return err
		})
	}
}

func TestKeysAndFetchedHistory(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	update(t, db, func(tx *Tx) error {
		f := tx.Fetched()
		return errors.Join(tx.SymKeys().Put("a", []byte{1}), tx.SymKeys().Put("a", []byte{2}),
			f.PutSpans(wire.Topic{1}, []byte("[1]")), f.PutSpans(wire.Topic{1}, []byte("[2]")),
			f.PutBookmark("x", []byte("{}")), f.PutBookmark("y", []byte("{}")), f.PutBookmark("x", nil))
	})
	view(t, db, func(tx *Tx) error {
		a, err := tx.SymKeys().ByName("a")
		none, err2 := tx.SymKeys().ByName("b")
		spans, err3 := tx.Fetched().Spans(wire.Topic{1})
		unknown, err4 := tx.Fetched().Spans(wire.Topic{2})
		x, err5 := tx.Fetched().Bookmark("x")
		y, err6 := tx.Fetched().Bookmark("y")
		if string(a) != "\x01" || none != nil || string(spans) != "[2]" || unknown != nil || x != nil || string(y) != "{}" {
			t.Errorf("got %x, %x, %s, %s, %s, %s", a, none, spans, unknown, x, y)
		}
		return errors.Join(err, err2, err3, err4, err5, err6)
	})
}
