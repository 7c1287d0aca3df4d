package text

import (
	"encoding/json"
	"slices"

	"statusd/api"
)

// Bare returns what an event tells without the trees of its messages. The event
// log keeps it like this: a tree can be many times as large as the text that a
// stranger sent, and can be made anew. It leaves the event that it is given
// alone.
func Bare(e api.EventPayload) api.EventPayload {
	return each(e, func(m *api.Message) {
		m.ParsedText = nil
		if m.QuotedMessage != nil {
			m.QuotedMessage.ParsedText = nil
		}
	})
}

// Show returns the body of an event of the log with the trees of its messages.
func Show(kind api.EventType, body json.RawMessage) json.RawMessage {
	switch kind {
	case api.EventMessagesNew, api.EventMessageEdited, api.EventGroupCreated:
	default:
		return body
	}
	e, err := api.Event{Type: kind, Event: body}.Decode()
	if err != nil { // of another version: it is shown as it is
		return body
	}
	shown, err := json.Marshal(each(e, func(m *api.Message) {
		m.ParsedText = Parse(m.Text)
		if q := m.QuotedMessage; q != nil {
			q.ParsedText = Parse(q.Text)
		}
	}))
	if err != nil {
		return body
	}
	return shown
}

// each returns a copy of an event in which each message was changed.
func each(e api.EventPayload, change func(*api.Message)) api.EventPayload {
	changed := func(m api.Message) api.Message {
		if m.QuotedMessage != nil {
			q := *m.QuotedMessage
			m.QuotedMessage = &q
		}
		change(&m)
		return m
	}
	ofChat := func(c api.Chat) api.Chat {
		if c.LastMessage != nil {
			m := changed(*c.LastMessage)
			c.LastMessage = &m
		}
		return c
	}
	switch e := e.(type) {
	case api.MessagesNewEvent:
		e.Messages, e.Chats = slices.Clone(e.Messages), slices.Clone(e.Chats)
		for i, m := range e.Messages {
			e.Messages[i] = changed(m)
		}
		for i, c := range e.Chats {
			e.Chats[i] = ofChat(c)
		}
		return e
	case api.MessageEditedEvent:
		e.Message = changed(e.Message)
		return e
	case api.GroupCreatedEvent:
		e.Chat = ofChat(e.Chat)
		return e
	}
	return e
}
