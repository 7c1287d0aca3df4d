package messenger

import (
	"errors"
	"fmt"
	"testing"

	"statusd/api"
	"statusd/internal/store"
)

// TestChatsThatWouldBeSilentAreRefused: who has as many chats as can be
// listened to is told, in place of a chat that gets nothing.
func TestChatsThatWouldBeSilentAreRefused(t *testing.T) {
	alice, _ := pair(t)
	fill := func(from int) {
		err := alice.db.Update(t.Context(), func(tx *store.Tx) error {
			n, err := tx.Chats().Listened(store.ChatOneToOne, store.ChatPublic, store.ChatProfile)
			for i := from; err == nil && n < MaxListened; i, n = i+1, n+1 {
				id := fmt.Sprint("chat ", i)
				err = tx.Chats().Save(&store.Chat{ID: id, Name: id, Type: store.ChatPublic, Active: true})
			}
			return err
		})
		ok(t, err)
	}
	fill(0)
	fresh := api.ChatSettings{ID: "tea", ChatType: api.ChatPublic, Active: true}
	for what, err := range map[string]error{
		"save": alice.m.Chats().Save(t.Context(), fresh), "join": alice.m.Chats().Join(t.Context(), "tea"),
	} {
		if !errors.Is(err, ErrManyChats) {
			t.Errorf("%s: %v", what, err)
		}
	}
	ok(t, alice.m.Chats().Save(t.Context(), api.ChatSettings{ID: "chat 0", ChatType: api.ChatPublic, Active: true,
		Muted: true}))
	ok(t, alice.m.Chats().Leave(t.Context(), "chat 0"))
	ok(t, alice.m.Chats().Save(t.Context(), fresh))
	if err := alice.m.Chats().Join(t.Context(), "chat 0"); !errors.Is(err, ErrManyChats) {
		t.Errorf("coming back: %v", err)
	}
}
