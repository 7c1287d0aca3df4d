package discv5

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	gethlog "github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/p2p/discover"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery"
)

// quietTopics asks the boot nodes for a topic, as real ones do, and is told
// nothing.
type quietTopics struct {
	udp  *discover.UDPv5
	boot []*enode.Node
	done chan struct{} // closed when Run ended
}

func (q *quietTopics) Name() string { return "test" }

func (q *quietTopics) Run(ctx context.Context) error {
	<-ctx.Done()
	close(q.done)
	return nil
}

func (q *quietTopics) Search(ctx context.Context, _ discovery.Topic, found func(*enode.Node)) error {
	for _, n := range q.boot {
		if _, err := q.udp.Ping(n); err == nil {
			found(n)
		}
	}
	return nil
}

func (q *quietTopics) Advertise(ctx context.Context, _ discovery.Topic) error {
	<-ctx.Done()
	return nil
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

type running struct {
	*Endpoint
	place  Place
	latest *quietTopics
	stop   func()
}

// run runs an endpoint on loopback.
func run(t *testing.T, listen string, boot ...*enode.Node) *running {
	t.Helper()
	return runWith(t, listen, func(c *Config) { c.Boot = boot })
}

// runWith is run with a changed configuration.
func runWith(t *testing.T, listen string, change func(*Config)) *running {
	t.Helper()
	key := newKey(t)
	db, err := enode.OpenDB("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	local := enode.NewLocalNode(db, key)
	local.SetFallbackIP(net.IP{127, 0, 0, 1})
	r := &running{place: Place{Listen: netip.MustParseAddrPort(listen), Local: local}}
	cfg := Config{Key: key, GethLogger: gethlog.NewLogger(gethlog.DiscardHandler())}
	change(&cfg)
	boot := cfg.Boot
	cfg.Topics = func(udp *discover.UDPv5, _ *enode.LocalNode) (Topics, error) {
		r.latest = &quietTopics{udp, boot, make(chan struct{})}
		return r.latest, nil
	}
	r.Endpoint = New(cfg)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx, r.place) }()
	r.stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	return r
}

func TestOpenWhileUsed(t *testing.T) {
	boot := run(t, "127.0.0.1:0")
	udp, release, err := boot.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer boot.stop()
	client := run(t, "127.0.0.1:0", udp.Self())
	if st := client.Status(); st.Open || st.Opened != 0 {
		t.Fatalf("before the search: %+v", st)
	}
	found := 0
	if err := client.Search(t.Context(), discovery.TopicRelay, func(*enode.Node) { found++ }); err != nil || found != 1 {
		t.Fatalf("found %d, %v", found, err)
	}
	st := client.Status()
	if !st.Open || st.PacketsIn == 0 || st.PacketsOut == 0 {
		t.Fatalf("after the search: %+v", st)
	}
	// It stays open while somebody uses it, and closes then.
	_, keep, err := client.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client.Idle()
	if !client.Status().Open {
		t.Fatal("closed while in use")
	}
	keep()
	keep() // once more does nothing
	client.Idle()
	<-client.latest.done
	closed := client.Status()
	if closed.Open || closed.PacketsOut < st.PacketsOut {
		t.Fatalf("after the end: %+v", closed)
	}
	if fresh := client.Resolve(t.Context(), udp.Self()); fresh != nil {
		t.Error("resolved while closed")
	}
	release()
	client.stop()
	if _, _, err := client.Open(t.Context()); !errors.Is(err, ErrNotRunning) {
		t.Errorf("after the end of Run: %v", err)
	}
	if err := client.Search(t.Context(), discovery.TopicRelay, nil); !errors.Is(err, ErrNotRunning) {
		t.Errorf("after the end of Run: %v", err)
	}
}

func TestSilenceIsAnError(t *testing.T) {
	hole, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IP{127, 0, 0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer hole.Close()
	port := hole.LocalAddr().(*net.UDPAddr).Port
	client := run(t, "127.0.0.1:0", enode.NewV4(&newKey(t).PublicKey, net.IP{127, 0, 0, 1}, port, port))
	defer client.stop()
	if err := client.Search(t.Context(), discovery.TopicRelay, nil); !errors.Is(err, ErrSilent) {
		t.Errorf("got %v", err)
	}
}

func TestPortInUse(t *testing.T) {
	client := run(t, "127.0.0.1:0")
	defer client.stop()
	taken, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IP{127, 0, 0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	<-client.ready
	client.at.Listen = netip.MustParseAddrPort(taken.LocalAddr().String())
	if err := client.Advertise(t.Context(), discovery.TopicRelay); !errors.Is(err, ErrPort) {
		t.Errorf("got %v", err)
	}
	_ = taken.Close()
	if _, release, err := client.Open(t.Context()); err != nil {
		t.Error(err)
	} else {
		release()
	}
}

// TestBootNodesThatCannotBeUsed: an id without an address and a name that does
// not exist keep nobody from starting.
func TestBootNodesThatCannotBeUsed(t *testing.T) {
	at := func(ip net.IP, udp int) *enode.Node { return enode.NewV4(&newKey(t).PublicKey, ip, 0, udp) }
	e := New(Config{
		Boot: []*enode.Node{
			at(nil, 0), at(net.IP{127, 0, 0, 1}, 0), at(net.IP{127, 0, 0, 1}, 30301),
			at(nil, 30302).WithHostname("boot.example"), at(nil, 30303).WithHostname("gone.example"),
		},
		Lookup: func(_ context.Context, _, host string) ([]netip.Addr, error) {
			if host == "boot.example" {
				return []netip.Addr{netip.MustParseAddr("::ffff:192.0.2.7")}, nil
			}
			return nil, errors.New("no such host")
		},
	})
	var got []string
	for _, n := range e.bootNodes(t.Context()) {
		at, _ := n.UDPEndpoint()
		got = append(got, at.String())
	}
	if len(got) != 2 || got[0] != "127.0.0.1:30301" || got[1] != "192.0.2.7:30302" {
		t.Errorf("got %v", got)
	}
}
