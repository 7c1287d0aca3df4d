// Package memstore keeps the records of data sync in memory, with the same
// transactions a database has: exclusive, all or nothing. It serves accounts
// that keep nothing, and tests, where dropping the Node and loading another
// from the Store is a crash.
//
// The package starts no goroutines and encodes nothing.
package memstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"statusd/datasync"
)

// ErrNoBody is returned for a body that is not stored.
var ErrNoBody = errors.New("no such body")

// ErrChange is wrapped by the errors of Apply for a change that does not fit
// what is stored.
var ErrChange = errors.New("change does not fit")

type stateKey struct {
	peer datasync.PeerID
	id   datasync.MessageID
}

// Store holds records. It is safe for concurrent use: Update and View exclude
// each other.
type Store struct {
	owner  chan struct{} // holds one token while a transaction runs
	bodies map[datasync.BodyID][]byte
	states map[stateKey]datasync.State
	seen   map[datasync.MessageID]datasync.Seen
}

// New returns an empty store.
func New() *Store {
	return &Store{
		owner:  make(chan struct{}, 1),
		bodies: make(map[datasync.BodyID][]byte),
		states: make(map[stateKey]datasync.State),
		seen:   make(map[datasync.MessageID]datasync.Seen),
	}
}

// Tx is an open transaction. It is valid until its Update returns.
type Tx struct {
	store  *Store
	undo   []func()
	finish []func(committed bool)
}

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

// Savepoint returns a mark for RollbackTo.
func (tx *Tx) Savepoint() int { return len(tx.undo) }

// RollbackTo undoes what was applied since the savepoint.
func (tx *Tx) RollbackTo(savepoint int) {
	for i := len(tx.undo) - 1; i >= savepoint; i-- {
		tx.undo[i]()
	}
	tx.undo = tx.undo[:savepoint]
}

// OnFinish calls fn when the transaction has ended, before another can begin.
func (tx *Tx) OnFinish(fn func(committed bool)) { tx.finish = append(tx.finish, fn) }

// Body returns a stored body. The caller must not change it.
func (tx *Tx) Body(id datasync.BodyID) ([]byte, error) {
	b, ok := tx.store.bodies[id]
	if !ok {
		return nil, ErrNoBody
	}
	return b, nil
}

// Apply makes changes. It is stricter than need be, so that tests notice
// changes that would not fit a database with constraints.
func (tx *Tx) Apply(changes []datasync.Change) error {
	for _, c := range changes {
		if err := tx.apply(c); err != nil {
			return fmt.Errorf("apply %T: %w", c, err)
		}
	}
	return nil
}

func (tx *Tx) apply(c datasync.Change) error {
	s := tx.store
	switch c := c.(type) {
	case datasync.PutBody:
		if _, ok := s.bodies[c.ID]; ok {
			return fmt.Errorf("%w: body is there", ErrChange)
		}
		set(tx, s.bodies, c.ID, slices.Clone(c.Body))
	case datasync.DeleteBody:
		if _, ok := s.bodies[c.ID]; !ok {
			return fmt.Errorf("%w: no body", ErrChange)
		}
		unset(tx, s.bodies, c.ID)
	case datasync.PutState:
		if _, ok := s.bodies[c.State.Body]; !ok && c.State.Body != (datasync.BodyID{}) {
			return fmt.Errorf("%w: record without body", ErrChange)
		}
		set(tx, s.states, stateKey{c.State.Peer, c.State.ID}, c.State)
	case datasync.DeleteState:
		key := stateKey{c.Peer, c.ID}
		if _, ok := s.states[key]; !ok {
			return fmt.Errorf("%w: no record", ErrChange)
		}
		unset(tx, s.states, key)
	case datasync.PutSeen:
		if _, ok := s.seen[c.Seen.ID]; ok {
			return fmt.Errorf("%w: id is there", ErrChange)
		}
		set(tx, s.seen, c.Seen.ID, c.Seen)
	case datasync.DropSeen:
		if _, ok := s.seen[c.ID]; !ok {
			return fmt.Errorf("%w: no id", ErrChange)
		}
		unset(tx, s.seen, c.ID)
	case datasync.ForgetSeen:
		for id, seen := range s.seen {
			if seen.At < c.Before {
				unset(tx, s.seen, id)
			}
		}
	default:
		return fmt.Errorf("%w: unknown kind", ErrChange)
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

// Load fills a new node with what is stored.
func (s *Store) Load(ctx context.Context, n *datasync.Node, now time.Time) error {
	return s.Update(ctx, func(*Tx) error {
		return n.Load(s.States(), s.Seen(), now)
	})
}

// States yields the records in the order of Append. Only for use inside a
// transaction, or when nobody else uses the store.
func (s *Store) States() iter.Seq2[datasync.State, error] {
	return ordered(s.states, func(a, b datasync.State) int { return cmp.Compare(a.Seq, b.Seq) })
}

// Seen yields the received ids, oldest first, under the rules of States.
func (s *Store) Seen() iter.Seq2[datasync.Seen, error] {
	return ordered(s.seen, func(a, b datasync.Seen) int {
		return cmp.Or(cmp.Compare(a.At, b.At), slices.Compare(a.ID[:], b.ID[:]))
	})
}

func ordered[K comparable, V any](m map[K]V, compare func(a, b V) int) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		list := make([]V, 0, len(m))
		for _, v := range m {
			list = append(list, v)
		}
		slices.SortFunc(list, compare)
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// Counts returns how much is stored, under the rules of States.
func (s *Store) Counts() (states, bodies, seen int) {
	return len(s.states), len(s.bodies), len(s.seen)
}
