package api

// Emoji is one of the emojis of reactions.
type Emoji int32

// The emojis.
const (
	EmojiLove       Emoji = 1
	EmojiThumbsUp   Emoji = 2
	EmojiThumbsDown Emoji = 3
	EmojiLaugh      Emoji = 4
	EmojiSad        Emoji = 5
	EmojiAngry      Emoji = 6
)

// Values implements Enum.
func (Emoji) Values() []Emoji {
	return []Emoji{EmojiLove, EmojiThumbsUp, EmojiThumbsDown, EmojiLaugh, EmojiSad, EmojiAngry}
}

// Reaction is an emoji on a message.
type Reaction struct {
	ID          string      `json:"id"`
	Clock       uint64      `json:"clock,omitempty"`
	ChatID      string      `json:"chatId,omitempty"`
	LocalChatID string      `json:"localChatId,omitempty"`
	From        string      `json:"from"`
	MessageID   string      `json:"messageId,omitempty"`
	MessageType MessageType `json:"messageType,omitempty"`
	Retracted   bool        `json:"retracted,omitempty"`
	EmojiID     Emoji       `json:"emojiId,omitempty"`
}

// What the examples of reactions share.
const (
	exampleReaction = `{"id":"` + exampleHash + `","clock":1596000000001,"chatId":"tea","from":"` + examplePublicKey +
		`","messageId":"{{messageID}}","messageType":2,"emojiId":1}`
	exampleReact = `["tea","{{messageID}}",1]`
)

// exampleReacted sends a message and reacts to it.
var exampleReacted = []Call{
	{Method: "account_importKey", Params: exampleImport}, {Method: "account_login", Params: exampleOpen},
	{Method: "wakuext_saveChat", Params: exampleTea},
	{Method: "wakuext_sendChatMessage", Params: exampleGreeting, Bind: "messageID", At: "/messages/0/id"},
	{Method: "wakuext_sendEmojiReaction", Params: exampleReact, Bind: "reactionID", At: "/emojiReactions/0/id"},
}

// Arguments of methods about reactions.
type (
	// ReactArgs are those of wakuext_sendEmojiReaction.
	ReactArgs struct {
		ChatID    string `json:"chatId" doc:"id of the chat: a channel's name, a contact id, a group's id"`
		MessageID string `json:"messageId" doc:"id of the message, 0x and 64 hex digits"`
		EmojiType Emoji  `json:"emojiType" doc:"1 love, 2 thumbs up, 3 thumbs down, 4 laugh, 5 sad, 6 angry"`
	}
	// ReactionArgs name a reaction.
	ReactionArgs struct {
		ReactionID string `json:"reactionId" doc:"id of the reaction"`
	}
)

// Methods about reactions.
var (
	WakuextSendEmojiReaction = Method[ReactArgs, Changes]{
		Name: "wakuext_sendEmojiReaction", Scope: ScopeSend, Summary: "Reacts to a message.", Returns: returnsChanges,
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject, CodeInvalidRecipient},
		Example: Example{Setup: exampleSaid, Params: exampleReact, Result: `{"emojiReactions":[` + exampleReaction + `]}`},
	}
	WakuextSendEmojiReactionRetraction = Method[ReactionArgs, Changes]{
		Name: "wakuext_sendEmojiReactionRetraction", Scope: ScopeSend, Summary: "Takes a reaction back.",
		Returns: returnsChanges, Errors: []Code{CodeNotLoggedIn, CodeUnknownObject, CodeInvalidRecipient},
		Example: Example{
			Setup: exampleReacted, Params: `["{{reactionID}}"]`, Result: `{"emojiReactions":[` + exampleReaction + `]}`,
		},
	}
	WakuextEmojiReactionsByChatID = Method[PageArgs, []Reaction]{
		Name: "wakuext_emojiReactionsByChatID", Scope: ScopeRead, Returns: "list of reactions that were not taken back",
		Summary: "Returns the reactions to the messages of a page, the same that wakuext_chatMessages returns.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{Setup: exampleReacted, Params: `["tea","",20]`, Result: `[` + exampleReaction + `]`},
	}
)

func reactionMethods() []Described {
	return []Described{
		WakuextSendEmojiReaction, WakuextSendEmojiReactionRetraction, WakuextEmojiReactionsByChatID,
	}
}
