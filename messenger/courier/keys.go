package courier

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"statusd/internal/store"
	"statusd/transport/topics"
)

// keyCache has the symmetric keys of places: from memory, from the database, or
// derived, which takes tens of milliseconds and is done outside transactions,
// once.
type keyCache struct {
	db *store.DB

	mu      sync.Mutex
	keys    map[string][]byte
	pending map[string]chan struct{} // closed when somebody's work is done
}

func newKeyCache(db *store.DB) *keyCache {
	return &keyCache{db: db, keys: make(map[string][]byte), pending: make(map[string]chan struct{})}
}

// get returns the key of a symmetric place. It must not be changed.
func (k *keyCache) get(ctx context.Context, p topics.Place) ([]byte, error) {
	for {
		k.mu.Lock()
		if key := k.keys[p.Name()]; key != nil {
			k.mu.Unlock()
			return key, nil
		}
		wait := k.pending[p.Name()]
		if wait == nil {
			wait = make(chan struct{})
			k.pending[p.Name()] = wait
			k.mu.Unlock()
			return k.make(ctx, p, wait)
		}
		k.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (k *keyCache) make(ctx context.Context, p topics.Place, done chan struct{}) (key []byte, err error) {
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if err == nil {
			k.keys[p.Name()] = key
		}
		delete(k.pending, p.Name())
		close(done)
	}()
	err = k.db.View(ctx, func(tx *store.Tx) (err error) {
		key, err = tx.SymKeys().ByName(p.Name())
		return err
	})
	if err != nil || key != nil {
		return key, err
	}
	key = p.SymKey()
	err = k.db.Update(ctx, func(tx *store.Tx) error { return tx.SymKeys().Put(p.Name(), key) })
	if err != nil && ctx.Err() == nil {
		return key, nil //nolint:nilerr // it can be derived again
	}
	if err != nil {
		return nil, fmt.Errorf("keep key: %w", err)
	}
	return key, nil
}

// forget drops keys, also from the database: who may choose places could make
// it grow for ever.
func (k *keyCache) forget(ctx context.Context, list []topics.Place) error {
	list = slices.DeleteFunc(list, func(p topics.Place) bool { return !p.Kind.Symmetric() })
	if len(list) == 0 {
		return nil
	}
	k.mu.Lock()
	for _, p := range list {
		delete(k.keys, p.Name())
	}
	k.mu.Unlock()
	return k.db.Update(ctx, func(tx *store.Tx) error {
		for _, p := range list {
			if err := tx.SymKeys().Delete(p.Name()); err != nil {
				return fmt.Errorf("forget key: %w", err)
			}
		}
		return nil
	})
}
