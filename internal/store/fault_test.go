package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
	"github.com/ncruces/go-sqlite3/vfs/adiantum"
)

// disk is a file layer below the encryption whose disk can be full or broken.
type disk struct {
	vfs.VFS
	left  atomic.Int64 // operations that still succeed; negative for all
	onOp  func(op string) bool
	fault error
}

// newDisk registers a disk and returns the name of the file layer above it.
func newDisk(t *testing.T, fault error, onOp func(op string) bool) (*disk, string) {
	t.Helper()
	d := &disk{VFS: vfs.Find(""), onOp: onOp, fault: fault}
	d.left.Store(-1)
	name := "faulty-" + strings.ReplaceAll(t.Name(), "/", "-")
	vfs.Register(name, adiantum.Wrap(d, nil))
	t.Cleanup(func() { vfs.Unregister(name) })
	return d, name
}

// spend uses up one operation.
func (d *disk) spend(op string) error {
	if !d.onOp(op) || d.left.Load() < 0 {
		return nil
	}
	if d.left.Load() == 0 {
		return d.fault
	}
	d.left.Add(-1)
	return nil
}

// OpenFilename implements vfs.VFSFilename.
func (d *disk) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, flags, err := vfsutil.WrapOpenFilename(d.VFS, name, flags)
	if err != nil {
		return nil, flags, err
	}
	return &diskFile{f, d}, flags, nil
}

type diskFile struct {
	vfs.File
	disk *disk
}

// Unwrap implements vfs.FileUnwrap.
func (f *diskFile) Unwrap() vfs.File { return f.File }

// WriteAt implements vfs.File.
func (f *diskFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.disk.spend("write"); err != nil {
		return 0, err
	}
	return f.File.WriteAt(p, off)
}

// ReadAt implements vfs.File.
func (f *diskFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.disk.spend("read"); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

// errFull is what a full disk answers.
func errFull() error { return sqlite3.FULL }

// Sync implements vfs.File.
func (f *diskFile) Sync(flags vfs.SyncFlag) error {
	if err := f.disk.spend("sync"); err != nil {
		return err
	}
	return f.File.Sync(flags)
}

// TestFullOrBrokenDisk lets the disk fail at each operation of a transaction
// in turn, and of the checkpoint after it.
func TestFullOrBrokenDisk(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault error
		want  error
		onOp  func(string) bool
	}{
		{"full", sqlite3.FULL, ErrFull, func(op string) bool { return op == "write" }},
		{"full as the system says it", &os.PathError{Op: "write", Err: syscall.ENOSPC}, ErrFull, func(op string) bool {
			return op == "write"
		}},
		{"quota", syscall.EDQUOT, ErrFull, func(op string) bool { return op == "write" }},
		{"write error", sqlite3.IOERR_WRITE, ErrIO, func(op string) bool { return op == "write" }},
		{"sync error", sqlite3.IOERR_FSYNC, ErrIO, func(op string) bool { return op == "sync" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, layer := newDisk(t, c.fault, c.onOp)
			config := testConfig(t.TempDir())
			config.vfs = layer
			db := mustOpen(t, config)
			update(t, db, setMeta("a", "0"))
			failed := 0
			for n := range 40 {
				failed += oneFault(t, d, db, n, c.want)
			}
			if failed == 0 {
				t.Error("the disk never failed")
			}
			if err := db.Check(context.Background()); err != nil {
				t.Error(err)
			}
			last := meta(t, db, "a")
			closeDB(t, db)
			if got := meta(t, mustOpen(t, config), "a"); got != last {
				t.Errorf("after opening again: %.10q, want %.10q", got, last)
			}
		})
	}
}

// oneFault runs a transaction on a disk that fails after n operations, checks
// that it happened wholly or not at all, and returns how often the disk failed.
func oneFault(t *testing.T, d *disk, db *DB, n int, want error) (failed int) {
	t.Helper()
	old := meta(t, db, "a")
	next := fmt.Sprint(n) + strings.Repeat("x", 50_000)
	d.left.Store(int64(n))
	err := db.Update(context.Background(), setMeta("a", next))
	errCheckpoint := db.Checkpoint(context.Background())
	d.left.Store(-1)
	for _, e := range []error{err, errCheckpoint} {
		if e == nil {
			continue
		}
		failed++
		if !errors.Is(e, want) {
			t.Errorf("after %d operations: got %v, want %v", n, e, want)
		}
	}
	expected := next
	if err != nil {
		expected = old
	}
	if got := meta(t, db, "a"); got != expected {
		t.Errorf("after %d operations: got %.10q, want %.10q, error %v", n, got, expected, err)
	}
	update(t, db, setMeta("b", fmt.Sprint(n))) // the database lives
	return failed
}

// TestFullDiskBeforeMigration leaves the old version.
func TestFullDiskBeforeMigration(t *testing.T) {
	d, layer := newDisk(t, sqlite3.FULL, func(op string) bool { return op == "write" })
	c := testConfig(t.TempDir())
	c.vfs = layer
	closeDB(t, openVersion(t, c, 1))
	opened := false
	for n := int64(0); !opened && n < 200; n++ {
		d.left.Store(n)
		c.migrations = versions(3)
		db, err := Open(context.Background(), c)
		d.left.Store(-1)
		if err != nil {
			if !errors.Is(err, ErrFull) {
				t.Fatalf("after %d writes: %v", n, err)
			}
			continue
		}
		opened = true
		if v := versionOf(t, db); v != 3 {
			t.Errorf("version %d", v)
		}
		closeDB(t, db)
	}
	if !opened {
		t.Error("never opened")
	}
	if left, _ := filepath.Glob(filepath.Join(dirOf(c), ".*")); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

// TestSnapshotToABrokenWriter passes the writer's error on.
func TestSnapshotToABrokenWriter(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	update(t, db, setMeta("a", "1"))
	boom := errors.New("boom")
	if err := db.Snapshot(context.Background(), brokenWriter{boom}); !errors.Is(err, boom) {
		t.Errorf("got %v", err)
	}
	if err := db.Snapshot(context.Background(), new(bytes.Buffer)); err != nil {
		t.Error(err)
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }
