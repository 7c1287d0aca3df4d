package api

// Reaction is an emoji on a message.
type Reaction struct {
	ID          string `json:"id"`
	Clock       uint64 `json:"clock,omitempty"`
	ChatID      string `json:"chatId,omitempty"`
	LocalChatID string `json:"localChatId,omitempty"`
	From        string `json:"from"`
	MessageID   string `json:"messageId,omitempty"`
	MessageType int32  `json:"messageType,omitempty"`
	Retracted   bool   `json:"retracted,omitempty"`
	EmojiID     int32  `json:"emojiId,omitempty"`
}
