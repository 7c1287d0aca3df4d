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

// SendState says how far a message is that was sent with status_send.
type SendState string

// How far such messages are.
const (
	SendQueued    SendState = "queued" // on disk; it leaves as soon as there is a peer
	SendSent      SendState = "sent"   // a peer of the network has it
	SendDelivered SendState = "delivered"
	SendFailed    SendState = "failed" // given up
)

// Values implements Enum.
func (SendState) Values() []SendState {
	return []SendState{SendQueued, SendSent, SendDelivered, SendFailed}
}

// SendWait is the state that status_send waits for.
type SendWait string

// What to wait for.
const (
	WaitNone      SendWait = "none"
	WaitSent      SendWait = "sent"
	WaitDelivered SendWait = "delivered"
)

// Values implements Enum.
func (SendWait) Values() []SendWait { return []SendWait{WaitNone, WaitSent, WaitDelivered} }

// Sent is what became of a message that was sent with status_send.
type Sent struct {
	MessageID string    `json:"messageId"`
	ChatID    string    `json:"chatId"`
	Clock     uint64    `json:"clock"`
	Status    SendState `json:"status"`
}

// CommandState says how far a payment is.
type CommandState int

// States of payments.
const (
	CommandAddressRequested     CommandState = 1
	CommandAddressDeclined      CommandState = 2
	CommandAddressAccepted      CommandState = 3
	CommandTransactionRequested CommandState = 4
	CommandTransactionDeclined  CommandState = 5
	CommandTransactionPending   CommandState = 6
	CommandTransactionSent      CommandState = 7
)

// Values implements Enum.
func (CommandState) Values() []CommandState {
	return []CommandState{
		CommandAddressRequested, CommandAddressDeclined, CommandAddressAccepted, CommandTransactionRequested,
		CommandTransactionDeclined, CommandTransactionPending, CommandTransactionSent,
	}
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
	// What only senders give: files to attach.
	ImagePath string `json:"imagePath,omitempty"`
	AudioPath string `json:"audioPath,omitempty"`
}

// QuotedMessage is what a reply quotes.
type QuotedMessage struct {
	From            string `json:"from"`
	Text            string `json:"text"`
	Image           string `json:"image,omitempty"`
	Audio           string `json:"audio,omitempty"`
	AudioDurationMs uint64 `json:"audioDurationMs,omitempty"`
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
