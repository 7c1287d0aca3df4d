package api

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
)

// TestChatsOfEvents fills each payload from what it looks like on the wire.
func TestChatsOfEvents(t *testing.T) {
	for _, c := range []struct {
		kind EventType
		body string
		want []string
	}{
		{EventMessagesNew, `{"messages":[{"chatId":"sent","localChatId":"tea"}],"chats":[{"id":"tea"},{"id":"cake"}]}`,
			[]string{"tea", "cake"}},
		{EventMessagesNew, `{"messages":[{"chatId":"tea"}]}`, []string{"tea"}},
		{EventMessagesNew, `{"emojiReactions":[{"chatId":"sent","localChatId":"tea"}]}`, []string{"tea"}},
		{EventMessagesNew, `{"invitations":[{"id":"1","chatId":"party"}],"chats":[{"id":""}]}`, []string{"party"}},
		{EventMessagesNew, `{"installations":[{"id":"device"}]}`, nil},
		{EventMessageDelivered, `{"chatID":"tea","messageID":"0x01"}`, []string{"tea"}},
		{EventFilterAdded, `{"filters":[{"chatId":"a"},{"chatId":"b"},{"chatId":"a"}]}`, []string{"a", "b"}},
		{EventReactionAdded, `{"reaction":{"chatId":"sent","localChatId":"tea"}}`, []string{"tea"}},
		{EventReactionRetracted, `{"reaction":{"chatId":"tea"}}`, []string{"tea"}},
		{EventContactRequested, `{"contact":{"id":"0x04"}}`, []string{"0x04"}},
		{EventContactUpdated, `{"contact":{"id":"0x04"}}`, []string{"0x04"}},
		{EventGroupCreated, `{"chat":{"id":"party"}}`, []string{"party"}},
		{EventGroupRenamed, `{"chatId":"party","name":"n"}`, []string{"party"}},
		{EventMemberAdded, `{"chatId":"party","member":"0x04"}`, []string{"party"}},
		{EventMemberJoined, `{"chatId":"party","member":"0x04"}`, []string{"party"}},
		{EventMemberLeft, `{"chatId":"party","member":"0x04"}`, []string{"party"}},
		{EventMemberRemoved, `{"chatId":"party","member":"0x04"}`, []string{"party"}},
		{EventAdminAdded, `{"chatId":"party","member":"0x04"}`, []string{"party"}},
		{EventAdminRemoved, `{"chatId":"party","member":"0x04"}`, []string{"party"}},
		{EventGroupInvitation, `{"invitation":{"id":"1","chatId":"party"}}`, []string{"party"}},
		{EventMessageEdited, `{"message":{"chatId":"sent","localChatId":"tea"}}`, []string{"tea"}},
		{EventMessageDeleted, `{"chatId":"tea","messageId":"0x01"}`, []string{"tea"}},
		{EventMessagePinned, `{"chatId":"tea","messageId":"0x01"}`, []string{"tea"}},
		{EventEnvelopeSent, `{"ids":["tea"],"message":"tea"}`, nil},
		{EventDeviceFound, `{"installation":{"id":"device"}}`, nil},
	} {
		e, err := Event{Type: c.kind, Event: json.RawMessage(c.body)}.Decode()
		if err != nil {
			t.Fatal(err)
		}
		if got := ChatsOf(e); !slices.Equal(got, c.want) {
			t.Errorf("%s %s: %q, want %q", c.kind, c.body, got, c.want)
		}
	}
}

// TestEventsWithAChatSayWhich: a payload that carries a chat, or something that
// is in one, and does not say so is passed over by who follows that chat.
func TestEventsWithAChatSayWhich(t *testing.T) {
	for _, known := range Events() {
		_, says := reflect.Zero(known.Payload).Interface().(inChats)
		if carries := carriesChat(known.Payload, make(map[reflect.Type]bool)); carries != says {
			t.Errorf("%s: carries a chat: %v; says which: %v", known.Payload.Name(), carries, says)
		}
	}
}

// carriesChat reports whether a type has a chat's id in it, or a contact, whose
// id is that of a chat. seen are the types that were looked at.
func carriesChat(of reflect.Type, seen map[reflect.Type]bool) bool {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || seen[of] {
		return false
	}
	seen[of] = true
	if of == reflect.TypeFor[Contact]() || of == reflect.TypeFor[Chat]() {
		return true
	}
	for f := range of.Fields() {
		if f.Name == "ChatID" || carriesChat(f.Type, seen) {
			return true
		}
	}
	return false
}
