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
	if err := s.mayWrite(tx, chat); err != nil {
		return api.Changes{}, err
	}
	peer, err := key.ParseContactID(chat.ID)
	if err != nil {
		return api.Changes{}, err
	}
	body.Clock = s.clock(chat)
	msg, sent, err := s.send(ctx, tx, outgoing{chat: chat.ID, route: routeReliable, to: []key.Public{peer}}, body)
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
	if err := s.meet(tx, chat); err != nil {
		return api.Changes{}, err
	}
	if err := s.file(tx, chat, &m); err != nil {
		return api.Changes{}, err
	}
	return s.news(tx, chat, &m, true)
}

// answer sends a command that answers one of the other person.
func (s *Transactions) answer(ctx context.Context, id string, body *payloads.Transaction, from, to int) (
	out api.Changes, err error,
) {
	err = s.update(ctx, func(tx *store.Tx) error {
		m, err := s.message(tx, id)
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
		if body.ID, err = s.wireID(tx, &old); err != nil {
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
