package storetest

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"statusd/accounts/secret"
	"statusd/internal/store"
)

// tables lists what makes up a database.
func tables(t *testing.T, path string, key secret.Bytes) (all []string) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{Path: path, Key: key, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(t.Context(), func(tx *store.Tx) error {
		return tx.Query(`SELECT type || ' ' || name || ' ' || ifnull(sql, '') FROM sqlite_schema ORDER BY 1`, nil,
			func(r store.Row) error { all = append(all, r.Text(0)); return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestFreshIsWhatOpenMakes compares the copies with a database that was made
// by opening nothing.
func TestFreshIsWhatOpenMakes(t *testing.T) {
	for _, b := range []byte{0, 1, 0} {
		key := func() secret.Bytes { return secret.New(bytes.Repeat([]byte{b}, store.KeySize)) }
		copied := filepath.Join(t.TempDir(), "client.db")
		if err := Fresh(copied, key()); err != nil {
			t.Fatal(err)
		}
		got, want := tables(t, copied, key()), tables(t, filepath.Join(t.TempDir(), "client.db"), key())
		if len(want) < 30 || !slices.Equal(got, want) {
			t.Errorf("the copy has\n%s\nwant\n%s", got, want)
		}
		if err := Fresh(copied, key()); err != nil { // leaves it as it is
			t.Fatal(err)
		}
	}
}
