package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"
)

// eventTable is the part of the schema that every database needs.
const eventTable = `CREATE TABLE event_log (seq INTEGER PRIMARY KEY);`

// versions are migrations for tests: each adds a table and moves a counter.
func versions(n int) fstest.MapFS {
	files := fstest.MapFS{
		"0001_one.sql": {
			Data: []byte(eventTable + `CREATE TABLE t1 (v INTEGER NOT NULL); INSERT INTO t1 VALUES (1)`),
		},
		"0002_two.sql":   {Data: []byte(`CREATE TABLE t2 (v INTEGER NOT NULL); UPDATE t1 SET v = 2`)},
		"0003_three.sql": {Data: []byte(`DROP TABLE t2; UPDATE t1 SET v = 3 -- no semicolon, a comment`)},
	}
	for i, name := range []string{"0001_one.sql", "0002_two.sql", "0003_three.sql"} {
		if i >= n {
			delete(files, name)
		}
	}
	return files
}

// versionOf returns what the test migrations left.
func versionOf(t testing.TB, db *DB) (v int64) {
	t.Helper()
	err := db.View(context.Background(), func(tx *Tx) error {
		_, err := tx.Get(`SELECT v FROM t1`, nil, func(r Row) { v = r.Int64(0) })
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// openVersion opens a database with the first n test migrations.
func openVersion(t testing.TB, c Config, n int) *DB {
	t.Helper()
	c.migrations = versions(n)
	return mustOpen(t, c)
}

func closeDB(t testing.TB, db *DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestMigrationsRunOnceWithACopyBeforeEach(t *testing.T) {
	c := testConfig(t.TempDir())
	closeDB(t, openVersion(t, c, 1))
	if copies, _ := filepath.Glob(c.Path + copyMark + "*"); len(copies) != 0 {
		t.Errorf("copies of a new database: %v", copies)
	}
	db := openVersion(t, c, 3)
	if v := versionOf(t, db); v != 3 {
		t.Errorf("version %d", v)
	}
	closeDB(t, db)
	closeDB(t, openVersion(t, c, 3))
	for i, want := range map[string]int64{"2": 1, "3": 2} {
		info, err := os.Stat(c.Path + copyMark + i)
		if err != nil || info.Mode().Perm() != fileMode {
			t.Fatalf("copy before version %s: %v", i, err)
		}
		old := Config{Path: filepath.Join(t.TempDir(), "client.db"), Key: c.Key}
		write(t, old.Path, read(t, c.Path+copyMark+i))
		if v := versionOf(t, openVersion(t, old, int(want))); v != want {
			t.Errorf("copy before version %s has version %d", i, v)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(c.Path))
	if err != nil || len(entries) != 3 {
		t.Errorf("files: %v, %v", entries, err)
	}
}

func TestOldCopiesAreRemoved(t *testing.T) {
	c := testConfig(t.TempDir())
	closeDB(t, openVersion(t, c, 1))
	closeDB(t, openVersion(t, c, 2))
	start := time.Now()
	for _, step := range []struct {
		after time.Duration
		there bool
	}{{CopyKept - time.Hour, true}, {CopyKept + time.Hour, false}} {
		c.Now = func() time.Time { return start.Add(step.after) }
		closeDB(t, openVersion(t, c, 2))
		if _, err := os.Stat(c.Path + copyMark + "2"); errors.Is(err, os.ErrNotExist) == step.there {
			t.Errorf("after %v: %v", step.after, err)
		}
	}
}

func TestNewerAndForeignDatabasesAreLeftAlone(t *testing.T) {
	c := testConfig(t.TempDir())
	closeDB(t, openVersion(t, c, 3))
	before := read(t, c.Path)
	c.migrations = versions(2)
	if _, err := Open(context.Background(), c); !errors.Is(err, ErrNewer) {
		t.Errorf("newer: %v", err)
	}
	if !bytes.Equal(before, read(t, c.Path)) {
		t.Error("a newer database was changed")
	}
	c.migrations = nil
	foreign := testConfig(t.TempDir())
	db := openVersion(t, foreign, 1)
	update(t, db, func(tx *Tx) error { return tx.Exec(`PRAGMA application_id=7`) })
	closeDB(t, db)
	if _, err := Open(context.Background(), foreign); !errors.Is(err, ErrForeign) {
		t.Errorf("foreign: %v", err)
	}
}

func TestFailedMigrationLeavesTheOldVersion(t *testing.T) {
	c := testConfig(t.TempDir())
	closeDB(t, openVersion(t, c, 1))
	bad := versions(2)
	bad["0002_two.sql"] = &fstest.MapFile{Data: []byte(`UPDATE t1 SET v = 9; INSERT INTO nowhere VALUES (1)`)}
	c.migrations = bad
	if _, err := Open(context.Background(), c); err == nil {
		t.Fatal("migrated")
	}
	if v := versionOf(t, openVersion(t, c, 1)); v != 1 {
		t.Errorf("version %d", v)
	}
}

func TestMigrationsAreNumbered(t *testing.T) {
	if scripts, err := readMigrations(embedded()); err != nil || len(scripts) == 0 {
		t.Errorf("%d migrations, %v", len(scripts), err)
	}
	for _, names := range [][]string{
		{"0002_a.sql"}, {"0001_a.sql", "0003_b.sql"}, {"0001_a.sql", "0001_b.sql"}, {"1_a.sql"}, {"a.sql"},
	} {
		files := fstest.MapFS{}
		for _, name := range names {
			files[name] = &fstest.MapFile{}
		}
		if _, err := readMigrations(files); err == nil {
			t.Errorf("%v: accepted", names)
		}
	}
}
