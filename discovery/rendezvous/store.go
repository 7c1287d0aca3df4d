package rendezvous

import (
	"container/heap"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"
)

// grace is how long a record is kept beyond its TTL (spec 08 section 3.1).
const grace = 500 * time.Millisecond

// place is where a record is kept: one for each topic and node.
type place struct {
	topic string
	id    enode.ID
}

// entry is a record in the store.
type entry struct {
	place
	record  *enr.Record
	owner   netip.Prefix // who registered it
	expires time.Time
	inHeap  int // index in store.expiry
	inTopic int // index in store.topics[topic]
}

// store keeps records until they expire. It owns no clock: methods get the
// time, and forget what has expired by then.
type store struct {
	maxRecords  int
	maxPerOwner int
	rand        *rand.Rand
	entries     map[place]*entry
	topics      map[string][]*entry
	owners      map[netip.Prefix]int // records of each owner
	expiry      expiryHeap
}

func newStore(maxRecords, maxPerOwner int, r *rand.Rand) *store {
	return &store{
		maxRecords: maxRecords, maxPerOwner: maxPerOwner, rand: r, entries: make(map[place]*entry),
		topics: make(map[string][]*entry), owners: make(map[netip.Prefix]int),
	}
}

// put keeps a record until ttl and grace are over, in place of the one that
// the node had there. The zero owner is not limited in its number of records.
// Records are public and whoever registers is not known: one that is kept from
// elsewhere stays for as long as it was to stay, and its owner's, or others
// could have it forgotten.
func (s *store) put(topic string, n *enode.Node, owner netip.Prefix, ttl time.Duration, now time.Time) (
	Status, string,
) {
	s.expire(now)
	at := place{topic, n.ID()}
	old := s.entries[at]
	if old != nil && n.Seq() < old.record.Seq() {
		return StatusRecord, "a newer record is registered"
	}
	if moved := old == nil || old.owner != owner; moved && owner.IsValid() && s.owners[owner] >= s.maxPerOwner {
		return StatusInternal, "too many records from this address"
	}
	expires := now.Add(ttl + grace)
	if old != nil {
		if old.owner != owner && old.expires.After(expires) {
			expires, owner = old.expires, old.owner
		}
		s.remove(old)
	} else if len(s.entries) >= s.maxRecords {
		return StatusInternal, "the registry is full"
	}
	e := &entry{place: at, record: n.Record(), owner: owner, expires: expires, inTopic: len(s.topics[topic])}
	s.entries[at] = e
	s.topics[topic] = append(s.topics[topic], e)
	if owner.IsValid() {
		s.owners[owner]++
	}
	heap.Push(&s.expiry, e)
	return StatusOK, ""
}

// sample returns up to limit records of a topic, chosen at random, none twice.
func (s *store) sample(topic string, limit int, now time.Time) []*enr.Record {
	s.expire(now)
	all := s.topics[topic]
	limit = min(limit, len(all))
	records := make([]*enr.Record, limit)
	// Floyd's way to draw without repeats, without touching all.
	drawn := make(map[int]bool, limit)
	for i := range records {
		last := len(all) - limit + i
		k := s.rand.IntN(last + 1)
		if drawn[k] {
			k = last
		}
		drawn[k] = true
		records[i] = all[k].record
	}
	s.rand.Shuffle(limit, func(i, j int) { records[i], records[j] = records[j], records[i] })
	return records
}

// count returns how many records and topics there are.
func (s *store) count(now time.Time) (records, topics int) {
	s.expire(now)
	return len(s.entries), len(s.topics)
}

// expire forgets records whose time is over.
func (s *store) expire(now time.Time) {
	for len(s.expiry) > 0 && !now.Before(s.expiry[0].expires) {
		s.remove(s.expiry[0])
	}
}

func (s *store) remove(e *entry) {
	heap.Remove(&s.expiry, e.inHeap)
	delete(s.entries, e.place)
	all := s.topics[e.topic]
	last := all[len(all)-1]
	all[e.inTopic], last.inTopic = last, e.inTopic
	all[len(all)-1] = nil
	if all = all[:len(all)-1]; len(all) == 0 {
		delete(s.topics, e.topic)
	} else {
		s.topics[e.topic] = all
	}
	if !e.owner.IsValid() {
		return
	}
	if s.owners[e.owner]--; s.owners[e.owner] == 0 {
		delete(s.owners, e.owner)
	}
}

// expiryHeap orders entries by their end.
type expiryHeap []*entry

func (h expiryHeap) Len() int           { return len(h) }
func (h expiryHeap) Less(i, j int) bool { return h[i].expires.Before(h[j].expires) }

func (h expiryHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].inHeap, h[j].inHeap = i, j
}

// Push implements heap.Interface.
func (h *expiryHeap) Push(x any) {
	e := x.(*entry) //nolint:errcheck,forcetypeassert // only entries are pushed
	e.inHeap = len(*h)
	*h = append(*h, e)
}

// Pop implements heap.Interface.
func (h *expiryHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return e
}
