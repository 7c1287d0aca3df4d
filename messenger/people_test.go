package messenger

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"statusd/api"
	"statusd/internal/store"
	"statusd/messenger/courier"
	"statusd/payloads"
	"statusd/transport"
)

// TestContacts: adding, being asked, updates, and what others see.
func TestContacts(t *testing.T) {
	alice, bob := pair(t)
	ctx := t.Context()
	var at int64
	ok(t, alice.m.Contacts().Save(ctx, added(bob.id)))
	must[api.Changes](t)(alice.m.Contacts().SendUpdate(ctx, bob.id, "alice.eth", "data:image/png;base64,AA=="))
	bob.take(alice)
	bob.wantEvents(&at, api.EventMessagesNew, api.EventContactRequested)
	list := must[[]api.Contact](t)(bob.m.Contacts().List(ctx))
	if len(list) != 1 || list[0].Name != "alice.eth" || list[0].EnsVerified ||
		!slices.Equal(list[0].SystemTags, []api.SystemTag{api.TagRequestReceived}) || list[0].Address == "" {
		t.Errorf("contacts %+v", list)
	}
	if c := bob.chat(alice.id); c.Active {
		t.Error("a request made an active chat")
	}
	alice.pass(time.Second)
	ok(t, alice.m.Contacts().SendUpdates(ctx, "al.eth", ""))
	bob.take(alice)
	bob.wantEvents(&at, api.EventMessagesNew, api.EventContactUpdated)
	if k, err := bob.m.Contacts().ByID(ctx, alice.id); err != nil || k.Name != "al.eth" || k.PhotoPath != "" {
		t.Errorf("contact %+v, %v", k, err)
	}
	if k, err := bob.m.Contacts().ByID(ctx, newKey(t).Public().ContactID()); err != nil || k != nil {
		t.Errorf("unknown contact %+v, %v", k, err)
	}
	if _, err := alice.m.Contacts().SendUpdate(ctx, alice.id, "", ""); !errors.Is(err, ErrSelf) {
		t.Errorf("to ourselves: %v", err)
	}
	var rule *payloads.RuleError
	if err := alice.m.Contacts().Save(ctx, api.ContactSettings{ID: "0x04"}); !errors.As(err, &rule) {
		t.Errorf("bad id: %v", err)
	}
	err := alice.m.Contacts().Save(ctx, api.ContactSettings{ID: bob.id, LocalNickname: strings.Repeat("x", 300)})
	if !errors.As(err, &rule) {
		t.Errorf("long nickname: %v", err)
	}
}

// TestBlocking removes what somebody wrote, and drops what comes after.
func TestBlocking(t *testing.T) {
	all := crew(t, 3)
	group := create(t, all...)
	alice, bob := all[0], all[1]
	ctx := t.Context()
	bob.write(alice.id, "hi")
	must[api.Changes](t)(bob.m.Messages().Send(ctx, api.OutgoingMessage{ChatID: group, Text: "hi all"}))
	spread(bob, alice, all[2])
	ok(t, alice.m.Chats().Join(ctx, "tea")) // nothing of bob's is in it
	chats := must[[]api.Chat](t)(alice.m.Contacts().Block(ctx, api.BlockedContact{ID: bob.id}))
	left := must[[]api.Chat](t)(alice.m.Chats().List(ctx))
	if !reflect.DeepEqual(chats, left) || len(chats) != 2 {
		t.Errorf("answers %+v, left are %+v", chats, left)
	}
	if i := slices.IndexFunc(chats, func(c api.Chat) bool { return c.ID == group }); i < 0 ||
		chats[i].UnviewedMessagesCount != 0 {
		t.Errorf("group %+v", chats)
	}
	if len(alice.courier.forgotten) != 1 {
		t.Error("what was on its way to the blocked person stays on its way")
	}
	if _, err := alice.m.Chats().ByID(ctx, bob.id); !errors.Is(err, ErrUnknownChat) {
		t.Errorf("chat with the blocked: %v", err)
	}
	bob.write(alice.id, "are you there?")
	if err := alice.receive(alice.parcelFrom(bob, bob.flush()[0])); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("after blocking: %v", err)
	}
	alice.wantDrops(map[string]uint64{"blocked": 1})
	if _, err := alice.m.Contacts().SendUpdate(ctx, bob.id, "", ""); !errors.Is(err, ErrBlocked) {
		t.Errorf("update: %v", err)
	}
	if _, err := alice.m.Contacts().Block(ctx, api.BlockedContact{ID: alice.id}); !errors.Is(err, ErrSelf) {
		t.Errorf("blocking oneself: %v", err)
	}
	ok(t, alice.m.Contacts().Save(ctx, api.ContactSettings{ID: bob.id}))
	bob.pass(time.Second)
	bob.write(alice.id, "thanks")
	alice.take(bob)
	if got := alice.texts(bob.id); !slices.Equal(got, []string{"thanks"}) {
		t.Errorf("after unblocking %v", got)
	}
}

// TestStrangers are bounded, each of them and all together, and kept out when
// only contacts may write.
func TestStrangers(t *testing.T) {
	k := newKey(t)
	alice := newParty(t, k, func(c *Config) {
		c.Policy = Policy{MaxStrangers: 3, MaxStrangerMessages: 2, MaxStrangerBytes: 10_000}
	})
	try := func(from *party, text string) error {
		from.write(alice.id, text)
		return alice.receive(alice.parcelFrom(from, from.flush()[0]))
	}
	strangers := crew(t, 5)
	for i, p := range strangers[:3] {
		for j := range 3 {
			alice.pass(time.Second)
			if err := try(p, fmt.Sprint(j)); err != nil {
				t.Errorf("message %d of stranger %d: %v", j, i, err)
			}
		}
	}
	if got := alice.texts(strangers[0].id); !slices.Equal(got, []string{"2", "1"}) {
		t.Errorf("of a stranger's messages are left: %v", got)
	}
	if c := alice.chat(strangers[0].id); c.UnviewedMessagesCount != 2 {
		t.Errorf("%d unread", c.UnviewedMessagesCount)
	}
	if chats := must[[]api.Chat](t)(alice.m.Chats().List(t.Context())); len(chats) != 3 {
		t.Errorf("%d chats", len(chats))
	}
	chats, people, err := listening(alice)
	if err != nil || len(chats) != 0 || len(people) != 0 {
		t.Errorf("listening for strangers: %v %v %v", chats, people, err)
	}
	// Answered, one is no stranger.
	alice.write(strangers[0].id, "welcome")
	if err := try(strangers[0], "y"); err != nil {
		t.Errorf("after an answer: %v", err)
	}
	if err := try(strangers[3], strings.Repeat("x", 4000)); err != nil {
		t.Errorf("in the room of the answered: %v", err)
	}
	if err := try(strangers[3], strings.Repeat("€", 3000)); err != nil || len(alice.texts(strangers[3].id)) != 1 {
		t.Errorf("the larger message did not take the place of the older: %v", err)
	}
	if err := try(strangers[3], strings.Repeat("€", 4000)); err == nil {
		t.Error("a stranger sent too many bytes at once")
	}
	ok(t, alice.m.Contacts().Save(t.Context(), api.ContactSettings{
		ID: strangers[3].id, SystemTags: []api.SystemTag{api.TagAdded},
	}))
	if err := try(strangers[3], strings.Repeat("€", 4000)); err != nil {
		t.Errorf("after adding: %v", err)
	}
	alice.open(func(c *Config) { c.Policy = Policy{ContactsOnly: true} })
	stranger := strangers[4]
	if err := try(stranger, "x"); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("contacts only: %v", err)
	}
	must[api.Changes](t)(stranger.m.Groups().Create(t.Context(), "spam", []string{alice.id}))
	if err := alice.receive(alice.parcelFrom(stranger, stranger.flush()[0])); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("a stranger's group: %v", err)
	}
	must[api.Changes](t)(stranger.m.Contacts().SendUpdate(t.Context(), alice.id, "", ""))
	if err := alice.receive(alice.parcelFrom(stranger, stranger.flush()[0])); err != nil {
		t.Errorf("a request to become a contact: %v", err)
	}
	if err := try(strangers[0], "z"); err != nil {
		t.Errorf("somebody we wrote to: %v", err)
	}
	if got := alice.drops(); got["not_a_contact"] != 2 {
		t.Errorf("drops %v", got)
	}
}

func listening(p *party) (chats, people []string, err error) {
	p.tx(func(tx *store.Tx) error {
		c, k, e := p.m.Listening(p.t.Context(), tx)
		chats, err = c, e
		for _, one := range k {
			people = append(people, one.ContactID())
		}
		return nil
	})
	return chats, people, err
}

// TestListening names public chats, and the people whose bundles are needed.
func TestListening(t *testing.T) {
	all := crew(t, 4)
	group := create(t, all[:3]...)
	alice := all[0]
	ctx := t.Context()
	ok(t, alice.m.Chats().Join(ctx, "garden"))
	ok(t, alice.m.Chats().Join(ctx, "left"))
	ok(t, alice.m.Chats().Leave(ctx, "left"))
	ok(t, alice.m.Contacts().Save(ctx, added(all[3].id)))
	chats, people, err := listening(alice)
	slices.Sort(people)
	want := []string{all[1].id, all[2].id, all[3].id}
	slices.Sort(want)
	if err != nil || !slices.Equal(chats, []string{"garden"}) || !slices.Equal(people, want) {
		t.Errorf("listening to %v and %v, %v", chats, people, err)
	}
	must[api.Changes](t)(alice.m.Groups().Leave(ctx, group, true))
	if _, people, _ := listening(alice); !slices.Equal(people, []string{all[3].id}) {
		t.Errorf("after leaving the group: %v", people)
	}
}

// TestDevices: pairing, copies, sync of contacts and public chats.
func TestDevices(t *testing.T) {
	k := newKey(t)
	phone, desk, bob := newParty(t, k), newParty(t, k), newParty(t, newKey(t))
	ctx := t.Context()
	for _, p := range []*party{phone, desk} {
		other := transport.Installation{Identity: k.Public(), ID: "other"}
		p.courier.devices = []transport.Installation{other}
		p.tx(func(tx *store.Tx) error { return p.m.Found(ctx, tx, p.courier.devices) })
	}
	var at int64
	desk.wantEvents(&at, api.EventBundlesAdded, api.EventMessagesNew, api.EventDeviceFound)
	if _, err := phone.m.Devices().SendPairing(ctx); !errors.Is(err, transport.ErrNoMetadata) {
		t.Errorf("without a name: %v", err)
	}
	name := api.InstallationMetadata{Name: "phone", DeviceType: "mobile"}
	ok(t, phone.m.Devices().SetMetadata(ctx, "this", name))
	phone.courier.devices[0].ID, desk.courier.devices[0].ID = "other", "this"
	must[api.Changes](t)(phone.m.Devices().SendPairing(ctx))
	desk.take(phone)
	desk.wantEvents(&at, api.EventMessagesNew, api.EventDeviceFound)
	if err := desk.m.Devices().Enable(ctx, "unknown"); !errors.Is(err, transport.ErrInstallation) {
		t.Errorf("unknown device: %v", err)
	}
	ok(t, desk.m.Devices().Enable(ctx, "this"))
	desk.wantEvents(&at, api.EventDevicePaired)
	ok(t, phone.m.Devices().Enable(ctx, "other"))

	id := phone.write(bob.id, "from the phone")
	spread(phone, desk, bob)
	if m := desk.message(id); m.LocalChatID != bob.id || m.OutgoingStatus != "sent" || !m.Seen {
		t.Errorf("copy %+v", m)
	}
	desk.wantEvents(&at, api.EventMessagesNew)
	ok(t, phone.m.Contacts().Save(ctx, api.ContactSettings{
		ID: bob.id, LocalNickname: "bobby", SystemTags: []api.SystemTag{api.TagAdded},
	}))
	ok(t, phone.m.Chats().Join(ctx, "garden"))
	spread(phone, desk)
	if list := must[[]api.Contact](t)(desk.m.Contacts().List(ctx)); len(list) != 1 || list[0].LocalNickname != "bobby" ||
		!slices.Contains(list[0].SystemTags, api.TagAdded) {
		t.Errorf("contacts %+v", list)
	}
	if c := desk.chat("garden"); !c.Active || c.ChatType != api.ChatPublic {
		t.Errorf("chat %+v", c)
	}
	ok(t, desk.m.Devices().Sync(ctx, "k.eth", ""))
	if sent := desk.flush(); len(sent) != 3 {
		t.Errorf("sync sent %d payloads", len(sent))
	}
	ok(t, desk.m.Devices().Disable(ctx, "this"))
	_, _ = desk.events(&at)
	ok(t, desk.m.Devices().Sync(ctx, "k.eth", ""))
	if sent := desk.flush(); len(sent) != 0 {
		t.Errorf("sync without a device sent %d payloads", len(sent))
	}
	list := must[[]api.Installation](t)(phone.m.Devices().List(ctx))
	if len(list) != 2 || list[0].Metadata == nil || list[0].Metadata.Name != "phone" {
		t.Errorf("devices %+v", list)
	}
}

// TestSyncIsForPairedDevices: somebody with a signed payload of ours, or an
// unpaired device, changes nothing.
func TestSyncIsForPairedDevices(t *testing.T) {
	alice, mallory := pair(t)
	other := newKey(t).Public().ContactID()
	clock := uint64(start().UnixMilli())
	for name, body := range map[string]payloads.Body{
		"contact": &payloads.SyncContact{Clock: clock, ID: other},
		"chat":    &payloads.SyncPublicChat{Clock: clock, ID: "garden"},
	} {
		c := alice.parcelFrom(mallory, sending{route: routeReliable, wrapper: seal(t, body, alice.key)})
		if err := alice.receive(c); !errors.Is(err, courier.ErrDrop) {
			t.Errorf("%s passed on: %v", name, err)
		}
		c = alice.parcelFrom(alice, sending{route: routeReliable, wrapper: seal(t, body, alice.key)})
		c.Paired = false
		if err := alice.receive(c); !errors.Is(err, courier.ErrDrop) {
			t.Errorf("%s by an unpaired device: %v", name, err)
		}
	}
	alice.wantDrops(map[string]uint64{"not_paired": 4})
}

// TestTransactions: commands, their answers, and what they replace.
func TestTransactions(t *testing.T) {
	alice, bob := pair(t)
	ctx := t.Context()
	for _, p := range []*party{alice, bob} {
		other := bob.id
		if p == bob {
			other = alice.id
		}
		ok(t, p.m.Chats().Save(ctx, api.ChatSettings{ID: other, ChatType: api.ChatOneToOne, Active: true}))
	}
	one := must[api.Changes](t)(alice.m.Transactions().RequestAddress(ctx, bob.id, "0xaa", "1.5", "0xc0")).Messages[0]
	bob.take(alice)
	if m := bob.message(one.ID); m.CommandParameters == nil || m.CommandParameters.CommandState != 1 ||
		m.CommandParameters.Value != "1.5" || m.ContentType != api.ContentCommand {
		t.Errorf("request %+v", m.CommandParameters)
	}
	if _, err := bob.m.Transactions().DeclineTransaction(ctx, one.ID); !errors.Is(err, ErrTransaction) {
		t.Errorf("wrong answer: %v", err)
	}
	if _, err := alice.m.Transactions().AcceptAddress(ctx, one.ID, "0xbb"); !errors.Is(err, ErrTransaction) {
		t.Errorf("answering oneself: %v", err)
	}
	two := must[api.Changes](t)(bob.m.Transactions().AcceptAddress(ctx, one.ID, "0xbb")).Messages[0]
	alice.take(bob)
	for _, p := range []*party{alice, bob} {
		m := p.message(two.ID)
		if m.Replace != one.ID || m.CommandParameters.CommandState != 3 || m.CommandParameters.Address != "0xbb" ||
			m.CommandParameters.Value != "1.5" {
			t.Errorf("answer %+v %+v", m, m.CommandParameters)
		}
	}
	if got := alice.texts(bob.id); len(got) != 1 {
		t.Errorf("the request is still shown: %v", got)
	}
	three := must[api.Changes](t)(bob.m.Transactions().RequestTransaction(ctx, alice.id, "2", "", "0xdd")).Messages[0]
	alice.take(bob)
	r := must[api.Changes](t)(alice.m.Transactions().AcceptTransaction(ctx, "0xhash", three.ID, []byte{1}))
	bob.take(alice)
	m := bob.message(r.Messages[0].ID)
	if p := m.CommandParameters; p.CommandState != 7 || p.TransactionHash != "0xhash" || m.Replace != three.ID {
		t.Errorf("sent %+v", p)
	}
	must[api.Changes](t)(alice.m.Transactions().SendTransaction(ctx, bob.id, "1", "", "0xh2", []byte{2}))
	bob.take(alice)
	if got := bob.texts(alice.id); len(got) != 3 {
		t.Errorf("shown %v", got)
	}
	var rule *payloads.RuleError
	if _, err := alice.m.Transactions().RequestAddress(ctx, bob.id, "", "many", ""); !errors.As(err, &rule) {
		t.Errorf("bad value: %v", err)
	}
	alice.write("#garden", "x")
	if _, err := alice.m.Transactions().RequestAddress(ctx, "garden", "", "1", ""); !errors.Is(err, ErrChatType) {
		t.Errorf("in public: %v", err)
	}
}
