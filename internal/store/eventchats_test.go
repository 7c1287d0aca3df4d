package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestOldEventsAreAskedOnceWhatTheyAreAbout: the log of a version that kept no
// chats beside the events is read by chat as if it had.
func TestOldEventsAreAskedOnceWhatTheyAreAbout(t *testing.T) {
	long := "0x04" + strings.Repeat("ab", 64)
	bodies := []struct {
		kind, body string
		want       []string
	}{
		{
			"messages.new",
			`{"messages":[{"chatId":"sent","localChatId":"tea"},{"chatId":"milk"}],"chats":[{"id":"tea"},{"id":"cake"}]}`,
			[]string{"tea", "milk", "cake"},
		},
		{"messages.new", `{"emojiReactions":[{"localChatId":"` + long + `"}]}`, []string{long}},
		{"messages.new", `{"invitations":[{"chatId":"party"}]}`, []string{"party"}},
		{"messages.new", `{"chats":null,"messages":[{}]}`, nil},
		{"messages.new", `not json`, nil},
		{"messages.new", `[]`, nil},
		{"message.delivered", `{"chatID":"té","messageID":"0x01"}`, []string{"té"}},
		{"group.renamed", `{"chatId":"party"}`, []string{"party"}},
		{"group.created", `{"chat":{"id":"party"}}`, []string{"party"}},
		{"contact.updated", `{"contact":{"id":"0x04"}}`, []string{"0x04"}},
		{"reaction.added", `{"reaction":{"chatId":"sent","localChatId":"tea"}}`, []string{"tea"}},
		{"group.invitation", `{"invitation":{"chatId":"party"}}`, []string{"party"}},
		{"message.edited", `{"message":{"chatId":"tea","localChatId":""}}`, []string{"tea"}},
		{"whisper.filter.added", `{"filters":[{"chatId":"b"},{"chatId":"a"}]}`, []string{"b", "a"}},
		{"envelope.sent", `{"ids":["tea"],"message":"tea"}`, nil},
		{"account.login", `{"keyUid":"0x01"}`, nil},
	}
	scripts := make([]string, 0, len(bodies))
	for _, b := range bodies {
		scripts = append(scripts, fmt.Sprintf("INSERT INTO event_log (time, type, body) VALUES (1, '%s', CAST('%s' AS BLOB))",
			b.kind, b.body))
	}
	c, db := beforeMigration(t, "event_chats.sql")
	if err := db.conn.script(t.Context(), strings.Join(scripts, ";\n")); err != nil {
		t.Fatal(err)
	}
	closeDB(t, db)
	db = mustOpen(t, c)
	page := readEvents(t, db, EventQuery{})
	if len(page.Events) != len(bodies) {
		t.Fatalf("%d events", len(page.Events))
	}
	for i, e := range page.Events {
		if b := bodies[i]; e.Type != b.kind || string(e.Body) != b.body || !slices.Equal(e.Chats, b.want) {
			t.Errorf("%s %s: %q, want %q", b.kind, b.body, e.Chats, b.want)
		}
	}
	if page := readEvents(t, db, EventQuery{Chats: []string{"nobody", "milk"}}); len(page.Events) != 1 || page.Next != 16 {
		t.Errorf("by chat: %+v", page)
	}
}
