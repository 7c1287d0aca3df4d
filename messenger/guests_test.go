package messenger

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"statusd/api"
	"statusd/internal/store"
	"statusd/messenger/courier"
	"statusd/payloads"
)

const tea = "tea"

// hosts makes somebody who follows a public chat, with small limits.
func hosts(t *testing.T, change ...func(*Config)) *party {
	t.Helper()
	alice := newParty(t, newKey(t), append([]func(*Config){func(c *Config) {
		c.Extensions = true
		c.Policy.GuestTexts = store.GuestLimits{Author: 10_000, All: 30_000}
		c.Policy.GuestMedia = store.GuestLimits{Author: 300_000, All: 1_000_000}
		c.Policy.GuestReactions = store.GuestLimits{Author: 10 * 256, All: 25 * 256}
	}}, change...)...)
	ok(t, alice.m.Chats().Join(t.Context(), tea))
	alice.flush()
	return alice
}

// posts hands over what somebody writes into the public chat.
func (p *party) posts(to *party, body payloads.Body) error {
	p.t.Helper()
	return to.receive(to.parcelFrom(p, sending{route: routePublic, chat: tea, wrapper: seal(p.t, body, p.key)}))
}

func said(p *party, text string) *payloads.ChatMessage {
	p.pass(time.Millisecond)
	return &payloads.ChatMessage{
		Clock: uint64(p.now().UnixMilli()), Timestamp: 1, Text: text, ChatID: tea, MessageType: payloads.PublicGroup,
		ContentType: payloads.ContentText,
	}
}

// sealedID is the id of a payload of somebody.
func sealedID(p *party, body payloads.Body) string {
	p.t.Helper()
	return must[payloads.Message](p.t)(payloads.Seal(body, p.key)).ID.String()
}

func shown(p *party, text string, size int) *payloads.ChatMessage {
	m := said(p, text)
	m.ContentType = payloads.ContentImage
	content := append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{7}, size)...)
	m.Image = &payloads.Image{Bytes: content, Format: payloads.PNG}
	return m
}

func (p *party) weight(author string, class store.Guest) (n int64) {
	p.t.Helper()
	p.tx(func(tx *store.Tx) (err error) {
		n, err = tx.Guests().Weight(author, class)
		return err
	})
	return n
}

// checkChat compares what the list of chats shows with what is there.
func (p *party) checkChat() {
	p.t.Helper()
	texts := p.texts(tea)
	c := p.chat(tea)
	if int(c.UnviewedMessagesCount) != len(texts) {
		p.t.Errorf("%d messages, %d unread", len(texts), c.UnviewedMessagesCount)
	}
	if (c.LastMessage == nil) != (len(texts) == 0) || c.LastMessage != nil && !slices.Contains(texts, c.LastMessage.Text) {
		p.t.Errorf("last message %+v of %d", c.LastMessage, len(texts))
	}
}

// TestWhatOneGuestKeepsIsBounded: pictures and texts, each by itself, the
// oldest go; contacts and other guests lose nothing.
func TestWhatOneGuestKeepsIsBounded(t *testing.T) {
	alice := hosts(t)
	mallory, carol, friend := stranger(t, alice.now), stranger(t, alice.now), stranger(t, alice.now)
	ok(t, alice.m.Contacts().Save(t.Context(), added(friend.id)))
	ok(t, carol.posts(alice, said(carol, "hello")))
	ok(t, carol.posts(alice, shown(carol, "my cat", 50_000)))
	for i := range 30 {
		ok(t, friend.posts(alice, shown(friend, fmt.Sprint("friend ", i), 50_000)))
		ok(t, mallory.posts(alice, shown(mallory, fmt.Sprint("picture ", i), 50_000)))
		ok(t, mallory.posts(alice, said(mallory, fmt.Sprint("text ", i))))
	}
	texts := alice.texts(tea)
	for want, there := range map[string]bool{
		"hello": true, "my cat": true, "friend 0": true, "friend 29": true, "picture 29": true, "picture 25": true,
		"picture 23": false, "text 29": true, "text 14": true, "text 8": false,
	} {
		if slices.Contains(texts, want) != there {
			t.Errorf("%q is there: %v", want, !there)
		}
	}
	if n := alice.weight(mallory.id, store.GuestMedia); n > 300_000 || n < 200_000 {
		t.Errorf("%d bytes of pictures", n)
	}
	if n := alice.weight(friend.id, store.GuestMedia); n != 0 {
		t.Errorf("%d bytes of a contact are counted", n)
	}
	if alice.drops()["guest_oldest"] == 0 {
		t.Error("what went was not counted")
	}
	alice.checkChat()
}

// TestWhatAllGuestsKeepIsBounded, whatever keys they make: neither messages nor
// people nor reactions pile up. Nobody is refused.
func TestWhatAllGuestsKeepIsBounded(t *testing.T) {
	alice := hosts(t)
	at := alice.newest()
	const keys = 300
	for i := range keys {
		one := stranger(t, alice.now)
		alice.pass(time.Millisecond)
		ok(t, one.posts(alice, said(one, fmt.Sprint("text ", i))))
		ok(t, one.posts(alice, shown(one, fmt.Sprint("picture ", i), 20_000)))
		ok(t, one.posts(alice, &payloads.EmojiReaction{
			Clock: uint64(one.now().UnixMilli()), ChatID: tea, MessageID: payloads.MessageID{byte(i), byte(i >> 8)}.String(),
			MessageType: payloads.PublicGroup, Emoji: 1,
		}))
	}
	for table, most := range map[string]int64{
		"message": 110, "reaction": 25, "contact": 140, "media": 50, "guest_weight": 250,
	} {
		if n := alice.count(table); n > most || n == 0 {
			t.Errorf("%d rows of %s", n, table)
		}
	}
	if told := alice.newest() - at; told < 4*keys { // a reaction is told of twice
		t.Errorf("%d events: not everything was told", told)
	}
	if texts := alice.texts(tea); !slices.Contains(texts, fmt.Sprint("text ", keys-1)) ||
		!slices.Contains(texts, fmt.Sprint("picture ", keys-1)) {
		t.Error("the last ones are missing")
	}
	alice.checkChat()
}

// loggedBytes is the size of what the event log keeps.
func (p *party) loggedBytes() (n int64) {
	p.t.Helper()
	p.tx(func(tx *store.Tx) error {
		return tx.Query(`SELECT coalesce(sum(length(body)), 0) FROM event_log`, nil,
			func(r store.Row) error { n = r.Int64(0); return nil })
	})
	return n
}

// TestPicturesOfStrangersDoNotFillTheLog: the event log keeps no more of the
// pictures of people we do not know than the chats do, and all of those of
// contacts.
func TestPicturesOfStrangersDoNotFillTheLog(t *testing.T) {
	alice := hosts(t, func(c *Config) { c.Policy.MaxStrangerBytes = 300_000 })
	mallory, friend := stranger(t, alice.now), stranger(t, alice.now)
	ok(t, alice.m.Contacts().Save(t.Context(), added(friend.id)))
	direct := func(i int) *payloads.ChatMessage {
		m := shown(mallory, fmt.Sprint("direct ", i), 50_000)
		m.ChatID, m.MessageType = alice.id, payloads.OneToOne
		return m
	}
	for range 10 {
		ok(t, friend.posts(alice, shown(friend, "friend", 50_000)))
	}
	before := alice.loggedBytes()
	for i := range 40 {
		ok(t, mallory.posts(alice, shown(mallory, fmt.Sprint("public ", i), 50_000)))
		ok(t, mallory.brings(alice, direct(i)))
	}
	if n := alice.loggedBytes() - before; n > 2*300_000*3/2 || n < 300_000 {
		t.Errorf("%d bytes of events", n)
	}
	if before < 10*50_000 {
		t.Errorf("%d bytes of a contact", before)
	}
	if n := alice.count("event_picture"); n > 20 {
		t.Errorf("%d events are bound", n)
	}
}

// TestOldestOfAFullChatIsNotTold: what comes is older than all that is kept.
func TestOldestOfAFullChatIsNotTold(t *testing.T) {
	alice := hosts(t)
	mallory := stranger(t, alice.now)
	late := said(mallory, "late")
	for i := range 30 {
		ok(t, mallory.posts(alice, said(mallory, fmt.Sprint("text ", i))))
	}
	before, at := alice.texts(tea), alice.newest()
	if err := mallory.posts(alice, late); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("got %v", err)
	}
	alice.wantEvents(&at)
	if got := alice.texts(tea); !slices.Equal(got, before) {
		t.Errorf("%v, before %v", got, before)
	}
	alice.checkChat()
}

// TestWhatRefersToARemovedMessageBehaves: answers, reactions, edits, deletions,
// pins, and the message itself when it comes again.
func TestWhatRefersToARemovedMessageBehaves(t *testing.T) {
	alice := hosts(t)
	mallory := stranger(t, alice.now)
	first := said(mallory, "first")
	gone := sealedID(mallory, first)
	ok(t, mallory.posts(alice, first))
	answer := said(mallory, "answer")
	answer.ResponseTo = gone
	for i := range 20 {
		ok(t, mallory.posts(alice, said(mallory, fmt.Sprint("text ", i))))
	}
	if slices.Contains(alice.texts(tea), "first") {
		t.Fatal("the first message is still there")
	}
	at := alice.newest()
	answer.Clock = uint64(mallory.now().UnixMilli()) + 1
	ok(t, mallory.posts(alice, answer))
	clock := answer.Clock + 1
	ok(t, mallory.posts(alice, &payloads.EmojiReaction{
		Clock: clock, ChatID: tea, MessageID: gone, MessageType: payloads.PublicGroup, Emoji: 1,
	}))
	for _, body := range []payloads.Body{
		&payloads.EditMessage{Clock: clock, ChatID: tea, MessageID: gone, MessageType: payloads.PublicGroup, Text: "other"},
		&payloads.DeleteMessage{Clock: clock, ChatID: tea, MessageID: gone, MessageType: payloads.PublicGroup},
		&payloads.PinMessage{Clock: clock, ChatID: tea, MessageID: gone, MessageType: payloads.PublicGroup, Pinned: true},
	} {
		if err := mallory.posts(alice, body); !errors.Is(err, courier.ErrDrop) {
			t.Errorf("%T: %v", body, err)
		}
	}
	ok(t, mallory.posts(alice, first)) // a copy: handled before
	alice.wantEvents(&at, api.EventMessagesNew, api.EventMessagesNew, api.EventReactionAdded)
	if slices.Contains(alice.texts(tea), "first") {
		t.Error("the removed message came back")
	}
	if _, err := alice.m.Messages().ByID(t.Context(), gone); !errors.Is(err, ErrUnknownMessage) {
		t.Errorf("the removed message: %v", err)
	}
	if m := alice.message(sealedID(mallory, answer)); m.Text != "answer" {
		t.Errorf("the answer is %+v", m)
	}
	alice.checkChat()
}

// TestContactsAreNoGuests: what somebody wrote before stays once he is added, and
// an edit changes what is counted.
func TestContactsAreNoGuests(t *testing.T) {
	alice := hosts(t)
	bob := stranger(t, alice.now)
	m := said(bob, "short")
	ok(t, bob.posts(alice, m))
	before := alice.weight("", store.GuestText)
	ok(t, bob.posts(alice, &payloads.EditMessage{
		Clock: m.Clock + 1, ChatID: tea, MessageID: sealedID(bob, m),
		MessageType: payloads.PublicGroup, Text: "much longer than it was",
	}))
	if n := alice.weight("", store.GuestText) - before; n != 4*int64(len("much longer than it was")-len("short")) {
		t.Errorf("the edit counts %d", n)
	}
	ok(t, bob.posts(alice, &payloads.EmojiReaction{
		Clock: m.Clock + 2, ChatID: tea, MessageID: payloads.MessageID{1}.String(), MessageType: payloads.PublicGroup,
		Emoji: 1,
	}))
	ok(t, alice.m.Contacts().Save(t.Context(), added(bob.id)))
	for _, class := range []store.Guest{store.GuestText, store.GuestMedia, store.GuestReaction} {
		if n := alice.weight("", class); n != 0 {
			t.Errorf("class %d: %d bytes are counted", class, n)
		}
	}
	for i := range 40 {
		ok(t, bob.posts(alice, said(bob, fmt.Sprint("text ", i))))
	}
	if n := len(alice.texts(tea)); n != 41 {
		t.Errorf("%d messages of a contact", n)
	}
}

// TestNearlyFullDiskIsForPeopleWeKnow: what others write is neither stored nor
// acknowledged nor remembered, and taken when there is room.
func TestNearlyFullDiskIsForPeopleWeKnow(t *testing.T) {
	room := false
	alice := hosts(t, func(c *Config) { c.Policy.Room = func() bool { return room } })
	friend, other, met := stranger(t, alice.now), stranger(t, alice.now), stranger(t, alice.now)
	ok(t, alice.m.Contacts().Save(t.Context(), added(friend.id)))
	alice.write(met.id, "hello")
	alice.flush()
	ok(t, friend.posts(alice, said(friend, "public")))
	ok(t, friend.brings(alice, hello(friend, alice, "private")))
	ok(t, met.brings(alice, hello(met, alice, "met")))
	waiting := said(other, "waiting")
	direct := hello(other, alice, "direct")
	request := &payloads.ContactUpdate{Clock: uint64(other.now().UnixMilli())}
	for range 2 {
		var refused *dropError
		for _, err := range []error{
			other.posts(alice, waiting), other.brings(alice, direct), other.brings(alice, request),
		} {
			if !errors.As(err, &refused) || !refused.again || refused.reason != "disk_full" {
				t.Errorf("got %v", err)
			}
		}
	}
	if n := alice.count("contact"); n > 3 {
		t.Errorf("%d people", n)
	}
	room = true
	ok(t, other.posts(alice, waiting))
	ok(t, other.brings(alice, direct))
	ok(t, other.brings(alice, request))
	if got := alice.texts(tea); !slices.Equal(got, []string{"waiting", "public"}) && len(got) != 2 {
		t.Errorf("%v", got)
	}
	if got := alice.texts(other.id); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

// TestEditsOfGuestsAreBounded: short messages that become long do not get past
// the bounds.
func TestEditsOfGuestsAreBounded(t *testing.T) {
	alice := hosts(t)
	mallory := stranger(t, alice.now)
	var ids []string
	for i := range 12 {
		m := said(mallory, fmt.Sprint(i))
		ids = append(ids, sealedID(mallory, m))
		ok(t, mallory.posts(alice, m))
	}
	for _, id := range ids {
		_ = mallory.posts(alice, &payloads.EditMessage{
			Clock: uint64(mallory.now().UnixMilli()) + 1, Text: string(bytes.Repeat([]byte("x"), 1500)), ChatID: tea,
			MessageID: id, MessageType: payloads.PublicGroup,
		})
		if n := alice.weight(mallory.id, store.GuestText); n > 10_000 {
			t.Fatalf("%d bytes of texts", n)
		}
	}
	alice.checkChat()
}
