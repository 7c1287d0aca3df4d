package testnet

import "math/rand/v2"

// Edge joins two nodes by their numbers.
type Edge struct{ A, B int }

// Line joins each of n nodes to the next.
func Line(n int) []Edge {
	var edges []Edge
	for i := 1; i < n; i++ {
		edges = append(edges, Edge{i - 1, i})
	}
	return edges
}

// Ring is a Line whose ends are joined.
func Ring(n int) []Edge { return append(Line(n), Edge{n - 1, 0}) }

// Star joins node 0 to all others.
func Star(n int) []Edge {
	var edges []Edge
	for i := 1; i < n; i++ {
		edges = append(edges, Edge{0, i})
	}
	return edges
}

// Random joins each of n nodes to k others, so that each has at least k
// links. The graph is a Ring with more links, hence connected.
func Random(n, k int, seed uint64) []Edge {
	rnd := rand.New(rand.NewPCG(seed, uint64(n)))
	edges := Ring(n)
	have := make(map[Edge]bool)
	degree := make([]int, n)
	for _, e := range edges {
		have[e], have[Edge{e.B, e.A}] = true, true
		degree[e.A]++
		degree[e.B]++
	}
	for a := range n {
		for degree[a] < min(k, n-1) {
			b := rnd.IntN(n)
			if a == b || have[Edge{a, b}] {
				continue
			}
			edges = append(edges, Edge{a, b})
			have[Edge{a, b}], have[Edge{b, a}] = true, true
			degree[a]++
			degree[b]++
		}
	}
	return edges
}

// Clusters makes two Random halves of n nodes, joined by one bridge, which is
// returned beside the edges of the halves.
func Clusters(n, k int, seed uint64) (edges []Edge, bridge Edge) {
	half := n / 2
	edges = Random(half, k, seed)
	for _, e := range Random(n-half, k, seed+1) {
		edges = append(edges, Edge{half + e.A, half + e.B})
	}
	return edges, Edge{half - 1, half}
}

// Distances returns the number of links from a node to each of n nodes, -1
// where there is no way.
func Distances(n int, edges []Edge, from int) []int {
	distance := make([]int, n)
	for i := range distance {
		distance[i] = -1
	}
	distance[from] = 0
	for queue := []int{from}; len(queue) > 0; queue = queue[1:] {
		for _, e := range edges {
			for _, pair := range []Edge{e, {e.B, e.A}} {
				if pair.A == queue[0] && distance[pair.B] < 0 {
					distance[pair.B] = distance[pair.A] + 1
					queue = append(queue, pair.B)
				}
			}
		}
	}
	return distance
}
