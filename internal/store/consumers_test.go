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
	return c.db.Update(context.Background(), func(tx *Tx) error {
		return tx.Consumers().Ack(by, name, seq, time.Unix(0, 0))
	})
}

// get returns the first consumer of a name, as the daemon knows.
func (c consumerWorld) get(name string) (got Consumer) {
	c.t.Helper()
	return c.first(func(one Consumer) bool { return one.Name == name })
}

// of returns the consumer of an owner.
func (c consumerWorld) of(owner, name string) Consumer {
	c.t.Helper()
	return c.first(func(one Consumer) bool { return one.Name == name && one.Owner == owner })
}

func (c consumerWorld) first(is func(Consumer) bool) (got Consumer) {
	c.t.Helper()
	err := c.db.View(context.Background(), func(tx *Tx) error {
		all, err := tx.Consumers().List(Daemon())
		if at := slices.IndexFunc(all, is); at >= 0 {
			got = all[at]
		}
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
		all, err := tx.Consumers().List(by)
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
		was, err = tx.Consumers().Remove(by, name)
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

// TestConsumersBelongToWhoMadeThem: others neither see, move nor remove them,
// and have their own of the same name.
func TestConsumersBelongToWhoMadeThem(t *testing.T) {
	w := newConsumerWorld(t)
	a, b, admin := w.token("a"), w.token("b"), Party{Owner: "local", All: true}
	if err := errors.Join(w.ack(a, "bot", 3), w.ack(Daemon(), "webhook-1", 2)); err != nil {
		t.Fatal(err)
	}
	for _, by := range []Party{b, {}, {Owner: "token:b", Heir: true}} {
		if got := w.names(by); len(got) != 0 {
			t.Errorf("%q sees %v", by.Owner, got)
		}
		by.Whose = &a.Owner
		if err := w.ack(by, "bot", 9); !errors.Is(err, ErrOtherOwner) {
			t.Errorf("%q moves it: %v", by.Owner, err)
		}
		if _, err := w.remove(by, "bot"); !errors.Is(err, ErrOtherOwner) {
			t.Errorf("%q removes it: %v", by.Owner, err)
		}
	}
	if err := w.ack(Party{}, "mine", 1); !errors.Is(err, ErrOtherOwner) {
		t.Errorf("nobody makes one: %v", err)
	}
	if err := w.ack(b, "bot", 7); err != nil || w.of(b.Owner, "bot").Seq != 7 || w.of(a.Owner, "bot").Seq != 3 {
		t.Errorf("a name of two: %v, %+v, %+v", err, w.of(a.Owner, "bot"), w.of(b.Owner, "bot"))
	}
	if got := w.names(admin); !slices.Equal(got, []string{"bot", "bot", "webhook-1"}) {
		t.Errorf("an admin sees %v", got)
	}
	if _, err := w.remove(admin, "bot"); !errors.Is(err, ErrManyOwners) {
		t.Errorf("an admin who does not say whose: %v", err)
	}
	named := admin
	named.Whose = &b.Owner
	if err := w.ack(named, "nothing", 1); !errors.Is(err, ErrNoConsumer) {
		t.Errorf("an admin makes one for somebody else: %v", err)
	}
	if err := errors.Join(w.ack(named, "bot", 8), w.ack(admin, "bot", 2)); err != nil ||
		w.of(b.Owner, "bot").Seq != 8 || w.of(admin.Owner, "bot").Seq != 2 || w.of(a.Owner, "bot").Seq != 3 {
		t.Errorf("an admin moves one, and has its own: %v", err)
	}
	for _, by := range []Party{named, admin, admin} { // b's, its own, and the one that is left
		if was, err := w.remove(by, "bot"); !was || err != nil {
			t.Errorf("an admin removes one: %v %v", was, err)
		}
	}
	if got := w.names(admin); !slices.Equal(got, []string{"webhook-1"}) {
		t.Errorf("left are %v", got)
	}
}

// TestNamesThatDeceiveAreNotMade: neither what is not shown nor what looks like
// the daemon's own; what is there already goes on.
func TestNamesThatDeceiveAreNotMade(t *testing.T) {
	w := newConsumerWorld(t)
	a, admin := w.token("a"), Party{Owner: "local", All: true}
	a.Heir = true
	reserved := []string{"webhook", "webhook-2", "WebHook-x", "w\u0435bhook", "\uff57ebhook-1", " webhook", "w\u00e9bhook"}
	hidden := []string{"bot\n", "\x1b[31mbot", "bo\u200dt", "bot\u202e", "bo\u00adt", "\ue000", "bo\u2028t", "\u0378",
		"bot\ufe0f", "bot\u3164"}
	for _, by := range []Party{a, admin} {
		for _, name := range reserved {
			if err := w.ack(by, name, 1); !errors.Is(err, ErrReserved) {
				t.Errorf("%s makes %q: %v", by.Owner, name, err)
			}
		}
		for _, name := range hidden {
			if err := w.ack(by, name, 1); !errors.Is(err, ErrConsumerName) {
				t.Errorf("%s makes %q: %v", by.Owner, name, err)
			}
		}
	}
	for _, name := range []string{"bot", "my bot", "f\u00fcr Ana", "\u65e5\U0001f600", "hook", "web"} {
		if err := w.ack(a, name, 1); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for i, name := range append(hidden, "w\u0435bhook") {
		w.orphan(name, 1)
		if err := w.ack(a, name, 2); err != nil || w.of(a.Owner, name).Seq != 2 {
			t.Errorf("%q from before does not go on: %v", name, err)
		}
		by := []Party{a, admin}[i%2]
		if was, err := w.remove(by, name); !was || err != nil {
			t.Errorf("%q cannot be removed: %v %v", name, was, err)
		}
	}
}

// TestConsumersOfEndedTokensGo: after as long as the log reaches back, or when
// others need their places.
func TestConsumersOfEndedTokensGo(t *testing.T) {
	w := newConsumerWorld(t)
	ended := func(owner string) bool { return owner != "token:live" }
	begin := time.Unix(1_600_000_000, 0)
	update(t, w.db, func(tx *Tx) error {
		return errors.Join(tx.Consumers().Ack(w.token("gone"), "old", 1, begin),
			tx.Consumers().Ack(w.token("gone"), "late", 1, begin.Add(time.Hour)),
			tx.Consumers().Ack(w.token("live"), "old", 1, begin), tx.Consumers().Ack(Party{Owner: "local"}, "mine", 1, begin),
			tx.Consumers().Ack(Daemon(), "webhook-1", 1, begin))
	})
	w.orphan("nobody's", 1)
	update(t, w.db, func(tx *Tx) error {
		n, err := tx.Consumers().RemoveEnded(ended, begin.Add(DefaultEventAge+time.Minute))
		if n != 1 {
			t.Errorf("%d removed", n)
		}
		return err
	})
	if got := w.names(Daemon()); !slices.Equal(got, []string{"late", "mine", "nobody's", "old", "webhook-1"}) ||
		w.of("token:live", "old").Seq != 1 {
		t.Errorf("left are %v", got)
	}
	update(t, w.db, func(tx *Tx) error {
		for i := range MaxConsumers - 2 {
			by := Party{Owner: fmt.Sprint("token:", i), Shared: true}
			if err := tx.Consumers().Ack(by, "c", 1, begin.Add(2*time.Hour)); err != nil {
				return err
			}
		}
		return nil
	})
	live := w.token("live")
	if err := w.ack(live, "new", 1); !errors.Is(err, ErrTooMany) {
		t.Errorf("without knowing who has ended: %v", err)
	}
	live.Ended = ended
	if err := w.ack(live, "new", 1); err != nil || w.of("token:gone", "late").Owner != "" {
		t.Errorf("the oldest of those that ended makes no room: %v", err)
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
				if err := tx.Consumers().Ack(by, fmt.Sprint(by.Owner, i), 1, time.Unix(0, 0)); err != nil {
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
	if err := w.ack(fresh, "bot", 9); err != nil || w.of("", "bot").Seq != 4 {
		t.Errorf("a new token: %v", err)
	}
	if was, err := w.remove(fresh, "bot"); !was || err != nil {
		t.Errorf("a new token removes its own: %v %v", was, err)
	}
	if err := w.ack(admin, "bot", 5); err != nil || w.get("bot").Owner != "" {
		t.Errorf("an admin: %v, %+v", err, w.get("bot"))
	}
	if err := w.ack(old, "bot", 0); err != nil || w.get("bot").Owner != old.Owner || w.get("bot").Seq != 5 {
		t.Errorf("the first old token: %v, %+v", err, w.get("bot"))
	}
	if err := w.ack(other, "bot", 6); err != nil || w.of(old.Owner, "bot").Seq != 5 || w.of("", "bot").Seq != 0 {
		t.Errorf("the second old token: %v", err)
	}
	if err := w.ack(old, "webhook-1", 6); !errors.Is(err, ErrReserved) {
		t.Errorf("a token takes the webhook's: %v", err)
	}
	if err := w.ack(Daemon(), "webhook-1", 4); err != nil || w.get("webhook-1").Owner != Daemon().Owner {
		t.Errorf("the daemon's own: %v", err)
	}
}

// TestConsumersNobodyCanNameGoAtTheUpgrade opens a database of the version
// before consumers had owners.
func TestConsumersNobodyCanNameGoAtTheUpgrade(t *testing.T) {
	c, db := beforeMigration(t, "_consumer_owner.sql")
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

// TestConsumersKeepTheirPlaceAtTheUpgrade opens a database of the version in
// which names were unique.
func TestConsumersKeepTheirPlaceAtTheUpgrade(t *testing.T) {
	c, db := beforeMigration(t, "_consumer_names.sql")
	update(t, db, func(tx *Tx) error {
		return tx.Exec(`INSERT INTO event_consumer (name, seq, time, owner) VALUES ('bot', 1, 5, 'token:a'),
			('receive', 2, 5, 'local'), ('receive/token:a', 3, 5, 'token:a'), ('receive/token:b', 4, 5, 'token:a'),
			('old', 6, 5, '')`)
	})
	closeDB(t, db)
	w := consumerWorld{t, mustOpen(t, c)}
	for _, want := range []struct {
		owner, name string
		seq         int64
	}{
		{"token:a", "bot", 1}, {"local", "receive", 2}, {"token:a", "receive", 3}, {"token:a", "receive/token:b", 4},
		{"", "old", 6},
	} {
		if got := w.of(want.owner, want.name); got.Seq != want.seq || got.Time.UnixMilli() != 5 {
			t.Errorf("%s of %q: %+v", want.name, want.owner, got)
		}
	}
}

// beforeMigration makes a database of the version before the migration whose
// name ends so. The configuration opens it with all migrations.
func beforeMigration(t *testing.T, suffix string) (Config, *DB) {
	t.Helper()
	older := fstest.MapFS{}
	names, err := fs.Glob(embedded(), "*.sql")
	at := slices.IndexFunc(names, func(n string) bool { return strings.HasSuffix(n, suffix) })
	if err != nil || at < 0 {
		t.Fatalf("%v, migrations %v", err, names)
	}
	for _, name := range names[:at] {
		raw, err := fs.ReadFile(embedded(), name)
		if err != nil {
			t.Fatal(err)
		}
		older[name] = &fstest.MapFile{Data: raw}
	}
	c := testConfig(t.TempDir())
	old := c
	old.migrations = older
	return c, mustOpen(t, old)
}
