package feed

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"statusd/api"
	"statusd/internal/store"
)

// follower runs a Reader and shows what it delivers.
type follower struct {
	t     *testing.T
	start func()
	got   chan Batch // unbuffered: a slow consumer
	done  chan error
}

func (w *world) follow(q Query) *follower {
	w.t.Helper()
	f := w.prepare(q)
	f.start()
	return f
}

// prepare opens a Reader that does not follow yet.
func (w *world) prepare(q Query) *follower {
	w.t.Helper()
	r, err := w.Open(w.t.Context(), q)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	f := &follower{t: w.t, got: make(chan Batch), done: make(chan error, 1)}
	f.start = func() {
		go func() {
			f.done <- r.Follow(ctx, func(b Batch) error {
				select {
				case f.got <- b:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
		}()
	}
	w.t.Cleanup(func() {
		cancel()
		if err := <-f.done; !errors.Is(err, context.Canceled) {
			w.t.Errorf("Follow: %v", err)
		}
	})
	return f
}

// want reads until n events came, and compares types and cursors.
func (f *follower) want(events ...string) {
	f.t.Helper()
	var got []string
	for len(got) < len(events) {
		b := <-f.got
		if b.Gap {
			got = append(got, fmt.Sprint("gap to ", b.From))
		}
		if b.Lost > 0 {
			got = append(got, fmt.Sprint("lost ", b.Lost))
		}
		for _, e := range b.Events {
			got = append(got, fmt.Sprint(e.Type, " ", e.Cursor))
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(events) {
		f.t.Fatalf("got %v, want %v", got, events)
	}
}

// TestFollowingThroughLogins has one consumer see the whole life of a node.
func TestFollowingThroughLogins(t *testing.T) {
	w := newWorld(t, 2, store.EventLimits{})
	w.ring.Emit(api.NodeStartedEvent{})
	f := w.follow(Query{})
	w.ring.Emit(api.NodeReadyEvent{})
	f.want("node.ready 0")
	w.login(0)
	f.want("account.login 1")
	w.add(2, "k", `{}`)
	f.want("k 2", "k 3")
	w.logout()
	w.login(1)
	f.want("account.login 1")
	w.add(1, "of the other", `{}`)
	f.want("of the other 2")
	w.logout()
	w.login(0)
	f.want("account.logout 4", "account.login 5") // nothing was missed meanwhile
}

func TestWhereFollowersBegin(t *testing.T) {
	w := newWorld(t, 1, store.EventLimits{})
	w.login(0)
	w.add(2, "k", `{}`)
	if err := w.Ack(t.Context(), tester(), "bot", 2); err != nil {
		t.Fatal(err)
	}
	now, from, bot := w.follow(Query{}), w.follow(Query{Since: since(1)}), w.follow(Query{Consumer: "bot", By: tester()})
	fresh := w.follow(Query{Consumer: "fresh", By: tester(), Types: []api.EventType{"k"}})
	from.want("k 2", "k 3")
	bot.want("k 3")
	fresh.want("k 2", "k 3")
	w.add(1, "n", `{}`)
	for _, f := range []*follower{now, from, bot} {
		f.want("n 4")
	}
	w.logout()
	// Before the login: a cursor or a name is good for the account that comes.
	from, now = w.follow(Query{Since: since(3)}), w.follow(Query{})
	bot = w.follow(Query{Consumer: "bot", By: tester(), Since: since(End)})
	w.login(0)
	from.want("n 4", "account.logout 5", "account.login 6")
	bot.want("k 3", "n 4", "account.logout 5", "account.login 6")
	now.want("account.login 6")
}

// numbered is a signal with a number.
type numbered int

func (numbered) EventType() api.EventType { return "s" }

// TestSlowFollowers lets the log and the ring run away from who does not read.
func TestSlowFollowers(t *testing.T) {
	w := newWorld(t, 1, store.EventLimits{Count: 10})
	w.login(0)
	f := w.prepare(Query{})
	w.add(127, "k", `{}`) // 119 to 128 are left
	for i := range RingSize + 5 {
		w.ring.Emit(numbered(i))
	}
	f.start()
	if b := <-f.got; !b.Gap || b.From != 119 || len(b.Events) != 10 || b.Events[0].Cursor != 119 {
		t.Errorf("from the log: %+v", b)
	}
	if b := <-f.got; b.Lost != 5 || len(b.Events) != RingSize || string(b.Events[0].Event) != "5" {
		t.Errorf("from the ring: lost %d, %d signals", b.Lost, len(b.Events))
	}
	w.add(1, "k", `{}`)
	f.want("k 129")
}

func TestChatsAndTypesOfSignals(t *testing.T) {
	w := newWorld(t, 1, store.EventLimits{})
	chats, types := w.follow(Query{Chats: []string{"c"}}), w.follow(Query{Types: []api.EventType{api.EventNodeCrashed}})
	w.ring.Emit(api.NodeReadyEvent{})
	w.ring.Emit(api.NodeCrashedEvent{Error: "boom"})
	types.want("node.crashed 0")
	w.login(0)
	w.add(1, "m", `{}`, "c")
	chats.want("m 2")
}

func TestDeliveryThatFails(t *testing.T) {
	w := newWorld(t, 1, store.EventLimits{})
	w.login(0)
	boom := errors.New("boom")
	r, err := w.Open(t.Context(), Query{Since: since(0)})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Follow(t.Context(), func(Batch) error { return boom }); !errors.Is(err, boom) {
		t.Error(err)
	}
	n := 0
	ctx, cancel := context.WithCancel(t.Context())
	err = r.Follow(ctx, func(b Batch) error { n += len(b.Events); cancel(); return nil })
	if n != 1 || !errors.Is(err, context.Canceled) {
		t.Errorf("what was not delivered came %d times again: %v", n, err)
	}
}

func TestFeedWithoutAnything(t *testing.T) {
	f := New(nil, nil, time.Now)
	r, err := f.Open(t.Context(), Query{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Follow(ctx, func(Batch) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	var none *Signals
	none.Emit(api.NodeReadyEvent{})
}
