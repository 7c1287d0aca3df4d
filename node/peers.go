package node

import (
	"context"
	"sync"

	"github.com/ethereum/go-ethereum/event"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"

	"statusd/api"
	"statusd/waku"
	"statusd/waku/wire"
)

// peerTable holds the peers whose protocol runs. Unlike the server's own list
// it is read without going through the server's loop.
type peerTable struct {
	mu    sync.Mutex // guards peers
	peers map[*p2p.Peer]struct{}
}

func newPeerTable() *peerTable { return &peerTable{peers: make(map[*p2p.Peer]struct{})} }

func (t *peerTable) add(p *p2p.Peer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.peers[p] = struct{}{}
}

func (t *peerTable) remove(p *p2p.Peer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.peers, p)
}

func (t *peerTable) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.peers)
}

// names returns the client name of each peer.
func (t *peerTable) names() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	names := make([]string, 0, len(t.peers))
	for p := range t.peers {
		names = append(names, p.Fullname())
	}
	return names
}

// watchPeers passes the server's peer events to the dialler until ctx ends.
// It never blocks: the server waits for slow listeners.
func (n *network) watchPeers(ctx context.Context, events <-chan *p2p.PeerEvent, sub event.Subscription) error {
	defer sub.Unsubscribe()
	for {
		select {
		case <-ctx.Done():
			return nil
		case ev := <-events:
			switch ev.Type {
			case p2p.PeerEventTypeAdd:
				n.dialler.Connected(ev.Peer)
				if s := n.finding.searching(); s != nil {
					s.pool.Connected(ev.Peer)
				}
				n.log.Debug("peer connected", zap.Stringer("peer", ev.Peer), zap.String("addr", ev.RemoteAddress))
			case p2p.PeerEventTypeMsgSend, p2p.PeerEventTypeMsgRecv: // not asked for
			case p2p.PeerEventTypeDrop:
				n.dialler.Dropped(ev.Peer)
				if s := n.finding.searching(); s != nil {
					s.pool.Dropped(ev.Peer, ev.Error)
				}
				n.log.Debug("peer gone", zap.Stringer("peer", ev.Peer), zap.String("reason", ev.Error))
			}
		}
	}
}

// srv returns the running server, nil when there is none.
func (n *network) srv() *p2p.Server {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.serving {
		return nil
	}
	return n.server
}

// NodeInfo describes this node, zero while the server is not running.
func (n *network) NodeInfo() api.NodeInfo {
	srv := n.srv()
	if srv == nil {
		return api.NodeInfo{Name: clientName(n.cfg.Name, n.deps.Version.Version)}
	}
	info := srv.NodeInfo()
	out := api.NodeInfo{
		ID: info.ID, Name: info.Name, Enode: info.Enode, ENR: info.ENR, IP: info.IP, Ports: api.NodePorts(info.Ports),
		ListenAddr: info.ListenAddr,
	}
	if w, ok := info.Protocols[wire.ProtocolName].(waku.NodeInfo); ok {
		out.Protocols.Waku = (*api.WakuProtocol)(&w)
	}
	return out
}

// Self returns the own node record, nil while the server is not running.
func (n *network) Self() *enode.Node {
	if srv := n.srv(); srv != nil {
		return srv.Self()
	}
	return nil
}

// PeersInfo describes the connected peers. For a kept peer Enode is the
// address it is dialled at, also when it connected to us.
func (n *network) PeersInfo() []api.PeerInfo {
	srv := n.srv()
	if srv == nil {
		return []api.PeerInfo{}
	}
	infos := srv.PeersInfo()
	out := make([]api.PeerInfo, len(infos))
	for i, info := range infos {
		out[i] = api.PeerInfo{
			ENR: info.ENR, Enode: info.Enode, ID: info.ID, Name: info.Name, Caps: info.Caps,
			Network: api.PeerNetwork(info.Network),
		}
		if stats, ok := info.Protocols[wire.ProtocolName].(waku.PeerStats); ok {
			out[i].Protocols.Waku = (*api.WakuPeer)(&stats)
		}
		id, err := enode.ParseID(info.ID)
		if err != nil {
			continue
		}
		if known := n.dialler.Target(id); known != nil {
			out[i].Enode, out[i].Network.Static = known.URLv4(), true
		}
	}
	return out
}

// PeerCount returns the number of peers whose protocol runs.
func (n *network) PeerCount() int { return n.peers.count() }

// Listening tells whether the peer-to-peer port is open.
func (n *network) Listening() bool { return n.srv() != nil }

// NetworkID returns the configured chain id.
func (n *network) NetworkID() uint64 { return n.cfg.NetworkID }

// DataDir returns the data directory.
func (n *network) DataDir() string { return n.cfg.DataDir }

// AddPeer stays connected to a node from now on, over the peer limit if need
// be. It does not wait for the connection.
func (n *network) AddPeer(node *enode.Node) error {
	n.mu.Lock()
	delete(n.mailPeers, node.ID()) // from now on wanted for more
	n.mu.Unlock()
	return n.keepPeer(node)
}

func (n *network) keepPeer(node *enode.Node) error {
	srv := n.srv()
	if srv == nil {
		return ErrNotConnected
	}
	if node.ID() == srv.LocalNode().ID() {
		return ErrSelf
	}
	if _, err := dialAddress(node); err != nil {
		return err
	}
	srv.AddTrustedPeer(node) // before the dial: the limit is checked then
	n.dialler.Add(node)
	if s := n.finding.searching(); s != nil {
		s.pool.Kept(node.ID(), true)
	}
	return nil
}

// RemovePeer forgets a node and disconnects it. A peer that came by itself
// can be disconnected too.
func (n *network) RemovePeer(node *enode.Node) error {
	srv := n.srv()
	if srv == nil {
		return ErrNotConnected
	}
	known := n.dialler.Remove(node.ID())
	if s := n.finding.searching(); s != nil {
		s.pool.Kept(node.ID(), n.trustedByName(node.ID()))
	}
	if !n.trustedByName(node.ID()) {
		srv.RemoveTrustedPeer(node)
	}
	if !disconnect(srv, node.ID()) && !known {
		return ErrNoPeer
	}
	return nil
}

// AddTrustedPeer lets a node connect over the peer limit.
func (n *network) AddTrustedPeer(node *enode.Node) error {
	srv := n.srv()
	if srv == nil {
		return ErrNotConnected
	}
	n.mu.Lock()
	n.trusted[node.ID()] = true
	n.mu.Unlock()
	srv.AddTrustedPeer(node)
	return nil
}

// RemoveTrustedPeer takes AddTrustedPeer back. A kept peer stays exempt from
// the limit.
func (n *network) RemoveTrustedPeer(node *enode.Node) error {
	srv := n.srv()
	if srv == nil {
		return ErrNotConnected
	}
	n.mu.Lock()
	delete(n.trusted, node.ID())
	n.mu.Unlock()
	if n.dialler.Target(node.ID()) == nil {
		srv.RemoveTrustedPeer(node)
	}
	return nil
}

// trustedByName reports whether the operator trusted a node explicitly.
func (n *network) trustedByName(id enode.ID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.trusted[id]
}

// SubscribeEvents passes on peer events, with the contract of
// p2p.Server.SubscribeEvents: the subscriber receives until it has
// unsubscribed, because the server waits for it.
func (n *network) SubscribeEvents(ch chan *p2p.PeerEvent) event.Subscription {
	srv := n.srv()
	if srv == nil {
		return event.NewSubscription(func(<-chan struct{}) error { return ErrNotConnected })
	}
	return srv.SubscribeEvents(ch)
}
