package pool

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery"
)

// network is a server whose nodes answer after a while, or never.
type network struct {
	pool  *Pool
	delay time.Duration
	dead  map[enode.ID]bool
	err   error

	mu    sync.Mutex
	peers map[enode.ID]bool
	drops int
}

func (n *network) Dial(ctx context.Context, to *enode.Node) error {
	if n.dead[to.ID()] {
		<-ctx.Done()
		return ctx.Err()
	}
	select {
	case <-time.After(n.delay):
	case <-ctx.Done():
		return ctx.Err()
	}
	if n.err != nil {
		return n.err
	}
	n.mu.Lock()
	n.peers[to.ID()] = true
	n.mu.Unlock()
	n.pool.Connected(to.ID())
	n.pool.Up(Peer{ID: to.ID(), IP: to.IPAddr()})
	return nil
}

func (n *network) Drop(id enode.ID) {
	n.mu.Lock()
	had := n.peers[id]
	delete(n.peers, id)
	n.drops++
	n.mu.Unlock()
	if had {
		n.pool.Dropped(id, p2p.DiscRequested.Error())
	}
}

func (n *network) Summary() any {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.peers)
}

func (n *network) count() int { return n.Summary().(int) }

// memory is a cache.
type memory struct {
	mu     sync.Mutex
	saved  map[discovery.Topic][]*enode.Node
	failed int
}

func (m *memory) Load(t discovery.Topic, limit int) ([]*enode.Node, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.saved[t][:min(limit, len(m.saved[t]))], nil
}

func (m *memory) Succeeded(t discovery.Topic, n *enode.Node) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.saved[t] = append(m.saved[t], n)
	return nil
}

func (m *memory) Failed(discovery.Topic, enode.ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failed++
	return errors.New("disk full")
}

// finder is a source that finds some nodes and then waits or ends.
type finder struct {
	nodes []*enode.Node
	wait  bool

	mu      sync.Mutex
	running int
}

func (f *finder) Name() string { return "finder" }

func (f *finder) Search(ctx context.Context, _ discovery.Topic, found func(*enode.Node)) error {
	f.add(1)
	defer f.add(-1)
	for _, n := range f.nodes {
		found(n)
	}
	if f.wait {
		<-ctx.Done()
	}
	return nil
}

func (f *finder) add(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running += n
}

func (f *finder) searching() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.running > 0
}

// ear keeps the signals.
type ear struct {
	mu   sync.Mutex
	kind []Signal
	last map[Signal]any
}

func (e *ear) Signal(kind Signal, event any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.kind = append(e.kind, kind)
	e.last[kind] = event
}

func (e *ear) count(kind Signal) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, k := range e.kind {
		if k == kind {
			n++
		}
	}
	return n
}

// start runs a pool for two relays and a mailserver inside a bubble.
func start(t *testing.T, net *network, f *finder, change func(*Config)) (*Pool, *ear, *memory) {
	t.Helper()
	e := &ear{last: map[Signal]any{}}
	m := &memory{saved: map[discovery.Topic][]*enode.Node{}}
	cfg := Config{
		Self: node(0).ID(), Server: net, Cache: m, Sources: []discovery.Source{f}, Sink: e,
		Topics: map[discovery.Topic]TopicConfig{relays: {Limits: Limits{2, 2}}},
	}
	if change != nil {
		change(&cfg)
	}
	p := New(cfg)
	net.pool, net.peers = p, map[enode.ID]bool{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if f.searching() {
			t.Error("a search outlives the pool")
		}
		if err := p.Discover(relays, Limits{1, 1}); !errors.Is(err, ErrNotRunning) {
			t.Errorf("after the end: %v", err)
		}
	})
	return p, e, m
}

func TestPoolConnectsAndStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := &network{delay: 50 * time.Millisecond}
		f := &finder{nodes: []*enode.Node{node(1), node(2), node(3)}, wait: true}
		idle := make(chan struct{}, 1)
		p, e, m := start(t, net, f, func(c *Config) { c.Idle = func() { idle <- struct{}{} } })
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		if net.count() != 2 || f.searching() {
			t.Fatalf("%d peers, searching %v", net.count(), f.searching())
		}
		begin := time.Now()
		<-idle
		if took := time.Since(begin); took > 11*time.Second {
			t.Errorf("idle after %v", took)
		}
		synctest.Wait()
		if e.count(SignalStarted) != 1 || e.count(SignalStopped) != 1 || e.count(SignalSummary) != 2 {
			t.Errorf("signals %v", e.kind)
		}
		if e.last[SignalSummary] != 2 || e.last[SignalStarted] != nil {
			t.Errorf("events %v", e.last)
		}
		if len(m.saved[relays]) != 2 {
			t.Errorf("saved %v", m.saved)
		}
		s := p.Status()
		if len(s.Topics) != 1 || !s.Topics[0].Satisfied || len(s.Topics[0].Connected) != 2 ||
			len(s.Topics[0].Pending) != 1 || s.Searching || !s.Holds(node(1).ID()) || s.Holds(node(3).ID()) {
			t.Errorf("status %+v", s)
		}
	})
}

// TestRepair06NothingBlocksTheOwner: one goroutine owns the state, and dials,
// drops and writes that hang do not hold it up.
func TestRepair06NothingBlocksTheOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := &network{dead: map[enode.ID]bool{node(1).ID(): true, node(2).ID(): true}}
		f := &finder{nodes: []*enode.Node{node(1), node(2), node(3), node(4)}, wait: true}
		p, _, _ := start(t, net, f, nil)
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		if net.count() != 2 {
			t.Errorf("%d peers", net.count())
		}
		for _, tt := range []struct {
			topic discovery.Topic
			l     Limits
			want  error
		}{
			{"", Limits{3, 1}, ErrTopic}, {relays, Limits{3, 1}, ErrRange}, {relays, Limits{-1, 1}, ErrRange},
			{relays, Limits{0, MaxPerTopic + 1}, ErrRange}, {relays, Limits{1, 1}, nil}, {"new", Limits{1, 2}, nil},
		} {
			if err := p.Discover(tt.topic, tt.l); !errors.Is(err, tt.want) {
				t.Errorf("%q %v: %v", tt.topic, tt.l, err)
			}
		}
		synctest.Wait()
		if net.count() != 1 || len(p.Status().Topics) != 2 {
			t.Errorf("%d peers, %d topics", net.count(), len(p.Status().Topics))
		}
		for i := range maxTopics {
			err := p.Discover(discovery.Topic(rune('a'+i)), Limits{0, 0})
			if (err != nil) != (i >= maxTopics-2) {
				t.Errorf("topic %d: %v", i, err)
			}
		}
	})
}

func TestPoolKnowsMailserversOfTheCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var got []enode.ID
		f := &finder{}
		start(t, &network{}, f, func(c *Config) {
			c.Cache.(*memory).saved[mails] = []*enode.Node{node(5)}
			c.Topics = map[discovery.Topic]TopicConfig{mails: {Limits: Limits{1, 1}, CacheOnly: true}}
			c.Known = func(_ discovery.Topic, n *enode.Node) {
				mu.Lock()
				defer mu.Unlock()
				got = append(got, n.ID())
			}
		})
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if len(got) != 1 || got[0] != node(5).ID() {
			t.Errorf("told %v", got)
		}
	})
}

func TestRefusalsAndStaleRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := &network{err: p2p.DiscTooManyPeers}
		f := &finder{nodes: []*enode.Node{node(1)}}
		resolved := make(chan struct{}, 10)
		p, _, _ := start(t, net, f, func(c *Config) {
			c.Resolve = func(_ context.Context, n *enode.Node) *enode.Node {
				resolved <- struct{}{}
				return n
			}
		})
		synctest.Wait()
		pending := p.Status().Topics[0].Pending
		if len(pending) != 1 || pending[0].State != "resting" || pending[0].Reason != ReasonTooMany {
			t.Fatalf("pending %+v", pending)
		}
		if len(resolved) != 0 {
			t.Error("resolved before the first dial")
		}
		time.Sleep(36 * time.Second)
		synctest.Wait()
		if len(resolved) != 1 {
			t.Errorf("resolved %d times", len(resolved))
		}
	})
}

func TestRunOnlyOnce(t *testing.T) {
	p := New(Config{Server: &network{}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Run(ctx); err != nil {
		t.Error(err)
	}
	if err := p.Run(ctx); err == nil {
		t.Error("ran twice")
	}
	p.Retry() // after the end: nobody listens, nobody waits
	p.Dropped(node(1).ID(), "")
}
