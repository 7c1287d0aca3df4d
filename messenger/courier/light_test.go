package courier

import (
	"bytes"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"statusd/internal/test/testnet"
	"statusd/transport/topics"
	"statusd/waku"
)

// TestLightPeersAreNoConnection: a light peer passes nothing on. With nobody
// else there, messages wait and use up no attempt; they leave as soon as a
// peer comes that forwards.
func TestLightPeersAreNoConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		light := func(i int) waku.Config { return waku.Config{LightNode: i == 1, FullNode: i == 2} }
		w := newWorldFrom(t, 2, testnet.LinkConfig{Latency: 10 * time.Millisecond}, light)
		ana := w.person(0, newIdentity(t), "ana")
		w.settle(time.Minute)
		ana.shout("tea", "is anybody there?")
		ana.say("hello", w.somebody(1, newIdentity(t), "bob"))
		w.settle(time.Hour)
		if got := slices.Concat(ana.chats.all("sent"), ana.chats.all("failed")); len(got) != 0 {
			t.Errorf("with a light peer only: %q", got)
		}
		if s := ana.c.Stats(); s.Outbox == 0 {
			t.Error("nothing waits")
		}
		relay := w.addNode()
		w.net.Connect(testnet.Edge{A: 0, B: relay})
		w.settle(time.Minute)
		for _, text := range []string{"is anybody there?", "hello"} {
			if id := idOf(text); !slices.Contains(ana.chats.all("sent"), "sent"+name([]ID{id})) {
				t.Errorf("with a relay: %q is not among %q", text, ana.chats.all("sent"))
			}
		}
		if got := ana.chats.all("failed"); len(got) != 0 {
			t.Errorf("%q", got)
		}
	})
}

// TestPeersThatTakeOtherTopicsAreNoConnection: a peer that forwards, but asked
// for other topics only, is not sent what it does not want. For that, nobody is
// there: it waits, alone, uses up no attempt, and leaves as soon as the peer
// asks for its topic or another comes, also with a light peer among them.
func TestPeersThatTakeOtherTopicsAreNoConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kinds := func(i int) waku.Config { return waku.Config{LightNode: i == 2, FullNode: i == 3} }
		w := newWorldFrom(t, 1, testnet.LinkConfig{Latency: 10 * time.Millisecond}, kinds)
		other, light := w.addNode(), w.addNode()
		w.net.Node(other).Subscribe(bytes.Repeat([]byte{1}, 32), topics.PublicChat("coffee").Topic())
		w.net.Connect(testnet.Edge{A: 0, B: other}, testnet.Edge{A: 0, B: light})
		ana, bob := w.person(0, newIdentity(t), "ana"), w.somebody(other, newIdentity(t), "bob")
		w.settle(time.Minute)
		ana.say("hello", bob)
		ana.shout("tea", "anybody?")
		ana.shout("coffee", "taken")
		w.settle(time.Hour)
		want := []string{"sent" + name([]ID{idOf("taken")})}
		if got := slices.Concat(ana.chats.all("sent"), ana.chats.all("failed")); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if s := ana.c.Stats(); s.Outbox != 2 {
			t.Errorf("%d posts wait, want the two that nobody takes", s.Outbox)
		}
		bob.login() // its node asks for its topics
		w.settle(time.Minute)
		bob.wants("when its node asks for them", "hello")
		if got := ana.chats.all("failed"); len(got) != 0 {
			t.Errorf("failed: %q", got)
		}
		relay := w.addNode()
		w.net.Connect(testnet.Edge{A: 0, B: relay})
		w.settle(time.Minute)
		if id := idOf("anybody?"); !slices.Contains(ana.chats.all("sent"), "sent"+name([]ID{id})) {
			t.Errorf("with a relay: %q", ana.chats.all("sent"))
		}
		if s := ana.c.Stats(); s.Outbox != 0 {
			t.Errorf("%d posts wait at the end", s.Outbox)
		}
	})
}

// TestInterestThatGoesAwayUsesUpNoAttempt: a peer asks for a topic and changes its mind
// while an envelope is on its way into the pool, again and again.
func TestInterestThatGoesAwayUsesUpNoAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kinds := func(i int) waku.Config { return waku.Config{FullNode: i == 2} }
		w := newWorldFrom(t, 2, testnet.LinkConfig{Latency: 10 * time.Millisecond}, kinds)
		ana := w.person(0, newIdentity(t), "ana")
		w.settle(time.Minute)
		ana.post = func(m waku.Post) {
			if m.Topic == topics.PublicChat("tea").Topic() { // sealed: from now on it asks for something else
				w.net.Node(1).Subscribe(bytes.Repeat([]byte{1}, 32), topics.PublicChat("coffee").Topic())
				time.Sleep(time.Second)
			}
		}
		ana.shout("tea", "anybody?")
		w.settle(time.Hour)
		if got := slices.Concat(ana.chats.all("sent"), ana.chats.all("failed")); len(got) != 0 {
			t.Errorf("got %q", got)
		}
		relay := w.addNode()
		w.net.Connect(testnet.Edge{A: 0, B: relay})
		w.settle(time.Minute)
		if got := ana.chats.all("sent"); len(got) != 1 {
			t.Errorf("with a relay: %q", got)
		}
	})
}
