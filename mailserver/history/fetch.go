package history

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"

	"statusd/fault"
	"statusd/mailserver"
	"statusd/waku"
	"statusd/waku/wire"
)

// maxPages bounds the pages of one fetch. A thousand times a thousand
// envelopes is more than any range that is worth asking for at once.
const maxPages = 100_000

// ErrNoServer is returned when there is no mailserver to ask.
var ErrNoServer = fault.New(fault.NoMailserver, "no mailserver is configured",
	"name one, or set some with wakuext_updateMailservers or ClusterConfig.TrustedMailServers")

// Request asks for the history of topics.
type Request struct {
	Topics   []wire.Topic
	Bloom    *wire.Bloom // asked for instead of topics when there are none
	From, To uint32      // creation time, both included; To 0: now
	Limit    uint32      // envelopes of one page; 0: the server's maximum
	Cursor   []byte      // 36 bytes to go on from; empty: from the start
	Server   enode.ID    // zero: the best one, and others when it fails
	At       *Server     // a server that need not be one of the client's; instead of Server
	Key      []byte      // symmetric key to seal with; nil: that of the server's password
	OnePage  bool        // stop after the first page
	// Restart begins anew at the best server when the one that gave the cursor
	// fails: others count cursors otherwise. Result says that it did.
	Restart bool
	Timeout time.Duration
	Tries   int // on one server; 0: as the client's
	// Sent is called with the id of each request before it is written, from
	// the calling goroutine. With it, requests are sealed before it is their
	// turn, and given up when their turn does not come in time.
	Sent func(id wire.Hash, server enode.ID)
	// Take is given the envelopes instead of the filters, from the goroutine of
	// the server's connection, which it may hold up. It has returned for every
	// envelope of a page before the page ends. A page that is tried again may
	// bring envelopes a second time.
	Take func(*wire.Envelope)
	// Progress is called after each page, from the calling goroutine.
	Progress func(Result)
}

// Result says what a fetch has brought so far.
type Result struct {
	Server    enode.ID
	RequestID wire.Hash // of the last page
	Pages     int
	Envelopes int
	Cursor    []byte // where the next page starts; nil: everything has come
	Restarted bool   // the server of the cursor failed, and the fetch began anew
}

// Bookmark is how far an unfinished fetch has come.
type Bookmark struct {
	Server enode.ID `json:"server"`
	Span   Span     `json:"span"`
	Cursor []byte   `json:"cursor"`
}

// check completes a request.
func (c *Client) check(r *Request) error {
	now := uint32(c.cfg.Now().Unix())
	if r.To == 0 {
		r.To = now
	}
	switch {
	case r.From > r.To:
		return fmt.Errorf("%w: from %d is after to %d", ErrBadRequest, r.From, r.To)
	case r.Limit > maxPage:
		return fmt.Errorf("%w: limit %d is above %d", ErrBadRequest, r.Limit, maxPage)
	case len(r.Cursor) != 0 && len(r.Cursor) != wire.CursorLength:
		return fmt.Errorf("%w: cursor is %d bytes long, not %d", ErrBadRequest, len(r.Cursor), wire.CursorLength)
	case len(r.Topics) == 0 && r.Bloom == nil:
		return fmt.Errorf("%w: neither topics nor a bloom filter", ErrBadRequest)
	case len(r.Topics) > wire.MaxTopicInterest:
		return fmt.Errorf("%w: more than %d topics", ErrBadRequest, wire.MaxTopicInterest)
	}
	if r.Timeout <= 0 {
		r.Timeout = c.cfg.Timeout
	}
	if r.Tries <= 0 {
		r.Tries = c.cfg.Tries
	}
	return nil
}

// page returns what the first page of the request asks for.
func (r *Request) page() page {
	p := page{from: r.From, to: r.To, limit: int(r.Limit), cursor: r.Cursor, bloom: r.Bloom}
	if len(r.Topics) > 0 {
		p.topics = make(map[wire.Topic]struct{}, len(r.Topics))
		p.bloom = new(wire.Bloom)
		for _, t := range r.Topics {
			p.topics[t] = struct{}{}
		}
		p.bloom.Add(r.Topics...)
	}
	return p
}

// Fetch asks servers for every page of a request. When it returns nil, all
// envelopes have gone through the filters. A server that fails is tried again
// and then left for the next; without a shared archive the fetch then starts
// over, which brings envelopes twice but leaves none out.
func (c *Client) Fetch(ctx context.Context, r Request) (Result, error) {
	if err := c.check(&r); err != nil {
		return Result{}, err
	}
	result, err := c.fetch(ctx, r)
	if err == nil || !r.Restart || len(r.Cursor) == 0 || ctx.Err() != nil {
		return result, err
	}
	c.log.Info("history is asked for from the beginning again: the server of the cursor failed", zap.Error(err))
	r.Cursor, r.Server, r.At = nil, enode.ID{}, nil
	if result, err = c.fetch(ctx, r); err == nil {
		result.Restarted = true
	}
	return result, err
}

func (c *Client) fetch(ctx context.Context, r Request) (Result, error) {
	servers, err := c.choose(&r)
	if err != nil {
		return Result{}, err
	}
	if servers[0].visitor {
		defer c.leave(servers[0])
	}
	var total Result
	var failures []error
	at := r.page()
	for i, s := range servers {
		if i > 0 && !sharesArchive(servers[i-1], s) {
			at.cursor = r.Cursor
		}
		err := c.pages(ctx, s, &r, &at, &total)
		if err == nil {
			return total, nil
		}
		if ctx.Err() != nil {
			return total, ctx.Err()
		}
		failures = append(failures, fmt.Errorf("%s: %w", s, err))
		c.log.Warn("mailserver failed", zap.Stringer("server", s), zap.Error(err))
	}
	return total, fmt.Errorf("no mailserver answered: %w", errors.Join(failures...))
}

// choose returns the servers to ask, in order.
func (c *Client) choose(r *Request) ([]*server, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.At != nil {
		if s := c.servers[r.At.Node.ID()]; s != nil && (r.At.Password == "" || r.At.Password == s.Password) {
			return []*server{s}, nil
		}
		return []*server{c.visitor(*r.At)}, nil
	}
	if r.Server != (enode.ID{}) {
		s := c.servers[r.Server]
		if s == nil {
			return nil, fmt.Errorf("%w with id %s", ErrNoServer, r.Server)
		}
		return []*server{s}, nil
	}
	if len(c.servers) == 0 {
		return nil, ErrNoServer
	}
	return c.ranked(), nil
}

// visitor makes the record of a server that is not one of the client's. It
// stands in line with other fetches at the same peer. The caller holds mu and
// calls leave at the end.
func (c *Client) visitor(at Server) *server {
	s := newServer(at)
	id := s.status.ID
	if known := c.servers[id]; known != nil {
		s.line = known.line
	} else if l := c.visits[id]; l != nil {
		s.line = l
	} else {
		c.visits[id] = s.line
	}
	s.visitor = true
	s.line.users++
	c.net.TrustPeer(id)
	return s
}

// enter and leave enclose the use of a server.
func (c *Client) enter(s *server) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.line.users++
}

func (c *Client) leave(s *server) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.line.users--
	if s.line.users > 0 {
		return
	}
	c.wake()
	if l := s.line; c.visits[s.status.ID] == l {
		l.left++
		visit := l.left
		time.AfterFunc(visitLinger, func() { c.endVisit(s, visit) })
	}
}

// endVisit disconnects from a visited server that nobody has come back to. The
// next page of a caller who gives his own cursors, or the next command of a
// person, finds the connection still there.
func (c *Client) endVisit(s *server, visit int) {
	c.mu.Lock()
	l, id := s.line, s.status.ID
	stays := c.visits[id] != l || l.users > 0 || l.left != visit
	ours := l.dialled
	if !stays {
		delete(c.visits, id)
		ours = ours && c.servers[id] == nil // else the keeper decides
	}
	c.mu.Unlock()
	if stays || !ours {
		return
	}
	if err := c.cfg.Dialer.Disconnect(s.Node); err != nil {
		c.log.Debug("visited server stays connected", zap.Stringer("server", s), zap.Error(err))
	}
}

func sharesArchive(a, b *server) bool { return a.Archive != "" && a.Archive == b.Archive }

// pages asks one server for page after page, from at on.
func (c *Client) pages(ctx context.Context, s *server, r *Request, at *page, total *Result) error {
	c.enter(s)
	defer c.leave(s)
	var dir direction
	for failed := 0; ; {
		id, a, err := c.onePage(ctx, s, r, at)
		if err == nil && len(a.cursor) > 0 {
			err = dir.step(a.cursor)
		}
		if err != nil {
			if failed++; failed >= r.Tries || ctx.Err() != nil || errors.Is(err, ErrUnverified) {
				c.gaveUp(ctx, s)
				return err
			}
			continue
		}
		failed = 0
		total.Server, total.RequestID, total.Cursor = s.Node.ID(), id, a.cursor
		total.Pages++
		total.Envelopes += a.wanted
		at.cursor = a.cursor
		if r.Progress != nil {
			r.Progress(*total)
		}
		if len(a.cursor) == 0 || r.OnePage {
			return nil
		}
		if total.Pages >= maxPages {
			return fmt.Errorf("%w: more than %d pages", ErrUnverified, maxPages)
		}
	}
}

// gaveUp notes that a server did not give a page.
func (c *Client) gaveUp(ctx context.Context, s *server) {
	if ctx.Err() != nil {
		return // it is not the server's fault
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s.status.GivenUp++
	c.wake()
}

// onePage makes one request and waits for its end. It keeps the record of the
// server.
func (c *Client) onePage(ctx context.Context, s *server, r *Request, at *page) (wire.Hash, answer, error) {
	var env *wire.Envelope
	inTurn := ctx
	if r.Sent != nil {
		var err error
		if env, err = c.seal(ctx, s, r.Key, at); err != nil {
			return wire.Hash{}, answer{}, err
		}
		r.Sent(env.Hash(), s.status.ID)
		var cancel context.CancelFunc
		inTurn, cancel = context.WithTimeout(ctx, min(r.Timeout, time.Duration(c.cfg.TTL)*time.Second/2))
		defer cancel()
	}
	select {
	case s.line.turn <- struct{}{}:
		defer func() { <-s.line.turn }()
	case <-inTurn.Done():
		if ctx.Err() == nil {
			return env.Hash(), answer{}, fmt.Errorf("%w: it was busy with other requests", ErrTimeout)
		}
		return wire.Hash{}, answer{}, ctx.Err()
	}
	began := time.Now()
	id, a, err := c.request(ctx, s, r, at, env)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil:
		s.answered(a, time.Since(began), c.cfg.Now())
		c.wake()
	case ctx.Err() == nil:
		s.failed(err, c.cfg.Now())
	}
	return id, a, err
}

// request sends a request, which is sealed here when env is nil, and waits for
// the end of the answer.
func (c *Client) request(
	ctx context.Context, s *server, r *Request, at *page, env *wire.Envelope,
) (wire.Hash, answer, error) {
	if err := c.connect(ctx, s); err != nil {
		return wire.Hash{}, answer{}, err
	}
	if env == nil {
		var err error
		if env, err = c.seal(ctx, s, r.Key, at); err != nil {
			return wire.Hash{}, answer{}, err
		}
	}
	p := &pending{
		exchange: exchange{id: env.Hash(), server: s.Node.ID(), page: *at, seen: make(map[wire.Hash]struct{})},
		take:     r.Take, began: c.cfg.Now(), progress: make(chan struct{}, 1), done: make(chan outcome, 1),
	}
	c.begin(p)
	defer c.finish(p)
	if err := c.net.SendP2PRequest(p.server, env.RLP()); err != nil {
		return p.id, answer{}, fmt.Errorf("%w: send request: %w", ErrGone, err)
	}
	a, err := c.wait(ctx, p, r.Timeout)
	if c.cfg.Ended != nil && ctx.Err() == nil {
		c.cfg.Ended(endOf(p.id, a, err))
	}
	return p.id, a, err
}

// endOf describes the end of a request for others.
func endOf(id wire.Hash, a answer, err error) RequestEnd {
	end := RequestEnd{ID: id, Last: a.last, Cursor: a.cursor}
	var refused *ServerError
	switch {
	case err == nil:
	case errors.As(err, &refused):
		end.Error = refused.Text
	case errors.Is(err, ErrUnverified):
		end.Error = err.Error()
	default:
		end.Silent = true
	}
	return end
}

// begin makes p the outstanding request of its server, and forgets those whose
// stragglers no longer count.
func (c *Client) begin(p *pending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.cfg.Now()
	maps.DeleteFunc(c.active, func(_ enode.ID, old *pending) bool {
		return !old.over.IsZero() && now.After(old.over)
	})
	c.active[p.server] = p
}

// finish lets stragglers in for a while after a request that did not complete.
func (c *Client) finish(p *pending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.over.IsZero() {
		p.over = c.cfg.Now().Add(grace)
	}
}

// wait returns when the answer is complete, or nothing has come for timeout.
func (c *Client) wait(ctx context.Context, p *pending, timeout time.Duration) (answer, error) {
	timer, end := time.NewTimer(timeout), time.NewTimer(max(timeout, longestPage))
	defer timer.Stop()
	defer end.Stop()
	for {
		c.mu.Lock()
		changed := c.changed.Next()
		c.mu.Unlock()
		if !c.net.PeerConnected(p.server) {
			return answer{}, ErrGone
		}
		select {
		case o := <-p.done:
			return o.answer, o.err
		case <-p.progress:
			timer.Reset(timeout)
		case <-changed:
		case <-timer.C:
			return answer{}, fmt.Errorf("%w (%s)", ErrTimeout, timeout)
		case <-end.C:
			return answer{}, fmt.Errorf("%w: no end after %s", ErrTimeout, max(timeout, longestPage))
		case <-ctx.Done():
			return answer{}, ctx.Err()
		}
	}
}

// seal makes the request envelope for a server.
func (c *Client) seal(ctx context.Context, s *server, key []byte, at *page) (*wire.Envelope, error) {
	if key == nil {
		key = c.passwordKey(s)
	}
	topics := make([][]byte, 0, len(at.topics))
	for t := range at.topics {
		topics = append(topics, t[:])
	}
	slices.SortFunc(topics, slices.Compare)
	payload := mailserver.Payload{
		Lower: at.from, Upper: at.to, Bloom: at.bloom[:], Topics: topics,
		Limit: uint32(at.limit), Cursor: at.cursor, Batch: true,
	}
	raw, err := payload.Encode()
	if err != nil {
		return nil, err
	}
	return c.net.Seal(ctx, waku.Post{
		SymKey: key, Signer: c.cfg.NodeKey, TTL: c.cfg.TTL, Payload: raw,
		PoWTarget: c.cfg.PoWTarget, PoWTime: requestPoWTime,
	})
}

// passwordKey derives the key of a server's password once.
func (c *Client) passwordKey(s *server) []byte {
	c.mu.Lock()
	key := s.key
	c.mu.Unlock()
	if key != nil {
		return key
	}
	password := s.Password
	if password == "" {
		password = mailserver.DefaultPassword
	}
	key = wire.SymKeyFromPassword(password)
	c.mu.Lock()
	defer c.mu.Unlock()
	s.key = key
	return key
}

// fetchKey names the fetch of some topics in the store.
func fetchKey(topics []wire.Topic) string {
	sorted := slices.Clone(topics)
	slices.SortFunc(sorted, func(a, b wire.Topic) int { return slices.Compare(a[:], b[:]) })
	flat := make([]byte, 0, wire.TopicLength*len(sorted))
	for _, t := range sorted {
		flat = append(flat, t[:]...)
	}
	return hex.EncodeToString(crypto.Keccak256(flat))
}
