package messenger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
	"statusd/messenger/courier"
	"statusd/payloads"
	"statusd/transport"
)

// crew makes people that all know each other's groups at once.
func crew(t *testing.T, n int) []*party {
	t.Helper()
	out := make([]*party, n)
	for i := range out {
		out[i] = newParty(t, newKey(t))
	}
	return out
}

// create makes a group of all, with everybody joined.
func create(t *testing.T, all ...*party) string {
	t.Helper()
	ids := make([]string, 0, len(all))
	for _, p := range all[1:] {
		ids = append(ids, p.id)
	}
	r := must[api.Changes](t)(all[0].m.Groups().Create(t.Context(), "crew", ids))
	spread(all[0], all[1:]...)
	for _, p := range all[1:] {
		p.pass(time.Second)
		must[api.Changes](t)(p.m.Groups().Confirm(t.Context(), r.Chats[0].ID))
		spread(p, others(all, p)...)
	}
	return r.Chats[0].ID
}

func others(all []*party, but *party) []*party {
	return slices.DeleteFunc(slices.Clone(all), func(p *party) bool { return p == but })
}

// roll describes the members of a group, to compare what people see.
func (p *party) roll(group string) string {
	c := p.chat(group)
	var lines []string
	for _, m := range c.Members {
		lines = append(lines, fmt.Sprintf("%s admin %t joined %t", m.ID, m.Admin, m.Joined))
	}
	return c.Name + "\n" + strings.Join(lines, "\n")
}

func wantSame(t *testing.T, group string, all ...*party) {
	t.Helper()
	for _, p := range all[1:] {
		if got, want := p.roll(group), all[0].roll(group); got != want {
			t.Errorf("the group differs:\n%s\nand\n%s", got, want)
		}
	}
}

// TestGroupLife goes through everything that can happen to a group.
func TestGroupLife(t *testing.T) {
	all := crew(t, 4)
	alice, bob, carol, dave := all[0], all[1], all[2], all[3]
	ctx := t.Context()
	var at [4]int64
	r := must[api.Changes](t)(alice.m.Groups().Create(ctx, "crew", []string{bob.id, carol.id, bob.id, alice.id}))
	group := r.Chats[0].ID
	if len(r.Messages) != 2 || len(r.Chats[0].MembershipUpdateEvents) != 2 {
		t.Errorf("created: %+v", r)
	}
	alice.wantEvents(&at[0], api.EventGroupCreated, api.EventMessagesNew, api.EventMemberAdded, api.EventMemberAdded)
	spread(alice, bob, carol)
	bob.wantEvents(&at[1], api.EventGroupCreated, api.EventMessagesNew, api.EventMemberAdded, api.EventMemberAdded)

	// Invited, one sees the group but neither writes nor receives.
	if _, err := bob.m.Messages().Send(ctx, toSend{ChatID: group, Text: "x"}); !errors.Is(err, ErrNotMember) {
		t.Errorf("before joining: %v", err)
	}
	must[api.Changes](t)(alice.m.Messages().Send(ctx, toSend{ChatID: group, Text: "too early"}))
	if sent := alice.flush(); len(sent) != 0 {
		t.Errorf("a message nobody may read was sent: %+v", sent)
	}
	for _, p := range []*party{bob, carol} {
		must[api.Changes](t)(p.m.Groups().Confirm(ctx, group))
		spread(p, others(all[:3], p)...)
	}
	wantSame(t, group, alice, bob, carol)
	_, _ = bob.events(&at[1])
	hello := must[api.Changes](t)(alice.m.Messages().Send(ctx, toSend{ChatID: group, Text: "hello"})).Messages[0]
	spread(alice, bob, carol)
	bob.wantEvents(&at[1], api.EventMessagesNew)
	for _, p := range []*party{bob, carol} {
		if m := p.message(hello.ID); m.Text != "hello" || m.MessageType != api.MessagePrivateGroup || m.ChatID != group {
			t.Errorf("group message %+v", m)
		}
	}

	// Only admins change things.
	for name, do := range map[string]func() (api.Changes, error){
		"add":    func() (api.Changes, error) { return bob.m.Groups().AddMembers(ctx, group, []string{dave.id}) },
		"remove": func() (api.Changes, error) { return bob.m.Groups().RemoveMember(ctx, group, carol.id) },
		"admin":  func() (api.Changes, error) { return bob.m.Groups().AddAdmins(ctx, group, []string{bob.id}) },
		"rename": func() (api.Changes, error) { return bob.m.Groups().Rename(ctx, group, "mine") },
	} {
		if _, err := do(); !errors.Is(err, ErrNotAdmin) {
			t.Errorf("%s by a member: %v", name, err)
		}
	}
	must[api.Changes](t)(alice.m.Groups().AddAdmins(ctx, group, []string{bob.id}))
	spread(alice, bob, carol)
	bob.wantEvents(&at[1], api.EventMessagesNew, api.EventAdminAdded)
	must[api.Changes](t)(bob.m.Groups().Rename(ctx, group, "our crew"))
	must[api.Changes](t)(bob.m.Groups().AddMembers(ctx, group, []string{dave.id}))
	spread(bob, alice, carol, dave)
	wantSame(t, group, alice, bob, carol, dave)
	if c := dave.chat(group); c.Name != "our crew" || !c.Active {
		t.Errorf("dave sees %+v", c)
	}

	// Who leaves tells the others; who is removed learns it.
	must[api.Changes](t)(carol.m.Groups().Leave(ctx, group, true))
	spread(carol, alice, bob, dave)
	if carol.chat(group).Active {
		t.Error("the group is still active for who left it")
	}
	_, _ = alice.events(&at[0])
	must[api.Changes](t)(alice.m.Groups().RemoveMember(ctx, group, dave.id))
	spread(alice, bob, dave)
	alice.wantEvents(&at[0], api.EventMessagesNew, api.EventMemberRemoved)
	wantSame(t, group, alice, bob, dave)
	if _, err := dave.m.Messages().Send(ctx, toSend{ChatID: group, Text: "x"}); !errors.Is(err, ErrNotMember) {
		t.Errorf("after removal: %v", err)
	}
	if _, err := dave.m.Groups().Confirm(ctx, group); !errors.Is(err, ErrNotMember) {
		t.Errorf("joining after removal: %v", err)
	}
	if members := alice.chat(group).Members; len(members) != 2 {
		t.Errorf("members %+v", members)
	}
}

// TestDeletedChatsAreLeftFirst: deleting a chat leaves it, also where that was
// done before, and nothing of it comes back.
func TestDeletedChatsAreLeftFirst(t *testing.T) {
	all := crew(t, 4)
	alice, bob, carol, dave := all[0], all[1], all[2], all[3]
	ctx, group := t.Context(), create(t, all...)
	must[api.Changes](t)(alice.m.Messages().Send(ctx, toSend{ChatID: group, Text: "hi all"}))
	spread(alice, bob, carol, dave)
	gone := func(p *party, id string) {
		t.Helper()
		if _, err := p.m.Chats().ByID(ctx, id); !errors.Is(err, ErrUnknownChat) {
			t.Errorf("the chat is still there: %v", err)
		}
	}
	must[api.Changes](t)(carol.m.Groups().Leave(ctx, group, false))
	spread(carol, alice, bob, dave)
	must[api.Changes](t)(alice.m.Groups().RemoveMember(ctx, group, dave.id))
	spread(alice, bob, carol, dave)
	for _, p := range []*party{bob, carol, dave} { // a member, who left, who was removed
		ok(t, p.m.Chats().LeaveAndDelete(ctx, group))
		gone(p, group)
		spread(p, alice)
	}
	if members := alice.chat(group).Members; len(members) != 1 || members[0].ID != alice.id {
		t.Errorf("members %+v", members)
	}
	must[api.Changes](t)(alice.m.Groups().Rename(ctx, group, "mine"))
	spread(alice, bob, carol, dave)
	gone(bob, group)
	must[api.Sent](t)(bob.m.Mail().SendTo(ctx, SendRequest{Recipients: []string{"#tea"}, Message: "x"}))
	ok(t, bob.m.Chats().LeaveAndDelete(ctx, "tea"))
	gone(bob, "tea")
	if err := bob.m.Chats().LeaveAndDelete(ctx, "tea"); !errors.Is(err, ErrUnknownChat) {
		t.Errorf("once more: %v", err)
	}
	// Joining again begins empty.
	ok(t, bob.m.Chats().Join(ctx, "tea"))
	if got := bob.texts("tea"); len(got) != 0 {
		t.Errorf("%q came back", got)
	}
}

// TestDeletionIsAllOrNothing: what cannot be left is not deleted, and a group
// whose update cannot be sent is not left.
func TestDeletionIsAllOrNothing(t *testing.T) {
	all := crew(t, 2)
	ctx, group := t.Context(), create(t, all...)
	bob := all[1]
	bob.courier.fail = errors.New("no room")
	if err := bob.m.Chats().LeaveAndDelete(ctx, group); !errors.Is(err, bob.courier.fail) {
		t.Fatalf("got %v", err)
	}
	if c := bob.chat(group); !c.Active || len(c.Members) != 2 {
		t.Errorf("half deleted: %+v", c)
	}
}

// TestGroupDelivery: a message to a group is delivered when all others have
// acknowledged it; own devices do not count.
func TestGroupDelivery(t *testing.T) {
	all := crew(t, 3)
	group := create(t, all...)
	alice := all[0]
	alice.courier.paired = true
	m := must[api.Changes](t)(alice.m.Messages().Send(t.Context(), toSend{ChatID: group, Text: "x"})).Messages[0]
	if sent := alice.flush(); len(sent) != 1 || len(sent[0].to) != 3 {
		t.Fatalf("sent %+v", sent)
	}
	ack := func(by key.Public) {
		alice.tx(func(tx *store.Tx) error { return alice.m.Delivered(t.Context(), tx, idOf(t, m.ID), by, 99) })
	}
	var at int64
	_, _ = alice.events(&at)
	ack(alice.key.Public())
	ack(all[1].key.Public())
	ack(all[1].key.Public())
	if got := alice.message(m.ID); got.OutgoingStatus != "sent" || !slices.Equal(got.DeliveredTo, []string{all[1].id}) {
		t.Errorf("after one of two: %s %v", got.OutgoingStatus, got.DeliveredTo)
	}
	ack(all[2].key.Public())
	if got := alice.message(m.ID); got.OutgoingStatus != "delivered" || len(got.DeliveredTo) != 2 {
		t.Errorf("after all: %s %v", got.OutgoingStatus, got.DeliveredTo)
	}
	bodies := alice.wantEvents(&at, api.EventMessageDelivered, api.EventMessageDelivered)
	if !strings.Contains(bodies[0], `"waiting":1`) || !strings.Contains(bodies[1], `"waiting":0`) {
		t.Errorf("events %v", bodies)
	}
}

// TestGroupMessageThatSomeNeverGot: a message failed when nobody acknowledged it
// in time, our own devices apart.
func TestGroupMessageThatSomeNeverGot(t *testing.T) {
	all := crew(t, 3)
	group := create(t, all...)
	alice := all[0]
	for _, c := range []struct {
		acked  []*party
		status api.OutgoingStatus
		events []api.EventType
	}{
		{all[:2], "sent", nil},
		{all[:1], "not-sent", []api.EventType{api.EventEnvelopeExpired}},
		{nil, "not-sent", []api.EventType{api.EventEnvelopeExpired}},
	} {
		m := must[api.Changes](t)(alice.m.Messages().Send(t.Context(), toSend{ChatID: group, Text: "x"})).Messages[0]
		id := idOf(t, m.ID)
		for _, by := range c.acked {
			alice.tx(func(tx *store.Tx) error { return alice.m.Delivered(t.Context(), tx, id, by.key.Public(), 1) })
		}
		var at int64
		_, _ = alice.events(&at)
		alice.tx(func(tx *store.Tx) error {
			return alice.m.Failed(t.Context(), tx, []courier.ID{id}, courier.FailedLifetime)
		})
		if got := alice.message(m.ID).OutgoingStatus; got != c.status {
			t.Errorf("acknowledged by %d: %s, want %s", len(c.acked), got, c.status)
		}
		alice.wantEvents(&at, c.events...)
	}
}

// TestGroupClocks: events come after those of a creator whose clock is ahead.
func TestGroupClocks(t *testing.T) {
	all := crew(t, 2)
	alice, bob := all[0], all[1]
	alice.pass(50 * time.Second)
	r := must[api.Changes](t)(alice.m.Groups().Create(t.Context(), "ahead", []string{bob.id}))
	spread(alice, bob)
	must[api.Changes](t)(bob.m.Groups().Confirm(t.Context(), r.Chats[0].ID))
	spread(bob, alice)
	wantSame(t, r.Chats[0].ID, alice, bob)
	if !hasJoined(&store.Chat{Members: rows(alice.chat(r.Chats[0].ID).Members)}, bob.id) {
		t.Error("bob has not joined")
	}
	alice.pass(time.Hour)
	must[api.Changes](t)(alice.m.Groups().Rename(t.Context(), r.Chats[0].ID, "further"))
	if err := bob.receive(bob.parcelFrom(alice, alice.flush()[0])); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("an event one hour ahead: %v", err)
	}
}

func rows(list []api.Member) (out []store.Member) {
	for _, m := range list {
		out = append(out, store.Member(m))
	}
	return out
}

// TestGroupReactions go to all members, once, and are found with their page.
func TestGroupReactions(t *testing.T) {
	all := crew(t, 3)
	group := create(t, all...)
	alice, bob := all[0], all[1]
	ctx := t.Context()
	m := must[api.Changes](t)(alice.m.Messages().Send(ctx, toSend{ChatID: group, Text: "x"})).Messages[0]
	spread(alice, all[1:]...)
	var at int64
	_, _ = alice.events(&at)
	r := must[api.Changes](t)(bob.m.Reactions().Send(ctx, group, m.ID, api.EmojiLaugh))
	if sent := bob.courier.sent; len(sent) != 1 || sent[0].route != routeOnce {
		t.Errorf("sent %+v", sent)
	}
	spread(bob, alice, all[2])
	alice.wantEvents(&at, api.EventMessagesNew, api.EventReactionAdded)
	for _, p := range all {
		list := must[[]api.Reaction](t)(p.m.Reactions().ByChat(ctx, group, "", 20))
		if len(list) != 1 || list[0].From != bob.id || list[0].EmojiID != api.EmojiLaugh {
			t.Errorf("reactions %+v", list)
		}
	}
	must[api.Changes](t)(bob.m.Reactions().Retract(ctx, r.EmojiReactions[0].ID))
	spread(bob, alice, all[2])
	alice.wantEvents(&at, api.EventMessagesNew, api.EventReactionRetracted)
	for _, p := range all {
		if list := must[[]api.Reaction](t)(p.m.Reactions().ByChat(ctx, group, "", 20)); len(list) != 0 {
			t.Errorf("reactions %+v", list)
		}
	}
	if bob.chat(group).LastClockValue < r.EmojiReactions[0].Clock {
		t.Error("the clock of a reaction is not the chat's")
	}
	if _, err := alice.m.Reactions().Retract(ctx, r.EmojiReactions[0].ID); !errors.Is(err, ErrUnknownReaction) {
		t.Errorf("somebody else's reaction: %v", err)
	}
	var rule *payloads.RuleError
	if _, err := alice.m.Reactions().Send(ctx, group, m.ID, 7); !errors.As(err, &rule) {
		t.Errorf("emoji 7: %v", err)
	}
}

// TestGroupInvitations: asking by a link, rejection, approval.
func TestGroupInvitations(t *testing.T) {
	all := crew(t, 3)
	alice, bob, mallory := all[0], all[1], all[2]
	ctx := t.Context()
	group := must[api.Changes](t)(alice.m.Groups().Create(ctx, "club", nil)).Chats[0].ID
	must[api.Changes](t)(bob.m.Groups().CreateFromInvitation(ctx, "club", group, alice.id))
	if _, err := bob.m.Groups().CreateFromInvitation(ctx, "club", group, alice.id); !errors.Is(err, ErrExists) {
		t.Errorf("twice: %v", err)
	}
	r := must[api.Changes](t)(bob.m.Groups().RequestInvitation(ctx, group, alice.id, "let me in"))
	spread(bob, alice)
	list := must[[]api.Invitation](t)(alice.m.Groups().Invitations(ctx))
	if len(list) != 1 || list[0].From != bob.id || list[0].IntroductionMessage != "let me in" || list[0].State != 1 {
		t.Fatalf("invitations %+v", list)
	}

	// A rejection counts from the admin who was asked alone.
	no := payloads.GroupInvitation{
		Clock: uint64(bob.now().UnixMilli()) + 5000, ChatID: group, State: payloads.InvitationRejected,
	}
	c := bob.parcelFrom(mallory, sending{route: routeReliable, wrapper: seal(t, &no, mallory.key)})
	if err := bob.receive(c); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("rejection by somebody else: %v", err)
	}
	must[api.Changes](t)(alice.m.Groups().RejectInvitation(ctx, list[0].ID))
	spread(alice, bob)
	mine := must[[]api.Invitation](t)(bob.m.Groups().Invitations(ctx))
	if len(mine) != 1 || mine[0].State != api.InvitationRejected || mine[0].ID != r.Invitations[0].ID {
		t.Errorf("after rejection %+v", mine)
	}
	bob.pass(time.Second)
	must[api.Changes](t)(bob.m.Groups().RequestInvitation(ctx, group, alice.id, "please"))
	spread(bob, alice)
	must[api.Changes](t)(alice.m.Groups().AddMembers(ctx, group, []string{bob.id}))
	spread(alice, bob)
	for _, p := range []*party{alice, bob} {
		list := must[[]api.Invitation](t)(p.m.Groups().Invitations(ctx))
		if list[0].State != api.InvitationApproved {
			t.Errorf("after joining %+v", list)
		}
	}
	if c := bob.chat(group); c.InvitationAdmin != "" || len(c.Members) != 2 {
		t.Errorf("the group %+v", c)
	}
	_, err := alice.m.Groups().RejectInvitation(ctx, payloads.MessageID{}.String())
	if !errors.Is(err, ErrUnknownInvitation) {
		t.Errorf("unknown: %v", err)
	}
}

// TestGroupRefuses what is wrong before anything is sent.
func TestGroupRefuses(t *testing.T) {
	all := crew(t, 2)
	alice, bob := all[0], all[1]
	ctx := t.Context()
	group := create(t, all...)
	var rule *payloads.RuleError
	isRule := func(_ api.Changes, err error) bool { return errors.As(err, &rule) }
	for name, ok := range map[string]bool{
		"empty name":      isRule(alice.m.Groups().Create(ctx, " ", nil)),
		"long name":       isRule(alice.m.Groups().Create(ctx, strings.Repeat("x", 2000), nil)),
		"a name as bytes": isRule(alice.m.Groups().Create(ctx, "\xff", nil)),
		"a wrong id":      isRule(alice.m.Groups().Create(ctx, "x", []string{"0x04"})),
		"a member again":  isRule(alice.m.Groups().AddMembers(ctx, group, []string{bob.id})),
		"nobody":          isRule(alice.m.Groups().AddMembers(ctx, group, nil)),
		"no member":       isRule(alice.m.Groups().AddAdmins(ctx, group, []string{newKey(t).Public().ContactID()})),
		"joining twice":   isRule(bob.m.Groups().Confirm(ctx, group)),
		"a stranger":      isRule(alice.m.Groups().RemoveMember(ctx, group, newKey(t).Public().ContactID())),
	} {
		if !ok {
			t.Errorf("%s was not refused", name)
		}
	}
	if _, err := alice.m.Groups().Rename(ctx, "nowhere", "x"); !errors.Is(err, ErrUnknownChat) {
		t.Errorf("no group: %v", err)
	}
	alice.write("#garden", "x")
	if _, err := alice.m.Groups().Rename(ctx, "garden", "x"); !errors.Is(err, ErrChatType) {
		t.Errorf("no group: %v", err)
	}
	must[[]api.Chat](t)(alice.m.Contacts().Block(ctx, api.BlockedContact{ID: bob.id}))
	if _, err := alice.m.Groups().Create(ctx, "x", []string{bob.id}); !errors.Is(err, ErrBlocked) {
		t.Errorf("blocked: %v", err)
	}
}

// TestInjectionIntoGroups: whoever knows a group's id cannot write into it as
// if it were a public chat, nor as a stranger.
func TestInjectionIntoGroups(t *testing.T) {
	all := crew(t, 3)
	group := create(t, all[:2]...)
	bob, mallory := all[1], all[2]
	body := payloads.ChatMessage{
		Clock: uint64(start().UnixMilli()), Timestamp: 1, Text: "x", ChatID: group,
		MessageType: payloads.PublicGroup, ContentType: payloads.ContentText,
	}
	public := sending{route: routePublic, chat: group, wrapper: seal(t, &body, mallory.key)}
	if err := bob.receive(bob.parcelFrom(mallory, public)); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("as public: %v", err)
	}
	body.MessageType = payloads.PrivateGroup
	private := sending{route: routeReliable, wrapper: seal(t, &body, mallory.key)}
	if err := bob.receive(bob.parcelFrom(mallory, private)); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("as a stranger: %v", err)
	}
	body.MessageType, body.ChatID = payloads.OneToOne, bob.id
	relayed := bob.parcelFrom(mallory, sending{route: routeReliable, wrapper: seal(t, &body, all[0].key)})
	if err := bob.receive(relayed); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("somebody's signed message, passed on: %v", err)
	}
	open := bob.parcelFrom(all[0], sending{route: routeReliable, wrapper: seal(t, &body, all[0].key)})
	open.Protection = transport.Open
	if err := bob.receive(open); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("a one-to-one message in public: %v", err)
	}
	bob.wantDrops(map[string]uint64{"not_public": 1, "author_not_joined": 1, "not_direct": 2})
}

// TestProfileChats: only its owner writes in a profile chat, and others react.
func TestProfileChats(t *testing.T) {
	alice, bob := pair(t)
	ctx := t.Context()
	profile := payloads.ProfileChat(alice.key.Public())
	for _, p := range []*party{alice, bob} {
		ok(t, p.m.Chats().Join(ctx, profile))
	}
	post := alice.write(profile, "my status")
	bob.take(alice)
	if m := bob.message(post); m.LocalChatID != profile || bob.chat(profile).ChatType != api.ChatProfile {
		t.Errorf("post %+v", m)
	}
	must[api.Changes](t)(bob.m.Reactions().Send(ctx, profile, post, api.EmojiSad))
	alice.take(bob)
	if list := must[[]api.Reaction](t)(alice.m.Reactions().ByChat(ctx, profile, "", 0)); len(list) != 1 {
		t.Errorf("reactions %+v", list)
	}
	forged := payloads.ChatMessage{
		Clock: uint64(start().UnixMilli()) + 1, Timestamp: 1, Text: "x", ChatID: profile,
		MessageType: payloads.PublicGroup, ContentType: payloads.ContentText,
	}
	s := sending{route: routePublic, chat: profile, wrapper: seal(t, &forged, bob.key)}
	if err := alice.receive(alice.parcelFrom(bob, s)); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("a post by somebody else: %v", err)
	}
	alice.wantDrops(map[string]uint64{"not_profile_owner": 1})
}
