package messenger

import (
	"context"

	"statusd/internal/store"
	"statusd/payloads"
)

// States of a transaction command (spec 05 section 10.5).
const (
	stateAddressRequested = 1 + iota
	stateAddressDeclined
	stateAddressAccepted
	stateTransactionRequested
	stateTransactionDeclined
	statePending
	stateSent
)

// commandText is what a command is shown with.
func commandText(state int) string {
	switch state {
	case stateAddressRequested:
		return "Request address for transaction"
	case stateAddressDeclined:
		return "Request address for transaction declined"
	case stateAddressAccepted:
		return "Request address for transaction accepted"
	case stateTransactionRequested:
		return "Request transaction"
	case stateTransactionDeclined:
		return "Transaction request declined"
	}
	return "Transaction sent"
}

// commandMessage makes the message that shows a command.
func commandMessage(t *payloads.Transaction, id store.MessageID, author string, state int) store.Message {
	return store.Message{
		ID: id, Author: author, Clock: t.Clock, Timestamp: t.Clock, Type: int(payloads.OneToOne),
		Content: int(payloads.ContentCommand), Text: commandText(state),
		Extra: store.MessageExtra{Command: &store.Command{
			ID: payloads.MessageID(id).String(), Address: t.Address, Contract: t.Contract, Value: t.Value,
			Hash: t.Hash, Signature: t.Signature, State: state,
		}},
	}
}

// commandChat returns the chat of a received command. One of another device of
// ours names no chat, so it can be filed only by what it answers.
func (c *core) commandChat(tx *store.Tx, r *received, answers string) (store.Chat, error) {
	if !r.direct() {
		return store.Chat{}, drop("not_direct")
	}
	if !r.own {
		return c.fromPerson(tx, r)
	}
	id, err := payloads.ParseMessageID(answers)
	if err != nil {
		return store.Chat{}, drop("own_transaction")
	}
	m, found, err := tx.Messages().ByID(id)
	if err != nil {
		return store.Chat{}, err
	}
	if !found {
		return store.Chat{}, drop("own_transaction")
	}
	chat, _, err := tx.Chats().ByKey(m.ChatKey)
	return chat, err
}

// receiveTransactionRequest handles requests for an address or a transaction.
func (c *core) receiveTransactionRequest(
	_ context.Context, tx *store.Tx, r *received, body *payloads.Transaction,
) error {
	chat, err := c.commandChat(tx, r, "")
	if err != nil {
		return err
	}
	state := stateAddressRequested
	if body.Command == payloads.TypeRequestTransaction {
		state = stateTransactionRequested
	}
	m := commandMessage(body, r.msg.ID, r.author, state)
	return c.fileCommand(tx, &chat, &m, r)
}

// fileCommand files a received command in the chat with its author.
func (c *core) fileCommand(tx *store.Tx, chat *store.Chat, m *store.Message, r *received) error {
	if m.Clock <= chat.DeletedClock {
		return drop("deleted")
	}
	m.Received, m.WireChat = r.sentMillis(), c.id
	if r.own {
		m.Status, m.Seen, m.WireChat = store.StatusSent, true, chat.ID
	}
	return c.fileReceived(tx, chat, m)
}

// request returns the command that another answers. It must be ours, in the
// chat with who answers.
func (c *core) request(tx *store.Tx, chat *store.Chat, id string, byUs bool) (store.Message, error) {
	parsed, err := payloads.ParseMessageID(id)
	if err != nil {
		return store.Message{}, drop("transaction")
	}
	m, found, err := tx.Messages().ByID(parsed)
	switch {
	case err != nil:
		return m, err
	case !found || m.Extra.Command == nil || m.ChatKey != chat.Key || (m.Author == c.id) != byUs:
		return m, drop("transaction")
	}
	return m, nil
}

// receiveTransactionAnswer handles the answers to requests of ours.
func (c *core) receiveTransactionAnswer(
	_ context.Context, tx *store.Tx, r *received, body *payloads.Transaction,
) error {
	chat, err := c.commandChat(tx, r, body.ID)
	if err != nil {
		return err
	}
	old, err := c.request(tx, &chat, body.ID, !r.own)
	if err != nil {
		return err
	}
	from, to := stateAddressRequested, stateAddressAccepted
	switch body.Command {
	case payloads.TypeDeclineRequestAddress:
		to = stateAddressDeclined
	case payloads.TypeDeclineRequestTransaction:
		from, to = stateTransactionRequested, stateTransactionDeclined
	}
	if old.Extra.Command.State != from || old.Hidden {
		return drop("transaction")
	}
	m := commandMessage(body, r.msg.ID, r.author, to)
	c.follow(&m, &old)
	if body.Address != "" {
		m.Extra.Command.Address = body.Address
	}
	if err := c.replace(tx, &old); err != nil {
		return err
	}
	return c.fileCommand(tx, &chat, &m, r)
}

// follow makes a command carry on another.
func (c *core) follow(m, old *store.Message) {
	was, is := old.Extra.Command, m.Extra.Command
	is.ID, is.Value, is.Contract, is.From = was.ID, was.Value, was.Contract, was.From
	if is.Address == "" {
		is.Address = was.Address
	}
	m.Replaces = payloads.MessageID(old.ID).String()
}

// replace hides a command that another carries on.
func (c *core) replace(tx *store.Tx, old *store.Message) error {
	old.Hidden, old.Seen = true, true
	return tx.Messages().Change(old)
}

// receiveTransactionSent handles the news that a transaction was sent, with or
// without a request of ours. It is shown; nobody checks the chain.
func (c *core) receiveTransactionSent(_ context.Context, tx *store.Tx, r *received, body *payloads.Transaction) error {
	chat, err := c.commandChat(tx, r, body.ID)
	if err != nil {
		return err
	}
	m := commandMessage(body, r.msg.ID, r.author, stateSent)
	if body.ID == "" {
		return c.fileCommand(tx, &chat, &m, r)
	}
	old, err := c.request(tx, &chat, body.ID, !r.own)
	var refused *dropError
	switch {
	case asDrop(err, &refused): // the request is gone: the transaction is shown all the same
	case err != nil:
		return err
	case !old.Hidden:
		c.follow(&m, &old)
		m.Extra.Command.Hash, m.Extra.Command.Signature = body.Hash, body.Signature
		if err := c.replace(tx, &old); err != nil {
			return err
		}
	}
	return c.fileCommand(tx, &chat, &m, r)
}

// isOneToOne tells whether a chat is with a person.
func isOneToOne(chat *store.Chat) bool { return chat.Type == store.ChatOneToOne }
