package node

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"sync/atomic"
	"time"

	gethlog "github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/discover"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"
	"go.uber.org/zap"

	"statusd/configs"
	"statusd/discovery"
	"statusd/discovery/discv5"
	"statusd/discovery/dns"
	"statusd/discovery/peercache"
	"statusd/discovery/pool"
	"statusd/discovery/rendezvous"
	"statusd/discovery/static"
	"statusd/discovery/topdisc"
	"statusd/discovery/topdisc/runner"
	"statusd/internal/logx"
)

// Numbers of peers that a node looks for when nobody says otherwise (spec 08
// section 5.1; relays are ours: enough to hold the network together).
const (
	clientRelays  = 2
	clientServers = 3
	relayMin      = 4
	relayMax      = 8
)

// cachedBootNodes is how many remembered relays are asked like boot nodes.
const cachedBootNodes = 8

// Times of the shutdown of discovery.
const (
	stopDiscovery = 5 * time.Second // a gateway takes its time to close a port
	stopPool      = 5 * time.Second
)

// search is everything by which this node finds others and is found.
type search struct {
	node       *core
	pool       *pool.Pool
	cache      *peercache.Cache
	endpoint   *discv5.Endpoint               // nil: no discv5
	topics     atomic.Pointer[runner.Service] // since the endpoint was opened last
	rendezvous *rendezvous.Client             // nil: not used
	finders    []string                       // names of the sources that can find new nodes
	register   []*registration
	cannot     []pool.SourceStatus // configured and of no use
	signals    signals
}

// finding is the search for peers.
type finding struct {
	*core
	search atomic.Pointer[search] // nil: peers are not searched for
}

// newSearch builds the search for peers, nil when there is none. It starts
// nothing.
func (n *finding) newSearch(key *ecdsa.PrivateKey, srv *p2p.Server) (*search, error) {
	if !n.cfg.Discovers() {
		return nil, nil
	}
	s := &search{node: n.core}
	var err error
	path := filepath.Join(n.cfg.DataDir, peersFile)
	if s.cache, err = openCache(n.core, "the peer cache", path, func() (*peercache.Cache, error) {
		return peercache.Open(peercache.Config{Path: path, Logger: n.root})
	}); err != nil {
		return nil, err
	}
	ways, err := s.build(key, srv)
	if err != nil {
		return nil, err
	}
	listed := static.New(static.Config{
		Nodes: map[discovery.Topic][]*enode.Node{discovery.TopicMail: n.cfg.MailServers().Nodes()}, Resolve: s.resolve,
	})
	sources := []discovery.Source{s.cache, listed}
	for _, w := range ways {
		sources = append(sources, w)
		s.finders = append(s.finders, w.Name())
	}
	for _, topic := range n.cfg.Registers() {
		for _, w := range ways {
			if a, ok := w.(discovery.Advertiser); ok {
				s.register = append(s.register, &registration{topic: discovery.Topic(topic), by: a})
			}
		}
	}
	cfg := pool.Config{
		Self: enode.PubkeyToIDV4(&key.PublicKey), Server: poolServer{n.core}, Sources: sources, Cache: s.cache,
		Once: []string{s.cache.Name(), listed.Name()}, Sink: s, Topics: n.wantedTopics(srv),
		Known:   n.mailservers.mailserverFound,
		Resolve: s.resolve, Always: len(s.register) > 0, Logger: n.root,
	}
	if s.endpoint != nil {
		cfg.Idle = s.endpoint.Idle
	}
	s.pool = pool.New(cfg)
	if n.deps.Registry != nil {
		n.deps.Registry.MustRegister(searchMetrics{s})
	}
	return s, nil
}

// resolve looks for a newer record of a node while discv5 is open.
func (s *search) resolve(ctx context.Context, n *enode.Node) *enode.Node {
	if s.endpoint == nil {
		return nil
	}
	return s.endpoint.Resolve(ctx, n)
}

// build makes the sources that look for nodes elsewhere, in the order of spec
// 08 section 5.3 point 11.
func (s *search) build(key *ecdsa.PrivateKey, srv *p2p.Server) ([]discovery.Source, error) {
	var ways []discovery.Source
	if trees, err := s.openDNS(); err != nil {
		return nil, err
	} else if trees != nil {
		ways = append(ways, trees)
	}
	if client, err := s.openRendezvous(key, srv); err != nil {
		return nil, err
	} else if client != nil {
		s.rendezvous = client
		ways = append(ways, client)
	}
	cfg := s.node.cfg
	if cfg.NoDiscovery {
		return ways, nil
	}
	params, err := discv5.ParseParams(cfg.TopicDiscovery)
	if err != nil {
		return nil, fmt.Errorf("%w: TopicDiscovery: %w", configs.ErrInvalid, err)
	}
	params.AllowLocal = cfg.AllowLocal
	s.endpoint = discv5.New(discv5.Config{
		Key: key, Boot: s.bootNodes(), NAT: srv.NAT, Logger: s.node.root,
		GethLogger: gethlog.NewLogger(logx.GethHandler(s.node.root.Named("discv5"))),
		Topics: func(udp *discover.UDPv5, local *enode.LocalNode) (discv5.Topics, error) {
			return s.open(udp, local, params)
		},
	})
	return append(ways, s.endpoint), nil
}

// bootNodes are the configured ones, and relays of earlier runs: the way into
// the network does not depend on the former being up.
func (s *search) bootNodes() []*enode.Node {
	nodes := s.node.cfg.BootNodes().Nodes()
	relays, err := s.cache.Load(discovery.TopicRelay, cachedBootNodes)
	if err != nil {
		s.node.log.Warn("peer cache cannot be read", zap.Error(err))
	}
	for _, n := range relays {
		if n.UDP() != 0 {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// openDNS makes the source of the trees that can be used, nil when there is
// none.
func (s *search) openDNS() (*dns.Source, error) {
	cfg := s.node.cfg
	var links []dns.Link
	for _, text := range cfg.DNSTrees() {
		link, err := dns.ParseLink(text)
		if err == nil && len(links) == dns.MaxDomains {
			err = fmt.Errorf("more than %d trees", dns.MaxDomains)
		}
		if err != nil {
			s.unusable("dns", text, err)
			continue
		}
		links = append(links, link)
	}
	if len(links) == 0 {
		return nil, nil
	}
	path := filepath.Join(cfg.DataDir, treesFile)
	seen, err := openCache(s.node, "the versions of DNS trees", path, func() (*dns.FileSequences, error) {
		return dns.OpenSequences(path, s.node.root)
	})
	if err != nil {
		return nil, err
	}
	return dns.New(dns.Config{
		Trees: links, Sequences: seen, AllowLocal: cfg.AllowLocal, Logger: s.node.root,
		Resolver: dns.NewResolver(cfg.DNSServer),
	})
}

// unusable notes an address that is configured and cannot be used.
func (s *search) unusable(source, text string, err error) {
	s.node.log.Warn("address cannot be used", zap.String("source", source), zap.String("address", text), zap.Error(err))
	s.cannot = append(s.cannot, pool.SourceStatus{Source: source, State: "off", Error: err.Error()})
}

// openRendezvous makes the client of the rendezvous servers that can be used,
// nil when there is none.
func (s *search) openRendezvous(key *ecdsa.PrivateKey, srv *p2p.Server) (*rendezvous.Client, error) {
	var servers []*enode.Node
	for _, text := range s.node.cfg.RendezvousNodes() {
		server, err := rendezvous.ParseServer(text)
		if err != nil {
			s.unusable("rendezvous", text, err)
			continue
		}
		servers = append(servers, server)
	}
	if len(servers) == 0 {
		return nil, nil
	}
	unborn := enode.NewV4(&key.PublicKey, nil, 0, 0) // before the server has started
	return rendezvous.NewClient(rendezvous.ClientConfig{
		Servers: servers, AllowLocal: s.node.cfg.AllowLocal, Logger: s.node.root,
		Record: func() *enode.Node {
			if self := s.node.network.Self(); self != nil {
				return self
			}
			return unborn
		},
		OnRemoteIP: func(seen netip.Addr) { srv.LocalNode().SetFallbackIP(net.IP(seen.AsSlice())) },
	})
}

// open puts topic discovery on an open endpoint. A node that registers itself
// keeps advertisements of others.
func (s *search) open(udp *discover.UDPv5, local *enode.LocalNode, p topdisc.Params) (discv5.Topics, error) {
	svc, err := runner.New(udp, local, runner.Config{Registrar: len(s.register) > 0, Params: p, Logger: s.node.root})
	if err != nil {
		return nil, err
	}
	s.topics.Store(svc)
	return svc, nil
}

// wantedTopics are the topics to look for, with their limits.
func (n *finding) wantedTopics(srv *p2p.Server) map[discovery.Topic]pool.TopicConfig {
	out := make(map[discovery.Topic]pool.TopicConfig)
	if n.cfg.FullNode() {
		room := srv.MaxDialedConns()
		out[discovery.TopicRelay] = pool.TopicConfig{Limits: pool.Limits{Min: min(relayMin, room), Max: min(relayMax, room)}}
	} else {
		out[discovery.TopicRelay] = pool.TopicConfig{Limits: pool.Limits{Min: clientRelays, Max: clientRelays}}
		if n.mailservers.wantsMailservers() {
			out[discovery.TopicMail] = pool.TopicConfig{Limits: pool.Limits{Min: clientServers, Max: clientServers}}
		}
	}
	for name, l := range n.cfg.RequireTopics {
		out[discovery.Topic(name)] = pool.TopicConfig{Limits: pool.Limits{Min: l.Min, Max: l.Max}}
	}
	for name, t := range out {
		t.CacheOnly = name == discovery.TopicMail
		t.Accept = func(found *enode.Node) bool { return n.acceptable(name, found) }
		out[name] = t
	}
	return out
}

// acceptable reports whether a found node may serve a topic and is not looked
// after by others already.
func (n *finding) acceptable(topic discovery.Topic, found *enode.Node) bool {
	if !discovery.MayServe(found, topic) {
		return false
	}
	if topic == discovery.TopicMail {
		return n.mailservers.trustsMailserver(found.ID())
	}
	return n.network.dialler.Target(found.ID()) == nil
}

// startSearch starts what newSearch built, on the port of the server.
func (n *finding) startSearch(life *lifecycle, srv *p2p.Server) error {
	s := n.searching()
	if topics := n.cfg.Registers(); len(topics) > 0 && (s == nil || len(s.register) == 0) {
		n.log.Warn("this node cannot be found as it should: it has neither boot nodes nor rendezvous servers",
			zap.Strings("topics", topics))
	}
	if s == nil {
		return nil
	}
	addr, err := netip.ParseAddrPort(srv.ListenAddr)
	if err != nil {
		return &ListenError{Addr: srv.ListenAddr, Err: err}
	}
	if s.endpoint != nil {
		place := discv5.Place{Listen: addr, Local: srv.LocalNode()}
		life.run("discovery", stopDiscovery, func(ctx context.Context) error { return s.endpoint.Run(ctx, place) })
	}
	for _, r := range s.register {
		run := func(ctx context.Context) error { return r.run(ctx, n.log) }
		life.run("registration as "+string(r.topic), stopDiscovery, run)
	}
	life.run("peer pool", stopPool, s.pool.Run)
	life.run("changes of the network", stopSmall, n.network.watchNetwork)
	n.log.Info("searching for peers", zap.Strings("sources", s.finders), zap.Strings("register", n.cfg.Registers()))
	return nil
}

// searching returns the search for peers, nil when there is none.
func (n *finding) searching() *search { return n.search.Load() }

// poolServer is the server as the pool knows it.
type poolServer struct{ node *core }

// Dial implements pool.Server. The node is trusted first, so that it passes a
// full peer table on this side.
func (p poolServer) Dial(ctx context.Context, to *enode.Node) error {
	srv := p.node.network.srv()
	if srv == nil {
		return ErrNotConnected
	}
	srv.AddTrustedPeer(to)
	err := p.node.network.connect(ctx, to, true)
	if err != nil && !errors.Is(err, p2p.DiscAlreadyConnected) {
		p.node.finding.distrust(srv, to)
	}
	return err
}

// Drop implements pool.Server.
func (p poolServer) Drop(id enode.ID) {
	srv := p.node.network.srv()
	if srv == nil || p.node.network.dialler.Target(id) != nil {
		return
	}
	p.node.finding.distrust(srv, enode.SignNull(new(enr.Record), id))
	disconnect(srv, id)
}

// Summary implements pool.Server.
func (p poolServer) Summary() any { return p.node.network.PeersInfo() }

// distrust takes a privilege away that nobody else gave.
func (n *finding) distrust(srv *p2p.Server, peer *enode.Node) {
	if n.network.dialler.Target(peer.ID()) == nil && !n.network.trustedByName(peer.ID()) {
		srv.RemoveTrustedPeer(peer)
	}
}

// describe tells the pool what the handshake of a peer says of it.
func (n *finding) describe(id enode.ID) pool.Peer {
	p := pool.Peer{ID: id, Kept: n.network.dialler.Target(id) != nil || n.network.trustedByName(id)}
	stats, ok := n.host.PeerStats(id)
	switch {
	case !ok:
	case stats.Light:
		p.Lacks = []discovery.Topic{discovery.TopicRelay, discovery.TopicMail}
	case stats.Topics < 0 && stats.BloomFill == 1:
		p.Serves = []discovery.Topic{discovery.TopicRelay}
	default: // it wants some topics only
		p.Lacks = []discovery.Topic{discovery.TopicRelay}
	}
	return p
}
