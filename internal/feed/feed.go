package feed

import (
	"context"
	"errors"
	"time"

	"statusd/api"
	"statusd/fault"
	"statusd/internal/profile"
	"statusd/internal/store"
	"statusd/messenger/text"
)

const (
	// End as Query.Since is the end of the log: only what comes.
	End = -1
	// MaxWait bounds the wait of Feed.Read.
	MaxWait = 60 * time.Second

	// pageLimit is how many events are read at a time for who does not ask for
	// a number.
	pageLimit = 200

	// tidyEvery is how often Tidy looks.
	tidyEvery = time.Hour
)

// ErrNotLoggedIn is the error of what needs an account.
var ErrNotLoggedIn = fault.New(fault.NotLoggedIn, "no account is logged in",
	"log in with account_login, or: statusd account login")

// Accounts tell who is logged in; *profile.Manager implements it.
type Accounts interface {
	// Watch returns the account that is logged in, or nil, and a channel that is
	// closed when that changes.
	Watch() (*profile.Account, <-chan struct{})
}

// Feed gives consumers what they ask for.
type Feed struct {
	accounts Accounts // nil: nobody ever logs in
	signals  *Signals // nil: none
	now      func() time.Time
}

// New makes a feed. accounts and signals may be nil.
func New(accounts Accounts, signals *Signals, now func() time.Time) *Feed {
	return &Feed{accounts: accounts, signals: signals, now: now}
}

// current returns the account that is logged in and when that changes.
func (f *Feed) current() (*profile.Account, <-chan struct{}) {
	if f.accounts == nil {
		return nil, nil
	}
	return f.accounts.Watch()
}

// Query says what a consumer wants.
type Query struct {
	// Since is the cursor after which to begin, or End. nil: for Read the oldest
	// event there is, for Open the end of the log.
	Since *int64
	// Consumer names a consumer that goes on after its last acknowledgement, or
	// after Since if that is later. One that is new begins at Since, which is
	// noted; without Since at the oldest event there is.
	Consumer string
	By       store.Party     // who names the consumer
	Types    []api.EventType // none: all
	Chats    []string        // ids of chats whose events are wanted; none: all events
	// Account is the only account whose events are wanted, as 0x key-uid; empty:
	// whoever is logged in.
	Account string
}

// wants tells whether the events of an account are wanted.
func (q *Query) wants(a *profile.Account) bool {
	return q.Account == "" || q.Account == a.UID().String()
}

// Read reads up to limit events of the log; 0 means 200. When there is
// none it waits, MaxWait at the longest, until there is one, or until stop is
// closed. Errors: ErrNotLoggedIn, and those of store.Consumers.Ack.
func (f *Feed) Read(
	ctx context.Context, q Query, limit int, wait time.Duration, stop <-chan struct{},
) (api.EventPage, error) {
	account, changed := f.current()
	if account == nil || !q.wants(account) {
		return api.EventPage{}, ErrNotLoggedIn
	}
	if limit <= 0 {
		limit = pageLimit
	}
	at, err := f.start(ctx, account, q, 0, End)
	if err != nil {
		return api.EventPage{}, closedIsLoggedOut(err)
	}
	timer := time.NewTimer(min(wait, MaxWait))
	defer timer.Stop()
	for {
		page, err := f.page(ctx, account, q, at, limit)
		if err != nil {
			return api.EventPage{}, closedIsLoggedOut(err)
		}
		if len(page.Events) > 0 || page.Gap || page.more || wait <= 0 {
			return page.EventPage, nil
		}
		at = position{page.Next, false}
		select {
		case <-account.DB().EventsAfter(page.Next):
		case <-changed:
			return api.EventPage{}, ErrNotLoggedIn
		case <-timer.C:
			return page.EventPage, nil
		case <-stop:
			return page.EventPage, nil
		case <-ctx.Done():
			return api.EventPage{}, ctx.Err()
		}
	}
}

// Ack notes that a consumer is done with the events up to cursor. Errors:
// ErrNotLoggedIn, and those of store.Consumers.Ack.
func (f *Feed) Ack(ctx context.Context, by store.Party, consumer string, cursor int64) error {
	account, _ := f.current()
	if account == nil {
		return ErrNotLoggedIn
	}
	return f.ack(ctx, account, Query{By: by, Consumer: consumer}, cursor)
}

func (f *Feed) ack(ctx context.Context, a *profile.Account, q Query, cursor int64) error {
	err := a.DB().Update(ctx, func(tx *store.Tx) error { return tx.Consumers().Ack(q.By, q.Consumer, cursor, f.now()) })
	return closedIsLoggedOut(err)
}

// closedIsLoggedOut: the database closes with the logout alone.
func closedIsLoggedOut(err error) error {
	if errors.Is(err, store.ErrClosed) {
		return ErrNotLoggedIn
	}
	return err
}

// position is a place in a log. An anonymous one is where the log begins, so
// that what went before is no gap.
type position struct {
	seq    int64
	oldest bool
}

// start finds the place where a consumer begins. without is the place for who
// says nothing: 0 the oldest event, End the end. end is what End means, End
// itself the end of the log.
func (f *Feed) start(ctx context.Context, a *profile.Account, q Query, without, end int64) (position, error) {
	since := without
	if q.Since != nil {
		since = *q.Since
	} else if q.Consumer != "" {
		since = 0
	}
	var at position
	var note bool
	var place int64 // to note
	err := a.DB().View(ctx, func(tx *store.Tx) error {
		last, err := tx.EventLog().Last()
		if err != nil {
			return err
		}
		if since == End {
			since = end
		}
		if since == End {
			since = last
		}
		at = position{since, since == 0 && q.Since == nil}
		if q.Consumer == "" {
			return nil
		}
		c, known, err := tx.Consumers().ByName(q.By, q.Consumer)
		if err != nil {
			return err
		}
		if known && (q.Since == nil || *q.Since == End || c.Seq > since) {
			at = position{seq: c.Seq}
		}
		switch {
		case known && q.By.Takes(&c):
			note, place = true, min(c.Seq, last)
		case !known && q.Since != nil:
			note, place = true, min(at.seq, last)
		}
		return nil
	})
	if err != nil || !note {
		return at, err
	}
	err = a.DB().Update(ctx, func(tx *store.Tx) error { return tx.Consumers().Ack(q.By, q.Consumer, place, f.now()) })
	return at, err
}

// page is a part of the log as a consumer wants it.
type page struct {
	api.EventPage
	chats []string // by event: the chat that it is about, or empty
	more  bool     // there is more to read at once
}

// page reads what a consumer wants from a place on.
func (f *Feed) page(ctx context.Context, a *profile.Account, q Query, at position, limit int) (page, error) {
	out := page{EventPage: api.EventPage{Events: []api.Event{}, Next: at.seq}}
	account := a.UID().String()
	ask := store.EventQuery{Limit: limit, Chats: q.Chats}
	for _, t := range q.Types {
		ask.Types = append(ask.Types, string(t))
	}
	var got store.EventPage
	err := a.DB().View(ctx, func(tx *store.Tx) (err error) {
		ask.Since = out.Next
		got, err = tx.EventLog().Read(ask)
		return err
	})
	if err != nil {
		return page{}, err
	}
	if got.Gap && !at.oldest {
		out.Gap, out.From = true, got.From
	}
	out.Next, out.more = got.Next, got.More
	size := 0
	for _, e := range got.Events {
		body := text.Show(api.EventType(e.Type), e.Body)
		if size += len(body); size > store.MaxEventPageBytes && len(out.Events) > 0 {
			out.Next, out.more = out.Events[len(out.Events)-1].Cursor, true
			break
		}
		out.Events = append(out.Events, api.Event{
			Cursor: e.Seq, Account: account, Time: e.Time.UnixMilli(), Type: api.EventType(e.Type), Event: body,
		})
		chat := ""
		if len(e.Chats) > 0 {
			chat = e.Chats[0]
		}
		out.chats = append(out.chats, chat)
	}
	return out, nil
}

// Consumers lists the named consumers of a party, and the number of the last
// event.
func (f *Feed) Consumers(ctx context.Context, by store.Party) (all []store.Consumer, last int64, err error) {
	account, _ := f.current()
	if account == nil {
		return nil, 0, ErrNotLoggedIn
	}
	err = account.DB().View(ctx, func(tx *store.Tx) (err error) {
		if all, err = tx.Consumers().List(by); err != nil {
			return err
		}
		last, err = tx.EventLog().Last()
		return err
	})
	return all, last, closedIsLoggedOut(err)
}

// Forget removes a named consumer. Errors: ErrNotLoggedIn, store.ErrNoConsumer,
// and those of store.Tx.Consumer.
func (f *Feed) Forget(ctx context.Context, by store.Party, consumer string) error {
	account, _ := f.current()
	if account == nil {
		return ErrNotLoggedIn
	}
	err := account.DB().Update(ctx, func(tx *store.Tx) error {
		was, err := tx.Consumers().Remove(by, consumer)
		if err == nil && !was {
			err = store.ErrNoConsumer
		}
		return err
	})
	return closedIsLoggedOut(err)
}

// Tidy removes consumers of whoever is logged in whose owner has ended, see
// store.Tx.RemoveEnded, until ctx ends.
func (f *Feed) Tidy(ctx context.Context, ended func(owner string) bool) {
	for {
		account, changed := f.current()
		if account != nil {
			// What fails, of a disk that is full, is tried again.
			account.DB().Update(ctx, func(tx *store.Tx) error {
				_, err := tx.Consumers().RemoveEnded(ended, f.now())
				return err
			})
		}
		select {
		case <-changed:
		case <-time.After(tidyEvery):
		case <-ctx.Done():
			return
		}
	}
}
