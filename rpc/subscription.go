package rpc

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"sync"

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
	budget *budget
	wake   chan struct{} // capacity 1

	mu      sync.Mutex
	entries []notification
	bytes   int64
	closed  bool
}

func newQueue(b *budget) *queue { return &queue{budget: b, wake: make(chan struct{}, 1)} }

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
	if full || !q.budget.take(bytes) {
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
		q.budget.take(-e.bytes)
	}
	q.entries = nil
}

// subscription is one stream of notifications.
type subscription struct {
	id     string
	method string // of its notifications
	queue  *queue
	stop   func() // detaches the queue from its source
	cancel context.CancelFunc
	done   chan struct{} // closed when the pump has ended; nil: not started
}

// subscriptions are those of one connection.
type subscriptions struct {
	send    func([]byte) error
	budget  *budget
	metrics *metrics

	mu   sync.Mutex
	byID map[string]*subscription
}

func newSubscriptions(send func([]byte) error, b *budget, m *metrics) *subscriptions {
	return &subscriptions{send: send, budget: b, metrics: m, byID: make(map[string]*subscription)}
}

// open makes a subscription in a namespace. Nothing is
// sent before start.
func (s *subscriptions) open(ns string, source attach) (*subscription, error) {
	var id [16]byte
	rand.Read(id[:])
	sub := &subscription{
		id: "0x" + hex.EncodeToString(id[:]), method: ns + "_subscription", queue: newQueue(s.budget),
	}
	if err := s.register(sub); err != nil {
		return nil, err
	}
	stop, err := source(sub.queue)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		delete(s.byID, sub.id)
		return nil, err
	}
	sub.stop = stop
	return sub, nil
}

func (s *subscriptions) register(sub *subscription) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byID) >= maxSubscriptions {
		return jsonrpc.NewError(jsonrpc.CodeBusy, "too many subscriptions on this connection").
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
	go s.pump(ctx, sub) // ends with ctx; close waits for it
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
			s.budget.take(-e.bytes)
		}
	}
}

func (s *subscriptions) notify(sub *subscription, e notification) {
	if e.lost > 0 {
		s.metrics.lagged.Add(float64(e.lost))
		gap := jsonrpc.NewError(jsonrpc.CodeBusy, "the subscriber is too slow: %d notifications were dropped here", e.lost).
			WithHint("read faster, or use narrower criteria")
		gap.Data.Kind, gap.Data.Dropped = "lagged", e.lost
		s.send(jsonrpc.AppendNotification(nil, sub.method, sub.id, nil, gap)) // a failure ends the connection
		return
	}
	result, err := jsonrpc.Marshal(e.result)
	if err != nil {
		return // our own types: cannot happen
	}
	s.send(jsonrpc.AppendNotification(nil, sub.method, sub.id, result, nil))
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
	sub.queue.close()
}
