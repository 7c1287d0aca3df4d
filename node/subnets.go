package node

import (
	"net"
	"net/netip"
	"sync"

	"github.com/ethereum/go-ethereum/p2p"
)

// Networks that count as one when inbound peers are counted: what one customer
// of a provider usually has.
const (
	inboundBits4 = 24
	inboundBits6 = 48
)

// minPerSubnet is the smallest limit that follows from MaxPeers.
const minPerSubnet = 2

// subnets counts inbound peers by their network, so that one machine with many
// identities cannot take every place. It is safe for concurrent use.
type subnets struct {
	public, local int // most peers of one network; local: of loopback, private and link-local addresses

	mu    sync.Mutex // guards peers
	peers map[netip.Prefix]int
}

// newSubnets makes the limits: the given one for every network or, for 0, a
// quarter of the inbound places for each public network, and a half for each
// local one, where an operator's own machines are.
func newSubnets(maxPeers, limit int) *subnets {
	s := &subnets{public: limit, local: limit, peers: make(map[netip.Prefix]int)}
	if limit == 0 {
		places := maxPeers - max(maxPeers/3, 1) // the server keeps a third for dialling
		s.public, s.local = max(places/4, minPerSubnet), max(places/2, minPerSubnet)
	}
	return s
}

// enter counts a peer. ok is false when its network has its places; otherwise
// leave must be called when it goes. Peers that we dialled, that are trusted or
// kept by configuration are not counted.
func (s *subnets) enter(p *p2p.Peer) (leave func(), ok bool) {
	nothing := func() {}
	if !p.Inbound() {
		return nothing, true
	}
	if info := p.Info(); info.Network.Trusted || info.Network.Static {
		return nothing, true
	}
	addr, isTCP := p.RemoteAddr().(*net.TCPAddr)
	if !isTCP {
		return nothing, true
	}
	return s.count(addr.AddrPort().Addr())
}

func (s *subnets) count(ip netip.Addr) (leave func(), ok bool) {
	ip = ip.Unmap().WithZone("")
	bits, limit := inboundBits6, s.public
	if ip.Is4() {
		bits = inboundBits4
	}
	if ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() {
		limit = s.local
	}
	network, err := ip.Prefix(bits)
	if err != nil {
		return func() {}, true // no address of either kind
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.peers[network] >= limit {
		return nil, false
	}
	s.peers[network]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.peers[network]--; s.peers[network] == 0 {
			delete(s.peers, network)
		}
	}, true
}
