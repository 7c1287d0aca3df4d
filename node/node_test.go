package node

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"
	"github.com/ethereum/go-ethereum/p2p/nat"
	"github.com/prometheus/client_golang/prometheus"

	"statusd/api"
	"statusd/configs"
	"statusd/internal/wakuenr"
)

// testConfig is a node on loopback that leaves the world alone.
func testConfig(t *testing.T) *configs.Config {
	t.Helper()
	cfg := configs.Default()
	cfg.DataDir = t.TempDir()
	cfg.ListenAddr = "127.0.0.1:0"
	cfg.NAT = "none"
	cfg.EnableNTPSync = false
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	return &cfg
}

// running is a node in its goroutine.
type running struct {
	*Node
	t    *testing.T
	stop context.CancelFunc
	done chan error
}

// launch starts a node without waiting for it.
func launch(t *testing.T, cfg *configs.Config, deps Deps) *running {
	t.Helper()
	n, err := New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{Node: n, t: t, stop: cancel, done: make(chan error, 1)}
	go func() { r.done <- n.Run(ctx) }()
	return r
}

// start starts a node and waits until it is ready.
func start(t *testing.T, cfg *configs.Config, deps Deps) *running {
	t.Helper()
	r := launch(t, cfg, deps)
	select {
	case <-r.Ready():
	case err := <-r.done:
		t.Fatalf("ended before it was ready: %v", err)
	}
	return r
}

// finish stops the node and expects a clean end.
func (r *running) finish() {
	r.t.Helper()
	r.stop()
	if err := <-r.done; err != nil {
		r.t.Errorf("stop: %v", err)
	}
}

func TestNodeStartsAndStops(t *testing.T) {
	cfg := testConfig(t)
	reg := prometheus.NewRegistry()
	n := start(t, cfg, Deps{Registry: reg, Version: Version{Version: "1.2.3"}})
	info := n.NodeInfo()
	if !strings.HasPrefix(info.Name, "statusd/v1.2.3/") || info.Protocols.Waku == nil || !n.Listening() {
		t.Errorf("got %+v", info)
	}
	if !strings.Contains(info.Enode, "@127.0.0.1:") || info.Ports.Listener == 0 {
		t.Errorf("enode %s, port %d", info.Enode, info.Ports.Listener)
	}
	h := n.Health()
	if h.NodeHealth != api.HealthReady || !h.Alive {
		t.Errorf("health %+v", h)
	}
	n.finish()
	if h := n.Health(); h.NodeHealth != api.HealthShuttingDown {
		t.Errorf("health after stop %+v", h)
	}
	if n.NodeInfo().Name == "" || len(n.PeersInfo()) > 0 || n.Listening() || n.Self() != nil {
		t.Error("methods after stop")
	}
	if err := n.AddPeer(otherNode(t)); !errors.Is(err, ErrNotConnected) {
		t.Errorf("got %v", err)
	}
	sub := n.SubscribeEvents(make(chan *p2p.PeerEvent))
	if err := <-sub.Err(); !errors.Is(err, ErrNotConnected) {
		t.Errorf("got %v", err)
	}
	if err := n.Run(t.Context()); !errors.Is(err, ErrAlreadyUsed) {
		t.Errorf("second run: %v", err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for _, f := range families {
		names[f.GetName()] = true
	}
	for _, want := range []string{
		"p2p_peers_absolute", "p2p_peers_max", "statusd_build_info", "statusd_health", "statusd_clock_offset_seconds",
		"go_goroutines", "process_resident_memory_bytes", "waku_envelopes_received_total",
	} {
		if !names[want] {
			t.Errorf("metric %s is missing", want)
		}
	}

	again := start(t, cfg, Deps{}) // the same directory, the same identity
	if got := again.NodeInfo(); got.ID != info.ID {
		t.Errorf("id changed from %s to %s", info.ID, got.ID)
	}
	again.Shutdown()
	again.Shutdown()
	if err := <-again.done; err != nil {
		t.Error(err)
	}
}

func TestNodeStopsBeforeStart(t *testing.T) {
	cfg := testConfig(t)
	for name, end := range map[string]func(*Node, context.CancelFunc){
		"context":  func(_ *Node, cancel context.CancelFunc) { cancel() },
		"shutdown": func(n *Node, _ context.CancelFunc) { n.Shutdown() },
	} {
		n, err := New(cfg, Deps{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		end(n, cancel)
		if err := n.Run(ctx); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
		if _, err := os.Stat(filepath.Join(cfg.DataDir, lockFile)); err == nil {
			t.Errorf("%s: the directory was touched", name)
		}
	}
}

func TestNodeWithoutWaku(t *testing.T) {
	cfg := testConfig(t)
	cfg.WakuConfig.Enabled = false
	n := start(t, cfg, Deps{})
	if n.Waku() != nil || n.Health().NodeHealth != api.HealthReady {
		t.Errorf("health %+v", n.Health())
	}
	n.finish()
}

func TestStartFailures(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	inUse := testConfig(t)
	inUse.ListenAddr = taken.Addr().String()

	badKey := testConfig(t)
	if err := os.WriteFile(badKey.NodeKeyPath(), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	badArchive := testConfig(t)
	badArchive.WakuConfig.EnableMailServer = true
	if err := os.WriteFile(badArchive.MailServerPath(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	front := errors.New("front")
	for name, c := range map[string]struct {
		cfg  *configs.Config
		deps Deps
		want error
	}{
		"port in use":  {inUse, Deps{}, ErrListen},
		"address busy": {inUse, Deps{}, syscall.EADDRINUSE},
		"bad key":      {badKey, Deps{}, ErrNodeKey},
		"bad archive":  {badArchive, Deps{}, ErrArchive},
		"frontend refuses": {
			testConfig(t),
			Deps{Frontend: func(*Node) (Frontend, error) { return nil, front }},
			front,
		},
		"frontend fails": {
			testConfig(t),
			Deps{Frontend: func(*Node) (Frontend, error) { return &frontend{err: front}, nil }},
			front,
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := launch(t, c.cfg, c.deps)
			defer n.stop()
			if err := <-n.done; !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			select {
			case <-n.Ready():
				t.Error("ready")
			default:
			}
			if h := n.Health(); h.NodeHealth != api.HealthShuttingDown {
				t.Errorf("health %+v", h)
			}
			d, err := openDataDir(c.cfg.DataDir, n.log)
			if err != nil {
				t.Fatalf("directory not given back: %v", err)
			}
			d.close()
		})
	}
}

func TestSecondNodeIsRefused(t *testing.T) {
	cfg := testConfig(t)
	first := start(t, cfg, Deps{})
	second := launch(t, cfg, Deps{})
	defer second.stop()
	if err := <-second.done; !errors.Is(err, ErrLocked) {
		t.Errorf("got %v", err)
	}
	first.finish()
}

// frontend is a surface that fails at the start, hangs at the end, or works.
type frontend struct {
	err   error
	hang  chan struct{} // not nil: Run ignores its context until this closes
	ready chan struct{}
}

func (f *frontend) Run(ctx context.Context) error {
	if f.err != nil {
		return f.err
	}
	close(f.ready)
	<-ctx.Done()
	if f.hang != nil {
		<-f.hang
	}
	return nil
}

func (f *frontend) Ready() <-chan struct{} { return f.ready }

func TestFailingComponentStopsTheNode(t *testing.T) {
	boom := errors.New("boom")
	f := &failing{ready: make(chan struct{}), fail: make(chan struct{}), err: boom}
	n := start(t, testConfig(t), Deps{Frontend: func(*Node) (Frontend, error) { return f, nil }})
	defer n.stop()
	close(f.fail)
	if err := <-n.done; !errors.Is(err, boom) || !strings.HasPrefix(err.Error(), "rpc: ") {
		t.Errorf("got %v", err)
	}
}

type failing struct {
	ready, fail chan struct{}
	err         error
}

func (f *failing) Run(context.Context) error {
	close(f.ready)
	<-f.fail
	return f.err
}

func (f *failing) Ready() <-chan struct{} { return f.ready }

func otherNode(t *testing.T) *enode.Node {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return enode.NewV4(&key.PublicKey, net.IPv4(127, 0, 0, 1), 1, 1)
}

func TestPeerChanges(t *testing.T) {
	n := start(t, testConfig(t), Deps{})
	defer n.finish()
	other := otherNode(t)
	nowhere := enode.NewV4(other.Pubkey(), nil, 0, 0)
	if err := n.AddPeer(n.Self()); !errors.Is(err, ErrSelf) {
		t.Errorf("self: %v", err)
	}
	if err := n.AddPeer(nowhere); !errors.Is(err, ErrNoAddress) {
		t.Errorf("no address: %v", err)
	}
	if err := n.RemovePeer(other); !errors.Is(err, ErrNoPeer) {
		t.Errorf("unknown: %v", err)
	}
	for _, change := range []func(*enode.Node) error{
		n.AddTrustedPeer, n.AddPeer, n.RemoveTrustedPeer, n.AddPeer, n.RemovePeer,
	} {
		if err := change(other); err != nil {
			t.Error(err)
		}
	}
	if got := n.Health(); got.NodeHealth != api.HealthReady {
		t.Errorf("health %+v", got)
	}
	if err := n.AddPeer(other); err != nil {
		t.Error(err)
	}
	if got := n.Health(); got.NodeHealth != api.HealthSynchronizing {
		t.Errorf("health %+v", got)
	}
}

func TestReload(t *testing.T) {
	a, b, c := otherNode(t), otherNode(t), otherNode(t)
	list := func(nodes ...*enode.Node) configs.NodeList {
		var refs configs.NodeList
		for _, n := range nodes {
			ref, err := configs.ParseNodeRef(n.URLv4())
			if err != nil {
				t.Fatal(err)
			}
			refs = append(refs, ref)
		}
		return refs
	}
	cfg := testConfig(t)
	cfg.ClusterConfig.StaticNodes = list(a, b)
	n := start(t, cfg, Deps{})
	defer n.finish()
	if err := n.AddPeer(c); err != nil {
		t.Fatal(err)
	}
	next := *cfg
	moved := enode.NewV4(b.Pubkey(), net.IPv4(127, 0, 0, 1), 2, 2)
	next.ClusterConfig.StaticNodes = list(moved)
	next.ClusterConfig.TrustedNodes = list(a)
	if err := n.Reload(&next); err != nil {
		t.Fatal(err)
	}
	if n.network.dialler.Target(a.ID()) != nil || n.network.dialler.Target(c.ID()) == nil || !n.trustedByName(a.ID()) {
		t.Error("wrong set of kept peers")
	}
	if got := n.network.dialler.Target(b.ID()); got == nil || got.TCP() != 2 {
		t.Errorf("address not replaced: %v", got)
	}
}

func TestNAT(t *testing.T) {
	addr := netip.MustParseAddr("198.51.100.7")
	for name, c := range map[string]struct {
		nat       string
		advertise netip.Addr
		want      string
		bad       bool
	}{
		"none":               {nat: "none"},
		"any":                {nat: "any", want: "any"},
		"external address":   {nat: "extip:203.0.113.1", want: "extip(203.0.113.1)"},
		"advertised":         {nat: "none", advertise: addr, want: "extip(198.51.100.7)"},
		"advertised wins":    {nat: "extip:203.0.113.1", advertise: addr, want: "extip(198.51.100.7)"},
		"advertised and any": {nat: "any", advertise: addr, want: "any"},
		"loopback":           {nat: "extif:lo", want: "extip(127.0.0.1)"},
		"no interface":       {nat: "extif:absent0", bad: true},
		"nonsense":           {nat: "sorcery", bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := configs.Default()
			cfg.NAT, cfg.AdvertiseAddr = c.nat, c.advertise
			got, err := natFor(&cfg)
			if (err != nil) != c.bad {
				t.Fatalf("got %v", err)
			}
			if name == "loopback" && err != nil {
				t.Skip("no interface lo here")
			}
			if got == nil {
				if c.want != "" {
					t.Errorf("got none, want %s", c.want)
				}
				return
			}
			if s := strings.ToLower(got.String()); !strings.HasPrefix(s, c.want) {
				t.Errorf("got %s, want %s", s, c.want)
			}
			if _, isStatic := got.(nat.ExtIP); c.advertise.IsValid() && !isStatic {
				if ip, err := got.ExternalIP(); err != nil || !ip.Equal(addr.AsSlice()) {
					t.Errorf("external address %v, %v", ip, err)
				}
			}
		})
	}
}

// TestAdvertisedAddressIsInTheRecord: from the first moment, whatever gateway
// is looked for.
func TestAdvertisedAddressIsInTheRecord(t *testing.T) {
	for _, gateway := range []string{"none", "pmp:127.0.0.1"} {
		for _, addr := range []string{"198.51.100.7", "2001:db8::7"} {
			cfg := testConfig(t)
			cfg.NAT, cfg.AdvertiseAddr = gateway, netip.MustParseAddr(addr)
			n := start(t, cfg, Deps{})
			if got := n.Self(); !hasIP(got, addr) {
				t.Errorf("%s with %s: record has %s", addr, gateway, got)
			}
			n.finish()
		}
	}
}

// hasIP reports whether a record holds an address, be it beside another.
func hasIP(n *enode.Node, addr string) bool {
	var v6 enr.IPv6
	return n.IPAddr().String() == addr || n.Load(&v6) == nil && net.IP(v6).String() == addr
}

func TestRecordEntry(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*configs.Config)
		want   wakuenr.Caps
	}{
		"default":    {func(*configs.Config) {}, 0},
		"full":       {func(c *configs.Config) { c.WakuConfig.FullNode = true }, wakuenr.Relay},
		"light":      {func(c *configs.Config) { c.WakuConfig.LightClient = true }, wakuenr.Light},
		"mailserver": {func(c *configs.Config) { c.WakuConfig.EnableMailServer = true }, wakuenr.Relay | wakuenr.Mailserver},
	} {
		cfg := testConfig(t)
		c.change(cfg)
		n := start(t, cfg, Deps{})
		if got, ok := wakuenr.Of(n.Self()); !ok || got != (wakuenr.Entry{Version: 1, Caps: c.want}) {
			t.Errorf("%s: got %v, %v", name, got, ok)
		}
		n.finish()
	}
}
