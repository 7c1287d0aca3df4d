package messenger

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"statusd/api"
	"statusd/internal/store"
	"statusd/messenger/courier"
	"statusd/payloads"
)

// stranger is somebody with a key and nothing else.
func stranger(t testing.TB, clock func() time.Time) *party {
	t.Helper()
	p := &party{t: t, key: newKey(t)}
	p.id, p.clock = p.key.Public().ContactID(), new(atomic.Int64)
	p.clock.Store(clock().UnixMilli())
	return p
}

// brings hands over what a stranger sends to somebody.
func (p *party) brings(to *party, body payloads.Body) error {
	p.t.Helper()
	return to.receive(to.parcelFrom(p, sending{route: routeReliable, wrapper: seal(p.t, body, p.key)}))
}

func hello(p, to *party, text string) *payloads.ChatMessage {
	return &payloads.ChatMessage{
		Clock: uint64(p.now().UnixMilli()), Timestamp: 1, Text: text, ChatID: to.id, MessageType: payloads.OneToOne,
		ContentType: payloads.ContentText,
	}
}

// board is a group that a stranger invites somebody to.
func board(t testing.TB, p, to *party, n byte) *payloads.MembershipUpdate {
	t.Helper()
	clock := uint64(p.now().UnixMilli())
	chat := payloads.GroupChat([16]byte{n}, p.key.Public())
	g := must[payloads.Group](t)(payloads.CreateGroup(chat, "board", p.key, clock))
	g = must[payloads.Group](t)(g.AddMembers([]string{to.id}, p.key, clock+1))
	return g.Update()
}

// count counts the rows of a table.
func (p *party) count(table string) (n int64) {
	p.t.Helper()
	p.tx(func(tx *store.Tx) error {
		_, err := tx.Get(`SELECT count(*) FROM `+table, nil, func(r store.Row) { n = r.Int64(0) })
		return err
	})
	return n
}

// newest is the number of the newest event.
func (p *party) newest() (seq int64) {
	p.t.Helper()
	p.tx(func(tx *store.Tx) error {
		_, err := tx.Get(`SELECT max(seq) FROM event_log`, nil, func(r store.Row) { seq = r.Int64(0) })
		return err
	})
	return seq
}

// comeFlood has strangers come, each once, many in a transaction as from the
// courier.
func comeFlood(t *testing.T, to *party, n int) {
	t.Helper()
	const batch = 100
	for range n / batch {
		err := to.db.Update(t.Context(), func(tx *store.Tx) error {
			for i := range batch {
				to.pass(100 * time.Millisecond)
				p := stranger(t, to.now)
				body := []payloads.Body{
					hello(p, to, "buy"), &payloads.ContactUpdate{Clock: uint64(p.now().UnixMilli()), ENSName: "spam"},
					hello(p, to, "now"), board(t, p, to, byte(i)),
				}[i%4]
				c := to.parcelFrom(p, sending{route: routeReliable, wrapper: seal(t, body, p.key)})
				if err := tx.Savepoint(func() error { return to.m.Receive(t.Context(), tx, c) }); err != nil {
					return err
				}
			}
			return nil
		})
		ok(t, err)
	}
}

// TestHonestStrangerInAFlood: however many keys somebody makes, a new person
// gets in, is told of, and stays when the user has looked; what strangers take
// up is bounded all the time.
func TestHonestStrangerInAFlood(t *testing.T) {
	const places = 100
	flood := 10_000
	if raceDetector {
		flood = 1_000 // the whole number runs without it, see scripts/test.sh
	}
	alice := newParty(t, newKey(t), func(c *Config) { c.Policy = Policy{MaxStrangers: places} })
	friend := stranger(t, alice.now)
	ok(t, alice.m.Contacts().Save(t.Context(), added(friend.id)))
	ok(t, friend.brings(alice, hello(friend, alice, "hi")))
	comeFlood(t, alice, flood/2)
	at := alice.newest()
	honest, asking, inviting := stranger(t, alice.now), stranger(t, alice.now), stranger(t, alice.now)
	ok(t, honest.brings(alice, hello(honest, alice, "we met at the fair")))
	ok(t, asking.brings(alice, &payloads.ContactUpdate{Clock: uint64(asking.now().UnixMilli()), ENSName: "carol"}))
	alice.wantEvents(&at, api.EventMessagesNew, api.EventMessagesNew, api.EventContactRequested)
	must[uint64](t)(alice.m.Messages().MarkSeen(t.Context(), honest.id, nil))
	ok(t, alice.m.Contacts().Save(t.Context(), added(asking.id)))
	group := board(t, inviting, alice, 1)
	ok(t, inviting.brings(alice, group))
	must[api.Changes](t)(alice.m.Groups().Confirm(t.Context(), group.ChatID))
	comeFlood(t, alice, flood/2)
	alice.flush()
	if got := alice.texts(honest.id); !slices.Equal(got, []string{"we met at the fair"}) {
		t.Errorf("of the honest stranger is left %v", got)
	}
	if c := alice.chat(group.ChatID); len(c.Members) != 2 {
		t.Errorf("the group is %+v", c)
	}
	if got := alice.texts(friend.id); len(got) != 1 {
		t.Errorf("of a friend is left %v", got)
	}
	last := stranger(t, alice.now)
	ok(t, last.brings(alice, hello(last, alice, "hello")))
	if got := alice.texts(last.id); len(got) != 1 {
		t.Error("the last one did not get in")
	}
	for table, most := range map[string]int64{
		"chat": places + 5, "contact": 2*places + 5, "message": 3*places + 10, "group_event": 3 * places, "reaction": 0,
	} {
		if n := alice.count(table); n > most {
			t.Errorf("%d rows of %s", n, table)
		}
	}
	if list := must[[]api.Contact](t)(alice.m.Contacts().List(t.Context())); len(list) > places+2 {
		t.Errorf("%d contacts are listed", len(list))
	}
}

// TestOldestUnreadStrangerMakesRoom: those whom the user read or gave a name
// stay as long as there are others.
func TestOldestUnreadStrangerMakesRoom(t *testing.T) {
	alice := newParty(t, newKey(t), func(c *Config) { c.Policy = Policy{MaxStrangers: 4} })
	all := make([]*party, 8)
	come := func(i int) {
		alice.pass(time.Second)
		all[i] = stranger(t, alice.now)
		ok(t, all[i].brings(alice, hello(all[i], alice, fmt.Sprint(i))))
	}
	here := func() (list []int) {
		chats := must[[]api.Chat](t)(alice.m.Chats().List(t.Context()))
		for i, p := range all {
			if p != nil && slices.ContainsFunc(chats, func(c api.Chat) bool { return c.ID == p.id }) {
				list = append(list, i)
			}
		}
		return list
	}
	for i := range 4 {
		come(i)
	}
	must[uint64](t)(alice.m.Messages().MarkSeen(t.Context(), all[0].id, nil))
	ok(t, alice.m.Contacts().Save(t.Context(), api.ContactSettings{ID: all[1].id, LocalNickname: "bob"}))
	for i, want := range [][]int{{0, 1, 3, 4}, {0, 1, 4, 5}, {0, 1, 5, 6}} {
		come(4 + i)
		if got := here(); !slices.Equal(got, want) {
			t.Errorf("after stranger %d: %v are here, want %v", 4+i, got, want)
		}
	}
	for _, i := range []int{5, 6} {
		must[uint64](t)(alice.m.Messages().MarkSeen(t.Context(), all[i].id, nil))
	}
	come(7)
	if got := here(); !slices.Equal(got, []int{1, 5, 6, 7}) {
		t.Errorf("after all were read: %v are here", got)
	}
	// One that made room is as if he had never been; what he wrote stays away.
	if k := must[*api.Contact](t)(alice.m.Contacts().ByID(t.Context(), all[2].id)); k != nil {
		t.Errorf("a contact is left: %+v", k)
	}
	if got := alice.drops()["stranger_made_room"]; got != 4 {
		t.Errorf("%d made room", got)
	}
}

// TestOneKeyTakesOnePlace: a stranger has a few groups and no requests for
// groups that are not ours, so that others find room.
func TestOneKeyTakesOnePlace(t *testing.T) {
	alice := newParty(t, newKey(t))
	mallory := stranger(t, alice.now)
	for n := range byte(100) {
		err := mallory.brings(alice, board(t, mallory, alice, n))
		if refused := errors.Is(err, courier.ErrDrop); refused != (n >= groupsOfStranger) {
			t.Errorf("group %d: %v", n, err)
		}
	}
	// Groups that others created, brought by one: the same.
	messenger := stranger(t, alice.now)
	taken := 0
	for n := range byte(100) {
		creator := stranger(t, alice.now)
		if messenger.brings(alice, board(t, creator, alice, n)) == nil {
			taken++
		}
	}
	if taken != groupsOfStranger {
		t.Errorf("%d groups of others, brought by one", taken)
	}
	for n := range 2000 {
		body := payloads.GroupInvitation{
			Clock: uint64(start().UnixMilli()) + uint64(n), State: payloads.InvitationRequest,
			ChatID: payloads.GroupChat([16]byte{byte(n), byte(n >> 8)}, alice.key.Public()),
		}
		if err := mallory.brings(alice, &body); !errors.Is(err, courier.ErrDrop) {
			t.Fatalf("request for a group that does not exist: %v", err)
		}
	}
	if got := alice.drops()["not_our_group"]; got != 2000 {
		t.Errorf("%d requests were refused", got)
	}
	if n := alice.count("invitation"); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// TestRequestsForOurGroups: strangers may ask to be let into groups that we
// administer, a few times each; of all of them the oldest makes room.
func TestRequestsForOurGroups(t *testing.T) {
	alice := newParty(t, newKey(t), func(c *Config) { c.Policy = Policy{MaxStrangers: 20} })
	ctx := t.Context()
	var groups []string
	for i := range requestsOfStranger + 2 {
		r := must[api.Changes](t)(alice.m.Groups().Create(ctx, fmt.Sprint("club ", i), nil))
		groups = append(groups, r.Chats[0].ID)
	}
	ask := func(p *party, group string) error {
		return p.brings(alice, &payloads.GroupInvitation{
			Clock: uint64(p.now().UnixMilli()), ChatID: group, Introduction: "please", State: payloads.InvitationRequest,
		})
	}
	asked := func(p *party) (n int) {
		for _, i := range must[[]api.Invitation](t)(alice.m.Groups().Invitations(ctx)) {
			if i.From == p.id {
				n++
			}
		}
		return n
	}
	mallory, friend := stranger(t, alice.now), stranger(t, alice.now)
	for _, g := range groups {
		_ = ask(mallory, g)
	}
	if n := asked(mallory); n != requestsOfStranger {
		t.Errorf("%d requests of one stranger", n)
	}
	ok(t, alice.m.Contacts().Save(ctx, added(friend.id)))
	ok(t, ask(friend, groups[0]))
	for range 200 {
		ok(t, ask(stranger(t, alice.now), groups[0]))
	}
	honest := stranger(t, alice.now)
	ok(t, ask(honest, groups[1]))
	if asked(honest) != 1 || asked(friend) != 1 || asked(mallory) != 0 {
		t.Errorf("requests of an honest one %d, a friend %d, of the first %d", asked(honest), asked(friend), asked(mallory))
	}
	if n := alice.count("invitation"); n > 20 {
		t.Errorf("%d requests", n)
	}
	must[api.Changes](t)(alice.m.Groups().Leave(ctx, groups[2], false))
	if err := ask(honest, groups[2]); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("for a group that we left: %v", err)
	}
}

// TestDeletedStrangerIsAStranger: to delete the chat or group of a stranger
// lifts none of the limits for strangers.
func TestDeletedStrangerIsAStranger(t *testing.T) {
	alice := newParty(t, newKey(t), func(c *Config) { c.Policy = Policy{MaxStrangerMessages: 3} })
	ctx := t.Context()
	mallory := stranger(t, alice.now)
	ok(t, mallory.brings(alice, hello(mallory, alice, "buy")))
	ok(t, alice.m.Chats().Delete(ctx, mallory.id))
	for i := range 10 {
		mallory.pass(time.Second)
		alice.pass(time.Second)
		ok(t, mallory.brings(alice, hello(mallory, alice, fmt.Sprint(i))))
	}
	if got := alice.texts(mallory.id); len(got) > 3 {
		t.Errorf("%d messages of a stranger", len(got))
	}
	ok(t, alice.m.Chats().Delete(ctx, mallory.id))
	for n := range byte(20) {
		g := board(t, mallory, alice, n)
		if mallory.brings(alice, g) != nil {
			continue
		}
		ok(t, alice.m.Chats().Delete(ctx, g.ChatID))
		mallory.pass(time.Second)
		alice.pass(time.Second)
		again := must[payloads.Group](t)(payloads.GroupOf(g.ChatID, eventsOf(t, g)))
		again = must[payloads.Group](t)(again.Rename("board again", mallory.key, uint64(mallory.now().UnixMilli())+10))
		_ = mallory.brings(alice, again.Update())
	}
	chats := must[[]api.Chat](t)(alice.m.Chats().List(ctx))
	if len(chats) != groupsOfStranger {
		t.Errorf("%d chats of one stranger", len(chats))
	}
	ok(t, mallory.brings(alice, hello(mallory, alice, "well?")))
	alice.write(mallory.id, "hello") // no stranger any more
	ok(t, alice.m.Chats().Delete(ctx, mallory.id))
	for i := range 10 {
		mallory.pass(time.Second)
		alice.pass(time.Second)
		ok(t, mallory.brings(alice, hello(mallory, alice, fmt.Sprint(i))))
	}
	if got := alice.texts(mallory.id); len(got) != 10 {
		t.Errorf("%d messages of somebody we wrote to", len(got))
	}
}

// eventsOf reads the events of an update.
func eventsOf(t testing.TB, u *payloads.MembershipUpdate) []payloads.Event {
	t.Helper()
	return must[payloads.Folded](t)(u.Fold(nil)).Group.Events
}
