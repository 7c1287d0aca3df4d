package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"statusd/api"
)

// maxUnread bounds the notifications that a Subscription holds for a program
// that does not take them, maxEarly those that come before the answer to the
// call that subscribes. Beyond, the subscription ends with ErrSlow.
const (
	maxUnread = 4096
	maxEarly  = 1024
)

// ErrSlow ends a subscription whose program does not read.
var ErrSlow = errors.New("notifications were not taken in time; the subscription has ended")

// Subscription is a stream of notifications of one connection. It ends with
// the connection: what happened meanwhile is not told later. To follow the
// event log without gaps, use Events.
type Subscription struct {
	stream *stream
	name   string // of the notifications
	id     string // as JSON; empty: the notifications have none

	mu   sync.Mutex // guards what follows
	wake chan struct{}
	held []message
	err  error
}

// Notification is what a subscription gives. Exactly one member is set.
type Notification struct {
	Result json.RawMessage
	Error  *api.Error // a gap: this many were dropped, see Data.Dropped
}

const subscribeSuffix = "_subscribe"

// Subscribes tells by the name of a method whether it subscribes, so that it is
// one for SubscribeRaw.
func Subscribes(method string) bool {
	return strings.HasSuffix(method, subscribeSuffix) || method == api.SubscribeReceive.Name
}

// SubscribeRaw calls a method that Subscribes.
func (c *Client) SubscribeRaw(ctx context.Context, method string, params json.RawMessage) (*Subscription, error) {
	if c.web != nil {
		return nil, errors.New("over HTTP nothing can be subscribed to: use the unix socket, ws:// or wss://")
	}
	s, err := c.connected(ctx)
	if err != nil {
		return nil, err
	}
	name := "receive"
	if base, ok := strings.CutSuffix(method, subscribeSuffix); ok {
		name = base + "_subscription"
	}
	s.mu.Lock()
	s.asking++
	s.mu.Unlock()
	raw, err := s.call(ctx, method, params)
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := &Subscription{stream: s, name: name, id: string(raw), wake: make(chan struct{}, 1)}
	for _, m := range s.early[name+" "+sub.id] {
		sub.push(m)
	}
	delete(s.early, name+" "+sub.id)
	if s.asking--; s.asking == 0 {
		s.early = nil
	}
	if err != nil {
		return nil, err
	}
	s.subs[name+" "+sub.id] = sub
	return sub, nil
}

// Subscribe subscribes to what a value of the contract names.
func Subscribe[Args, ID, Event any](
	ctx context.Context, c *Client, m api.Subscription[Args, ID, Event], args Args,
) (*Stream[Event], error) {
	params, err := parameters(args)
	if err != nil {
		return nil, fmt.Errorf("parameters of %s: %w", m.Name, err)
	}
	sub, err := c.SubscribeRaw(ctx, m.Name, params)
	if err != nil {
		return nil, err
	}
	return &Stream[Event]{sub}, nil
}

// Stream are the notifications of a subscription, decoded.
type Stream[Event any] struct{ *Subscription }

// Next waits for the next one. An *api.Error with the kind lagged stands where
// some are missing; the stream goes on after it.
func (e *Stream[Event]) Next(ctx context.Context) (event Event, err error) {
	n, err := e.Subscription.Next(ctx)
	switch {
	case err != nil:
		return event, err
	case n.Error != nil:
		return event, n.Error
	}
	return event, json.Unmarshal(n.Result, &event)
}

// Next waits for the next notification. Its error is final.
func (s *Subscription) Next(ctx context.Context) (Notification, error) {
	for {
		s.mu.Lock()
		held, err := s.held, s.err
		if len(held) > 0 {
			s.held = held[1:]
			s.mu.Unlock()
			return notification(held[0])
		}
		s.mu.Unlock()
		if err != nil {
			return Notification{}, err
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return Notification{}, ctx.Err()
		case <-s.stream.done:
			s.fail(connectionError(ctx, s.stream.cfg.Target, false, s.stream.reason()))
		}
	}
}

func notification(m message) (Notification, error) {
	var params struct {
		Result json.RawMessage `json:"result"`
		Error  *api.Error      `json:"error"`
	}
	if err := json.Unmarshal(m.Params, &params); err != nil {
		return Notification{}, fmt.Errorf("a notification is not what this client knows: %w", err)
	}
	return Notification(params), nil
}

// Close ends the subscription at the daemon.
func (s *Subscription) Close(ctx context.Context) error {
	s.fail(ErrClosed)
	s.stream.mu.Lock()
	delete(s.stream.subs, s.name+" "+s.id)
	s.stream.mu.Unlock()
	method := "unsubscribeReceive"
	if base, ok := strings.CutSuffix(s.name, "_subscription"); ok {
		method = base + "_unsubscribe"
	}
	_, err := s.stream.call(ctx, method, json.RawMessage("["+s.id+"]"))
	return err
}

func (s *Subscription) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}

// push appends a notification.
func (s *Subscription) push(m message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return
	case len(s.held) >= maxUnread:
		s.held, s.err = nil, ErrSlow
	default:
		s.held = append(s.held, m)
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// notify hands a notification to its subscription.
func (s *stream) notify(m message) {
	var params struct {
		Subscription json.RawMessage `json:"subscription"`
	}
	if json.Unmarshal(m.Params, &params) != nil || params.Subscription == nil {
		return
	}
	key := m.Method + " " + string(params.Subscription)
	s.mu.Lock()
	defer s.mu.Unlock()
	if sub := s.subs[key]; sub != nil {
		sub.push(m)
		return
	}
	if s.asking == 0 {
		return // ended meanwhile
	}
	count := 0
	for _, list := range s.early {
		count += len(list)
	}
	if count < maxEarly {
		if s.early == nil {
			s.early = make(map[string][]message)
		}
		s.early[key] = append(s.early[key], m)
	}
}
