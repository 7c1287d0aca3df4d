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

// Message is a message of a chat. Times are Unix milliseconds.
type Message struct {
	ID                string             `json:"id"`
	WhisperTimestamp  uint64             `json:"whisperTimestamp"`
	From              string             `json:"from"`
	Alias             string             `json:"alias"`
	Identicon         string             `json:"identicon"`
	Seen              bool               `json:"seen"`
	OutgoingStatus    string             `json:"outgoingStatus,omitempty"`
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
	ContentType       int32              `json:"contentType"`
	MessageType       int32              `json:"messageType"`
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
	ID              string `json:"id"`
	From            string `json:"from"`
	Address         string `json:"address"`
	Contract        string `json:"contract"`
	Value           string `json:"value"`
	TransactionHash string `json:"transactionHash"`
	CommandState    int    `json:"commandState"`
	Signature       []byte `json:"signature"`
}
