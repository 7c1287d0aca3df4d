package feed

import (
	"encoding/json"
	"slices"
)

// inChat is what bodies of events say about chats, by the names of messenger's
// events: a chat's id, objects that belong to a chat, or a chat itself.
type inChat struct {
	ChatID      string  `json:"chatId"` // also chatID: JSON names match in any case
	LocalChatID string  `json:"localChatId"`
	Chat        *object `json:"chat"`
	Chats       []object
	Messages    []inner  `json:"messages"`
	Reactions   []inner  `json:"emojiReactions"`
	Invitations []inner  `json:"invitations"`
	Filters     []inner  `json:"filters"`
	Reaction    *inner   `json:"reaction"`
	Invitation  *inner   `json:"invitation"`
	Message     optional `json:"message"` // a text in envelope.sent
	Contact     *object  `json:"contact"`
}

type object struct {
	ID string `json:"id"`
}

type inner struct {
	ChatID      string `json:"chatId"`
	LocalChatID string `json:"localChatId"`
}

// optional is an inner where a text may stand instead.
type optional struct{ inner }

// UnmarshalJSON implements json.Unmarshaler.
func (o *optional) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '{' {
		return json.Unmarshal(raw, &o.inner)
	}
	return nil
}

// concerns tells whether the body of an event is about one of some chats. An
// event about a contact belongs to the chat with that person.
func concerns(body []byte, chats []string) bool {
	var b inChat
	if json.Unmarshal(body, &b) != nil {
		return false
	}
	is := func(id string) bool { return id != "" && slices.Contains(chats, id) }
	in := func(i inner) bool { return is(i.LocalChatID) || i.LocalChatID == "" && is(i.ChatID) }
	for _, o := range []*object{b.Chat, b.Contact} {
		if o != nil && is(o.ID) {
			return true
		}
	}
	for _, i := range []*inner{b.Reaction, b.Invitation, &b.Message.inner, {b.ChatID, b.LocalChatID}} {
		if i != nil && in(*i) {
			return true
		}
	}
	if slices.ContainsFunc(b.Chats, func(o object) bool { return is(o.ID) }) {
		return true
	}
	return slices.ContainsFunc(slices.Concat(b.Messages, b.Reactions, b.Invitations, b.Filters), in)
}

// ChatOf returns the chat that the body of an event is about, the first if
// there are several, "" if there is none.
func ChatOf(body []byte) string {
	var b inChat
	if json.Unmarshal(body, &b) != nil {
		return ""
	}
	inners := slices.Concat([]inner{{b.ChatID, b.LocalChatID}, b.Message.inner}, b.Messages, b.Reactions,
		b.Invitations, b.Filters)
	for _, i := range []*inner{b.Reaction, b.Invitation} {
		if i != nil {
			inners = append(inners, *i)
		}
	}
	for _, i := range inners {
		if i.LocalChatID != "" {
			return i.LocalChatID
		}
		if i.ChatID != "" {
			return i.ChatID
		}
	}
	objects := b.Chats
	for _, o := range []*object{b.Chat, b.Contact} {
		if o != nil {
			objects = append(objects, *o)
		}
	}
	if len(objects) > 0 {
		return objects[0].ID
	}
	return ""
}
