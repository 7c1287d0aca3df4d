package datasync

import (
	"cmp"
	"slices"
	"time"
)

const (
	// maxAcks bounds the acks of one Due.
	maxAcks = 1 << 16
	// chunk is how many records are read at once, chunkPeers of how many peers
	// that were heard one Due sends what is overdue.
	chunk      = 128
	chunkPeers = 64
)

// parcel is what one Due has for a peer.
type parcel struct {
	acks    []MessageID
	records []due
}

// due is a record that is due. again tells that the message was sent before.
type due struct {
	State
	again bool
}

// dispatch is a Due.
type dispatch struct {
	*step
	order          []PeerID // in which the parcels are made up
	parcels        map[PeerID]*parcel
	list           []HeardPeer // peers that were heard, and what of them
	heard          map[PeerID]PeerState
	done           map[uint64]bool // what was sent, by Seq, if peers were heard
	records, bytes int
}

// Due takes what is due: it plans one payload or more per peer for the owed
// acks and due records, schedules those records again, and ends what is too
// old. It takes at most Config.MaxDue records; Next says when there is more.
func (n *Node) Due(st Store, now time.Time) (Effects, error) {
	d := &dispatch{step: n.step(st, now), parcels: make(map[PeerID]*parcel)}
	if n.offline {
		return Effects{}, nil
	}
	status, err := st.Status()
	if err == nil {
		err = d.observe(&status)
	}
	if err != nil {
		return Effects{}, err
	}
	if status.Heard {
		if err := d.listHeard(); err != nil {
			return Effects{}, err
		}
	}
	if status.Owed {
		if err := d.takeAcks(); err != nil {
			return Effects{}, err
		}
	}
	if status.Deadline != 0 && status.Deadline <= d.t {
		_, err := d.take(func(max int) ([]State, error) { return st.Due(d.t, max) })
		if err != nil {
			return Effects{}, err
		}
	}
	if err := d.takeOverdue(); err != nil {
		return Effects{}, err
	}
	for _, p := range d.order {
		n.plan(p, d.parcels[p], &d.e)
	}
	return d.e, nil
}

func (d *dispatch) parcel(p PeerID) *parcel {
	if d.parcels[p] == nil {
		d.parcels[p] = new(parcel)
		d.order = append(d.order, p)
	}
	return d.parcels[p]
}

// listHeard reads which peers were heard.
func (d *dispatch) listHeard() error {
	var err error
	d.list, err = d.st.Heard(chunkPeers)
	d.heard, d.done = make(map[PeerID]PeerState, len(d.list)), make(map[uint64]bool)
	for _, h := range d.list {
		d.heard[h.Peer] = h.PeerState
	}
	return err
}

func (d *dispatch) takeAcks() error {
	acks, err := d.st.TakeOwed(maxAcks)
	for _, a := range acks {
		p := d.parcel(a.To)
		p.acks = append(p.acks, a.ID)
	}
	return err
}

// takeOverdue takes what became due because its peer was heard. With more peers
// there is more to do at once.
func (d *dispatch) takeOverdue() error {
	for _, h := range d.list {
		peer, above := h.Peer, MessageID{}
		if h.Before > d.t+1 { // the clock was set back: what is sent from now on does not count
			h.Before = d.t
			if err := d.st.PutPeer(peer, h.PeerState); err != nil {
				return err
			}
		}
		all, err := d.take(func(max int) ([]State, error) {
			list, err := d.st.SentBefore(peer, h.Before, d.t, above, max)
			if len(list) > 0 {
				above = list[len(list)-1].ID
			}
			return list, err
		})
		if err != nil || !all {
			return err
		}
		state, err := d.st.Peer(peer)
		if err == nil {
			state.Before = 0
			err = d.st.PutPeer(peer, state)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// take sends the records of a list that gets shorter by what is sent. all tells
// that it is empty, and not the limit reached.
func (d *dispatch) take(list func(max int) ([]State, error)) (all bool, err error) {
	cfg := &d.n.cfg
	for {
		want := min(chunk, cfg.MaxDue-d.records)
		if want <= 0 || d.bytes >= cfg.MaxDueBytes {
			return false, nil
		}
		rows, err := list(want)
		if err != nil {
			return false, err
		}
		for i := range rows {
			if d.bytes >= cfg.MaxDueBytes {
				return false, nil
			}
			if err := d.send(&rows[i]); err != nil {
				return false, err
			}
		}
		if len(rows) < want {
			return true, nil
		}
	}
}

// send puts a record into the parcel of its peer and schedules it again, or
// ends it.
func (d *dispatch) send(r *State) error {
	if d.done[r.Seq] {
		return nil
	}
	if d.done != nil {
		d.done[r.Seq] = true
	}
	d.records++
	lifetime := d.n.lifetime(r)
	if r.Created.add(lifetime) <= d.t {
		if r.Kind == KindRequest {
			return d.st.Delete(r)
		}
		d.n.stats.Expired++
		return d.finish(r, Expired)
	}
	d.bytes += r.BodyBytes
	p := d.parcel(r.Peer)
	again := r.Kind == KindMessage && r.LastSent != 0
	if h, ok := d.heard[r.Peer]; ok && r.LastSent != 0 && r.LastSent < h.Before && r.Deadline > max(h.Heard, h.Missed) {
		r.Attempts = 0 // the schedule starts over
	}
	r.Attempts++
	r.LastSent = d.t
	wait := max(d.n.cfg.Schedule.spread(r.Attempts, d.n.rng), time.Millisecond)
	r.Deadline = min(d.t.add(wait), r.Created.add(lifetime))
	p.records = append(p.records, due{*r, again})
	return d.st.Update(r)
}

func (n *Node) lifetime(r *State) time.Duration {
	if r.Kind == KindRequest {
		return n.cfg.Schedule.RequestLifetime
	}
	return n.cfg.Schedule.Lifetime
}

// sorted returns the records by kind, each in the order of Append.
func (p *parcel) sorted() (offers, requests, messages []due) {
	slices.SortFunc(p.records, func(a, b due) int { return cmp.Compare(a.Seq, b.Seq) })
	for _, r := range p.records {
		switch r.Kind {
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

// plan turns the acks and the records for a peer into payloads. Messages go in
// the order of Append.
func (n *Node) plan(to PeerID, p *parcel, e *Effects) {
	acks := p.acks
	offers, requests, messages := p.sorted()
	one := entry{size: idEntrySize(IDSize)}
	entries := make([]entry, 0, len(acks)+len(p.records))
	for range len(acks) + len(offers) + len(requests) {
		entries = append(entries, one)
	}
	for i := range messages {
		entries = append(entries, entry{messageEntrySize(IDSize, messages[i].Timestamp, messages[i].BodyBytes), true})
	}
	group := OneToOne(n.cfg.Self, to)
	start := 0
	for _, end := range split(entries, n.cfg.MaxPayloadBytes) {
		s := Send{To: to, Group: group}
		for _, en := range entries[start:end] {
			s.Bytes += en.size
			switch {
			case len(acks) > 0:
				s.Acks, acks = append(s.Acks, acks[0]), acks[1:]
			case len(offers) > 0:
				s.Offers, offers = append(s.Offers, offers[0].ID), offers[1:]
			case len(requests) > 0:
				s.Requests, requests = append(s.Requests, requests[0].ID), requests[1:]
			default:
				s.Messages, messages = append(s.Messages, n.outbound(&messages[0])), messages[1:]
			}
		}
		start = end
		n.stats.Sent++
		n.stats.SentBytes += uint64(s.Bytes)
		n.stats.SentMessages += uint64(len(s.Messages))
		n.stats.SentAcks += uint64(len(s.Acks))
		e.Sends = append(e.Sends, s)
	}
}

// outbound describes a message for a Send.
func (n *Node) outbound(r *due) Outbound {
	if r.again {
		n.stats.Retransmitted++
	}
	return Outbound{ID: r.ID, Ref: r.Ref, Timestamp: r.Timestamp, BodyBytes: r.BodyBytes, Again: r.again}
}
