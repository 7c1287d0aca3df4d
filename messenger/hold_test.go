package messenger

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
	"statusd/messenger/courier"
	"statusd/payloads"
	"statusd/transport"
)

// arrive is receive of everything that another party sent to this one, whatever
// becomes of it. It returns how many of these are acknowledged.
func (p *party) arrive(from *party, list ...sending) (acked int) {
	p.t.Helper()
	for _, s := range list {
		if s.route != routePublic && !slices.Contains(s.to, p.key.Public()) {
			continue
		}
		_ = p.receive(p.parcelFrom(from, s)) // refused or not
		if p.acked {
			acked++
		}
	}
	return acked
}

// chatMessage is a message as a peer of 2020 would send it, with any clock.
func chatMessage(t testing.TB, by *party, kind payloads.MessageType, chat, text string, clock uint64) []byte {
	t.Helper()
	return seal(t, &payloads.ChatMessage{
		Clock: clock, Timestamp: 1, Text: text, ChatID: chat, MessageType: kind, ContentType: payloads.ContentText,
	}, by.key)
}

func keysOf(list ...*party) (keys []key.Public) {
	for _, p := range list {
		keys = append(keys, p.key.Public())
	}
	return keys
}

func (p *party) clockIn(d time.Duration) uint64 { return uint64(p.now().Add(d).UnixMilli()) }

// heldCount returns how many payloads wait.
func (p *party) heldCount() (n int) {
	p.t.Helper()
	p.tx(func(tx *store.Tx) error {
		_, err := tx.Get(`SELECT count(*) FROM quarantine`, nil, func(r store.Row) { n = int(r.Int64(0)) })
		return err
	})
	return n
}

// TestPublicClockCannotBePushedAway: a stranger who writes with clocks as far
// ahead as receivers take does not keep others from writing: what they send is
// taken by receivers that compare with whole seconds of the envelope.
func TestPublicClockCannotBePushedAway(t *testing.T) {
	alice, mallory := pair(t)
	ok(t, alice.m.Chats().Join(t.Context(), "garden"))
	last, refused := uint64(0), 0
	for i := range 64 {
		alice.pass(937 * time.Millisecond) // not in step with whole seconds
		mallory.clock.Store(alice.clock.Load())
		whole := uint64(mallory.now().Unix()) * 1000
		reaction := &payloads.EmojiReaction{
			Clock: whole + payloads.MaxClockAhead, ChatID: "garden", MessageID: payloads.MessageID{byte(i)}.String(),
			MessageType: payloads.PublicGroup, Emoji: payloads.Love,
		}
		s := sending{route: routePublic, chat: "garden", wrapper: seal(t, reaction, mallory.key)}
		ok(t, alice.receive(alice.parcelFrom(mallory, s)))
		id := alice.write("#garden", fmt.Sprint(i))
		m := alice.message(id)
		if m.Clock > uint64(alice.now().Unix())*1000+payloads.MaxClockAhead {
			refused++
		}
		if m.Clock <= last {
			t.Errorf("clock %d after %d", m.Clock, last)
		}
		last = m.Clock
	}
	if refused > 0 {
		t.Errorf("%d of 64 messages have clocks that peers refuse", refused)
	}
}

// TestClocksAfterTimeWasSetBack: what is written after this device's time was a
// day ahead is accepted by everybody, and in order.
func TestClocksAfterTimeWasSetBack(t *testing.T) {
	alice, bob := pair(t)
	alice.pass(24 * time.Hour)
	alice.write(bob.id, "tomorrow")
	alice.write("#garden", "tomorrow")
	alice.flush()
	alice.pass(-24 * time.Hour)
	for _, to := range []string{bob.id, "#garden"} {
		last := uint64(0)
		for i := range 20 {
			m := alice.message(alice.write(to, fmt.Sprint(i)))
			if limit := uint64(alice.now().Unix())*1000 + payloads.MaxClockAhead; m.Clock > limit || m.Clock <= last {
				t.Errorf("message %d to %.5s: clock %d, before %d, limit %d", i, to, m.Clock, last, limit)
			}
			last = m.Clock
			alice.pass(300 * time.Millisecond)
		}
	}
}

// TestDeletedWhileTimeWasAhead: a chat that was used and deleted while this
// device's time was a day ahead takes messages of the right time.
func TestDeletedWhileTimeWasAhead(t *testing.T) {
	alice, bob := pair(t)
	alice.pass(24 * time.Hour)
	alice.write(bob.id, "tomorrow")
	alice.pass(-24 * time.Hour)
	ok(t, alice.m.Chats().Delete(t.Context(), bob.id))
	alice.pass(3 * time.Minute)
	bob.pass(3 * time.Minute)
	bob.write(alice.id, "today")
	alice.take(bob)
	if got := alice.texts(bob.id); !slices.Equal(got, []string{"today"}) {
		t.Errorf("alice has %v", got)
	}
}

// TestMessagesAheadAreHeld: a person whose clock was 600 s ahead for one message
// writes on with clocks above it. They are kept, acknowledged, and shown when
// their time has come, in their order, also after a restart.
func TestMessagesAheadAreHeld(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"ten minutes": 10 * time.Minute, "a day": 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			alice, bob := pair(t)
			var want []string
			for i := range 9 {
				text := fmt.Sprint(i)
				w := chatMessage(t, alice, payloads.OneToOne, bob.id, text, alice.clockIn(ahead)+uint64(i))
				err := bob.receive(bob.parcelFrom(alice, sending{route: routeReliable, wrapper: w}))
				if !errors.Is(err, courier.ErrDrop) || !bob.acked {
					t.Fatalf("message %d: %v, acknowledged %t", i, err, bob.acked)
				}
				want = append([]string{text}, want...) // the newest first
			}
			if s := bob.state(); len(s) != 0 {
				t.Errorf("shown at once: %v", s)
			}
			bob.open()
			bob.pass(ahead - 121*time.Second)
			bob.retry()
			if got := bob.heldCount(); got != 9 {
				t.Errorf("%d are held before their time", got)
			}
			bob.pass(2 * time.Second)
			bob.retry()
			if got := bob.texts(alice.id); !slices.Equal(got, want) || bob.heldCount() != 0 {
				t.Errorf("bob has %v, %d are held", got, bob.heldCount())
			}
			if m := bob.message(bob.write(alice.id, "answer")); m.Clock > uint64(bob.now().Unix())*1000+payloads.MaxClockAhead {
				t.Errorf("the answer's clock %d is refused by peers", m.Clock)
			}
		})
	}
}

// TestClocksThatNeverComeAreNotKept, nor acknowledged.
func TestClocksThatNeverComeAreNotKept(t *testing.T) {
	alice, bob := pair(t)
	w := chatMessage(t, alice, payloads.OneToOne, bob.id, "x", 1<<62)
	if n := bob.arrive(alice, sending{to: keysOf(bob), route: routeReliable, wrapper: w}); n != 0 || bob.heldCount() != 0 {
		t.Errorf("acknowledged %d, held %d", n, bob.heldCount())
	}
}

// TestHeldHasBounds: one author does not fill what is kept for all, and what
// finds no room is not acknowledged, so that it comes again.
func TestHeldHasBounds(t *testing.T) {
	alice, mallory := pair(t)
	bob := newParty(t, newKey(t))
	ok(t, alice.m.Contacts().Save(t.Context(), added(bob.id)))
	send := func(from *party, i int) bool {
		w := chatMessage(t, from, payloads.OneToOne, alice.id, fmt.Sprint(i), from.clockIn(time.Hour)+uint64(i))
		return alice.arrive(from, sending{to: keysOf(alice), route: routeReliable, wrapper: w}) == 1
	}
	kept := 0
	for i := range store.MaxHeldOfStranger + 10 {
		if send(mallory, i) {
			kept++
		}
	}
	if kept != store.MaxHeldOfStranger || alice.heldCount() != kept {
		t.Errorf("%d of a stranger are acknowledged, %d kept", kept, alice.heldCount())
	}
	if !send(mallory, 0) {
		t.Error("a copy of what is kept is not acknowledged")
	}
	for i := range store.MaxHeldOfStranger + 10 {
		if !send(bob, i) {
			t.Fatalf("message %d of a contact is not kept", i)
		}
	}
	picture := make([]byte, 700_000)
	copy(picture, "\x89PNG\r\n\x1a\n")
	image := seal(t, &payloads.ChatMessage{
		Clock: bob.clockIn(2 * time.Hour), Timestamp: 1, Text: "p", ChatID: alice.id, MessageType: payloads.OneToOne,
		ContentType: payloads.ContentImage, Image: &payloads.Image{Bytes: picture, Format: payloads.PNG},
	}, bob.key)
	if n := alice.arrive(bob, sending{to: keysOf(alice), route: routeReliable, wrapper: image}); n != 1 {
		t.Error("a picture is not kept")
	}
	alice.pass(3 * time.Hour)
	alice.retry()
	if got := alice.texts(bob.id); len(got) != store.MaxHeldOfStranger+11 {
		t.Errorf("%d messages of a contact are shown", len(got))
	}
}

// TestNotYetAContact: what somebody writes to a person who admits contacts only
// is shown once he is added, or written to.
func TestNotYetAContact(t *testing.T) {
	for name, admit := range map[string]func(alice, bob *party){
		"added": func(alice, bob *party) {
			ok(t, alice.m.Contacts().Save(t.Context(), added(bob.id)))
		},
		"written to": func(alice, bob *party) { alice.write(bob.id, "who is it?") },
		"policy":     func(alice, _ *party) { alice.open() },
	} {
		t.Run(name, func(t *testing.T) {
			bob := newParty(t, newKey(t))
			alice := newParty(t, newKey(t), func(c *Config) { c.Policy.ContactsOnly = true })
			bob.write(alice.id, "it is me")
			if n := alice.arrive(bob, bob.flush()...); n != 1 {
				t.Errorf("%d are acknowledged", n)
			}
			alice.retry()
			if s := alice.state(); len(s) != 0 {
				t.Errorf("shown before: %v", s)
			}
			alice.pass(time.Second)
			admit(alice, bob)
			alice.courier.retry = alice.now() // the courier asks at the start
			alice.retry()
			if got := alice.texts(bob.id); !slices.Contains(got, "it is me") {
				t.Errorf("alice has %v", got)
			}
			if alice.heldCount() != 0 {
				t.Errorf("%d are held", alice.heldCount())
			}
		})
	}
}

// TestNotYetAMember: what comes to a group before its author's joining is known
// waits for it. Who does not join is forgotten after a month.
func TestNotYetAMember(t *testing.T) {
	all := crew(t, 4)
	alice, bob, carol := all[0], all[1], all[2]
	group := create(t, alice, bob)
	must[api.Changes](t)(alice.m.Groups().AddMembers(t.Context(), group, []string{carol.id}))
	spread(alice, bob, carol)
	must[api.Changes](t)(carol.m.Groups().Confirm(t.Context(), group))
	joined := carol.flush()
	early := chatMessage(t, carol, payloads.PrivateGroup, group, "early", carol.clockIn(0)+10)
	never := chatMessage(t, all[3], payloads.PrivateGroup, group, "never", carol.clockIn(0)+11)
	send := func(from *party, w []byte) {
		t.Helper()
		if n := bob.arrive(from, sending{to: keysOf(bob), route: routeReliable, wrapper: w}); n != 1 {
			t.Error("what is held is not acknowledged")
		}
	}
	send(carol, early)
	send(all[3], never)
	if got := bob.texts(group); slices.Contains(got, "early") {
		t.Errorf("bob has %v", got)
	}
	bob.arrive(carol, joined...)
	bob.retry()
	if got := bob.texts(group); !slices.Contains(got, "early") || slices.Contains(got, "never") {
		t.Errorf("bob has %v", got)
	}
	bob.pass(maxHold + time.Second)
	bob.retry()
	if bob.heldCount() != 0 {
		t.Errorf("%d are held after a month", bob.heldCount())
	}
}

// TestBeforeWeJoined: what members wrote before we joined is shown when we
// have.
func TestBeforeWeJoined(t *testing.T) {
	all := crew(t, 2)
	alice, bob := all[0], all[1]
	group := must[api.Changes](t)(alice.m.Groups().Create(t.Context(), "g", []string{bob.id})).Chats[0].ID
	spread(alice, bob)
	early := chatMessage(t, alice, payloads.PrivateGroup, group, "welcome", alice.clockIn(0)+10)
	if n := bob.arrive(alice, sending{to: keysOf(bob), route: routeReliable, wrapper: early}); n != 1 {
		t.Error("not acknowledged")
	}
	must[api.Changes](t)(bob.m.Groups().Confirm(t.Context(), group))
	bob.retry()
	if got := bob.texts(group); !slices.Contains(got, "welcome") {
		t.Errorf("bob has %v", got)
	}
}

// TestRemovedMembersAreNotAcknowledged: somebody who does not know that he was
// removed is refused, whatever the clock, and what he wrote is not shown when he
// is back.
func TestRemovedMembersAreNotAcknowledged(t *testing.T) {
	all := crew(t, 3)
	alice, bob, carol := all[0], all[1], all[2]
	group := create(t, all...)
	must[api.Changes](t)(alice.m.Groups().RemoveMember(t.Context(), group, carol.id))
	removal := alice.flush()
	bob.arrive(alice, removal...)
	for _, p := range all {
		p.pass(time.Minute)
	}
	id := carol.write(group, "am I alone?")
	written := carol.flush()
	ahead := sending{to: keysOf(bob), route: routeReliable, wrapper: chatMessage(
		t, carol, payloads.PrivateGroup, group, "from tomorrow", carol.clockIn(24*time.Hour))}
	for range 2 {
		if n := bob.arrive(carol, append(written, ahead)...); n != 0 {
			t.Errorf("%d are acknowledged", n)
		}
	}
	if bob.heldCount() != 0 {
		t.Errorf("%d are held", bob.heldCount())
	}
	for _, p := range all {
		p.pass(time.Minute)
	}
	carol.arrive(alice, removal...)
	must[api.Changes](t)(alice.m.Groups().AddMembers(t.Context(), group, []string{carol.id}))
	spread(alice, bob, carol)
	must[api.Changes](t)(carol.m.Groups().Confirm(t.Context(), group))
	spread(carol, alice, bob)
	if n := bob.arrive(carol, written...); n != 0 {
		t.Error("acknowledged after the return")
	}
	if _, err := bob.m.Messages().ByID(t.Context(), id); !errors.Is(err, ErrUnknownMessage) {
		t.Errorf("shown after the return: %v", err)
	}
	back := carol.write(group, "back again")
	spread(carol, alice, bob)
	if bob.message(back).Text != "back again" {
		t.Error("not shown")
	}
}

// TestGroupEventsAheadWait: what others do in a group with clocks more than 60 s
// ahead is done when the time has come, so that admins can act above it.
func TestGroupEventsAheadWait(t *testing.T) {
	all := crew(t, 3)
	alice, bob, mallory := all[0], all[1], all[2]
	group := create(t, all...)
	must[api.Changes](t)(alice.m.Groups().AddAdmins(t.Context(), group, []string{mallory.id}))
	spread(alice, bob, mallory)
	before := bob.roll(group)
	mallory.pass(100 * time.Second)
	must[api.Changes](t)(mallory.m.Groups().Rename(t.Context(), group, "mine"))
	sent := mallory.flush()
	for _, p := range []*party{alice, bob} {
		if n := p.arrive(mallory, sent...); n != 1 {
			t.Error("what is held is not acknowledged")
		}
	}
	if got := bob.roll(group); got != before {
		t.Errorf("folded at once:\n%s", got)
	}
	must[api.Changes](t)(alice.m.Groups().Rename(t.Context(), group, "ours")) // nothing is in the way
	spread(alice, bob)
	for _, p := range []*party{alice, bob} {
		p.pass(41 * time.Second)
		p.retry()
		if got := p.chat(group).Name; got != "mine" {
			t.Errorf("after its time the name is %q", got)
		}
	}
	must[api.Changes](t)(alice.m.Groups().Rename(t.Context(), group, "ours again"))
	spread(alice, bob)
	wantSame(t, group, alice, bob)
}

// TestStrangersWithoutRoomAreNotAcknowledged: what goes beyond the limit of a
// stranger can come again, and is taken once there is room.
func TestStrangersWithoutRoomAreNotAcknowledged(t *testing.T) {
	alice := newParty(t, newKey(t))
	bob := stranger(t, alice.now)
	for n := range byte(groupsOfStranger) {
		if err := bob.brings(alice, board(t, bob, alice, n)); err != nil || !alice.acked {
			t.Fatalf("group %d: acknowledged %t, %v", n, alice.acked, err)
		}
	}
	further := board(t, bob, alice, 100)
	if err := bob.brings(alice, further); !errors.Is(err, courier.ErrDrop) || alice.acked {
		t.Errorf("one too many: acknowledged %t, %v", alice.acked, err)
	}
	first := payloads.GroupChat([16]byte{0}, bob.key.Public())
	must[api.Changes](t)(alice.m.Groups().Confirm(t.Context(), first))
	if err := bob.brings(alice, further); err != nil || !alice.acked {
		t.Errorf("what comes again: acknowledged %t, %v", alice.acked, err)
	}
}

// TestBlockedLeaveNothingHeld.
func TestBlockedLeaveNothingHeld(t *testing.T) {
	alice, bob := pair(t)
	w := chatMessage(t, bob, payloads.OneToOne, alice.id, "x", bob.clockIn(time.Hour))
	alice.arrive(bob, sending{to: keysOf(alice), route: routeReliable, wrapper: w})
	if alice.heldCount() != 1 {
		t.Fatal("not held")
	}
	must[[]api.Chat](t)(alice.m.Contacts().Block(t.Context(), api.BlockedContact{ID: bob.id}))
	if alice.heldCount() != 0 {
		t.Error("kept")
	}
}

// TestUnreadableHeldPayloadsGo: damage in the quarantine stops nothing.
func TestUnreadableHeldPayloadsGo(t *testing.T) {
	alice, bob := pair(t)
	w := chatMessage(t, bob, payloads.OneToOne, alice.id, "x", bob.clockIn(time.Hour))
	alice.arrive(bob, sending{to: keysOf(alice), route: routeReliable, wrapper: w})
	alice.tx(func(tx *store.Tx) error {
		for i, sender := range [][65]byte{{4}, bob.key.Public().Uncompressed()} {
			k := store.Kept{
				Reason: store.ReasonClock, Due: alice.now(), At: alice.now(), Data: []byte{byte(i)}, Sender: sender,
				Sent: alice.now(), Protection: int(transport.Ratchet),
			}
			if room, err := tx.Quarantine().Hold(&k); err != nil || !room {
				return errors.Join(err, errors.New("no room"))
			}
		}
		return nil
	})
	alice.pass(2 * time.Hour)
	alice.retry()
	if got := alice.texts(bob.id); !slices.Equal(got, []string{"x"}) || alice.heldCount() != 0 {
		t.Errorf("alice has %v, %d are held", got, alice.heldCount())
	}
}

// TestGroupActsOfAWrongDay: what we did to a group while our time was ahead does
// not go with the messages that we write there once it is right again, or no
// receiver would take those for as long.
func TestGroupActsOfAWrongDay(t *testing.T) {
	all := crew(t, 2)
	group := create(t, all...)
	alice, bob := all[0], all[1]
	alice.pass(24 * time.Hour)
	must[api.Changes](t)(alice.m.Groups().Rename(t.Context(), group, "tomorrow"))
	alice.flush()
	alice.pass(-24 * time.Hour)
	for _, p := range all {
		p.pass(10 * time.Second)
	}
	r := must[api.Changes](t)(alice.m.Messages().Send(t.Context(), api.OutgoingMessage{ChatID: group, Text: "today"}))
	spread(alice, bob)
	must[api.Changes](t)(alice.m.Reactions().Send(t.Context(), group, r.Messages[0].ID, 1))
	spread(alice, bob)
	if texts := bob.texts(group); !slices.Contains(texts, "today") {
		t.Errorf("%q", texts)
	}
	if name := bob.chat(group).Name; name != "crew" {
		t.Errorf("the group is called %q", name)
	}
}
