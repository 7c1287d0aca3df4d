package node

import (
	"context"
	"crypto/ecdsa"
	"net"
	"net/netip"
	"time"

	gethlog "github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/discover"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/nat"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"statusd/internal/logx"
	"statusd/internal/wakuenr"
)

// Bounds of the search for peers.
const (
	// finderDials is the number of found nodes dialled at the same time.
	finderDials = 4
	// triedFor is how long a found node is left alone after a dial.
	triedFor = 5 * time.Minute
	// maxTried bounds the memory of dials; the oldest is forgotten first.
	maxTried = 1024
	// stopDiscovery bounds the end of the search and of the port mapping.
	stopDiscovery = 2 * time.Second
)

// finder walks the discovery network at random and dials nodes whose record
// says that they speak Waku, as long as the share of outgoing peers that the
// server allows is not full.
type finder struct {
	node  *Node
	udp   *discover.UDPv5
	limit int           // outgoing peers
	room  chan struct{} // capacity 1: a peer went, there may be room
}

// startDiscovery joins the discovery network on the UDP port of the number
// the server listens on.
func (n *Node) startDiscovery(life *lifecycle, srv *p2p.Server, key *ecdsa.PrivateKey) error {
	addr, err := netip.ParseAddrPort(srv.ListenAddr)
	if err != nil {
		return &ListenError{Addr: srv.ListenAddr, Err: err}
	}
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return &ListenError{Addr: srv.ListenAddr, Err: err}
	}
	srv.LocalNode().SetFallbackUDP(int(addr.Port()))
	udp, err := discover.ListenV5(conn, srv.LocalNode(), discover.Config{
		PrivateKey: key,
		Bootnodes:  n.cfg.BootNodes().Nodes(),
		Log:        gethlog.NewLogger(logx.GethHandler(n.root.Named("discv5"))),
	})
	if err != nil {
		_ = conn.Close()
		return &ListenError{Addr: srv.ListenAddr, Err: err}
	}
	life.onStop("discovery", stopDiscovery, udp.Close)
	if _, fixed := srv.NAT.(nat.ExtIP); srv.NAT != nil && !fixed && !addr.Addr().IsLoopback() {
		life.run("port mapping", stopDiscovery, func(ctx context.Context) error {
			nat.Map(srv.NAT, ctx.Done(), "UDP", int(addr.Port()), int(addr.Port()), "statusd discovery")
			return nil
		})
	}
	f := &finder{node: n, udp: udp, limit: srv.MaxDialedConns(), room: make(chan struct{}, 1)}
	n.mu.Lock()
	n.finder = f
	n.mu.Unlock()
	life.run("search for peers", stopDialling, f.Run)
	n.log.Info("discovery started", zap.Int("bootNodes", len(n.cfg.BootNodes())))
	return nil
}

// peerGone tells the finder that there may be room. It does not block.
func (f *finder) peerGone() {
	select {
	case f.room <- struct{}{}:
	default: // it knows already
	}
}

// Run searches until ctx ends.
func (f *finder) Run(ctx context.Context) error {
	nodes := enode.Filter(f.udp.RandomNodes(), speaksWaku)
	release := context.AfterFunc(ctx, nodes.Close)
	defer release()
	var dials errgroup.Group
	dials.SetLimit(finderDials)
	defer dials.Wait() //nolint:errcheck // the dials report nothing
	tried := newTriedSet()
	for f.waitForRoom(ctx) && nodes.Next() {
		found := nodes.Node()
		if f.node.peers.has(found.ID()) || !tried.add(found.ID(), time.Now()) {
			continue
		}
		dials.Go(func() error { // blocks while the limit is reached
			f.dial(ctx, found)
			return nil
		})
	}
	return nil
}

// waitForRoom blocks until another outgoing peer is wanted; false: ctx ended.
func (f *finder) waitForRoom(ctx context.Context) bool {
	for f.node.peers.outgoing() >= f.limit {
		select {
		case <-f.room:
		case <-ctx.Done():
			return false
		}
	}
	return ctx.Err() == nil
}

func (f *finder) dial(ctx context.Context, found *enode.Node) {
	if err := f.node.connect(ctx, found, true); err != nil && ctx.Err() == nil {
		f.node.log.Debug("found node cannot be reached", zap.Stringer("peer", found.ID()), zap.Error(err))
	}
}

// speaksWaku keeps nodes that say so in their record. Others are left to
// searches that know what they look for.
func speaksWaku(n *enode.Node) bool {
	_, ok := wakuenr.Of(n)
	return ok && n.TCP() != 0
}

// triedSet remembers which nodes were dialled lately.
type triedSet struct {
	at    map[enode.ID]time.Time
	order []enode.ID
}

func newTriedSet() *triedSet { return &triedSet{at: make(map[enode.ID]time.Time)} }

// add notes a dial and reports whether the last one is long enough ago.
func (s *triedSet) add(id enode.ID, now time.Time) bool {
	for len(s.order) > 0 && (len(s.order) >= maxTried || now.Sub(s.at[s.order[0]]) >= triedFor) {
		delete(s.at, s.order[0])
		s.order = s.order[1:]
	}
	if _, known := s.at[id]; known {
		return false
	}
	s.at[id] = now
	s.order = append(s.order, id)
	return true
}
