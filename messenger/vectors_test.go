package messenger

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
	"statusd/internal/test/vectors"
	"statusd/messenger/courier"
	"statusd/payloads"
	"statusd/transport"
	"statusd/transport/topics"
)

// The receive section of the vectors: what the reference did.
type (
	vectorKey struct {
		Name    string
		Private vectors.Hex `json:"private_key"`
	}
	vectorReceive struct {
		Receiver string
		Public   string `json:"public_chat_id"`
		Group    string `json:"group_chat_id"`
	}
	vectorCase struct {
		Description string
		Deviation   string
		Setup       []string
		Steps       []vectorStep
	}
	vectorStep struct {
		AppBytes    vectors.Hex `json:"app_bytes"`
		Signer      string      `json:"transport_signer"`
		Timestamp   int64       `json:"envelope_timestamp"`
		Messages    []vectorMessage
		Chats       []vectorChat
		Contacts    []vectorContact
		Reactions   []vectorReaction
		Invitations []vectorInvitation
	}
	vectorMessage struct {
		ChatID      string `json:"chat_id"`
		LocalChatID string `json:"local_chat_id"`
		Clock       uint64
		ContentType api.ContentType `json:"content_type"`
		From, ID    string
		MessageType api.MessageType    `json:"message_type"`
		Status      api.OutgoingStatus `json:"outgoing_status"`
		Seen        bool
		Text        string
	}
	vectorChat struct {
		Active    bool
		ID, Name  string
		LastClock uint64 `json:"last_clock"`
		Members   []api.Member
		Type      api.ChatType
		Unviewed  uint
	}
	vectorContact struct {
		ID, Name, Photo string
		LastUpdated     uint64          `json:"last_updated"`
		Nickname        string          `json:"local_nickname"`
		Tags            []api.SystemTag `json:"system_tags"`
	}
	vectorReaction struct {
		ID, From    string
		Clock       uint64
		LocalChatID string `json:"local_chat_id"`
		MessageID   string `json:"message_id"`
		Retracted   bool
	}
	vectorInvitation struct {
		ID, From string
		ChatID   string `json:"chat_id"`
		State    api.InvitationState
	}
)

// vectorWorld has the keys and the setting of the receive section.
type vectorWorld struct {
	vectorReceive
	keys map[string]key.Private
}

func loadReceive(t *testing.T) (w vectorWorld, cases []vectorCase) {
	t.Helper()
	f := vectors.Load(t, "payloads")
	w = vectorWorld{vectorReceive: vectors.Section[vectorReceive](t, f, "receive"), keys: make(map[string]key.Private)}
	for _, k := range vectors.Section[[]vectorKey](t, f, "keys") {
		p, err := key.NewPrivate(k.Private)
		if err != nil {
			t.Fatal(err)
		}
		w.keys[k.Name] = p
	}
	return w, vectors.Cases[vectorCase](t, f, "receive")
}

// TestReceiveVectors runs the receive path of the reference, case by case.
func TestReceiveVectors(t *testing.T) {
	w, cases := loadReceive(t)
	for _, c := range cases {
		t.Run(c.Description, func(t *testing.T) { w.run(t, &c) })
	}
}

func (w *vectorWorld) run(t *testing.T, c *vectorCase) {
	p := newParty(t, w.keys[w.Receiver])
	w.setUp(t, p, c)
	for i := range c.Steps {
		step := &c.Steps[i]
		before := p.state()
		p.deliver(w.parcel(p, step))
		after := p.state()
		if c.Deviation != "" && i == len(c.Steps)-1 {
			checkDeviation(t, before, after, step)
			continue
		}
		compare(t, fmt.Sprint("step ", i), step, before, after)
	}
}

// deliver is receive for parcels that may be refused.
func (p *party) deliver(c courier.Parcel) {
	p.t.Helper()
	err := p.receive(c)
	if err != nil && !errors.Is(err, courier.ErrDrop) && !errors.Is(err, courier.ErrAgain) {
		p.t.Fatal(err)
	}
}

func (w *vectorWorld) setUp(t *testing.T, p *party, c *vectorCase) {
	t.Helper()
	alice := w.keys["alice"].Public()
	if c.Description == "group invitation request" {
		w.administer(t, p) // the reference takes requests for groups that do not exist
	}
	for _, what := range c.Setup {
		var err error
		switch what {
		case "public":
			err = p.m.Chats().Join(t.Context(), w.Public)
		case "public-deleted":
			err = p.m.Chats().Save(t.Context(), api.ChatSettings{
				ID: w.Public, ChatType: api.ChatPublic, Active: true, DeletedAtClockValue: 1604000000000,
			})
		case "profile":
			err = p.m.Chats().Join(t.Context(), payloads.ProfileChat(alice))
		case "block-alice":
			_, err = p.m.Contacts().Block(t.Context(), api.BlockedContact{ID: alice.ContactID()})
		default:
			t.Fatalf("unknown setup %q", what)
		}
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// administer makes somebody an admin of the group of the vectors.
func (w *vectorWorld) administer(t *testing.T, p *party) {
	t.Helper()
	alice, clock := w.keys["alice"], uint64(1_500_000_000_000)
	g := must[payloads.Group](t)(payloads.CreateGroup(w.Group, "club", alice, clock))
	g = must[payloads.Group](t)(g.AddMembers([]string{p.id}, alice, clock+1))
	g = must[payloads.Group](t)(g.AddAdmins([]string{p.id}, alice, clock+2))
	from := &party{t: t, key: alice, id: alice.Public().ContactID(), clock: p.clock}
	ok(t, p.receive(p.parcelFrom(from, sending{route: routeReliable, wrapper: seal(t, g.Update(), alice)})))
}

// parcel says how the bytes of a step came: public content on the topic of its
// chat, the rest pairwise.
func (w *vectorWorld) parcel(p *party, step *vectorStep) courier.Parcel {
	signer := w.keys[step.Signer].Public()
	c := courier.Parcel{
		Data: step.AppBytes, From: signer, Sent: time.Unix(step.Timestamp, 0), Protection: transport.Ratchet,
		Paired: signer == p.key.Public(), Place: topics.PartitionOf(p.key.Public()), Live: true,
	}
	m, err := payloads.Parse(step.AppBytes, signer, payloads.Options{})
	if err != nil {
		return c
	}
	chat := ""
	switch body := m.Body.(type) {
	case *payloads.ChatMessage:
		if body.MessageType == payloads.PublicGroup {
			chat = body.ChatID
		}
	case *payloads.EmojiReaction:
		if body.MessageType == payloads.PublicGroup {
			chat = body.ChatID
		}
	}
	if chat != "" {
		c.Place, c.Protection, c.Paired = topics.PublicChat(chat), transport.Open, false
	}
	return c
}

// state is everything that a payload may change, by key, as text.
type state map[string]string

func (s state) put(kind, id string, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	s[kind+" "+id] = string(text)
}

// state reads what the reference's vectors speak of.
func (p *party) state() state {
	p.t.Helper()
	s, ctx := make(state), context.Background()
	chats := must[[]api.Chat](p.t)(p.m.Chats().List(ctx))
	for i := range chats {
		s.put("chat", chats[i].ID, chatVector(&chats[i]))
		list, _, err := p.m.Messages().Page(ctx, chats[i].ID, "", 0)
		if err != nil {
			p.t.Fatal(err)
		}
		for j := range list {
			s.put("message", list[j].ID, messageVector(&list[j], p.id))
		}
	}
	contacts := must[[]api.Contact](p.t)(p.m.Contacts().List(ctx))
	for _, k := range contacts {
		s.put("contact", k.ID, vectorContact{k.ID, k.Name, k.PhotoPath, k.LastUpdated, k.LocalNickname, k.SystemTags})
	}
	for _, i := range must[[]api.Invitation](p.t)(p.m.Groups().Invitations(ctx)) {
		s.put("invitation", i.ID, vectorInvitation{i.ID, i.From, i.ChatID, i.State})
	}
	err := p.db.View(ctx, func(tx *store.Tx) error {
		return tx.Query(`SELECT id FROM reaction`, nil, func(r store.Row) error {
			e, _, err := tx.Reactions().ByID([32]byte(r.Blob(0)))
			v := reactionView(&e)
			s.put("reaction", v.ID, vectorReaction{v.ID, v.From, v.Clock, v.LocalChatID, v.MessageID, v.Retracted})
			return err
		})
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

func chatVector(c *api.Chat) vectorChat {
	v := vectorChat{c.Active, c.ID, c.Name, c.LastClockValue, slices.Clone(c.Members), c.ChatType, c.UnviewedMessagesCount}
	slices.SortFunc(v.Members, func(a, b api.Member) int { return cmp.Compare(a.ID, b.ID) })
	return v
}

// messageVector leaves out what is not to match: texts of system messages, and
// that own messages of other devices are seen.
func messageVector(m *api.Message, self string) vectorMessage {
	v := vectorMessage{
		m.ChatID, m.LocalChatID, m.Clock, m.ContentType, m.From, m.ID, m.MessageType, m.OutgoingStatus, m.Seen, m.Text,
	}
	return v.comparable(self)
}

func (v vectorMessage) comparable(self string) vectorMessage {
	if v.MessageType == api.MessageSystem {
		v.Text = ""
	}
	if v.From == self {
		v.Seen = true
	}
	return v
}

// compare checks that a step changed exactly what the reference changed. What
// the reference lists without a change (a chat that was written again as it
// was) has to be as listed.
func compare(t *testing.T, when string, step *vectorStep, before, after state) {
	t.Helper()
	want := make(state)
	self := ""
	for _, m := range step.Messages {
		if m.Status != "" {
			self = m.From
		}
	}
	for _, m := range step.Messages {
		want.put("message", m.ID, m.comparable(self))
	}
	for _, c := range step.Chats {
		slices.SortFunc(c.Members, func(a, b api.Member) int { return cmp.Compare(a.ID, b.ID) })
		want.put("chat", c.ID, c)
	}
	for _, k := range step.Contacts {
		want.put("contact", k.ID, k)
	}
	for _, e := range step.Reactions {
		want.put("reaction", e.ID, e)
	}
	for _, i := range step.Invitations {
		want.put("invitation", i.ID, i)
	}
	for id, v := range want {
		if got := after[id]; got != v {
			t.Errorf("%s: %s\n got %s\nwant %s", when, id, got, v)
		}
	}
	for id, v := range after {
		if _, expected := want[id]; !expected && before[id] != v {
			t.Errorf("%s: changed beyond the reference: %s\n was %s\n is  %s", when, id, before[id], v)
		}
	}
	for id := range before {
		if _, there := after[id]; !there {
			t.Errorf("%s: %s is gone", when, id)
		}
	}
}

// checkDeviation checks a case in which the reference is weak: no chat message
// is stored, no clock is raised and no contact is touched. System messages are
// those of valid events.
func checkDeviation(t *testing.T, before, after state, step *vectorStep) {
	t.Helper()
	group := 0
	for id, v := range after {
		kind, _, _ := strings.Cut(id, " ")
		switch {
		case before[id] == v:
		case kind == "message" && strings.Contains(v, `"message_type":4`):
			group++
		case kind == "chat" && strings.Contains(v, `"last_clock":0`):
		default:
			t.Errorf("changed: %s is %s, was %s", id, v, before[id])
		}
	}
	want := 0
	for _, m := range step.Messages {
		if m.MessageType == api.MessageSystem {
			want++
		}
	}
	if group != want {
		t.Errorf("%d system messages, the reference has %d", group, want)
	}
}

// TestPaginationVectors pages through the messages of a chat.
func TestPaginationVectors(t *testing.T) {
	f := vectors.Load(t, "payloads")
	v := vectors.Section[struct {
		Stored []struct {
			ID    payloads.MessageID
			Clock uint64
		}
		Pages []struct {
			Cursor, Next string
			IDs          []string
			Limit        int
		}
	}](t, f, "pagination")
	p := newParty(t, newKey(t))
	if err := p.m.Chats().Join(t.Context(), "pages"); err != nil {
		t.Fatal(err)
	}
	err := p.db.Update(t.Context(), func(tx *store.Tx) error {
		chat, err := p.m.chat(tx, "pages")
		for _, s := range v.Stored {
			m := store.Message{ID: s.ID, Clock: s.Clock, Author: p.id, ChatKey: chat.Key, ChatID: chat.ID, Text: "x"}
			err = errors.Join(err, tx.Messages().Put(&m))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Pages) == 0 {
		t.Fatal("no pages")
	}
	for i, want := range v.Pages {
		list, next, err := p.m.Messages().Page(t.Context(), "pages", want.Cursor, want.Limit)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for j := range list {
			ids = append(ids, list[j].ID)
		}
		if !slices.Equal(ids, want.IDs) || next != want.Next {
			t.Errorf("page %d: got %v, next %q\nwant %v, next %q", i, ids, next, want.IDs, want.Next)
		}
	}
}

// TestNextClockVectors checks the clock of what is sent.
func TestNextClockVectors(t *testing.T) {
	f := vectors.Load(t, "payloads")
	for i, v := range vectors.Cases[struct {
		Clock, Timestamp uint64
		LastClock        uint64 `json:"last_clock"`
		NowMillis        int64  `json:"now_ms"`
	}](t, f, "next_clock") {
		c := &core{now: func() time.Time { return time.UnixMilli(v.NowMillis) }}
		chat := store.Chat{LastClock: v.LastClock}
		if got := c.clock(&chat); got != v.Clock || chat.LastClock != v.Clock || c.millis() != v.Timestamp {
			t.Errorf("case %d: clock %d, kept %d, time %d, want %+v", i, got, chat.LastClock, c.millis(), v)
		}
	}
}
