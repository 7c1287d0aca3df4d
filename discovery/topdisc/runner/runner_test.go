package runner

import (
	"context"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/discover"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"

	"statusd/discovery"
	"statusd/discovery/topdisc"
)

// quick are constants for tests: everything that takes minutes takes seconds.
func quick() topdisc.Params {
	return topdisc.Params{
		Lifetime: 2 * time.Second, RetryWindow: 500 * time.Millisecond, FillPeriod: 600 * time.Millisecond,
		VerifyWithin: 200 * time.Millisecond, ExcludeFor: time.Second, AllowLocal: true,
		Limits: topdisc.Limits{RegistrationsPerMinute: 6000, QueriesPerMinute: 6000, Burst: 1000},
	}
}

// host is one node of a network on loopback.
type host struct {
	*Service
	udp   *discover.UDPv5
	local *enode.LocalNode
	stop  func()
}

// start starts a node; boot may be nil.
func start(t *testing.T, boot *host, cfg Config) *host {
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
	local := enode.NewLocalNode(db, key)
	local.SetStaticIP(net.IPv4(127, 0, 0, 1))
	local.SetFallbackUDP(conn.LocalAddr().(*net.UDPAddr).Port)
	local.Set(enr.TCP(30303))
	dcfg := discover.Config{PrivateKey: key, V5RespTimeout: 300 * time.Millisecond, PingInterval: 200 * time.Millisecond}
	if boot != nil {
		dcfg.Bootnodes = []*enode.Node{boot.local.Node()}
	}
	udp, err := discover.ListenV5(conn, local, dcfg)
	if err != nil {
		t.Fatal(err)
	}
	svc, err := New(udp, local, cfg)
	if err != nil {
		t.Fatal(err)
	}
	h := &host{Service: svc, udp: udp, local: local}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := svc.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	var once sync.Once
	h.stop = func() {
		once.Do(func() {
			cancel()
			wg.Wait()
			udp.Close()
			db.Close()
		})
	}
	t.Cleanup(h.stop)
	return h
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

// TestMain checks that no goroutine outlives the tests.
func TestMain(m *testing.M) {
	before := runtime.NumGoroutine()
	code := m.Run()
	for end := time.Now().Add(5 * time.Second); code == 0 && runtime.NumGoroutine() > before; {
		if time.Now().After(end) {
			buf := make([]byte, 1<<20)
			os.Stderr.Write(buf[:runtime.Stack(buf, true)])
			code = 1
		}
		time.Sleep(10 * time.Millisecond)
	}
	os.Exit(code)
}
