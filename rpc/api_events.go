package rpc

import (
	"context"
	"strings"
	"time"

	"statusd/api"
	"statusd/internal/feed"
	"statusd/internal/store"
)

// Bounds of what is asked of the event log.
const (
	maxEventNames = 256 // types, and chats, of one query
	maxEventName  = 512 // bytes of each
)

// eventsAPI is the methods about the event log. stopping ends waits.
type eventsAPI struct {
	events   Events
	stopping <-chan struct{}
	ended    func(owner string) bool // whether the token of an owner is no longer valid
}

// query checks what a caller asks for, and that it may use a consumer's name.
func (c *caller) query(since *int64, consumer string, types []api.EventType, chats []string) (feed.Query, error) {
	q := feed.Query{Since: since, Consumer: consumer, By: c.party()}
	if consumer != "" && c.scopes&scopeEvents == 0 {
		return q, lacks(scopeEvents, "a consumer")
	}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = string(t)
	}
	for name, list := range map[string][]string{"types": names, "chats": chats} {
		if len(list) > maxEventNames {
			return q, api.NewError(api.CodeInvalidParams, "%d %s are too many, want at most %d", len(list), name,
				maxEventNames)
		}
		for _, v := range list {
			if v == "" || len(v) > maxEventName {
				return q, api.NewError(api.CodeInvalidParams, "%s: %q is empty or too long", name, shortened(v))
			}
		}
	}
	var err error
	if q.Types, err = feed.Types(names); err != nil {
		return q, err
	}
	for _, c := range chats {
		q.Chats = append(q.Chats, strings.TrimPrefix(c, "#")) // as people write public chats
	}
	if since != nil && *since < feed.End {
		return q, api.NewError(api.CodeInvalidParams, "since is %d, want a cursor", *since).
			WithHint("0 is the beginning of the log, -1 its end")
	}
	return q, nil
}

// seconds is a wait that a caller asks for.
func seconds(wait *float64) (time.Duration, error) {
	switch w := orZero(wait); {
	case w != w || w < 0:
		return 0, api.NewError(api.CodeInvalidParams, "the time to wait cannot be negative")
	case w > feed.MaxWait.Seconds():
		return feed.MaxWait, nil
	default:
		return time.Duration(w * float64(time.Second)), nil
	}
}

func (a *eventsAPI) get(ctx context.Context, in api.GetEventsArgs) (api.EventPage, error) {
	want := orZero(in.Query)
	q, err := callFrom(ctx).caller.query(want.Since, want.Consumer, want.Types, want.Chats)
	if err != nil {
		return api.EventPage{}, err
	}
	return a.read(ctx, q, want.Limit, want.Wait)
}

func (a *eventsAPI) read(ctx context.Context, q feed.Query, limit *int, wait *float64) (api.EventPage, error) {
	if limit != nil && *limit < 1 {
		return api.EventPage{}, api.NewError(api.CodeInvalidParams, "a limit of %d, want at least 1", *limit)
	}
	d, err := seconds(wait)
	if err != nil {
		return api.EventPage{}, err
	}
	page, err := a.events.Read(ctx, q, orZero(limit), d, a.stopping)
	return page, err
}

func (a *eventsAPI) receive(ctx context.Context, in api.ReceiveArgs) (api.EventPage, error) {
	var chats []string
	if in.Chat != nil {
		chats = []string{*in.Chat}
	}
	q, err := callFrom(ctx).caller.query(in.Since, orZero(in.Consumer), []api.EventType{api.EventMessagesNew}, chats)
	if err != nil {
		return api.EventPage{}, err
	}
	return a.read(ctx, q, in.MaxMessages, in.TimeoutSeconds)
}

func (a *eventsAPI) ack(ctx context.Context, in api.AckEventsArgs) (api.None, error) {
	return api.None{}, a.events.Ack(ctx, a.manager(ctx, in.Owner), in.Consumer, in.Cursor)
}

// manager is the caller as a party that moves or removes consumers of an owner;
// nil: it did not say whose.
func (a *eventsAPI) manager(ctx context.Context, owner *string) store.Party {
	p := callFrom(ctx).caller.party()
	p.Whose, p.Ended = owner, a.ended
	return p
}

func (a *eventsAPI) consumers(ctx context.Context, _ api.None) ([]api.Consumer, error) {
	all, last, err := a.events.Consumers(ctx, callFrom(ctx).caller.party())
	out := make([]api.Consumer, 0, len(all))
	for _, c := range all {
		out = append(out, api.Consumer{
			Name: c.Name, Owner: c.Owner, Cursor: c.Seq, Behind: max(0, last-c.Seq), Time: c.Time.UTC(),
		})
	}
	return out, err
}

func (a *eventsAPI) removeConsumer(ctx context.Context, in api.RemoveConsumerArgs) (api.None, error) {
	return api.None{}, a.events.Forget(ctx, a.manager(ctx, in.Owner), in.Consumer)
}

// subscribeSignals follows the event log and the node's own signals.
func (a *eventsAPI) subscribeSignals(ctx context.Context, in api.StatusSubscribeArgs) (source, error) {
	c, want := callFrom(ctx).caller, orZero(in.Options)
	q, err := c.query(want.Since, want.Consumer, want.Types, want.Chats)
	if err != nil {
		return source{}, err
	}
	q.Account = c.grant.only()
	r, err := a.events.Open(ctx, q)
	if err != nil {
		return source{}, err
	}
	subs := c.subs
	return source{follow: func(ctx context.Context, send func(any, *api.Error) error) error {
		return r.Follow(ctx, subs.holding(func(b feed.Batch) error {
			if b.Lost > 0 {
				if err := send(nil, subs.lagged(b.Lost)); err != nil {
					return err
				}
			}
			if b.Gap {
				if err := send(api.EventNotice{Gap: true, From: b.From}, nil); err != nil {
					return err
				}
			}
			for i := range b.Events {
				if err := send(api.EventNotice{Event: &b.Events[i]}, nil); err != nil {
					return err
				}
			}
			return nil
		}))
	}}, nil
}

// notLoggedIn is the answer of what needs an account.
func notLoggedIn() *api.Error {
	return api.NewError(api.CodeNotLoggedIn, "no account is logged in").
		WithHint("log in with account_login, or: statusd account login")
}
