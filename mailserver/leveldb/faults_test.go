package leveldb

import (
	"context"
	"errors"
	"sync"
	"syscall"
	"testing"

	"github.com/syndtr/goleveldb/leveldb/storage"

	"statusd/mailserver"
	"statusd/mailserver/archivetest"
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
	kind  string // of the calls that count: create, write, journal (a write to it), sync, rename, meta, remove
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
	return faultyWriter{w, s.f, fd.Type}, err
}

type faultyWriter struct {
	storage.Writer
	f    *faults
	kind storage.FileType
}

func (w faultyWriter) Write(b []byte) (n int, err error) {
	how, fault := w.f.fails("write")
	if w.kind == storage.TypeJournal {
		if h, err := w.f.fails("journal"); err != nil {
			how, fault = h, err
		}
	}
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

// TestOpensAgainInUse fails every tenth write to the journal while others walk
// through the archive: walks give what was there, in order, whole, and once.
func TestOpensAgainInUse(t *testing.T) {
	f := &faults{kind: "journal", how: failHalf, err: syscall.EIO}
	o := testOptions
	o.wrap = func(s storage.Storage) storage.Storage { return faultyStorage{s, f} }
	a, err := Open(t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	envs := testEnvelopes(1500, 200)
	fillTest(t, a, envs[:500])
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil || n == 0; n++ {
				q := archivetest.Everything()
				for topic := range i * 3 { // walks by time, and merges
					q.Topics = append(q.Topics, archivetest.Topic(topic))
				}
				walkWhole(t, a, q)
			}
		})
	}
	failed := 0
	for i := 500; i < len(envs); i += 10 {
		f.mu.Lock()
		f.first, f.last = f.calls/10*10+10, f.calls/10*10+10
		f.mu.Unlock()
		for {
			_, err := a.Put(t.Context(), envs[i:i+10])
			if err == nil {
				break
			}
			if failed++; !errors.Is(err, mailserver.ErrUnavailable) {
				t.Fatal(err)
			}
		}
	}
	cancel()
	wg.Wait()
	if n := checkConsistent(t, a); n != len(envs) || failed < 5 {
		t.Errorf("%d envelopes, %d writes failed", n, failed)
	}
}

// walkWhole walks to the end and checks order and content.
func walkWhole(t *testing.T, a *Archive, q mailserver.Query) {
	t.Helper()
	rows, err := a.Select(t.Context(), q)
	if err != nil {
		t.Error(err)
		return
	}
	defer rows.Close()
	var last *mailserver.Key
	n := 0
	for ; rows.Next(t.Context()); n++ {
		row := rows.Row()
		data, err := rows.Data(t.Context())
		if err != nil {
			t.Error(err)
			return
		}
		if _, ok := soundEnvelope(appendEnvelopeKey(nil, placeOf(row.Key), row.Topic), data); !ok {
			t.Errorf("row %d: not the envelope", n)
		}
		if last != nil && row.Compare(*last) >= 0 {
			t.Errorf("row %d: out of order", n)
		}
		last = &row.Key
	}
	if least := 25 * len(q.Topics); rows.Err() != nil || n < least || len(q.Topics) == 0 && n < 500 {
		t.Errorf("%d rows, %v", n, rows.Err())
	}
}
