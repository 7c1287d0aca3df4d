//go:build integration

package runner

import (
	"context"
	"crypto/ecdsa"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/discover"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"

	"statusd/discovery"
	"statusd/discovery/topdisc/tdt1"
	"statusd/internal/tdtenr"
)

// socket is one discv5 node without topic discovery.
type socket struct {
	disc  *discover.UDPv5
	self  *enode.LocalNode
	key   *ecdsa.PrivateKey
	conn  *countingConn
	close func() // may be called again
}

// countingConn counts the datagrams that a node sends.
type countingConn struct {
	*net.UDPConn
	sent atomic.Int64
}

func (c *countingConn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	c.sent.Add(1)
	return c.UDPConn.WriteToUDPAddrPort(b, to)
}

// listen starts a socket; boot may be nil. ping 0 means go-ethereum's default.
func listen(t *testing.T, boot *enode.Node, ping time.Duration) *socket {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	db, err := enode.OpenDB("")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	s := &socket{self: enode.NewLocalNode(db, key), key: key, conn: &countingConn{UDPConn: conn}}
	s.self.SetStaticIP(net.IPv4(127, 0, 0, 1))
	s.self.SetFallbackUDP(conn.LocalAddr().(*net.UDPAddr).Port)
	s.self.Set(enr.TCP(30303))
	cfg := discover.Config{PrivateKey: key, V5RespTimeout: 300 * time.Millisecond, PingInterval: ping}
	if boot != nil {
		cfg.Bootnodes = []*enode.Node{boot}
	}
	if s.disc, err = discover.ListenV5(s.conn, s.self, cfg); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	s.close = func() {
		once.Do(func() {
			s.disc.Close()
			db.Close()
		})
	}
	t.Cleanup(s.close)
	return s
}

// host is a node with topic discovery.
type host struct {
	*Service
	*socket
	cancel context.CancelFunc
	ended  chan struct{} // closed after Run returned
}

// start starts a node; boot may be nil.
func start(t *testing.T, boot *host, cfg Config) *host {
	t.Helper()
	var first *enode.Node
	if boot != nil {
		first = boot.self.Node()
	}
	return startOn(t, listen(t, first, 200*time.Millisecond), cfg)
}

func startOn(t *testing.T, s *socket, cfg Config) *host {
	t.Helper()
	svc, err := New(s.disc, s.self, cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	h := &host{Service: svc, socket: s, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(h.ended)
		if err := svc.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	t.Cleanup(h.stop)
	return h
}

// stop ends topic discovery and the socket.
func (h *host) stop() {
	h.cancel()
	<-h.ended
	h.close()
}

// rogue starts a node that says it keeps advertisements, and answers with
// whatever answer returns.
func rogue(t *testing.T, boot *host, answer func(request tdt1.Message) []byte) *socket {
	t.Helper()
	s := listen(t, boot.self.Node(), 200*time.Millisecond)
	s.self.Set(tdtenr.Version)
	s.disc.RegisterTalkHandler(tdt1.Protocol, func(_ *enode.Node, _ *net.UDPAddr, payload []byte) []byte {
		m, err := tdt1.Decode(payload)
		if err != nil {
			t.Errorf("request %x: %v", payload, err)
		}
		return answer(m)
	})
	return s
}

// advertise advertises a topic until the test ends.
func (h *host) advertise(t *testing.T, topic discovery.Topic) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Advertise(ctx, topic) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("advertise: %v", err)
		}
	})
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, within time.Duration, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", within, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
