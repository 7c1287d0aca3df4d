package discv5

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/discover"
	"github.com/ethereum/go-ethereum/p2p/enode"
)

// deaf holds up whoever asks until the test ends.
type deaf struct {
	asked   chan string
	release chan struct{}
}

func newDeaf(t *testing.T) *deaf {
	t.Helper()
	d := &deaf{make(chan string, 16), make(chan struct{})}
	t.Cleanup(func() { close(d.release) })
	return d
}

func (d *deaf) wait(what string) error {
	d.asked <- what
	<-d.release
	return errors.New("too late")
}

func (d *deaf) lookup(context.Context, string, string) ([]netip.Addr, error) {
	return nil, d.wait("name")
}

func (d *deaf) AddMapping(string, int, int, string, time.Duration) (uint16, error) {
	return 0, d.wait("mapping")
}
func (d *deaf) DeleteMapping(string, int, int) error { return d.wait("removal") }
func (d *deaf) ExternalIP() (net.IP, error)          { return nil, d.wait("address") }
func (d *deaf) String() string                       { return "deaf" }

// TestStopDoesNotWaitForAName: neither who asked for the endpoint nor its end
// waits for a resolver that ignores its context. If one did, the test would
// hang: the resolver answers afterwards only.
func TestStopDoesNotWaitForAName(t *testing.T) {
	d := newDeaf(t)
	named := enode.NewV4(&newKey(t).PublicKey, nil, 0, 30303).WithHostname("boot.example")
	e := runWith(t, "127.0.0.1:0", func(c *Config) { c.Boot, c.Lookup = []*enode.Node{named}, d.lookup })
	ctx, cancel := context.WithCancel(t.Context())
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { _, _, err := e.Open(ctx); first <- err }()
	if got := <-d.asked; got != "name" {
		t.Fatalf("asked for a %s", got)
	}
	impatient, leave := context.WithCancel(t.Context())
	go func() { _, _, err := e.Open(impatient); second <- err }()
	leave() // waits for its turn, or has not begun to
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("who waits for the turn: %v", err)
	}
	e.Idle()
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("who opens: %v", err)
	}
	go func() { _, _, err := e.Open(t.Context()); first <- err }()
	<-d.asked
	e.stop()
	if err := <-first; !errors.Is(err, ErrNotRunning) {
		t.Errorf("at the end: %v", err)
	}
}

// TestStopDoesNotWaitForAGateway that is asked to map the port.
func TestStopDoesNotWaitForAGateway(t *testing.T) {
	d := newDeaf(t)
	e := runWith(t, "0.0.0.0:0", func(c *Config) { c.NAT = d })
	if _, _, err := e.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-d.asked; got != "mapping" {
		t.Fatalf("asked for a %s", got)
	}
	e.stop()
}

// TestResolveEndsWithItsContext: go-ethereum asks a node that does not answer
// for seconds. If Resolve waited for that, the test would hang: the answer comes
// afterwards only.
func TestResolveEndsWithItsContext(t *testing.T) {
	d := newDeaf(t)
	e := run(t, "127.0.0.1:0")
	e.resolve = func(_ *discover.UDPv5, n *enode.Node) *enode.Node {
		_ = d.wait("record")
		return n
	}
	if _, _, err := e.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := enode.NewV4(&newKey(t).PublicKey, net.IP{127, 0, 0, 1}, 0, 30303)
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan *enode.Node, 1)
	go func() { answer <- e.Resolve(ctx, n) }()
	if got := <-d.asked; got != "record" {
		t.Fatalf("asked for a %s", got)
	}
	cancel()
	if got := <-answer; got != nil {
		t.Errorf("got %v", got)
	}
	e.stop()
}
