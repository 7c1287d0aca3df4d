//go:build integration

package runner

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"

	"statusd/discovery"
	"statusd/discovery/topdisc"
)

// TestClientFindsAdvertisers lets a client that knows one node find two that
// advertise.
func TestClientFindsAdvertisers(t *testing.T) {
	boot := start(t, nil, Config{Registrar: true, Params: quick()})
	want := make(map[enode.ID]bool)
	for i := range 8 {
		h := start(t, boot, Config{Registrar: true, Params: quick()})
		if i < 2 {
			h.advertise(t, discovery.TopicRelay)
			want[h.self.ID()] = true
			eventually(t, "registered", 10*time.Second, func() bool { return h.active(discovery.TopicRelay) > 0 })
		}
	}
	client := start(t, boot, Config{Params: quick()})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var mu sync.Mutex
	found := make(map[enode.ID]bool)
	began := time.Now()
	for len(found) < len(want) && ctx.Err() == nil {
		err := client.Search(ctx, discovery.TopicRelay, func(n *enode.Node) {
			mu.Lock()
			defer mu.Unlock()
			found[n.ID()] = true
			t.Logf("found %s after %s", n.ID().TerminalString(), time.Since(began))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for id := range found {
		if !want[id] {
			t.Errorf("found %s, which does not advertise", id)
		}
	}
	if len(found) != len(want) {
		t.Errorf("found %d, want %d", len(found), len(want))
	}
	t.Logf("client: %+v", client.Status())
}

// TestAdvertisementsLive: what is advertised stays findable over several
// lifetimes, follows the node's record, and is gone a lifetime after its end.
func TestAdvertisementsLive(t *testing.T) {
	p := quick()
	boot := start(t, nil, Config{Registrar: true, Params: p})
	relay := start(t, boot, Config{Registrar: true, Params: p})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- relay.Advertise(ctx, discovery.TopicRelay) }()
	ads := func() int { return boot.Status().Registrar.Ads }
	eventually(t, "registered", 10*time.Second, func() bool { return ads() == 1 })
	missing := 0
	for end := time.Now().Add(3 * p.Lifetime); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ads() != 1 {
			missing++
		}
	}
	if missing > 0 || boot.Status().Registrar.Renewed < 2 {
		t.Errorf("missing %d times, %+v", missing, boot.Status().Registrar)
	}

	client := start(t, boot, Config{Params: p})
	newest := func() (seq uint64) {
		err := client.Search(t.Context(), discovery.TopicRelay, func(n *enode.Node) { seq = max(seq, n.Seq()) })
		if err != nil {
			t.Error(err)
		}
		return seq
	}
	before := newest()
	relay.self.Set(enr.TCP(40404))
	eventually(t, "newer record found", 10*time.Second, func() bool { return newest() > before })

	cancel()
	if err := <-done; err != nil {
		t.Errorf("advertise: %v", err)
	}
	eventually(t, "expired", 2*p.Lifetime, func() bool { return ads() == 0 })
}

// TestThirtyNodes is a whole network: a client that knows one bootnode finds
// two relays and a mailserver among thirty nodes.
func TestThirtyNodes(t *testing.T) {
	p := quick()
	p.Lifetime = 20 * time.Second
	boot := start(t, nil, Config{Registrar: true, Params: p})
	want := map[discovery.Topic]map[enode.ID]bool{discovery.TopicRelay: {}, discovery.TopicMail: {}}
	var advertising []*host
	for i := range 29 {
		h := start(t, boot, Config{Registrar: true, Params: p})
		topic := discovery.TopicRelay
		if i == 2 {
			topic = discovery.TopicMail
		}
		if i < 3 {
			h.advertise(t, topic)
			want[topic][h.self.ID()] = true
			advertising = append(advertising, h)
		}
	}
	eventually(t, "everybody registered twice", 20*time.Second, func() bool {
		for _, h := range advertising {
			if h.active(discovery.TopicRelay)+h.active(discovery.TopicMail) < 2 {
				return false
			}
		}
		return true
	})
	client := start(t, boot, Config{Params: p})
	began := time.Now()
	for topic, ids := range want {
		left := len(ids)
		for left > 0 && time.Since(began) < 5*time.Second {
			seen := make(map[enode.ID]bool)
			err := client.Search(t.Context(), topic, func(n *enode.Node) { seen[n.ID()] = true })
			if err != nil {
				t.Fatal(err)
			}
			left = len(ids)
			for id := range seen {
				if !ids[id] {
					t.Errorf("%s: found %s, which does not advertise it", topic, id)
				}
				left--
			}
		}
		if left != 0 {
			t.Errorf("%s: %d of %d not found", topic, left, len(ids))
		}
	}
	t.Logf("cold: all found after %s", time.Since(began))
}

// TestIdleTraffic counts datagrams with the default constants: of a relay that
// is registered everywhere, of a registrar, and of a client that has searched.
func TestIdleTraffic(t *testing.T) {
	p := topdisc.Params{AllowLocal: true}
	boot := startOn(t, listen(t, nil, 0), Config{Registrar: true, Params: p})
	var relays []*host
	for i := range 20 {
		h := startOn(t, listen(t, boot.self.Node(), 0), Config{Registrar: true, Params: p})
		if i < 3 {
			h.advertise(t, discovery.TopicRelay)
			h.advertise(t, discovery.TopicMail)
			relays = append(relays, h)
		}
	}
	client := startOn(t, listen(t, boot.self.Node(), 0), Config{Params: p})
	for _, h := range relays {
		eventually(t, "registered", 30*time.Second, func() bool {
			return h.active(discovery.TopicRelay) > 0 && h.active(discovery.TopicMail) > 0
		})
	}
	if err := client.Search(t.Context(), discovery.TopicRelay, func(*enode.Node) {}); err != nil {
		t.Fatal(err)
	}
	client.stop()
	// The first minutes are registrations, as many as allowed, and discv5's
	// own search for nodes: rates are measured with STATUSD_IDLE=3m. A client
	// that has stopped must be silent at any time.
	settle, length := time.Second, 3*time.Second
	if d, err := time.ParseDuration(os.Getenv("STATUSD_IDLE")); err == nil {
		settle, length = 2*time.Minute, d
	}
	time.Sleep(settle)
	count := func() (sent []int64) {
		for _, h := range append(relays, boot, client) {
			sent = append(sent, h.conn.sent.Load())
		}
		return sent
	}
	before := count()
	time.Sleep(length)
	for i, sent := range count() {
		rate := float64(sent-before[i]) / length.Seconds()
		name := [...]string{"relay", "relay", "relay", "registrar", "client"}[i]
		t.Logf("%s: %.2f packets/s", name, rate)
		if name == "client" && rate > 0 {
			t.Errorf("%s sends %.2f packets/s", name, rate)
		}
	}
	t.Logf("relay: %+v", relays[0].Status())
}

// active returns the number of a node's registrations for a topic.
func (h *host) active(topic discovery.Topic) int {
	for _, t := range h.Status().Topics {
		if t.Topic == topic {
			return t.Active
		}
	}
	return 0
}
