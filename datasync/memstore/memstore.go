// Package memstore keeps the records of data sync in memory, with the same
// transactions a database has: exclusive, all or nothing. It serves accounts
// that keep nothing, and tests, where another Node on the same Store is a
// restart.
//
// The package starts no goroutines and encodes nothing.
package memstore

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"statusd/datasync"
)

// ErrNoBody is returned for a body that is not stored.
var ErrNoBody = errors.New("no such body")

// ErrChange is wrapped by errors for a change that does not fit what is stored.
// The store is stricter than need be, so that tests notice changes that would
// not fit a database with constraints.
var ErrChange = errors.New("change does not fit")

type received struct {
	seq uint64
	at  datasync.Millis
}

// Store holds records. It is safe for concurrent use: Update and View exclude
// each other.
type Store struct {
	owner    chan struct{} // holds one token while a transaction runs
	bodies   map[datasync.Ref][]byte
	states   map[uint64]datasync.State // by Seq
	peers    map[datasync.PeerID]datasync.PeerState
	received map[datasync.MessageID]received
	owed     map[datasync.MessageID]datasync.PeerID
	clock    datasync.Millis
	back     datasync.Millis

	// The latest numbers that were given to received ids and to records. They
	// are not taken back.
	seq, lastRecord uint64

	earliest datasync.Millis // deadline; only if known
	known    bool
}

// New returns an empty store.
func New() *Store {
	return &Store{
		owner:    make(chan struct{}, 1),
		bodies:   make(map[datasync.Ref][]byte),
		states:   make(map[uint64]datasync.State),
		peers:    make(map[datasync.PeerID]datasync.PeerState),
		received: make(map[datasync.MessageID]received),
		owed:     make(map[datasync.MessageID]datasync.PeerID),
	}
}

// Tx is an open transaction. It is valid until its Update or View returns.
type Tx struct {
	store  *Store
	undo   []func()
	finish []func(committed bool)
}

var _ datasync.Store = (*Tx)(nil)

// Update runs fn in an exclusive transaction, which commits when fn returns
// nil and is rolled back otherwise, also when fn panics.
func (s *Store) Update(ctx context.Context, fn func(*Tx) error) error {
	select {
	case s.owner <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	tx := &Tx{store: s}
	committed := false
	defer func() {
		if !committed {
			tx.RollbackTo(0)
		}
		for _, f := range tx.finish {
			f(committed)
		}
		<-s.owner
	}()
	if err := fn(tx); err != nil {
		return err
	}
	committed = true
	return nil
}

// View is Update for reading.
func (s *Store) View(ctx context.Context, fn func(*Tx) error) error { return s.Update(ctx, fn) }

// Savepoint returns a mark for RollbackTo.
func (tx *Tx) Savepoint() int { return len(tx.undo) }

// RollbackTo undoes what was changed since the savepoint.
func (tx *Tx) RollbackTo(savepoint int) {
	for i := len(tx.undo) - 1; i >= savepoint; i-- {
		tx.undo[i]()
	}
	tx.undo = tx.undo[:savepoint]
	tx.store.known = false
}

// OnFinish calls fn when the transaction has ended, before another can begin.
func (tx *Tx) OnFinish(fn func(committed bool)) { tx.finish = append(tx.finish, fn) }

// Body implements datasync.Store.
func (tx *Tx) Body(ref datasync.Ref) ([]byte, error) {
	b, ok := tx.store.bodies[ref]
	if !ok {
		return nil, ErrNoBody
	}
	return b, nil
}

// PutBody implements datasync.Store.
func (tx *Tx) PutBody(ref datasync.Ref, body []byte) (bool, error) {
	if old, ok := tx.store.bodies[ref]; ok {
		return bytes.Equal(old, body), nil
	}
	set(tx, tx.store.bodies, ref, bytes.Clone(body))
	return true, nil
}

// DropBody implements datasync.Store.
func (tx *Tx) DropBody(ref datasync.Ref) error {
	if len(tx.some(func(s *datasync.State) bool { return s.Ref == ref })) > 0 {
		return fmt.Errorf("%w: a record needs the body", ErrChange)
	}
	unset(tx, tx.store.bodies, ref)
	return nil
}

// Status implements datasync.Store.
func (tx *Tx) Status() (datasync.Status, error) {
	s := tx.store
	if !s.known {
		s.known, s.earliest = true, 0
		for _, r := range s.states {
			if s.earliest == 0 || r.Deadline < s.earliest {
				s.earliest = r.Deadline
			}
		}
	}
	status := datasync.Status{Clock: s.clock, Back: s.back, Deadline: s.earliest, Owed: len(s.owed) > 0}
	for _, p := range s.peers {
		status.Heard = status.Heard || p.Before != 0
	}
	return status, nil
}

// SetClock implements datasync.Store.
func (tx *Tx) SetClock(latest, back datasync.Millis) error {
	clock, was := tx.store.clock, tx.store.back
	tx.undo = append(tx.undo, func() { tx.store.clock, tx.store.back = clock, was })
	tx.store.clock, tx.store.back = latest, back
	return nil
}

// SetBack implements datasync.Store.
func (tx *Tx) SetBack(t datasync.Millis, births bool) error {
	for _, id := range slices.Collect(maps.Keys(tx.store.peers)) {
		p := tx.store.peers[id]
		set(tx, tx.store.peers, id, datasync.PeerState{
			Heard: min(p.Heard, t), Missed: min(p.Missed, t), Before: min(p.Before, t),
		})
	}
	for _, id := range slices.Collect(maps.Keys(tx.store.received)) {
		r := tx.store.received[id]
		if births {
			r.at = min(r.at, t)
		}
		set(tx, tx.store.received, id, r)
	}
	return nil
}

// Peer implements datasync.PeerStore.
func (tx *Tx) Peer(id datasync.PeerID) (datasync.PeerState, error) { return tx.store.peers[id], nil }

// PutPeer implements datasync.PeerStore.
func (tx *Tx) PutPeer(id datasync.PeerID, p datasync.PeerState) error {
	set(tx, tx.store.peers, id, p)
	return nil
}

// ForgetPeers implements datasync.PeerStore.
func (tx *Tx) ForgetPeers(before datasync.Millis) error {
	for _, id := range slices.Collect(maps.Keys(tx.store.peers)) {
		if p := tx.store.peers[id]; p.Before == 0 && max(p.Heard, p.Missed) < before {
			unset(tx, tx.store.peers, id)
		}
	}
	return nil
}

// Heard implements datasync.PeerStore.
func (tx *Tx) Heard(max int) (list []datasync.HeardPeer, err error) {
	for id, p := range tx.store.peers {
		if p.Before != 0 {
			list = append(list, datasync.HeardPeer{Peer: id, PeerState: p})
		}
	}
	slices.SortFunc(list, func(a, b datasync.HeardPeer) int {
		return cmp.Or(cmp.Compare(a.Before, b.Before), slices.Compare(a.Peer[:], b.Peer[:]))
	})
	return list[:min(len(list), max)], nil
}

// Receive implements datasync.ReceivedStore.
func (tx *Tx) Receive(id datasync.MessageID, from datasync.PeerID, at datasync.Millis) (bool, error) {
	s := tx.store
	set(tx, s.owed, id, from)
	if _, ok := s.received[id]; ok {
		return false, nil
	}
	s.seq++
	set(tx, s.received, id, received{s.seq, at})
	return true, nil
}

// Received implements datasync.ReceivedStore.
func (tx *Tx) Received(ids []datasync.MessageID) (map[datasync.MessageID]bool, error) {
	out := make(map[datasync.MessageID]bool)
	for _, id := range ids {
		if _, ok := tx.store.received[id]; ok {
			out[id] = true
		}
	}
	return out, nil
}

// Owe implements datasync.ReceivedStore.
func (tx *Tx) Owe(id datasync.MessageID, to datasync.PeerID) error {
	if _, ok := tx.store.received[id]; !ok {
		return fmt.Errorf("%w: an ack of what never came", ErrChange)
	}
	if _, ok := tx.store.owed[id]; !ok {
		set(tx, tx.store.owed, id, to)
	}
	return nil
}

// TakeOwed implements datasync.ReceivedStore.
func (tx *Tx) TakeOwed(max int) (acks []datasync.Ack, err error) {
	for id, to := range tx.store.owed {
		acks = append(acks, datasync.Ack{To: to, ID: id})
	}
	slices.SortFunc(acks, func(a, b datasync.Ack) int {
		return cmp.Compare(tx.store.received[a.ID].seq, tx.store.received[b.ID].seq)
	})
	acks = acks[:min(len(acks), max)]
	for _, a := range acks {
		unset(tx, tx.store.owed, a.ID)
	}
	return acks, nil
}

// Disown implements datasync.ReceivedStore.
func (tx *Tx) Disown(to datasync.PeerID) error {
	for _, id := range slices.Collect(maps.Keys(tx.store.owed)) {
		if tx.store.owed[id] == to {
			unset(tx, tx.store.owed, id)
		}
	}
	return nil
}

// Unreceive implements datasync.ReceivedStore.
func (tx *Tx) Unreceive(id datasync.MessageID) (bool, error) {
	_, ok := tx.store.received[id]
	if ok {
		tx.forget(id)
	}
	return ok, nil
}

func (tx *Tx) forget(id datasync.MessageID) {
	unset(tx, tx.store.received, id)
	unset(tx, tx.store.owed, id)
}

// ForgetReceived implements datasync.ReceivedStore.
func (tx *Tx) ForgetReceived(before datasync.Millis, keep int) error {
	ids := slices.SortedFunc(maps.Keys(tx.store.received), func(a, b datasync.MessageID) int {
		return cmp.Compare(tx.store.received[a].seq, tx.store.received[b].seq)
	})
	for i, id := range ids {
		if tx.store.received[id].at >= before && len(ids)-i <= keep {
			break
		}
		tx.forget(id)
	}
	return nil
}

// set and unset write one entry and remember how to take that back.
func set[K comparable, V any](tx *Tx, m map[K]V, k K, v V) {
	restore(tx, m, k)
	m[k] = v
}

func unset[K comparable, V any](tx *Tx, m map[K]V, k K) {
	restore(tx, m, k)
	delete(m, k)
}

func restore[K comparable, V any](tx *Tx, m map[K]V, k K) {
	old, had := m[k]
	tx.undo = append(tx.undo, func() {
		if had {
			m[k] = old
		} else {
			delete(m, k)
		}
	})
}

// States yields the records in the order of Append. Only for use inside a
// transaction, or when nobody else uses the store.
func (s *Store) States() iter.Seq[datasync.State] {
	return slices.Values(slices.SortedFunc(maps.Values(s.states), bySeq))
}

func bySeq(a, b datasync.State) int { return cmp.Compare(a.Seq, b.Seq) }

// Counts returns how much is stored, under the rules of States.
func (s *Store) Counts() (states, bodies, received int) {
	return len(s.states), len(s.bodies), len(s.received)
}

// Peers returns of how many peers something is remembered, under the rules of
// States.
func (s *Store) Peers() int { return len(s.peers) }

// Dump describes everything that is stored, under the rules of States.
func (s *Store) Dump() string {
	var lines []string
	for _, r := range s.states {
		lines = append(lines, fmt.Sprintf("record %+v", r))
	}
	for ref := range s.bodies {
		lines = append(lines, fmt.Sprintf("body %v", ref))
	}
	for id, p := range s.peers {
		lines = append(lines, fmt.Sprintf("peer %v %+v", id, p))
	}
	for id, r := range s.received {
		lines = append(lines, fmt.Sprintf("received %v %+v, owed %v", id, r, s.owed[id]))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
