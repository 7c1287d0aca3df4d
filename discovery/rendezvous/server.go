package rendezvous

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Limits of a server's connections.
const (
	// Patience bounds each wait for the other side: the handshake, a request,
	// the sending of a response (status-im/rendezvous v1.3.0, server.go).
	Patience = 10 * time.Second
	// DefaultMaxConns is how many connections there may be. When one more
	// comes, the one that has been quiet for longest is closed: clients open
	// another when they need it.
	DefaultMaxConns = 1024
	// maxConnsPerIP bounds the connections of one IPv4 address or IPv6 /64.
	maxConnsPerIP = 8
	// handshakesPerMinute bounds the new connections of one address; what goes
	// beyond is closed at once.
	handshakesPerMinute = 60
	// acceptPause follows a failure to accept, as when files run out.
	acceptPause = 100 * time.Millisecond
)

// ServerConfig sets up a Server.
type ServerConfig struct {
	// Key is the key of the node: with it the server proves who it is.
	Key *ecdsa.PrivateKey
	// Listener takes the connections; the server closes it.
	Listener net.Listener
	Limits   Limits
	MaxConns int         // 0: DefaultMaxConns
	Logger   *zap.Logger // nil: nothing is logged
}

// Server is a registry that others use over the network.
type Server struct {
	cfg ServerConfig
	log *zap.Logger

	mu         sync.Mutex // protects what follows
	registry   *registry
	handshakes *quota
	conns      map[*serverConn]struct{}
	perHost    map[netip.Prefix]int
}

// serverConn is one connection and what the server has to know of it.
type serverConn struct {
	net.Conn
	from   netip.Addr
	host   netip.Prefix // zero: not counted
	active time.Time    // of the last request, or of the accept
}

// ServerStats tell what a server holds and did.
type ServerStats struct {
	Counters
	Records     int
	Topics      int
	Connections int
}

// NewServer returns a server that answers nobody before Run.
func NewServer(cfg ServerConfig) *Server {
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	cfg.MaxConns = cmp.Or(cfg.MaxConns, DefaultMaxConns)
	random := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) //nolint:gosec // which records are shown is no secret
	return &Server{
		cfg: cfg, log: cfg.Logger.Named("rendezvous"), registry: newRegistry(cfg.Limits, random),
		handshakes: newQuota(handshakesPerMinute), conns: make(map[*serverConn]struct{}), perHost: make(map[netip.Prefix]int),
	}
}

// Addr returns where the server listens.
func (s *Server) Addr() net.Addr { return s.cfg.Listener.Addr() }

// Stats returns the present numbers.
func (s *Server) Stats() ServerStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := ServerStats{Counters: s.registry.counted, Connections: len(s.conns)}
	st.Records, st.Topics = s.registry.store.count(time.Now())
	return st
}

// Run serves until ctx ends, closes all connections and returns nil; or the
// error for which the listener cannot be used any more.
func (s *Server) Run(ctx context.Context) error {
	var all sync.WaitGroup
	defer all.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		_ = s.cfg.Listener.Close()
		s.closeAll()
	})
	defer stop()
	s.log.Info("rendezvous server started", zap.Stringer("addr", s.Addr()))
	for {
		conn, err := s.cfg.Listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept: %w", err)
		case err != nil:
			s.log.Warn("connection not accepted", zap.Error(err))
			wait(ctx, acceptPause)
			continue
		}
		if c := s.admit(conn, time.Now()); c != nil {
			all.Go(func() { s.serve(ctx, c) })
		}
	}
}

// wait blocks for d or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// admit lists a new connection; nil: it was closed instead.
func (s *Server) admit(conn net.Conn, now time.Time) *serverConn {
	from, err := remoteAddr(conn)
	if err != nil {
		_ = conn.Close()
		return nil
	}
	c, displaced := s.list(conn, from, now)
	if displaced != nil {
		_ = displaced.Close()
	}
	if c == nil {
		_ = conn.Close()
	}
	return c
}

// list adds a connection unless its host has too many. It returns the one
// that has to go for it.
func (s *Server) list(conn net.Conn, from netip.Addr, now time.Time) (added, displaced *serverConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	host := s.registry.owner(from)
	if host.IsValid() && (s.perHost[host] >= maxConnsPerIP || !s.handshakes.take(host, now)) {
		return nil, nil
	}
	if len(s.conns) >= s.cfg.MaxConns {
		for c := range s.conns {
			if displaced == nil || c.active.Before(displaced.active) {
				displaced = c
			}
		}
		s.forget(displaced)
	}
	added = &serverConn{Conn: conn, from: from, host: host, active: now}
	s.conns[added] = struct{}{}
	if host.IsValid() {
		s.perHost[host]++
	}
	return added, displaced
}

// forget removes a connection from the list. The caller holds the lock.
func (s *Server) forget(c *serverConn) {
	if _, listed := s.conns[c]; !listed {
		return
	}
	delete(s.conns, c)
	if !c.host.IsValid() {
		return
	}
	if s.perHost[c.host]--; s.perHost[c.host] == 0 {
		delete(s.perHost, c.host)
	}
}

func (s *Server) closeAll() {
	s.mu.Lock()
	open := make([]*serverConn, 0, len(s.conns))
	for c := range s.conns {
		open = append(open, c)
	}
	s.mu.Unlock()
	for _, c := range open {
		_ = c.Close()
	}
}

// serve answers the requests of one connection, one after the other, until it
// ends, and closes it.
func (s *Server) serve(ctx context.Context, c *serverConn) {
	defer c.Close()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.forget(c)
	}()
	if ctx.Err() != nil { // listed after the others were closed
		return
	}
	err := s.talk(c)
	if ctx.Err() == nil {
		s.log.Debug("connection ended", zap.Stringer("from", c.from), zap.Error(err))
	}
}

var (
	errUnknownType = errors.New("request of an unknown type")
	errFinal       = errors.New("request refused for good")
)

func (s *Server) talk(c *serverConn) error {
	link, err := secure(c.Conn, s.cfg.Key, nil, time.Now().Add(Patience))
	if err != nil {
		return err
	}
	for {
		code, body, err := link.read(time.Now().Add(Patience))
		if err != nil {
			return err
		}
		out, ok := s.handle(c, code, body)
		if !ok {
			return errUnknownType
		}
		raw, err := encode(out.body)
		if err != nil {
			return err
		}
		if err := link.write(out.code, raw, time.Now().Add(Patience)); err != nil {
			return err
		}
		if out.close {
			return errFinal
		}
	}
}

// handle answers one request. Signatures are verified without the lock.
func (s *Server) handle(c *serverConn, code Code, body []byte) (reply, bool) {
	if !known(code) {
		return reply{}, false
	}
	if !s.begin(c) {
		return refuse(code), true
	}
	req := read(code, body, c.from)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.registry.finish(req, c.from, time.Now()), true
}

func (s *Server) begin(c *serverConn) (allowed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.active = time.Now()
	return s.registry.begin(c.from, c.active)
}
