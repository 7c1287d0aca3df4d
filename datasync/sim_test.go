package datasync_test

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"statusd/datasync"
	"statusd/datasync/memstore"
)

var simStart = time.Unix(1_604_000_000, 0)

// sim joins nodes by lossy links in virtual time and checks what they do
// against a simple oracle: which bodies were appended for whom, and how often
// each was durably delivered.
type sim struct {
	tb    testing.TB
	rng   *rand.Rand
	now   time.Time
	nodes []*simNode
	wire  packets
	sent  int

	loss, dup, reorder float64
	latency            time.Duration
	cut                func(from, to int) bool // nil: no partition
	schedule           datasync.Schedule

	// The oracle.
	expected  map[simKey]time.Time // body and recipient, time of Append
	delivered map[simKey]time.Time
	receipts  map[datasync.Ref]*simReceipt
	payloads  int // handed to links
	bytes     int
}

type simKey struct {
	body string
	to   int
}

type simReceipt struct {
	recipients int
	ended      int
	complete   bool
}

// simNode is one account: the node in memory, the store on disk.
type simNode struct {
	sim   *sim
	index int
	id    datasync.PeerID
	node  *datasync.Node
	store *memstore.Store
	skew  time.Duration
	boots uint64
	modes map[datasync.PeerID]datasync.Mode
	// crash, when set, is consulted once per transaction.
	crash func() crashPoint
	count int // bodies appended
}

// crashPoint says where in a transaction a node dies, if at all.
type crashPoint int

const (
	noCrash crashPoint = iota
	crashBeforeCommit
	crashBeforeSend
	failCommit // the transaction is rolled back, the node lives on
)

var errCrash = errors.New("sim: crash")

type packet struct {
	at       time.Time
	seq      int
	from, to int
	payload  []byte
}

type packets []packet

func (p packets) Len() int { return len(p) }
func (p packets) Less(i, j int) bool {
	return cmp.Or(p[i].at.Compare(p[j].at), cmp.Compare(p[i].seq, p[j].seq)) < 0
}
func (p packets) Swap(i, j int) { p[i], p[j] = p[j], p[i] }
func (p *packets) Push(x any)   { *p = append(*p, x.(packet)) }
func (p *packets) Pop() any {
	old := *p
	last := old[len(old)-1]
	*p = old[:len(old)-1]
	return last
}

func newSim(tb testing.TB, nodes int, seed uint64, schedule datasync.Schedule) *sim {
	tb.Helper()
	s := &sim{
		tb: tb, rng: rand.New(rand.NewPCG(seed, 1)), now: simStart, schedule: schedule,
		latency:   schedule.Base / 40,
		expected:  make(map[simKey]time.Time),
		delivered: make(map[simKey]time.Time),
		receipts:  make(map[datasync.Ref]*simReceipt),
	}
	for i := range nodes {
		n := &simNode{sim: s, index: i, id: simPeer(i), store: memstore.New(), modes: make(map[datasync.PeerID]datasync.Mode)}
		n.boot()
		s.nodes = append(s.nodes, n)
	}
	return s
}

func simPeer(i int) datasync.PeerID {
	p := datasync.PeerID{4}
	copy(p[1:], fmt.Sprintf("node %027d%032d", i, i))
	return p
}

// boot makes a new node, as after a restart: everything else is stored.
func (n *simNode) boot() {
	n.boots++
	node, err := datasync.New(datasync.Config{
		Self: n.id, Schedule: n.sim.schedule,
		Jitter: rand.NewPCG(n.boots, uint64(n.index)),
	})
	if err != nil {
		n.sim.tb.Fatal(err)
	}
	n.node = node
}

// next returns when the node has something to do.
func (n *simNode) next() (next time.Time) {
	err := n.store.View(context.Background(), func(tx *memstore.Tx) (err error) {
		next, err = n.node.Next(tx)
		return err
	})
	if err != nil {
		n.sim.tb.Fatal(err)
	}
	return next
}

func (n *simNode) clock() time.Time { return n.sim.now.Add(n.skew) }

// transact runs work, then Due, in one transaction and sends when it is
// durable. It reports whether the transaction committed.
func (n *simNode) transact(work func(tx *memstore.Tx) (datasync.Effects, error)) bool {
	point := noCrash
	if n.crash != nil {
		point = n.crash()
	}
	var all []datasync.Delivery
	var receipts []datasync.Receipt
	var sends [][2][]byte
	err := n.store.Update(context.Background(), func(tx *memstore.Tx) error {
		e, err := work(tx)
		if err != nil {
			return err
		}
		due, err := n.node.Due(tx, n.clock())
		if err != nil {
			n.sim.tb.Fatal(err)
		}
		for _, part := range []datasync.Effects{e, due} {
			all = append(all, part.Deliveries...)
			receipts = append(receipts, part.Receipts...)
			for _, send := range part.Sends {
				payload, err := send.Encode(tx.Body)
				if err != nil {
					n.sim.tb.Fatal(err)
				}
				if len(payload) != send.Bytes || len(payload) == 0 {
					n.sim.tb.Fatalf("payload of %d bytes, planned %d", len(payload), send.Bytes)
				}
				sends = append(sends, [2][]byte{send.To[:], payload})
			}
		}
		if point == crashBeforeCommit || point == failCommit {
			return errCrash
		}
		return nil
	})
	if err == nil {
		n.sim.check(n, all, receipts)
		if point != crashBeforeSend {
			for _, send := range sends {
				n.sim.send(n.index, send[0], send[1])
			}
		}
	}
	if point == crashBeforeCommit || point == crashBeforeSend {
		n.boot()
	}
	return err == nil
}

// send puts a payload on the link.
func (s *sim) send(from int, to, payload []byte) {
	s.payloads++
	s.bytes += len(payload)
	target := slices.IndexFunc(s.nodes, func(n *simNode) bool { return string(n.id[:]) == string(to) })
	copies := 1
	if s.rng.Float64() < s.dup {
		copies = 2
	}
	for range copies {
		if s.rng.Float64() < s.loss || s.cut != nil && s.cut(from, target) {
			continue
		}
		delay := s.latency
		if s.rng.Float64() < s.reorder {
			delay += time.Duration(s.rng.Int64N(int64(4*s.latency) + 1))
		}
		s.sent++
		heap.Push(&s.wire, packet{s.now.Add(delay), s.sent, from, target, payload})
	}
}

// append lets node i write a message for others.
func (s *sim) append(i int, size int, to ...int) {
	n := s.nodes[i]
	n.count++
	ref := datasync.Ref{byte(i), byte(n.count), byte(n.count >> 8), byte(n.count >> 16)}
	body := fmt.Sprintf("%d:%d:%0*d", i, n.count, size, n.count)
	out := datasync.Outgoing{Ref: ref, Body: []byte(body)}
	for _, k := range to {
		out.To = append(out.To, s.nodes[k].id)
	}
	if n.transact(func(tx *memstore.Tx) (datasync.Effects, error) {
		out.Mode = n.modes[out.To[0]]
		_, err := n.node.Append(tx, out, n.clock())
		return datasync.Effects{}, err
	}) {
		s.receipts[ref] = &simReceipt{recipients: len(to)}
		for _, k := range to {
			s.expected[simKey{body, k}] = s.now
		}
	}
}

// check feeds what a node durably did to the oracle.
func (s *sim) check(n *simNode, deliveries []datasync.Delivery, receipts []datasync.Receipt) {
	for _, d := range deliveries {
		key := simKey{string(d.Body), n.index}
		if _, ok := s.expected[key]; !ok {
			s.tb.Fatalf("node %d: delivered what nobody sent: %q", n.index, d.Body)
		}
		if _, twice := s.delivered[key]; twice {
			s.tb.Fatalf("node %d: delivered twice: %q", n.index, d.Body)
		}
		s.delivered[key] = s.now
	}
	for _, r := range receipts {
		want := s.receipts[r.Ref]
		switch {
		case want == nil || want.complete:
			s.tb.Fatalf("node %d: receipt too many: %+v", n.index, r)
		case r.Waiting != want.recipients-want.ended-1:
			s.tb.Fatalf("node %d: %d of %d recipients ended, and %d are waited for", n.index, want.ended+1, want.recipients,
				r.Waiting)
		}
		want.ended++
		want.complete = r.Waiting == 0
	}
}

// next returns the time of the next event.
func (s *sim) next() (time.Time, bool) {
	var next time.Time
	if len(s.wire) > 0 {
		next = s.wire[0].at
	}
	for _, n := range s.nodes {
		if t := n.next(); !t.IsZero() {
			if t = t.Add(-n.skew); t.Before(s.now) {
				t = s.now
			}
			if next.IsZero() || t.Before(next) {
				next = t
			}
		}
	}
	return next, !next.IsZero()
}

// run lets everything happen that is due until the given time.
func (s *sim) run(until time.Time) {
	for {
		at, ok := s.next()
		if !ok || at.After(until) {
			s.now = until
			return
		}
		s.now = at
		s.step()
	}
}

// step does what is due now: one packet, or the deadlines of all nodes.
func (s *sim) step() {
	if len(s.wire) > 0 && !s.wire[0].at.After(s.now) {
		p, _ := heap.Pop(&s.wire).(packet)
		in, ok := datasync.Unwrap(p.payload)
		if !ok {
			s.tb.Fatalf("not data sync: %x", p.payload)
		}
		n := s.nodes[p.to]
		n.transact(func(tx *memstore.Tx) (datasync.Effects, error) {
			return n.node.Handle(tx, s.nodes[p.from].id, in, n.clock())
		})
		return
	}
	for _, n := range s.nodes {
		if t := n.next(); !t.IsZero() && !t.After(n.clock()) {
			n.transact(func(*memstore.Tx) (datasync.Effects, error) { return datasync.Effects{}, nil })
		}
	}
}

// settle runs until nothing is outstanding, at most for limit, and checks that
// everything arrived exactly once and no state is left.
func (s *sim) settle(limit time.Duration) {
	s.tb.Helper()
	deadline := s.now.Add(limit)
	for {
		at, ok := s.next()
		if !ok {
			break
		}
		if at.After(deadline) {
			s.tb.Fatalf("not settled after %v", limit)
		}
		s.now = at
		s.step()
	}
	for key := range s.expected {
		if _, ok := s.delivered[key]; !ok {
			s.tb.Errorf("never delivered to %d: %.40q", key.to, key.body)
		}
	}
	for ref, r := range s.receipts {
		if !r.complete {
			s.tb.Errorf("no complete receipt for %v", ref)
		}
	}
	for _, n := range s.nodes {
		if states, bodies, _ := n.store.Counts(); states+bodies != 0 || !n.next().IsZero() {
			s.tb.Errorf("node %d keeps %d records, %d bodies, next %v", n.index, states, bodies, n.next())
		}
	}
}

// delays returns the sorted times from Append to delivery.
func (s *sim) delays() []time.Duration {
	var out []time.Duration
	for key, at := range s.delivered {
		out = append(out, at.Sub(s.expected[key]))
	}
	slices.Sort(out)
	return out
}

// quick is a schedule in milliseconds, of the acceptance test of the
// specification.
func quick() datasync.Schedule {
	s := datasync.DefaultSchedule()
	s.Base, s.Cap = 10*time.Millisecond, 80*time.Millisecond
	return s
}

// TestNinetyPercentLoss is the acceptance test: a link that drops nine of ten
// payloads each way, duplicates and reorders, and a restart in the middle.
func TestNinetyPercentLoss(t *testing.T) {
	for seed := range uint64(5) {
		s := newSim(t, 2, seed, quick())
		s.loss, s.dup, s.reorder = 0.9, 1, 0.5
		for i := range 100 {
			s.append(i%2, 50, 1-i%2)
			if i == 50 {
				s.nodes[0].boot()
			}
			s.run(s.now.Add(5 * time.Millisecond))
		}
		s.settle(120 * time.Second)
		d := s.delays()
		t.Logf("seed %d: %d of 100 delivered once, settled after %v, median delay %v, %d payloads",
			seed, len(d), s.now.Sub(simStart), d[len(d)/2], s.payloads)
	}
}

// TestNinetyPercentLossWithoutDuplicates is the harder form with one copy of
// each packet, one way.
func TestNinetyPercentLossWithoutDuplicates(t *testing.T) {
	s := newSim(t, 2, 77, quick())
	s.loss, s.reorder = 0.9, 0.5
	for range 100 {
		s.append(0, 50, 1)
	}
	s.settle(120 * time.Second)
	d := s.delays()
	t.Logf("%d of 100 delivered once, settled after %v, median delay %v, %d payloads",
		len(d), s.now.Sub(simStart), d[len(d)/2], s.payloads)
}
