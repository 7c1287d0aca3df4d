package mailserver

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"statusd/waku"
	"statusd/waku/wire"
)

// Bounds of the server.
const (
	// queuePerPeer is how many requests of one peer wait besides the one that
	// is being answered.
	queuePerPeer = 2
	// refusalsPerPeer bounds the ids of requests that found the queue full and
	// still have to be told so. A peer with more does not read its answers.
	refusalsPerPeer = 256
	// packetMemory bounds the packets that wait for slow peers, all together,
	// and addressMemory those of one address.
	packetMemory  = 32 << 20
	addressMemory = packetMemory / 4
	// DefaultAnswerTimeout ends an answer that a peer reads too slowly.
	DefaultAnswerTimeout = 10 * time.Minute
)

// ServerConfig sets up a Server. Archive is required.
type ServerConfig struct {
	Archive    Archive
	Logger     *zap.Logger           // nil: nothing is logged
	Metrics    prometheus.Registerer // nil: counted but not exported
	Database   string                // name in metrics: directory or database
	Now        func() time.Time      // corrected wall clock; nil: time.Now
	Password   string                // opens sealed requests; empty: DefaultPassword
	NodeKey    *ecdsa.PrivateKey     // opens requests sealed to the node; nil: refused
	MinPoW     float64               // demanded of sealed requests; 0: none
	MaxPacket  int                   // payload bytes of one packet; 0: wire.MaxPacketSent, which is also the most
	RateLimits RateLimits

	AllowDirect   bool // answer unsealed requests
	AllowForeign  bool // the signer of a request need not be the peer
	Workers       int  // requests that use the archive at the same time; 0: 2 x GOMAXPROCS
	AnswerTimeout time.Duration
}

// Server answers history requests. It implements waku.MailServer.
type Server struct {
	cfg     ServerConfig
	rules   rules
	log     *zap.Logger
	metrics *metrics
	slots   chan struct{} // held while a request uses the archive
	memory  packetRoom
	wake    chan struct{} // tells Run of fresh sessions
	buffers sync.Pool

	mu       sync.Mutex
	running  bool
	sessions map[enode.ID]*session
	fresh    []*session // not yet taken over by Run
	limiter  *limiter
	recent   recentIDs
}

var _ waku.MailServer = (*Server)(nil)

// NewServer makes a server, which works while Run does.
func NewServer(cfg ServerConfig) (*Server, error) {
	if cfg.Archive == nil {
		return nil, errors.New("a server needs an archive")
	}
	if cfg.Password == "" {
		cfg.Password = DefaultPassword
	}
	password, err := wire.NewSymCipher(wire.SymKeyFromPassword(cfg.Password))
	if err != nil {
		return nil, fmt.Errorf("derive key of the mailserver password: %w", err)
	}
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.MaxPacket <= 0 || cfg.MaxPacket > wire.MaxPacketSent {
		cfg.MaxPacket = wire.MaxPacketSent
	}
	if cfg.Workers <= 0 {
		cfg.Workers = 2 * runtime.GOMAXPROCS(0)
	}
	if cfg.AnswerTimeout <= 0 {
		cfg.AnswerTimeout = DefaultAnswerTimeout
	}
	return &Server{
		cfg: cfg,
		rules: rules{
			password: password, nodeKey: cfg.NodeKey, minPoW: cfg.MinPoW,
			allowDirect: cfg.AllowDirect, allowForeign: cfg.AllowForeign,
		},
		log: cfg.Logger, metrics: newMetrics(cfg.Metrics, cfg.Database),
		slots: make(chan struct{}, cfg.Workers), memory: newPacketRoom(),
		wake: make(chan struct{}, 1), sessions: make(map[enode.ID]*session),
		limiter: newLimiter(cfg.RateLimits), recent: recentIDs{seen: make(map[wire.Hash]struct{})},
	}, nil
}

// job is one request in the queue of a peer.
type job struct {
	peer waku.MailPeer
	in   *incoming
	at   time.Time
}

// session holds the unanswered requests of one peer. It exists as long as
// there are any, and has one goroutine.
type session struct {
	id      enode.ID
	queue   []job
	refused []job // found the queue full; only their ids matter
}

// HandleRequest implements waku.MailServer. It never blocks.
func (s *Server) HandleRequest(peer waku.MailPeer, payload []byte) error {
	in, err := parsePacket(payload)
	if err != nil {
		return err
	}
	s.metrics.attempts.Inc()
	j := job{peer: peer, in: in, at: s.cfg.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running {
		return nil
	}
	sess := s.sessions[peer.ID()]
	if sess == nil {
		sess = &session{id: peer.ID()}
		s.sessions[sess.id] = sess
		s.fresh = append(s.fresh, sess)
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	switch {
	case len(sess.queue) <= queuePerPeer:
		sess.queue = append(sess.queue, j)
	case len(sess.refused) < refusalsPerPeer:
		j.in = &incoming{id: in.id}
		sess.refused = append(sess.refused, j)
	default:
		s.metrics.failed[failQueue].Inc()
	}
	return nil
}

// Run serves until ctx ends, and returns when every answer has been given up.
func (s *Server) Run(ctx context.Context) error {
	s.mu.Lock()
	s.running = true
	s.mu.Unlock()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running, s.fresh = false, nil
		clear(s.sessions)
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		}
		s.mu.Lock()
		fresh := s.fresh
		s.fresh = nil
		s.mu.Unlock()
		for _, sess := range fresh {
			wg.Go(func() { s.serve(ctx, sess) })
		}
	}
}

// serve answers the requests of one peer until none is left.
func (s *Server) serve(ctx context.Context, sess *session) {
	s.metrics.active.Inc()
	defer s.metrics.active.Dec()
	for {
		j, refused, ok := s.next(sess)
		if !ok {
			return
		}
		for _, r := range refused {
			s.fail(r, &refusal{failQueue, "too many requests"})
		}
		if j.peer != nil {
			s.answer(ctx, j)
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// next takes the oldest request and all refusals, or ends the session.
func (s *Server) next(sess *session) (j job, refused []job, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	refused, sess.refused = sess.refused, nil
	if len(sess.queue) > 0 {
		j = sess.queue[0]
		sess.queue = append(sess.queue[:0], sess.queue[1:]...)
		return j, refused, true
	}
	if len(refused) > 0 {
		return j, refused, true
	}
	delete(s.sessions, sess.id)
	return j, nil, false
}

// fail sends an error completion.
func (s *Server) fail(j job, r *refusal) {
	s.metrics.failed[r.kind].Inc()
	c := &wire.RequestComplete{ID: j.in.id, Failed: true, Text: r.text}
	if err := j.peer.SendComplete(c.Encode()); err != nil {
		s.log.Debug("error answer not sent", zap.Stringer("peer", j.peer.ID()), zap.Error(err))
	}
}
