package event

import (
	"path/filepath"
	"testing"
	"time"

	"statusd/accounts/secret"
	"statusd/api"
	"statusd/internal/store"
)

// TestEventsAreFoundByTheirChats: what is appended is read by who asks for the
// events of a chat, and what was sent to us in a one-to-one chat by the name
// that the chat has here.
func TestEventsAreFoundByTheirChats(t *testing.T) {
	key := secret.New(make([]byte, store.KeySize))
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "db"), Key: key, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(t.Context(), func(tx *store.Tx) error {
		for _, e := range []api.EventPayload{
			api.HistorySyncedEvent{},
			api.MemberLeftEvent{MemberChanged: api.MemberChanged{ChatID: "party"}},
			api.MessagesNewEvent{Changes: api.Changes{Messages: []api.Message{{ChatID: "us", LocalChatID: "them"}}}},
		} {
			if err := Append(tx, e, time.Unix(1, 0)); err != nil {
				return err
			}
		}
		wanted := map[string]api.EventType{"party": api.EventMemberLeft, "them": api.EventMessagesNew, "us": ""}
		for chat, want := range wanted {
			page, err := tx.EventLog().Read(store.EventQuery{Chats: []string{chat}})
			if err != nil {
				return err
			}
			if len(page.Events) > 1 || len(page.Events) == 1 && page.Events[0].Type != string(want) ||
				len(page.Events) == 0 && want != "" {
				t.Errorf("of %s: %+v", chat, page.Events)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
