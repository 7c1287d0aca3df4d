package mailserver

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"statusd/waku"
	"statusd/waku/wire"
)

// answer serves one request: open, check, read and send, complete.
func (s *Server) answer(ctx context.Context, j job) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.AnswerTimeout)
	defer cancel()
	defer cancelWhenGone(ctx, cancel, j.peer)()
	if !s.acquire(ctx, j) {
		return
	}
	req, problem := s.admit(j)
	s.release()
	if problem != nil {
		s.fail(j, problem)
		return
	}
	a := &answering{server: s, job: j, req: req, address: addressKey(j.peer.IP())}
	start := time.Now()
	if problem := a.run(ctx); problem != nil {
		s.fail(j, problem)
	} else if err := j.peer.SendComplete(a.complete().Encode()); err != nil {
		s.metrics.failed[failSend].Inc()
	}
	s.account(a, time.Since(start))
}

// cancelWhenGone cancels when the peer goes. What it returns is called at the
// end and waits for the goroutine that watches.
func cancelWhenGone(ctx context.Context, cancel context.CancelFunc, peer waku.MailPeer) (end func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-peer.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	return func() { cancel(); <-ended }
}

// acquire waits for a slot. It fails when ctx ends or the peer goes.
func (s *Server) acquire(ctx context.Context, j job) bool {
	select {
	case <-ctx.Done():
		return false
	case <-j.peer.Done():
		return false
	default:
	}
	select {
	case s.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	case <-j.peer.Done():
		return false
	}
}

func (s *Server) release() { <-s.slots }

// admit opens and checks a request and takes its token.
func (s *Server) admit(j job) (*request, *refusal) {
	at := s.cfg.Now()
	now := uint32(at.Unix())
	req, problem := s.rules.open(j.in, j.peer.ID(), now, func(id wire.Hash) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.recent.repeated(id)
	})
	if problem != nil {
		return nil, problem
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.limiter.allow(at, j.peer.ID(), addressKey(j.peer.IP()), req.query.After) {
		return nil, &refusal{failRate, TextRateLimited}
	}
	return req, nil
}

// account updates metrics and allowances after an answer.
func (s *Server) account(a *answering, took time.Duration) {
	m := s.metrics
	m.requests.Inc()
	if a.req.batch {
		m.batched.Inc()
	}
	m.sent.Add(float64(a.sent))
	m.skipped.Add(float64(a.skipped))
	m.process.Observe(a.reading.Seconds())
	m.batchBytes.Observe(float64(a.bytes))
	m.delivery.Observe(took.Seconds())
	now := s.cfg.Now()
	m.seconds.Observe(max(0, now.Sub(a.job.at).Seconds()))
	s.mu.Lock()
	defer s.mu.Unlock()
	var end *Key
	if a.more {
		end = &a.last
	}
	s.limiter.spend(now, a.job.peer.ID(), a.address, a.bytes, end)
}

// answering is the state of one answer. Its packets are built while a slot is
// held and written without one, so that slow peers do not hold up others.
// Nobody waits for memory with a slot in hand, or keeps a buffer while waiting.
type answering struct {
	server  *Server
	job     job
	req     *request
	address string // that the peer's memory is counted for
	rows    Rows
	held    bool   // the current row has not been used yet
	buf     []byte // room for a list header, then envelopes

	visited  int // rows taken from the archive, sent or skipped
	sent     int
	skipped  int // too large for any packet
	bytes    int
	lastSent wire.Hash
	last     Key  // of the last row visited
	more     bool // rows are left
	reading  time.Duration
}

// headerRoom is the space before the envelopes for the header of their list.
const headerRoom = 9

// run sends the envelopes.
func (a *answering) run(ctx context.Context) *refusal {
	defer func() {
		if a.rows != nil {
			a.rows.Close()
		}
	}()
	for {
		if done, problem := a.step(ctx); done || problem != nil {
			return problem
		}
	}
}

// step builds one packet and writes it.
func (a *answering) step(ctx context.Context) (done bool, problem *refusal) {
	s := a.server
	reserved := int64(s.cfg.MaxPacket)
	if err := s.memory.take(ctx, a.address, reserved); err != nil {
		return true, a.problem(err)
	}
	defer func() { s.memory.giveBack(a.address, reserved) }()
	if !s.acquire(ctx, a.job) {
		return true, a.problem(ctx.Err())
	}
	buf, _ := s.buffers.Get().(*[]byte)
	if buf == nil {
		buf = new([]byte)
	}
	a.buf = *buf
	defer func() { *buf, a.buf = a.buf, nil; s.buffers.Put(buf) }()
	start := time.Now()
	done, err := a.fill(ctx)
	a.reading += time.Since(start)
	s.release()
	if err != nil {
		return true, a.problem(err)
	}
	size := len(a.buf) - headerRoom
	if size == 0 {
		return done, nil
	}
	// Give back what this packet does not need before it is written.
	s.memory.free(a.address, reserved-int64(size))
	reserved = int64(size)
	var header [headerRoom]byte
	h := wire.AppendMessagesHeader(header[:0], size)
	payload := a.buf[headerRoom-len(h):]
	copy(payload, h)
	start = time.Now()
	if err := a.job.peer.SendMessages(payload); err != nil {
		return true, &refusal{failSend, "packet could not be sent"}
	}
	s.metrics.send.Observe(time.Since(start).Seconds())
	return done, nil
}

// fill puts as many envelopes into the buffer as one packet takes. It reports
// whether that was all.
func (a *answering) fill(ctx context.Context) (done bool, err error) {
	if a.rows == nil {
		if a.rows, err = a.server.cfg.Archive.Select(ctx, a.req.query); err != nil {
			return true, err
		}
	}
	limit := a.server.cfg.MaxPacket
	a.buf = append(a.buf[:0], make([]byte, headerRoom)...)
	for {
		if !a.held {
			found := a.rows.Next(ctx)
			if !found || a.visited == a.req.limit {
				a.more = found
				return true, a.rows.Err()
			}
			a.held = true
		}
		row := a.rows.Row()
		size := len(a.buf) - headerRoom
		switch {
		case wire.MessagesSize(row.Size) > limit:
			a.skipped++
		case size > 0 && (!a.req.batch || wire.MessagesSize(size+row.Size) > limit):
			return false, nil
		default:
			data, err := a.rows.Data(ctx)
			if err != nil {
				return true, err
			}
			a.buf = append(a.buf, data...)
			a.sent++
			a.bytes += len(data)
			a.lastSent = row.Hash
		}
		a.held = false
		a.visited++
		a.last = row.Key
	}
}

// complete is the end of an answer that was sent in full.
func (a *answering) complete() *wire.RequestComplete {
	c := &wire.RequestComplete{ID: a.req.id, Last: a.lastSent}
	if a.more {
		c.Cursor = a.last.AppendCursor(nil)
	}
	return c
}

// problem turns an error into words for the peer, which must not learn about
// the insides of this node.
func (a *answering) problem(err error) *refusal {
	log := a.server.log
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return &refusal{failProcess, "server is stopping"}
	case errors.Is(err, context.DeadlineExceeded):
		return &refusal{failProcess, "answer took too long"}
	case errors.Is(err, ErrUnavailable), errors.Is(err, ErrClosed):
		log.Warn("history request not answered", zap.Error(err))
		return &refusal{failIterator, "archive is not available, try again later"}
	case errors.Is(err, ErrCorrupted):
		log.Error("history request not answered", zap.Error(err))
		return &refusal{failIterator, "archive is damaged"}
	}
	log.Warn("history request not answered", zap.Error(err))
	return &refusal{failIterator, "archive could not be read"}
}
