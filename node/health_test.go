package node

import (
	"strings"
	"testing"

	"statusd/configs"
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
