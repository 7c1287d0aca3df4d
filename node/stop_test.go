package node

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/nat"

	"statusd/configs"
)

// deafGateway holds up whoever asks it until the test ends.
type deafGateway struct {
	asked   chan struct{}
	release chan struct{}
}

func newDeafGateway(t *testing.T) *deafGateway {
	t.Helper()
	g := &deafGateway{make(chan struct{}, 16), make(chan struct{})}
	t.Cleanup(func() { close(g.release) })
	return g
}

func (g *deafGateway) wait() error {
	g.asked <- struct{}{}
	<-g.release
	return errors.New("too late")
}

func (g *deafGateway) AddMapping(string, int, int, string, time.Duration) (uint16, error) {
	return 0, g.wait()
}
func (g *deafGateway) DeleteMapping(string, int, int) error { return g.wait() }
func (g *deafGateway) ExternalIP() (net.IP, error)          { return nil, g.wait() }
func (g *deafGateway) String() string                       { return "deaf" }

// behind runs a node behind a gateway until stop is called.
func behind(t *testing.T, cfg *configs.Config, g nat.Interface) (n *Node, stop func(), done <-chan error) {
	t.Helper()
	n, err := New(cfg, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	n.network.natFor = func(*configs.Config) (nat.Interface, error) { return g, nil }
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	return n, cancel, ended
}

// TestStopDoesNotWaitForTheGateway: go-ethereum's server waits for the answers
// of its gateway, the node does not. No step exceeds its time, which would be
// an error, although the gateway does not answer before the test ends.
func TestStopDoesNotWaitForTheGateway(t *testing.T) {
	g := newDeafGateway(t)
	n, stop, done := behind(t, testConfig(t), g)
	<-n.Ready()
	<-g.asked
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestFailedStartDoesNotWaitForTheGateway: with a port that is taken, the
// server has asked its gateway already.
func TestFailedStartDoesNotWaitForTheGateway(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for range 10 {
		cfg := testConfig(t)
		cfg.ListenAddr = taken.Addr().String()
		_, stop, done := behind(t, cfg, newDeafGateway(t))
		var listen *ListenError
		if err := <-done; !errors.As(err, &listen) {
			t.Errorf("got %v", err)
		}
		stop()
	}
}

// TestStopDuringStartDoesNotWaitForTheDatabase: a database that does not answer
// is not waited for when the start is called off.
func TestStopDuringStartDoesNotWaitForTheDatabase(t *testing.T) {
	deaf, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	cfg := testConfig(t)
	cfg.WakuConfig.EnableMailServer = true
	cfg.WakuConfig.DatabaseConfig.PGConfig.Enabled = true
	uri := "postgres://test@" + deaf.Addr().String() + "/test?sslmode=disable&connect_timeout=3600"
	if err := cfg.WakuConfig.DatabaseConfig.PGConfig.URI.UnmarshalText([]byte(uri)); err != nil {
		t.Fatal(err)
	}
	n, err := New(cfg, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	asked, err := deaf.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer asked.Close()
	before := time.Now()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if took := time.Since(before); took >= startDatabase/2 {
		t.Errorf("it took %v", took)
	}
}
