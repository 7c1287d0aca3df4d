package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"statusd/internal/test/crashtest"
)

// unprotectedDB makes a database as earlier versions did: without checksums.
func unprotectedDB(t *testing.T, c Config, ballast int) {
	t.Helper()
	c.free = func(string) (int64, error) { return 0, nil }
	db := mustOpen(t, c)
	update(t, db, func(tx *Tx) error {
		for i := range ballast {
			if err := tx.SetMeta(fmt.Sprint("big", i), bytes.Repeat([]byte{byte(i)}, 5000)); err != nil {
				return err
			}
		}
		return tx.SetMeta("a", []byte("1"))
	})
	if !db.Condition().Unprotected || hasChecksums(t, db) {
		t.Fatal("the database has checksums")
	}
	closeDB(t, db)
}

func hasChecksums(t *testing.T, db *DB) bool {
	t.Helper()
	on, err := db.conn.checksums(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return on
}

// TestEveryDatabaseGetsChecksums, a new one and one of an earlier version.
func TestEveryDatabaseGetsChecksums(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	if !hasChecksums(t, db) || db.Condition().Unprotected {
		t.Error("a new database has none")
	}
	c := testConfig(t.TempDir())
	unprotectedDB(t, c, 50)
	keep := c
	keep.Keep = true
	db = mustOpen(t, keep)
	if hasChecksums(t, db) {
		t.Error("looking at a database changed it")
	}
	closeDB(t, db)
	db = mustOpen(t, c)
	if !hasChecksums(t, db) || db.Condition().Unprotected || meta(t, db, "a") != "1" {
		t.Error("an old database has none")
	}
	if err := db.Vacuum(context.Background()); err != nil || !hasChecksums(t, db) {
		t.Errorf("after vacuum: %v", err)
	}
	if err := db.Check(context.Background()); err != nil {
		t.Error(err)
	}
	closeDB(t, db)
	sound(t, c)
}

// sound flips a bit in each block of a database and wants to see it noticed.
func sound(t *testing.T, c Config) {
	t.Helper()
	file := read(t, c.Path)
	for block := 0; block < len(file); block += 4096 {
		damaged := bytes.Clone(file)
		damaged[block+4095] ^= 0x80
		write(t, c.Path, damaged)
		db, err := Open(context.Background(), c)
		if err == nil {
			err = db.Check(context.Background())
			if errClose := db.Close(); errClose != nil {
				t.Errorf("block %d: close: %v", block/4096, errClose)
			}
		}
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("block %d: %v", block/4096, err)
		}
	}
	write(t, c.Path, file)
}

// TestNoRoomForChecksums: the database works without them, says so, and gets
// them when there is room, in both folders that need it.
func TestNoRoomForChecksums(t *testing.T) {
	c := testConfig(t.TempDir())
	unprotectedDB(t, c, 50)
	for _, full := range []string{filepath.Dir(c.Path), temporaryFolder()} {
		c.free = func(dir string) (int64, error) {
			if dir == full {
				return 1 << 20, nil
			}
			return 1 << 40, nil
		}
		db := mustOpen(t, c)
		if hasChecksums(t, db) || !db.Condition().Unprotected {
			t.Errorf("%s is full: %+v", full, db.Condition())
		}
		update(t, db, setMeta("b", "2"))
		closeDB(t, db)
	}
	// The system does not tell: it is tried.
	c.free = func(string) (int64, error) { return 0, errors.New("unknown") }
	db := mustOpen(t, c)
	if !hasChecksums(t, db) || meta(t, db, "b") != "2" {
		t.Error("no checksums with room")
	}
}

// TestDiskFullWhileAddingChecksums fills the disk at each write in turn.
func TestDiskFullWhileAddingChecksums(t *testing.T) {
	d, layer := newDisk(t, errFull(), func(op string) bool { return op == "write" })
	c := testConfig(t.TempDir())
	c.vfs = layer
	unprotectedDB(t, c, 20)
	file := read(t, c.Path)
	done := false
	for n := int64(0); !done && n < 2000; n += 7 {
		write(t, c.Path, file)
		d.left.Store(n)
		db, err := Open(context.Background(), c)
		d.left.Store(-1)
		if err != nil {
			if !errors.Is(err, ErrFull) {
				t.Fatalf("after %d writes: %v", n, err)
			}
			put(t, c, file, nil)
			continue
		}
		done = hasChecksums(t, db)
		if done == db.Condition().Unprotected || meta(t, db, "a") != "1" {
			t.Errorf("after %d writes: %+v", n, db.Condition())
		}
		update(t, db, setMeta("b", "2"))
		if err := db.Check(context.Background()); err != nil {
			t.Errorf("after %d writes: %v", n, err)
		}
		closeDB(t, db)
	}
	if !done {
		t.Error("never done")
	}
}

// addChecksumsOnce opens a database that has none.
func addChecksumsOnce(dir string, ready func()) error {
	ready()
	db, err := Open(context.Background(), testConfig(dir))
	if err != nil {
		return err
	}
	return db.Close()
}

// TestKillWhileAddingChecksums kills at any time: the content is there, and the
// next start completes what was begun.
func TestKillWhileAddingChecksums(t *testing.T) {
	original := testConfig(t.TempDir())
	unprotectedDB(t, original, 300)
	file := read(t, original.Path)
	without, with := 0, 0
	for range kills / 2 {
		c := testConfig(t.TempDir())
		write(t, c.Path, file)
		crashtest.Kill(t, "checksums", dirOf(c), 4*killWithin)
		keep := c
		keep.Keep = true
		db := mustOpen(t, keep) // as it was left
		if hasChecksums(t, db) {
			with++
		} else {
			without++
		}
		if err := db.Check(context.Background()); err != nil {
			t.Fatal(err)
		}
		closeDB(t, db)
		db = mustOpen(t, c)
		if !hasChecksums(t, db) || meta(t, db, "a") != "1" || len(meta(t, db, "big299")) != 5000 {
			t.Fatal("not completed")
		}
		if cond := db.Condition(); len(cond.Losses) > 0 || cond.Unprotected {
			t.Fatalf("%+v", cond)
		}
		if err := db.Check(context.Background()); err != nil {
			t.Fatal(err)
		}
		closeDB(t, db)
	}
	t.Logf("killed before %d times, after %d times", without, with)
}
