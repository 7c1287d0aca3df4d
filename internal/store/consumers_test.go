package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// parties that the tests have.
func (c consumerWorld) token(name string) Party {
	return Party{Owner: "token:" + name, Limit: 10, Shared: true}
}

type consumerWorld struct {
	t  *testing.T
	db *DB
}

func (c consumerWorld) ack(by Party, name string, seq int64) error {
	return c.db.Update(context.Background(), func(tx *Tx) error { return tx.AckEvents(by, name, seq, time.Unix(0, 0)) })
}

// get returns how far a consumer has come and whose it is, as the daemon knows.
func (c consumerWorld) get(name string) (got Consumer) {
	c.t.Helper()
	err := c.db.View(context.Background(), func(tx *Tx) (err error) {
		got, _, err = tx.Consumer(Daemon(), name)
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return got
}

func (c consumerWorld) names(by Party) (out []string) {
	c.t.Helper()
	err := c.db.View(context.Background(), func(tx *Tx) error {
		all, err := tx.Consumers(by)
		for _, one := range all {
			out = append(out, one.Name)
		}
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

func (c consumerWorld) remove(by Party, name string) (was bool, err error) {
	err = c.db.Update(context.Background(), func(tx *Tx) (err error) {
		was, err = tx.RemoveConsumer(by, name)
		return err
	})
	return was, err
}

func newConsumerWorld(t *testing.T) consumerWorld {
	t.Helper()
	db := mustOpen(t, testConfig(t.TempDir()))
	appendEvents(t, db, 10, "k", time.Unix(0, 0))
	return consumerWorld{t, db}
}

// orphan makes a consumer from before there were owners.
func (c consumerWorld) orphan(name string, seq int64) {
	c.t.Helper()
	update(c.t, c.db, func(tx *Tx) error {
		return tx.Exec(`INSERT INTO event_consumer (name, seq, time) VALUES (?, ?, 0)`, name, seq)
	})
}

func TestConsumers(t *testing.T) {
	w := newConsumerWorld(t)
	a := w.token("a")
	for _, step := range []struct {
		seq, want int64
		err       error
	}{{5, 5, nil}, {3, 5, nil}, {10, 10, nil}, {11, 10, ErrAhead}, {-1, 10, ErrAhead}} {
		if err := w.ack(a, "c", step.seq); !errors.Is(err, step.err) || w.get("c").Seq != step.want {
			t.Errorf("ack of %d: %v, now at %d", step.seq, err, w.get("c").Seq)
		}
	}
	for _, name := range []string{"", strings.Repeat("x", MaxConsumerName+1), "\xff\xfe", "a\x00b"} {
		if err := w.ack(a, name, 1); !errors.Is(err, ErrConsumer) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	for _, there := range []bool{true, false} {
		if was, err := w.remove(a, "c"); was != there || err != nil {
			t.Errorf("removed: %v %v", was, err)
		}
	}
	if got := w.get("c"); got.Seq != 0 || len(w.names(Daemon())) != 0 {
		t.Error("the consumer is still known")
	}
}

// TestConsumersBelongToWhoMadeThem: others neither see, move nor remove them.
func TestConsumersBelongToWhoMadeThem(t *testing.T) {
	w := newConsumerWorld(t)
	a, b, admin := w.token("a"), w.token("b"), Party{Owner: "local", All: true}
	if err := errors.Join(w.ack(a, "bot", 3), w.ack(Daemon(), "webhook-1", 2)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bot", "webhook-1"} {
		for _, by := range []Party{b, {}, {Owner: "token:b", Heir: true}} {
			if err := w.ack(by, name, 9); !errors.Is(err, ErrOtherOwner) {
				t.Errorf("%q moves %s: %v", by.Owner, name, err)
			}
			if _, err := w.remove(by, name); !errors.Is(err, ErrOtherOwner) {
				t.Errorf("%q removes %s: %v", by.Owner, name, err)
			}
			if got := w.names(by); len(got) != 0 {
				t.Errorf("%q sees %v", by.Owner, got)
			}
		}
	}
	for _, name := range []string{"webhook", "webhook-2", "WebHook-x", OwnConsumers + b.Owner} {
		for _, by := range []Party{a, admin} {
			if err := w.ack(by, name, 1); !errors.Is(err, ErrReserved) {
				t.Errorf("%s makes %s: %v", by.Owner, name, err)
			}
		}
	}
	if err := w.ack(a, ReceiveConsumer, 1); !errors.Is(err, ErrReserved) {
		t.Errorf("a token makes what the socket reads as: %v", err)
	}
	if got := w.names(admin); !slices.Equal(got, []string{"bot", "webhook-1"}) {
		t.Errorf("an admin sees %v", got)
	}
	if err := w.ack(admin, "bot", 7); err != nil || w.get("bot").Seq != 7 || w.get("bot").Owner != a.Owner {
		t.Errorf("an admin moves a consumer: %v, %+v", err, w.get("bot"))
	}
	if was, err := w.remove(admin, "bot"); !was || err != nil {
		t.Errorf("an admin removes a consumer: %v %v", was, err)
	}
	if err := w.ack(b, "bot", 1); err != nil || w.get("bot").Owner != b.Owner {
		t.Errorf("a name that is free again: %v", err)
	}
}

// TestConsumersHaveAQuota: no owner takes the places of others, and nobody
// those of the daemon.
func TestConsumersHaveAQuota(t *testing.T) {
	w := newConsumerWorld(t)
	fill := func(by Party) {
		t.Helper()
		update(t, w.db, func(tx *Tx) error {
			for i := range 10 {
				if err := tx.AckEvents(by, fmt.Sprint(by.Owner, i), 1, time.Unix(0, 0)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	fill(w.token("0"))
	if err := w.ack(w.token("0"), "one more", 1); !errors.Is(err, ErrOwnQuota) {
		t.Errorf("beyond the quota: %v", err)
	}
	if err := w.ack(w.token("0"), "token:00", 2); err != nil {
		t.Errorf("one that is there: %v", err)
	}
	for i := range MaxConsumers/10 - 1 {
		fill(w.token(fmt.Sprint(i + 1)))
	}
	if err := w.ack(w.token("late"), "late", 1); !errors.Is(err, ErrTooMany) {
		t.Errorf("beyond all: %v", err)
	}
	if err := w.ack(Daemon(), "webhook-1", 1); err != nil {
		t.Errorf("the webhook finds no room: %v", err)
	}
	if err := w.ack(Party{Owner: "local", All: true, Limit: 100}, "mine", 1); err != nil {
		t.Errorf("the local owner finds no room: %v", err)
	}
}

// TestConsumersWithoutOwnerAreTakenOver: the first token from before there were
// owners that names one gets it; nobody else does, and its place stays.
func TestConsumersWithoutOwnerAreTakenOver(t *testing.T) {
	w := newConsumerWorld(t)
	w.orphan("bot", 4)
	w.orphan("webhook-1", 4)
	fresh, admin, old, other := w.token("fresh"), Party{Owner: "local", All: true}, w.token("old"), w.token("other")
	old.Heir, other.Heir = true, true
	if err := w.ack(fresh, "bot", 5); !errors.Is(err, ErrOtherOwner) {
		t.Errorf("a new token: %v", err)
	}
	if err := w.ack(admin, "bot", 5); err != nil || w.get("bot").Owner != "" {
		t.Errorf("an admin: %v, %+v", err, w.get("bot"))
	}
	if err := w.ack(old, "bot", 0); err != nil || w.get("bot").Owner != old.Owner || w.get("bot").Seq != 5 {
		t.Errorf("the first old token: %v, %+v", err, w.get("bot"))
	}
	if err := w.ack(other, "bot", 6); !errors.Is(err, ErrOtherOwner) {
		t.Errorf("the second old token: %v", err)
	}
	if err := w.ack(old, "webhook-1", 6); !errors.Is(err, ErrOtherOwner) {
		t.Errorf("a token takes the webhook's: %v", err)
	}
	if err := w.ack(Daemon(), "webhook-1", 4); err != nil || w.get("webhook-1").Owner != Daemon().Owner {
		t.Errorf("the daemon's own: %v", err)
	}
}

// TestConsumersNobodyCanNameGoAtTheUpgrade opens a database of the version
// before consumers had owners.
func TestConsumersNobodyCanNameGoAtTheUpgrade(t *testing.T) {
	older := fstest.MapFS{}
	names, err := fs.Glob(embedded(), "*.sql")
	at := slices.IndexFunc(names, func(n string) bool { return strings.HasSuffix(n, "_consumer_owner.sql") })
	if err != nil || at < 0 {
		t.Fatalf("%v, migrations %v", err, names)
	}
	before := names[at]
	for _, name := range names {
		if raw, err := fs.ReadFile(embedded(), name); err != nil {
			t.Fatal(err)
		} else if name < before {
			older[name] = &fstest.MapFile{Data: raw}
		}
	}
	c := testConfig(t.TempDir())
	old := c
	old.migrations = older
	db := mustOpen(t, old)
	good := []string{"bot", "für Ana", "\u65e5\U0001f600", strings.Repeat("é", 64), "\ufffd"}
	slices.Sort(good)
	for _, name := range append([]string{"\xff\xfe", "bot\xc3", "\xed\xa0\x80", "\xc0\xaf"}, good...) {
		update(t, db, func(tx *Tx) error {
			return tx.Exec(`INSERT INTO event_consumer (name, seq, time) VALUES (?, 0, 0)`, name)
		})
	}
	closeDB(t, db)
	w := consumerWorld{t, mustOpen(t, c)}
	if got := w.names(Daemon()); !slices.Equal(got, good) {
		t.Errorf("left are %q, want %q", got, good)
	}
}
