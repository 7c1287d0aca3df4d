package rpc

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"sync"

	"statusd/api"
	"statusd/internal/feed"
	"statusd/rpc/jsonrpc"
)

// Bounds of subscriptions. A subscriber whose queue is full misses what comes,
// and is told how much by one notification with an error in the place of the
// gap. What it was told about arrives in order.
const (
	maxSubscriptions = 64      // of one connection
	maxQueued        = 1024    // notifications of one subscription
	maxQueuedBytes   = 8 << 20 // of one subscription
)

// notification is one entry of a queue.
type notification struct {
	result any   // encoded when it is sent
	bytes  int64 // what it holds on to
	lost   int   // > 0: no result, but a gap of so many
}

// queue holds what waits to be sent to one subscriber. push never blocks.
type queue struct {
	unread unread
	wake   chan struct{} // capacity 1

	mu      sync.Mutex
	entries []notification
	bytes   int64
	closed  bool
}

func newQueue(u unread) *queue { return &queue{unread: u, wake: make(chan struct{}, 1)} }

// push appends a result that holds on to a number of bytes, or counts it as
// lost.
func (q *queue) push(result any, bytes int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	n := len(q.entries)
	full := n >= maxQueued || n > 0 && q.bytes+bytes > maxQueuedBytes
	if full || !q.unread.take(bytes) {
		if n == 0 || q.entries[n-1].lost == 0 {
			q.entries = append(q.entries, notification{})
			n++
		}
		q.entries[n-1].lost++
	} else {
		q.entries = append(q.entries, notification{result: result, bytes: bytes})
		q.bytes += bytes
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take empties the queue. The caller gives the bytes back to the budget when
// it has dealt with an entry.
func (q *queue) take() []notification {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := q.entries
	q.entries, q.bytes = nil, 0
	return out
}

// close drops what waits and everything that is pushed later.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, e := range q.entries {
		q.unread.add(-e.bytes)
	}
	q.entries = nil
}

// source is where the notifications of a subscription come from: a queue that
// attach connects to, or follow, which sends at the pace of the subscriber.
type source struct {
	attach attach
	follow follow
}

// attach connects a queue to a source and returns how to undo that.
type attach func(*queue) (func(), error)

// follow sends what a subscriber is to get until ctx ends or send fails. Its
// own errors end the subscription, and are told.
type follow func(ctx context.Context, send func(result any, e *api.Error) error) error

// subscription is one stream of notifications.
type subscription struct {
	id     string          // among those of the connection
	ref    json.RawMessage // its id in notifications; nil: they have none
	method string          // of its notifications
	queue  *queue          // nil: follow sends
	follow follow
	stop   func() // detaches the queue from its source
	cancel context.CancelFunc
	done   chan struct{} // closed when the pump has ended; nil: not started
}

// subscriptions are those of one connection.
type subscriptions struct {
	send    func(made func() []byte) error
	unread  unread
	metrics *metrics

	mu      sync.Mutex
	byID    map[string]*subscription
	numbers int // given to subscriptions that have a number for an id
}

func newSubscriptions(send func(func() []byte) error, u unread, m *metrics) *subscriptions {
	return &subscriptions{send: send, unread: u, metrics: m, byID: make(map[string]*subscription)}
}

// open makes a subscription in a namespace. Nothing is
// sent before start.
func (s *subscriptions) open(ns string, from source) (*subscription, error) {
	var id [16]byte
	rand.Read(id[:])
	sub := &subscription{id: "0x" + hex.EncodeToString(id[:]), method: ns + "_subscription"}
	sub.ref = json.RawMessage(strconv.Quote(sub.id))
	return sub, s.add(sub, from)
}

// openNumbered makes a subscription in the form of signal-cli: the method of
// its notifications is given, the id is a number.
func (s *subscriptions) openNumbered(method string, f follow) (number int, sub *subscription, err error) {
	s.mu.Lock()
	number = s.numbers
	s.numbers++
	s.mu.Unlock()
	sub = &subscription{id: strconv.Itoa(number), method: method}
	sub.ref = json.RawMessage(sub.id)
	return number, sub, s.add(sub, source{follow: f})
}

// startUnasked begins notifications that have no id, for as long as the
// connection lasts.
func (s *subscriptions) startUnasked(ctx context.Context, method string, f follow) {
	sub := &subscription{id: rand.Text(), method: method}
	if s.add(sub, source{follow: f}) == nil {
		s.start(ctx, sub)
	}
}

func (s *subscriptions) add(sub *subscription, from source) error {
	sub.stop, sub.follow = func() {}, from.follow
	if from.attach != nil {
		sub.queue = newQueue(s.unread)
	}
	if err := s.register(sub); err != nil || from.attach == nil {
		return err
	}
	stop, err := from.attach(sub.queue)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		delete(s.byID, sub.id)
		return err
	}
	sub.stop = stop
	return nil
}

func (s *subscriptions) register(sub *subscription) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byID) >= maxSubscriptions {
		return api.NewError(api.CodeBusy, "too many subscriptions on this connection").
			WithHint("a connection may have %d; unsubscribe from one or open another connection", maxSubscriptions)
	}
	s.byID[sub.id] = sub
	return nil
}

// start begins to send, until ctx ends. It is called when the client has been
// told the id.
func (s *subscriptions) start(ctx context.Context, sub *subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID[sub.id] != sub {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	sub.cancel, sub.done = cancel, make(chan struct{})
	run := s.pump
	if sub.follow != nil {
		run = s.runFollow
	}
	go run(ctx, sub) // ends with ctx; close waits for it
}

// pump sends what is queued until the context ends or the client does not read.
func (s *subscriptions) pump(ctx context.Context, sub *subscription) {
	defer close(sub.done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-sub.queue.wake:
		}
		for _, e := range sub.queue.take() {
			if ctx.Err() == nil {
				s.notify(sub, e)
			}
			s.unread.add(-e.bytes)
		}
	}
}

// runFollow lets the source of a subscription send.
func (s *subscriptions) runFollow(ctx context.Context, sub *subscription) {
	defer close(sub.done)
	err := sub.follow(ctx, func(result any, e *api.Error) error { return s.sendOne(sub, result, e) })
	if err != nil && ctx.Err() == nil {
		s.sendOne(sub, nil, failureOf(ctx, err)) // of no use if the connection is what failed
	}
}

// holding lets batches of events count for as long as deliver takes. When there is
// no room the subscription ends with that error: who reads too slowly comes back
// with the cursor of what it got.
func (s *subscriptions) holding(deliver func(feed.Batch) error) func(feed.Batch) error {
	return func(b feed.Batch) error {
		release, err := s.unread.hold(&b)
		if err != nil {
			return err
		}
		defer release()
		return deliver(b)
	}
}

// sendOne sends one notification. A failure ends the connection.
func (s *subscriptions) sendOne(sub *subscription, result any, e *api.Error) error {
	var bad error
	var held int64
	err := s.send(func() []byte {
		var raw json.RawMessage
		if e == nil {
			if raw, bad = jsonrpc.Marshal(result); bad != nil { // of our own types: they encode
				raw, e = nil, internalError()
			}
		}
		body := jsonrpc.AppendNotification(nil, sub.method, sub.ref, raw, e)
		held = int64(cap(body))
		s.unread.add(held)
		return body
	})
	s.unread.add(-held)
	if err != nil {
		return err
	}
	return bad
}

// lagged tells a subscriber that notifications are missing in this place.
func (s *subscriptions) lagged(lost int) *api.Error {
	s.metrics.lagged.Add(float64(lost))
	gap := api.NewError(api.CodeBusy, "the subscriber is too slow: %d notifications were dropped here", lost).
		WithHint("read faster, or use narrower criteria")
	gap.Data.Kind, gap.Data.Dropped = "lagged", lost
	return gap
}

func (s *subscriptions) notify(sub *subscription, e notification) {
	if e.lost > 0 {
		s.sendOne(sub, nil, s.lagged(e.lost))
		return
	}
	s.sendOne(sub, e.result, nil) // our own types: they encode
}

// close ends the subscription with an id and waits until nothing more is sent
// for it. It reports whether there was one.
func (s *subscriptions) close(id string) bool {
	s.mu.Lock()
	sub := s.byID[id]
	delete(s.byID, id)
	s.mu.Unlock()
	if sub == nil {
		return false
	}
	end(sub)
	return true
}

// closeAll ends all subscriptions. No call may be running any more.
func (s *subscriptions) closeAll() {
	s.mu.Lock()
	subs := s.byID
	s.byID = make(map[string]*subscription)
	s.mu.Unlock()
	for _, sub := range subs {
		end(sub)
	}
}

func end(sub *subscription) {
	sub.stop()
	if sub.cancel != nil {
		sub.cancel()
		<-sub.done
	}
	if sub.queue != nil {
		sub.queue.close()
	}
}
