//go:build integration

package node

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/api"
	"statusd/configs"
	"statusd/discovery"
	"statusd/waku"
	"statusd/waku/wire"
)

// Environment of a child process that runs a relay, see TestMain.
const (
	relayDir  = "STATUSD_TEST_RELAY_DIR"
	relayAddr = "STATUSD_TEST_RELAY_ADDR"
)

// TestMain runs the tests, or a relay when the environment asks for one.
func TestMain(m *testing.M) {
	if os.Getenv(relayDir) == "" {
		os.Exit(m.Run())
	}
	cfg := configs.Default()
	cfg.DataDir, cfg.ListenAddr = os.Getenv(relayDir), os.Getenv(relayAddr)
	cfg.NAT, cfg.EnableNTPSync, cfg.WakuConfig.FullNode = "none", false, true
	n, err := New(&cfg, Deps{})
	if err == nil {
		go func() {
			<-n.Ready()
			fmt.Println(n.Self().URLv4())
		}()
		err = n.Run(context.Background())
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// relayProcess is a relay in a process of its own, so that it can be killed.
type relayProcess struct {
	t     *testing.T
	dir   string
	addr  string
	enode string
	cmd   *exec.Cmd
}

func startRelay(t *testing.T) *relayProcess {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relayProcess{t: t, dir: t.TempDir(), addr: free.Addr().String()}
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	r.start()
	return r
}

func (r *relayProcess) start() {
	r.t.Helper()
	r.cmd = exec.Command(os.Args[0]) //nolint:gosec // this very program
	r.cmd.Env = append(os.Environ(), relayDir+"="+r.dir, relayAddr+"="+r.addr)
	r.cmd.Stderr = os.Stderr
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		r.t.Fatalf("relay did not start: %v", err)
	}
	r.enode = strings.TrimSpace(line)
}

func (r *relayProcess) kill() {
	r.t.Helper()
	if err := r.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		r.t.Fatal(err)
	}
	_ = r.cmd.Wait() // "signal: killed"
}

// waitFor polls until the condition holds.
func waitFor(t *testing.T, limit time.Duration, what string, ok func() bool) time.Duration {
	t.Helper()
	begin := time.Now()
	for !ok() {
		if time.Since(begin) > limit {
			t.Fatalf("%s: not within %v", what, limit)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(begin)
}

// connect starts a node that keeps connected to an enode.
func connect(t *testing.T, url string) *running {
	t.Helper()
	cfg := testConfig(t)
	ref, err := configs.ParseNodeRef(url)
	if err != nil {
		t.Fatal(err)
	}
	cfg.ClusterConfig.StaticNodes = configs.NodeList{ref}
	return start(t, cfg, Deps{})
}

// TestKilledRelayIsReconnected kills a relay hard, twice, and starts it again.
// The address is given by name, and traffic resumes over it.
func TestKilledRelayIsReconnected(t *testing.T) {
	relay := startRelay(t)
	defer relay.kill()
	byName := strings.Replace(relay.enode, "@127.0.0.1:", "@localhost:", 1)
	a, b := connect(t, byName), connect(t, relay.enode)
	defer a.finish()
	defer b.finish()
	connected := func() bool {
		return a.Waku().PeerCount() == 1 && b.Waku().PeerCount() == 1
	}
	waitFor(t, 10*time.Second, "first connection", connected)
	if got := a.PeersInfo(); len(got) != 1 || !got[0].Network.Static || got[0].Enode != byName {
		t.Errorf("got %+v, want enode %s", got[0], byName)
	}
	exchange(t, a, b, 'a')
	for round, down := range []time.Duration{0, 3 * time.Second} {
		relay.kill()
		waitFor(t, 5*time.Second, "loss noticed", func() bool { return a.Health().NodeHealth == api.HealthNotReady })
		time.Sleep(down)
		relay.start()
		took := waitFor(t, 10*time.Second, "reconnection", connected)
		t.Logf("relay down for %v: both clients back %v after its start", down, took.Round(time.Millisecond))
		if a.Health().NodeHealth != api.HealthReady {
			t.Errorf("health %+v", a.Health())
		}
		exchange(t, b, a, byte('b'+round))
	}
}

// sink collects what a filter delivers.
type sink chan *waku.ReceivedMessage

func (s sink) Deliver(m *waku.ReceivedMessage) { s <- m }

// exchange sends one message from one node to another over the relay.
func exchange(t *testing.T, from, to *running, mark byte) {
	t.Helper()
	key := bytes.Repeat([]byte{7}, 32)
	topic := wire.Topic{1, 2, 3, mark}
	got := make(sink, 4)
	id, err := to.Waku().InstallFilter(waku.FilterSpec{SymKey: key, Topics: []wire.Topic{topic}}, got)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Waku().UninstallFilter(id)
	want := []byte{mark, 1, 2, 3}
	post := waku.Post{
		SymKey: key, Topic: topic, Payload: want, TTL: 60, PoWTarget: 0.002, PoWTime: 5 * time.Second,
	}
	if _, err := from.Waku().Post(t.Context(), post); err != nil {
		t.Fatal(err)
	}
	select {
	case m := <-got:
		if !bytes.Equal(m.Payload, want) {
			t.Errorf("got %x, want %x", m.Payload, want)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("message did not arrive")
	}
}

// TestPeersOverTheLimit shows that kept peers pass a full peer table and that
// strangers do not.
func TestPeersOverTheLimit(t *testing.T) {
	cfg := testConfig(t)
	cfg.MaxPeers = 1
	full := start(t, cfg, Deps{})
	defer full.finish()
	url := full.Self().URLv4()
	first := connect(t, url)
	defer first.finish()
	// A limit of one leaves a third of it, rounded up to one, for dialled
	// peers and nothing for others, so the first peer has to be trusted.
	if err := full.AddTrustedPeer(first.Self()); err != nil {
		t.Fatal(err)
	}
	second := connect(t, url)
	defer second.finish()
	waitFor(t, 20*time.Second, "trusted peer", func() bool { return full.PeerCount() == 1 })
	if second.PeerCount() != 0 {
		t.Error("a stranger got in")
	}
	if err := full.AddPeer(second.Self()); err != nil {
		t.Fatal(err)
	}
	waitFor(t, 20*time.Second, "kept peer", func() bool { return full.PeerCount() == 2 })
	if err := full.RemovePeer(second.Self()); err != nil {
		t.Fatal(err)
	}
	waitFor(t, 10*time.Second, "removed peer", func() bool { return full.PeerCount() == 1 })
}

// TestPeerEvents follows a peer through the subscription.
func TestPeerEvents(t *testing.T) {
	relay := start(t, testConfig(t), Deps{})
	defer relay.finish()
	events := make(chan *p2p.PeerEvent, 16)
	sub := relay.SubscribeEvents(events)
	defer sub.Unsubscribe()
	c := connect(t, relay.Self().URLv4())
	id := c.Self().ID()
	if ev := <-events; ev.Type != p2p.PeerEventTypeAdd || ev.Peer != id {
		t.Errorf("got %+v", ev)
	}
	c.finish()
	if ev := <-events; ev.Type != p2p.PeerEventTypeDrop || ev.Peer != id {
		t.Errorf("got %+v", ev)
	}
}

// TestHangingComponentIsNamed lets the surface ignore its context: the rest
// still stops, in bounded time.
func TestHangingComponentIsNamed(t *testing.T) {
	f := &frontend{ready: make(chan struct{}), hang: make(chan struct{})}
	defer close(f.hang)
	cfg := testConfig(t)
	n := start(t, cfg, Deps{Frontend: func(*Node) (Frontend, error) { return f, nil }})
	n.stop()
	var late *StopError
	if err := <-n.done; !errors.As(err, &late) || late.Steps[0] != "rpc" || len(late.Steps) != 1 {
		t.Errorf("got %v", err)
	}
	d, err := openDataDir(cfg.DataDir, n.log)
	if err != nil {
		t.Fatalf("directory not given back: %v", err)
	}
	d.close()
}

// TestStopWithSilentConnections stops a node while strangers hold connections
// open without a word, and while it dials an address that never answers.
func TestStopWithSilentConnections(t *testing.T) {
	n := start(t, testConfig(t), Deps{})
	for range 3 {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", n.Self().TCP()))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	addr := silent.Addr().(*net.TCPAddr)
	if err := n.AddPeer(enode.NewV4(otherNode(t).Pubkey(), addr.IP, addr.Port, 0)); err != nil {
		t.Fatal(err)
	}
	conn, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	begin := time.Now()
	n.finish()
	t.Logf("stopped after %v", time.Since(begin).Round(time.Millisecond))
}

// TestMutualStaticPeers has two nodes dial each other at the same moment. One
// connection has to come out of it, whoever wins.
func TestMutualStaticPeers(t *testing.T) {
	a, b := start(t, testConfig(t), Deps{}), start(t, testConfig(t), Deps{})
	defer a.finish()
	defer b.finish()
	for range 5 {
		var both sync.WaitGroup
		for _, pair := range [][2]*running{{a, b}, {b, a}} {
			both.Go(func() {
				if err := pair[0].AddPeer(pair[1].Self()); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		took := waitFor(t, 30*time.Second, "one connection", func() bool {
			return a.Waku().PeerCount() == 1 && b.Waku().PeerCount() == 1
		})
		t.Logf("connected after %v", took.Round(time.Millisecond))
		if err := errors.Join(a.RemovePeer(b.Self()), b.RemovePeer(a.Self())); err != nil && !errors.Is(err, ErrNoPeer) {
			t.Error(err)
		}
		waitFor(t, 10*time.Second, "disconnection", func() bool { return a.PeerCount() == 0 && b.PeerCount() == 0 })
	}
}

// TestDiscoveryFindsPeers lets two relays that know only a boot node find each
// other by their advertisements. The boot node has room for nobody, so the link must be direct.
func TestDiscoveryFindsPeers(t *testing.T) {
	discovering := func(boot string) *configs.Config {
		cfg := testConfig(t)
		cfg.NoDiscovery, cfg.AllowLocal = false, true
		cfg.RegisterTopics = []string{string(discovery.TopicRelay)}
		if boot != "" {
			ref, err := configs.ParseNodeRef(boot)
			if err != nil {
				t.Fatal(err)
			}
			cfg.ClusterConfig.BootNodes = configs.NodeList{ref}
		}
		return cfg
	}
	bootConfig := discovering("")
	bootConfig.MaxPeers = 0
	boot := start(t, bootConfig, Deps{})
	defer boot.finish()
	waitFor(t, 10*time.Second, "boot record with a port", func() bool { return boot.Self().UDP() != 0 })
	a := start(t, discovering(boot.Self().URLv4()), Deps{})
	defer a.finish()
	b := start(t, discovering(boot.Self().URLv4()), Deps{})
	defer b.finish()
	if got := a.Health(); got.NodeHealth == api.HealthReady {
		t.Errorf("ready without a peer: %+v", got)
	}
	took := waitFor(t, 60*time.Second, "discovery", func() bool { return a.PeerCount() == 1 && b.PeerCount() == 1 })
	t.Logf("found after %v", took.Round(time.Millisecond))
	if info := a.PeersInfo()[0]; info.ID != b.Self().ID().String() || info.Network.Static {
		t.Errorf("got %+v", info)
	}
}
