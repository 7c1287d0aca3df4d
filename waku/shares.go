package waku

import (
	"container/heap"
	"net/netip"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/prometheus/client_golang/prometheus"

	"statusd/waku/wire"
)

// Sizes of the networks whose peers count as one when the pool is full.
const (
	groupBits4 = 24
	groupBits6 = 48
)

// shares knows what of the pool was brought by whom, so that room is made at
// the cost of who takes most of it: of the group with the largest share, the
// member with the largest share, and of what that one brought, the envelope
// with the least proof of work, but first what others had brought before. Whoever takes less than an equal part loses
// nothing, however much others bring.
//
// A group is a network, so that somebody with many addresses in it has the part
// of one. Peers without a public address are a group each while they are
// connected; what such peers have left behind is one group, so that new
// identities do not add up. The own envelopes are a group too.
//
// The pool's lock guards everything here.
type shares struct {
	maxBytes, maxCount float64

	groups groupHeap
	byKey  map[groupKey]*group
	byID   map[enode.ID]*source
	own    *source
}

// groupKey names a group: a network, a peer, or, without either, those that
// are gone.
type groupKey struct {
	net netip.Prefix
	id  enode.ID
}

// group is some sources whose parts are added up.
type group struct {
	part
	key     groupKey
	members sourceHeap
	at      int // index in the heap of groups
}

// source is who brings envelopes: a peer, or this node.
type source struct {
	part
	id    enode.ID
	group *group // nil: forgotten
	users int    // connections
	byPoW powHeap
	at    int // index in the group's heap
}

// part is how much of the pool somebody takes.
type part struct {
	bytes int64
	count int
	share float64 // the larger of the shares of bytes and number
}

func newShares(maxBytes int64, maxCount int) *shares {
	s := &shares{
		maxBytes: float64(maxBytes), maxCount: float64(maxCount),
		byKey: make(map[groupKey]*group), byID: make(map[enode.ID]*source),
	}
	s.own = &source{users: 1}
	s.join(s.own, &group{})
	return s
}

// open returns the source of a peer that has connected; close gives it back.
func (s *shares) open(id enode.ID, addr netip.Addr) *source {
	src := s.byID[id]
	if src == nil {
		src = &source{id: id}
		s.byID[id] = src
	}
	src.users++
	s.move(src, s.groupOf(groupOf(id, addr)))
	return src
}

func (s *shares) close(src *source) {
	if src.users--; src.users > 0 {
		return
	}
	if src.group.key.net == (netip.Prefix{}) {
		s.move(src, s.groupOf(groupKey{}))
	}
	s.tidy(src)
}

// groupOf says with whom a peer is counted.
func groupOf(id enode.ID, addr netip.Addr) groupKey {
	addr = addr.Unmap()
	if !addr.IsGlobalUnicast() || addr.IsPrivate() { // one machine, or one house
		return groupKey{id: id}
	}
	bits := groupBits6
	if addr.Is4() {
		bits = groupBits4
	}
	net, _ := addr.Prefix(bits) // the bits are in range
	return groupKey{net: net}
}

func (s *shares) groupOf(key groupKey) *group {
	g := s.byKey[key]
	if g == nil {
		g = &group{key: key}
		s.byKey[key] = g
	}
	return g
}

// move puts a source into a group, with all it brought.
func (s *shares) move(src *source, to *group) {
	if src.group == to {
		return
	}
	s.leave(src)
	s.join(src, to)
}

func (s *shares) join(src *source, g *group) {
	src.group = g
	if len(g.members) == 0 {
		heap.Push(&s.groups, g)
	}
	heap.Push(&g.members, src)
	s.change(&g.part, src.bytes, src.count)
	heap.Fix(&s.groups, g.at)
}

func (s *shares) leave(src *source) {
	g := src.group
	if g == nil {
		return
	}
	heap.Remove(&g.members, src.at)
	s.change(&g.part, -src.bytes, -src.count)
	heap.Fix(&s.groups, g.at)
	if len(g.members) == 0 {
		heap.Remove(&s.groups, g.at)
		delete(s.byKey, g.key)
	}
	src.group = nil
}

// tidy forgets a source that is gone and of which nothing is left.
func (s *shares) tidy(src *source) {
	if src.users == 0 && src.count == 0 {
		s.leave(src)
		delete(s.byID, src.id)
	}
}

func (s *shares) change(p *part, bytes int64, count int) {
	p.bytes += bytes
	p.count += count
	p.share = max(float64(p.bytes)/s.maxBytes, float64(p.count)/s.maxCount)
}

// add counts an entry for the source that brought it, remove takes that back.
func (s *shares) add(e *entry, src *source, env *wire.Envelope) {
	e.by = src
	heap.Push(&src.byPoW, e)
	s.weigh(src, cost(env), 1)
}

func (s *shares) remove(e *entry, env *wire.Envelope) {
	src := e.by
	heap.Remove(&src.byPoW, e.powPos)
	s.weigh(src, -cost(env), -1)
	s.tidy(src)
}

// weigh changes the part of a source and puts it and its group in order.
func (s *shares) weigh(src *source, bytes int64, count int) {
	g := src.group
	s.change(&src.part, bytes, count)
	s.change(&g.part, bytes, count)
	if len(g.members) > 1 {
		heap.Fix(&g.members, src.at)
	}
	heap.Fix(&s.groups, g.at)
}

// also notes that somebody else brought a pooled envelope too. Of those of other
// groups the one whose group takes least counts: it answers for the envelope when
// the room of who brought it first has to be cut.
func (s *shares) also(e *entry, src *source) {
	if e.by == nil || src.group == e.by.group {
		return
	}
	if e.also == nil || e.also.group == nil || src.group.share < e.also.group.share {
		e.also = src
	}
}

// victim returns the entry that has to make room next. There is one. A second
// bringer takes over an entry only within an equal part, so that this costs it
// nothing of its own.
func (s *shares) victim() *entry {
	for {
		src := s.groups[0].members[0]
		e := src.byPoW[0]
		other, env := e.also, e.env.Load()
		e.also = nil
		if other == nil || other.group == nil || !s.fits(other.group, env) {
			return e
		}
		s.remove(e, env)
		e.late = true
		s.add(e, other, env)
	}
}

// fits reports whether a group stays within an equal part with an envelope more.
func (s *shares) fits(g *group, env *wire.Envelope) bool {
	with := g.part
	s.change(&with, cost(env), 1)
	return with.share < 1/float64(len(s.groups))
}

// Labels of waku_pool_share beside ids of peers.
const (
	shareOwn  = "own"
	shareGone = "gone"
)

// poolShares is a prometheus.Collector: what part of the pool each connected
// peer takes, those that are gone together, and this node itself.
type poolShares struct {
	pool *pool
	desc *prometheus.Desc
}

func newPoolShares(p *pool) poolShares {
	return poolShares{p, prometheus.NewDesc("waku_pool_share",
		"Share of the pool's bounds that envelopes brought by a peer take, 0 to 1; the largest makes room first.",
		[]string{"peer"}, nil)}
}

// Describe implements prometheus.Collector.
func (c poolShares) Describe(ch chan<- *prometheus.Desc) { ch <- c.desc }

// Collect implements prometheus.Collector.
func (c poolShares) Collect(ch chan<- prometheus.Metric) {
	for peer, share := range c.pool.shared() {
		ch <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, share, peer)
	}
}

// shared returns the share of each connected peer, of those that are gone and
// of this node.
func (p *pool) shared() map[string]float64 {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var gone part
	out := map[string]float64{shareOwn: p.shares.own.share}
	for id, src := range p.shares.byID {
		if src.users > 0 {
			out[id.String()] = src.share
		} else {
			p.shares.change(&gone, src.bytes, src.count)
		}
	}
	out[shareGone] = gone.share
	return out
}

// groupHeap and sourceHeap have the largest share first.
type groupHeap []*group

func (h groupHeap) Len() int           { return len(h) }
func (h groupHeap) Less(i, j int) bool { return h[i].share > h[j].share }
func (h groupHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

func (h *groupHeap) Push(x any) {
	g := x.(*group)
	g.at = len(*h)
	*h = append(*h, g)
}

func (h *groupHeap) Pop() any {
	old := *h
	g := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return g
}

type sourceHeap []*source

func (h sourceHeap) Len() int           { return len(h) }
func (h sourceHeap) Less(i, j int) bool { return h[i].share > h[j].share }
func (h sourceHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

func (h *sourceHeap) Push(x any) {
	s := x.(*source)
	s.at = len(*h)
	*h = append(*h, s)
}

func (h *sourceHeap) Pop() any {
	old := *h
	s := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return s
}
