package node

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/configs"
	"statusd/waku/wire"
)

func TestWorst(t *testing.T) {
	c := func(l Level, critical bool) ComponentHealth { return ComponentHealth{Level: l, Critical: critical} }
	for name, tt := range map[string]struct {
		in   []ComponentHealth
		want Level
	}{
		"none":                    {nil, Ready},
		"switched off":            {[]ComponentHealth{c(NotMounted, true)}, Ready},
		"only a helper":           {[]ComponentHealth{c(Ready, true), c(NotReady, false)}, Ready},
		"working towards it":      {[]ComponentHealth{c(Ready, true), c(Synchronizing, true)}, Synchronizing},
		"not ready wins":          {[]ComponentHealth{c(NotReady, true), c(Synchronizing, true)}, NotReady},
		"not ready wins, reverse": {[]ComponentHealth{c(Synchronizing, true), c(NotReady, true)}, NotReady},
	} {
		if got := worst(tt.in); got != tt.want {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
}

// TestHealthFollowsEvents walks a node that has a peer to connect to through
// its states.
func TestHealthFollowsEvents(t *testing.T) {
	cfg := testConfig(t)
	ref, err := configs.ParseNodeRef(otherNode(t).URLv4())
	if err != nil {
		t.Fatal(err)
	}
	cfg.ClusterConfig.StaticNodes = configs.NodeList{ref}
	n, err := New(cfg, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	expect := func(when string, want Level) {
		t.Helper()
		if got := n.Health(); got.Level != want {
			t.Errorf("%s: got %+v, want %s", when, got, want)
		}
	}
	expect("before start", Initializing)
	r := start(t, cfg, Deps{})
	n = r.Node
	expect("never connected", Synchronizing)
	wakuPeers{n}.PeerUp(ref.Node().ID())
	wakuPeers{n}.PeerDown(ref.Node().ID())
	expect("lost all peers", NotReady)
	n.monitor.freeDisk.Store(minFreeDisk - 1)
	for _, c := range n.Health().Components {
		if c.Name == "Disk" && c.Level != NotReady {
			t.Errorf("a full disk is %s", c.Level)
		}
	}
	r.finish()
	expect("stopped", ShuttingDown)
}

// TestSystemdIsTold reads the notifications of a whole life.
func TestSystemdIsTold(t *testing.T) {
	systemd, notify := listenAsSystemd(t)
	read := func() string {
		for {
			if got := systemd.read(); got != "WATCHDOG=1" { // that one may come at any moment
				return got
			}
		}
	}
	var seen []string
	until := func(want string) {
		t.Helper()
		for {
			got := read()
			seen = append(seen, got)
			if got == want {
				return
			}
			if got == "STOPPING=1" {
				t.Fatalf("%s is missing in %q", want, seen)
			}
		}
	}
	cfg := testConfig(t)
	n := launch(t, cfg, Deps{Notify: notify})
	until("READY=1")
	select {
	case <-n.Ready():
	default:
		t.Error("systemd was told before the node was ready")
	}
	until("STATUS=peers=0")
	if err := n.Reload(cfg); err != nil {
		t.Error(err)
	}
	if got := read(); !strings.HasPrefix(got, "RELOADING=1\nMONOTONIC_USEC=") {
		t.Errorf("got %q", got)
	}
	until("READY=1")
	n.stop()
	until("STOPPING=1")
	if err := <-n.done; err != nil {
		t.Error(err)
	}
}

// TestLightPeersDoNotMakeReady: a node whose only peers are light can send
// nothing, and says so.
func TestLightPeersDoNotMakeReady(t *testing.T) {
	cfg := testConfig(t)
	ref, err := configs.ParseNodeRef(otherNode(t).URLv4())
	if err != nil {
		t.Fatal(err)
	}
	cfg.ClusterConfig.StaticNodes = configs.NodeList{ref}
	r := start(t, cfg, Deps{})
	near, far := p2p.MsgPipe()
	done := make(chan struct{})
	pp := p2p.NewPeerPipe(enode.ID{1}, "light", nil, near)
	go func() {
		defer close(done)
		_ = r.Waku().Protocols()[0].Run(pp, near)
	}()
	if _, err := far.ReadMsg(); err != nil {
		t.Fatal(err)
	}
	light := true
	status := (&wire.StatusOptions{LightNode: &light}).EncodeStatus(1)
	msg := p2p.Msg{Code: wire.CodeStatus, Size: uint32(len(status)), Payload: bytes.NewReader(status)}
	if err := far.WriteMsg(msg); err != nil {
		t.Fatal(err)
	}
	await(t, "handshake", func() bool { return r.Waku().PeerCount() == 1 })
	want := ComponentHealth{Name: "Waku", Level: Synchronizing, Critical: true,
		Desc: "connecting to the first peer; 1 light, which forward nothing"}
	if got := r.wakuHealth(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	far.Close()
	<-done
}
