package memstore

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"statusd/accounts/key"
	"statusd/transport"
	"statusd/transport/dh"
	"statusd/transport/ratchet"
	"statusd/transport/storetest"
	"statusd/waku/wire"
)

var errStop = errors.New("stop")

func generate(t *testing.T) key.Private {
	t.Helper()
	k, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func session(t *testing.T) transport.Session {
	t.Helper()
	shared, err := dh.NewSecret(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	prekey := generate(t)
	state, err := ratchet.NewResponder(shared, prekey)
	if err != nil {
		t.Fatal(err)
	}
	return transport.Session{ID: transport.SessionID{
		Identity: generate(t).Public(), Installation: "i", Prekey: dh.PointOf(prekey.Public()), Ephemeral: dh.Point{2},
	}, State: state, Created: 5}
}

// fill writes one of everything.
func fill(t *testing.T, tx *Tx, s transport.Session) {
	t.Helper()
	mk, err := ratchet.NewMessageKey(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	used := transport.MessageKey{StoredKey: ratchet.StoredKey{Seal: mk, N: 1, Seq: 1}, Envelope: wire.Hash{1}}
	waiting := transport.MessageKey{StoredKey: ratchet.StoredKey{Seal: mk, N: 0, Seq: 0}}
	for _, err := range []error{
		tx.PutSelf(transport.Self{LastVersion: 3}),
		tx.PutPrekey(transport.OwnPrekey{Private: generate(t), Version: 3}),
		tx.PutPeer(transport.Peer{Identity: s.ID.Identity, Heard: 1}),
		tx.PutInstallation(transport.Installation{Identity: s.ID.Identity, ID: "i"}),
		tx.PutSession(s),
		tx.PutMessageKeys(s.ID, []transport.MessageKey{waiting, used}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestRollback(t *testing.T) {
	store, s := New(), session(t)
	if err := store.Update(t.Context(), func(tx *Tx) error { fill(t, tx, s); return nil }); err != nil {
		t.Fatal(err)
	}
	before := store.Clone()
	change := func(tx *Tx) error {
		fill(t, tx, session(t))
		return errors.Join(
			tx.RetireSessions(transport.Scope{Everybody: true}, 100), tx.TrimMessageKeys(s.ID, 1, true, 0),
			tx.ConfirmMessageKeys(wire.Hash{1}), tx.DeleteInstallation(s.ID.Identity, "i"),
			tx.EvictStrangers(generate(t).Public(), 0), tx.DeletePrekeys(1), errStop,
		)
	}
	if err := store.Update(t.Context(), change); !errors.Is(err, errStop) {
		t.Fatal(err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = store.Update(t.Context(), func(tx *Tx) error { _ = change(tx); panic("crash") })
	}()
	before.owner, store.owner = nil, nil
	if !reflect.DeepEqual(before, store) {
		t.Error("a transaction that failed left something behind")
	}
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Update {
		store := New()
		return func(fn func(transport.Store) error) error {
			return store.Update(t.Context(), func(tx *Tx) error { return fn(tx) })
		}
	})
}

func TestNothingIsLeftBehind(t *testing.T) {
	store, s := New(), session(t)
	err := store.Update(t.Context(), func(tx *Tx) error {
		fill(t, tx, s)
		if err := tx.PutMessageKeys(session(t).ID, nil); !errors.Is(err, ErrRow) {
			t.Errorf("keys without session: %v", err)
		}
		if err := tx.EvictStrangers(generate(t).Public(), 0); err != nil {
			return err
		}
		if a, b, c, d := tx.Counts(); a+b+c+d+len(tx.s.links)+len(tx.s.used) != 0 {
			t.Errorf("after eviction: %d, %d, %d, %d, %d links", a, b, c, d, len(tx.s.links))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	store.owner <- struct{}{}
	if err := store.Update(ctx, func(*Tx) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
