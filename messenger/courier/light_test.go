package courier

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"statusd/internal/testnet"
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
