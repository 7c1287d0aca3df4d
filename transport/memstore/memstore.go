// Package memstore keeps the state of the secure transport in memory, with
// the transactions of a database: exclusive, all or nothing. It serves
// accounts that keep nothing, and tests.
//
// Session states and message keys are kept as bytes, so that what it returns
// shares no secret with what it keeps. The package starts no goroutines.
package memstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"statusd/accounts/key"
	"statusd/transport"
	"statusd/transport/dh"
	"statusd/transport/ratchet"
	"statusd/waku/wire"
)

// ErrRow is returned for a message key without session.
var ErrRow = errors.New("message key of an unknown session")

// device names an installation of an identity.
type device struct {
	identity key.Public
	id       string
}

// sessionRow is a session with its state as bytes.
type sessionRow struct {
	transport.Session // without State
	state             [ratchet.StateSize]byte
}

// slot names a message key within its session.
type slot struct {
	header dh.Point
	n      uint32
}

// keyRow is a message key. Thousands are kept, hence no pointers.
type keyRow struct {
	seal [32]byte
	seq  uint64
}

// link is where the message key that an envelope used is kept.
type link struct {
	session transport.SessionID
	slot    slot
}

// Store holds the state of one account. It is safe for concurrent use.
type Store struct {
	owner    chan struct{} // holds one token while a transaction runs
	self     transport.Self
	prekeys  map[dh.Point]transport.OwnPrekey
	peers    map[key.Public]transport.Peer
	devices  map[key.Public]map[string]transport.Installation
	sessions map[device]map[transport.SessionID]sessionRow
	keys     map[transport.SessionID]map[slot]keyRow
	links    map[wire.Hash]link
	used     map[link]wire.Hash
	opened   map[key.Public]openedList
}

// openedList is what is remembered of the messages of an identity, the oldest
// first.
type openedList struct {
	messages  []transport.OpenedMessage
	forgotten int64
}

// New returns an empty store.
func New() *Store {
	return &Store{
		owner:    make(chan struct{}, 1),
		prekeys:  make(map[dh.Point]transport.OwnPrekey),
		peers:    make(map[key.Public]transport.Peer),
		devices:  make(map[key.Public]map[string]transport.Installation),
		sessions: make(map[device]map[transport.SessionID]sessionRow),
		keys:     make(map[transport.SessionID]map[slot]keyRow),
		links:    make(map[wire.Hash]link),
		used:     make(map[link]wire.Hash),
		opened:   make(map[key.Public]openedList),
	}
}

// Tx is an open transaction, a transport.Store. It is valid until its Update
// returns.
type Tx struct {
	s    *Store
	undo []func()
}

var _ transport.Store = (*Tx)(nil)

// Update runs fn in an exclusive transaction, which commits when fn returns
// nil and is rolled back otherwise, also when fn panics.
func (s *Store) Update(ctx context.Context, fn func(*Tx) error) error {
	select {
	case s.owner <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	tx := &Tx{s: s}
	done := false
	defer func() {
		if !done {
			for _, undo := range slices.Backward(tx.undo) {
				undo()
			}
		}
		<-s.owner
	}()
	if err := fn(tx); err != nil {
		return err
	}
	done = true
	return nil
}

// put and drop write one entry of a map and note how to take that back.
func put[K comparable, V any](tx *Tx, m map[K]V, k K, v V) {
	note(tx, m, k)
	m[k] = v
}

func drop[K comparable, V any](tx *Tx, m map[K]V, k K) {
	if _, ok := m[k]; ok {
		note(tx, m, k)
		delete(m, k)
	}
}

func note[K comparable, V any](tx *Tx, m map[K]V, k K) {
	old, had := m[k]
	tx.undo = append(tx.undo, func() {
		if had {
			m[k] = old
			return
		}
		delete(m, k)
	})
}

// inner returns the map under k, a new one if there is none.
func inner[K, L comparable, V any](tx *Tx, m map[K]map[L]V, k K) map[L]V {
	in, ok := m[k]
	if !ok {
		in = make(map[L]V)
		put(tx, m, k, in)
	}
	return in
}

// Self implements transport.SelfStore.
func (tx *Tx) Self() (transport.Self, error) { return tx.s.self, nil }

// PutSelf implements transport.SelfStore.
func (tx *Tx) PutSelf(self transport.Self) error {
	old := tx.s.self
	tx.undo = append(tx.undo, func() { tx.s.self = old })
	tx.s.self = self
	return nil
}

// CurrentPrekey implements transport.PrekeyStore.
func (tx *Tx) CurrentPrekey() (transport.OwnPrekey, bool, error) {
	for _, p := range tx.s.prekeys {
		if p.Replaced == 0 {
			return clonePrekey(p)
		}
	}
	return transport.OwnPrekey{}, false, nil
}

// Prekey implements transport.PrekeyStore.
func (tx *Tx) Prekey(id dh.Point) (transport.OwnPrekey, bool, error) {
	p, ok := tx.s.prekeys[id]
	if !ok {
		return transport.OwnPrekey{}, false, nil
	}
	return clonePrekey(p)
}

func clonePrekey(p transport.OwnPrekey) (transport.OwnPrekey, bool, error) {
	private, err := key.NewPrivate(p.Private.Reveal())
	if err != nil {
		return transport.OwnPrekey{}, false, fmt.Errorf("copy prekey: %w", err)
	}
	p.Private = private
	return p, true, nil
}

// PutPrekey implements transport.PrekeyStore.
func (tx *Tx) PutPrekey(p transport.OwnPrekey) error {
	p, _, err := clonePrekey(p)
	if err != nil {
		return err
	}
	put(tx, tx.s.prekeys, p.ID(), p)
	return nil
}

// DeletePrekeys implements transport.PrekeyStore.
func (tx *Tx) DeletePrekeys(replacedBefore int64) error {
	for id, p := range tx.s.prekeys {
		if p.Replaced != 0 && p.Replaced < replacedBefore {
			drop(tx, tx.s.prekeys, id)
		}
	}
	return nil
}

// Peer implements transport.PeerStore.
func (tx *Tx) Peer(id key.Public) (transport.Peer, bool, error) {
	p, ok := tx.s.peers[id]
	return p, ok, nil
}

// PutPeer implements transport.PeerStore.
func (tx *Tx) PutPeer(p transport.Peer) error {
	put(tx, tx.s.peers, p.Identity, p)
	return nil
}

// SecretPeers implements transport.PeerStore.
func (tx *Tx) SecretPeers() ([]transport.Peer, error) {
	var list []transport.Peer
	for _, p := range tx.s.peers {
		if !p.Shared.IsZero() {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, byContactID)
	return list, nil
}

// EvictStrangers implements transport.PeerStore.
func (tx *Tx) EvictStrangers(own key.Public, keep int) error {
	if len(tx.s.peers) <= keep {
		return nil
	}
	var strangers []transport.Peer
	for id, p := range tx.s.peers {
		if !p.Written && id != own {
			strangers = append(strangers, p)
		}
	}
	if len(strangers) <= keep {
		return nil
	}
	slices.SortFunc(strangers, newestHeard)
	for _, p := range strangers[keep:] {
		for id := range tx.s.devices[p.Identity] {
			if err := tx.DeleteInstallation(p.Identity, id); err != nil {
				return err
			}
		}
		drop(tx, tx.s.devices, p.Identity)
		drop(tx, tx.s.opened, p.Identity)
		drop(tx, tx.s.peers, p.Identity)
	}
	return nil
}

// Clone returns a copy of the store, such as a backup holds. It waits for a
// running transaction.
func (s *Store) Clone() *Store {
	s.owner <- struct{}{} // never waits longer than a transaction takes
	defer func() { <-s.owner }()
	return &Store{
		owner: make(chan struct{}, 1), self: s.self, prekeys: maps.Clone(s.prekeys), peers: maps.Clone(s.peers),
		devices: deepClone(s.devices), sessions: deepClone(s.sessions), keys: deepClone(s.keys),
		links: maps.Clone(s.links), used: maps.Clone(s.used), opened: maps.Clone(s.opened),
	}
}

func deepClone[K, L comparable, V any](m map[K]map[L]V) map[K]map[L]V {
	out := make(map[K]map[L]V, len(m))
	for k, in := range m {
		out[k] = maps.Clone(in)
	}
	return out
}
