package messenger

import (
	"slices"
	"testing"
	"time"

	"statusd/api"
	"statusd/internal/store"
	"statusd/payloads"
)

func withExtensions(c *Config) { c.Extensions = true }

// takeBackOf is the deletion of a message.
func takeBackOf(t testing.TB, by *party, kind payloads.MessageType, chat, id string, clock uint64) sending {
	t.Helper()
	return sending{route: routeReliable, wrapper: seal(t, &payloads.DeleteMessage{
		Clock: clock, ChatID: chat, MessageID: id, MessageType: kind,
	}, by.key)}
}

// TestDeletionOvertakesHeldMessage: who takes back a message that is held here,
// because its clock or its group is ahead, has it gone when its time comes.
func TestDeletionOvertakesHeldMessage(t *testing.T) {
	alice := newParty(t, newKey(t), withExtensions)
	bob := newParty(t, newKey(t), withExtensions)
	ahead := alice.clockIn(10 * time.Minute)
	kept := chatMessage(t, alice, payloads.OneToOne, bob.id, "kept", ahead)
	gone := chatMessage(t, alice, payloads.OneToOne, bob.id, "gone", ahead+1)
	for _, w := range [][]byte{gone, kept} {
		if n := bob.arrive(alice, sending{to: keysOf(bob), route: routeReliable, wrapper: w}); n != 1 {
			t.Fatal("not held")
		}
	}
	for range 2 { // also when it comes again
		s := takeBackOf(t, alice, payloads.OneToOne, bob.id, payloads.WrapperID(alice.key.Public(), gone).String(),
			alice.clockIn(0))
		s.to = keysOf(bob)
		if n := bob.arrive(alice, s); n != 1 || bob.heldCount() != 3 {
			t.Errorf("acknowledged %d, %d are held", n, bob.heldCount())
		}
	}
	bob.open(withExtensions)
	bob.pass(10 * time.Minute)
	bob.retry()
	if got := bob.texts(alice.id); !slices.Equal(got, []string{"kept"}) || bob.heldCount() != 0 {
		t.Errorf("bob has %v, %d are held", got, bob.heldCount())
	}
}

// TestDeletionOvertakesTheGroup: the update that brings a message waits for its
// events, which may be less far ahead than the deletion.
func TestDeletionOvertakesTheGroup(t *testing.T) {
	all := []*party{newParty(t, newKey(t), withExtensions), newParty(t, newKey(t), withExtensions)}
	group := create(t, all...)
	alice, bob := all[0], all[1]
	alice.pass(100 * time.Second)
	must[api.Changes](t)(alice.m.Groups().Rename(t.Context(), group, "ahead"))
	id := alice.write(group, "gone")
	list := alice.flush()
	ok(t, alice.m.Messages().TakeBack(t.Context(), id))
	list = append(list, alice.flush()...)
	alice.pass(-100 * time.Second)
	if n := bob.arrive(alice, list...); n != len(list) {
		t.Errorf("%d of %d are acknowledged", n, len(list))
	}
	bob.pass(5 * time.Minute)
	bob.retry()
	if got := bob.texts(group); slices.Contains(got, "gone") || bob.chat(group).Name != "ahead" || bob.heldCount() != 0 {
		t.Errorf("bob has %v in %q, %d are held", got, bob.chat(group).Name, bob.heldCount())
	}
}

// TestDeletionAfterWaking: a message that was held for its group is on its way
// when its deletion comes.
func TestDeletionAfterWaking(t *testing.T) {
	alice := newParty(t, newKey(t), withExtensions)
	bob := newParty(t, newKey(t), withExtensions)
	group := must[api.Changes](t)(alice.m.Groups().Create(t.Context(), "g", []string{bob.id})).Chats[0].ID
	spread(alice, bob)
	gone := chatMessage(t, alice, payloads.PrivateGroup, group, "gone", alice.clockIn(0)+10)
	if n := bob.arrive(alice, sending{to: keysOf(bob), route: routeReliable, wrapper: gone}); n != 1 {
		t.Fatal("not held")
	}
	must[api.Changes](t)(bob.m.Groups().Confirm(t.Context(), group))
	s := takeBackOf(t, alice, payloads.PrivateGroup, group, payloads.WrapperID(alice.key.Public(), gone).String(),
		alice.clockIn(0)+11)
	s.to = keysOf(bob)
	if n := bob.arrive(alice, s); n != 1 {
		t.Error("the deletion is not acknowledged")
	}
	bob.pass(time.Second)
	bob.retry()
	if got := bob.texts(group); slices.Contains(got, "gone") || bob.heldCount() != 0 {
		t.Errorf("bob has %v, %d are held", got, bob.heldCount())
	}
}

// TestDeletionsOfNothingHaveBounds: deletions of messages that never come take
// the author's own room for what is held, are not waited for longer than that, and
// are dropped at once when nothing of his is held.
func TestDeletionsOfNothingHaveBounds(t *testing.T) {
	alice := newParty(t, newKey(t), withExtensions)
	mallory := newParty(t, newKey(t), withExtensions)
	send := func(i byte) int {
		s := takeBackOf(t, mallory, payloads.OneToOne, alice.id, payloads.MessageID{i}.String(), mallory.clockIn(0))
		s.to = keysOf(alice)
		return alice.arrive(mallory, s)
	}
	if send(0); alice.heldCount() != 0 {
		t.Error("a deletion of nothing is held")
	}
	w := chatMessage(t, mallory, payloads.OneToOne, alice.id, "x", mallory.clockIn(time.Hour))
	alice.arrive(mallory, sending{to: keysOf(alice), route: routeReliable, wrapper: w})
	acked := 0
	for i := range byte(store.MaxHeldOfStranger + 10) {
		acked += send(i + 1)
	}
	if n := alice.heldCount(); n != store.MaxHeldOfStranger || acked != n-1 {
		t.Errorf("%d are held, %d acknowledged", n, acked)
	}
	alice.pass(2 * time.Hour)
	alice.retry()
	if n := alice.heldCount(); n != 0 {
		t.Errorf("%d are held after that", n)
	}
}
