package store

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"statusd/accounts/key"
	"statusd/transport"
	"statusd/transport/dh"
	"statusd/transport/ratchet"
	"statusd/transport/storetest"
	"statusd/waku/wire"
)

func TestTransportStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Update {
		db := mustOpen(t, testConfig(t.TempDir()))
		return func(fn func(transport.Store) error) error {
			return db.Update(context.Background(), func(tx *Tx) error { return fn(tx.Transport()) })
		}
	})
}

func mustKey(t testing.TB) key.Private {
	t.Helper()
	k, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// newSession returns a session that has received nothing yet.
func newSession(t testing.TB) transport.Session {
	t.Helper()
	prekey := mustKey(t)
	shared, err := dh.NewSecret(mustKey(t).Reveal())
	if err != nil {
		t.Fatal(err)
	}
	state, err := ratchet.NewResponder(shared, prekey)
	if err != nil {
		t.Fatal(err)
	}
	id := transport.SessionID{Identity: mustKey(t).Public(), Installation: "i", Prekey: dh.PointOf(prekey.Public())}
	return transport.Session{ID: id, State: state}
}

// newMessageKeys returns keys numbered from 0, used by no envelope.
func newMessageKeys(t testing.TB, n int) []transport.MessageKey {
	t.Helper()
	list := make([]transport.MessageKey, n)
	for i := range list {
		raw := bytes.Repeat([]byte{0xa5 ^ byte(i), 0x5a ^ byte(i>>8), 0xc3, 0x96}, 8)
		mk, err := ratchet.NewMessageKey(raw)
		if err != nil {
			t.Fatal(err)
		}
		list[i].StoredKey = ratchet.StoredKey{Key: dh.Point{2}, N: uint32(i), Seq: uint64(i), Seal: mk}
	}
	return list
}

// TestTransportKeysAreGoneFromDisk looks below the encryption for what was
// confirmed, overwritten or deleted, after the time that Run leaves it.
func TestTransportKeysAreGoneFromDisk(t *testing.T) {
	dir := t.TempDir()
	c := testConfig(dir)
	c.vfs = plainVFS
	db := mustOpen(t, c)
	x, later := newSession(t), newSession(t)
	later.ID = x.ID
	keys := newMessageKeys(t, 3)
	keys[0].Envelope = wire.Hash{1}
	prekey := transport.OwnPrekey{Private: mustKey(t), Version: 1, Replaced: 5}
	secrets := map[string][]byte{
		"chain": bytes.Clone(x.State.Recv.Reveal()), "used message key": bytes.Clone(keys[0].Seal.Reveal()),
		"old message key": bytes.Clone(keys[1].Seal.Reveal()), "prekey": bytes.Clone(prekey.Private.Reveal()),
	}
	kept := bytes.Clone(keys[2].Seal.Reveal())
	update(t, db, func(tx *Tx) error {
		st := tx.Transport()
		return errors.Join(st.PutSession(x), st.PutMessageKeys(x.ID, keys), st.PutPrekey(prekey))
	})
	if err := db.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, b := range secrets {
		if len(filesWith(t, dir, b)) == 0 {
			t.Fatalf("the test does not see the %s", name)
		}
	}
	for len(db.forget) > 0 {
		<-db.forget
	}
	steps := []func(st transport.Store) error{
		func(st transport.Store) error { return st.ConfirmMessageKeys(wire.Hash{1}) },
		func(st transport.Store) error { return st.TrimMessageKeys(x.ID, 1, false, 0) },
		func(st transport.Store) error { return st.DeletePrekeys(6) },
		func(st transport.Store) error { return st.PutSession(later) },
	}
	for i, step := range steps {
		update(t, db, func(tx *Tx) error { return step(tx.Transport()) })
		if len(db.forget) != 1 {
			t.Errorf("step %d does not have the log emptied", i)
		}
		for len(db.forget) > 0 {
			<-db.forget
		}
	}
	if err := db.Checkpoint(t.Context()); err != nil { // what Run does
		t.Fatal(err)
	}
	for name, b := range secrets {
		if found := filesWith(t, dir, b); len(found) != 0 {
			t.Errorf("the %s is still in %v", name, found)
		}
	}
	if len(filesWith(t, dir, kept)) == 0 {
		t.Error("the key that waits for its message is gone")
	}
}

func TestForgetInstallation(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	x := newSession(t)
	update(t, db, func(tx *Tx) error {
		st := tx.Transport()
		return errors.Join(st.PutSession(x), st.PutMessageKeys(x.ID, newMessageKeys(t, 2)),
			st.PutPrekey(transport.OwnPrekey{Private: mustKey(t), Version: 1}),
			st.PutPeer(transport.Peer{Identity: x.ID.Identity, Written: true}),
			st.PutInstallation(transport.Installation{Identity: x.ID.Identity, ID: "i"}))
	})
	update(t, db, func(tx *Tx) error { return tx.Installation().Erase() })
	err := db.View(t.Context(), func(tx *Tx) error {
		peers, installations, sessions, keys, err := transportCounts(tx)
		if got := [4]int64{peers, installations, sessions, keys}; got != [4]int64{1, 1, 0, 0} {
			t.Errorf("left %v", got)
		}
		_, found, err2 := tx.Transport().CurrentPrekey()
		if found {
			t.Error("the prekey is left")
		}
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestDamagedTransportRows are errors, not panics or silence.
func TestDamagedTransportRows(t *testing.T) {
	x := newSession(t)
	for _, damage := range []string{
		`UPDATE session SET state = x'01'`, `UPDATE message_key SET key = x'01'`, `UPDATE peer SET shared = x'01'`,
		`UPDATE peer SET acks = x'ff'`, `UPDATE peer SET acks = x'0541'`, `UPDATE installation SET prekey = x'02'`,
		`UPDATE prekey SET private = zeroblob(32)`, `UPDATE session SET ephemeral = x'02'`,
	} {
		db := mustOpen(t, testConfig(t.TempDir()))
		update(t, db, func(tx *Tx) error {
			st := tx.Transport()
			return errors.Join(st.PutSession(x), st.PutMessageKeys(x.ID, newMessageKeys(t, 1)),
				st.PutPrekey(transport.OwnPrekey{Private: mustKey(t), Version: 1}),
				st.PutPeer(transport.Peer{Identity: x.ID.Identity}),
				st.PutInstallation(transport.Installation{Identity: x.ID.Identity, ID: "i"}), tx.Exec(damage))
		})
		err := db.View(t.Context(), func(tx *Tx) error {
			st := tx.Transport()
			_, _, err := st.Peer(x.ID.Identity)
			_, err2 := st.Installations(x.ID.Identity)
			_, err3 := st.Sessions(x.ID.Identity, "i", x.ID.Prekey)
			_, _, err4 := st.MessageKey(x.ID, dh.Point{2}, 0)
			_, _, err5 := st.CurrentPrekey()
			return errors.Join(err, err2, err3, err4, err5)
		})
		if !errors.Is(err, ErrTransport) {
			t.Errorf("%s: %v", damage, err)
		}
	}
}

// TestSkippedKeys stores as many keys as peers may make a session keep, finds
// each at the cost of the first, and says how large they are.
func TestSkippedKeys(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	x := newSession(t)
	const n = 10_000
	update(t, db, func(tx *Tx) error { return tx.Transport().PutSession(x) })
	size := func() int64 {
		if err := db.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		bytes, err := db.Size()
		if err != nil {
			t.Fatal(err)
		}
		return bytes
	}
	before := size()
	update(t, db, func(tx *Tx) error { return tx.Transport().PutMessageKeys(x.ID, newMessageKeys(t, n)) })
	if grown := size() - before; grown > 2<<20 {
		t.Errorf("%d keys take %d bytes", n, grown)
	} else {
		t.Logf("%d keys take %d bytes", n, grown)
	}
	err := db.View(t.Context(), func(tx *Tx) error {
		for _, at := range []uint32{0, n / 2, n - 1} {
			if k, found, err := tx.Transport().MessageKey(x.ID, dh.Point{2}, at); err != nil || !found || k.N != at {
				t.Errorf("key %d: %v, %v", at, found, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// BenchmarkTransportStore measures what a received message costs in the
// database beside the message itself.
func BenchmarkTransportStore(b *testing.B) {
	db := mustOpen(b, testConfig(b.TempDir()))
	x := newSession(b)
	update(b, db, func(tx *Tx) error {
		return errors.Join(tx.Transport().PutSession(x), tx.Transport().PutMessageKeys(x.ID, newMessageKeys(b, 10_000)))
	})
	b.Run("find one of 10 000 skipped keys", func(b *testing.B) {
		b.ReportAllocs()
		err := db.View(context.Background(), func(tx *Tx) error {
			n := uint32(0)
			for b.Loop() {
				n = (n + 7919) % 10_000
				if _, found, err := tx.Transport().MessageKey(x.ID, dh.Point{2}, n); err != nil || !found {
					b.Fatal(found, err)
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	})
	b.Run("keep and confirm a key", func(b *testing.B) {
		b.ReportAllocs()
		k, x := newMessageKeys(b, 1), newSession(b)
		start := time.Now()
		err := db.Update(context.Background(), func(tx *Tx) error {
			st := tx.Transport()
			for i := uint32(0); b.Loop(); i++ {
				k[0].N, k[0].Seq, k[0].Envelope = i, uint64(i), wire.Hash{byte(i), 1}
				err := errors.Join(st.PutSession(x), st.PutMessageKeys(x.ID, k),
					st.TrimMessageKeys(x.ID, 2000, false, 0), st.ConfirmMessageKeys(k[0].Envelope))
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "messages/s")
	})
}
