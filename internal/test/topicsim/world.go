package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sort"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"
	"github.com/ethereum/go-ethereum/p2p/netutil"

	"statusd/discovery"
	"statusd/discovery/topdisc"
	"statusd/internal/tdtenr"
)

// scenario is what a run is made of. Equal scenarios give equal results.
type scenario struct {
	Nodes      int
	Topics     int           // of Zipf popularity: the k-th has 1/k of the first's advertisers
	BadShare   float64       // of registrars: half of them dead, half hollow
	Loss       float64       // of datagrams
	Warmup     time.Duration // before measuring
	Measure    time.Duration
	SearchRate float64 // searches of a node per hour
	Similarity topdisc.Similarity
	Seed       uint64
}

// name identifies a scenario in tables and plots.
func (s scenario) name() string { return fmt.Sprintf("%d nodes, %s", s.Nodes, s.Similarity) }

// behaviour is what a node does as registrar.
type behaviour uint8

const (
	honest behaviour = iota
	dead             // answers nothing, although everybody believes it live
	hollow           // admits everybody at once, keeps nothing, names only its like
)

// farthest is the number of distances, from the farthest, at which there are
// nodes at all in networks of up to some millions.
const farthest = 24

// tableSize is the number of nodes in a bucket of the ordinary table.
const tableSize = 16

type world struct {
	scenario
	agenda
	params  topdisc.Params
	rng     *rand.Rand
	nodes   []*node // by node id
	byID    map[enode.ID]*node
	topics  []discovery.Topic
	weights []float64 // cumulative popularity
	hollows []*enode.Node
	count   measurements
}

// node is one participant. Every honest one advertises one topic.
type node struct {
	self      *enode.Node
	addr      netip.Addr
	behaviour behaviour
	registrar *topdisc.Registrar
	knows     []*node                                      // ordinary table, live as far as it knows
	near      map[topdisc.Service]*[farthest][]*enode.Node // of knows, by distance
	health    *topdisc.Health
	topic     int
	adv       *advert
	received  uint64 // requests, while measuring
}

func newWorld(s scenario) *world {
	w := &world{
		scenario: s,
		params:   topdisc.Params{Similarity: s.Similarity}.WithDefaults(),
		rng:      rand.New(rand.NewPCG(s.Seed, uint64(s.Nodes))),
		byID:     make(map[enode.ID]*node),
	}
	total := 0.0
	for k := range s.Topics {
		total += 1 / float64(k+1)
		w.topics = append(w.topics, discovery.Topic(fmt.Sprintf("topic-%d", k)))
		w.weights = append(w.weights, total)
	}
	for i := range s.Nodes {
		w.addNode(i)
	}
	slices.SortFunc(w.nodes, func(a, b *node) int {
		x, y := a.self.ID(), b.self.ID()
		return bytes.Compare(x[:], y[:])
	})
	for _, n := range w.nodes {
		w.acquaint(n)
	}
	return w
}

func (w *world) addNode(i int) {
	var seed [16]byte
	binary.BigEndian.PutUint64(seed[:], w.Seed)
	binary.BigEndian.PutUint64(seed[8:], uint64(i))
	key, err := crypto.ToECDSA(crypto.Keccak256(seed[:]))
	if err != nil {
		panic("topicsim: " + err.Error())
	}
	n := &node{addr: w.publicAddr(), topic: w.pickTopic(), health: topdisc.NewHealth(w.params)}
	var r enr.Record
	r.Set(enr.IPv4Addr(n.addr))
	r.Set(enr.UDP(30303))
	r.Set(enr.TCP(30303))
	r.Set(tdtenr.Version)
	r.SetSeq(1)
	if err := enode.SignV4(&r, key); err != nil {
		panic("topicsim: " + err.Error())
	}
	if n.self, err = enode.New(enode.ValidSchemes, &r); err != nil {
		panic("topicsim: " + err.Error())
	}
	switch x := w.rng.Float64(); {
	case x < w.BadShare/2:
		n.behaviour = dead
	case x < w.BadShare:
		n.behaviour = hollow
		w.hollows = append(w.hollows, n.self)
	default:
		cfg := topdisc.RegistrarConfig{Self: n.self.ID(), Params: w.params, Start: epoch()}
		for i := range cfg.Key {
			cfg.Key[i], cfg.Secret[i] = byte(w.rng.Uint32()), byte(w.rng.Uint32())
		}
		n.registrar = topdisc.NewRegistrar(cfg)
	}
	w.nodes = append(w.nodes, n)
	w.byID[n.self.ID()] = n
}

// publicAddr returns a random address that is not private or special.
func (w *world) publicAddr() netip.Addr {
	for {
		var raw [4]byte
		binary.BigEndian.PutUint32(raw[:], w.rng.Uint32())
		addr := netip.AddrFrom4(raw)
		ok := raw[0] > 0 && raw[0] < 224
		if ok && !netutil.AddrIsLAN(addr) && !netutil.AddrIsSpecialNetwork(addr) {
			return addr
		}
	}
}

// pickTopic draws a topic by its popularity.
func (w *world) pickTopic() int {
	return sort.SearchFloat64s(w.weights, w.rng.Float64()*w.weights[len(w.weights)-1])
}

// acquaint fills a node's ordinary table: in each bucket of distance from
// itself random nodes out of those there are.
func (w *world) acquaint(n *node) {
	id := n.self.ID()
	low, high := 0, len(w.nodes) // nodes that share the prefix looked at so far
	for bit := 0; bit < 256 && high-low > 1; bit++ {
		mask := byte(1) << (7 - bit%8)
		middle := low + sort.Search(high-low, func(i int) bool {
			other := w.nodes[low+i].self.ID()
			return other[bit/8]&mask != 0
		})
		from, to := middle, high // the other half
		if id[bit/8]&mask != 0 {
			from, to = low, middle
			low = middle
		} else {
			high = middle
		}
		n.knows = append(n.knows, w.sample(w.nodes[from:to], tableSize)...)
	}
}

// sample returns up to k random nodes out of all.
func (w *world) sample(all []*node, k int) []*node {
	if len(all) <= k {
		return all
	}
	picked := make([]*node, 0, k)
	seen := make(map[int]bool, k)
	for len(picked) < k {
		if i := w.rng.IntN(len(all)); !seen[i] {
			seen[i] = true
			picked = append(picked, all[i])
		}
	}
	return picked
}

// neighbours implements topdisc.Neighbours for a node.
func (n *node) neighbours(s topdisc.Service, distance int) []*enode.Node {
	near := n.near[s]
	if near == nil {
		near = new([farthest][]*enode.Node)
		for _, other := range n.knows {
			if i := topdisc.MaxDistance - s.Distance(other.self.ID()); i < farthest {
				near[i] = append(near[i], other.self)
			}
		}
		if n.near == nil {
			n.near = make(map[topdisc.Service]*[farthest][]*enode.Node)
		}
		n.near[s] = near
	}
	if i := topdisc.MaxDistance - distance; i < farthest {
		return near[i]
	}
	return nil
}

// table returns a node's view of the network from a topic.
func (w *world) table(n *node, topic int) *topdisc.Table {
	t := topdisc.NewTable(topdisc.ServiceOf(w.topics[topic]), n.self.ID(), w.params, n.health, w.newRNG())
	for _, other := range n.knows {
		t.Insert(other.self, true, w.time())
	}
	return t
}

func (w *world) newRNG() *rand.Rand {
	return rand.New(rand.NewPCG(w.rng.Uint64(), w.rng.Uint64()))
}
