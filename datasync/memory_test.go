package datasync_test

import (
	"context"

	"statusd/datasync"
	"statusd/datasync/memstore"
)

// openStore is a store in memory in a transaction that never ends.
type openStore struct {
	*memstore.Tx
	store *memstore.Store
}

func init() {
	datasync.NewTestStore = func() datasync.TestStore {
		s := memstore.New()
		return openStore{open(s), s}
	}
}

// open returns a transaction to go on with, for one goroutine.
func open(s *memstore.Store) (out *memstore.Tx) {
	_ = s.Update(context.Background(), func(tx *memstore.Tx) error { out = tx; return nil })
	return out
}

func (s openStore) Dump() string { return s.store.Dump() }

func (s openStore) Counts() (states, bodies, received int) { return s.store.Counts() }

func (s openStore) Peers() int { return s.store.Peers() }
