package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"statusd/internal/test/crashtest"
)

func TestMain(m *testing.M) {
	crashtest.Main(m, map[string]crashtest.Job{
		"write": writeForEver, "migrate": migrateOnce, "sync": syncForEver,
		"checksums": addChecksumsOnce,
	})
}

const (
	kills       = 60
	killWithin  = 25 * time.Millisecond
	counterName = "counter"
)

// writeForEver counts in two tables at once and prints each number after its
// transaction.
func writeForEver(dir string, ready func()) error {
	db, err := Open(context.Background(), testConfig(dir))
	if err != nil {
		return err
	}
	ready()
	for {
		var seq int64
		err := db.Update(context.Background(), func(tx *Tx) (err error) {
			if seq, err = tx.EventLog().Append("k", bytes.Repeat([]byte("x"), 500), time.Now()); err != nil {
				return err
			}
			tx.Forget()
			return tx.SetMeta(counterName, []byte(strconv.FormatInt(seq, 10)))
		})
		if err != nil {
			return err
		}
		fmt.Println(seq)
		if seq%16 == 0 {
			if err := db.Checkpoint(context.Background()); err != nil {
				return err
			}
		}
	}
}

// migrateOnce brings a database of version 1 to version 3.
func migrateOnce(dir string, ready func()) error {
	c := testConfig(dir)
	c.migrations = versions(3)
	ready()
	db, err := Open(context.Background(), c)
	if err != nil {
		return err
	}
	return db.Close()
}

// TestKillWhileWriting looks after each kill whether both tables agree and
// whether everything is there that was reported to be on disk.
func TestKillWhileWriting(t *testing.T) {
	c := testConfig(t.TempDir())
	var last int64
	for range kills {
		printed := strings.Fields(string(crashtest.Kill(t, "write", dirOf(c), killWithin)))
		var reported int64
		if n := len(printed); n > 0 {
			var err error
			if reported, err = strconv.ParseInt(printed[n-1], 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		db := mustOpen(t, c)
		counter, err := strconv.ParseInt("0"+meta(t, db, counterName), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		err = db.View(context.Background(), func(tx *Tx) (err error) {
			last, err = tx.EventLog().Last()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if counter != last || last < reported {
			t.Fatalf("counter %d, last event %d, reported as written %d", counter, last, reported)
		}
		if err := db.Check(context.Background()); err != nil {
			t.Fatal(err)
		}
		closeDB(t, db)
	}
	t.Logf("%d kills, %d transactions", kills, last)
}

func dirOf(c Config) string { return strings.TrimSuffix(c.Path, "/client.db") }

// TestKillWhileMigrating kills at any time and finds a whole version.
func TestKillWhileMigrating(t *testing.T) {
	found := make(map[int]int)
	for range kills {
		c := testConfig(t.TempDir())
		db := openVersion(t, c, 1)
		update(t, db, func(tx *Tx) error { return tx.Exec(`CREATE TABLE ballast AS SELECT zeroblob(500000) AS b`) })
		closeDB(t, db)
		crashtest.Kill(t, "migrate", dirOf(c), killWithin)
		for n := 1; n <= 3; n++ {
			c.migrations = versions(n)
			db, err := Open(context.Background(), c)
			if errors.Is(err, ErrNewer) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if v := versionOf(t, db); v != int64(n) {
				t.Fatalf("content of version %d in a database of version %d", v, n)
			}
			if err := db.Check(context.Background()); err != nil {
				t.Fatal(err)
			}
			closeDB(t, db)
			found[n]++
			break
		}
		if v := versionOf(t, openVersion(t, c, 3)); v != 3 {
			t.Fatalf("does not migrate any more: version %d", v)
		}
	}
	t.Logf("%d kills, versions found %v", kills, found)
}
