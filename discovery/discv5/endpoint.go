package discv5

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	gethlog "github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/p2p/discover"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/nat"
	"go.uber.org/zap"

	"statusd/discovery"
	"statusd/discovery/topdisc/runner"
	"statusd/internal/blocking"
)

// Errors of searches and advertisements.
var (
	// ErrNotRunning is returned after the end of Run.
	ErrNotRunning = errors.New("not running")
	// ErrPort is wrapped by the error of a port that cannot be opened.
	ErrPort = errors.New("cannot open the UDP port")
	// ErrSilent says that packets were sent and none came back.
	ErrSilent = errors.New("nobody answers over UDP; the port or the boot nodes are not reachable")
)

// settling is how long an endpoint may take to know anybody of use.
const settling = 15 * time.Second

// responseTimeout is how long an answer may take. Requests of topic discovery
// are made over TALK and are not repeated by go-ethereum.
const responseTimeout = time.Second

// Topics is topic discovery on an open endpoint.
type Topics interface {
	discovery.Source
	discovery.Advertiser
	// Run answers requests until ctx ends.
	Run(ctx context.Context) error
}

// Config sets up an Endpoint.
type Config struct {
	Key  *ecdsa.PrivateKey
	Boot []*enode.Node
	// NAT maps the port while the endpoint is open; nil: nobody does.
	NAT nat.Interface
	// Topics puts topic discovery on an endpoint that was opened.
	Topics func(*discover.UDPv5, *enode.LocalNode) (Topics, error)
	// Lookup looks up the name of a boot node; nil: the system's resolver.
	Lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
	// PingInterval is the pace at which known nodes are checked; 0: 3 s.
	PingInterval time.Duration
	Logger       *zap.Logger    // nil: nothing is logged
	GethLogger   gethlog.Logger // for discv5 itself; nil: its own
}

// Endpoint is the UDP endpoint. It is a discovery.Source and a
// discovery.Advertiser; its methods are safe for concurrent use.
type Endpoint struct {
	cfg    Config
	log    *zap.Logger
	counts counts
	opened atomic.Uint64 // times
	ready  chan struct{} // closed by Run
	// resolve asks the network for the present record of a node, and cannot be
	// cancelled; tests put another in its place.
	resolve func(*discover.UDPv5, *enode.Node) *enode.Node

	turn chan struct{} // capacity 1, full during an opening or closing: one at a time; taken before mu

	mu      sync.Mutex // guards what follows
	running context.Context
	at      Place
	session *session // nil: closed
	users   int
}

// session is the time in which the endpoint is open.
type session struct {
	udp    *discover.UDPv5
	topics Topics
	addr   netip.AddrPort
	begin  time.Time
	stop   func() // ends it and waits
}

// New returns an endpoint that is closed.
func New(cfg Config) *Endpoint {
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	if cfg.Lookup == nil {
		cfg.Lookup = net.DefaultResolver.LookupNetIP
	}
	return &Endpoint{cfg: cfg, log: cfg.Logger.Named("discv5"), ready: make(chan struct{}), turn: make(chan struct{}, 1),
		resolve: (*discover.UDPv5).Resolve}
}

// Place is where an endpoint is opened.
type Place struct {
	Listen netip.AddrPort // address of the socket, port 0: any
	Local  *enode.LocalNode
}

// Name implements discovery.Source and discovery.Advertiser.
func (e *Endpoint) Name() string { return "discv5" }

// Run lets the endpoint be opened until ctx ends, and closes it then. It is
// called once; what uses the endpoint before waits for it.
func (e *Endpoint) Run(ctx context.Context, at Place) error {
	e.mu.Lock()
	e.running, e.at = ctx, at
	e.mu.Unlock()
	close(e.ready)
	<-ctx.Done()
	e.turn <- struct{}{} // an opening ends with ctx
	defer func() { <-e.turn }()
	e.mu.Lock()
	s := e.session
	e.running, e.session = nil, nil
	e.mu.Unlock()
	if s != nil {
		s.stop()
	}
	return nil
}

// Open opens the endpoint if it is closed, and keeps it open until release is
// called. The error wraps ErrPort or ErrNotRunning, or is that of ctx.
func (e *Endpoint) Open(ctx context.Context) (udp *discover.UDPv5, release func(), err error) {
	s, err := e.enter(ctx)
	if err != nil {
		return nil, nil, err
	}
	return s.udp, sync.OnceFunc(e.leave), nil
}

func (e *Endpoint) enter(ctx context.Context) (*session, error) {
	select {
	case <-e.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	running, s := e.use()
	switch {
	case s != nil:
		return s, nil
	case running == nil || running.Err() != nil:
		return nil, ErrNotRunning
	}
	s, err := e.open(ctx, running)
	if err != nil {
		return nil, err
	}
	e.opened.Add(1)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.session = s
	e.users++
	return s, nil
}

// use notes a user of the session, if there is one.
func (e *Endpoint) use() (context.Context, *session) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.session != nil {
		e.users++
	}
	return e.running, e.session
}

func (e *Endpoint) leave() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.users--
}

// Idle closes the endpoint unless somebody uses it, or is about to.
func (e *Endpoint) Idle() {
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	default:
		return
	}
	e.mu.Lock()
	s := e.session
	if e.users > 0 || s == nil {
		e.mu.Unlock()
		return
	}
	e.session = nil
	e.mu.Unlock()
	s.stop()
	e.log.Info("discv5 closed, nothing is searched for")
}

// open opens the socket and starts discovery on it, for as long as running
// lasts; ctx is that of who asked for it. The caller has the turn.
func (e *Endpoint) open(ctx, running context.Context) (*session, error) {
	looking, end := context.WithCancel(ctx)
	defer end()
	defer context.AfterFunc(running, end)()
	boot := e.bootNodes(looking)
	switch {
	case running.Err() != nil:
		return nil, ErrNotRunning
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(e.at.Listen))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPort, err)
	}
	addr, err := netip.ParseAddrPort(conn.LocalAddr().String())
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("%w: %w", ErrPort, err)
	}
	e.at.Local.SetFallbackUDP(int(addr.Port()))
	udp, err := discover.ListenV5(counted{conn, &e.counts}, e.at.Local, discover.Config{
		PrivateKey: e.cfg.Key, Bootnodes: boot, Log: e.cfg.GethLogger, V5RespTimeout: responseTimeout,
		PingInterval: e.cfg.PingInterval,
	})
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("%w: %w", ErrPort, err)
	}
	topics, err := e.cfg.Topics(udp, e.at.Local)
	if err != nil {
		udp.Close()
		return nil, fmt.Errorf("start topic discovery: %w", err)
	}
	ctx, cancel := context.WithCancel(running)
	var parts sync.WaitGroup
	parts.Go(func() {
		if err := topics.Run(ctx); err != nil {
			e.log.Error("topic discovery ended", zap.Error(err))
		}
	})
	if e.maps(addr) {
		parts.Go(func() {
			nat.Map(blocking.Gateway(ctx, e.cfg.NAT), ctx.Done(), "UDP", int(addr.Port()), int(addr.Port()), "statusd discovery")
		})
	}
	e.log.Info("discv5 opened", zap.Stringer("addr", addr), zap.Int("bootNodes", len(e.cfg.Boot)))
	return &session{udp: udp, topics: topics, addr: addr, begin: time.Now(), stop: sync.OnceFunc(func() {
		cancel()
		udp.Close()
		parts.Wait()
	})}, nil
}

// lookupTimeout bounds the lookup of the name of a boot node.
const lookupTimeout = 5 * time.Second

// bootNodes returns the boot nodes that can be asked, names looked up.
func (e *Endpoint) bootNodes(ctx context.Context) []*enode.Node {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	var out []*enode.Node
	for _, n := range e.cfg.Boot {
		if n.Hostname() != "" && n.UDP() != 0 {
			ips, err := blocking.Call(ctx, func() ([]netip.Addr, error) { return e.cfg.Lookup(ctx, "ip", n.Hostname()) })
			if err != nil || len(ips) == 0 {
				e.log.Warn("name of a boot node cannot be looked up", zap.String("host", n.Hostname()), zap.Error(err))
				continue
			}
			n = enode.NewV4(n.Pubkey(), net.IP(ips[0].Unmap().AsSlice()), n.TCP(), n.UDP())
		}
		if err := n.ValidateComplete(); err != nil {
			e.log.Warn("boot node is not used", zap.Stringer("node", n.ID()), zap.Error(err))
			continue
		}
		out = append(out, n)
	}
	return out
}

// maps tells whether a gateway has to map the port.
func (e *Endpoint) maps(addr netip.AddrPort) bool {
	_, fixed := e.cfg.NAT.(nat.ExtIP)
	return e.cfg.NAT != nil && !fixed && !addr.Addr().IsLoopback()
}

// Search implements discovery.Source.
func (e *Endpoint) Search(ctx context.Context, topic discovery.Topic, found func(*enode.Node)) error {
	s, err := e.enter(ctx)
	if err != nil {
		return err
	}
	defer e.leave()
	in, out := e.counts.in.Load(), e.counts.out.Load()
	err = s.topics.Search(ctx, topic, found)
	switch {
	case ctx.Err() != nil:
		return err
	case e.counts.in.Load() == in && e.counts.out.Load() != out:
		return ErrSilent
	case errors.Is(err, runner.ErrNoRegistrars) && time.Since(s.begin) < settling:
		return nil // it has only just begun to know others
	}
	return err
}

// Advertise implements discovery.Advertiser.
func (e *Endpoint) Advertise(ctx context.Context, topic discovery.Topic) error {
	s, err := e.enter(ctx)
	if err != nil {
		return err
	}
	defer e.leave()
	return s.topics.Advertise(ctx, topic)
}

// Resolve looks for a newer record of a node, if the endpoint is open. It
// returns nil when there is none, or when ctx ends: go-ethereum goes on to ask
// for several seconds, or until the endpoint is closed.
func (e *Endpoint) Resolve(ctx context.Context, n *enode.Node) *enode.Node {
	_, s := e.use()
	if s == nil {
		return nil
	}
	fresh, err := blocking.Call(ctx, func() (*enode.Node, error) {
		return e.resolve(s.udp, n), nil
	})
	e.leave() // a question left behind does not keep the endpoint open; closing ends it
	if err != nil || fresh.Seq() <= n.Seq() {
		return nil
	}
	return fresh
}

// Status is a picture of an endpoint.
type Status struct {
	Open       bool
	Address    string // of the socket, while open
	Nodes      int    // known, while open
	Live       int    // of them those that answered
	PacketsIn  uint64 // since the start
	PacketsOut uint64
	Opened     uint64 // times
}

// Status returns a picture.
func (e *Endpoint) Status() Status {
	_, s := e.use()
	out := Status{PacketsIn: e.counts.in.Load(), PacketsOut: e.counts.out.Load(), Opened: e.opened.Load()}
	if s == nil {
		return out
	}
	defer e.leave()
	out.Open, out.Address = true, s.addr.String()
	for _, bucket := range s.udp.Nodes() {
		for _, n := range bucket {
			out.Nodes++
			if n.Live {
				out.Live++
			}
		}
	}
	return out
}
