package text

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"statusd/api"
)

// said is a message with trees, and what it quotes.
func said() api.Message {
	return api.Message{
		Text: "*a*", ParsedText: Parse("*a*"), QuotedMessage: &api.QuotedMessage{Text: "`b`", ParsedText: Parse("`b`")},
	}
}

func TestTheLogKeepsNoTrees(t *testing.T) {
	m := said()
	chat := api.Chat{ID: "c", LastMessage: &m}
	for _, e := range []api.EventPayload{
		api.MessagesNewEvent{Changes: api.Changes{Messages: []api.Message{m, m}, Chats: []api.Chat{chat, {}}}},
		api.MessageEditedEvent{Message: m},
		api.GroupCreatedEvent{Chat: chat},
	} {
		whole := inJSON(t, e)
		bare := inJSON(t, Bare(e))
		if strings.Contains(bare, "parsedText") || !strings.Contains(whole, "parsedText") {
			t.Errorf("%s: kept %s", e.EventType(), bare)
		}
		if again := inJSON(t, e); again != whole {
			t.Errorf("%s was changed: %s", e.EventType(), again)
		}
		if got := string(Show(e.EventType(), json.RawMessage(bare))); got != whole {
			t.Errorf("%s: shown\n%s, want\n%s", e.EventType(), got, whole)
		}
	}
	for _, other := range []string{`null`, `[]`, `{"messages":7}`, `{"message":"a text"}`} {
		if got := Show(api.EventMessagesNew, json.RawMessage(other)); !json.Valid(got) {
			t.Errorf("%s became %s", other, got)
		}
	}
	if got := string(Show(api.EventEnvelopeSent, json.RawMessage(`{"message": "*a*"}`))); got != `{"message": "*a*"}` {
		t.Error(got)
	}
}

// holds tells whether a value of a type may hold a message.
func holds(t reflect.Type, seen map[reflect.Type]bool) bool {
	switch {
	case t == reflect.TypeFor[api.Message]():
		return true
	case seen[t]:
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return holds(t.Elem(), seen)
	case reflect.Struct:
		for f := range t.Fields() {
			if holds(f.Type, seen) {
				return true
			}
		}
	}
	return false
}

// TestAllEventsWithMessagesAreKnown so that a new one is not forgotten.
func TestAllEventsWithMessagesAreKnown(t *testing.T) {
	for _, e := range api.Events() {
		known := e.Type == api.EventMessagesNew || e.Type == api.EventMessageEdited || e.Type == api.EventGroupCreated
		if has := holds(e.Payload, make(map[reflect.Type]bool)); has != known {
			t.Errorf("%s: holds messages: %v, treated so: %v", e.Type, has, known)
		}
	}
}
