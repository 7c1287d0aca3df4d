package rpc

import (
	"context"
	"slices"

	"statusd/api"
	"statusd/messenger"
)

func (a *extAPI) messageMethods() []method {
	messages := (*messenger.Messenger).Messages
	onMessage := func(name, summary string, f func(*messenger.Messages, context.Context, oneID) error) method {
		return method{
			name: "wakuext_" + name, scope: scopeSend, summary: summary, params: []param{{"id", docMessageID}},
			result: "null", example: ex(`["{{messageID}}"]`, `null`, withMessage()...), handler: tell(a, messages, f),
		}
	}
	onChat := func(name, summary string, f func(*messenger.Messages, context.Context, oneID) error) method {
		return method{
			name: "wakuext_" + name, scope: scopeSend, summary: summary, params: []param{{"chatId", docChatID}},
			result: "null", example: ex(`["tea"]`, `null`, withMessage()...), handler: tell(a, messages, f),
		}
	}
	return append(slices.Concat(a.readingMethods(), a.reactionMethods()),
		method{
			name: "wakuext_sendChatMessage", scope: scopeSend, result: docResponse,
			summary: "Sends a message to a saved chat. It returns when the message is stored; it leaves as soon as there " +
				"is a peer.",
			params: []param{{"message", "chatId, text, contentType (1 text, 2 sticker, 4 emoji, 7 image, 8 audio), " +
				"responseTo, ensName, sticker {hash, pack}; a picture or recording as data URL in image or audio, or over the " +
				"socket as imagePath or audioPath, with audioDurationMs"}},
			example: ex(`[{"chatId":"tea","text":"hello","contentType":1}]`, exampleMessage, withChat()...),
			handler: ask(a, messages, sendChatMessage),
		},
		onMessage("reSendChatMessage", "Sends a message of ours again, under the same id.",
			func(s *messenger.Messages, ctx context.Context, in oneID) error { return s.Resend(ctx, in.ID) }),
		onMessage("deleteMessage", "Deletes a message from this device.",
			func(s *messenger.Messages, ctx context.Context, in oneID) error { return s.Delete(ctx, in.ID) }),
		onChat("deleteMessagesByChatID", "Deletes the messages of a chat from this device.",
			func(s *messenger.Messages, ctx context.Context, in oneID) error { return s.DeleteByChat(ctx, in.ID) }),
		method{
			name: "wakuext_markMessagesSeen", scope: scopeSend, summary: "Marks messages of a chat as read.",
			params: []param{{"chatId", docChatID}, {"ids", "ids of messages"}}, result: "how many were unread",
			example: ex(`["tea",["{{messageID}}"]]`, `0`, withMessage()...),
			handler: ask(a, messages, func(s *messenger.Messages, ctx context.Context, in seenArg) (uint64, error) {
				return s.MarkSeen(ctx, in.ChatID, in.IDs)
			}),
		},
		onChat("markAllRead", "Marks all messages of a chat as read.",
			func(s *messenger.Messages, ctx context.Context, in oneID) error { return s.MarkAllRead(ctx, in.ID) }),
		method{
			name: "wakuext_updateMessageOutgoingStatus", scope: scopeSend, result: "null",
			summary: "Sets the state of an own message. The daemon does that itself; a state never goes backwards.",
			params:  []param{{"id", docMessageID}, {"status", "sending, sent, not-sent or delivered"}},
			example: ex(`["{{messageID}}","sent"]`, `null`, withMessage()...),
			handler: tell(a, messages, func(s *messenger.Messages, ctx context.Context, in twoIDs) error {
				return s.SetStatus(ctx, in.First, api.OutgoingStatus(in.Second))
			}),
		},
		method{
			name: "wakuext_confirmMessagesProcessedByID", scope: scopeRead, result: "null",
			summary: "Does nothing: messages are confirmed in the transaction that stores them.",
			params:  []param{{"messages", "ignored"}}, example: ex(`[[]]`, `null`),
			handler: fnArgs(func(context.Context, struct{ Messages *[]any }) (any, error) { return nil, nil }),
		},
		method{
			name: "wakuext_echo", scope: scopeRead, summary: "Answers what it is given.", params: []param{{"text", "any text"}},
			result: "the text", example: ex(`["hello"]`, `"hello"`),
			handler: fn1(func(_ context.Context, text string) (string, error) { return text, nil }),
		},
	)
}

// readingMethods return messages.
func (a *extAPI) readingMethods() []method {
	messages := (*messenger.Messenger).Messages
	const page = `{"messages":[{"id":"{{messageID}}","text":"hello","chatId":"tea","clock":1596000000000}],"cursor":""}`
	return []method{
		{
			name: "wakuext_chatMessages", scope: scopeRead,
			summary: "Returns the messages of a chat, page by page, newest first.",
			params:  []param{{"chatId", docChatID}, {"cursor", docCursor}, {"limit", docPage}},
			result:  "messages, and the cursor of the next page, empty at the end",
			example: ex(`["tea","",20]`, page, withMessage()...), handler: ask(a, messages, chatMessages),
		},
		{
			name: "wakuext_searchMessages", scope: scopeRead,
			summary: "Finds messages that contain a text, in any case of letters, newest first.",
			params: []param{
				{"chatId", docChatID + "; empty: all chats"}, {"text", "what to look for"}, {"cursor", docCursor},
				{"limit", docPage},
			},
			result:  "messages, and the cursor of the next page, empty at the end",
			example: ex(`["tea","HELL","",20]`, page, withMessage()...), handler: ask(a, messages, searchMessages),
		},
		{
			name: "wakuext_messageByID", scope: scopeRead, summary: "Returns one message.",
			params: []param{{"id", docMessageID}}, result: "the message",
			example: ex(`["{{messageID}}"]`, `{"id":"{{messageID}}","text":"hello"}`, withMessage()...),
			handler: ask(a, messages, func(s *messenger.Messages, ctx context.Context, in oneID) (api.Message, error) {
				return s.ByID(ctx, in.ID)
			}),
		},
	}
}

func (a *extAPI) reactionMethods() []method {
	reactions := (*messenger.Messenger).Reactions
	const reaction = `{"id":"` + exampleHash + `","clock":1596000000001,"chatId":"tea","from":"` + examplePublicKey +
		`","messageId":"{{messageID}}","messageType":2,"emojiId":1}`
	reacted := append(withMessage(), setupAt("wakuext_sendEmojiReaction", `["tea","{{messageID}}",1]`, "reactionID",
		"/emojiReactions/0/id"))
	return []method{
		{
			name: "wakuext_sendEmojiReaction", scope: scopeSend, summary: "Reacts to a message.", result: docResponse,
			params: []param{
				{"chatId", docChatID}, {"messageId", docMessageID},
				{"emojiType", "1 love, 2 thumbs up, 3 thumbs down, 4 laugh, 5 sad, 6 angry"},
			},
			example: ex(`["tea","{{messageID}}",1]`, `{"emojiReactions":[`+reaction+`]}`, withMessage()...),
			handler: ask(a, reactions, func(s *messenger.Reactions, ctx context.Context, in reactionArg) (
				api.Changes, error,
			) {
				return s.Send(ctx, in.ChatID, in.MessageID, in.EmojiType)
			}),
		},
		{
			name: "wakuext_sendEmojiReactionRetraction", scope: scopeSend, summary: "Takes a reaction back.",
			result: docResponse, params: []param{{"reactionId", "id of the reaction"}},
			example: ex(`["{{reactionID}}"]`, `{"emojiReactions":[`+reaction+`]}`, reacted...),
			handler: ask(a, reactions, func(s *messenger.Reactions, ctx context.Context, in oneID) (api.Changes, error) {
				return s.Retract(ctx, in.ID)
			}),
		},
		{
			name: "wakuext_emojiReactionsByChatID", scope: scopeRead, result: "list of reactions that were not taken back",
			summary: "Returns the reactions to the messages of a page, the same that wakuext_chatMessages returns.",
			params:  []param{{"chatId", docChatID}, {"cursor", docCursor}, {"limit", docPage}},
			example: ex(`["tea","",20]`, `[`+reaction+`]`, reacted...),
			handler: ask(a, reactions, func(s *messenger.Reactions, ctx context.Context, in pageArg) ([]api.Reaction, error) {
				limit, err := limitOf(in.Limit)
				if err != nil {
					return nil, err
				}
				return s.ByChat(ctx, in.ChatID, orZero(in.Cursor), limit)
			}),
		},
	}
}
