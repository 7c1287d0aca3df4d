// Package static is the source of nodes that somebody wrote down: the lists of
// a configuration or of a fleet file, each under the topic that its nodes
// serve. The package starts no goroutine and asks nobody.
package static

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery"
)

// Config sets up a Source.
type Config struct {
	// Nodes lists the nodes of each topic. A node without an address (a bare
	// id) is told only if Resolve finds one.
	Nodes map[discovery.Topic][]*enode.Node
	// Resolve looks for the present record of a node without an address; it
	// may block, and returns nil when there is none. nil: nobody looks.
	Resolve func(context.Context, *enode.Node) *enode.Node
}

// Source tells the nodes of lists. It is a discovery.Source.
type Source struct{ cfg Config }

// New returns a source of the nodes in cfg.
func New(cfg Config) *Source { return &Source{cfg} }

// Name implements discovery.Source.
func (s *Source) Name() string { return "static" }

// Search implements discovery.Source: it tells the nodes of a topic once, in
// random order, so that the nodes of a network do not all meet at the first
// entry of a list. Nodes without an address come last.
func (s *Source) Search(ctx context.Context, topic discovery.Topic, found func(*enode.Node)) error {
	nodes := slices.Clone(s.cfg.Nodes[topic])
	rand.Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
	var bare []*enode.Node
	for _, n := range nodes {
		switch {
		case ctx.Err() != nil:
			return nil
		case addressed(n):
			found(n)
		default:
			bare = append(bare, n)
		}
	}
	for _, n := range bare {
		if s.cfg.Resolve == nil || ctx.Err() != nil {
			return nil
		}
		if r := s.cfg.Resolve(ctx, n); r != nil && r.ID() == n.ID() && addressed(r) && ctx.Err() == nil {
			found(r)
		}
	}
	return nil
}

// addressed reports whether a node can be connected to.
func addressed(n *enode.Node) bool {
	return n.TCP() != 0 && (n.Hostname() != "" || n.IPAddr().IsValid() && !n.IPAddr().IsUnspecified())
}
