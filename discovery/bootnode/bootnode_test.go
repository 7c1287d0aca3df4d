package bootnode

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	gethlog "github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/nat"
	"github.com/prometheus/client_golang/prometheus"

	"statusd/discovery/discv5"
	"statusd/discovery/rendezvous"
	"statusd/discovery/topdisc"
	"statusd/internal/tdtenr"
	"statusd/internal/wakuenr"
)

// run runs a node until the test ends and returns its record.
func run(t *testing.T, change func(*Config)) *enode.Node {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	ready := make(chan *enode.Node, 1)
	cfg := Config{
		Key: key, Listen: netip.MustParseAddrPort("127.0.0.1:0"), NodeDB: t.TempDir(),
		Params: topdisc.Params{AllowLocal: true},
		Ready:  func(n *enode.Node) { ready <- n }, GethLogger: gethlog.NewLogger(gethlog.DiscardHandler()),
		Registry: prometheus.NewRegistry(),
	}
	if change != nil {
		change(&cfg)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, cfg) }()
	select {
	case n := <-ready:
		t.Cleanup(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		return n
	case err := <-done:
		cancel()
		t.Fatalf("ended at once: %v", err)
		return nil
	}
}

// TestServes asks a boot node over UDP, and its registry over TCP.
func TestServes(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	self := run(t, func(c *Config) { c.Rendezvous = l })
	entry, ok := wakuenr.Of(self)
	if !tdtenr.Capable(self) || !ok || entry.Caps != wakuenr.Rendezvous || self.TCP() != 0 ||
		rendezvous.PortOf(self) != l.Addr().(*net.TCPAddr).Port {
		t.Errorf("record %v: waku %v, rendezvous at %d", self, entry, rendezvous.PortOf(self))
	}
	result, err := discv5.Probe(t.Context(), discv5.ProbeConfig{Node: self, Timeout: 20 * time.Second})
	if err != nil || result.Err() != nil || len(result.Steps) != 2 || result.Seen != "127.0.0.1" {
		t.Errorf("over UDP: %+v, %v", result, err)
	}
	asked := rendezvous.Probe(t.Context(), rendezvous.ProbeConfig{Server: self, Timeout: 20 * time.Second})
	if asked.Err() != nil || asked.Seen != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("over TCP: %+v", asked)
	}
}

func TestRecordSaysWhatWasAdvertised(t *testing.T) {
	for _, change := range []func(*Config){
		func(c *Config) { c.Advertise = netip.MustParseAddr("192.0.2.7") },
		func(c *Config) { c.NAT = nat.ExtIP{192, 0, 2, 7} },
	} {
		if self := run(t, change); self.IPAddr() != netip.MustParseAddr("192.0.2.7") {
			t.Errorf("record says %v", self.IPAddr())
		}
	}
	if self := run(t, nil); self.IPAddr() != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("record says %v", self.IPAddr())
	}
}

func TestPortInUse(t *testing.T) {
	taken, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IP{127, 0, 0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	err = Run(t.Context(), Config{Key: key, Listen: netip.MustParseAddrPort(taken.LocalAddr().String())})
	if err == nil {
		t.Error("no error")
	}
}
