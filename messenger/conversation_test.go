package messenger

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"statusd/accounts/contact"
	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
	"statusd/messenger/courier"
	"statusd/payloads"
)

// pair makes two people that know nothing of each other.
func pair(t *testing.T) (alice, bob *party) {
	t.Helper()
	return newParty(t, newKey(t)), newParty(t, newKey(t))
}

// write sends a text to somebody and returns the message id.
func (p *party) write(to, text string) string {
	p.t.Helper()
	q := SendRequest{Recipients: []string{to}, Message: text}
	return must[api.Sent](p.t)(p.m.Mail().SendTo(p.t.Context(), q)).MessageID
}

func (p *party) message(id string) api.Message {
	p.t.Helper()
	return must[api.Message](p.t)(p.m.Messages().ByID(p.t.Context(), id))
}

func (p *party) chat(id string) api.Chat {
	p.t.Helper()
	return must[api.Chat](p.t)(p.m.Chats().ByID(p.t.Context(), id))
}

// texts returns the texts of a chat, the newest first.
func (p *party) texts(chat string) (out []string) {
	p.t.Helper()
	list, _, err := p.m.Messages().Page(p.t.Context(), chat, "", 0)
	if err != nil {
		p.t.Fatal(err)
	}
	for i := range list {
		out = append(out, list[i].Text)
	}
	return out
}

// tx runs something in a transaction, as the courier does.
func (p *party) tx(fn func(tx *store.Tx) error) {
	p.t.Helper()
	if err := p.db.Update(p.t.Context(), fn); err != nil {
		p.t.Fatal(err)
	}
}

func idOf(t testing.TB, text string) courier.ID {
	t.Helper()
	id, err := payloads.ParseMessageID(text)
	if err != nil {
		t.Fatal(err)
	}
	return courier.ID(id)
}

// TestOneToOne follows a message from one person to another, and its status.
func TestOneToOne(t *testing.T) {
	alice, bob := pair(t)
	var atAlice, atBob int64
	sent := must[api.Sent](t)(alice.m.Mail().SendTo(t.Context(), SendRequest{
		Recipients: []string{contact.Text(bob.key.Public())}, Message: "hello bob",
	}))
	if sent.ChatID != bob.id || sent.Status != api.SendQueued || sent.Clock != uint64(start().UnixMilli()) {
		t.Errorf("sent %+v", sent)
	}
	alice.wantEvents(&atAlice)
	bob.take(alice)
	body := bob.wantEvents(&atBob, api.EventMessagesNew)
	var news api.Changes
	if err := json.Unmarshal([]byte(body[0]), &news); err != nil {
		t.Fatal(err)
	}
	if len(news.Messages) != 1 || !news.Messages[0].New || news.Messages[0].Text != "hello bob" ||
		news.Chats[0].UnviewedMessagesCount != 1 || news.Chats[0].ID != alice.id {
		t.Errorf("event %s", body[0])
	}
	m := bob.message(sent.MessageID)
	if m.From != alice.id || m.OutgoingStatus != "" || m.Seen || m.LocalChatID != alice.id {
		t.Errorf("received %+v", m)
	}
	id := idOf(t, sent.MessageID)
	alice.tx(func(tx *store.Tx) error { return alice.m.Sent(t.Context(), tx, []courier.ID{id}) })
	alice.wantEvents(&atAlice, api.EventEnvelopeSent)
	alice.tx(func(tx *store.Tx) error { return alice.m.Delivered(t.Context(), tx, id, bob.key.Public(), 0) })
	delivered := alice.wantEvents(&atAlice, api.EventMessageDelivered)
	want := `{"chatID":"` + bob.id + `","messageID":"` + sent.MessageID + `","by":"` + bob.id + `","waiting":0}`
	if len(delivered) != 1 || delivered[0] != want {
		t.Errorf("event %v, want %s", delivered, want)
	}
	if got := alice.message(sent.MessageID).OutgoingStatus; got != "delivered" {
		t.Errorf("status %s", got)
	}
}

// TestStatusNeverMovesBackwards tries every order of what can be heard.
func TestStatusNeverMovesBackwards(t *testing.T) {
	alice, bob := pair(t)
	for _, c := range []struct{ happens, want string }{
		{"sent", "sent"},
		{"failed", "not-sent"},
		{"failed sent", "sent"}, // a late success
		{"sent failed", "sent"},
		{"delivered sent failed", "delivered"},
		{"failed delivered", "delivered"},
		{"failed again", "sending"},
		{"set:sent set:sending", "sent"},
		{"set:delivered set:sent set:not-sent", "delivered"},
	} {
		id := alice.write(bob.id, c.happens)
		for _, what := range strings.Fields(c.happens) {
			ids := []courier.ID{idOf(t, id)}
			alice.tx(func(tx *store.Tx) error {
				switch what {
				case "sent":
					return alice.m.Sent(t.Context(), tx, ids)
				case "failed":
					return alice.m.Failed(t.Context(), tx, ids, courier.FailedConnectivity)
				case "delivered":
					return alice.m.Delivered(t.Context(), tx, ids[0], bob.key.Public(), 0)
				}
				return nil
			})
			if what == "again" {
				ok(t, alice.m.Messages().Resend(t.Context(), id))
			}
			if status, set := strings.CutPrefix(what, "set:"); set {
				ok(t, alice.m.Messages().SetStatus(t.Context(), id, api.OutgoingStatus(status)))
			}
		}
		if got := alice.message(id).OutgoingStatus; string(got) != c.want {
			t.Errorf("after %s the status is %s, want %s", c.happens, got, c.want)
		}
	}
	id := alice.write(bob.id, "x")
	if err := alice.m.Messages().SetStatus(t.Context(), id, "lost"); !errors.Is(err, ErrStatus) {
		t.Errorf("set status: %v", err)
	}
}

// TestReplies: the quote is joined from what is stored.
func TestReplies(t *testing.T) {
	alice, bob := pair(t)
	first := alice.write(bob.id, "look, @"+bob.id)
	bob.take(alice)
	if m := bob.message(first); !slices.Equal(m.Mentions, []string{bob.id}) {
		t.Errorf("mentions %v", m.Mentions)
	}
	answer := must[api.Sent](t)(bob.m.Mail().SendTo(t.Context(), SendRequest{
		Recipients: []string{alice.id}, Message: "I see", ReplyTo: first,
	}))
	var at int64
	_, _ = alice.events(&at)
	alice.take(bob)
	m := alice.message(answer.MessageID)
	if m.ResponseTo != first || m.QuotedMessage == nil || m.QuotedMessage.From != alice.id ||
		m.QuotedMessage.Text != "look, @"+bob.id {
		t.Errorf("answer %+v, quotes %+v", m, m.QuotedMessage)
	}
	body := alice.wantEvents(&at, api.EventMessagesNew)
	var news api.Changes
	if err := json.Unmarshal([]byte(body[0]), &news); err != nil || len(news.Messages) != 2 || news.Messages[1].New {
		t.Errorf("the original should come along: %v %s", err, body[0])
	}
	ok(t, alice.m.Messages().Delete(t.Context(), first))
	if q := alice.message(answer.MessageID).QuotedMessage; q != nil {
		t.Errorf("quote of a deleted message: %+v", q)
	}
}

// TestNotesToSelf are messages with ids of their own, sent at once, or to the
// other devices.
func TestNotesToSelf(t *testing.T) {
	alice := newParty(t, newKey(t))
	var at int64
	one, two := alice.write(alice.id, "milk"), alice.write(alice.id, "bread")
	if one == two || alice.message(one).OutgoingStatus != "sent" || len(alice.flush()) != 0 {
		t.Errorf("notes %s and %s, %+v", one, two, alice.message(one))
	}
	if got := alice.texts(alice.id); !slices.Equal(got, []string{"bread", "milk"}) {
		t.Errorf("notes %v", got)
	}
	alice.wantEvents(&at, api.EventMessagesNew, api.EventMessagesNew)
	alice.courier.paired = true
	alice.write(alice.id, "eggs")
	if sent := alice.flush(); len(sent) != 1 || !slices.Equal(sent[0].to, []key.Public{alice.key.Public()}) {
		t.Errorf("sent %+v", sent)
	}
}

// TestDeletedMessagesStayAway: neither history nor a retransmission brings
// back what the user deleted.
func TestDeletedMessagesStayAway(t *testing.T) {
	alice, bob := pair(t)
	alice.write(bob.id, "one")
	alice.pass(time.Second)
	two := alice.write(bob.id, "two")
	sent := alice.flush()
	for _, s := range sent {
		bob.takeOne(alice, s)
	}
	ok(t, bob.m.Messages().Delete(t.Context(), two))
	if c := bob.chat(alice.id); c.UnviewedMessagesCount != 1 || c.LastMessage == nil || c.LastMessage.Text != "one" {
		t.Errorf("chat after deletion: %+v", c)
	}
	for _, s := range sent {
		bob.takeOne(alice, s)
	}
	if got := bob.texts(alice.id); !slices.Equal(got, []string{"one"}) {
		t.Errorf("messages %v", got)
	}
	ok(t, bob.m.Chats().Delete(t.Context(), alice.id))
	for _, s := range sent {
		bob.takeOne(alice, s)
	}
	if _, err := bob.m.Chats().ByID(t.Context(), alice.id); !errors.Is(err, ErrUnknownChat) {
		t.Errorf("the deleted chat: %v", err)
	}
	alice.pass(time.Minute)
	alice.write(bob.id, "three")
	bob.take(alice)
	if got := bob.texts(alice.id); !slices.Equal(got, []string{"three"}) {
		t.Errorf("messages of the new chat %v", got)
	}
	// A message from before the deletion that comes late for the first time
	// stays away, too.
	late := payloads.ChatMessage{
		Clock: uint64(start().UnixMilli()), Timestamp: 1, Text: "late", ChatID: bob.id,
		MessageType: payloads.OneToOne, ContentType: payloads.ContentText,
	}
	c := bob.parcelFrom(alice, sending{route: routeReliable, wrapper: seal(t, &late, alice.key)})
	if err := bob.receive(c); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("late message: %v", err)
	}
	if bob.drops()["deleted"] != 1 {
		t.Errorf("drops %v", bob.drops())
	}
}

// TestUnread: the counter follows what comes and what is seen.
func TestUnread(t *testing.T) {
	alice, bob := pair(t)
	var ids []string
	for range 3 {
		ids = append(ids, alice.write(bob.id, "x"))
	}
	bob.take(alice)
	other := bob.write("#garden", "own messages are seen")
	if n := must[uint64](t)(bob.m.Messages().MarkSeen(t.Context(), alice.id, []string{})); n != 0 {
		t.Errorf("no ids: %d", n)
	}
	n := must[uint64](t)(bob.m.Messages().MarkSeen(t.Context(), alice.id, []string{ids[0], ids[0], other}))
	if c := bob.chat(alice.id); n != 1 || c.UnviewedMessagesCount != 2 {
		t.Errorf("%d changed, %d unread", n, c.UnviewedMessagesCount)
	}
	if n := must[uint64](t)(bob.m.Messages().MarkSeen(t.Context(), "garden", ids[1:])); n != 0 {
		t.Errorf("ids of another chat: %d", n)
	}
	ok(t, bob.m.Messages().MarkAllRead(t.Context(), alice.id))
	if c := bob.chat(alice.id); c.UnviewedMessagesCount != 0 || c.LastMessage == nil {
		t.Errorf("chat %+v", c)
	}
	if _, err := bob.m.Messages().MarkSeen(t.Context(), alice.id, []string{"x"}); !errors.Is(err, ErrUnknownMessage) {
		t.Errorf("bad id: %v", err)
	}
}

// TestResend sends the same bytes again, to those who have not acknowledged.
func TestResend(t *testing.T) {
	alice, bob := pair(t)
	id := alice.write(bob.id, "x")
	first := alice.flush()[0]
	ok(t, alice.m.Messages().Resend(t.Context(), id))
	again := alice.flush()
	if len(again) != 1 || again[0].id != first.id || string(again[0].wrapper) != string(first.wrapper) ||
		!slices.Equal(again[0].to, first.to) {
		t.Errorf("sent again %+v", again)
	}
	alice.courier.known = true
	ok(t, alice.m.Messages().Resend(t.Context(), id))
	alice.courier.known = false
	alice.tx(func(tx *store.Tx) error {
		return alice.m.Delivered(t.Context(), tx, idOf(t, id), bob.key.Public(), 0)
	})
	ok(t, alice.m.Messages().Resend(t.Context(), id))
	if sent := alice.flush(); len(sent) != 0 {
		t.Errorf("sent %+v", sent)
	}
	bob.takeOne(alice, first)
	if err := bob.m.Messages().Resend(t.Context(), id); !errors.Is(err, ErrNoWrapper) {
		t.Errorf("somebody else's: %v", err)
	}
	unknown := payloads.MessageID{1}.String()
	for _, id := range []string{unknown, "x"} {
		if err := alice.m.Messages().Resend(t.Context(), id); !errors.Is(err, ErrUnknownMessage) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// TestDeletingWhatWaits takes it out of the way to the recipient.
func TestDeletingWhatWaits(t *testing.T) {
	alice, bob := pair(t)
	id := alice.write(bob.id, "rash words")
	ok(t, alice.m.Messages().Delete(t.Context(), id))
	if !slices.Equal(alice.courier.canceled, []courier.ID{idOf(t, id)}) {
		t.Errorf("canceled %v", alice.courier.canceled)
	}
	if _, err := alice.m.Messages().ByID(t.Context(), id); !errors.Is(err, ErrUnknownMessage) {
		t.Errorf("deleted: %v", err)
	}
}

// TestSearch finds parts of words in any case, page by page.
func TestSearch(t *testing.T) {
	alice, bob := pair(t)
	for _, text := range []string{"Blue Ärger", "green grass", `say "blue"`, "ab", "Äb", "BLUES"} {
		alice.write(bob.id, text)
		alice.pass(time.Millisecond)
	}
	alice.write("#garden", "bluebell")
	find := func(chat, text, cursor string, limit int) ([]string, string) {
		t.Helper()
		list, next, err := alice.m.Messages().Search(t.Context(), chat, text, cursor, limit)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for i := range list {
			out = append(out, list[i].Text)
		}
		return out, next
	}
	for _, c := range []struct {
		chat, text string
		want       []string
	}{
		{"", "blue", []string{"bluebell", "BLUES", `say "blue"`, "Blue Ärger"}},
		{bob.id, "BLUE", []string{"BLUES", `say "blue"`, "Blue Ärger"}},
		{"garden", "blue", []string{"bluebell"}},
		{"", "ärger", []string{"Blue Ärger"}},
		{"", `"blue"`, []string{`say "blue"`}},
		{"", "äb", []string{"Äb"}},
		{bob.id, "b", []string{"BLUES", "Äb", "ab", `say "blue"`, "Blue Ärger"}},
		{"", "nothing", nil},
		{"", "* OR text", nil},
		{"", "\x00\x00\x00", nil},
	} {
		if got, _ := find(c.chat, c.text, "", 0); !slices.Equal(got, c.want) {
			t.Errorf("%q in %.10q: %q, want %q", c.text, c.chat, got, c.want)
		}
	}
	var paged []string
	for cursor := ""; ; {
		part, next := find("", "blue", cursor, 1)
		paged = append(paged, part...)
		if cursor = next; next == "" {
			break
		}
	}
	if !slices.Equal(paged, []string{"bluebell", "BLUES", `say "blue"`, "Blue Ärger"}) {
		t.Errorf("paged %q", paged)
	}
	list, _, _ := alice.m.Messages().Search(t.Context(), "", "bluebell", "", 0)
	ok(t, alice.m.Messages().Delete(t.Context(), list[0].ID))
	if got, _ := find("", "bluebell", "", 0); got != nil {
		t.Errorf("found what was deleted: %q", got)
	}
	var rule *payloads.RuleError
	if _, _, err := alice.m.Messages().Search(t.Context(), "", " ", "", 0); !errors.As(err, &rule) {
		t.Errorf("empty: %v", err)
	}
	tooLate := strings.Repeat("9", 64) + payloads.MessageID{}.String()
	for _, cursor := range []string{"x", strings.Repeat("0", 64), tooLate} {
		if _, _, err := alice.m.Messages().Search(t.Context(), "", "blue", cursor, 0); !errors.Is(err, ErrCursor) {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

// TestDeletedChatsLeaveNothing: neither wrappers nor marks of delivery.
func TestDeletedChatsLeaveNothing(t *testing.T) {
	alice, bob := pair(t)
	id := alice.write(bob.id, "x")
	alice.tx(func(tx *store.Tx) error {
		return alice.m.Delivered(t.Context(), tx, idOf(t, id), bob.key.Public(), 0)
	})
	ok(t, alice.m.Chats().Delete(t.Context(), bob.id))
	alice.tx(func(tx *store.Tx) error {
		for _, table := range []string{"message", "sent", "delivery", "reaction"} {
			n := int64(0)
			_, err := tx.Get(`SELECT count(*) FROM `+table, nil, func(r store.Row) { n = r.Int64(0) })
			if err != nil || n != 0 {
				t.Errorf("%d rows are left in %s, %v", n, table, err)
			}
		}
		return nil
	})
	if err := alice.m.Messages().Resend(t.Context(), id); !errors.Is(err, ErrUnknownMessage) {
		t.Errorf("resend: %v", err)
	}
}

// added says that a person is to be among the contacts.
func added(id string) api.ContactSettings {
	return api.ContactSettings{ID: id, SystemTags: []api.SystemTag{api.TagAdded}}
}
