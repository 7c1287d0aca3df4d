// Package chatui is the terminal client: a list of chats, the messages of one,
// and a line to write on. It is a client of the daemon like any other and
// keeps nothing.
//
//	Daemon ── Events ──> Model.Update ── calls ──> Daemon
//	                         │
//	                     Model.View
//
// Update is a function of the model and a message; calls to the daemon run in
// commands and come back as messages. The package knows neither JSON-RPC nor
// flags: the Daemon is given.
package chatui

import (
	"context"

	"statusd/api"
)

// Daemon is what the client asks of the daemon. Calls block.
type Daemon interface {
	// Chats returns the open chats.
	Chats(ctx context.Context) ([]api.Chat, error)
	// Messages returns a page of a chat, the newest first, and where the next
	// one begins, "" at the end.
	Messages(ctx context.Context, chat, cursor string, limit int) ([]api.Message, string, error)
	// Send sends a text to a chat, as an answer to a message unless replyTo is
	// empty. It returns when the daemon has taken it.
	Send(ctx context.Context, chat, text, replyTo string) error
	// Open finds or makes the chat that a person typed: #name, a key, @nickname.
	Open(ctx context.Context, text string) (api.Chat, error)
	MarkRead(ctx context.Context, chat string) error
	Resend(ctx context.Context, message string) error
	// ChatName and PersonName say how to call somebody.
	ChatName(*api.Chat) string
	PersonName(id, alias string) string
	// Next waits for events after the last call and returns them.
	Next(ctx context.Context) ([]Event, error)
}

// Event is something that happened.
type Event struct {
	// News are new and changed messages and chats.
	News api.Changes
	// Statuses are new states of own messages, by id.
	Statuses map[string]api.OutgoingStatus
	// Chats says that the list of chats is to be read again.
	Chats bool
}
