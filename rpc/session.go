package rpc

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"go.uber.org/zap"

	"statusd/api"
	"statusd/rpc/jsonrpc"
)

// Limits of stream connections.
const (
	maxRunning  = 32 // slow calls of one connection at a time
	maxMistakes = 16 // malformed messages in a row
	readTimeout = 30 * time.Second
	sendTimeout = 30 * time.Second
	stopGrace   = 500 * time.Millisecond // instead of either when the server stops
)

// ending says why a stream connection is closed.
type ending uint8

const (
	endPeer     ending = iota // the client went
	endStop                   // the server stops
	endToken                  // its token is no longer valid
	endCrowded                // others need the seat, and its token has most
	endTooLarge               // a message exceeded the limit
	endMisuse                 // too many malformed messages, or too slow
)

// stream is a connection that carries messages both ways. send and close may
// be called while next runs; send is not called concurrently with itself.
type stream interface {
	// next waits for a message. A *api.Error is to be answered, and
	// reading may go on; a *lastWords ends it, after an answer. io.EOF says
	// that the client sends nothing more, but may still read.
	next() ([]byte, error)
	// send writes one message within sendTimeout.
	send([]byte) error
	// interrupt makes next return, and send within stopGrace.
	interrupt()
	close(ending)
}

// lastWords is an error that is answered before the connection is closed.
type lastWords struct {
	answer *api.Error
	ending ending
}

func (l *lastWords) Error() string { return l.answer.Error() }

// session serves one stream connection.
type session struct {
	stream stream
	caller caller
	server *dispatcher
	slots  chan struct{} // one for each slow call that runs
	calls  sync.WaitGroup

	// welcome, if set, begins what the connection gets without asking.
	welcome func(context.Context, *subscriptions)

	sendMu sync.Mutex // serialises writes; they are bounded by sendTimeout

	mu     sync.Mutex
	ending ending
	cancel context.CancelFunc
}

// newSession prepares a session. The caller's subs are set by it.
func newSession(st stream, c caller, d *dispatcher, b *budget) *session {
	s := &session{stream: st, caller: c, server: d, slots: make(chan struct{}, maxRunning)}
	s.caller.subs = newSubscriptions(s.sendMade, b.unreadOf(&c), d.metrics)
	return s
}

// run serves the connection until the client goes, finish is called, or ctx
// ends, which also cancels running calls. All goroutines have ended and the
// connection is closed when it returns.
func (s *session) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	s.mu.Lock()
	s.cancel = cancel
	s.mu.Unlock()
	stop := context.AfterFunc(ctx, s.stream.interrupt)

	if left, known := s.caller.grant.left(time.Now()); known {
		expiry := time.AfterFunc(left, func() { s.abort(endToken) })
		defer expiry.Stop()
	}
	if s.welcome != nil {
		s.welcome(ctx, s.caller.subs)
	}
	s.read(ctx)
	stop() // close may want to read on for a moment
	s.calls.Wait()
	s.caller.subs.closeAll()
	cancel()
	s.mu.Lock()
	why := s.ending
	s.mu.Unlock()
	s.stream.close(why)
}

// finish makes run return once the running calls have ended.
func (s *session) finish(why ending) {
	s.setEnding(why)
	s.stream.interrupt()
}

// abort makes run return soon: running calls are cancelled.
func (s *session) abort(why ending) {
	s.setEnding(why)
	s.mu.Lock()
	cancel := s.cancel
	s.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	s.stream.interrupt()
}

// setEnding keeps the first reason.
func (s *session) setEnding(why ending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending == endPeer {
		s.ending = why
	}
}

// read takes messages until there are no more.
func (s *session) read(ctx context.Context) {
	for mistakes := 0; ctx.Err() == nil; {
		raw, err := s.stream.next()
		var m jsonrpc.Message
		var fault *api.Error
		var last *lastWords
		switch {
		case err == nil:
			m, fault = jsonrpc.Parse(raw, maxBatchItems)
		case errors.As(err, &fault): // answered below
		case errors.As(err, &last):
			s.answer(ctx, s.server.fault(m, last.answer))
			s.setEnding(last.ending)
			return
		case errors.Is(err, io.EOF):
			return
		default: // the connection broke, or was interrupted
			s.mu.Lock()
			orderly := s.ending != endPeer
			s.mu.Unlock()
			if !orderly {
				s.abort(endPeer)
			}
			return
		}
		if fault == nil {
			mistakes = 0
			s.serve(ctx, m)
			continue
		}
		s.answer(ctx, s.server.fault(m, fault))
		if mistakes++; mistakes == maxMistakes {
			s.setEnding(endMisuse)
			return
		}
	}
}

// serve runs quick calls at once, so that their answers come in the order of
// the requests, and slow ones beside.
func (s *session) serve(ctx context.Context, m jsonrpc.Message) {
	if !s.server.slow(m) {
		s.answer(ctx, s.server.serve(ctx, &s.caller, m))
		return
	}
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return
	}
	s.calls.Go(func() {
		defer func() { <-s.slots }()
		s.answer(ctx, s.server.serve(ctx, &s.caller, m))
	})
}

func (s *session) answer(ctx context.Context, r reply) {
	defer r.release()
	if r.body != nil && s.send(r.body) != nil {
		return
	}
	r.release()
	for _, f := range r.after {
		f(ctx)
	}
}

// send writes one message. A client that does not take it in time loses its
// connection.
func (s *session) send(body []byte) error {
	return s.sendMade(func() []byte { return body })
}

// sendMade is send of a message that is made when its turn has come: of all
// that wait, one at a time is in memory.
func (s *session) sendMade(made func() []byte) error {
	s.sendMu.Lock()
	err := s.stream.send(made())
	s.sendMu.Unlock()
	if err != nil {
		s.server.log.Debug("connection cannot be written to", zap.String("transport", s.caller.transport),
			zap.String("remote", s.caller.remote), zap.Error(err))
		s.abort(endMisuse)
	}
	return err
}

// sessionSet is the open sessions, so that all can be ended.
type sessionSet struct {
	wg sync.WaitGroup

	mu     sync.Mutex
	open   map[*session]struct{}
	closed bool
}

// serve runs a session, unless there is no seat for it or the set is closed; it
// reports whether it did.
func (set *sessionSet) serve(ctx context.Context, s *session, in *seats) bool {
	leave, ok := in.take(s.caller.grant, func() { s.abort(endCrowded) })
	if !ok {
		return false
	}
	defer leave()
	set.mu.Lock()
	if set.closed {
		set.mu.Unlock()
		return false
	}
	if set.open == nil {
		set.open = make(map[*session]struct{})
	}
	set.open[s] = struct{}{}
	set.wg.Add(1)
	set.mu.Unlock()

	gauge := s.server.metrics.sessions.WithLabelValues(s.caller.transport)
	gauge.Inc()
	defer func() {
		gauge.Dec()
		set.mu.Lock()
		delete(set.open, s)
		set.mu.Unlock()
		set.wg.Done()
	}()
	s.run(ctx)
	return true
}

// each calls f for every open session.
func (set *sessionSet) each(f func(*session)) {
	set.mu.Lock()
	open := make([]*session, 0, len(set.open))
	for s := range set.open {
		open = append(open, s)
	}
	set.mu.Unlock()
	for _, s := range open {
		f(s)
	}
}

// close admits no more sessions.
func (set *sessionSet) close() {
	set.mu.Lock()
	set.closed = true
	set.mu.Unlock()
}
