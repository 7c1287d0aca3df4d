package topdisc

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/netutil"

	"statusd/internal/tdtenr"
)

// maxPerNet is the number of registrars of one /24 or /48 in a bucket.
const maxPerNet = 2

// Table is the view of the network from a service: registrars in buckets of
// distance from it (spec 08 section 2.2). It is not safe for concurrent use.
type Table struct {
	service Service
	self    enode.ID
	p       Params
	health  *Health
	rng     *rand.Rand
	buckets [Buckets][]*registrar
	known   map[enode.ID]*registrar
	unknown []*registrar // those of them that are not verified
	grown   uint64
}

// registrar is an entry of a Table.
type registrar struct {
	node     *enode.Node
	bucket   int
	net      netip.Prefix // invalid: local, not limited
	verified bool
	pingAt   time.Time // unverified: when to ask whether it is there
	pinging  bool
}

// NewTable returns an empty table of the node self.
func NewTable(s Service, self enode.ID, p Params, h *Health, rng *rand.Rand) *Table {
	return &Table{
		service: s, self: self, p: p.WithDefaults(), health: h, rng: rng, known: make(map[enode.ID]*registrar),
	}
}

// Service returns what the table is for.
func (t *Table) Service() Service { return t.service }

// Insert offers a node whose record was verified. live says that it answered
// lately. It reports whether the node is in the table now.
func (t *Table) Insert(n *enode.Node, live bool, now time.Time) bool {
	e := t.known[n.ID()]
	newer := e == nil || n.Seq() > e.node.Seq()
	if n.ID() == t.self || newer && !tdtenr.Capable(n) {
		return false
	}
	if e != nil {
		if newer {
			e.node = n
		}
		if live {
			t.verify(e)
		}
		return true
	}
	if t.health.Excluded(n.ID(), now) {
		return false
	}
	ip, port := endpoint(n)
	if !ip.IsValid() || port < minPort {
		return false
	}
	e = &registrar{node: n, bucket: BucketOf(t.service.Distance(n.ID())), verified: live}
	if !netutil.AddrIsLAN(ip) {
		e.net = network(ip, 24, 48)
	}
	if !t.room(e, now) {
		return false
	}
	if !live {
		e.pingAt = now.Add(time.Duration(t.rng.Int64N(int64(t.p.VerifyWithin))))
		t.unknown = append(t.unknown, e)
	}
	t.buckets[e.bucket] = append(t.buckets[e.bucket], e)
	t.known[n.ID()] = e
	t.grown++
	return true
}

// room makes room for an entry, in a full bucket at the expense of an excluded
// or the longest unverified one, and reports whether there is any.
func (t *Table) room(e *registrar, now time.Time) bool {
	bucket := t.buckets[e.bucket]
	same := 0
	for _, other := range bucket {
		if e.net.IsValid() && other.net == e.net {
			same++
		}
	}
	if same >= maxPerNet {
		return false
	}
	if len(bucket) < t.p.BucketSize {
		return true
	}
	victim := slices.IndexFunc(bucket, func(o *registrar) bool { return t.health.Excluded(o.node.ID(), now) })
	if victim < 0 { // entries are in order of insertion
		victim = slices.IndexFunc(bucket, func(o *registrar) bool { return !o.verified })
	}
	if victim < 0 {
		return false
	}
	delete(t.known, bucket[victim].node.ID())
	t.verify(bucket[victim]) // it needs no ping any more
	t.buckets[e.bucket] = slices.Delete(bucket, victim, victim+1)
	return true
}

// Succeeded notes that a registrar answered.
func (t *Table) Succeeded(id enode.ID) {
	t.health.succeeded(id)
	if e := t.known[id]; e != nil {
		t.verify(e)
	}
}

func (t *Table) verify(e *registrar) {
	if !e.verified {
		e.verified, e.pinging = true, false
		t.unknown = slices.DeleteFunc(t.unknown, func(o *registrar) bool { return o == e })
	}
}

// Failed notes that a request to a registrar ended with err.
func (t *Table) Failed(id enode.ID, err error, now time.Time) {
	t.health.failed(id, err, now)
	if e := t.known[id]; e != nil && e.pinging {
		e.pinging = false
		e.pingAt = now.Add(t.p.VerifyWithin)
	}
}

// Unverified returns up to limit nodes that are to be pinged now; Succeeded or
// Failed tells how it went.
func (t *Table) Unverified(limit int, now time.Time) []*enode.Node {
	var due []*enode.Node
	for _, e := range t.unknown {
		if len(due) < limit && !e.pingAt.After(now) && t.waits(e, now) {
			e.pinging = true
			due = append(due, e.node)
		}
	}
	return due
}

// NextPing returns when Unverified has something to return, zero for never.
func (t *Table) NextPing(now time.Time) (next time.Time) {
	for _, e := range t.unknown {
		if (next.IsZero() || e.pingAt.Before(next)) && t.waits(e, now) {
			next = e.pingAt
		}
	}
	return next
}

func (t *Table) waits(e *registrar, now time.Time) bool {
	return !e.pinging && !t.health.Excluded(e.node.ID(), now)
}

// Pick returns up to n registrars of a bucket, chosen at random among those
// that skip does not name and that are not excluded: verified ones or, when
// there is none of them left, others.
func (t *Table) Pick(bucket, n int, skip func(enode.ID) bool, now time.Time) []*enode.Node {
	var verified, others []*enode.Node
	entries := t.buckets[bucket]
	for _, i := range t.rng.Perm(len(entries)) {
		e := entries[i]
		switch {
		case skip(e.node.ID()) || t.health.Excluded(e.node.ID(), now):
		case e.verified:
			verified = append(verified, e.node)
		default:
			others = append(others, e.node)
		}
	}
	if len(verified) == 0 {
		verified = others
	}
	return verified[:min(n, len(verified))]
}

// Room returns the distances at which the table could hold more registrars.
func (t *Table) Room() []int {
	var distances []int
	for b, bucket := range t.buckets {
		if len(bucket) < t.p.BucketSize {
			distances = append(distances, DistanceOf(b))
		}
	}
	return distances
}

// Grown returns a number that changes when a registrar is added.
func (t *Table) Grown() uint64 { return t.grown }

// Len returns the number of registrars and how many were verified.
func (t *Table) Len() (nodes, verified int) {
	for b := range t.buckets {
		n, v := t.BucketLen(b)
		nodes, verified = nodes+n, verified+v
	}
	return nodes, verified
}

// BucketLen is Len for one bucket.
func (t *Table) BucketLen(bucket int) (nodes, verified int) {
	for _, e := range t.buckets[bucket] {
		if nodes++; e.verified {
			verified++
		}
	}
	return nodes, verified
}

// Verified calls yield for each registrar that answered,
// which may be handed on to others.
func (t *Table) Verified(yield func(*enode.Node)) {
	for _, bucket := range t.buckets {
		for _, e := range bucket {
			if e.verified {
				yield(e.node)
			}
		}
	}
}

// NeedsFill reports whether the table is too poor to begin with: fewer than
// five buckets have a registrar (spec 08 section 2.2).
func (t *Table) NeedsFill() bool {
	const enough = 5
	filled := 0
	for _, bucket := range t.buckets {
		if len(bucket) > 0 {
			filled++
		}
	}
	return filled < enough
}
