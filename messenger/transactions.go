package messenger

import (
	"context"
	"errors"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
	"statusd/payloads"
)

// Transactions is the service for transaction commands in one-to-one chats
// (spec 05 section 10.5). Nothing is checked on a chain. Each answers with the
// chat and the message that shows the command. Errors of all: ErrUnknownChat,
// ErrChatType, ErrBlocked, ErrUnknownMessage, ErrTransaction,
// *payloads.RuleError.
type Transactions struct{ *core }

// RequestTransaction asks for a transaction to an address of ours.
func (s *Transactions) RequestTransaction(ctx context.Context, chat, value, contract, address string) (
	api.Changes, error,
) {
	return s.begin(ctx, chat, "", &payloads.Transaction{
		Command: payloads.TypeRequestTransaction, Value: value, Contract: contract, Address: address,
	}, stateTransactionRequested)
}

// RequestAddress asks for an address to send to. from is the own address that
// the transaction will come from; it stays here.
func (s *Transactions) RequestAddress(ctx context.Context, chat, from, value, contract string) (
	api.Changes, error,
) {
	return s.begin(ctx, chat, from, &payloads.Transaction{
		Command: payloads.TypeRequestAddress, Value: value, Contract: contract,
	}, stateAddressRequested)
}

// SendTransaction tells that a transaction was sent, without a request.
func (s *Transactions) SendTransaction(ctx context.Context, chat, value, contract, hash string, signature []byte) (
	api.Changes, error,
) {
	return s.begin(ctx, chat, "", &payloads.Transaction{
		Command: payloads.TypeSendTransaction, Value: value, Contract: contract, Hash: hash, Signature: signature,
	}, statePending)
}

// begin sends a command that answers none.
func (s *Transactions) begin(ctx context.Context, id, from string, body *payloads.Transaction, state int) (
	out api.Changes, err error,
) {
	err = s.update(ctx, func(tx *store.Tx) error {
		chat, err := s.chat(tx, id)
		if err != nil {
			return err
		}
		out, err = s.command(ctx, tx, &chat, body, state, from, nil)
		return err
	})
	return out, err
}

// command sends a command and files the message that shows it. old is the
// command that it answers, nil for none.
func (s *Transactions) command(
	ctx context.Context, tx *store.Tx, chat *store.Chat, body *payloads.Transaction, state int, from string,
	old *store.Message,
) (api.Changes, error) {
	if !isOneToOne(chat) {
		return api.Changes{}, ErrChatType
	}
	if err := s.composer.mayWrite(tx, chat); err != nil {
		return api.Changes{}, err
	}
	peer, err := key.ParseContactID(chat.ID)
	if err != nil {
		return api.Changes{}, err
	}
	body.Clock = s.clock(chat)
	msg, sent, err := s.sender.send(ctx, tx, outgoing{chat: chat.ID, route: routeReliable, to: []key.Public{peer}}, body)
	if err != nil {
		return api.Changes{}, err
	}
	m := commandMessage(body, msg.ID, s.id, state)
	m.Extra.Command.From, m.Received, m.WireChat, m.Seen = from, body.Clock, chat.ID, true
	if m.Status = store.StatusSending; !sent {
		m.Status = store.StatusSent
	}
	if old != nil {
		s.follow(&m, old)
		if err := s.replace(tx, old); err != nil {
			return api.Changes{}, err
		}
	}
	if err := s.held.meet(tx, chat); err != nil {
		return api.Changes{}, err
	}
	if err := s.file(tx, chat, &m); err != nil {
		return api.Changes{}, err
	}
	return s.views.news(tx, chat, &m, true)
}

// answer sends a command that answers one of the other person.
func (s *Transactions) answer(ctx context.Context, id string, body *payloads.Transaction, from, to int) (
	out api.Changes, err error,
) {
	err = s.update(ctx, func(tx *store.Tx) error {
		m, err := s.messages.message(tx, id)
		if err != nil {
			return err
		}
		chat, err := s.chat(tx, m.ChatID)
		if err != nil {
			return err
		}
		old, err := s.request(tx, &chat, id, false)
		var refused *dropError
		if errors.As(err, &refused) {
			return ErrTransaction
		}
		if err != nil {
			return err
		}
		if old.Hidden || old.Extra.Command.State != from {
			return ErrTransaction
		}
		if body.ID, err = s.copies.wireID(tx, &old); err != nil {
			return err
		}
		out, err = s.command(ctx, tx, &chat, body, to, "", &old)
		return err
	})
	return out, err
}

// AcceptAddress answers a request for an address.
func (s *Transactions) AcceptAddress(ctx context.Context, message, address string) (api.Changes, error) {
	body := &payloads.Transaction{Command: payloads.TypeAcceptRequestAddress, Address: address}
	return s.answer(ctx, message, body, stateAddressRequested, stateAddressAccepted)
}

// DeclineAddress refuses a request for an address.
func (s *Transactions) DeclineAddress(ctx context.Context, message string) (api.Changes, error) {
	body := &payloads.Transaction{Command: payloads.TypeDeclineRequestAddress}
	return s.answer(ctx, message, body, stateAddressRequested, stateAddressDeclined)
}

// DeclineTransaction refuses a request for a transaction.
func (s *Transactions) DeclineTransaction(ctx context.Context, message string) (api.Changes, error) {
	body := &payloads.Transaction{Command: payloads.TypeDeclineRequestTransaction}
	return s.answer(ctx, message, body, stateTransactionRequested, stateTransactionDeclined)
}

// AcceptTransaction tells that a requested transaction was sent.
func (s *Transactions) AcceptTransaction(ctx context.Context, hash, message string, signature []byte) (
	api.Changes, error,
) {
	body := &payloads.Transaction{Command: payloads.TypeSendTransaction, Hash: hash, Signature: signature}
	return s.answer(ctx, message, body, stateTransactionRequested, statePending)
}

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

// receiveTransactionRequest handles requests for an address or a transaction.
func (s *Transactions) receiveTransactionRequest(
	_ context.Context, tx *store.Tx, r *received, body *payloads.Transaction,
) error {
	chat, err := s.places.commandChat(tx, r, "")
	if err != nil {
		return err
	}
	state := stateAddressRequested
	if body.Command == payloads.TypeRequestTransaction {
		state = stateTransactionRequested
	}
	m := commandMessage(body, r.msg.ID, r.author, state)
	return s.fileCommand(tx, &chat, &m, r)
}

// fileCommand files a received command in the chat with its author.
func (s *Transactions) fileCommand(tx *store.Tx, chat *store.Chat, m *store.Message, r *received) error {
	if m.Clock <= chat.DeletedClock {
		return drop("deleted")
	}
	m.Received, m.WireChat = r.sentMillis(), s.id
	if r.own {
		m.Status, m.Seen, m.WireChat = store.StatusSent, true, chat.ID
	}
	return s.messages.fileReceived(tx, chat, m)
}

// request returns the command that another answers. It must be ours, in the
// chat with who answers.
func (s *Transactions) request(tx *store.Tx, chat *store.Chat, id string, byUs bool) (store.Message, error) {
	parsed, err := payloads.ParseMessageID(id)
	if err != nil {
		return store.Message{}, drop("transaction")
	}
	m, found, err := tx.Messages().ByID(parsed)
	switch {
	case err != nil:
		return m, err
	case !found || m.Extra.Command == nil || m.ChatKey != chat.Key || (m.Author == s.id) != byUs:
		return m, drop("transaction")
	}
	return m, nil
}

// receiveTransactionAnswer handles the answers to requests of ours.
func (s *Transactions) receiveTransactionAnswer(
	_ context.Context, tx *store.Tx, r *received, body *payloads.Transaction,
) error {
	chat, err := s.places.commandChat(tx, r, body.ID)
	if err != nil {
		return err
	}
	old, err := s.request(tx, &chat, body.ID, !r.own)
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
	s.follow(&m, &old)
	if body.Address != "" {
		m.Extra.Command.Address = body.Address
	}
	if err := s.replace(tx, &old); err != nil {
		return err
	}
	return s.fileCommand(tx, &chat, &m, r)
}

// follow makes a command carry on another.
func (s *Transactions) follow(m, old *store.Message) {
	was, is := old.Extra.Command, m.Extra.Command
	is.ID, is.Value, is.Contract, is.From = was.ID, was.Value, was.Contract, was.From
	if is.Address == "" {
		is.Address = was.Address
	}
	m.Replaces = payloads.MessageID(old.ID).String()
}

// replace hides a command that another carries on.
func (s *Transactions) replace(tx *store.Tx, old *store.Message) error {
	old.Hidden, old.Seen = true, true
	return tx.Messages().Change(old)
}

// receiveTransactionSent handles the news that a transaction was sent, with or
// without a request of ours. It is shown; nobody checks the chain.
func (s *Transactions) receiveTransactionSent(
	_ context.Context, tx *store.Tx, r *received, body *payloads.Transaction,
) error {
	chat, err := s.places.commandChat(tx, r, body.ID)
	if err != nil {
		return err
	}
	m := commandMessage(body, r.msg.ID, r.author, stateSent)
	if body.ID == "" {
		return s.fileCommand(tx, &chat, &m, r)
	}
	old, err := s.request(tx, &chat, body.ID, !r.own)
	var refused *dropError
	switch {
	case asDrop(err, &refused): // the request is gone: the transaction is shown all the same
	case err != nil:
		return err
	case !old.Hidden:
		s.follow(&m, &old)
		m.Extra.Command.Hash, m.Extra.Command.Signature = body.Hash, body.Signature
		if err := s.replace(tx, &old); err != nil {
			return err
		}
	}
	return s.fileCommand(tx, &chat, &m, r)
}
