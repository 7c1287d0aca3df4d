package waku

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"statusd/waku/wire"
)

// Host is one Waku node. Its methods are safe for concurrent use.
type Host struct {
	cfg     Config
	log     *zap.Logger
	metrics *metrics
	pool    *pool
	filters *filterSet
	limiter *limiter
	openers *openers
	slots   slotTable
	blocked map[enode.ID]bool // soft blacklist

	set   atomic.Pointer[settings]
	peers atomic.Pointer[[]*peer] // replaced whole under mu
	trust sync.Map                // enode.ID -> struct{}

	expiryMoved chan struct{} // capacity 1: the earliest expiry changed
	stopped     chan struct{} // closed when Run ends
	stopOnce    sync.Once

	mu      sync.Mutex // guards what follows and replacement of set and peers
	manual  *wire.Bloom
	delayed map[*time.Timer]struct{}
	ended   bool
	leaving sync.WaitGroup // delayed posts whose time has come; Add only before ended
}

// New checks the configuration and builds a host. It starts nothing.
func New(cfg Config) (*Host, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	h := &Host{
		cfg: cfg, log: cfg.Logger.Named("waku"), metrics: newMetrics(cfg.Metrics),
		pool: newPool(cfg.PoolBytes, cfg.PoolEnvelopes), filters: newFilterSet(),
		limiter: newLimiter(cfg.RateLimits), blocked: make(map[enode.ID]bool),
		expiryMoved: make(chan struct{}, 1), stopped: make(chan struct{}),
		delayed: make(map[*time.Timer]struct{}),
	}
	register(cfg.Metrics, newPoolShares(h.pool))
	h.openers = newOpeners(h)
	for _, id := range cfg.SoftBlacklist {
		h.blocked[id] = true
	}
	for _, id := range cfg.Trusted {
		h.TrustPeer(id)
	}
	h.peers.Store(&[]*peer{})
	s := &settings{minPoW: *cfg.MinPoW, maxMessageSize: cfg.MaxMessageSize, light: cfg.LightNode}
	s.interest = h.ownInterest(s.light)
	h.set.Store(s)
	return h, nil
}

// complete fills in defaults and checks values.
func (c *Config) complete() error {
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MinPoW == nil {
		pow := DefaultMinPoW
		c.MinPoW = &pow
	}
	if !validPoW(*c.MinPoW) {
		return fmt.Errorf("%w: minimum %v", ErrInvalidPoW, *c.MinPoW)
	}
	if c.MaxMessageSize == 0 {
		c.MaxMessageSize = DefaultMaxMessageSize
	}
	if c.MaxMessageSize > MaxMessageSizeCeiling {
		return ErrMessageSizeTooLarge
	}
	if c.PoolBytes <= 0 {
		c.PoolBytes = DefaultPoolBytes
	}
	if c.PoolEnvelopes <= 0 {
		c.PoolEnvelopes = DefaultPoolEnvelopes
	}
	if c.LightNode && c.FullNode {
		return errors.New("a node is either light or full, not both")
	}
	return nil
}

// Run expires envelopes and opens what filters want, until ctx ends. Then it
// ends the peers' connections; envelopes that wait to be opened are still
// handed to their filters. It can be called once.
func (h *Host) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return h.runExpiry(ctx) })
	g.Go(h.openers.run)
	// First of all nothing more is taken in: what is queued then is bounded.
	g.Go(func() error {
		<-ctx.Done()
		h.stop()
		return nil
	})
	return g.Wait()
}

// stop ends everything but the delivery of what is queued, and waits for
// delayed posts that are just leaving.
func (h *Host) stop() {
	h.stopOnce.Do(func() { close(h.stopped) })
	h.mu.Lock()
	h.ended = true
	for t := range h.delayed {
		t.Stop()
	}
	clear(h.delayed)
	h.mu.Unlock()
	h.leaving.Wait()
}

// runExpiry removes envelopes when their time is over: one timer, armed for
// the earliest expiry.
func (h *Host) runExpiry(ctx context.Context) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		now := h.cfg.Now()
		_, next, more := h.pool.expire(uint32(now.Unix()))
		h.reportExpired()
		h.observePool()
		timer.Stop()
		if more {
			timer.Reset(max(time.Unix(int64(next)+1, 0).Sub(now), time.Millisecond))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-h.expiryMoved:
		case <-timer.C:
		}
	}
}

func (h *Host) observePool() {
	count, bytes := h.pool.size()
	h.metrics.cached.Set(float64(count))
	h.metrics.poolBytes.Set(float64(bytes))
}

// Protocols returns the devp2p protocols to run: waku/1 first, then waku/0.
func (h *Host) Protocols() []p2p.Protocol {
	protocols := make([]p2p.Protocol, 0, 2)
	for _, version := range []uint{1, 0} {
		protocols = append(protocols, p2p.Protocol{
			Name: wire.ProtocolName, Version: version, Length: wire.ProtocolLength,
			Run:      func(pp *p2p.Peer, rw p2p.MsgReadWriter) error { return h.runPeer(version, pp, rw) },
			NodeInfo: func() any { return h.nodeInfo() },
			PeerInfo: func(id enode.ID) any {
				if s, ok := h.PeerStats(id); ok {
					return s
				}
				return nil
			},
		})
	}
	return protocols
}

// NodeInfo is what the host announces of itself, the node info of its
// protocols.
type NodeInfo struct {
	Version        string  `json:"version"`
	MaxMessageSize uint32  `json:"maxMessageSize"`
	MinimumPoW     float64 `json:"minimumPoW"`
}

func (h *Host) nodeInfo() NodeInfo {
	s := h.set.Load()
	return NodeInfo{"1", s.maxMessageSize, s.minPoW}
}

// Now returns the corrected wall clock that the host judges envelopes by.
func (h *Host) Now() time.Time { return h.cfg.Now() }

// Info reports what the host holds and demands.
func (h *Host) Info() Info {
	s := h.set.Load()
	count, bytes := h.pool.size()
	return Info{
		Messages: h.filters.waiting(nil), MinPoW: s.minPoW, MaxMessageSize: s.maxMessageSize,
		Envelopes: count, PoolBytes: bytes,
	}
}

// TrustPeer accepts peer-to-peer messages from a node id, now and after it
// reconnects, until UntrustPeer.
func (h *Host) TrustPeer(id enode.ID) { h.trust.Store(id, struct{}{}) }

// UntrustPeer takes TrustPeer back.
func (h *Host) UntrustPeer(id enode.ID) { h.trust.Delete(id) }

func (h *Host) trusted(id enode.ID) bool {
	_, ok := h.trust.Load(id)
	return ok
}

// peerByID returns the connected peer, or nil.
func (h *Host) peerByID(id enode.ID) *peer {
	for _, p := range *h.peers.Load() {
		if p.id == id {
			return p
		}
	}
	return nil
}

// PeerConnected reports whether the peer has finished the Waku handshake.
func (h *Host) PeerConnected(id enode.ID) bool { return h.peerByID(id) != nil }

// PeerCount returns the number of peers that have finished the handshake.
func (h *Host) PeerCount() int { return len(*h.peers.Load()) }

// ClosePeers ends the connections there are, as the end of Run does: a reader
// that is made to wait would not notice that its connection has ended.
func (h *Host) ClosePeers() {
	for _, p := range *h.peers.Load() {
		p.close(CloseStopped)
	}
}

// Forwarders returns the number of connected peers that pass on what they get:
// all but the light ones. Without any, nothing that is posted leaves.
func (h *Host) Forwarders() (n int) {
	for _, p := range *h.peers.Load() {
		if p.forwards() {
			n++
		}
	}
	return n
}

// Takers returns the number of connected peers that pass on what they get and
// would be sent an envelope with this topic and proof of work: they asked for
// the topic, and for no more work.
func (h *Host) Takers(topic wire.Topic, pow float64) (n int) {
	for _, p := range *h.peers.Load() {
		if v := p.view.Load(); p.forwards() && pow >= v.pow && v.wants(topic) {
			n++
		}
	}
	return n
}

// PeerStats describes a connected peer.
func (h *Host) PeerStats(id enode.ID) (PeerStats, bool) {
	if p := h.peerByID(id); p != nil {
		return p.stats(), true
	}
	return PeerStats{}, false
}

// addPeer makes a peer visible to relay; removePeer takes it back.
func (h *Host) addPeer(p *peer) {
	h.track(p)
	if h.cfg.Watcher != nil {
		h.cfg.Watcher.PeerUp(p.id)
	}
}

func (h *Host) track(p *peer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	old := *h.peers.Load()
	next := append(append(make([]*peer, 0, len(old)+1), old...), p)
	h.peers.Store(&next)
	h.metrics.peers.Set(float64(len(next)))
}

func (h *Host) removePeer(p *peer) {
	h.untrack(p)
	if h.cfg.Watcher != nil {
		h.cfg.Watcher.PeerDown(p.id)
	}
}

func (h *Host) untrack(p *peer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	old := *h.peers.Load()
	next := make([]*peer, 0, len(old))
	for _, q := range old {
		if q != p {
			next = append(next, q)
		}
	}
	h.peers.Store(&next)
	h.metrics.peers.Set(float64(len(next)))
}
