package rpc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
)

const defaultStopTimeout = 5 * time.Second

// Server is the control surface. Build it with New, start it with Run.
type Server struct {
	cfg       Config
	deps      Deps
	log       *zap.Logger
	dispatch  *dispatcher
	modules   map[string]bool // on offer over TCP; nil: all
	token     *token          // nil: none
	tokens    *tokenBook
	tls       *certificate // nil: plain
	attempts  attempts
	budget    budget
	sessions  sessionSet
	tasks     *tasks
	guests    *guests
	described descriptions
	streams   seats          // of events
	sockets   seats          // connections of WebSocket
	locals    seats          // connections of the unix socket
	conns     sync.WaitGroup // socket connections and HTTP calls

	ready     chan struct{}
	stopping  chan struct{} // closed when Run begins to stop
	endpoints Endpoints
}

// Endpoints are the addresses that a running Server listens on; empty: none.
type Endpoints struct {
	IPC     string // path of the socket
	HTTP    string // URL, for instance "http://127.0.0.1:8545"
	WS      string // URL, for instance "ws://127.0.0.1:8545"
	Metrics string // URL
	Pprof   string // URL
}

// New checks the configuration and reads or makes the token and the
// certificate. It starts nothing and listens nowhere. Errors are those of the
// first block of errors.go.
func New(cfg Config, deps Deps) (*Server, error) {
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	cfg.defaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, deps: deps, log: cfg.Logger.Named("rpc"), ready: make(chan struct{}), tasks: newTasks()}
	s.stopping, s.guests = make(chan struct{}), newGuests(deps.Guest)
	s.guests.gone = s.release
	s.budget.max = maxBuffered
	s.streams.max, s.sockets.max, s.locals.max = maxStreams, maxWSSessions, maxIPCSessions
	if cfg.TokenFile != "" {
		var err error
		if s.token, err = openToken(cfg.TokenFile, s.log); err != nil {
			return nil, err
		}
	}
	s.tokens = &tokenBook{}
	if cfg.TokensFile != "" {
		var err error
		if s.tokens, err = openTokens(cfg.TokensFile); err != nil {
			return nil, err
		}
	}
	if cfg.HTTP.TLSCert != "" {
		s.tls = &certificate{certFile: cfg.HTTP.TLSCert, keyFile: cfg.HTTP.TLSKey}
		if err := s.tls.reload(); err != nil {
			return nil, err
		}
	}
	if len(cfg.Modules) > 0 {
		s.modules = make(map[string]bool)
		for _, m := range cfg.Modules {
			s.modules[m] = true
		}
	}
	metrics, err := newMetrics(cfg.Registerer)
	if err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	s.dispatch = &dispatcher{
		methods: make(map[string]*method), log: s.log, metrics: metrics, maxAnswer: maxBatchAnswer, budget: &s.budget,
		current: s.currentAccount,
	}
	for _, m := range s.table() {
		s.dispatch.methods[m.Name] = &m
	}
	return s, nil
}

func (c *Config) defaults() {
	if c.IPC.BodyLimit <= 0 {
		c.IPC.BodyLimit = defaultIPCLimit
	}
	if c.HTTP.BodyLimit <= 0 {
		c.HTTP.BodyLimit = defaultBodyLimit
	}
	if c.StopTimeout <= 0 {
		c.StopTimeout = defaultStopTimeout
	}
}

// check refuses what would be unsafe or cannot work.
func (c *Config) check() error {
	if c.IPC.Enabled {
		if len(c.IPC.Path) > maxSocketPath {
			return fmt.Errorf("%w: %s; choose a shorter one, or set XDG_RUNTIME_DIR", ErrIPCPathTooLong, c.IPC.Path)
		}
		if c.IPC.Group != "" {
			if _, err := groupID(c.IPC.Group); err != nil {
				return err
			}
		}
	}
	if c.Pprof.Enabled {
		host, _, err := net.SplitHostPort(c.Pprof.Addr)
		if err != nil || !isLoopbackHost(host) {
			return fmt.Errorf("%w: %s", ErrPprofNotLoopback, c.Pprof.Addr)
		}
	}
	if (c.HTTP.TLSCert == "") != (c.HTTP.TLSKey == "") {
		return fmt.Errorf("%w: certificate and key belong together, and one of them is not set", ErrTLSFiles)
	}
	if !c.HTTP.Enabled {
		return nil
	}
	switch {
	case !c.HTTP.NoAuth && c.TokenFile == "":
		return ErrNoToken
	case c.HTTP.NoAuth && !isLoopbackHost(c.HTTP.Host):
		return fmt.Errorf("%w: %q; bind to 127.0.0.1 or use the token", ErrNoAuthNotLoopback, c.HTTP.Host)
	case c.HTTP.NoAuth && slices.Contains(c.HTTP.Cors, "*"):
		return fmt.Errorf("%w: list the origins in HTTPCors, or use the token", ErrNoAuthAnyOrigin)
	}
	return nil
}

// currentAccount returns who is logged in as 0x key-uid, "" for nobody.
func (s *Server) currentAccount() string {
	if s.deps.Accounts == nil {
		return ""
	}
	if a := s.deps.Accounts.Current(); a != nil {
		return a.UID().String()
	}
	return ""
}

// release ends what the account listens to for an owner that is gone.
func (s *Server) release(owner string) {
	if s.deps.Courier == nil {
		return
	}
	if c := s.deps.Courier(); c != nil {
		c.Release(owner)
	}
}

// eventsAPI is the methods about events.
func (s *Server) eventsAPI() *eventsAPI {
	return &eventsAPI{events: s.deps.Events, stopping: s.stopping, ended: s.ownerEnded}
}

// session prepares to serve a connection.
func (s *Server) session(st stream, c caller) *session {
	sess := newSession(st, c, s.dispatch, &s.budget)
	if s.deps.Events != nil && c.scopes&scopeRead != 0 && c.offers("status") {
		sess.welcome = s.eventsAPI().welcomeReceive(s.cfg.ReceiveMode, &c)
	}
	return sess
}

// Ready is closed when every listener accepts connections.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Endpoints tells where the server listens. It is valid once Ready is closed.
func (s *Server) Endpoints() Endpoints { return s.endpoints }

// Reload reads the tokens and the certificate again. Connections whose token is
// no longer valid are closed. What cannot be read stays as it
// was, and is reported.
func (s *Server) Reload() error {
	var errs []error
	if s.token != nil {
		_, err := s.token.reload()
		errs = append(errs, err)
	}
	if s.tokens.path != "" {
		errs = append(errs, s.tokens.reload())
	}
	s.endSessions()
	if s.tls != nil {
		errs = append(errs, s.tls.reload())
	}
	return errors.Join(errs...)
}

// Run listens and serves until ctx ends. Then it stops accepting, lets running
// calls end within Config.StopTimeout, cancels the rest, closes all
// connections and removes the socket. It returns nil, or why it could not
// listen or go on; nothing of it is left then either way.
func (s *Server) Run(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil
	}
	calls, cancelCalls := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelCalls()
	listeners, err := s.listen(ctx)
	if err != nil {
		for _, l := range listeners {
			l.close()
		}
		return err
	}
	group, stopped := errgroup.WithContext(ctx)
	for _, l := range listeners {
		serve := l.serve(calls)
		group.Go(func() error {
			if err := serve(); err != nil {
				return fmt.Errorf("serve %s: %w", l.name, err)
			}
			return nil
		})
		s.log.Info("listening", zap.String("for", l.name), zap.String("address", l.address))
	}
	if s.deps.Events != nil {
		group.Go(func() error { s.deps.Events.Tidy(stopped, s.ownerEnded); return nil })
	}
	close(s.ready)
	<-stopped.Done()
	return s.stop(listeners, group.Wait, cancelCalls)
}

// stop ends everything that listen and the listeners have started. accepted
// waits for the loops that accept connections.
func (s *Server) stop(listeners []*listener, accepted func() error, cancelCalls context.CancelFunc) error {
	deadline := time.AfterFunc(s.cfg.StopTimeout, func() {
		s.log.Warn("calls cancelled that did not end in time", zap.Duration("limit", s.cfg.StopTimeout))
		cancelCalls()
	})
	defer deadline.Stop()
	close(s.stopping)
	s.sessions.close()
	var closing sync.WaitGroup
	for _, l := range listeners {
		closing.Go(l.close)
	}
	s.sessions.each(func(sess *session) { sess.finish(endStop) })
	closing.Wait()
	err := accepted()
	s.conns.Wait()
	s.sessions.wg.Wait()
	s.tasks.stop()
	s.guests.close()
	return err
}

// listener is one open listener of any kind.
type listener struct {
	name    string
	address string
	serve   func(calls context.Context) func() error
	close   func() // stops accepting and waits for requests; may be called once
}

// listen opens all listeners. On an error it returns those already open.
func (s *Server) listen(ctx context.Context) ([]*listener, error) {
	var open []*listener
	if s.cfg.IPC.Enabled {
		sock, err := listenIPC(ctx, &s.cfg.IPC)
		if err != nil {
			return open, err
		}
		s.endpoints.IPC = sock.path
		kept := &keptSocket{cfg: &s.cfg.IPC, log: s.log, current: sock}
		open = append(open, &listener{
			name: "socket", address: sock.path, close: kept.remove,
			serve: func(calls context.Context) func() error {
				return func() error { return s.serveSocket(calls, kept) }
			},
		})
	}
	if h := s.cfg.HTTP; h.Enabled {
		l, err := s.listenHTTP(ctx)
		if err != nil {
			return open, err
		}
		open = append(open, l)
	}
	for _, plain := range []struct {
		name string
		cfg  ListenConfig
		mux  http.Handler
		url  *string
	}{
		{"metrics", s.cfg.Metrics, s.metricsMux(), &s.endpoints.Metrics},
		{"profiles", s.cfg.Pprof, s.pprofMux(), &s.endpoints.Pprof},
	} {
		if !plain.cfg.Enabled {
			continue
		}
		l, err := s.listenTCP(ctx, plain.cfg.Addr, maxProbeConns)
		if err != nil {
			return open, err
		}
		*plain.url = "http://" + l.Addr().String()
		handler := func(context.Context) http.Handler { return plain.mux }
		open = append(open, s.httpListener(plain.name, l, handler))
	}
	return open, nil
}

// listenHTTP opens the port for JSON-RPC over HTTP and WebSocket.
func (s *Server) listenHTTP(ctx context.Context) (*listener, error) {
	h := s.cfg.HTTP
	l, err := s.listenTCP(ctx, net.JoinHostPort(h.Host, strconv.Itoa(h.Port)), maxHTTPConns)
	if err != nil {
		return nil, err
	}
	loopback := isLoopbackAddr(l.Addr())
	if h.NoAuth && !loopback { // a name that does not resolve to what it says
		l.Close()
		return nil, fmt.Errorf("%w: %s", ErrNoAuthNotLoopback, l.Addr())
	}
	secure := ""
	if s.tls != nil {
		secure = "s"
	} else if !loopback {
		s.log.Warn("http without TLS on a public address: the token can be read on the way",
			zap.Stringer("address", l.Addr()))
	}
	s.endpoints.HTTP = "http" + secure + "://" + l.Addr().String()
	s.endpoints.WS = "ws" + secure + "://" + l.Addr().String()
	return s.httpListener("http", l, s.handler), nil
}

// httpListener serves a handler on an open TCP listener.
func (s *Server) httpListener(name string, l net.Listener, handler func(calls context.Context) http.Handler) *listener {
	srv := s.httpServer(nil)
	if name == "http" && s.tls != nil {
		srv.TLSConfig = s.tls.config()
	}
	return &listener{
		name: name, address: l.Addr().String(),
		serve: func(calls context.Context) func() error {
			srv.Handler = watched(handler(calls), s.cfg.HTTP.NoAuth)
			return func() error {
				var err error
				if srv.TLSConfig != nil {
					err = srv.ServeTLS(l, "", "")
				} else {
					err = srv.Serve(l)
				}
				if errors.Is(err, http.ErrServerClosed) {
					return nil
				}
				return err
			}
		},
		close: func() {
			var watch sync.WaitGroup
			defer watch.Wait()
			ctx, cancel := context.WithTimeout(context.Background(), s.cfg.StopTimeout+closeTimeout)
			defer cancel()
			if table, ok := l.(*tableListener); ok {
				// Shutdown looks for the end of connections twice a second only.
				table.table.hasten()
				watch.Go(func() {
					select {
					case <-table.table.empty:
						cancel()
					case <-ctx.Done():
					}
				})
			}
			if srv.Shutdown(ctx) != nil {
				srv.Close()
			}
			l.Close() // if Serve was not reached
		},
	}
}
