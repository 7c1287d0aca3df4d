package messenger

import (
	"encoding/json"
	"strings"
	"testing"

	"statusd/api"
	"statusd/internal/store"
)

// tree is a tree in JSON.
func tree(t *testing.T, nodes []api.TextNode) string {
	t.Helper()
	out, err := json.Marshal(nodes)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestMessagesAreShownWithTheTreesOfTheirTexts wherever a message is shown, but
// not in the log.
func TestMessagesAreShownWithTheTreesOfTheirTexts(t *testing.T) {
	const (
		words, wantWords   = "*look*", `[{"type":"paragraph","children":[{"literal":""},{"type":"emph","literal":"look"}]}]`
		answer, wantAnswer = "I `see`", `[{"type":"paragraph","children":[{"literal":"I "},{"type":"code","literal":"see"}]}]`
	)
	alice, bob := pair(t)
	var at int64
	_, _ = alice.events(&at)
	first := alice.write(bob.id, words)
	bob.take(alice)
	sent := must[api.Changes](t)(bob.m.Messages().Send(t.Context(), api.OutgoingMessage{
		ChatID: alice.id, Text: answer, ContentType: api.ContentText, ResponseTo: first,
	}))
	alice.take(bob)
	id := sent.Messages[0].ID
	page, _, err := alice.m.Messages().Page(t.Context(), bob.id, "", 10)
	ok(t, err)
	found, _, err := alice.m.Messages().Search(t.Context(), "", "see", "", 10)
	ok(t, err)
	chats := must[[]api.Chat](t)(alice.m.Chats().List(t.Context()))
	for place, m := range map[string]api.Message{
		"answer of the call": sent.Messages[0], "last message of it": *sent.Chats[0].LastMessage, "by id": alice.message(id),
		"page": page[0], "search": found[0], "last message": *chats[0].LastMessage,
	} {
		if got := tree(t, m.ParsedText); got != wantAnswer {
			t.Errorf("%s: %s", place, got)
		}
		if strings.HasPrefix(place, "last") {
			continue // it quotes nothing
		}
		if m.QuotedMessage == nil || tree(t, m.QuotedMessage.ParsedText) != wantWords {
			t.Errorf("%s: quotes %+v", place, m.QuotedMessage)
		}
	}
	_, bodies := alice.events(&at)
	if all := strings.Join(bodies, ""); !strings.Contains(all, words) || strings.Contains(all, "parsedText") {
		t.Errorf("the log holds trees: %s", all)
	}
}

// TestTreesDoNotSwellPages: trees count like pictures in what bounds a page.
func TestTreesDoNotSwellPages(t *testing.T) {
	alice, bob := pair(t)
	alice.write(bob.id, "now a lot")
	const n = 600
	alice.tx(func(tx *store.Tx) error {
		chat, _, err := tx.Chats().ByID(bob.id)
		if err != nil {
			return err
		}
		for i := range n {
			m := store.Message{
				ID: store.MessageID{byte(i >> 8), byte(i)}, ChatKey: chat.Key, ChatID: bob.id, WireChat: bob.id,
				Author: alice.id, Clock: uint64(i + 1), Type: 1, Content: 1, Text: strings.Repeat("#a ", 490),
			}
			if err := tx.Messages().Put(&m); err != nil {
				return err
			}
		}
		return nil
	})
	seen, pages := 0, 0
	for cursor := ""; seen == 0 || cursor != ""; pages++ {
		page, next, err := alice.m.Messages().Page(t.Context(), bob.id, cursor, n)
		ok(t, err)
		if size := len(must[[]byte](t)(json.Marshal(page))); size > 3*maxPageMedia/2 {
			t.Errorf("a page of %d bytes", size)
		}
		seen, cursor = seen+len(page), next
	}
	if seen != n+1 || pages < 2 {
		t.Errorf("%d messages on %d pages", seen, pages)
	}
}
