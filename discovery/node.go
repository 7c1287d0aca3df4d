package discovery

import (
	"net/netip"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/wakuenr"
)

// MayServe reports whether a node's record allows that the node serves topic.
// A record that says nothing of Waku allows everything: nodes of 2020 have no
// such entry (spec 08 §1.3).
func MayServe(n *enode.Node, topic Topic) bool {
	entry, ok := wakuenr.Of(n)
	if !ok {
		return true
	}
	switch topic {
	case TopicRelay:
		return entry.Caps.Has(wakuenr.Relay)
	case TopicMail:
		return entry.Caps.Has(wakuenr.Mailserver)
	}
	return true
}

// Local reports whether an address is of this machine or of a network that
// the internet does not route to.
func Local(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || sharedSpace().Contains(a)
}

// sharedSpace is the address space of carrier-grade NAT (RFC 6598).
func sharedSpace() netip.Prefix { return netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10) }

// Plausible reports whether a host at from may name addr as the address of a
// node: a public host names no local address, and only a host of this machine
// names this machine (spec 08 §1.4).
func Plausible(from, addr netip.Addr) bool {
	from, addr = from.Unmap(), addr.Unmap()
	switch {
	case !addr.IsValid() || addr.IsUnspecified() || addr.IsMulticast():
		return false
	case addr.IsLoopback():
		return from.IsLoopback()
	case Local(addr):
		return Local(from)
	}
	return true
}

// Reachable reports whether a record says where others can connect to: a TCP
// port and an address, a public one unless allowLocal.
func Reachable(n *enode.Node, allowLocal bool) bool {
	a := n.IPAddr().Unmap()
	if n.TCP() == 0 || !a.IsValid() || a.IsUnspecified() || a.IsMulticast() {
		return false
	}
	return allowLocal || !Local(a)
}
