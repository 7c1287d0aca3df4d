package testnet

import (
	"context"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/waku"
	"statusd/waku/wire"
)

// Config sets up a network.
type Config struct {
	Seed uint64
	Link LinkConfig
	// Host returns the configuration of a node, whenever it starts. The clock
	// is set by the network. Nil, or no MinPoW: any proof of work will do.
	Host func(node int) waku.Config
	// Observe, if not nil, is called with each packet that a node sends,
	// before the link treats it, from the goroutine of the link; calls come
	// one at a time.
	Observe func(way Edge, code uint64, payload []byte)
}

// Net is a network of nodes.
type Net struct {
	tb      testing.TB
	cfg     Config
	nodes   []*Node
	links   map[Edge]*Link
	drawn   uint64 // random sources in use
	running sync.WaitGroup

	mu sync.Mutex // makes calls of Observe one at a time
}

// New makes a network without nodes. It must be called inside a bubble; the
// network ends with the test.
func New(tb testing.TB, cfg Config) *Net {
	tb.Helper()
	n := &Net{tb: tb, cfg: cfg, links: make(map[Edge]*Link)}
	tb.Cleanup(n.end)
	return n
}

// Build makes a network of n nodes joined by edges and waits until they are
// connected.
func Build(tb testing.TB, cfg Config, nodes int, edges []Edge) *Net {
	tb.Helper()
	n := New(tb, cfg)
	for range nodes {
		n.Add()
	}
	n.Connect(edges...)
	n.Settle(cfg.Link.Latency + cfg.Link.Jitter + time.Second)
	return n
}

func (n *Net) end() {
	for _, node := range n.nodes {
		node.Leave()
	}
	for _, l := range n.links {
		l.Close()
	}
	n.running.Wait()
}

func (n *Net) observe(e Edge, code uint64, payload []byte) {
	if n.cfg.Observe == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cfg.Observe(e, code, payload)
}

// Settle lets some time pass and then everybody finish what is to be done now.
func (n *Net) Settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// Nodes returns the number of nodes, those that are down included.
func (n *Net) Nodes() int { return len(n.nodes) }

// Node returns a node by its number, counted from zero.
func (n *Net) Node(i int) *Node { return n.nodes[i] }

// Add starts another node without connections.
func (n *Net) Add() *Node {
	n.tb.Helper()
	node := &Node{net: n, Index: len(n.nodes), ID: nodeID(len(n.nodes))}
	n.nodes = append(n.nodes, node)
	node.Start()
	return node
}

func nodeID(i int) (id enode.ID) {
	binary.BigEndian.PutUint64(id[:], uint64(i)+1)
	return id
}

// Link returns the latest connection between two nodes, nil if there was none.
func (n *Net) Link(e Edge) *Link {
	if l := n.links[e]; l != nil {
		return l
	}
	return n.links[Edge{e.B, e.A}]
}

// Connect joins nodes by links as the network's configuration says.
func (n *Net) Connect(edges ...Edge) {
	n.tb.Helper()
	for _, e := range edges {
		n.ConnectWith(e, n.cfg.Link)
	}
}

// ConnectWith joins two running nodes by a link of its own kind. An earlier
// one between them is closed.
func (n *Net) ConnectWith(e Edge, cfg LinkConfig) *Link {
	n.tb.Helper()
	if old := n.Link(e); old != nil {
		old.Close()
		synctest.Wait()
		delete(n.links, old.Edge)
	}
	a, b := n.nodes[e.A], n.nodes[e.B]
	if !a.Running() || !b.Running() {
		n.tb.Fatalf("connect %v: a node is down", e)
	}
	nearA, farA := p2p.MsgPipe()
	nearB, farB := p2p.MsgPipe()
	l := newLink(n, e, cfg, farA, farB)
	n.links[e] = l
	a.serve(b.ID, nearA)
	b.serve(a.ID, nearB)
	return l
}

// Node is one node of a network.
type Node struct {
	Index int
	ID    enode.ID

	net  *Net
	host *waku.Host
	stop func() // nil: down
	skew atomic.Int64
}

// Host returns the node's host. It is another one after each start.
func (d *Node) Host() *waku.Host { return d.host }

// Running reports whether the node is up.
func (d *Node) Running() bool { return d.stop != nil }

// Skew sets how far the node's clock is ahead of the true time.
func (d *Node) Skew(by time.Duration) { d.skew.Store(int64(by)) }

// Now returns what the node's clock shows.
func (d *Node) Now() time.Time { return time.Now().Add(time.Duration(d.skew.Load())) }

// Start starts a node that is down, with an empty memory.
func (d *Node) Start() {
	d.net.tb.Helper()
	if d.Running() {
		d.net.tb.Fatalf("node %d is up", d.Index)
	}
	var cfg waku.Config
	if d.net.cfg.Host != nil {
		cfg = d.net.cfg.Host(d.Index)
	}
	if cfg.MinPoW == nil {
		cfg.MinPoW = new(float64)
	}
	cfg.Now = d.Now
	host, err := waku.New(cfg)
	if err != nil {
		d.net.tb.Fatal(err)
	}
	d.host = host
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- host.Run(ctx) }()
	d.stop = func() {
		cancel()
		if err := <-done; err != nil {
			d.net.tb.Errorf("node %d: %v", d.Index, err)
		}
	}
}

// Leave stops the node in good order.
func (d *Node) Leave() {
	if d.Running() {
		d.stop()
		d.stop = nil
	}
}

// Crash ends the node's connections first, without a word, and with them its
// memory.
func (d *Node) Crash() {
	for _, l := range d.net.links {
		if l.A == d.Index || l.B == d.Index {
			l.Close()
		}
	}
	d.Leave()
}

// serve runs the node's side of a connection.
func (d *Node) serve(peer enode.ID, rw *p2p.MsgPipeRW) {
	proto := d.host.Protocols()[0]
	pp := p2p.NewPeerPipe(peer, "", []p2p.Cap{{Name: wire.ProtocolName, Version: proto.Version}}, rw)
	d.net.running.Go(func() {
		_ = proto.Run(pp, rw) // why it ended is the host's to count
		rw.Close()            //nolint:errcheck // always nil
	})
}
