package api

// Changes are what a call or a message changed, empty lists omitted.
type Changes struct {
	Chats          []Chat         `json:"chats,omitempty"`
	Messages       []Message      `json:"messages,omitempty"`
	Contacts       []Contact      `json:"contacts,omitempty"`
	Installations  []Installation `json:"installations,omitempty"`
	EmojiReactions []Reaction     `json:"emojiReactions,omitempty"`
	Invitations    []Invitation   `json:"invitations,omitempty"`
}

// MessageType says to what kind of chat a message was sent.
type MessageType int32

// Message types.
const (
	MessageOneToOne     MessageType = 1
	MessagePublic       MessageType = 2 // public chats and profiles
	MessagePrivateGroup MessageType = 3
	MessageSystem       MessageType = 4 // made here: it tells what happened in a group
)

// Values implements Enum.
func (MessageType) Values() []MessageType {
	return []MessageType{MessageOneToOne, MessagePublic, MessagePrivateGroup, MessageSystem}
}

// ContentType says what a message holds.
type ContentType int32

// Content types.
const (
	ContentText    ContentType = 1
	ContentSticker ContentType = 2
	ContentStatus  ContentType = 3
	ContentEmoji   ContentType = 4
	ContentCommand ContentType = 5 // about a payment
	ContentSystem  ContentType = 6 // of a group
	ContentImage   ContentType = 7
	ContentAudio   ContentType = 8
)

// Values implements Enum.
func (ContentType) Values() []ContentType {
	return []ContentType{
		ContentText, ContentSticker, ContentStatus, ContentEmoji, ContentCommand, ContentSystem, ContentImage, ContentAudio,
	}
}

// OutgoingStatus says how far a message of ours is; it is empty for those of
// others.
type OutgoingStatus string

// How far messages of ours are.
const (
	OutgoingSending   OutgoingStatus = "sending"
	OutgoingNotSent   OutgoingStatus = "not-sent" // given up
	OutgoingSent      OutgoingStatus = "sent"     // a peer of the network has it
	OutgoingDelivered OutgoingStatus = "delivered"
)

// Values implements Enum.
func (OutgoingStatus) Values() []OutgoingStatus {
	return []OutgoingStatus{OutgoingSending, OutgoingNotSent, OutgoingSent, OutgoingDelivered}
}

// Message is a message of a chat. Times are Unix milliseconds.
type Message struct {
	ID                string             `json:"id"`
	WhisperTimestamp  uint64             `json:"whisperTimestamp"`
	From              string             `json:"from"`
	Alias             string             `json:"alias"`
	Identicon         string             `json:"identicon"`
	Seen              bool               `json:"seen"`
	OutgoingStatus    OutgoingStatus     `json:"outgoingStatus,omitempty"`
	QuotedMessage     *QuotedMessage     `json:"quotedMessage"`
	RTL               bool               `json:"rtl"`
	ParsedText        []TextNode         `json:"parsedText,omitzero"`
	LineCount         int                `json:"lineCount"`
	Text              string             `json:"text"`
	ChatID            string             `json:"chatId"` // as on the wire
	LocalChatID       string             `json:"localChatId"`
	Clock             uint64             `json:"clock"`
	Replace           string             `json:"replace"`
	ResponseTo        string             `json:"responseTo"`
	New               bool               `json:"new,omitempty"`
	EnsName           string             `json:"ensName"`
	Image             string             `json:"image,omitempty"` // data URL
	Audio             string             `json:"audio,omitempty"` // data URL
	AudioDurationMs   uint64             `json:"audioDurationMs,omitempty"`
	Sticker           *Sticker           `json:"sticker"`
	CommandParameters *CommandParameters `json:"commandParameters"`
	Timestamp         uint64             `json:"timestamp"`
	ContentType       ContentType        `json:"contentType"`
	MessageType       MessageType        `json:"messageType"`
	Mentions          []string           `json:"mentions,omitempty"`
	Links             []string           `json:"links,omitempty"`
	// EditedAt and Pinned come from later extensions, when switched on.
	EditedAt uint64 `json:"editedAt,omitempty"`
	Pinned   bool   `json:"pinned,omitempty"`
	// DeliveredTo are the members of a private group that acknowledged it.
	DeliveredTo []string `json:"deliveredTo,omitempty"`
}

// QuotedMessage is what a reply quotes.
type QuotedMessage struct {
	From            string     `json:"from"`
	Text            string     `json:"text"`
	ParsedText      []TextNode `json:"parsedText,omitzero"`
	Image           string     `json:"image,omitempty"`
	Audio           string     `json:"audio,omitempty"`
	AudioDurationMs uint64     `json:"audioDurationMs,omitempty"`
}

// Sticker names a sticker.
type Sticker struct {
	Hash string `json:"hash"`
	Pack int32  `json:"pack"`
}

// CommandParameters describe a transaction command.
type CommandParameters struct {
	ID              string       `json:"id"`
	From            string       `json:"from"`
	Address         string       `json:"address"`
	Contract        string       `json:"contract"`
	Value           string       `json:"value"`
	TransactionHash string       `json:"transactionHash"`
	CommandState    CommandState `json:"commandState"`
	Signature       []byte       `json:"signature"`
}

// What the examples of messages share.
const (
	exampleMessage = `{"messages":[{"id":"` + exampleHash + `","from":"` + examplePublicKey + `","text":"hello",` +
		`"chatId":"tea","localChatId":"tea","outgoingStatus":"sending","clock":1596000000000,"contentType":1,` +
		`"messageType":2}]}`
	examplePage = `{"messages":[{"id":"{{messageID}}","text":"hello","chatId":"tea","clock":1596000000000}],` +
		`"cursor":""}`
	onExampleMessage = `["{{messageID}}"]`
)

// OutgoingMessage is a message to send.
type OutgoingMessage struct {
	ChatID          string      `json:"chatId"`
	Text            string      `json:"text,omitempty"`
	ContentType     ContentType `json:"contentType,omitempty"` // left out: text, or what is attached
	ResponseTo      string      `json:"responseTo,omitempty"`  // id of the message that it answers
	EnsName         string      `json:"ensName,omitempty"`
	Sticker         *Sticker    `json:"sticker,omitempty"`
	Image           string      `json:"image,omitempty"` // data URL
	Audio           string      `json:"audio,omitempty"` // data URL
	AudioDurationMs uint64      `json:"audioDurationMs,omitempty"`
	ImagePath       string      `json:"imagePath,omitempty"` // a file of the daemon's machine; over the socket only
	AudioPath       string      `json:"audioPath,omitempty"` // as ImagePath
}

// LocalFiles implements FileReader.
func (a SendMessageArgs) LocalFiles() []string {
	return []string{a.Message.ImagePath, a.Message.AudioPath}
}

// MessagePage is a page of messages, the newest first.
type MessagePage struct {
	Messages []Message `json:"messages"`
	Cursor   string    `json:"cursor"` // of the next page; empty at the end
}

// DefaultPage is the number of messages of a page whose limit is not given.
const DefaultPage = 20

// Arguments of methods about messages.
type (
	// MessageIDArgs name a message.
	MessageIDArgs struct {
		ID string `json:"id" doc:"id of the message, 0x and 64 hex digits"`
	}
	// PageArgs name a page of a chat.
	PageArgs struct {
		ChatID string `json:"chatId" doc:"id of the chat: a channel's name, a contact id, a group's id"`
		Cursor string `json:"cursor,omitempty" doc:"where the page begins, from the page before; empty: the newest"`
		Limit  *int   `json:"limit" doc:"messages of a page, default 20"` // nil: DefaultPage
	}
	// SearchArgs are those of wakuext_searchMessages.
	SearchArgs struct {
		ChatID string `json:"chatId,omitempty" doc:"id of the chat: a channel's name, a contact id, a group's id; empty: all chats"`
		Text   string `json:"text" doc:"what to look for"`
		Cursor string `json:"cursor,omitempty" doc:"where the page begins, from the page before; empty: the newest"`
		Limit  *int   `json:"limit" doc:"messages of a page, default 20"` // nil: DefaultPage
	}
	// SendMessageArgs are those of wakuext_sendChatMessage.
	SendMessageArgs struct {
		Message   OutgoingMessage `json:"message" doc:"chatId, text, contentType (1 text, 2 sticker, 4 emoji, 7 image, 8 audio), responseTo, ensName, sticker {hash, pack}; a picture or recording as data URL in image or audio, or over the socket as imagePath or audioPath, with audioDurationMs"`
		RequestID string          `json:"requestId,omitempty" doc:"a name for this request, at most 64 bytes: repeated within 7 days with the same arguments, it sends nothing and answers the message that the first one sent; with others it is an error"`
	}
	// SeenArgs are those of wakuext_markMessagesSeen.
	SeenArgs struct {
		ChatID string   `json:"chatId" doc:"id of the chat: a channel's name, a contact id, a group's id"`
		IDs    []string `json:"ids" doc:"ids of messages"`
	}
	// OutgoingStatusArgs are those of wakuext_updateMessageOutgoingStatus.
	OutgoingStatusArgs struct {
		ID     string         `json:"id" doc:"id of the message, 0x and 64 hex digits"`
		Status OutgoingStatus `json:"status" doc:"sending, sent, not-sent or delivered"`
	}
	// ConfirmedArgs are those of wakuext_confirmMessagesProcessedByID.
	ConfirmedArgs struct {
		Messages []JSON `json:"messages,omitempty" doc:"ignored"`
	}
	// TextArgs are a text.
	TextArgs struct {
		Text string `json:"text" doc:"any text"`
	}
)

// Methods about messages.
var (
	WakuextChatMessages = Method[PageArgs, MessagePage]{
		Name: "wakuext_chatMessages", Scope: ScopeRead, Errors: []Code{CodeNotLoggedIn, CodeUnknownObject},
		Summary: "Returns the messages of a chat, page by page, newest first.",
		Returns: "messages, and the cursor of the next page, empty at the end",
		Example: Example{Setup: exampleSaid, Params: `["tea","",20]`, Result: examplePage},
	}
	WakuextSearchMessages = Method[SearchArgs, MessagePage]{
		Name: "wakuext_searchMessages", Scope: ScopeRead, Errors: []Code{CodeNotLoggedIn, CodeUnknownObject},
		Summary: "Finds messages that contain a text, in any case of letters, newest first.",
		Returns: "messages, and the cursor of the next page, empty at the end",
		Example: Example{Setup: exampleSaid, Params: `["tea","HELL","",20]`, Result: examplePage},
	}
	WakuextMessageByID = Method[MessageIDArgs, Message]{
		Name: "wakuext_messageByID", Scope: ScopeRead, Summary: "Returns one message.", Returns: "the message",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{Setup: exampleSaid, Params: onExampleMessage, Result: `{"id":"{{messageID}}","text":"hello"}`},
	}
	WakuextSendChatMessage = Method[SendMessageArgs, Changes]{
		Name: "wakuext_sendChatMessage", Scope: ScopeSend, Returns: returnsChanges,
		Summary: "Sends a message to a saved chat. It returns when the message is stored; it leaves as soon as there " +
			"is a peer.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject, CodeInvalidRecipient, CodeExists},
		Example: Example{Setup: exampleChat, Params: exampleGreeting, Result: exampleMessage},
	}
	WakuextReSendChatMessage = Method[MessageIDArgs, None]{
		Name: "wakuext_reSendChatMessage", Scope: ScopeSend, Returns: "null",
		Summary: "Sends a message of ours again, under the same id.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{Setup: exampleSaid, Params: onExampleMessage, Result: `null`},
	}
	WakuextDeleteMessage = Method[MessageIDArgs, None]{
		Name: "wakuext_deleteMessage", Scope: ScopeSend, Returns: "null",
		Summary: "Deletes a message from this device.", Errors: []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{Setup: exampleSaid, Params: onExampleMessage, Result: `null`},
	}
	WakuextDeleteMessagesByChatID = Method[ChatIDArgs, None]{
		Name: "wakuext_deleteMessagesByChatID", Scope: ScopeSend, Returns: "null",
		Summary: "Deletes the messages of a chat from this device.", Errors: []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{Setup: exampleSaid, Params: `["tea"]`, Result: `null`},
	}
	WakuextMarkMessagesSeen = Method[SeenArgs, uint64]{
		Name: "wakuext_markMessagesSeen", Scope: ScopeSend, Returns: "how many were unread",
		Summary: "Marks messages of a chat as read.", Errors: []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{Setup: exampleSaid, Params: `["tea",["{{messageID}}"]]`, Result: `0`},
	}
	WakuextMarkAllRead = Method[ChatIDArgs, None]{
		Name: "wakuext_markAllRead", Scope: ScopeSend, Returns: "null",
		Summary: "Marks all messages of a chat as read.", Errors: []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{Setup: exampleSaid, Params: `["tea"]`, Result: `null`},
	}
	WakuextUpdateMessageOutgoingStatus = Method[OutgoingStatusArgs, None]{
		Name: "wakuext_updateMessageOutgoingStatus", Scope: ScopeSend, Returns: "null",
		Summary: "Sets the state of an own message. The daemon does that itself; a state never goes backwards.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{Setup: exampleSaid, Params: `["{{messageID}}","sent"]`, Result: `null`},
	}
	WakuextConfirmMessagesProcessedByID = Method[ConfirmedArgs, None]{
		Name: "wakuext_confirmMessagesProcessedByID", Scope: ScopeRead, Returns: "null",
		Summary: "Does nothing: messages are confirmed in the transaction that stores them.",
		Example: Example{Params: `[[]]`, Result: `null`},
	}
	WakuextEcho = Method[TextArgs, string]{
		Name: "wakuext_echo", Scope: ScopeRead, Summary: "Answers what it is given.", Returns: "the text",
		Example: Example{Params: `["hello"]`, Result: `"hello"`},
	}
)

func messageMethods() []Described {
	return []Described{
		WakuextChatMessages, WakuextSearchMessages, WakuextMessageByID, WakuextSendChatMessage,
		WakuextReSendChatMessage, WakuextDeleteMessage, WakuextDeleteMessagesByChatID,
		WakuextMarkMessagesSeen, WakuextMarkAllRead, WakuextUpdateMessageOutgoingStatus,
		WakuextConfirmMessagesProcessedByID, WakuextEcho,
	}
}
