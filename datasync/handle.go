package datasync

import (
	"bytes"
	"time"
)

// endedAtOnce bounds the records in memory while all of a peer are ended.
const endedAtOnce = 256

// Handle processes a payload from a peer that sent it just now. from is the
// signer of the envelope. Order inside a payload: acks, requests, offers,
// messages.
//
// Acks for the received messages are owed from then on and leave with the next
// Due, so the caller has to write the deliveries before it commits. Deliveries
// alias the payload.
func (n *Node) Handle(st Store, from PeerID, p Payload, now time.Time) (Effects, error) {
	return n.handle(st, from, p, now, true)
}

// HandleArchived is Handle for a payload out of a mailserver's archive. It
// does not count as a sign that the peer is online.
func (n *Node) HandleArchived(st Store, from PeerID, p Payload, now time.Time) (Effects, error) {
	return n.handle(st, from, p, now, false)
}

// Heard says that something arrived from a peer outside data sync, so that
// what waits for it is sent again at once.
func (n *Node) Heard(st Store, from PeerID, now time.Time) error { return n.step(st, now).wake(from) }

// Missed says that a peer could not read something that was sent to it, but can
// again from now on: what it has not acknowledged is sent again at once, however
// short ago it was sent. Not more often than once per Base and peer.
func (n *Node) Missed(st Store, from PeerID, now time.Time) error {
	if waits, err := st.HasRecords(from); err != nil || !waits {
		return err
	}
	t := MillisOf(now)
	p, err := st.Peer(from)
	if err != nil || p.Missed != 0 && t < p.Missed.add(n.cfg.Schedule.Base) {
		return err
	}
	p.Missed, p.Before = t, t+1 // what was sent in this millisecond, too
	return st.PutPeer(from, p)
}

// wake makes due at once what was sent to a peer at least Base ago and never
// answered: the peer has just been heard. The schedule of these records starts
// over. Not more often than once per Base and peer.
func (s *step) wake(peer PeerID) error {
	if waits, err := s.st.HasRecords(peer); err != nil || !waits {
		return err
	}
	base := s.n.cfg.Schedule.Base
	p, err := s.st.Peer(peer)
	if err != nil || p.Heard != 0 && s.t < p.Heard.add(base) {
		return err
	}
	p.Heard, p.Before = s.t, max(p.Before, s.t.add(-base)+1)
	return s.st.PutPeer(peer, p)
}

// incoming is a payload that is being handled, with what is stored about it.
type incoming struct {
	*step
	from    PeerID
	group   GroupID
	ids     []MessageID // of the messages of our group; the others' are zero
	records map[MessageID]*State
	counted bool // the requests below are
	ofPeer  int
	all     int
}

func (n *Node) handle(st Store, from PeerID, p Payload, now time.Time, live bool) (Effects, error) {
	if !from.valid() {
		return Effects{}, nil
	}
	in := &incoming{step: n.step(st, now), from: from, group: OneToOne(n.cfg.Self, from)}
	had, err := in.look(&p)
	if err != nil {
		return Effects{}, err
	}
	for _, id := range p.Acks {
		if err := in.ack(id); err != nil {
			return Effects{}, err
		}
	}
	for _, id := range p.Requests {
		if err := in.request(id); err != nil {
			return Effects{}, err
		}
	}
	if err := in.offers(p.Offers); err != nil {
		return Effects{}, err
	}
	for i := range p.Messages {
		if err := in.message(in.ids[i], &p.Messages[i]); err != nil {
			return Effects{}, err
		}
	}
	if live && had {
		if err := in.wake(from); err != nil {
			return Effects{}, err
		}
	}
	return in.e, nil
}

// look reads what is outstanding of the messages that a payload speaks of, in
// one query however many they are. had tells whether the peer has any record.
func (in *incoming) look(p *Payload) (had bool, err error) {
	in.ids = make([]MessageID, len(p.Messages))
	for i := range p.Messages {
		if bytes.Equal(p.Messages[i].Group, in.group[:]) {
			in.ids[i] = p.Messages[i].ID()
		}
	}
	in.records = make(map[MessageID]*State)
	if had, err = in.st.HasRecords(in.from); err != nil || !had {
		return had, err
	}
	all := make([]MessageID, 0, len(p.Acks)+len(p.Requests)+len(p.Offers)+len(in.ids))
	for _, list := range [][]MessageID{p.Acks, p.Requests, p.Offers, in.ids} {
		all = append(all, list...)
	}
	if len(all) == 0 {
		return had, nil
	}
	list, err := in.st.Records(in.from, all)
	for i := range list {
		in.records[list[i].ID] = &list[i]
	}
	return had, err
}

func (in *incoming) ack(id MessageID) error {
	r := in.records[id]
	if r == nil || r.Kind == KindRequest {
		in.n.stats.UnknownAcks++
		return nil
	}
	delete(in.records, id)
	return in.finish(r, Acked)
}

// request makes a message due. A peer that asks for the same message again and
// again gets it once per half Base; the schedule does the rest.
func (in *incoming) request(id MessageID) error {
	r := in.records[id]
	if r == nil || r.Kind == KindRequest {
		return nil
	}
	if r.Asked != 0 && in.t < r.Asked.add(in.n.cfg.Schedule.Base/2) {
		in.n.stats.DelayedResends++
		return nil
	}
	if r.Kind == KindOffer {
		r.LastSent = 0 // the message itself has not been
	}
	r.Kind, r.Attempts, r.Asked, r.Deadline = KindMessage, 0, in.t, min(r.Deadline, in.t)
	return in.st.Update(r)
}

// offers asks for unknown messages and acknowledges known ones, so that the
// offerer stops.
func (in *incoming) offers(ids []MessageID) error {
	if len(ids) == 0 {
		return nil
	}
	received, err := in.st.Received(ids)
	if err != nil {
		return err
	}
	owed := make(map[MessageID]bool)
	for _, id := range ids {
		if in.records[id] != nil || owed[id] {
			continue
		}
		if received[id] {
			owed[id] = true
			err = in.st.Owe(id, in.from)
		} else {
			err = in.ask(id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ask adds a request, within the limits.
func (in *incoming) ask(id MessageID) (err error) {
	if !in.counted {
		if in.ofPeer, in.all, err = in.st.Requests(in.from); err != nil {
			return err
		}
		in.counted = true
	}
	if in.ofPeer >= in.n.cfg.MaxPeerRequests || in.all >= in.n.cfg.MaxRequests {
		in.n.stats.RefusedOffers++
		return nil
	}
	in.ofPeer, in.all = in.ofPeer+1, in.all+1
	r := &State{Peer: in.from, ID: id, Kind: KindRequest, Created: in.t, Deadline: in.t}
	in.records[id] = r
	return in.st.Insert(r)
}

func (in *incoming) message(id MessageID, m *Message) error {
	in.n.stats.Received++
	if id == (MessageID{}) {
		in.n.stats.Foreign++
		return nil
	}
	if r := in.records[id]; r != nil {
		if r.Kind != KindRequest {
			// Our own message to ourselves came back.
			in.n.stats.Foreign++
			return nil
		}
		delete(in.records, id)
		if err := in.st.Delete(r); err != nil {
			return err
		}
	}
	fresh, err := in.st.Receive(id, in.from, in.t)
	if err != nil {
		return err
	}
	if !fresh {
		in.n.stats.Duplicates++
		return nil
	}
	in.e.Deliveries = append(in.e.Deliveries, Delivery{
		From: in.from, ID: id, Group: in.group, Timestamp: m.Timestamp, Body: m.Body,
	})
	return nil
}

// Refuse takes back a delivery that the layer above neither keeps nor is done
// with: it is not acknowledged, and comes again when the peer sends it again.
// It has to be called before the next Due.
func (n *Node) Refuse(st Store, id MessageID) error {
	known, err := st.Unreceive(id)
	if known {
		n.stats.Refused++
	}
	return err
}

// Cancel ends a message at every recipient that has not acknowledged: the user
// deleted it. It ends with a receipt for each of them.
func (n *Node) Cancel(st Store, ref Ref) (Effects, error) {
	s := &step{n: n, st: st}
	list, err := st.RecordsOf(ref)
	for i := 0; err == nil && i < len(list); i++ {
		err = s.finish(&list[i], Cancelled)
	}
	if err != nil {
		return Effects{}, err
	}
	return s.e, nil
}

// Forget ends everything outstanding with a peer: the user blocked it or
// removed the chat.
func (n *Node) Forget(st Store, peer PeerID) (Effects, error) {
	s := &step{n: n, st: st}
	if err := st.Disown(peer); err != nil {
		return Effects{}, err
	}
	for {
		list, err := st.RecordsAt(peer, endedAtOnce)
		if err != nil {
			return Effects{}, err
		}
		for i := range list {
			if list[i].Kind == KindRequest {
				err = st.Delete(&list[i])
			} else {
				err = s.finish(&list[i], Cancelled)
			}
			if err != nil {
				return Effects{}, err
			}
		}
		if len(list) < endedAtOnce {
			return s.e, nil
		}
	}
}

// Retry makes a message due at once at every recipient that has not
// acknowledged, and starts its schedule over: the user asked for it. It returns
// how many these are.
func (n *Node) Retry(st Store, ref Ref, now time.Time) (waiting int, err error) {
	list, err := st.RecordsOf(ref)
	for i := 0; err == nil && i < len(list); i++ {
		err = again(st, &list[i], MillisOf(now))
	}
	return len(list), err
}
