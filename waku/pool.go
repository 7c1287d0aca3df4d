package waku

import (
	"container/heap"
	"net/netip"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/waku/wire"
)

// entryOverhead is what an entry costs in memory beside the envelope's bytes,
// about: the two structs, map slot, heap and log slots.
const entryOverhead = 384

// entry is one pooled envelope. The log of the pool keeps entries that have
// been removed until it is compacted; their env is nil.
type entry struct {
	env    atomic.Pointer[wire.Envelope]
	known  peerBits // which peers have it
	seq    uint64   // position in the log, increasing
	pow    float64  // with the adjustment of an envelope from the future
	topic  wire.Topic
	own    bool // posted here; a light node relays only these
	powPos int  // index in the heap of who brought it

	by   *source // who brought it, and answers for the room it takes
	also *source // somebody of another group who brought it later; nil: nobody
	late bool    // by was not the first who brought it
}

// pool holds the live envelopes, bounded in bytes and number. It is the source
// of truth for relay: a log in order of arrival, which every peer's writer
// reads from a cursor of its own. Envelopes leave when they expire or, when a
// bound is passed, as shares says.
//
// All methods are safe for concurrent use; none blocks on anything but mu.
type pool struct {
	maxBytes int64
	maxCount int

	last atomic.Uint64 // seq of the newest entry; written under mu

	mu      sync.RWMutex
	byHash  map[wire.Hash]*entry
	log     []*entry // ascending seq
	removed int      // entries of log without an envelope
	bytes   int64
	expiry  expiryIndex
	shares  *shares
	evicted hashRing
	ownGone []wire.Hash // own envelopes that left and are not reported yet
}

func newPool(maxBytes int64, maxCount int) *pool {
	return &pool{
		maxBytes: maxBytes, maxCount: maxCount,
		byHash: make(map[wire.Hash]*entry), shares: newShares(maxBytes, maxCount),
		expiry: expiryIndex{buckets: make(map[uint32][]*entry)},
	}
}

// get returns the entry of a pooled envelope, or nil.
func (p *pool) get(h wire.Hash) *entry {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.byHash[h]
}

// insert adds an envelope. It returns the entry, whether it is new, how many
// envelopes were evicted for it (possibly itself), and whether it expires
// before every other one. An envelope that was evicted not long ago is not
// new and has no entry.
func (p *pool) insert(
	env *wire.Envelope, pow float64, own bool, from *peerSlot,
) (e *entry, added bool, evicted int, first bool) {
	hash := env.Hash()
	p.mu.Lock()
	defer p.mu.Unlock()
	by := p.shares.own
	if from != nil && from.by != nil {
		by = from.by
	}
	if e := p.byHash[hash]; e != nil || p.evicted.has(hash) {
		if e != nil {
			p.shares.also(e, by)
		}
		return e, false, 0, false
	}
	e = &entry{pow: pow, topic: env.Topic(), own: own}
	if from != nil {
		e.known.set(from.n)
	}
	evicted, first = p.put(e, env, by)
	return e, true, evicted, first
}

// put adds an entry and makes room for it.
func (p *pool) put(e *entry, env *wire.Envelope, by *source) (evicted int, first bool) {
	e.seq = p.last.Add(1)
	e.env.Store(env)
	p.byHash[env.Hash()] = e
	p.log = append(p.log, e)
	p.bytes += cost(env)
	p.shares.add(e, by, env)
	first = p.expiry.add(env.Expiry(), e)
	for len(p.byHash) > p.maxCount || p.bytes > p.maxBytes && len(p.byHash) > 0 {
		victim := p.shares.victim()
		p.evicted.add(victim.env.Load().Hash(), victim)
		p.drop(victim)
		evicted++
	}
	p.compact()
	return evicted, first
}

// readmit takes an envelope again that was evicted, from a peer that has room
// for it: whoever brought it first and then flooded does not keep it from
// others. It counts as known to those that got it before. What peers bring again
// makes room before anything they brought first, so that a flood that comes by
// way of them costs them nothing. The entry is nil when there is no room.
func (p *pool) readmit(env *wire.Envelope, from *peerSlot) (e *entry, evicted int, first bool) {
	hash := env.Hash()
	p.mu.Lock()
	defer p.mu.Unlock()
	gone := p.evicted.set[hash]
	if gone == nil || from == nil || from.by == nil || p.byHash[hash] != nil {
		return nil, 0, false
	}
	gone.known.set(from.n)
	room := len(p.byHash) < p.maxCount && p.bytes+cost(env) <= p.maxBytes
	if !room && !p.shares.fits(from.by.group, env) {
		return nil, 0, false
	}
	e = &entry{pow: gone.pow, topic: gone.topic, late: true}
	e.known.add(&gone.known)
	evicted, first = p.put(e, env, from.by)
	return e, evicted, first
}

func cost(env *wire.Envelope) int64 { return int64(len(env.RLP())) + entryOverhead }

// drop removes a live entry everywhere but in the log and the expiry index.
func (p *pool) drop(e *entry) {
	env := e.env.Load()
	p.shares.remove(e, env)
	e.by, e.also = nil, nil // log and ring keep the entry, not who brought it
	delete(p.byHash, env.Hash())
	p.bytes -= cost(env)
	p.removed++
	e.env.Store(nil)
	if e.own {
		p.ownGone = append(p.ownGone, env.Hash())
	}
}

// takeOwnGone returns the own envelopes that have left since the last call.
func (p *pool) takeOwnGone() []wire.Hash {
	p.mu.Lock()
	defer p.mu.Unlock()
	gone := p.ownGone
	p.ownGone = nil
	return gone
}

// compact rebuilds the log and the expiry index when most of them is gone.
func (p *pool) compact() {
	if p.removed < 1024 || p.removed < len(p.log)/2 {
		return
	}
	live := make([]*entry, 0, len(p.log)-p.removed+64)
	for _, e := range p.log {
		if e.env.Load() != nil {
			live = append(live, e)
		}
	}
	p.log, p.removed = live, 0
	p.expiry.compact()
}

// expire removes every envelope whose expiry is before now (Unix seconds) and
// returns how many, and the next expiry if there is one.
func (p *pool) expire(now uint32) (removed int, next uint32, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.expiry.seconds) > 0 && p.expiry.seconds[0] < now {
		for _, e := range p.expiry.pop() {
			if e.env.Load() != nil {
				p.drop(e)
				removed++
			}
		}
	}
	p.compact()
	if len(p.expiry.seconds) == 0 {
		return removed, 0, false
	}
	return removed, p.expiry.seconds[0], true
}

// after copies into buf the entries whose seq is at least cursor, oldest
// first, removed ones included. It returns the filled part and the cursor
// behind it.
func (p *pool) after(cursor uint64, buf []*entry) ([]*entry, uint64) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	at := len(p.log)
	if at > 0 && p.log[at-1].seq >= cursor {
		at = sort.Search(len(p.log), func(i int) bool { return p.log[i].seq >= cursor })
	}
	buf = buf[:copy(buf[:cap(buf)], p.log[at:])]
	if len(buf) > 0 {
		cursor = buf[len(buf)-1].seq + 1
	}
	return buf, cursor
}

// greet starts to count what a peer brings; forget ends that.
func (p *pool) greet(slot *peerSlot, id enode.ID, addr netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	slot.by = p.shares.open(id, addr)
}

// forget clears a peer's bit everywhere, so that its number can be reused.
func (p *pool) forget(slot *peerSlot) {
	if slot.by != nil {
		p.mu.Lock()
		p.shares.close(slot.by)
		p.mu.Unlock()
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, e := range p.log {
		e.known.clear(slot.n)
	}
	for _, e := range p.evicted.set {
		e.known.clear(slot.n)
	}
}

// size returns the number of live envelopes and their cost in bytes.
func (p *pool) size() (count int, bytes int64) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return len(p.byHash), p.bytes
}

// maxEvicted bounds how many evicted envelopes are remembered, in some 200 bytes
// each.
const maxEvicted = 1 << 15

// hashRing remembers the latest maxEvicted entries that were evicted. An envelope
// that other peers still send after the pool had no room for it has been
// archived and matched against the filters already.
type hashRing struct {
	set  map[wire.Hash]*entry
	ring []wire.Hash
	next int
}

func (r *hashRing) has(h wire.Hash) bool {
	_, ok := r.set[h]
	return ok
}

func (r *hashRing) add(h wire.Hash, e *entry) {
	switch {
	case r.has(h): // evicted once more
	case r.set == nil:
		r.set = make(map[wire.Hash]*entry)
		fallthrough
	case len(r.ring) < maxEvicted:
		r.ring = append(r.ring, h)
	default:
		delete(r.set, r.ring[r.next])
		r.ring[r.next] = h
		r.next = (r.next + 1) % maxEvicted
	}
	r.set[h] = e
}

// expiryIndex groups entries by the second of their expiry.
type expiryIndex struct {
	buckets map[uint32][]*entry
	seconds uint32Heap // keys of buckets
}

// add reports whether the second is now the earliest and was not before.
func (x *expiryIndex) add(second uint32, e *entry) bool {
	bucket, ok := x.buckets[second]
	x.buckets[second] = append(bucket, e)
	if ok {
		return false
	}
	heap.Push(&x.seconds, second)
	return x.seconds[0] == second
}

// pop removes and returns the earliest bucket.
func (x *expiryIndex) pop() []*entry {
	second := heap.Pop(&x.seconds).(uint32)
	bucket := x.buckets[second]
	delete(x.buckets, second)
	return bucket
}

// compact forgets evicted entries.
func (x *expiryIndex) compact() {
	x.seconds = x.seconds[:0]
	for second, bucket := range x.buckets {
		live := bucket[:0]
		for _, e := range bucket {
			if e.env.Load() != nil {
				live = append(live, e)
			}
		}
		clear(bucket[len(live):])
		if len(live) == 0 {
			delete(x.buckets, second)
			continue
		}
		x.buckets[second] = live
		x.seconds = append(x.seconds, second)
	}
	heap.Init(&x.seconds)
}

type uint32Heap []uint32

func (h uint32Heap) Len() int           { return len(h) }
func (h uint32Heap) Less(i, j int) bool { return h[i] < h[j] }
func (h uint32Heap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *uint32Heap) Push(x any)        { *h = append(*h, x.(uint32)) }
func (h *uint32Heap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// powHeap orders the entries of a source for eviction: what others had brought
// before it, then the lowest proof of work, and of equals the oldest.
type powHeap []*entry

func (h powHeap) Len() int { return len(h) }
func (h powHeap) Less(i, j int) bool {
	if h[i].late != h[j].late {
		return h[i].late
	}
	if h[i].pow != h[j].pow {
		return h[i].pow < h[j].pow
	}
	return h[i].seq < h[j].seq
}

func (h powHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].powPos, h[j].powPos = i, j
}

func (h *powHeap) Push(x any) {
	e := x.(*entry)
	e.powPos = len(*h)
	*h = append(*h, e)
}

func (h *powHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return e
}
