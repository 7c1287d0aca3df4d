package leveldb

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"

	"github.com/syndtr/goleveldb/leveldb/storage"

	"statusd/mailserver"
	"statusd/mailserver/archivetest"
	"statusd/waku/wire"
)

// When a failing call fails.
const (
	failBefore = iota // nothing was done
	failHalf          // a write wrote half
	failAfter         // it was done all the same
)

// faults makes calls of the engine to its files fail.
type faults struct {
	mu    sync.Mutex
	kind  string // of the calls that count: create, write, sync, rename, meta, remove
	how   int
	err   error
	calls int
	first int // the first that fails; 0: none
	last  int
	hit   int
}

func (f *faults) fails(kind string) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if kind != f.kind {
		return 0, nil
	}
	f.calls++
	if f.first == 0 || f.calls < f.first || f.calls > f.last {
		return 0, nil
	}
	f.hit++
	return f.how, f.err
}

func (f *faults) call(kind string, do func() error) error {
	how, err := f.fails(kind)
	if err == nil || how == failAfter {
		if doErr := do(); err == nil {
			err = doErr
		}
	}
	return err
}

type faultyStorage struct {
	storage.Storage
	f *faults
}

func (s faultyStorage) SetMeta(fd storage.FileDesc) error {
	return s.f.call("meta", func() error { return s.Storage.SetMeta(fd) })
}

func (s faultyStorage) Remove(fd storage.FileDesc) error {
	return s.f.call("remove", func() error { return s.Storage.Remove(fd) })
}

func (s faultyStorage) Rename(from, to storage.FileDesc) error {
	return s.f.call("rename", func() error { return s.Storage.Rename(from, to) })
}

func (s faultyStorage) Create(fd storage.FileDesc) (storage.Writer, error) {
	if _, err := s.f.fails("create"); err != nil {
		return nil, err
	}
	w, err := s.Storage.Create(fd)
	return faultyWriter{w, s.f}, err
}

type faultyWriter struct {
	storage.Writer
	f *faults
}

func (w faultyWriter) Write(b []byte) (n int, err error) {
	how, fault := w.f.fails("write")
	switch {
	case fault == nil:
		return w.Writer.Write(b)
	case how == failHalf:
		n, _ = w.Writer.Write(b[:len(b)/2])
	case how == failAfter:
		n, _ = w.Writer.Write(b)
	}
	return n, fault
}

// Sync leaves the disk alone: the power does not fail here.
func (w faultyWriter) Sync() error { return w.f.call("sync", func() error { return nil }) }

// faultyRun stores envelopes and prunes while calls fail, and checks that the
// archive goes on by itself, here and after a restart.
func faultyRun(t *testing.T, f *faults) {
	t.Helper()
	dir := t.TempDir()
	o := testOptions
	o.writeBuffer = 32 << 10
	o.wrap = func(s storage.Storage) storage.Storage { return faultyStorage{s, f} }
	a, err := Open(dir, o)
	for try := 0; err != nil && try < 5; try++ { // it is the first start that fails
		a, err = Open(dir, o)
	}
	if err != nil {
		t.Fatalf("%+v: %v", f, err)
	}
	defer a.Close()
	envs := testEnvelopes(600, 300)
	want := make(map[wire.Hash]bool)
	walk, err := a.Select(t.Context(), archivetest.Everything())
	if err != nil {
		t.Fatal(err)
	}
	defer walk.Close()
	for i := 0; i < len(envs); i += 30 {
		batch := envs[i : i+30]
		for try := 0; ; try++ {
			_, err := a.Put(t.Context(), batch)
			if err == nil {
				break
			}
			if try > 6 || !errors.Is(err, mailserver.ErrUnavailable) {
				t.Fatalf("%+v: batch %d: %v", f, i, err)
			}
		}
		for _, env := range batch {
			want[env.Hash()] = true
		}
	}
	for n := range 2 {
		_, err := a.Put(t.Context(), envs[n:n+1])
		_, pruneErr := a.Prune(t.Context(), mailserver.Limits{Envelopes: int64(550 - n)})
		for _, err := range []error{err, pruneErr} {
			if err != nil && !errors.Is(err, mailserver.ErrUnavailable) {
				t.Fatalf("%+v: %v", f, err)
			}
		}
	}
	f.mu.Lock()
	f.first = 0
	f.mu.Unlock()
	for try := 0; ; try++ { // the engine may still tell of the last fault
		_, err := a.Prune(t.Context(), mailserver.Limits{Envelopes: 500})
		if err == nil {
			break
		}
		if try > 1 {
			t.Fatalf("%+v: prune: %v", f, err)
		}
	}
	for _, env := range envs[:100] { // the oldest
		delete(want, env.Hash())
	}
	check := func(when string) {
		t.Helper()
		for _, row := range archivetest.Rows(t, a, archivetest.Everything()) {
			if !want[row.Hash] {
				t.Errorf("%+v: %s: an envelope that was pruned", f, when)
			}
		}
		if n := checkConsistent(t, a); n != len(want) {
			t.Errorf("%+v: %s: %d envelopes, want %d", f, when, n, len(want))
		}
		if s, err := a.Stats(t.Context()); err != nil || s.Damage != nil {
			t.Errorf("%+v: %s: damage %+v, %v", f, when, s.Damage, err)
		}
	}
	check("in use")
	a.Close() // an error of an earlier compaction says nothing here
	a = openTest(t, dir)
	check("after a restart")
}

// TestEveryCallFails lets each write, sync and other call of the engine to its
// files fail, once or three times: the archive opens itself again and stores
// on, and what it acknowledged is there.
func TestEveryCallFails(t *testing.T) {
	for _, kind := range []string{"create", "write", "sync", "rename", "meta", "remove"} {
		for how, name := range map[int]string{failBefore: "before", failHalf: "half", failAfter: "after"} {
			if how == failHalf && kind != "write" || how == failAfter && kind == "create" {
				continue
			}
			t.Run(fmt.Sprint(kind, " ", name), func(t *testing.T) {
				t.Parallel()
				count := &faults{kind: kind}
				faultyRun(t, count)
				step := 1
				if testing.Short() {
					step = max(1, count.calls/8)
				}
				hit := 0
				for at := 1; at <= count.calls; at += step {
					f := &faults{kind: kind, how: how, err: syscall.ENOSPC, first: at, last: at + 2*(at%2)}
					faultyRun(t, f)
					hit += f.hit
				}
				if count.calls > 0 && hit == 0 {
					t.Error("no call failed")
				}
			})
		}
	}
}
