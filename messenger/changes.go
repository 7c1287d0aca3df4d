package messenger

import (
	"context"

	"statusd/api"
	"statusd/internal/store"
	"statusd/payloads"
)

// changes are edits, deletions and pins of messages (later extensions).
type changes struct{ *core }

// target returns the message that an edit, deletion or pin of a later version
// is about, in the chat where the payload came.
func (c *changes) target(
	tx *store.Tx, r *received, kind payloads.MessageType, chatID, messageID string,
) (store.Message, error) {
	chat, err := c.places.match(tx, r, kind, chatID)
	if err != nil {
		return store.Message{}, err
	}
	id, err := payloads.ParseMessageID(messageID)
	if err != nil {
		return store.Message{}, drop("message_id")
	}
	m, found, err := tx.Messages().ByID(id)
	switch {
	case err != nil:
		return m, err
	case !found:
		return m, c.held.notYetThere(tx, r)
	case m.ChatKey != chat.Key || m.Type == int(payloads.SystemMessage):
		return m, drop("unknown_message")
	}
	return m, nil
}

// receiveEdit replaces the text of a message of its author.
func (c *changes) receiveEdit(_ context.Context, tx *store.Tx, r *received, body *payloads.EditMessage) error {
	m, err := c.target(tx, r, body.MessageType, body.ChatID, body.MessageID)
	switch {
	case err != nil:
		return err
	case m.Author != r.author:
		return drop("not_the_author")
	case body.Clock <= max(m.Extra.EditedAt, m.Clock):
		return drop("old_clock")
	}
	m.Text, m.Extra.EditedAt = body.Text, body.Clock
	if err := tx.Messages().Change(&m); err != nil {
		return err
	}
	if err := c.guests.trimEdited(tx, r, &m); err != nil {
		return err
	}
	v, err := c.views.viewOf(tx, &m, detailText)
	if err != nil {
		return err
	}
	return c.append(tx, api.MessageEditedEvent{Message: v})
}

// receiveDelete removes a message of its author.
func (c *changes) receiveDelete(_ context.Context, tx *store.Tx, r *received, body *payloads.DeleteMessage) error {
	m, err := c.target(tx, r, body.MessageType, body.ChatID, body.MessageID)
	if err != nil {
		return err
	}
	if m.Author != r.author {
		return drop("not_the_author")
	}
	return c.takeBack(tx, &m, r.author)
}

// takeBack removes a message and tells of it.
func (c *changes) takeBack(tx *store.Tx, m *store.Message, by string) error {
	if err := c.removeMessage(tx, m); err != nil {
		return err
	}
	return c.append(tx, api.MessageDeletedEvent{
		ChatID: m.ChatID, MessageID: payloads.MessageID(m.ID).String(), By: by,
	})
}

// removeMessage deletes a message and corrects what its chat shows.
func (c *changes) removeMessage(tx *store.Tx, m *store.Message) error {
	if err := tx.Messages().Delete(m.ID); err != nil {
		return err
	}
	chat, found, err := tx.Chats().ByKey(m.ChatKey)
	if err != nil || !found {
		return err
	}
	return tx.Chats().Refresh(&chat)
}

// receivePin pins a message for everybody in its chat.
func (c *changes) receivePin(_ context.Context, tx *store.Tx, r *received, body *payloads.PinMessage) error {
	m, err := c.target(tx, r, body.MessageType, body.ChatID, body.MessageID)
	if err != nil {
		return err
	}
	if body.Clock <= m.Extra.PinClock {
		return drop("old_clock")
	}
	return c.pin(tx, &m, body, r.author)
}

func (c *changes) pin(tx *store.Tx, m *store.Message, body *payloads.PinMessage, by string) error {
	m.Extra.Pinned, m.Extra.PinClock = body.Pinned, body.Clock
	if err := tx.Messages().Change(m); err != nil {
		return err
	}
	return c.append(tx, api.MessagePinnedEvent{
		ChatID: m.ChatID, MessageID: payloads.MessageID(m.ID).String(), By: by, Pinned: body.Pinned,
	})
}
