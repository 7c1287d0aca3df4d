package node

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/api"
	"statusd/configs"
	"statusd/waku/wire"
)

func TestWorst(t *testing.T) {
	const (
		ready, notReady = api.HealthReady, api.HealthNotReady
		working, off    = api.HealthSynchronizing, api.HealthNotMounted
	)
	c := func(l api.HealthLevel, critical bool) api.ComponentHealth {
		return api.ComponentHealth{Level: l, Critical: critical}
	}
	for name, tt := range map[string]struct {
		in   []api.ComponentHealth
		want api.HealthLevel
	}{
		"none":                    {nil, ready},
		"switched off":            {[]api.ComponentHealth{c(off, true)}, ready},
		"only a helper":           {[]api.ComponentHealth{c(ready, true), c(notReady, false)}, ready},
		"working towards it":      {[]api.ComponentHealth{c(ready, true), c(working, true)}, working},
		"not ready wins":          {[]api.ComponentHealth{c(notReady, true), c(working, true)}, notReady},
		"not ready wins, reverse": {[]api.ComponentHealth{c(working, true), c(notReady, true)}, notReady},
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
	expect := func(when string, want api.HealthLevel) {
		t.Helper()
		if got := n.Health(); got.NodeHealth != want {
			t.Errorf("%s: got %+v, want %s", when, got, want)
		}
	}
	expect("before start", api.HealthInitializing)
	r := start(t, cfg, Deps{})
	n = r.Node
	expect("never connected", api.HealthSynchronizing)
	wakuPeers{n.core}.PeerUp(ref.Node().ID())
	wakuPeers{n.core}.PeerDown(ref.Node().ID())
	expect("lost all peers", api.HealthNotReady)
	n.monitor.freeDisk.Store(minFreeDisk - 1)
	for _, c := range n.Health().ProtocolsHealth {
		if c.Name == "Disk" && c.Level != api.HealthNotReady {
			t.Errorf("a full disk is %s", c.Level)
		}
	}
	r.finish()
	expect("stopped", api.HealthShuttingDown)
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
	want := api.ComponentHealth{Name: "Waku", Level: api.HealthSynchronizing, Critical: true,
		Desc: "connecting to the first peer; 1 light, which forward nothing"}
	if got := r.wakuHealth(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	far.Close()
	<-done
}
