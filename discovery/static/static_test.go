package static

import (
	"context"
	"net"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery"
)

var _ discovery.Source = (*Source)(nil)

func node(t *testing.T, ip net.IP, port int) *enode.Node {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return enode.NewV4(&key.PublicKey, ip, port, port)
}

func TestSearch(t *testing.T) {
	a, b, mail := node(t, net.IP{192, 0, 2, 1}, 1), node(t, nil, 0), node(t, net.IP{192, 0, 2, 3}, 3)
	bare, lost, stolen := node(t, nil, 0), node(t, nil, 0), node(t, nil, 0)
	named := enode.MustParse(bareURL(b) + "@relay.example.org:30303")
	home := enode.NewV4(bare.Pubkey(), net.IP{192, 0, 2, 9}, 9, 9)
	cfg := Config{Nodes: map[discovery.Topic][]*enode.Node{
		discovery.TopicRelay: {bare, a, lost, named, stolen}, discovery.TopicMail: {mail},
	}}
	collect := func(cfg Config, topic discovery.Topic) map[*enode.Node]bool {
		t.Helper()
		got := make(map[*enode.Node]bool)
		if err := New(cfg).Search(t.Context(), topic, func(n *enode.Node) { got[n] = true }); err != nil {
			t.Error(err)
		}
		return got
	}
	if got := collect(cfg, discovery.TopicRelay); len(got) != 2 || !got[a] || !got[named] {
		t.Errorf("relays: %v", got)
	}
	if got := collect(cfg, discovery.TopicMail); len(got) != 1 || !got[mail] {
		t.Errorf("mailservers: %v", got)
	}
	if got := collect(cfg, "other"); len(got) != 0 {
		t.Errorf("other: %v", got)
	}
	cfg.Resolve = func(_ context.Context, n *enode.Node) *enode.Node {
		switch n {
		case bare:
			return home
		case stolen:
			return a
		}
		return nil
	}
	if got := collect(cfg, discovery.TopicRelay); len(got) != 3 || !got[home] {
		t.Errorf("resolved: %v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	if err := New(cfg).Search(ctx, discovery.TopicRelay, func(*enode.Node) { n++; cancel() }); err != nil || n != 1 {
		t.Errorf("%d after the end, %v", n, err)
	}
}

func bareURL(n *enode.Node) string { return enode.NewV4(n.Pubkey(), nil, 0, 0).URLv4() }

// TestOrderIsRandom: clients with the same list do not all begin with the same
// node.
func TestOrderIsRandom(t *testing.T) {
	var nodes []*enode.Node
	for i := range 4 {
		nodes = append(nodes, node(t, net.IP{192, 0, 2, byte(i)}, 1))
	}
	s := New(Config{Nodes: map[discovery.Topic][]*enode.Node{"t": nodes}})
	first := make(map[*enode.Node]bool)
	for range 200 { // all the same: one chance in 4^199
		var got []*enode.Node
		if err := s.Search(t.Context(), "t", func(n *enode.Node) { got = append(got, n) }); err != nil || len(got) != 4 {
			t.Fatal(got, err)
		}
		first[got[0]] = true
	}
	if len(first) < 2 || nodes[0].TCP() != 1 {
		t.Error("the order is fixed")
	}
}
