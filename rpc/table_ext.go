package rpc

import (
	"context"

	"statusd/api"
	"statusd/messenger"
)

// Values that the examples of chats share.
const (
	exampleContact = "0x04466d7fcae563e5cb09a0d1870bb580344804617879a14949cf22285f1bae3f27" +
		"6728176c3c6431f8eeda4538dc37c865e2784f3a9e77d044f33e407797e1278a"
	exampleOtherContact = "0x043c72addb4fdf09af94f0c94d7fe92a386a7e70cf8a1d85916386bb2535c7b1b1" +
		"3b306b0fe085665d8fc1b28ae1676cd3ad6e08eaeda225fe38d0da4de55703e0"
	exampleMessage = `{"messages":[{"id":"` + exampleHash + `","from":"` + examplePublicKey + `","text":"hello",` +
		`"chatId":"tea","localChatId":"tea","outgoingStatus":"sending","clock":1596000000000,"contentType":1,` +
		`"messageType":2}]}`
	docChatID    = "id of the chat: a channel's name, a contact id, a group's id"
	docMessageID = "id of the message, 0x and 64 hex digits"
	docPage      = "messages of a page, default 20"
	docCursor    = "where the page begins, from the page before; empty: the newest"
	docResponse  = "what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones " +
		"left out"
)

// withChat joins a public chat; withMessage sends a message there.
func withChat() []setupCall {
	return append(withLogin(), setup("wakuext_saveChat", `[{"id":"tea","name":"tea","chatType":2,"active":true}]`, ""))
}

func withMessage() []setupCall {
	return append(withChat(), setupAt("wakuext_sendChatMessage", `[{"chatId":"tea","text":"hello","contentType":1}]`,
		"messageID", "/messages/0/id"))
}

func withGroup() []setupCall {
	return append(withLogin(), setupAt("wakuext_createGroupChatWithMembers", `["tea party",["`+exampleContact+`"]]`,
		"groupID", "/chats/0/id"))
}

func setupAt(method, params, bind, at string) setupCall {
	s := setup(method, params, bind)
	s.At = at
	return s
}

func (a *extAPI) chatMethods() []method {
	const chat = `{"id":"tea","name":"tea","chatType":2,"active":true}`
	chats := (*messenger.Messenger).Chats
	onChat := func(name, summary string, f func(*messenger.Chats, context.Context, oneID) error) method {
		return method{
			name: "wakuext_" + name, scope: scopeSend, summary: summary, params: []param{{"chatId", docChatID}},
			result: "null", example: ex(`["tea"]`, `null`, withChat()...), handler: tell(a, chats, f),
		}
	}
	return []method{
		{
			name: "wakuext_startMessenger", scope: scopeRead, result: "null",
			summary: "Does nothing: the messenger runs as soon as an account is logged in.",
			example: ex(`[]`, `null`, withLogin()...),
			handler: tell(a, chats, func(*messenger.Chats, context.Context, noArgs) error { return nil }),
		},
		{
			name: "wakuext_chats", scope: scopeRead, summary: "Lists the chats, closed ones (active: false) among them.",
			result:  "list of chats with their last message",
			example: ex(`[]`, `[{"id":"tea","name":"tea","chatType":2,"active":true}]`, withChat()...),
			handler: ask(a, chats, func(s *messenger.Chats, ctx context.Context, _ noArgs) ([]api.Chat, error) {
				return s.List(ctx)
			}),
		},
		{
			name: "wakuext_saveChat", scope: scopeSend,
			summary: "Creates a chat or changes what belongs to the user: name, colour, active, muted. Sending needs a saved " +
				"chat.",
			params: []param{{"chat", "id, name, chatType (1 one-to-one, 2 public, 4 profile), active, color"}}, result: "null",
			example: ex(`[`+chat+`]`, `null`, withLogin()...),
			handler: tell(a, chats, func(s *messenger.Chats, ctx context.Context, in chatArg) error {
				return s.Save(ctx, in.Chat)
			}),
		},
		onChat("deleteChat", "Deletes a chat; older messages of it do not come back.",
			func(s *messenger.Chats, ctx context.Context, in oneID) error { return s.Delete(ctx, in.ID) }),
		{
			name: "wakuext_join", scope: scopeSend, summary: "Listens to a chat and fetches its history.",
			params: []param{{"chat", "the chat; its id counts"}}, result: "null",
			example: ex(`[`+chat+`]`, `null`, withChat()...),
			handler: tell(a, chats, func(s *messenger.Chats, ctx context.Context, in chatArg) error {
				return s.Join(ctx, in.Chat.ID)
			}),
		},
		{
			name: "wakuext_leave", scope: scopeSend, summary: "Stops to listen to a chat.",
			params: []param{{"chat", "the chat; its id counts"}}, result: "null",
			example: ex(`[`+chat+`]`, `null`, withChat()...),
			handler: tell(a, chats, func(s *messenger.Chats, ctx context.Context, in chatArg) error {
				return s.Leave(ctx, in.Chat.ID)
			}),
		},
		onChat("muteChat", "Marks a chat as muted.", func(s *messenger.Chats, ctx context.Context, in oneID) error {
			return s.Mute(ctx, in.ID, true)
		}),
		onChat("unmuteChat", "Takes the mark back.", func(s *messenger.Chats, ctx context.Context, in oneID) error {
			return s.Mute(ctx, in.ID, false)
		}),
	}
}
