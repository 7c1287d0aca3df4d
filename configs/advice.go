package configs

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/multiaddr"
)

// lowPort is the highest UDP port that discv5 nodes do not pass on
// (go-ethereum v1.17.10, p2p/netutil; spec 08 section 1.4).
const lowPort = 1024

// Advice returns what works less well than its author may think. The
// configuration can be used all the same.
func (c *Config) Advice() []string {
	var out []string
	advise := func(key, format string, args ...any) {
		out = append(out, key+": "+fmt.Sprintf(format, args...))
	}
	publics := c.adviseBootNodes(advise)
	if !c.NoDiscovery {
		if port := portOf(c.ListenAddress()); port > 0 && port <= lowPort {
			advise("ListenAddr", "UDP port %d: discovery nodes do not tell each other of ports up to %d; "+
				"choose a higher one to be found", port, lowPort)
		}
	}
	if local(c.AdvertiseAddr) && publics > 0 {
		advise("AdvertiseAddr", "%s is an address of this machine or of a local network: nodes elsewhere do not accept it",
			c.AdvertiseAddr)
	}
	if c.Rendezvous {
		for _, text := range c.ClusterConfig.RendezvousNodes {
			if strings.HasPrefix(text, "/") {
				advise("ClusterConfig.RendezvousNodes", "%s: libp2p rendezvous is not supported, this server is not used", text)
			}
		}
	}
	return out
}

// adviseBootNodes returns how many boot nodes have public addresses.
func (c *Config) adviseBootNodes(advise func(key, format string, args ...any)) (publics int) {
	if c.NoDiscovery {
		return 0
	}
	const key = "ClusterConfig.BootNodes"
	locals := 0
	for _, ref := range c.BootNodes() {
		n := ref.Node()
		switch {
		case !n.IPAddr().IsValid() && n.Hostname() == "":
			advise(key, "%s has no address and is not used", short(n))
		case n.UDP() == 0:
			advise(key, "%s has no UDP port (discport=0) and is not used", short(n))
		case n.UDP() <= lowPort:
			advise(key, "%s listens on UDP port %d: discovery nodes do not tell each other of ports up to %d", short(n),
				n.UDP(), lowPort)
		}
		switch {
		case local(n.IPAddr()):
			locals++
		case n.IPAddr().IsValid():
			publics++
		}
	}
	if locals > 0 && publics > 0 {
		advise(key, "%d of %d are in a local network and the others are not: nodes do not accept local addresses from "+
			"public ones, so the two will not know of each other", locals, locals+publics)
	}
	return publics
}

// short is a node's id and address as warnings show it.
func short(n *enode.Node) string {
	host := n.Hostname()
	if host == "" && n.IPAddr().IsValid() {
		host = n.IPAddr().String()
	}
	if host == "" {
		return n.ID().TerminalString()
	}
	return n.ID().TerminalString() + " at " + host
}

// local reports whether an address is one that the internet does not route to.
func local(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast()
}

// checkRendezvousNode says what is wrong with the address of a rendezvous
// server. An address of libp2p is right, if of no use.
func checkRendezvousNode(text string) error {
	if strings.HasPrefix(text, "/") {
		_, err := multiaddr.Parse(text)
		return err
	}
	ref, err := ParseNodeRef(text)
	if err == nil && !ref.HasEndpoint() {
		err = errNoEndpoint
	}
	return err
}
