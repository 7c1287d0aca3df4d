package datasync

import (
	"bytes"
	"cmp"
	"slices"
	"time"
)

// Handle processes a payload from a peer that sent it just now. from is the
// signer of the envelope. Order inside a payload: acks, requests, offers,
// messages.
//
// Acks for the received messages are queued and leave with the next Due, so
// the caller has to write the deliveries before it commits. Deliveries alias
// the payload.
func (n *Node) Handle(from PeerID, p Payload, now time.Time) Effects {
	return n.handle(from, p, now, true)
}

// HandleArchived is Handle for a payload out of a mailserver's archive. It
// does not count as a sign that the peer is online.
func (n *Node) HandleArchived(from PeerID, p Payload, now time.Time) Effects {
	return n.handle(from, p, now, false)
}

// Heard says that something arrived from a peer outside data sync, so that
// what waits for it is sent again at once.
func (n *Node) Heard(from PeerID, now time.Time) {
	if p := n.peers[from]; p != nil {
		n.wake(p, n.observe(now))
	}
}

// Missed says that a peer could not read something that was sent to it, but can
// again from now on: what it has not acknowledged is sent again at once, however
// short ago it was sent. Not more often than once per Base and peer.
func (n *Node) Missed(from PeerID, now time.Time) {
	p := n.peers[from]
	if p == nil {
		return
	}
	t := n.observe(now)
	if p.missed != 0 && t < p.missed.add(n.cfg.Schedule.Base) {
		return
	}
	missed := p.missed
	p.missed = t
	n.journal.log(func() { p.missed = missed })
	n.resend(p, t, t)
}

func (n *Node) handle(from PeerID, in Payload, now time.Time, live bool) Effects {
	var e Effects
	if !from.valid() {
		return e
	}
	t := n.observe(now)
	p := n.peer(from)
	n.journal.fresh = append(n.journal.fresh, p)
	for _, id := range in.Acks {
		n.handleAck(p, id, &e)
	}
	for _, id := range in.Requests {
		n.handleRequest(p, id, t, &e)
	}
	for _, id := range in.Offers {
		n.handleOffer(p, id, t, &e)
	}
	for i := range in.Messages {
		n.handleMessage(p, &in.Messages[i], t, &e)
	}
	if live {
		n.wake(p, t)
	}
	n.sweep()
	return e
}

func (n *Node) handleAck(p *peer, id MessageID, e *Effects) {
	r := p.records[id]
	if r == nil || r.kind == KindRequest || r.outcome != Waiting {
		n.stats.UnknownAcks++
		return
	}
	n.finish(r, Acked, e)
}

// handleRequest makes a message due. A peer that asks for the same message
// again and again gets it once per half Base; the schedule does the rest.
func (n *Node) handleRequest(p *peer, id MessageID, t Millis, e *Effects) {
	r := p.records[id]
	if r == nil || r.kind == KindRequest || r.outcome != Waiting {
		return
	}
	if r.asked != 0 && t < r.asked.add(n.cfg.Schedule.Base/2) {
		n.stats.DelayedResends++
		return
	}
	n.save(r)
	r.kind, r.attempts, r.asked = KindMessage, 0, t
	n.reschedule(r, min(r.deadline, t))
	e.Changes = append(e.Changes, PutState{r.state()})
}

// handleOffer asks for an unknown message and acknowledges a known one, so
// that the offerer stops.
func (n *Node) handleOffer(p *peer, id MessageID, t Millis, e *Effects) {
	if p.records[id] != nil {
		return
	}
	if n.seen.has(id) {
		n.queueAck(p, id)
		return
	}
	if p.requests >= n.cfg.MaxPeerRequests || n.requests >= n.cfg.MaxRequests {
		n.stats.RefusedOffers++
		return
	}
	n.seq++
	n.insert(&record{peer: p, id: id, kind: KindRequest, seq: n.seq, created: t, deadline: t}, e)
}

func (n *Node) handleMessage(p *peer, m *Message, t Millis, e *Effects) {
	n.stats.Received++
	if !bytes.Equal(m.Group, p.group[:]) {
		n.stats.Foreign++
		return
	}
	id := m.ID()
	if r := p.records[id]; r != nil {
		if r.kind != KindRequest {
			// Our own message to ourselves came back.
			n.stats.Foreign++
			return
		}
		n.drop(r, e)
	}
	n.queueAck(p, id)
	if n.seen.has(id) {
		n.stats.Duplicates++
		return
	}
	at := n.seen.add(id, t)
	n.journal.log(func() { n.seen.remove(id) })
	e.Changes = append(e.Changes, PutSeen{Seen{ID: id, At: at}})
	e.Deliveries = append(e.Deliveries, Delivery{
		From: p.id, ID: id, Group: p.group, Timestamp: m.Timestamp, Body: m.Body,
	})
}

// Refuse takes back a delivery that the layer above neither keeps nor is done
// with: it is not acknowledged, and comes again when the peer sends it again.
// It has to be called before the next Due.
func (n *Node) Refuse(from PeerID, id MessageID) Effects {
	var e Effects
	at, known := n.seen.remove(id)
	if !known {
		return e
	}
	n.stats.Refused++
	n.journal.log(func() { n.seen.restore(id, at) })
	e.Changes = append(e.Changes, DropSeen{id})
	if p := n.peers[from]; p != nil {
		n.dropAck(p, id)
	}
	return e
}

// dropAck takes an ack off the queue, wherever it is in it.
func (n *Node) dropAck(p *peer, id MessageID) {
	if _, ok := p.queued[id]; !ok {
		return
	}
	acks, ackers := p.acks, n.ackers
	n.journal.log(func() {
		p.acks, n.ackers = acks, ackers
		if p.queued == nil {
			p.queued = make(map[MessageID]struct{}, len(acks))
			for _, a := range acks {
				p.queued[a] = struct{}{}
			}
		}
		p.queued[id] = struct{}{}
	})
	p.acks = slices.DeleteFunc(slices.Clone(acks), func(a MessageID) bool { return a == id })
	delete(p.queued, id)
	if len(p.acks) == 0 {
		p.acks, p.queued = nil, nil
		n.ackers = slices.DeleteFunc(slices.Clone(ackers), func(q *peer) bool { return q == p })
	}
	n.journal.fresh = append(n.journal.fresh, p)
}

// queueAck queues an ack for the next Due, once.
func (n *Node) queueAck(p *peer, id MessageID) {
	if _, ok := p.queued[id]; ok || len(p.acks) >= maxAcks {
		return
	}
	if len(p.acks) == 0 {
		n.ackers = append(n.ackers, p)
		p.queued = make(map[MessageID]struct{})
	}
	p.acks = append(p.acks, id)
	p.queued[id] = struct{}{}
	n.journal.log(func() { n.unqueueAck(p) })
}

// unqueueAck takes back the latest queueAck.
func (n *Node) unqueueAck(p *peer) {
	last := len(p.acks) - 1
	delete(p.queued, p.acks[last])
	p.acks = p.acks[:last]
	if last == 0 {
		p.acks, p.queued = nil, nil
		n.ackers = slices.DeleteFunc(n.ackers, func(q *peer) bool { return q == p })
	}
}

// takeAckers empties the list of peers with queued acks and marks them as
// touched. Their acks have to be taken too.
func (n *Node) takeAckers() []*peer {
	ackers := n.ackers
	n.ackers = nil
	n.journal.log(func() { n.ackers = ackers })
	for _, p := range ackers {
		p.touched = true
	}
	return slices.Clone(ackers)
}

// takeAcks empties the queue of a peer that is on no list any more.
func (n *Node) takeAcks(p *peer) []MessageID {
	acks, queued := p.acks, p.queued
	p.acks, p.queued = nil, nil
	n.journal.log(func() { p.acks, p.queued = acks, queued })
	n.journal.fresh = append(n.journal.fresh, p)
	return acks
}

// wake makes due at once what was sent to a peer at least Base ago and never
// answered: the peer has just been heard. The schedule of these records starts
// over. Not more often than once per Base and peer.
func (n *Node) wake(p *peer, t Millis) {
	base := n.cfg.Schedule.Base
	if len(p.records) == 0 || p.woken != 0 && t < p.woken.add(base) {
		return
	}
	woken := p.woken
	p.woken = t
	n.journal.log(func() { p.woken = woken })
	n.resend(p, t, t.add(-base))
}

// resend makes due at once what was sent to a peer until then and never
// answered, and starts the schedule of these records over.
func (n *Node) resend(p *peer, t, until Millis) {
	for _, r := range p.records {
		if r.outcome != Waiting || r.lastSent == 0 || r.lastSent > until || r.deadline <= t {
			continue
		}
		n.save(r)
		r.attempts = 0
		n.reschedule(r, t)
	}
}

// Cancel ends a message at every recipient that has not acknowledged: the user
// deleted it. It ends with a receipt for each of them.
func (n *Node) Cancel(ref Ref) Effects {
	var e Effects
	if ref.IsZero() {
		return e
	}
	for _, r := range slices.Clone(n.refs[ref]) {
		if r.outcome == Waiting {
			n.finish(r, Cancelled, &e)
		}
	}
	n.sweep()
	return e
}

// Forget ends everything outstanding with a peer: the user blocked it or
// removed the chat.
func (n *Node) Forget(id PeerID) Effects {
	var e Effects
	p := n.peers[id]
	if p == nil {
		return e
	}
	if len(p.acks) > 0 {
		n.takeAcks(p)
		n.ackers = slices.DeleteFunc(n.ackers, func(q *peer) bool { return q == p })
		n.journal.log(func() { n.ackers = append(n.ackers, p) })
	}
	records := make([]*record, 0, len(p.records))
	for _, r := range p.records {
		if r.outcome == Waiting {
			records = append(records, r)
		}
	}
	slices.SortFunc(records, func(a, b *record) int { return cmp.Compare(a.seq, b.seq) })
	for _, r := range records {
		if r.kind == KindRequest {
			n.drop(r, &e)
			continue
		}
		n.finish(r, Cancelled, &e)
	}
	n.sweep()
	return e
}

// Retry makes a message due at once at every recipient that has not
// acknowledged, and starts its schedule over: the user asked for it.
func (n *Node) Retry(ref Ref, now time.Time) Effects {
	var e Effects
	t := n.observe(now)
	for _, r := range n.refs[ref] {
		if r.outcome != Waiting {
			continue
		}
		n.save(r)
		r.attempts = 0
		n.reschedule(r, min(r.deadline, t))
		e.Changes = append(e.Changes, PutState{r.state()})
	}
	return e
}

// Recipients tells who has acknowledged a message and who is waited for. Both
// are empty once nobody is waited for.
func (n *Node) Recipients(ref Ref) (acked, waiting []PeerID) {
	recipients, outcomes := n.standing(ref)
	for _, p := range recipients {
		switch outcomes[p] {
		case Acked:
			acked = append(acked, p.id)
		case Waiting:
			waiting = append(waiting, p.id)
		}
	}
	return acked, waiting
}

// standing returns the recipients of a message in the order of Append, and how
// each stands. Of several records of one recipient that which waits counts,
// then an ack.
func (n *Node) standing(ref Ref) (recipients []*peer, outcomes map[*peer]Outcome) {
	group := n.refs[ref]
	outcomes = make(map[*peer]Outcome, len(group))
	for _, r := range group {
		old, known := outcomes[r.peer]
		if !known {
			recipients = append(recipients, r.peer)
		}
		if !known || r.outcome < old { // Waiting < Acked < Expired, Cancelled
			outcomes[r.peer] = r.outcome
		}
	}
	return recipients, outcomes
}
