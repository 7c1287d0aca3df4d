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
