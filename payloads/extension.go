package payloads

import "statusd/payloads/internal/pb"

// EditMessage replaces the text of an own message. A later extension.
type EditMessage struct {
	Clock       uint64
	Text        string
	ChatID      string
	MessageID   string
	MessageType MessageType
}

// DeleteMessage takes back an own message. A later extension.
type DeleteMessage struct {
	Clock       uint64
	ChatID      string
	MessageID   string
	MessageType MessageType
}

// PinMessage pins a message of a chat, or takes that back. A later extension.
type PinMessage struct {
	Clock       uint64
	MessageID   string
	ChatID      string
	Pinned      bool
	MessageType MessageType
}

// Type implements Body.
func (*EditMessage) Type() Type { return TypeEditMessage }

// Place implements Placed.
func (e *EditMessage) Place() (MessageType, string) { return e.MessageType, e.ChatID }

// Type implements Body.
func (*DeleteMessage) Type() Type { return TypeDeleteMessage }

// Place implements Placed.
func (d *DeleteMessage) Place() (MessageType, string) { return d.MessageType, d.ChatID }

// Type implements Body.
func (*PinMessage) Type() Type { return TypePinMessage }

// Place implements Placed.
func (p *PinMessage) Place() (MessageType, string) { return p.MessageType, p.ChatID }

func (e *EditMessage) clocks() ([]uint64, bool)   { return []uint64{e.Clock}, false }
func (d *DeleteMessage) clocks() ([]uint64, bool) { return []uint64{d.Clock}, false }
func (p *PinMessage) clocks() ([]uint64, bool)    { return []uint64{p.Clock}, false }

// Validate implements Body.
func (e *EditMessage) Validate() error {
	if err := checkText(e.Text); err != nil {
		return err
	}
	return checkTarget(e.Clock, e.ChatID, e.MessageID, e.MessageType)
}

// Validate implements Body.
func (d *DeleteMessage) Validate() error {
	return checkTarget(d.Clock, d.ChatID, d.MessageID, d.MessageType)
}

// Validate implements Body.
func (p *PinMessage) Validate() error {
	return checkTarget(p.Clock, p.ChatID, p.MessageID, p.MessageType)
}

// checkTarget checks what all extensions have in common.
func checkTarget(clock uint64, chatID, messageID string, kind MessageType) error {
	if _, err := ParseMessageID(messageID); err != nil {
		return broken(RuleMessageID, "the id of the message is not 0x and 64 hex digits")
	}
	// The two ids of a deletion and of a pin stand in each other's place.
	if _, err := ParseMessageID(chatID); err == nil {
		return broken(RuleRelabelled, "the chat is named by the id of a message")
	}
	switch {
	case chatID == "":
		return broken(RuleChatID, "no chat is named")
	case kind < OneToOne || kind > PrivateGroup:
		return broken(RuleMessageType, "message type %d cannot be sent", kind)
	}
	return needClock(clock)
}

func (e *EditMessage) encode() ([]byte, error) {
	return marshal(&pb.EditMessage{
		Clock: e.Clock, Text: e.Text, ChatId: e.ChatID, MessageId: e.MessageID, MessageType: int32(e.MessageType),
	})
}

func (d *DeleteMessage) encode() ([]byte, error) {
	return marshal(&pb.DeleteMessage{
		Clock: d.Clock, ChatId: d.ChatID, MessageId: d.MessageID, MessageType: int32(d.MessageType),
	})
}

func (p *PinMessage) encode() ([]byte, error) {
	return marshal(&pb.PinMessage{
		Clock: p.Clock, MessageId: p.MessageID, ChatId: p.ChatID, Pinned: p.Pinned, MessageType: int32(p.MessageType),
	})
}

func editMessageOf(m *pb.EditMessage) *EditMessage {
	return &EditMessage{
		Clock: m.GetClock(), Text: m.GetText(), ChatID: m.GetChatId(), MessageID: m.GetMessageId(),
		MessageType: MessageType(m.GetMessageType()),
	}
}

func deleteMessageOf(m *pb.DeleteMessage) *DeleteMessage {
	return &DeleteMessage{
		Clock: m.GetClock(), ChatID: m.GetChatId(), MessageID: m.GetMessageId(),
		MessageType: MessageType(m.GetMessageType()),
	}
}

func pinMessageOf(m *pb.PinMessage) *PinMessage {
	return &PinMessage{
		Clock: m.GetClock(), MessageID: m.GetMessageId(), ChatID: m.GetChatId(), Pinned: m.GetPinned(),
		MessageType: MessageType(m.GetMessageType()),
	}
}
