package topdisc

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"
)

// MaxAux is the number of auxiliary records in an answer.
const MaxAux = 16

// MaxDistances is the number of distances in a request.
const MaxDistances = Buckets

// ranking keeps the nodes that come first in the order of
// keccak256(secret ‖ seed ‖ node id): the same for each page of an answer,
// another for each asker.
type ranking struct {
	secret *[32]byte
	seed   [8]byte
	limit  int
	ranked []ranked // sorted
}

type ranked struct {
	rank [32]byte
	node *enode.Node
}

func newRanking(secret *[32]byte, seed [8]byte, limit int) *ranking {
	return &ranking{secret: secret, seed: seed, limit: limit}
}

func (r *ranking) add(n *enode.Node) {
	id := n.ID()
	next := ranked{rank: crypto.Keccak256Hash(r.secret[:], r.seed[:], id[:]), node: n}
	if len(r.ranked) == r.limit {
		if bytes.Compare(next.rank[:], r.ranked[r.limit-1].rank[:]) >= 0 {
			return
		}
		r.ranked = r.ranked[:r.limit-1]
	}
	at, _ := slices.BinarySearchFunc(r.ranked, next, func(a, b ranked) int { return bytes.Compare(a.rank[:], b.rank[:]) })
	r.ranked = slices.Insert(r.ranked, at, next)
}

func (r *ranking) nodes() []*enode.Node {
	nodes := make([]*enode.Node, len(r.ranked))
	for i, n := range r.ranked {
		nodes[i] = n.node
	}
	return nodes
}

// Neighbours returns the live and capable nodes that a registrar knows at one
// distance from a service.
type Neighbours func(s Service, distance int) []*enode.Node

// Aux chooses the auxiliary records for an answer: one random node for each
// distance asked for, none that the asker would have to refuse. secret and
// seed make the choice repeatable.
func Aux(
	known Neighbours, s Service, distances []int, asker Peer, secret *[32]byte, seed [8]byte,
) []*enode.Node {
	var aux []*enode.Node
	var done [MaxDistance + 1]bool
	hash := crypto.Keccak256Hash(secret[:], seed[:])
	rng := rand.New(rand.NewPCG(binary.BigEndian.Uint64(hash[:]), binary.BigEndian.Uint64(hash[8:])))
	for _, d := range distances {
		if d < 1 || d > MaxDistance || done[d] || len(aux) == MaxAux {
			continue
		}
		done[d] = true
		nodes := known(s, d)
		start := 0
		if len(nodes) > 1 {
			start = rng.IntN(len(nodes))
		}
		for i := range nodes {
			n := nodes[(start+i)%len(nodes)]
			if n.ID() != asker.ID && CheckRelayed(asker.Addr, n) == nil {
				aux = append(aux, n)
				break
			}
		}
	}
	return aux
}
