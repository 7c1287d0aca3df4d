package profile

import (
	"errors"
	"os"
	"testing"

	"statusd/accounts"
	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/internal/store"
)

// TestDatabaseOfAClosedAccount checks and compacts databases of accounts that
// are not logged in.
func TestDatabaseOfAClosedAccount(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	m := open(t, dir)
	s, _ := create(t, m, "ana")
	password := pw(t, "secret")
	expect := func(when string, want error) {
		t.Helper()
		if err := m.CheckClosed(ctx, s.UID, password); !errors.Is(err, want) {
			t.Errorf("%s: check: %v, want %v", when, err, want)
		}
		if size, err := m.VacuumClosed(ctx, s.UID, password); !errors.Is(err, want) || (err == nil) != (size > 0) {
			t.Errorf("%s: vacuum: %d bytes, %v, want %v", when, size, err, want)
		}
	}
	expect("before the first login", ErrNever)
	if exists(m.database(s.UID)) {
		t.Error("a check made a database")
	}
	login(t, m, s.UID, "secret")
	expect("logged in", ErrLoggedIn)
	if err := m.Logout(ctx); err != nil {
		t.Fatal(err)
	}
	before, err := m.dir.Get(s.UID)
	if err != nil {
		t.Fatal(err)
	}
	expect("logged out", nil)
	if after, err := m.dir.Get(s.UID); err != nil || after != before {
		t.Errorf("a check counts as a login: %+v, %+v, %v", before, after, err)
	}
	if err := m.CheckClosed(ctx, s.UID, pw(t, "wrong")); !errors.Is(err, kdf.ErrWrongPassword) {
		t.Errorf("wrong password: %v", err)
	}
	if err := m.CheckClosed(ctx, key.UID{}, password); !errors.Is(err, accounts.ErrUnknown) {
		t.Errorf("nobody: %v", err)
	}
	spoil(t, m.database(s.UID))
	expect("damaged", store.ErrDamaged)
	if err := os.Remove(m.database(s.UID)); err != nil {
		t.Fatal(err)
	}
	expect("missing", store.ErrMissing)
	if exists(m.database(s.UID)) {
		t.Error("a check made a database")
	}
}

// TestLossInTheLogIsToldUntilItIsSeen: the log that a kill left was damaged
// since. A check of the files finds it, so does the login after it, and both go
// on telling until somebody takes the copy away.
func TestLossInTheLogIsToldUntilItIsSeen(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	m := open(t, dir)
	s, _ := create(t, m, "ana")
	a := login(t, m, s.UID, "secret")
	for range 8 {
		if err := a.DB().Update(ctx, func(tx *store.Tx) error { return tx.SetMeta("x", []byte("y")) }); err != nil {
			t.Fatal(err)
		}
	}
	name := m.database(s.UID)
	file, log := readFile(t, name), readFile(t, name+"-wal")
	if err := m.Logout(ctx); err != nil {
		t.Fatal(err)
	}
	log[5000] ^= 1
	for path, content := range map[string][]byte{name: file, name + "-wal": log} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := m.CheckClosed(ctx, s.UID, pw(t, "secret")); !errors.Is(err, store.ErrLost) {
			t.Fatalf("check of the files: %v", err)
		}
	}
	a = login(t, m, s.UID, "secret")
	losses := a.DB().Condition().Losses
	if err := m.CheckDatabase(ctx); !errors.Is(err, store.ErrLost) || len(losses) != 1 {
		t.Fatalf("check while logged in: %v, %v", err, losses)
	}
	if err := os.Remove(losses[0].Copy); err != nil {
		t.Fatal(err)
	}
	if err := m.CheckDatabase(ctx); err != nil || len(a.DB().Condition().Losses) > 0 {
		t.Errorf("after the copy was taken away: %v", err)
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// spoil changes a byte in every block of a file but the first.
func spoil(t *testing.T, name string) {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for at := 4096 + 100; at < len(raw); at += 4096 {
		raw[at] ^= 1
	}
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}
