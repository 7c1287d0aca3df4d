package datasync

import (
	"cmp"
	"container/heap"
	"slices"
)

// peer is what is outstanding with one identity. It exists while there is
// something.
type peer struct {
	id      PeerID
	group   GroupID
	records map[MessageID]*record
	acks    []MessageID // queued for the next Due, in order of arrival
	queued  map[MessageID]struct{}
	// woken is when the peer was last heard and its records looked through,
	// missed when it last said that it could not read something.
	woken    Millis
	missed   Millis
	requests int

	// Scratch of Due.
	touched bool
	batch   []*record
}

// record is State in memory: the peer by pointer, the place in the heap, and
// what need not be durable.
type record struct {
	peer      *peer
	id        MessageID
	ref       Ref
	body      BodyID
	bodyBytes int
	timestamp int64
	seq       uint64
	created   Millis
	lastSent  Millis
	deadline  Millis
	asked     Millis // last time a REQUEST was honoured
	attempts  int
	index     int // in the heap; -1 when the outcome is final
	kind      Kind
	outcome   Outcome
	carried   bool // the message itself has been in a Send
}

func (r *record) state() State {
	return State{
		Peer: r.peer.id, ID: r.id, Kind: r.kind, Seq: r.seq,
		Ref: r.ref, Body: r.body, BodyBytes: r.bodyBytes, Timestamp: r.timestamp,
		Outcome: r.outcome, Attempts: r.attempts,
		Created: r.created, LastSent: r.lastSent, Deadline: r.deadline,
	}
}

// sorted returns the batch by kind, each in the order of Append.
func (p *peer) sorted() (offers, requests, messages []*record) {
	slices.SortFunc(p.batch, func(a, b *record) int { return cmp.Compare(a.seq, b.seq) })
	for _, r := range p.batch {
		switch r.kind {
		case KindOffer:
			offers = append(offers, r)
		case KindRequest:
			requests = append(requests, r)
		case KindMessage:
			messages = append(messages, r)
		}
	}
	return offers, requests, messages
}

// deadlines is a heap of waiting records by deadline, then order of Append.
type deadlines []*record

func (d deadlines) Len() int { return len(d) }
func (d deadlines) Less(i, j int) bool {
	if d[i].deadline != d[j].deadline {
		return d[i].deadline < d[j].deadline
	}
	return d[i].seq < d[j].seq
}

func (d deadlines) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].index, d[j].index = i, j
}

func (d *deadlines) Push(x any) {
	r, _ := x.(*record)
	r.index = len(*d)
	*d = append(*d, r)
}

func (d *deadlines) Pop() any {
	old := *d
	r := old[len(old)-1]
	old[len(old)-1] = nil
	*d = old[:len(old)-1]
	r.index = -1
	return r
}

// peer returns the peer, made if need be. sweep removes it again when nothing
// becomes of it.
func (n *Node) peer(id PeerID) *peer {
	p := n.peers[id]
	if p == nil {
		p = &peer{id: id, group: OneToOne(n.cfg.Self, id), records: make(map[MessageID]*record)}
		n.peers[id] = p
		n.journal.fresh = append(n.journal.fresh, p)
	}
	return p
}

// link puts a record into every index; unlink takes it out. They are each
// other's inverse and leave the journal alone.
func (n *Node) link(r *record) {
	r.peer.records[r.id] = r
	if !r.ref.IsZero() {
		group := append(n.refs[r.ref], r)
		// After an undo a record may come back behind younger ones.
		for i := len(group) - 1; i > 0 && group[i-1].seq > group[i].seq; i-- {
			group[i-1], group[i] = group[i], group[i-1]
		}
		n.refs[r.ref] = group
	}
	if r.kind == KindRequest {
		n.requests++
		r.peer.requests++
	}
	r.index = -1
	if r.outcome == Waiting {
		n.hold(r)
	}
}

func (n *Node) unlink(r *record) {
	delete(r.peer.records, r.id)
	if !r.ref.IsZero() {
		n.refs[r.ref] = slices.DeleteFunc(n.refs[r.ref], func(g *record) bool { return g == r })
		if len(n.refs[r.ref]) == 0 {
			delete(n.refs, r.ref)
		}
	}
	if r.kind == KindRequest {
		n.requests--
		r.peer.requests--
	}
	if r.outcome == Waiting {
		n.release(r)
	}
}

// hold gives a waiting record its deadline and body; release takes them back.
func (n *Node) hold(r *record) {
	heap.Push(&n.due, r)
	if r.kind != KindRequest {
		n.bodies[r.body]++
	}
}

func (n *Node) release(r *record) (lastUse bool) {
	heap.Remove(&n.due, r.index)
	if r.kind == KindRequest {
		return false
	}
	n.bodies[r.body]--
	if n.bodies[r.body] > 0 {
		return false
	}
	delete(n.bodies, r.body)
	return true
}

// insert adds a new record, durably.
func (n *Node) insert(r *record, e *Effects) {
	n.link(r)
	n.journal.log(func() { n.unlink(r) })
	e.Changes = append(e.Changes, PutState{r.state()})
}

// drop removes a record, durably, with its body if it was the last to need it.
func (n *Node) drop(r *record, e *Effects) {
	body, held := r.body, r.outcome == Waiting && r.kind != KindRequest
	n.unlink(r)
	n.journal.log(func() { n.link(r) })
	e.Changes = append(e.Changes, DeleteState{Peer: r.peer.id, ID: r.id})
	if held && n.bodies[body] == 0 {
		e.Changes = append(e.Changes, DeleteBody{ID: body})
	}
	n.journal.fresh = append(n.journal.fresh, r.peer)
}

// settle makes the outcome of a record final and reports whether it was the
// last to need its body. The caller writes both down.
func (n *Node) settle(r *record, o Outcome) (lastUse bool) {
	before := *r
	lastUse = n.release(r)
	r.outcome, r.deadline, r.body, r.bodyBytes = o, 0, BodyID{}, 0
	n.journal.log(func() {
		*r = before
		n.hold(r)
	})
	return lastUse
}

// save lets Rollback restore the fields of a waiting record that is about to
// change.
func (n *Node) save(r *record) {
	if !n.journal.open {
		return
	}
	kind, carried, attempts := r.kind, r.carried, r.attempts
	created, lastSent, deadline, asked := r.created, r.lastSent, r.deadline, r.asked
	n.journal.log(func() {
		r.kind, r.carried, r.attempts = kind, carried, attempts
		r.created, r.lastSent, r.deadline, r.asked = created, lastSent, deadline, asked
		heap.Fix(&n.due, r.index)
	})
}

// reschedule moves the deadline of a waiting record.
func (n *Node) reschedule(r *record, deadline Millis) {
	r.deadline = deadline
	heap.Fix(&n.due, r.index)
}
