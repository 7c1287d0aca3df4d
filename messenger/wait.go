package messenger

import (
	"context"
	"errors"
	"slices"
	"time"

	"statusd/api"
	"statusd/internal/feed"
	"statusd/internal/store"
	"statusd/payloads"
)

// Wait says how far a message is to be before SendTo returns. The zero Wait
// waits for nothing.
type Wait struct {
	State  api.SendWait // "" as WaitNone
	Limit  time.Duration
	Events EventLog // of the account; needed for any other state
}

// EventLog is read to learn how far messages are; *feed.Feed implements it.
type EventLog interface {
	Open(context.Context, feed.Query) (*feed.Reader, error)
}

// open begins to read the log, which has to be before anything is sent, so that
// nothing is missed. nil: there is nothing to wait for.
func (w *Wait) open(ctx context.Context) (*feed.Reader, error) {
	if w.State == "" || w.State == api.WaitNone {
		return nil, nil
	}
	return w.Events.Open(ctx, feed.Query{Types: []api.EventType{
		api.EventEnvelopeSent, api.EventEnvelopeExpired, api.EventMessageDelivered,
	}})
}

// errReached ends the waiting of await.
var errReached = errors.New("the state is reached")

// await waits until each message has reached the state, can get no further, or
// the time is up, and notes how far they have come.
func (s *Mail) await(ctx context.Context, w Wait, news *feed.Reader, sent []api.SentMessage) {
	if news == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, w.Limit)
	defer cancel()
	open := make([]*api.SentMessage, len(sent))
	for i := range sent {
		open[i] = &sent[i]
	}
	look := func() (done bool) {
		err := s.db.View(ctx, func(tx *store.Tx) error {
			open = slices.DeleteFunc(open, func(m *api.SentMessage) bool { return s.reached(tx, m, w.State) })
			return nil
		})
		return err != nil || len(open) == 0 // logged out: what is known stays
	}
	if look() {
		return
	}
	_ = news.Follow(ctx, func(b feed.Batch) error { // its end is told by the states
		if len(b.Events) > 0 && look() {
			return errReached
		}
		return nil
	})
}

// reached notes how far a message is, and tells whether that is far enough or
// as far as it gets.
func (s *Mail) reached(tx *store.Tx, m *api.SentMessage, want api.SendWait) bool {
	row, found, err := s.requests.sentMessage(tx, m)
	if err != nil || !found {
		return true // deleted: what is known stays
	}
	m.Status = SendState(statusNames()[row.Status])
	switch m.Status {
	case api.SendDelivered, api.SendFailed:
		return true
	case api.SendSent:
		return want == api.WaitSent || payloads.MessageType(row.Type) == payloads.PublicGroup // nobody acknowledges it
	}
	return false
}

// leastFar is the state of the message that is least far.
func leastFar(sent []api.SentMessage) api.SendState {
	for _, state := range []api.SendState{api.SendFailed, api.SendQueued, api.SendSent} {
		for i := range sent {
			if sent[i].Status == state {
				return state
			}
		}
	}
	return api.SendDelivered
}
