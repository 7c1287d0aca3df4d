package store

import (
	"context"
	"testing"
)

func TestInstallation(t *testing.T) {
	c := testConfig(t.TempDir())
	db := mustOpen(t, c)
	set := func(id string) func(*Tx) error { return func(tx *Tx) error { return tx.SetInstallation(id) } }
	for _, step := range []struct {
		name         string
		change       func(*Tx) error
		id, previous string
	}{
		{"new database", func(*Tx) error { return nil }, "", ""},
		{"first login", set("a"), "a", ""},
		{"the same again", set("a"), "a", ""},
		{"restored", set("b"), "b", "a"},
		{"restored again before anybody asked", set("c"), "c", "a"},
		{"settled", (*Tx).ForgetPreviousInstallation, "c", ""},
		{"settled twice", (*Tx).ForgetPreviousInstallation, "c", ""},
		{"restored later", set("d"), "d", "c"},
	} {
		update(t, db, step.change)
		closeDB(t, db)
		db = mustOpen(t, c)
		var id, previous string
		err := db.View(context.Background(), func(tx *Tx) (err error) {
			id, previous, err = tx.Installation()
			return err
		})
		if err != nil || id != step.id || previous != step.previous {
			t.Errorf("%s: got %q and %q, %v, want %q and %q", step.name, id, previous, err, step.id, step.previous)
		}
	}
}
