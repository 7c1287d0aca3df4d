package courier

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"statusd/internal/test/testnet"
	"statusd/transport"
	"statusd/transport/topics"
	"statusd/waku"
)

func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

// TestConversation: the first message goes by the identity key to the
// partition, the answer over a session to the negotiated place, and both are
// sent, delivered, and leave nothing behind.
func TestConversation(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, 3, testnet.LinkConfig{Latency: 20 * time.Millisecond})
		alice, bob := w.person(0, newIdentity(t), "alice-1"), w.person(2, newIdentity(t), "bob-1")
		w.settle(time.Second)
		alice.say("hello", bob)
		w.settle(2 * time.Second)
		bob.wants("first message", "hello")
		bob.say("hello yourself", alice)
		w.settle(2 * time.Second)
		alice.wants("answer", "hello yourself")
		alice.say("fine", bob)
		w.settle(2 * time.Second)
		bob.wants("third", "hello", "fine")
		for _, c := range []struct {
			p    *person
			text string
			how  transport.Protection
			kind topics.Kind
		}{
			{bob, "hello", transport.Exchange, topics.Partitioned},
			{alice, "hello yourself", transport.Ratchet, topics.Negotiated},
			{bob, "fine", transport.Ratchet, topics.Negotiated},
		} {
			got, ok := c.p.chats.parcel(c.text)
			if !ok || got.Protection != c.how || got.Place.Kind != c.kind || !got.Synced || !got.Live {
				t.Errorf("%q: %v %v, synced %v, live %v", c.text, got.Protection, got.Place, got.Synced, got.Live)
			}
		}
		for p, other := range map[*person]*person{alice: bob, bob: alice} {
			want := []string{"listens to negotiated of " + other.key().String()}
			if got := p.chats.all("listens"); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", p.installation, got, want)
			}
		}
		for p, texts := range map[*person][]string{alice: {"hello", "fine"}, bob: {"hello yourself"}} {
			for _, text := range texts {
				id := name([]ID{idOf(text)})
				for _, want := range []string{"sent" + id, "delivered" + id + ", waiting for 0"} {
					if got := p.chats.all(want); len(got) != 1 {
						t.Errorf("%s: %q %d times in %q", p.installation, want, len(got), p.chats.all(want[:4]))
					}
				}
			}
			if s := p.c.Stats(); s.Outbox != 0 || s.Inbox != 0 || len(s.Drops) != 0 {
				t.Errorf("%s: %+v", p.installation, s)
			}
		}
	})
}

// TestPublicChat reaches who joined, once, and not who left.
func TestPublicChat(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, 3, testnet.LinkConfig{Duplicate: 0.5})
		alice, bob := w.person(0, newIdentity(t), "alice-1"), w.person(2, newIdentity(t), "bob-1")
		alice.join("status", time.Time{})
		bob.join("status", time.Time{})
		w.settle(time.Second)
		alice.shout("status", "to all")
		w.settle(time.Second)
		bob.wants("in public", "to all")
		alice.wants("own message")
		got, _ := bob.chats.parcel("to all")
		if got.Protection != transport.Open || got.Place != topics.PublicChat("status") || got.Vouches(alice.key()) {
			t.Errorf("parcel %+v", got)
		}
		bob.chats.chats = nil
		bob.join("", time.Time{})
		w.settle(time.Second)
		if bob.c.filters.has(topics.PublicChat("status")) {
			t.Error("still listens after leaving")
		}
		alice.shout("status", "gone?")
		w.settle(time.Second)
		bob.wants("after leaving", "to all")
		if n := len(alice.chats.all("sent")); n != 2 {
			t.Errorf("sent: %q", alice.chats.all(""))
		}
	})
}

// TestOutboxWaitsForAPeer: nothing is tried or given up while there is nobody,
// whatever time passes, also over a restart; then the same bytes leave.
func TestOutboxWaitsForAPeer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, 1, testnet.LinkConfig{})
		w.ears = append(w.ears, new(ear))
		w.net.Add()
		alice, bob := w.person(0, newIdentity(t), "alice-1"), w.person(1, newIdentity(t), "bob-1")
		bob.join("status", time.Time{})
		alice.shout("status", "one")
		alice.say("two", bob)
		w.settle(3 * time.Hour)
		alice.logout()
		alice.login()
		w.settle(3 * time.Hour)
		if got := append(alice.chats.all("failed"), alice.chats.all("sent")...); len(got) != 0 {
			t.Errorf("without a peer: %q", got)
		}
		w.net.Connect(testnet.Edge{A: 0, B: 1})
		w.settle(3 * time.Second)
		bob.wants("with a peer", "one", "two")
		w.settle(2 * time.Minute) // nobody wants the contact code
		if n := alice.c.Stats().Outbox; n != 0 {
			t.Errorf("%d posts left", n)
		}
	})
}

// TestGivenUp: what a peer wants but never confirms is posted as often as
// configured, then reported.
func TestGivenUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorldOf(t, 2, testnet.LinkConfig{}, waku.Config{Confirmations: true, FullNode: true})
		w.settle(time.Second)
		w.net.Link(testnet.Edge{A: 0, B: 1}).Silence(true)
		alice := w.person(0, newIdentity(t), "alice-1")
		alice.shout("status", "into the void")
		w.settle(60 * time.Second)
		if got := alice.chats.all("failed"); len(got) != 0 {
			t.Fatalf("too early: %q", got)
		}
		w.settle(60 * time.Second)
		want := []string{"failed" + name([]ID{idOf("into the void")}) + ": " + string(FailedConnectivity)}
		if got := alice.chats.all("failed"); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
