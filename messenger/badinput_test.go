package messenger

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/api"
	"statusd/internal/store"
	"statusd/internal/test/vectors"
	"statusd/messenger/courier"
	"statusd/payloads"
	"statusd/transport"
	"statusd/transport/topics"
)

// TestGiantClocks: no payload with a clock from the future raises a clock here,
// whatever its type; what we send afterwards is accepted.
func TestGiantClocks(t *testing.T) {
	alice, mallory := pair(t)
	now := uint64(start().UnixMilli())
	group := payloads.GroupChat([16]byte{1}, mallory.key.Public())
	for _, clock := range []uint64{now + payloads.MaxClockAhead + 1001, 1 << 62, math.MaxUint64} {
		g, err := payloads.CreateGroup(group, "g", mallory.key, clock)
		if err != nil {
			t.Fatal(err)
		}
		bodies := map[string]payloads.Body{
			"message": &payloads.ChatMessage{
				Clock: clock, Timestamp: 1, Text: "x", ChatID: alice.id, MessageType: payloads.OneToOne,
				ContentType: payloads.ContentText,
			},
			"contact update": &payloads.ContactUpdate{Clock: clock},
			"reaction": &payloads.EmojiReaction{
				Clock: clock, ChatID: alice.id, MessageID: payloads.MessageID{1}.String(),
				MessageType: payloads.OneToOne, Emoji: payloads.Love,
			},
			"invitation": &payloads.GroupInvitation{Clock: clock, ChatID: group, State: payloads.InvitationRequest},
			"group":      g.Update(),
			"transaction": &payloads.Transaction{
				Command: payloads.TypeRequestTransaction, Clock: clock, Value: "1", Address: "0x1",
			},
			"contact sync": &payloads.SyncContact{Clock: clock, ID: mallory.id},
			"chat sync":    &payloads.SyncPublicChat{Clock: clock, ID: "garden"},
			"pairing":      &payloads.PairInstallation{Clock: clock, InstallationID: "i", DeviceType: "d", Name: "n"},
		}
		for name, body := range bodies {
			author := mallory
			if body.Type().OwnOnly() {
				author = alice
			}
			c := alice.parcelFrom(author, sending{route: routeReliable, wrapper: seal(t, body, author.key)})
			if err := alice.receive(c); !errors.Is(err, courier.ErrDrop) {
				t.Errorf("%s with clock %d: %v", name, clock, err)
			}
		}
	}
	if s := alice.state(); len(s) != 0 {
		t.Errorf("kept %v", s)
	}
}

// TestEnvelopesFromTheFuture: a mailserver may hand out envelopes with any
// time; a clock that such a time allows does not become the chat's.
func TestEnvelopesFromTheFuture(t *testing.T) {
	alice, bob := pair(t)
	far := start().Add(1000 * time.Hour)
	body := payloads.ChatMessage{
		Clock: uint64(far.UnixMilli()), Timestamp: 1, Text: "x", ChatID: alice.id, MessageType: payloads.OneToOne,
		ContentType: payloads.ContentText,
	}
	c := alice.parcelFrom(bob, sending{route: routeReliable, wrapper: seal(t, &body, bob.key)})
	c.Sent = far
	if err := alice.receive(c); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("far ahead: %v", err)
	}
	near := start().Add(10 * time.Minute)
	body.Clock = uint64(near.UnixMilli())
	c = alice.parcelFrom(bob, sending{route: routeReliable, wrapper: seal(t, &body, bob.key)})
	c.Sent = near
	if err := alice.receive(c); err != nil {
		t.Errorf("somewhat ahead, as for a device with a slow clock: %v", err)
	}
	id := alice.write(bob.id, "answer")
	if m := alice.message(id); m.Clock > uint64(start().UnixMilli())+payloads.MaxClockAhead {
		t.Errorf("clock %d is beyond what peers accept", m.Clock)
	}
	bob.take(alice)
	if got := bob.texts(alice.id); !slices.Equal(got, []string{"answer"}) {
		t.Errorf("bob has %v", got)
	}
}

// TestClockSetBack: a device whose time was wrong and was put right can write.
func TestClockSetBack(t *testing.T) {
	alice, bob := pair(t)
	alice.pass(48 * time.Hour)
	alice.write(bob.id, "from the day after tomorrow")
	alice.flush()
	alice.pass(-48 * time.Hour)
	alice.write(bob.id, "now")
	bob.take(alice)
	if got := bob.texts(alice.id); !slices.Equal(got, []string{"now"}) {
		t.Errorf("bob has %v", got)
	}
}

// TestNonsense: bytes that are no payload are refused and counted, and change
// nothing.
func TestNonsense(t *testing.T) {
	alice, mallory := pair(t)
	good := seal(t, &payloads.ContactUpdate{Clock: uint64(start().UnixMilli())}, mallory.key)
	longer := append([]byte{0x0a, 0x01}, good...)
	for _, data := range [][]byte{nil, {}, {0xff}, []byte("hello"), good[:len(good)-3], longer} {
		c := alice.parcelFrom(mallory, sending{route: routeReliable, wrapper: data})
		if err := alice.receive(c); err != nil && !errors.Is(err, courier.ErrDrop) {
			t.Errorf("%x: %v", data, err)
		}
	}
	if s := alice.state(); len(s) != 0 {
		t.Errorf("kept %v", s)
	}
	if len(alice.drops()) == 0 {
		t.Error("nothing was counted")
	}
}

// TestUnfoldableGroups: events that do not fold make no group, and do not break
// one.
func TestUnfoldableGroups(t *testing.T) {
	all := crew(t, 3)
	alice, mallory := all[0], all[2]
	group := create(t, all[:2]...)
	before := alice.roll(group)
	id := payloads.GroupChat([16]byte{1}, mallory.key.Public())
	clock := uint64(start().UnixMilli())
	g, err := payloads.CreateGroup(id, "g", mallory.key, clock)
	if err != nil {
		t.Fatal(err)
	}
	withUs, err := g.AddMembers([]string{alice.id}, mallory.key, clock+1)
	if err != nil {
		t.Fatal(err)
	}
	try := func(name string, wrapper []byte) {
		t.Helper()
		err := alice.receive(alice.parcelFrom(mallory, sending{route: routeReliable, wrapper: wrapper}))
		if !errors.Is(err, courier.ErrDrop) {
			t.Errorf("%s: %v", name, err)
		}
	}
	try("without us", seal(t, g.Update(), mallory.key))
	foreign := withUs.Update()
	foreign.ChatID = group
	for name, update := range map[string]*payloads.MembershipUpdate{
		"events of another group": foreign,
		"no creation":             {ChatID: id, Events: withUs.Update().Events[1:]},
		"created twice":           {ChatID: id, Events: append(withUs.Update().Events, g.Update().Events...)},
		"noise":                   {ChatID: id, Events: [][]byte{make([]byte, 100)}},
		"short":                   {ChatID: id, Events: [][]byte{make([]byte, 65)}},
		"none":                    {ChatID: id},
	} {
		try(name, sealAnything(t, update, mallory))
	}
	if got := alice.roll(group); got != before {
		t.Errorf("the group became\n%s", got)
	}
	if _, err := alice.m.Chats().ByID(t.Context(), id); !errors.Is(err, ErrUnknownChat) {
		t.Errorf("a group was made: %v", err)
	}
}

// sealAnything wraps an update that package payloads refuses to seal.
func sealAnything(t testing.TB, u *payloads.MembershipUpdate, by *party) []byte {
	t.Helper()
	var inner []byte
	field := func(tag byte, data []byte) {
		inner = append(inner, tag)
		for n := len(data); ; n >>= 7 {
			if n < 0x80 {
				inner = append(inner, byte(n))
				break
			}
			inner = append(inner, byte(n)|0x80)
		}
		inner = append(inner, data...)
	}
	field(0x0a, []byte(u.ChatID))
	for _, e := range u.Events {
		field(0x12, e)
	}
	payload := inner
	signature, err := by.key.Sign(crypto.Keccak256Hash(payload))
	if err != nil {
		t.Fatal(err)
	}
	inner = nil
	field(0x0a, signature[:])
	field(0x12, payload)
	return append(inner, 0x18, byte(payloads.TypeMembershipUpdate))
}

// TestUnknownTypesWait: what this version does not understand is kept, within
// bounds, and handled once it is.
func TestUnknownTypesWait(t *testing.T) {
	alice, bob := pair(t)
	id := bob.write(alice.id, "teh text")
	alice.take(bob)
	bob.pass(time.Second)
	alice.pass(time.Second)
	edit := payloads.EditMessage{
		Clock: uint64(bob.now().UnixMilli()), Text: "the text", ChatID: alice.id, MessageID: id,
		MessageType: payloads.OneToOne,
	}
	c := alice.parcelFrom(bob, sending{route: routeReliable, wrapper: seal(t, &edit, bob.key)})
	if err := alice.receive(c); err != nil {
		t.Fatal(err)
	}
	alice.wantDrops(map[string]uint64{"unknown_type": 1})
	if got := alice.message(id).Text; got != "teh text" {
		t.Errorf("text %q", got)
	}
	var at int64
	_, _ = alice.events(&at)
	alice.open(func(c *Config) { c.Extensions = true })
	if m := alice.message(id); m.Text != "the text" || m.EditedAt != edit.Clock {
		t.Errorf("after a restart with extensions: %q", m.Text)
	}
	alice.wantEvents(&at, api.EventMessageEdited)
	alice.open()
	for range store.MaxQuarantineOf + 10 {
		edit.Clock++
		c.Data = seal(t, &edit, bob.key)
		if err := alice.receive(c); err != nil {
			t.Fatal(err)
		}
	}
	kept := 0
	alice.tx(func(tx *store.Tx) error {
		_, err := tx.Get(`SELECT count(*) FROM quarantine`, nil, func(r store.Row) { kept = int(r.Int64(0)) })
		return err
	})
	if kept != store.MaxQuarantineOf {
		t.Errorf("%d payloads of one sender are kept", kept)
	}
}

// TestExtensions: edits, deletions and pins between people who switched them
// on; nobody changes what others wrote.
func TestExtensions(t *testing.T) {
	on := func(c *Config) { c.Extensions = true }
	alice, bob := newParty(t, newKey(t), on), newParty(t, newKey(t), on)
	ctx := t.Context()
	id := alice.write(bob.id, "teh text")
	bob.take(alice)
	var at int64
	_, _ = bob.events(&at)
	alice.pass(time.Second)
	must[api.Message](t)(alice.m.Messages().Edit(ctx, id, "the text"))
	bob.take(alice)
	bob.wantEvents(&at, api.EventMessageEdited)
	for _, p := range []*party{alice, bob} {
		if m := p.message(id); m.Text != "the text" || m.EditedAt == 0 {
			t.Errorf("edited %+v", m)
		}
	}
	if list, _, err := bob.m.Messages().Search(ctx, "", "the text", "", 0); err != nil || len(list) != 1 {
		t.Errorf("search after the edit: %d, %v", len(list), err)
	}
	ok(t, bob.m.Messages().Pin(ctx, id, true))
	alice.take(bob)
	if !alice.message(id).Pinned {
		t.Error("not pinned")
	}
	if _, err := bob.m.Messages().Edit(ctx, id, "mine"); !errors.Is(err, ErrNotAuthor) {
		t.Errorf("editing another's: %v", err)
	}
	forged := payloads.DeleteMessage{
		Clock: uint64(bob.now().UnixMilli()) + 5000, ChatID: alice.id, MessageID: id, MessageType: payloads.OneToOne,
	}
	c := alice.parcelFrom(bob, sending{route: routeReliable, wrapper: seal(t, &forged, bob.key)})
	if err := alice.receive(c); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("deleting another's: %v", err)
	}
	ok(t, alice.m.Messages().TakeBack(ctx, id))
	bob.take(alice)
	bob.wantEvents(&at, api.EventMessagePinned, api.EventMessageDeleted)
	if _, err := bob.m.Messages().ByID(ctx, id); !errors.Is(err, ErrUnknownMessage) {
		t.Errorf("taken back: %v", err)
	}
	alice.open()
	if _, err := alice.m.Messages().Edit(ctx, id, "x"); !errors.Is(err, ErrExtensionOff) {
		t.Errorf("switched off: %v", err)
	}
}

// TestPublicPayloadsInTheWrongPlace: a public message counts only on its own
// chat's topic.
func TestPublicPayloadsInTheWrongPlace(t *testing.T) {
	alice, bob := pair(t)
	for _, chat := range []string{"garden", "kitchen"} {
		ok(t, alice.m.Chats().Join(t.Context(), chat))
	}
	bob.write("#garden", "tomatoes")
	s := bob.flush()[0]
	c := alice.parcelFrom(bob, s)
	c.Place = topics.PublicChat("kitchen")
	if err := alice.receive(c); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("in another chat: %v", err)
	}
	c = alice.parcelFrom(bob, s)
	c.Place, c.Protection = topics.PartitionOf(alice.key.Public()), transport.Ratchet
	if err := alice.receive(c); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("pairwise: %v", err)
	}
	if err := alice.receive(alice.parcelFrom(bob, s)); err != nil {
		t.Errorf("where it belongs: %v", err)
	}
}

// TestNamesOfPublicChats that mean something else are refused.
func TestNamesOfPublicChats(t *testing.T) {
	alice, bob := pair(t)
	var rule *payloads.RuleError
	for _, name := range []string{"", " ", "#garden", "\xff", strings.Repeat("x", 2000), bob.id} {
		if err := alice.m.Chats().Join(t.Context(), name); !errors.As(err, &rule) {
			t.Errorf("%.20q: %v", name, err)
		}
	}
}

// FuzzReceive: whatever arrives, it is handled or refused; this machine does
// not fail on it.
func FuzzReceive(f *testing.F) {
	for _, c := range vectors.Cases[struct {
		Steps []struct {
			AppBytes vectors.Hex `json:"app_bytes"`
		}
	}](f, vectors.Load(f, "payloads"), "receive") {
		for _, s := range c.Steps {
			f.Add([]byte(s.AppBytes), uint8(0))
			f.Add([]byte(s.AppBytes), uint8(3))
		}
	}
	alice, bob := newParty(f, newKey(f)), newParty(f, newKey(f))
	if err := alice.m.Chats().Join(f.Context(), "spec-dev"); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte, way uint8) {
		from := bob
		if way&2 != 0 {
			from = alice
		}
		s := sending{route: routeReliable, wrapper: data}
		if way&1 != 0 {
			s.route, s.chat = routePublic, "spec-dev"
		}
		alice.t = t
		_ = alice.receive(alice.parcelFrom(from, s)) // fails the test unless it is handled or refused
	})
}
