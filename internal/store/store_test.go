package store

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"statusd/accounts/secret"
)

// testKey is the key of test databases.
func testKey() secret.Bytes { return secret.New(bytes.Repeat([]byte{0x5a}, KeySize)) }

// testConfig is a database in a folder.
func testConfig(dir string) Config {
	return Config{Path: filepath.Join(dir, "client.db"), Key: testKey(), Create: true}
}

// mustOpen opens a database and closes it with the test.
func mustOpen(t testing.TB, c Config) *DB {
	t.Helper()
	db, err := Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil && !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
	return db
}

// update runs a transaction that must succeed.
func update(t testing.TB, db *DB, fn func(*Tx) error) {
	t.Helper()
	if err := db.Update(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

// meta returns a value, "" when it was never set.
func meta(t testing.TB, db *DB, name string) string {
	t.Helper()
	var value []byte
	err := db.View(context.Background(), func(tx *Tx) (err error) {
		value, _, err = tx.Meta(name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(value)
}

func setMeta(name, value string) func(*Tx) error {
	return func(tx *Tx) error { return tx.SetMeta(name, []byte(value)) }
}

func TestWhatWasCommittedComesBack(t *testing.T) {
	c := testConfig(t.TempDir())
	db := mustOpen(t, c)
	update(t, db, setMeta("a", "1"))
	update(t, db, setMeta("a", "2"))
	update(t, db, setMeta("empty", ""))
	for _, name := range []string{c.Path, c.Path + "-wal"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != fileMode {
			t.Errorf("%s: mode %v, %v", name, info.Mode().Perm(), err)
		}
	}
	if size, err := db.Size(); err != nil || size < 4096 {
		t.Errorf("size %d, %v", size, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	c.Create = false
	db = mustOpen(t, c)
	if got := meta(t, db, "a"); got != "2" {
		t.Errorf("got %q", got)
	}
	err := db.View(context.Background(), func(tx *Tx) error {
		value, found, err := tx.Meta("empty")
		if !found || len(value) != 0 {
			t.Errorf("empty value: %v, %v", value, found)
		}
		_, found, errNone := tx.Meta("none")
		if found {
			t.Error("a value that was never set is found")
		}
		return errors.Join(err, errNone)
	})
	if err != nil {
		t.Error(err)
	}
	if err := db.Check(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestThereIsExactlyOneConnection tries to get a second one in every way.
func TestThereIsExactlyOneConnection(t *testing.T) {
	c := testConfig(t.TempDir())
	db := mustOpen(t, c)
	update(t, db, setMeta("a", "1"))
	for range 2 {
		if second, err := Open(context.Background(), c); !errors.Is(err, ErrBusy) {
			t.Fatalf("second connection: %v, %v", second, err)
		}
		if err := db.Snapshot(context.Background(), new(bytes.Buffer)); err != nil { // opens the file, too
			t.Fatal(err)
		}
	}
	// No two transactions ever run at a time.
	var wg sync.WaitGroup
	running, ctx := make(chan struct{}, 1), context.Background()
	alone := func(*Tx) error {
		select {
		case running <- struct{}{}:
		default:
			t.Error("two transactions run at a time")
		}
		<-running
		return nil
	}
	for range 20 {
		wg.Go(func() { _ = db.Update(ctx, alone) })
		wg.Go(func() { _ = db.View(ctx, alone) })
	}
	wg.Wait()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, c)
}

func TestOpenRefuses(t *testing.T) {
	other := secret.New(bytes.Repeat([]byte{1}, KeySize))
	noise := make([]byte, 8192)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   error
	}{
		{"no file", func(c *Config) { c.Create, c.Path = false, c.Path+"x" }, ErrMissing},
		{"empty file", func(c *Config) { c.Create, c.Path = false, c.Path+"x"; write(t, c.Path, nil) }, ErrMissing},
		{"no folder", func(c *Config) { c.Path = filepath.Join(c.Path+"x", "y") }, fs.ErrNotExist},
		{"no key", func(c *Config) { c.Key = secret.Bytes{} }, ErrKey},
		{"short key", func(c *Config) { c.Key = secret.New(make([]byte, 31)) }, ErrKey},
		{"wrong key", func(c *Config) { c.Key = other }, ErrDamaged},
		{"noise", func(c *Config) { write(t, c.Path, noise) }, ErrDamaged},
		{"a folder", func(c *Config) { c.Path = filepath.Dir(c.Path) }, ErrIO},
	} {
		config := testConfig(t.TempDir())
		db := mustOpen(t, config)
		update(t, db, setMeta("a", "1"))
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		before := read(t, config.Path)
		changed := config
		c.change(&changed)
		if db, err := Open(context.Background(), changed); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, %v, want %v", c.name, db, err, c.want)
		}
		if c.name != "noise" && !bytes.Equal(before, read(t, config.Path)) {
			t.Errorf("%s: the database changed", c.name)
		}
	}
}

func write(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDamageShows cuts the file and changes its blocks.
func TestDamageShows(t *testing.T) {
	config := testConfig(t.TempDir())
	db := mustOpen(t, config)
	for i := range 200 {
		update(t, db, func(tx *Tx) error {
			_, err := tx.EventLog().Append("t", bytes.Repeat([]byte{byte(i)}, 1000), time.Unix(0, 0))
			return err
		})
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	whole := read(t, config.Path)
	probe := func(damaged []byte) error {
		write(t, config.Path, damaged)
		db, err := Open(context.Background(), config)
		if err != nil {
			return err
		}
		defer db.Close()
		return db.Check(context.Background())
	}
	if err := probe(whole); err != nil {
		t.Fatal(err)
	}
	for block := 0; block < len(whole); block += 4096 {
		damaged := bytes.Clone(whole)
		damaged[block+100] ^= 1
		if err := probe(damaged); !errors.Is(err, ErrDamaged) {
			t.Errorf("block %d changed: %v", block/4096, err)
		}
	}
	for _, cut := range []int{100, 4095, 4096, len(whole) / 2, len(whole) - 4096, len(whole) - 1} {
		if err := probe(whole[:cut]); !errors.Is(err, ErrDamaged) {
			t.Errorf("cut at %d of %d: %v", cut, len(whole), err)
		}
	}
}

func TestCloseWhileBusyTwiceAndAfter(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	started, finish := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := db.Update(context.Background(), func(tx *Tx) error {
			close(started)
			<-finish
			return tx.SetMeta("a", []byte("1"))
		})
		if err != nil {
			t.Errorf("running transaction: %v", err)
		}
	})
	<-started
	var results [2]error
	for i := range results {
		wg.Go(func() { results[i] = db.Close() })
	}
	waiting := make(chan error, 1)
	wg.Go(func() { waiting <- db.View(context.Background(), func(*Tx) error { return nil }) })
	close(finish)
	wg.Wait()
	if (results[0] == nil) == (results[1] == nil) {
		t.Errorf("two closes: %v", results)
	}
	if err := <-waiting; err != nil && !errors.Is(err, ErrClosed) {
		t.Errorf("waiting transaction: %v", err)
	}
	for name, err := range map[string]error{
		"Update": db.Update(context.Background(), setMeta("a", "")), "Checkpoint": db.Checkpoint(context.Background()),
		"Close": db.Close(), "Snapshot": db.Snapshot(context.Background(), new(bytes.Buffer)),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
	if err := db.Run(context.Background()); err != nil {
		t.Errorf("Run after Close: %v", err)
	}
}

func TestSnapshotIsADatabase(t *testing.T) {
	dir := t.TempDir()
	db := mustOpen(t, testConfig(dir))
	update(t, db, setMeta("a", "1"))
	var copied bytes.Buffer
	if err := db.Snapshot(context.Background(), &copied); err != nil {
		t.Fatal(err)
	}
	update(t, db, setMeta("a", "2"))
	c := testConfig(t.TempDir())
	write(t, c.Path, copied.Bytes())
	if got := meta(t, mustOpen(t, c), "a"); got != "1" {
		t.Errorf("got %q", got)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := db.Snapshot(ctx, &copied); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestVacuumGivesSpaceBack(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	update(t, db, setMeta("a", strings.Repeat("x", 1<<20)))
	update(t, db, setMeta("a", "small"))
	before, err := db.Size()
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Vacuum(context.Background()); err != nil {
		t.Fatal(err)
	}
	if after, err := db.Size(); err != nil || after > before/4 {
		t.Errorf("%d bytes, before %d, %v", after, before, err)
	}
	if meta(t, db, "a") != "small" {
		t.Error("content is lost")
	}
	if err := db.Check(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestRunEmptiesTheLogAfterSecretsWereDeleted runs in virtual time.
func TestRunEmptiesTheLogAfterSecretsWereDeleted(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		c := testConfig(dir)
		db := mustOpen(t, c)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := db.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		logSize := func() int64 {
			info, err := os.Stat(c.Path + "-wal")
			if err != nil {
				t.Fatal(err)
			}
			return info.Size()
		}
		update(t, db, setMeta("a", "1"))
		time.Sleep(time.Hour)
		if logSize() == 0 {
			t.Error("the log was emptied without need")
		}
		update(t, db, func(tx *Tx) error {
			tx.Forget()
			return tx.SetMeta("a", nil)
		})
		time.Sleep(ForgetDelay - time.Second)
		synctest.Wait()
		if logSize() == 0 {
			t.Error("the log was emptied at once")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if logSize() != 0 {
			t.Error("the log was not emptied")
		}
		cancel()
		wg.Wait()
	})
}
