package rendezvous

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"statusd/discovery"
	"statusd/internal/wakuenr"
)

var (
	_ discovery.Source     = (*Client)(nil)
	_ discovery.Advertiser = (*Client)(nil)
)

// world is a network of n servers.
type world struct {
	net     *pipeNet
	servers []*running
}

func newWorld(t *testing.T, n int, limits Limits) *world {
	t.Helper()
	w := &world{net: newPipeNet()}
	for i := range n {
		w.servers = append(w.servers, start(t, ServerConfig{Limits: limits}, w.net, serverAt(i)))
	}
	return w
}

func serverAt(i int) string { return fmt.Sprintf("203.0.113.%d:30703", i+1) }

func (w *world) end(t *testing.T) {
	t.Helper()
	for _, s := range w.servers {
		s.end(t)
	}
}

func (w *world) nodes() []*enode.Node {
	var out []*enode.Node
	for i, s := range w.servers {
		ap := netip.MustParseAddrPort(serverAt(i))
		out = append(out, enode.NewV4(&s.key.PublicKey, net.IP(ap.Addr().AsSlice()), int(ap.Port()), 0))
	}
	return out
}

// client returns a client of all servers, at 198.51.100.host.
func (w *world) client(t *testing.T, host int, own func() *enode.Node, change func(*ClientConfig)) *Client {
	t.Helper()
	cfg := ClientConfig{Servers: w.nodes(), Record: own, Dial: w.net.dialer(fmt.Sprintf("198.51.100.%d:1", host))}
	if change != nil {
		change(&cfg)
	}
	c, err := NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func fixed(n *enode.Node) func() *enode.Node { return func() *enode.Node { return n } }

// goAdvertise runs Advertise until stop is called.
func goAdvertise(t *testing.T, c *Client, topic discovery.Topic) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Advertise(ctx, topic) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// holders returns which servers hold n records.
func (w *world) holders(n int) (out []int) {
	for i, s := range w.servers {
		if s.Stats().Records == n {
			out = append(out, i)
		}
	}
	return out
}

func TestClientRegistersAndFinds(t *testing.T) {
	for _, servers := range []int{1, 2, 6} {
		t.Run(fmt.Sprint(servers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, servers, Limits{})
				defer w.end(t)
				relay := signed(t, newKey(t), 1, "198.51.100.1", 30303, wakuenr.Entry{Version: 1, Caps: wakuenr.Relay})
				stop := goAdvertise(t, w.client(t, 1, fixed(relay), nil), discovery.TopicRelay)
				for range 60 { // a minute
					synctest.Wait()
					if got := len(w.holders(1)); got != min(servers, keepAt) {
						t.Fatalf("registered at %d servers", got)
					}
					time.Sleep(time.Second)
				}
				dials := w.net.dialled()
				if len(dials) != min(servers, keepAt) {
					t.Errorf("%d connections in a minute: %v", len(dials), dials)
				}
				ctx, cancel := context.WithCancel(t.Context())
				began := time.Now()
				other := w.client(t, 2, nil, nil)
				if err := other.Search(ctx, discovery.TopicRelay, func(n *enode.Node) {
					if n.ID() != relay.ID() || time.Since(began) != 0 {
						t.Errorf("found %s after %v", n, time.Since(began))
					}
					cancel()
				}); err != nil {
					t.Error(err)
				}
				if ctx.Err() == nil {
					t.Error("nothing found")
				}
				stop()
				synctest.Wait()
				if got := w.servers[0].Stats().Connections; got != 0 {
					t.Errorf("%d connections left", got)
				}
				time.Sleep(RegisterTTL + grace)
				if got := len(w.holders(0)); got != servers {
					t.Errorf("%d servers forgot", got)
				}
			})
		})
	}
}

func TestRegistrationMovesFromFailingServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 4, Limits{})
		own := signed(t, newKey(t), 1, "198.51.100.1", 30303)
		stop := goAdvertise(t, w.client(t, 1, fixed(own), nil), discovery.TopicRelay)
		synctest.Wait()
		spare, first := w.holders(0), w.holders(1)
		if len(spare) != 1 {
			t.Fatalf("not registered at %v", spare)
		}
		w.servers[first[0]].end(t)
		time.Sleep(renewal + time.Second)
		if got := w.servers[spare[0]].Stats().Records; got != 1 {
			t.Error("not registered at the spare server")
		}
		w.servers[first[1]].end(t) // no spare left: two remain
		time.Sleep(time.Hour)
		if got := len(w.holders(1)); got != 2 {
			t.Errorf("registered at %d servers", got)
		}
		if tries := strings.Count(strings.Join(w.net.dialled(), " "), serverAt(first[1])); tries < 5 || tries > 40 {
			t.Errorf("%d tries of a dead server in an hour", tries)
		}
		stop()
		for i, s := range w.servers {
			if i != first[0] && i != first[1] {
				s.end(t)
			}
		}
	})
}

func TestBackOff(t *testing.T) {
	f := newFleet(1, 0)
	now := epoch
	for _, want := range []time.Duration{5, 10, 20, 40, 80, 160, 300, 300} {
		f.failed(0, "x", now)
		f.failed(0, "y", now.Add(time.Second)) // at the same time
		if got := f.wakes(now).Sub(now); got != want*time.Second {
			t.Errorf("rest of %v, want %v", got, want*time.Second)
		}
		now = f.wakes(now)
		if !f.ready(0, now) || f.turn(now) != 0 || f.turn(now.Add(-1)) != -1 {
			t.Error("not ready when its rest ends")
		}
	}
	f.succeeded(0, now)
	f.failed(0, "x", now)
	if got := f.wakes(now).Sub(now); got != firstRest {
		t.Errorf("after a success: %v", got)
	}
}

func TestSearchAsksInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3, Limits{})
		defer w.end(t)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		began := time.Now()
		nobody := func(*enode.Node) { t.Error("found something") }
		if err := w.client(t, 1, nil, nil).Search(ctx, "whisper", nobody); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 10*time.Minute {
			t.Errorf("ended after %v", took)
		}
		for i, s := range w.servers {
			st := s.Stats()
			if st.Requests < 7 || st.Requests > 9 || st.Throttled != 0 {
				t.Errorf("server %d: %+v", i, st)
			}
		}
	})
}

func TestSearchFailsWithoutServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, Limits{})
		c := w.client(t, 1, nil, nil)
		w.servers[0].end(t)
		w.servers[1].end(t)
		w.net.silence(serverAt(1), true) // one refuses, one does not answer
		began := time.Now()
		err := c.Search(t.Context(), "whisper", nil)
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "possible in") {
			t.Errorf("got %v", err)
		}
		// The first one's rest ends while the second is waited for.
		if took, dials := time.Since(began), len(w.net.dialled()); took != DefaultTimeout+firstPause || dials != 3 {
			t.Errorf("took %v and %d dials", took, dials)
		}
		// A second search does not bother resting servers.
		err = c.Search(t.Context(), "whisper", nil)
		if again := len(w.net.dialled()); !errors.Is(err, ErrUnavailable) || again != 0 {
			t.Errorf("again: %v, %d dials", err, again)
		}
		for i, s := range c.Status() {
			if s.Failures == 0 || s.Reason == "" || s.RestsUntil.IsZero() || !s.LastAnswer.IsZero() {
				t.Errorf("server %d: %+v", i, s)
			}
		}
	})
}

// TestUnusableAddressIsNotRegistered: a record with a private address stays at
// home, until the server's answer makes it better.
func TestUnusableAddressIsNotRegistered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, Limits{})
		defer w.end(t)
		logs, seen := observer.New(zap.WarnLevel)
		key := newKey(t)
		var mu sync.Mutex
		own := signed(t, key, 1, "127.0.0.1", 30303)
		asked := 0
		c := w.client(t, 9, func() *enode.Node {
			mu.Lock()
			defer mu.Unlock()
			return own
		}, func(cfg *ClientConfig) {
			cfg.Logger = zap.New(logs)
			cfg.OnRemoteIP = func(a netip.Addr) {
				mu.Lock()
				defer mu.Unlock()
				if asked++; asked == 3 {
					own = signed(t, key, 2, a.String(), 30303)
				}
			}
		})
		stop := goAdvertise(t, c, discovery.TopicRelay)
		time.Sleep(15 * time.Second)
		if st := w.servers[0].Stats(); st.Records != 0 || st.Requests != 2 {
			t.Errorf("%+v", st)
		}
		time.Sleep(6 * time.Second)
		if st := w.servers[0].Stats(); st.Records != 1 {
			t.Errorf("not registered: %+v", st)
		}
		if n := seen.FilterMessageSnippet("no address").Len(); n != 1 {
			t.Errorf("%d warnings", n)
		}
		stop()
	})
}

// TestChangedRecordIsRegistered: the next renewal has the new record.
func TestChangedRecordIsRegistered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, Limits{})
		defer w.end(t)
		key := newKey(t)
		var mu sync.Mutex
		own := signed(t, key, 1, "198.51.100.1", 30303)
		stop := goAdvertise(t, w.client(t, 1, func() *enode.Node {
			mu.Lock()
			defer mu.Unlock()
			return own
		}, nil), discovery.TopicRelay)
		time.Sleep(time.Second)
		mu.Lock()
		own = signed(t, key, 2, "198.51.100.2", 30304)
		mu.Unlock()
		time.Sleep(renewal)
		ctx, cancel := context.WithCancel(t.Context())
		err := w.client(t, 2, nil, nil).Search(ctx, discovery.TopicRelay, func(n *enode.Node) {
			if n.Seq() != 2 || n.TCP() != 30304 {
				t.Errorf("found %s", n)
			}
			cancel()
		})
		if err != nil {
			t.Error(err)
		}
		stop()
	})
}

// TestRefusedRecord: a server that refuses the record is alive all the same.
func TestRefusedRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, Limits{})
		defer w.end(t)
		logs, seen := observer.New(zap.WarnLevel)
		key := newKey(t)
		newer := goAdvertise(t, w.client(t, 1, fixed(signed(t, key, 2, "198.51.100.1", 1)), nil), "whisper")
		synctest.Wait()
		old := w.client(t, 2, fixed(signed(t, key, 1, "198.51.100.1", 1)), func(c *ClientConfig) { c.Logger = zap.New(logs) })
		stop := goAdvertise(t, old, "whisper")
		time.Sleep(25 * time.Second)
		if n := seen.FilterMessageSnippet("refused").Len(); n < 2 || n > 4 {
			t.Errorf("%d warnings", n)
		}
		if s := old.Status()[0]; s.Failures != 0 || s.LastAnswer.IsZero() {
			t.Errorf("%+v", s)
		}
		stop()
		newer()
	})
}

func TestFoundNodesAreChecked(t *testing.T) {
	c := &Client{cfg: ClientConfig{Record: fixed(signed(t, newKey(t), 1, "198.51.100.1", 1))}}
	c.links = []*link{
		newLink(signed(t, newKey(t), 1, "203.0.113.1", 1), nil),
		newLink(signed(t, newKey(t), 1, "192.168.0.1", 1), nil),
		newLink(enode.MustParse(strings.Split(c.cfg.Record().URLv4(), "@")[0]+"@rdv.example.org:1"), nil),
	}
	public, lan := signed(t, newKey(t), 1, "198.51.100.7", 1), signed(t, newKey(t), 1, "192.168.0.7", 1)
	loop := signed(t, newKey(t), 1, "127.0.0.1", 1)
	for _, k := range []struct {
		name   string
		node   *enode.Node
		server int
		want   bool
		local  bool // wanted with AllowLocal
	}{
		{"public", public, 0, true, true}, {"public from LAN", public, 1, true, true},
		{"public from a name", public, 2, true, true},
		{"LAN", lan, 0, false, true}, {"LAN from LAN", lan, 1, true, true}, {"LAN from a name", lan, 2, false, true},
		{"loopback", loop, 0, false, true}, {"loopback from LAN", loop, 1, false, true},
		{"self", c.cfg.Record(), 0, false, false},
		{"no port", signed(t, newKey(t), 1, "198.51.100.7", 0), 0, false, false},
		{"no address", signed(t, newKey(t), 1, "", 1), 0, false, false},
		{
			"light", signed(t, newKey(t), 1, "198.51.100.7", 1, wakuenr.Entry{Version: 1, Caps: wakuenr.Light}),
			0, false, false,
		},
	} {
		c.cfg.AllowLocal = false
		if got := c.candidate(k.node, discovery.TopicRelay, k.server); got != k.want {
			t.Errorf("%s: %v", k.name, got)
		}
		c.cfg.AllowLocal = true
		if got := c.candidate(k.node, discovery.TopicRelay, k.server); got != k.local {
			t.Errorf("%s with local addresses: %v", k.name, got)
		}
	}
}

// TestMaliciousServer plays answers that no server should give.
func TestMaliciousServer(t *testing.T) {
	file := loadVectors(t)
	good := append([]byte{0xf8, 0x91, 0x80, 0x80, 0xf8, 0x8d}, file.Record...)
	for _, k := range []struct {
		name  string
		code  Code
		body  []byte
		found int // negative: and the server is not used any more
	}{
		{"good", CodeDiscoverResponse, good, 1},
		{"other type", CodeRegisterResponse, []byte("\xc2\x80\x80"), -1},
		{"no list", CodeDiscoverResponse, []byte{0x80}, -1},
		{"status 300", CodeDiscoverResponse, []byte("\xc5\x82\x01\x2c\x80\xc0"), -1},
		{"too large", CodeDiscoverResponse, make([]byte, MaxBody+1), -1},
		{"forged record", CodeDiscoverResponse, append(good[:len(good)-1:len(good)-1], 0xba), 0},
	} {
		t.Run(k.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network, key := newPipeNet(), newKey(t)
				listener := network.listen(serverAddr)
				defer listener.Close()
				go func() {
					for {
						conn, err := listener.Accept()
						if err != nil {
							return
						}
						c, err := secure(conn, key, nil, time.Now().Add(time.Minute))
						if err != nil {
							continue
						}
						for {
							if _, _, err := c.read(time.Now().Add(time.Hour)); err != nil {
								break
							}
							_ = c.write(k.code, k.body, time.Now().Add(time.Hour))
						}
						_ = conn.Close()
					}
				}()
				server := enode.NewV4(&key.PublicKey, net.IP{203, 0, 113, 1}, 30703, 0)
				client, err := NewClient(ClientConfig{Servers: []*enode.Node{server}, Dial: network.dialer("198.51.100.1:1")})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				found := 0
				err = client.Search(ctx, "whisper", func(*enode.Node) { found++ })
				if found != max(k.found, 0) || (err != nil) != (k.found < 0) {
					t.Errorf("found %d, error %v", found, err)
				}
			})
		})
	}
}

func TestClientConfigIsChecked(t *testing.T) {
	if _, err := NewClient(ClientConfig{}); !errors.Is(err, ErrNoServers) {
		t.Error(err)
	}
	bare := enode.NewV4(&newKey(t).PublicKey, nil, 0, 0)
	if _, err := NewClient(ClientConfig{Servers: []*enode.Node{bare}}); !errors.Is(err, ErrNoEndpoint) {
		t.Error(err)
	}
	c, err := NewClient(ClientConfig{Servers: []*enode.Node{signed(t, newKey(t), 1, "203.0.113.1", 1)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Advertise(t.Context(), "whisper"); err == nil {
		t.Error("advertises without a record")
	}
	c.cfg.Record = fixed(signed(t, newKey(t), 1, "203.0.113.1", 1))
	if err := c.Advertise(t.Context(), "a\xff"); err == nil {
		t.Error("advertises a bad topic")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Search(ctx, "whisper", nil); err != nil {
		t.Error(err)
	}
	if err := c.Advertise(ctx, "whisper"); err != nil {
		t.Error(err)
	}
}
