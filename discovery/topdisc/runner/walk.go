package runner

import (
	"context"
	"slices"

	"github.com/ethereum/go-ethereum/p2p/enode"
)

// Bounds of a walk.
const (
	walkQueries  = 16 // nodes asked
	walkParallel = 3
	walkDistance = 3  // distances in a question
	walkNodes    = 64 // nodes kept to choose from
)

// walk looks for nodes near a target by asking ever nearer ones, like a lookup
// of go-ethereum, which cannot be cancelled and does not show what it passes.
// found gets every node that was named and, with live = true, every node that
// answered; one call at a time. When ctx ends it returns; questions under way
// are left behind and end within their timeout.
func (s *Service) walk(ctx context.Context, target enode.ID, found func(nodes []*enode.Node, live bool)) {
	w := walker{self: s.local.ID(), target: target, seen: make(map[enode.ID]bool)}
	w.add(s.udp.AllNodes())
	answers := make(chan answered, walkParallel) // one for each in flight: sending never blocks
	inFlight, left := 0, walkQueries
	for {
		for inFlight < walkParallel && left > 0 && ctx.Err() == nil {
			n := w.next()
			if n == nil {
				break
			}
			inFlight++
			left--
			go func() { // ends with the request
				nodes, err := s.udp.Findnode(n, distancesAround(enode.LogDist(target, n.ID())))
				answers <- answered{from: n, nodes: nodes, err: err}
			}()
		}
		if inFlight == 0 {
			return
		}
		var a answered
		select {
		case a = <-answers:
		case <-ctx.Done():
			return
		}
		inFlight--
		if len(a.nodes) > 0 || a.err == nil {
			found([]*enode.Node{a.from}, true)
			found(a.nodes, false)
			w.add(a.nodes)
		}
	}
}

type answered struct {
	from  *enode.Node
	nodes []*enode.Node
	err   error
}

// walker is what is known of the way: the nearest nodes not asked yet.
type walker struct {
	self, target enode.ID
	seen         map[enode.ID]bool
	todo         []*enode.Node // nearest first
}

func (w *walker) add(nodes []*enode.Node) {
	for _, n := range nodes {
		if n.ID() == w.self || w.seen[n.ID()] {
			continue
		}
		w.seen[n.ID()] = true
		w.todo = append(w.todo, n)
	}
	slices.SortFunc(w.todo, func(a, b *enode.Node) int { return enode.DistCmp(w.target, a.ID(), b.ID()) })
	w.todo = w.todo[:min(len(w.todo), walkNodes)]
}

func (w *walker) next() *enode.Node {
	if len(w.todo) == 0 {
		return nil
	}
	n := w.todo[0]
	w.todo = w.todo[1:]
	return n
}

// distancesAround returns a distance and those next to it.
func distancesAround(d int) []uint {
	distances := []uint{uint(d)} //nolint:gosec // 0 to 256
	for i := 1; len(distances) < walkDistance; i++ {
		if d+i <= 256 {
			distances = append(distances, uint(d+i)) //nolint:gosec // likewise
		}
		if d-i > 0 {
			distances = append(distances, uint(d-i)) //nolint:gosec // likewise
		}
	}
	return distances
}
