package store

import (
	"context"
	"testing"
)

func TestInstallation(t *testing.T) {
	c := testConfig(t.TempDir())
	db := mustOpen(t, c)
	set := func(id string) func(*Tx) error { return func(tx *Tx) error { return tx.Installation().Set(id) } }
	settle := func(tx *Tx) error { return tx.Installation().ForgetPrevious() }
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
		{"settled", settle, "c", ""},
		{"settled twice", settle, "c", ""},
		{"restored later", set("d"), "d", "c"},
	} {
		update(t, db, step.change)
		closeDB(t, db)
		db = mustOpen(t, c)
		var id, previous string
		err := db.View(context.Background(), func(tx *Tx) (err error) {
			id, previous, err = tx.Installation().IDs()
			return err
		})
		if err != nil || id != step.id || previous != step.previous {
			t.Errorf("%s: got %q and %q, %v, want %q and %q", step.name, id, previous, err, step.id, step.previous)
		}
	}
}
