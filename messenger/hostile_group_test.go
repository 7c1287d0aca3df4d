package messenger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"statusd/api"
	"statusd/internal/store"
	"statusd/messenger/courier"
	"statusd/payloads"
)

// updateFrom hands somebody an update with events that he may not like.
func (p *party) updateFrom(from *party, chat string, events ...[]byte) error {
	p.t.Helper()
	u := &payloads.MembershipUpdate{ChatID: chat, Events: events}
	return p.receive(p.parcelFrom(from, sending{route: routeReliable, wrapper: sealAnything(p.t, u, from)}))
}

// rawEvents are the events that updates of somebody carry.
func (p *party) rawEvents(group string) (raw [][]byte) {
	for _, e := range p.chat(group).MembershipUpdateEvents {
		raw = append(raw, e.RawPayload)
	}
	return raw
}

func (p *party) storedEvents(group string) (events []store.GroupEvent) {
	p.t.Helper()
	p.tx(func(tx *store.Tx) error {
		chat, _, err := tx.Chats().ByID(group)
		if err == nil {
			events, err = tx.Groups().Events(chat.Key)
		}
		return err
	})
	return events
}

// flood is what a removed member signs: removals of himself.
func flood(t *testing.T, by *party, group string, n int) (raw [][]byte) {
	t.Helper()
	clock := uint64(by.now().UnixMilli())
	for i := range n {
		raw = append(raw, hostileEvent(t, by, group, 5, clock+uint64(i), "", by.id))
	}
	return raw
}

// TestRemovedMemberCannotBloatTheGroup: thousands of removals of oneself change
// nothing, are not kept, not shown and not sent, and everybody goes on to write.
func TestRemovedMemberCannotBloatTheGroup(t *testing.T) {
	all := crew(t, 3)
	group := create(t, all...)
	alice, bob, mallory := all[0], all[1], all[2]
	ctx := t.Context()
	alice.pass(time.Second)
	must[api.Changes](t)(alice.m.Groups().RemoveMember(ctx, group, mallory.id))
	spread(alice, bob, mallory)
	for _, p := range all {
		p.pass(10 * time.Second)
	}
	before := len(alice.storedEvents(group))
	bloated := append(alice.rawEvents(group), flood(t, mallory, group, 3758)...)
	var at int64
	alice.events(&at)
	for _, p := range []*party{alice, bob} {
		ok(t, p.updateFrom(mallory, group, bloated...))
		if n := len(p.storedEvents(group)) - before; n > 10 {
			t.Errorf("%d events are stored", n)
		}
	}
	if names, _ := alice.events(&at); len(names) != 0 {
		t.Errorf("events %v", names)
	}
	for _, p := range all {
		p.pass(10 * time.Second)
	}
	must[api.Changes](t)(alice.m.Groups().Rename(ctx, group, "still here"))
	must[api.Changes](t)(alice.m.Messages().Send(ctx, api.OutgoingMessage{ChatID: group, Text: "hi"}))
	for _, s := range alice.flush() {
		if len(s.wrapper) > 8<<10 {
			t.Errorf("%d bytes are sent", len(s.wrapper))
		}
		bob.takeOne(alice, s)
	}
	wantSame(t, group, alice, bob)
}

// TestBloatedGroupHeals: events that were stored before there were bounds do not
// stay.
func TestBloatedGroupHeals(t *testing.T) {
	all := crew(t, 3)
	group := create(t, all...)
	alice, mallory := all[0], all[2]
	alice.tx(func(tx *store.Tx) error {
		chat, _, err := tx.Chats().ByID(group)
		if err != nil {
			return err
		}
		var rows []store.GroupEvent
		for _, raw := range flood(t, mallory, group, 3000) {
			e, err := payloads.ParseEvent(group, raw)
			if err != nil {
				return err
			}
			rows = append(rows, store.GroupEvent{
				Type: int(e.Type), Clock: e.Clock, Members: e.Members, From: e.From, Raw: e.Raw, Sent: true,
			})
		}
		return tx.Groups().Add(chat.Key, rows)
	})
	for _, p := range all {
		p.pass(10 * time.Second)
	}
	must[api.Changes](t)(alice.m.Messages().Send(t.Context(), api.OutgoingMessage{ChatID: group, Text: "hi"}))
	if sent := alice.flush(); len(sent) != 1 || len(sent[0].wrapper) > 8<<10 {
		t.Errorf("sent %d payloads", len(sent))
	}
	if n := len(alice.storedEvents(group)); n > 20 {
		t.Errorf("%d events are stored", n)
	}
	must[api.Changes](t)(alice.m.Groups().Rename(t.Context(), group, "healed"))
	spread(alice, all[1])
	if name := all[1].chat(group).Name; name != "healed" {
		t.Errorf("the group is called %q", name)
	}
}

// TestContradictionsOfAMember: one member tells each of two people another
// story. Both go on to read the others, and the next act of the admin makes
// them agree.
func TestContradictionsOfAMember(t *testing.T) {
	all := crew(t, 4)
	group := create(t, all...)
	alice, bob, carol, mallory := all[0], all[1], all[2], all[3]
	for _, p := range all {
		p.pass(10 * time.Second)
	}
	list := alice.rawEvents(group)
	clock := uint64(start().UnixMilli()) + 10_000
	left := append(alice.rawEvents(group), hostileEvent(t, mallory, group, 5, clock, "", mallory.id))
	joined := append(list, hostileEvent(t, mallory, group, 4, clock+1, ""))
	ok(t, bob.updateFrom(mallory, group, left...))
	ok(t, carol.updateFrom(mallory, group, joined...))
	ok(t, alice.updateFrom(mallory, group, joined...))
	ok(t, alice.updateFrom(mallory, group, left...))
	for _, p := range []*party{bob, alice, carol} {
		p.pass(time.Second)
		text := must[api.Changes](t)(p.m.Messages().Send(t.Context(), api.OutgoingMessage{ChatID: group,
			Text: p.id})).Messages[0]
		for _, s := range p.flush() {
			for _, to := range others(all[:3], p) {
				ok(t, to.receive(to.parcelFrom(p, s)))
				if got := to.message(text.ID); got.Text != p.id {
					t.Errorf("message %+v", got)
				}
			}
		}
	}
	for _, p := range all {
		p.pass(10 * time.Second)
	}
	r := must[api.Changes](t)(alice.m.Groups().Rename(t.Context(), group, "agreed"))
	if len(r.Messages) < 2 {
		t.Errorf("nothing was settled: %+v", r.Messages)
	}
	spread(alice, bob, carol)
	wantSame(t, group, alice, bob, carol)
	if len(alice.chat(group).Members) != 3 {
		t.Errorf("members %+v", alice.chat(group).Members)
	}
}

// TestOneEventHoweverSigned: another signature of a known event is nothing new.
func TestOneEventHoweverSigned(t *testing.T) {
	all := crew(t, 3)
	group := create(t, all...)
	alice, mallory := all[0], all[2]
	stored, shown := len(alice.storedEvents(group)), len(alice.texts(group))
	list := alice.rawEvents(group)
	for i := range list {
		list[i] = twist(list[i])
	}
	ok(t, alice.updateFrom(mallory, group, list...))
	if n := len(alice.storedEvents(group)); n != stored {
		t.Errorf("%d events are stored, %d were", n, stored)
	}
	if n := len(alice.texts(group)); n != shown {
		t.Errorf("%d messages are shown, %d were", n, shown)
	}
}

// TestSignaturesAreCharged: a large list whose last event is not allowed costs
// its sender his allowance, and nothing when it comes again.
func TestSignaturesAreCharged(t *testing.T) {
	alice, mallory := pair(t)
	chat := payloads.GroupChat([16]byte{1}, mallory.key.Public())
	clock := uint64(start().UnixMilli())
	list := [][]byte{hostileEvent(t, mallory, chat, 1, clock, "g"), hostileEvent(t, mallory, chat, 3, clock, "", alice.id)}
	for i := range uint64(1500) {
		list = append(list, hostileEvent(t, mallory, chat, 2, clock+1+i, fmt.Sprint(i)))
	}
	list = append(list, hostileEvent(t, alice, chat, 2, clock+2000, "not an admin"))
	spent := func() float64 { return alice.m.signers.authors[mallory.id].spent }
	for range 3 {
		if err := alice.updateFrom(mallory, chat, list...); !errors.Is(err, courier.ErrDrop) {
			t.Errorf("accepted: %v", err)
		}
		if got := spent(); got > authorSignatures {
			t.Errorf("%v signatures at once", got)
		}
	}
	alice.wantDrops(map[string]uint64{"group_signatures": 3})
	alice.pass(time.Hour)
	if err := alice.updateFrom(mallory, chat, list...); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("accepted: %v", err)
	}
	after := spent()
	for range 3 {
		if err := alice.updateFrom(mallory, chat, list...); !errors.Is(err, courier.ErrDrop) {
			t.Errorf("accepted: %v", err)
		}
	}
	if spent() != after {
		t.Error("known signatures are computed again")
	}
	alice.wantDrops(map[string]uint64{"group_signatures": 3, "group_event": 4})
	if n := len(alice.m.signers.known); n > maxSigners {
		t.Errorf("%d signers are remembered", n)
	}
}

// TestStrangersShareAnAllowance: many throw-away keys do not have many
// allowances, and a small invitation gets through beside them.
func TestStrangersShareAnAllowance(t *testing.T) {
	s := newSigners()
	now := start()
	digest := [32]byte{1}
	signature, err := newKey(t).Sign(digest)
	ok(t, err)
	computed := 0
	for i := range 100 {
		sign := s.chargedTo(fmt.Sprint(i), anybody, now)
		for range 100 {
			digest[1]++
			digest[2] += digest[1] / 255
			digest[3] = byte(i)
			if _, err := sign(digest, signature[:]); errors.Is(err, errSignatures) {
				break
			}
			computed++
		}
	}
	if most := strangerSignatures + 100*freeSignatures; computed > most {
		t.Errorf("%d signatures, at most %d are allowed", computed, most)
	}
	sign := s.chargedTo("honest", anybody, now)
	for i := range byte(20) {
		if _, err := sign([32]byte{9, i}, signature[:]); errors.Is(err, errSignatures) {
			t.Fatalf("an invitation is refused at event %d", i)
		}
	}
}

// TestGroupOfStrangersTrustsNobody: the members of a group that a stranger sent
// us, and that we have not joined, are strangers.
func TestGroupOfStrangersTrustsNobody(t *testing.T) {
	all := crew(t, 3)
	alice, mallory, sybil := all[0], all[1], all[2]
	chat := payloads.GroupChat([16]byte{1}, mallory.key.Public())
	clock := uint64(start().UnixMilli())
	list := [][]byte{
		hostileEvent(t, mallory, chat, 1, clock, "g"),
		hostileEvent(t, mallory, chat, 3, clock+1, "", alice.id, sybil.id),
	}
	ok(t, alice.updateFrom(mallory, chat, list...))
	for i := range uint64(strangerSignatures + 500) {
		list = append(list, hostileEvent(t, mallory, chat, 2, clock+2+i, fmt.Sprint(i)))
	}
	for _, p := range []*party{mallory, sybil} {
		if err := alice.updateFrom(p, chat, list...); !errors.Is(err, courier.ErrDrop) {
			t.Errorf("accepted: %v", err)
		}
	}
	if alice.drops()["group_signatures"] == 0 {
		t.Error("nothing was charged")
	}
	if n := len(alice.m.signers.known); n > strangerSignatures+3*freeSignatures {
		t.Errorf("%d signatures were computed", n)
	}
}

// TestOversizedEventsDoNotCutAnybodyOff: an event that is too large to be kept
// does not keep the others of its list from counting.
func TestOversizedEventsDoNotCutAnybodyOff(t *testing.T) {
	all := crew(t, 3)
	group := create(t, all...)
	alice, bob, mallory := all[0], all[1], all[2]
	must[api.Changes](t)(alice.m.Groups().AddAdmins(t.Context(), group, []string{mallory.id}))
	spread(alice, bob, mallory)
	clock := uint64(start().UnixMilli()) + 20_000
	crowd := make([]string, 1500)
	for i := range crowd {
		crowd[i] = fmt.Sprint(i)
	}
	list := append(bob.rawEvents(group), hostileEvent(t, mallory, group, 3, clock, "", crowd...),
		hostileEvent(t, mallory, group, 2, clock+1, "renamed"))
	ok(t, bob.updateFrom(mallory, group, list...))
	if c := bob.chat(group); c.Name != "renamed" || len(c.Members) != 3 {
		t.Errorf("%q with %d members", c.Name, len(c.Members))
	}
}

// TestGroupEventsThatLeaveNothingAreNotShown: an admin of before, who backdates
// additions and removals, does not fill the chat with them.
func TestGroupEventsThatLeaveNothingAreNotShown(t *testing.T) {
	all := crew(t, 3)
	group := create(t, all...)
	alice, mallory := all[0], all[2]
	must[api.Changes](t)(alice.m.Groups().AddAdmins(t.Context(), group, []string{mallory.id}))
	clock := alice.chat(group).LastClockValue
	for _, p := range all {
		p.pass(time.Minute)
	}
	resigned := hostileEvent(t, mallory, group, 7, clock+30_000, "", mallory.id)
	list := append(alice.rawEvents(group), resigned)
	ok(t, alice.updateFrom(mallory, group, list...))
	shown := len(alice.texts(group))
	for i := range uint64(200) {
		junk := fmt.Sprint("junk ", i)
		list = append(list, hostileEvent(t, mallory, group, 3, clock+1+2*i, "", junk),
			hostileEvent(t, mallory, group, 5, clock+2+2*i, "", junk))
	}
	ok(t, alice.updateFrom(mallory, group, list...))
	if n := len(alice.texts(group)); n != shown {
		t.Errorf("%d messages are shown, %d were", n, shown)
	}
}

// TestInflatedEventKeepsNobodyOut: what a member puts into his events does not
// keep those out who are invited later, nor does it make messages larger.
func TestInflatedEventKeepsNobodyOut(t *testing.T) {
	all := crew(t, 4)
	alice, bob, mallory, carol := all[0], all[1], all[2], all[3]
	group := create(t, alice, bob)
	alice.pass(10 * time.Second)
	must[api.Changes](t)(alice.m.Groups().AddMembers(t.Context(), group, []string{mallory.id}))
	for _, p := range all {
		p.clock.Store(alice.clock.Load())
		p.pass(10 * time.Second)
	}
	spread(alice, bob, mallory)
	clock := uint64(mallory.now().UnixMilli())
	crowd := make([]string, 500)
	for i := range crowd {
		crowd[i] = strings.Repeat("x", 1200)
	}
	joined := hostileEvent(t, mallory, group, 4, clock, "", crowd...)
	inflated := append(alice.rawEvents(group), joined)
	for _, p := range []*party{alice, bob} {
		ok(t, p.updateFrom(mallory, group, inflated...))
	}
	// A peer of 2020 forwards it to whom he invites.
	invited := hostileEvent(t, alice, group, 3, clock+1, "", carol.id)
	ok(t, carol.updateFrom(alice, group, append(inflated, invited)...))
	ok(t, alice.updateFrom(alice, group, append(inflated, invited)...))
	for _, p := range all {
		p.pass(10 * time.Second)
	}
	must[api.Changes](t)(carol.m.Groups().Confirm(t.Context(), group))
	spread(carol, alice, bob)
	must[api.Changes](t)(carol.m.Messages().Send(t.Context(), api.OutgoingMessage{ChatID: group, Text: "hi"}))
	for _, s := range carol.flush() {
		if len(s.wrapper) > 4<<10 {
			t.Errorf("%d bytes are sent", len(s.wrapper))
		}
		alice.takeOne(carol, s)
		bob.takeOne(carol, s)
	}
	wantSame(t, group, alice, bob, carol)
	for _, p := range []*party{alice, bob} {
		if texts := p.texts(group); !slices.Contains(texts, "hi") {
			t.Errorf("%q", texts)
		}
	}
}
