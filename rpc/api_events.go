package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"statusd/internal/feed"
	"statusd/internal/store"
	"statusd/rpc/jsonrpc"
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

// eventsQuery is the object that status_getEvents takes.
type eventsQuery struct {
	Since    *int64   `json:"since"`
	Limit    *int     `json:"limit"`
	Wait     *float64 `json:"wait"` // seconds
	Types    []string `json:"types"`
	Chats    []string `json:"chats"`
	Consumer string   `json:"consumer"`
}

// signalsQuery is the object that status_subscribe takes.
type signalsQuery struct {
	Types    []string `json:"types"`
	Chats    []string `json:"chats"`
	Since    *int64   `json:"since"`
	Consumer string   `json:"consumer"`
}

// eventsPage is what status_getEvents answers with.
type eventsPage struct {
	Events []feed.Event `json:"events"`
	Next   int64        `json:"next"`
	Gap    bool         `json:"gap,omitempty"`
	From   int64        `json:"from,omitempty"`
}

// gapMark is what a subscriber gets in the place of events that are gone.
type gapMark struct {
	Gap  bool  `json:"gap"`
	From int64 `json:"from"`
}

// query checks what a caller asks for, and that it may use a consumer's name.
func (c *caller) query(since *int64, consumer string, types, chats []string) (feed.Query, error) {
	q := feed.Query{Since: since, Consumer: consumer, By: c.party(), Types: types}
	if consumer != "" && c.scopes&scopeEvents == 0 {
		return q, lacks(scopeEvents, "a consumer")
	}
	for name, list := range map[string][]string{"types": types, "chats": chats} {
		if len(list) > maxEventNames {
			return q, jsonrpc.NewError(jsonrpc.CodeInvalidParams, "%d %s are too many, want at most %d", len(list), name,
				maxEventNames)
		}
		for _, v := range list {
			if v == "" || len(v) > maxEventName {
				return q, jsonrpc.NewError(jsonrpc.CodeInvalidParams, "%s: %q is empty or too long", name, shortened(v))
			}
		}
	}
	for _, c := range chats {
		q.Chats = append(q.Chats, strings.TrimPrefix(c, "#")) // as people write public chats
	}
	if since != nil && *since < feed.End {
		return q, jsonrpc.NewError(jsonrpc.CodeInvalidParams, "since is %d, want a cursor", *since).
			WithHint("0 is the beginning of the log, -1 its end")
	}
	return q, nil
}

// seconds is a wait that a caller asks for.
func seconds(wait *float64) (time.Duration, error) {
	switch w := orZero(wait); {
	case w != w || w < 0:
		return 0, jsonrpc.NewError(jsonrpc.CodeInvalidParams, "the time to wait cannot be negative")
	case w > feed.MaxWait.Seconds():
		return feed.MaxWait, nil
	default:
		return time.Duration(w * float64(time.Second)), nil
	}
}

// waiting is the time that a call may take which waits for events.
func waiting([]json.RawMessage) time.Duration { return feed.MaxWait + callTimeout }

func (a *eventsAPI) get(ctx context.Context, in *eventsQuery) (eventsPage, error) {
	if in == nil {
		in = &eventsQuery{}
	}
	q, err := callFrom(ctx).caller.query(in.Since, in.Consumer, in.Types, in.Chats)
	if err != nil {
		return eventsPage{}, err
	}
	return a.read(ctx, q, in.Limit, in.Wait)
}

func (a *eventsAPI) read(ctx context.Context, q feed.Query, limit *int, wait *float64) (eventsPage, error) {
	if limit != nil && *limit < 1 {
		return eventsPage{}, jsonrpc.NewError(jsonrpc.CodeInvalidParams, "a limit of %d, want at least 1", *limit)
	}
	d, err := seconds(wait)
	if err != nil {
		return eventsPage{}, err
	}
	page, err := a.events.Read(ctx, q, orZero(limit), d, a.stopping)
	return eventsPage(page), eventFailure(err)
}

// receiveArgs are the parameters of status_receive.
type receiveArgs struct {
	Since          *int64
	TimeoutSeconds *float64
	MaxMessages    *int
	Chat           *string
	Consumer       *string
}

func (a *eventsAPI) receive(ctx context.Context, in receiveArgs) (eventsPage, error) {
	var chats []string
	if in.Chat != nil {
		chats = []string{*in.Chat}
	}
	q, err := callFrom(ctx).caller.query(in.Since, orZero(in.Consumer), []string{messagesNew}, chats)
	if err != nil {
		return eventsPage{}, err
	}
	return a.read(ctx, q, in.MaxMessages, in.TimeoutSeconds)
}

// ackArgs are the parameters of status_ackEvents.
type ackArgs struct {
	Consumer string
	Cursor   int64
	Owner    *string
}

func (a *eventsAPI) ack(ctx context.Context, in ackArgs) (nothing, error) {
	return nil, eventFailure(a.events.Ack(ctx, a.manager(ctx, in.Owner), in.Consumer, in.Cursor))
}

// manager is the caller as a party that moves or removes consumers of an owner;
// nil: it did not say whose.
func (a *eventsAPI) manager(ctx context.Context, owner *string) store.Party {
	p := callFrom(ctx).caller.party()
	p.Whose, p.Ended = owner, a.ended
	return p
}

// consumerInfo is a named consumer in a list. Owner is "local", "token:" and the
// name of a token, "daemon" for those of webhooks, or empty for one from before
// there were owners.
type consumerInfo struct {
	Name   string    `json:"name"`
	Owner  string    `json:"owner"`
	Cursor int64     `json:"cursor"`
	Behind int64     `json:"behind"` // events that came after it
	Time   time.Time `json:"time"`   // of the last acknowledgement
}

func (a *eventsAPI) consumers(ctx context.Context) ([]consumerInfo, error) {
	all, last, err := a.events.Consumers(ctx, callFrom(ctx).caller.party())
	out := make([]consumerInfo, 0, len(all))
	for _, c := range all {
		out = append(out, consumerInfo{c.Name, c.Owner, c.Seq, max(0, last-c.Seq), c.Time.UTC()})
	}
	return out, eventFailure(err)
}

// removeArgs are the parameters of status_removeConsumer.
type removeArgs struct {
	Consumer string
	Owner    *string
}

func (a *eventsAPI) removeConsumer(ctx context.Context, in removeArgs) (nothing, error) {
	return nil, eventFailure(a.events.Forget(ctx, a.manager(ctx, in.Owner), in.Consumer))
}

// subscribeSignals follows the event log and the node's own signals.
func (a *eventsAPI) subscribeSignals(ctx context.Context, in *signalsQuery) (follow, error) {
	if in == nil {
		in = &signalsQuery{}
	}
	c := callFrom(ctx).caller
	q, err := c.query(in.Since, in.Consumer, in.Types, in.Chats)
	if err != nil {
		return nil, err
	}
	q.Account = c.grant.only()
	r, err := a.events.Open(ctx, q)
	if err != nil {
		return nil, eventFailure(err)
	}
	subs := c.subs
	return func(ctx context.Context, send func(any, *jsonrpc.Error) error) error {
		return r.Follow(ctx, subs.holding(func(b feed.Batch) error {
			if b.Lost > 0 {
				if err := send(nil, subs.lagged(b.Lost)); err != nil {
					return err
				}
			}
			if b.Gap {
				if err := send(gapMark{true, b.From}, nil); err != nil {
					return err
				}
			}
			for _, e := range b.Events {
				if err := send(e, nil); err != nil {
					return err
				}
			}
			return nil
		}))
	}, nil
}

// notLoggedIn is the answer of what needs an account.
func notLoggedIn() *jsonrpc.Error {
	return jsonrpc.NewError(jsonrpc.CodeNotLoggedIn, "no account is logged in").
		WithHint("log in with account_login, or: statusd account login")
}

// eventFailure gives the errors of the event log their codes.
func eventFailure(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, feed.ErrNotLoggedIn):
		return notLoggedIn()
	case errors.Is(err, store.ErrConsumer):
		return jsonrpc.NewError(jsonrpc.CodeInvalidParams, "the name of a consumer is UTF-8 text of 1 to %d bytes",
			store.MaxConsumerName)
	case errors.Is(err, store.ErrConsumerName):
		return jsonrpc.NewError(jsonrpc.CodeInvalidParams, "the name of a consumer has characters that are not shown").
			WithHint("choose a name of letters, digits, signs and spaces")
	case errors.Is(err, store.ErrReserved):
		return jsonrpc.NewError(jsonrpc.CodeInvalidParams, "%s", plainText(err)).WithHint("choose another name")
	case errors.Is(err, store.ErrOtherOwner):
		return jsonrpc.NewError(jsonrpc.CodeScope, "the consumer belongs to another token").
			WithHint("leave out the owner, or use the token that made it or one of the scope admin")
	case errors.Is(err, store.ErrManyOwners):
		return jsonrpc.NewError(jsonrpc.CodeInvalidParams, "several others have a consumer of this name").
			WithHint("say whose with the parameter owner, as status_listConsumers gives it")
	case errors.Is(err, store.ErrOwnQuota):
		return jsonrpc.NewError(jsonrpc.CodeBusy, "a token may have %d consumers, the socket and rpc-token %d",
			tokenConsumers, localConsumers).WithHint("remove one that is no longer used with status_removeConsumer")
	case errors.Is(err, store.ErrAhead):
		return jsonrpc.NewError(jsonrpc.CodeInvalidParams, "%s", plainText(err)).
			WithHint("acknowledge the cursor of an event, or next, as they came")
	case errors.Is(err, store.ErrTooMany):
		return jsonrpc.NewError(jsonrpc.CodeBusy, "there are %d consumers of tokens already", store.MaxConsumers).
			WithHint("remove some with status_removeConsumer; an admin lists and removes those of all tokens")
	case errors.Is(err, store.ErrNoConsumer):
		return jsonrpc.NewError(jsonrpc.CodeUnknownObject, "there is no consumer of this name").
			WithHint("status_listConsumers lists them")
	default:
		return err
	}
}
