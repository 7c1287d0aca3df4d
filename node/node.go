package node

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"statusd/api"
	"statusd/configs"
	"statusd/internal/clock"
	"statusd/internal/feed"
	"statusd/internal/sdnotify"
	"statusd/waku"
)

// eventQueue is the number of peer events that may wait for the watcher; it
// only smooths bursts.
const eventQueue = 64

// Node is the whole daemon but for its process. Its methods are safe for
// concurrent use, and those that look at peers may be called at any time.
type Node struct {
	*core
	*network
	*finding
	*mailservers
	*logins
	*checks
}

// core is what the parts of a node share. They reach one another by their names
// in it.
type core struct {
	cfg     *configs.Config
	deps    Deps
	root    *zap.Logger // for the loggers of other modules
	log     *zap.Logger
	created time.Time

	clock   *clock.Clock
	signals *feed.Signals
	host    *waku.Host // nil: Waku is switched off
	monitor *monitor
	metrics *metrics

	phase    atomic.Int32
	ready    chan struct{}
	stopping chan struct{} // closed when the shutdown begins
	quit     chan struct{}
	quitOnce sync.Once

	network     *network
	finding     *finding
	mailservers *mailservers
	logins      *logins
	checks      *checks
}

// New builds a node from a validated configuration. It starts nothing and
// touches no file.
func New(cfg *configs.Config, deps Deps) (*Node, error) {
	log := deps.Logger
	if log == nil {
		log = zap.NewNop()
	}
	c := &core{
		cfg: cfg, deps: deps, root: log, log: log.Named("node"), created: time.Now(), ready: make(chan struct{}),
		stopping: make(chan struct{}), quit: make(chan struct{}),
	}
	c.network = newNetwork(c)
	c.finding, c.mailservers, c.logins, c.checks = &finding{core: c}, &mailservers{core: c}, &logins{core: c}, &checks{c}
	n := &Node{c, c.network, c.finding, c.mailservers, c.logins, c.checks}
	n.clock = clock.New(clock.Config{Servers: timeServers(cfg), Logger: log.Named("clock")})
	n.signals = feed.NewSignals(n.clock.Now)
	n.monitor = newMonitor(n.log, deps.Notify, deps.Watchdog)
	n.metrics = newMetrics(c)
	if cfg.WakuConfig.Enabled {
		hostConfig := wakuConfig(cfg, deps, n.clock.Now)
		hostConfig.Witness = timeWitness{n.clock}
		n.mailservers.mail.attach(&hostConfig, c)
		host, err := waku.New(hostConfig)
		if err != nil {
			return nil, fmt.Errorf("build waku host: %w", err)
		}
		n.host = host
	}
	n.monitor.probes = n.probes()
	n.monitor.status = n.statusLine
	n.metrics.register(deps.Registry, deps.Version)
	return n, nil
}

func timeServers(cfg *configs.Config) []string {
	if !cfg.EnableNTPSync {
		return nil
	}
	return cfg.NTPServers
}

// Waku returns the Waku host, nil when Waku is switched off.
func (n *core) Waku() *waku.Host { return n.host }

// Now returns network time as far as it is known.
func (n *core) Now() time.Time { return n.clock.Now() }

// Signals is where components tell what concerns the node as a whole.
func (n *core) Signals() *feed.Signals { return n.signals }

// Events tell programs what happens. It is of use once the data directory is
// open.
func (n *core) Events() *feed.Feed { return feed.New(n.logins.Accounts(), n.signals, n.clock.Now) }

// Ready is closed when every component is up.
func (n *core) Ready() <-chan struct{} { return n.ready }

// Shutdown makes Run stop as if its context had ended. It does not wait.
func (n *core) Shutdown() { n.quitOnce.Do(func() { close(n.quit) }) }

// Run starts the components, keeps them running until ctx ends, Shutdown is
// called or one of them fails, stops them, and says what went wrong, nil when
// it was told to stop and everything did. A node runs once.
func (n *Node) Run(ctx context.Context) error {
	if !n.phase.CompareAndSwap(int32(phaseNew), int32(phaseStarting)) {
		return ErrAlreadyUsed
	}
	life := newLifecycle(n.log)
	err := n.start(ctx, life)
	if errors.Is(err, context.Canceled) && n.stopRequested(ctx) {
		err = nil // a start that was called off has not failed
	}
	if err == nil {
		err = n.wait(ctx, life)
	}
	if err != nil {
		n.signals.Emit(api.NodeCrashedEvent{Error: err.Error()})
	}
	n.signals.Emit(api.NodeStoppedEvent{})
	wasUp := n.phase.Swap(int32(phaseStopping)) == int32(phaseUp)
	close(n.stopping)
	n.monitor.report(n.deps.Notify.Stopping())
	if wasUp {
		n.log.Info("stopping")
	}
	err = join(err, life.stopAll())
	n.phase.Store(int32(phaseDown))
	if wasUp && err == nil {
		n.log.Info("stopped")
	}
	return err
}

// join is errors.Join, but leaves a single error as it is.
func join(a, b error) error {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return errors.Join(a, b)
}

// wait reports that the node is up and blocks until it has to stop.
func (n *Node) wait(ctx context.Context, life *lifecycle) error {
	if n.stopRequested(ctx) {
		return nil
	}
	n.phase.Store(int32(phaseUp))
	close(n.ready)
	n.signals.Emit(api.NodeReadyEvent{})
	n.monitor.report(n.deps.Notify.Ready())
	n.monitor.peersChanged()
	select {
	case <-ctx.Done():
		return nil
	case <-n.quit:
		return nil
	case err := <-life.failed:
		return err
	}
}

func (n *core) stopRequested(ctx context.Context) bool {
	select {
	case <-n.quit:
		return true
	default:
		return ctx.Err() != nil
	}
}

// start brings the components up, lowest first. What it started when it fails
// is on the stack of life.
func (n *Node) start(ctx context.Context, life *lifecycle) error {
	if n.stopRequested(ctx) {
		return nil
	}
	dir, err := openDataDir(n.cfg.DataDir, n.log)
	if err != nil {
		return err
	}
	life.onStop("data directory", stopSmall, dir.close)
	key, err := n.loadKey()
	if err != nil {
		return err
	}
	if n.host != nil {
		if err := n.mailservers.startMail(ctx, life, key); err != nil {
			return err
		}
	}
	if err := n.logins.startAccounts(ctx, life); err != nil {
		return err
	}
	if err := n.logins.startWebhook(life); err != nil {
		return err
	}
	if n.host != nil {
		life.run("waku", stopWaku, n.host.Run)
	}
	if err := n.startNetwork(life, key); err != nil {
		return err
	}
	if n.host != nil {
		n.mailservers.startKeeper(life)
	}
	n.signals.Emit(api.NodeStartedEvent{})
	life.run("monitor", stopSmall, n.monitor.Run)
	if err := n.startFrontend(ctx, life); err != nil {
		return err
	}
	if n.cfg.EnableNTPSync { // last, so that a failed start has nothing else to say
		life.run("clock", stopSmall, n.clock.Run)
	}
	return nil
}

func (n *Node) loadKey() (*ecdsa.PrivateKey, error) {
	source := keySource{file: n.cfg.NodeKeyPath(), fixed: n.cfg.NodeKeyFile != "", dir: n.cfg.DataDir}
	if n.cfg.NodeKey.IsSet() {
		key, err := n.cfg.ParseNodeKey()
		if err != nil {
			return nil, keyError("NodeKey of the configuration cannot be used", err)
		}
		source.given = key
	}
	return source.load(n.log)
}

// startNetwork starts the server and what keeps it connected.
func (n *Node) startNetwork(life *lifecycle, key *ecdsa.PrivateKey) error {
	srv, err := n.network.newServer(key)
	if err != nil {
		return err
	}
	found, err := n.finding.newSearch(key, srv)
	if err != nil {
		return err
	}
	n.finding.search.Store(found) // before the first peer can come
	if err := n.network.startServer(srv); err != nil {
		return err
	}
	n.network.mu.Lock()
	n.network.server, n.network.serving = srv, true
	n.network.mu.Unlock()
	life.onStop("peer-to-peer server", stopServer, func() {
		n.network.mu.Lock()
		n.network.serving = false
		n.network.mu.Unlock()
		n.network.stopServer(srv)
	})
	events := make(chan *p2p.PeerEvent, eventQueue)
	sub := srv.SubscribeEvents(events)
	life.run("peer events", stopSmall, func(ctx context.Context) error { return n.network.watchPeers(ctx, events, sub) })

	nodes, unusable := staticNodes(n.cfg, srv.LocalNode().ID())
	if unusable > 0 {
		n.log.Warn("static nodes without an address are not dialled", zap.Int("nodes", unusable))
	}
	for _, node := range nodes {
		n.network.dialler.Add(node)
	}
	n.network.mu.Lock()
	n.network.static = nodes
	n.network.mu.Unlock()
	life.run("dialling", stopDialling, n.network.dialler.Run)
	n.log.Info("peer-to-peer server started", zap.String("addr", srv.ListenAddr),
		zap.Stringer("id", srv.LocalNode().ID()), zap.Int("static", len(nodes)), zap.Int("maxPeers", n.cfg.MaxPeers))
	return n.finding.startSearch(life, srv)
}

// startFrontend starts the RPC surface and waits until it listens.
func (n *Node) startFrontend(ctx context.Context, life *lifecycle) error {
	if n.deps.Frontend == nil {
		return nil
	}
	front, err := n.deps.Frontend(n)
	if err != nil {
		return err
	}
	life.run("rpc", stopFrontend, front.Run)
	select {
	case <-front.Ready():
		return nil
	case err := <-life.failed:
		return err
	case <-ctx.Done():
		return nil
	case <-n.quit:
		return nil
	}
}

// probes lists the loops that have to answer in every round of the monitor.
func (n *Node) probes() []probe {
	probes := []probe{
		{"peer-to-peer server", func(context.Context) error {
			if srv := n.network.srv(); srv != nil {
				srv.PeerCount() // goes through the server's loop
			}
			return nil
		}},
		{"dialling", func(context.Context) error {
			n.network.dialler.Count()
			return nil
		}},
		{"disk", func(context.Context) error {
			var st unix.Statfs_t
			if err := unix.Statfs(n.cfg.DataDir, &st); err == nil {
				n.monitor.freeDisk.Store(int64(st.Bavail) * int64(st.Bsize)) //nolint:unconvert,gosec // types differ by platform
			}
			return nil
		}},
	}
	if n.host != nil {
		probes = append(probes, probe{"waku", n.host.Probe}, probe{"peer pool", func(ctx context.Context) error {
			if s := n.finding.searching(); s != nil {
				return s.pool.Probe(ctx)
			}
			return nil
		}})
	}
	return probes
}

// statusLine is what systemctl status shows.
func (n *Node) statusLine() string { return fmt.Sprintf("peers=%d", n.network.peers.count()) }

// Reload applies what may change while the node runs: the lists of static and
// trusted nodes of a new configuration. Peers added by RPC stay.
func (n *Node) Reload(cfg *configs.Config) error {
	srv := n.network.srv()
	if srv == nil {
		return ErrNotConnected
	}
	n.monitor.report(n.deps.Notify.Reloading(sdnotify.Monotonic()))
	defer func() { n.monitor.report(n.deps.Notify.Ready()) }()
	nodes, _ := staticNodes(cfg, srv.LocalNode().ID())
	n.network.mu.Lock()
	gone := n.network.static
	n.network.static = nodes
	n.network.mu.Unlock()
	var errs []error
	for _, old := range gone {
		if !contains(nodes, old.ID()) {
			if err := n.network.RemovePeer(old); err != nil && !errors.Is(err, ErrNoPeer) {
				errs = append(errs, err)
			}
		}
	}
	for _, node := range cfg.TrustedNodes().Nodes() {
		errs = append(errs, n.network.AddTrustedPeer(node))
	}
	for _, node := range nodes {
		if known := n.network.dialler.Target(node.ID()); known == nil || known.URLv4() != node.URLv4() {
			errs = append(errs, n.network.AddPeer(node))
		}
	}
	if s := n.finding.searching(); s != nil {
		s.pool.Retry()
	}
	n.log.Info("peer lists reloaded", zap.Int("static", len(nodes)))
	return errors.Join(errs...)
}

func contains(nodes []*enode.Node, id enode.ID) bool {
	for _, n := range nodes {
		if n.ID() == id {
			return true
		}
	}
	return false
}
