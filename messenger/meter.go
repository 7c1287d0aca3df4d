package messenger

import (
	"time"

	"statusd/internal/store"
)

// Outcome is what became of a message.
type Outcome string

// Outcomes that are counted.
const (
	OutcomeSent     Outcome = "sent"
	OutcomeReceived Outcome = "received"
	OutcomeFailed   Outcome = "failed"
)

// Meter counts messages. Its methods must not block.
type Meter interface {
	// Message counts a message of a kind of chat: public, one_to_one,
	// private_group, profile or other.
	Message(what Outcome, kind string)
	// Delivered takes the time from the writing of a message until all its
	// recipients had it.
	Delivered(took time.Duration)
}

// counts tells the meter.
type counts struct{ *core }

// count counts a message once the transaction is durable.
func (c *counts) count(tx *store.Tx, what Outcome, chatID string) error {
	if c.meter == nil {
		return nil
	}
	chat, _, err := tx.Chats().ByID(chatID)
	if err != nil {
		return err
	}
	tx.OnFinish(func(committed bool) {
		if committed {
			c.meter.Message(what, kindName(chat.Type))
		}
	})
	return nil
}

// countDelivered measures a delivery once the transaction is durable.
func (c *counts) countDelivered(tx *store.Tx, m *store.Message) {
	if c.meter == nil {
		return
	}
	took := time.Duration(c.millis()-min(m.Timestamp, c.millis())) * time.Millisecond
	tx.OnFinish(func(committed bool) {
		if committed {
			c.meter.Delivered(took)
		}
	})
}

// kindName names a type of chat as a label of metrics.
func kindName(chatType int) string {
	switch chatType {
	case store.ChatOneToOne:
		return "one_to_one"
	case store.ChatPublic:
		return "public"
	case store.ChatPrivateGroup:
		return "private_group"
	case store.ChatProfile:
		return "profile"
	}
	return "other"
}
