package runner

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery"
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
			want[h.local.ID()] = true
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
	t.Logf("boot: %+v", boot.Status())
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
