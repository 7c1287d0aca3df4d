package runner

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/p2p/discover"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"

	"statusd/discovery"
	"statusd/discovery/topdisc"
	"statusd/discovery/topdisc/tdt1"
	"statusd/internal/deadline"
	"statusd/internal/tdtenr"
)

// Errors of Search and Advertise.
var (
	// ErrNoRegistrars: no node of the discovery network is known that keeps
	// advertisements.
	ErrNoRegistrars = errors.New("topic discovery: no node that keeps advertisements is known yet")
	// ErrNotRegistrar: the node may not advertise.
	ErrNotRegistrar = errors.New("topic discovery: only a node that keeps advertisements can advertise itself")
)

// Bounds of a service.
const (
	maxPings  = 3  // at the same time
	maxTables = 16 // services remembered
)

// Config configures a Service.
type Config struct {
	// Registrar makes the node keep advertisements of others and lets it
	// advertise itself.
	Registrar bool
	// Params are the constants; zero fields mean the defaults of the
	// specification. Params.AllowLocal also lets nodes with loopback and
	// private addresses advertise.
	Params topdisc.Params
	// SearchFor is the number of advertisers that ends a search, at most
	// Params.AdsWanted; 0 means that.
	SearchFor int
	// Logger may be nil.
	Logger *zap.Logger
}

// Service is topic discovery on one discv5 socket.
type Service struct {
	cfg     Config
	p       topdisc.Params
	udp     *discover.UDPv5
	local   *enode.LocalNode
	log     *zap.Logger
	carrier topdisc.Carrier
	desk    *desk
	wake    chan struct{} // capacity 1: something may be due earlier

	mu      sync.Mutex // the values below; held for computations only
	health  *topdisc.Health
	tables  map[topdisc.Service]*sharedTable
	adverts map[discovery.Topic]*topdisc.Advertiser
	totals  totals
	rng     *rand.Rand
}

var (
	_ discovery.Source     = (*Service)(nil)
	_ discovery.Advertiser = (*Service)(nil)
)

// sharedTable is the table of a service that searches and an advertiser share.
type sharedTable struct {
	*topdisc.Table
	topic discovery.Topic
	users int
	used  time.Time // when the last user went
}

// New returns a service on a socket and the node record that belongs to it. It
// sends nothing and starts nothing. Errors wrap topdisc.ErrParams.
func New(udp *discover.UDPv5, local *enode.LocalNode, cfg Config) (*Service, error) {
	if err := cfg.Params.Validate(); err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	var seed [32]byte
	_, _ = crand.Read(seed[:]) // never fails
	p := cfg.Params.WithDefaults()
	s := &Service{
		cfg:     cfg,
		p:       p,
		udp:     udp,
		local:   local,
		log:     cfg.Logger.Named("topdisc"),
		carrier: Carrier(udp),
		wake:    make(chan struct{}, 1),
		health:  topdisc.NewHealth(p),
		tables:  make(map[topdisc.Service]*sharedTable),
		adverts: make(map[discovery.Topic]*topdisc.Advertiser),
		rng:     rand.New(rand.NewChaCha8(seed)),
	}
	s.desk = newDesk(local.ID(), p, s.capable, s.poke)
	return s, nil
}

// Name implements discovery.Source and discovery.Advertiser.
func (s *Service) Name() string { return "discv5" }

// Run answers requests, if the node is a registrar, and verifies registrars
// until ctx ends. Then it returns nil.
func (s *Service) Run(ctx context.Context) error {
	if s.cfg.Registrar {
		s.desk.open()
		s.udp.RegisterTalkHandler(tdt1.Protocol, s.handle)
		s.local.Set(tdtenr.Version)
		defer func() {
			s.local.Delete(tdtenr.Version)
			s.desk.close() // go-ethereum cannot forget a handler
		}()
	}
	pings := newCrew(maxPings)
	defer pings.wait()
	var timer deadline.Timer
	defer timer.Disarm()
	for {
		timer.Arm(s.keepUp(pings))
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C():
			timer.Fired()
		case <-s.wake:
		case finish := <-pings.done:
			pings.finished()
			s.locked(finish)
		}
	}
}

// keepUp drops expired advertisements, starts pings that are due, and returns
// when there is something to do next.
func (s *Service) keepUp(pings *crew) time.Time {
	now := time.Now()
	next := s.desk.sweep(now)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tables {
		if t.users == 0 {
			continue
		}
		for _, n := range t.Unverified(pings.room(), now) {
			pings.start(func() func(time.Time) {
				_, err := s.udp.Ping(n)
				return func(now time.Time) {
					if err != nil {
						t.Failed(n.ID(), err, now)
					} else {
						t.Succeeded(n.ID())
					}
				}
			})
		}
		if pings.room() > 0 { // otherwise the end of one is the next event
			next = deadline.Earliest(next, t.NextPing(now))
		}
	}
	return next
}

// locked runs a step of the pure parts.
func (s *Service) locked(step func(now time.Time)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	step(time.Now())
}

// handle answers one TALK request. It must be quick.
func (s *Service) handle(session *enode.Node, addr *net.UDPAddr, payload []byte) []byte {
	return s.desk.answer(session, addr.AddrPort().Addr().Unmap(), payload)
}

// table returns the table of a topic, filled with what discv5 knows, and the
// function that gives it back.
func (s *Service) table(topic discovery.Topic) (t *sharedTable, release func()) {
	service := topdisc.ServiceOf(topic)
	live := s.liveNodes()
	s.mu.Lock()
	defer s.mu.Unlock()
	t = s.tables[service]
	if t == nil {
		s.forgetOldest()
		t = &sharedTable{topic: topic, Table: topdisc.NewTable(service, s.local.ID(), s.p, s.health, s.newRNG())}
		s.tables[service] = t
	}
	t.users++
	now := time.Now()
	for _, n := range live {
		t.Insert(n, true, now)
	}
	return t, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		t.users--
		t.used = time.Now()
	}
}

// forgetOldest makes room for a table, if one is not in use.
func (s *Service) forgetOldest() {
	if len(s.tables) < maxTables {
		return
	}
	var oldest *sharedTable
	for _, t := range s.tables {
		if t.users == 0 && (oldest == nil || t.used.Before(oldest.used)) {
			oldest = t
		}
	}
	if oldest != nil {
		delete(s.tables, oldest.Service())
	}
}

func (s *Service) newRNG() *rand.Rand { return rand.New(rand.NewPCG(s.rng.Uint64(), s.rng.Uint64())) }

// poke wakes Run after a table or the cache changed.
func (s *Service) poke() {
	select {
	case s.wake <- struct{}{}:
	default: // it is awake already
	}
}

// liveNodes returns the nodes of discv5's own table that answered lately and
// keep advertisements.
func (s *Service) liveNodes() []*enode.Node {
	var live []*enode.Node
	for _, bucket := range s.udp.Nodes() {
		for _, n := range bucket {
			if n.Live && tdtenr.Capable(n.Node) {
				live = append(live, n.Node)
			}
		}
	}
	return live
}

// capable returns every node that may be handed on to others.
func (s *Service) capable() []*enode.Node {
	nodes := s.liveNodes()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tables {
		t.Verified(func(n *enode.Node) { nodes = append(nodes, n) })
	}
	return nodes
}

// wrap says what a search or an advertisement was doing.
func wrap(doing string, topic discovery.Topic, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %q: %w", doing, topic, err)
}
