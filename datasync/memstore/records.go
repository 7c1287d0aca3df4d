package memstore

import (
	"cmp"
	"fmt"
	"slices"

	"statusd/datasync"
)

// some returns the records of which is holds, in their order.
func (tx *Tx) some(is func(*datasync.State) bool) (list []datasync.State) {
	for _, s := range tx.store.states {
		if is(&s) {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, bySeq)
	return list
}

func first(list []datasync.State, max int) []datasync.State { return list[:min(len(list), max)] }

// HasRecords implements datasync.RecordStore.
func (tx *Tx) HasRecords(peer datasync.PeerID) (bool, error) {
	for _, s := range tx.store.states {
		if s.Peer == peer {
			return true, nil
		}
	}
	return false, nil
}

// Records implements datasync.RecordStore.
func (tx *Tx) Records(peer datasync.PeerID, ids []datasync.MessageID) ([]datasync.State, error) {
	return tx.some(func(s *datasync.State) bool { return s.Peer == peer && slices.Contains(ids, s.ID) }), nil
}

// RecordsOf implements datasync.RecordStore.
func (tx *Tx) RecordsOf(ref datasync.Ref) ([]datasync.State, error) {
	return tx.some(func(s *datasync.State) bool { return of(s, ref) }), nil
}

// of reports whether a record is of a message.
func of(s *datasync.State, ref datasync.Ref) bool {
	return s.Ref == ref && s.Kind != datasync.KindRequest
}

// CountOf implements datasync.RecordStore.
func (tx *Tx) CountOf(ref datasync.Ref) (n int, err error) {
	for _, s := range tx.store.states {
		if of(&s, ref) {
			n++
		}
	}
	return n, nil
}

// RecordsAt implements datasync.RecordStore.
func (tx *Tx) RecordsAt(peer datasync.PeerID, max int) ([]datasync.State, error) {
	return first(tx.some(func(s *datasync.State) bool { return s.Peer == peer }), max), nil
}

// RecordsAfter implements datasync.RecordStore.
func (tx *Tx) RecordsAfter(seq uint64, max int) ([]datasync.State, error) {
	return first(tx.some(func(s *datasync.State) bool { return s.Seq > seq }), max), nil
}

// Due implements datasync.RecordStore.
func (tx *Tx) Due(until datasync.Millis, max int) ([]datasync.State, error) {
	list := tx.some(func(s *datasync.State) bool { return s.Deadline <= until })
	slices.SortStableFunc(list, func(a, b datasync.State) int { return cmp.Compare(a.Deadline, b.Deadline) })
	return first(list, max), nil
}

// SentBefore implements datasync.RecordStore.
func (tx *Tx) SentBefore(
	peer datasync.PeerID, before, now datasync.Millis, above datasync.MessageID, max int,
) ([]datasync.State, error) {
	list := tx.some(func(s *datasync.State) bool {
		return s.Peer == peer && s.LastSent != 0 && (s.LastSent < before || s.LastSent > now) &&
			slices.Compare(s.ID[:], above[:]) > 0
	})
	slices.SortFunc(list, func(a, b datasync.State) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return first(list, max), nil
}

// Requests implements datasync.RecordStore.
func (tx *Tx) Requests(peer datasync.PeerID) (ofPeer, all int, err error) {
	for _, s := range tx.store.states {
		if s.Kind != datasync.KindRequest {
			continue
		}
		all++
		if s.Peer == peer {
			ofPeer++
		}
	}
	return ofPeer, all, nil
}

// Insert implements datasync.RecordStore.
func (tx *Tx) Insert(s *datasync.State) error {
	if s.Kind != datasync.KindRequest {
		if _, ok := tx.store.bodies[s.Ref]; !ok {
			return fmt.Errorf("%w: record without body", ErrChange)
		}
	}
	for _, old := range tx.store.states {
		if old.Peer != s.Peer || old.ID != s.ID && !of(&old, s.Ref) {
			continue
		}
		if old.Kind != datasync.KindRequest {
			return fmt.Errorf("%w: record is there", ErrChange)
		}
		unset(tx, tx.store.states, old.Seq)
	}
	tx.store.lastRecord++
	s.Seq = tx.store.lastRecord
	tx.put(*s)
	return nil
}

// put writes a record.
func (tx *Tx) put(s datasync.State) {
	set(tx, tx.store.states, s.Seq, s)
	tx.store.known = false
}

// Update implements datasync.RecordStore.
func (tx *Tx) Update(s *datasync.State) error {
	row, ok := tx.store.states[s.Seq]
	if !ok {
		return fmt.Errorf("%w: no record", ErrChange)
	}
	row.Kind, row.Attempts, row.Created = s.Kind, s.Attempts, s.Created
	row.LastSent, row.Asked, row.Deadline = s.LastSent, s.Asked, s.Deadline
	tx.put(row)
	return nil
}

// Delete implements datasync.RecordStore.
func (tx *Tx) Delete(s *datasync.State) error {
	if _, ok := tx.store.states[s.Seq]; !ok {
		return fmt.Errorf("%w: no record", ErrChange)
	}
	unset(tx, tx.store.states, s.Seq)
	tx.store.known = false
	return nil
}
