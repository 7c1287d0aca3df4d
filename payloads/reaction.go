package payloads

import "statusd/payloads/internal/pb"

// EmojiType is the emoji of a reaction.
type EmojiType int32

// The emojis.
const (
	Love       EmojiType = 1
	ThumbsUp   EmojiType = 2
	ThumbsDown EmojiType = 3
	Laugh      EmojiType = 4
	Sad        EmojiType = 5
	Angry      EmojiType = 6
)

// EmojiReaction is a reaction to a message, or its retraction (spec 05 section
// 10.6).
type EmojiReaction struct {
	Clock       uint64
	ChatID      string
	MessageID   string
	MessageType MessageType
	Emoji       EmojiType
	Retracted   bool
}

// Type implements Body.
func (*EmojiReaction) Type() Type { return TypeEmojiReaction }

// Place implements Placed.
func (r *EmojiReaction) Place() (MessageType, string) { return r.MessageType, r.ChatID }

// clocks are compared with the local time, as the reference does.
func (r *EmojiReaction) clocks() ([]uint64, bool) { return []uint64{r.Clock}, true }

// Validate implements Body.
func (r *EmojiReaction) Validate() error {
	switch {
	case r.Clock == 0:
		return broken(RuleClockZero, "the reaction has no clock")
	case r.ChatID == "":
		return broken(RuleChatID, "the reaction names no chat")
	case r.MessageID == "":
		return broken(RuleMessageID, "the reaction names no message")
	case r.MessageType == 0:
		return broken(RuleMessageType, "the reaction has no message type")
	case r.Emoji == 0:
		return broken(RuleReaction, "the reaction has no emoji")
	}
	return nil
}

func (r *EmojiReaction) validateOwn() error {
	if r.Emoji < Love || r.Emoji > Angry {
		return broken(RuleReaction, "emoji %d is not known; there are 1 to 6", r.Emoji)
	}
	if r.MessageType < OneToOne || r.MessageType > PrivateGroup {
		return broken(RuleMessageType, "message type %d cannot be sent", r.MessageType)
	}
	if _, err := ParseMessageID(r.MessageID); err != nil {
		return broken(RuleMessageID, "the id of the message to react to is not 0x and 64 hex digits")
	}
	return checkChatID(r.MessageType, r.ChatID)
}

func (r *EmojiReaction) encode() ([]byte, error) { return marshal(r.wire()) }

func (r *EmojiReaction) wire() *pb.EmojiReaction {
	return &pb.EmojiReaction{
		Clock: r.Clock, ChatId: r.ChatID, MessageId: r.MessageID,
		MessageType: int32(r.MessageType), Type: int32(r.Emoji), Retracted: r.Retracted,
	}
}

func emojiReactionOf(m *pb.EmojiReaction) *EmojiReaction {
	return &EmojiReaction{
		Clock: m.GetClock(), ChatID: m.GetChatId(), MessageID: m.GetMessageId(),
		MessageType: MessageType(m.GetMessageType()), Emoji: EmojiType(m.GetType()), Retracted: m.GetRetracted(),
	}
}
