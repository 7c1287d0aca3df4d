package feed

import (
	"context"
	"errors"
	"slices"

	"statusd/api"
	"statusd/internal/profile"
	"statusd/internal/store"
)

// Batch is what a Reader delivers at a time.
type Batch struct {
	Events []api.Event // in order
	Chats  []string    // by event: the id of the chat that it is about, or empty; nil for signals of the node
	// Own is the chat key of the account as a contact id; empty: these are
	// signals of the node.
	Own string
	// Gap says that events before From, which the consumer has not had, are gone
	// from the log.
	Gap  bool
	From int64
	// Lost is the number of signals of the node that the consumer was too slow
	// for. Events of the log are never lost.
	Lost int
}

// Reader is one consumer that follows everything.
type Reader struct {
	feed   *Feed
	query  Query
	at     map[string]position // by account
	asked  bool                // the query has been applied to an account
	signal int64
}

// Open prepares a consumer: what happens from here on reaches it, as does what
// happened after the place it asks for. Nobody needs to be logged in. Errors:
// those of store.Consumers.Ack.
func (f *Feed) Open(ctx context.Context, q Query) (*Reader, error) {
	r := &Reader{feed: f, query: q, at: make(map[string]position)}
	_, _, r.signal, _ = f.signals.after(0)
	account, _ := f.current()
	if account == nil || !q.wants(account) {
		return r, nil
	}
	at, err := f.start(ctx, account, q, End, End)
	if errors.Is(err, store.ErrClosed) { // logged out meanwhile
		return r, nil
	}
	r.at[account.UID().String()], r.asked = at, true
	return r, err
}

// Follow delivers what comes until ctx ends, or deliver fails with an error
// that it returns. deliver is not called concurrently; while it takes its
// time nothing is read.
func (r *Reader) Follow(ctx context.Context, deliver func(Batch) error) error {
	for {
		account, changed := r.feed.current()
		var more <-chan struct{}
		if account != nil && r.query.wants(account) {
			again, err := r.log(ctx, account, deliver)
			switch {
			case errors.Is(err, store.ErrClosed): // changed is closed, or will be
			case err != nil:
				return err
			case again:
				continue
			default:
				more = account.DB().EventsAfter(r.at[account.UID().String()].seq)
			}
		}
		next, err := r.signals(deliver)
		if err != nil {
			return err
		}
		select {
		case <-more:
		case <-next:
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Ack notes that the consumer of the reader is done with the events up to
// cursor. Errors: those of Feed.Ack.
func (r *Reader) Ack(ctx context.Context, cursor int64) error {
	account, _ := r.feed.current()
	if account == nil || !r.query.wants(account) {
		return ErrNotLoggedIn
	}
	return r.feed.ack(ctx, account, r.query, cursor)
}

// log delivers a page of the event log. again tells that there is more.
func (r *Reader) log(ctx context.Context, a *profile.Account, deliver func(Batch) error) (again bool, err error) {
	id := a.UID().String()
	at, known := r.at[id]
	if !known { // logged in after Open; a cursor is of the first account
		q := Query{Consumer: r.query.Consumer, By: r.query.By}
		if !r.asked {
			q.Since = r.query.Since
		}
		if at, err = r.feed.start(ctx, a, q, End, a.Before()); err != nil {
			return false, err
		}
		r.asked = true
	}
	page, err := r.feed.page(ctx, a, r.query, at, pageLimit)
	if err != nil {
		return false, err
	}
	if len(page.Events) > 0 || page.Gap {
		b := Batch{Events: page.Events, Chats: page.chats, Own: a.ContactID(), Gap: page.Gap, From: page.From}
		if err := deliver(b); err != nil {
			return false, err
		}
	}
	r.at[id] = position{seq: page.Next}
	return page.more, nil
}

// signals delivers what the node has to say, and returns a channel that is
// closed when it says more.
func (r *Reader) signals(deliver func(Batch) error) (<-chan struct{}, error) {
	events, lost, last, next := r.feed.signals.after(r.signal)
	r.signal = last
	if len(r.query.Chats) > 0 {
		return next, nil
	}
	if len(r.query.Types) > 0 {
		events = slices.DeleteFunc(events, func(e api.Event) bool { return !slices.Contains(r.query.Types, e.Type) })
	}
	if len(events) == 0 && lost == 0 {
		return next, nil
	}
	return next, deliver(Batch{Events: events, Lost: lost})
}
