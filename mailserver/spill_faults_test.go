package mailserver

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"statusd/waku/wire"
)

func spillEnvelopes(n int) []*wire.Envelope {
	r := rand.New(rand.NewPCG(uint64(n), 3))
	envs := make([]*wire.Envelope, n)
	for i := range envs {
		data := make([]byte, 100+r.IntN(600))
		for k := range data {
			data[k] = byte(r.Uint32())
		}
		envs[i] = wire.NewEnvelope(uint32(1000+i), 50, wire.Topic{byte(i)}, data, uint64(i))
	}
	return envs
}

// writeSpill makes a file with envelopes, one append for each, and returns
// where each record begins.
func writeSpill(t *testing.T, path string, envs []*wire.Envelope) (raw []byte, starts []int64) {
	t.Helper()
	s, err := openSpill(path, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	for _, env := range envs {
		starts = append(starts, s.size)
		if err := s.append([]*wire.Envelope{env}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if raw, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return raw, starts
}

// drain returns what comes out of a file.
func drain(t *testing.T, s *spillFile) (hashes map[wire.Hash]bool) {
	t.Helper()
	hashes = make(map[wire.Hash]bool)
	for s.pending() > 0 {
		envs, end, err := s.next(2000, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, env := range envs {
			hashes[env.Hash()] = true
		}
		if err := s.done(end); err != nil {
			t.Fatal(err)
		}
	}
	return hashes
}

// TestSpillDamage: a flipped bit anywhere costs one envelope at most, and what
// it costs is counted; a write that was interrupted counts as nothing.
func TestSpillDamage(t *testing.T) {
	envs := spillEnvelopes(12)
	path := filepath.Join(t.TempDir(), "spill")
	raw, starts := writeSpill(t, path, envs)
	open := func(content []byte) *spillFile {
		t.Helper()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := openSpill(path, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.close() })
		return s
	}
	for at := range raw {
		if i, _ := slices.BinarySearch(starts, int64(at)); at%16 != 0 && int64(at)-starts[max(0, i-1)] > 12 {
			continue // every byte of the headers, some of the rest
		}
		damaged := append([]byte(nil), raw...)
		damaged[at] ^= 1 << (at % 8)
		s := open(damaged)
		found := drain(t, s)
		gone := len(envs) - len(found)
		if gone > 1 || int64(gone) != s.lost.Envelopes || s.torn != 0 {
			t.Fatalf("bit of byte %d: %d envelopes are gone, %+v counted, %d bytes torn", at, gone, s.lost, s.torn)
		}
		s.close()
	}
	for cut := 0; cut < len(raw); cut += 7 {
		s := open(raw[:cut])
		whole := 0
		for whole < len(starts) && (whole+1 < len(starts) && starts[whole+1] <= int64(cut)) {
			whole++
		}
		if found := drain(t, s); len(found) != whole || s.lost != (Damage{}) || s.torn != int64(cut)-starts[whole] {
			t.Fatalf("cut at %d: %d of %d envelopes, %+v counted, %d bytes torn", cut, len(found), whole, s.lost, s.torn)
		}
		s.close()
	}
	// A file that grew before its data was written ends with zeros.
	last := starts[len(starts)-1]
	for _, zeros := range []int{8, 100, 5000} {
		s := open(append(raw[:last:last], make([]byte, zeros)...))
		if found := drain(t, s); len(found) != len(envs)-1 || s.lost != (Damage{}) || s.torn != int64(zeros) {
			t.Errorf("%d zeros: %d envelopes, %+v, %d bytes torn", zeros, len(found), s.lost, s.torn)
		}
	}
	// Damage inside does not hide behind a torn end.
	damaged := append([]byte(nil), raw[:len(raw)-5]...)
	damaged[starts[2]+40] ^= 1
	if s := open(damaged); len(drain(t, s)) != len(envs)-2 || s.lost.Envelopes != 1 || s.torn == 0 {
		t.Errorf("damage and a torn end: %+v, %d bytes torn", s.lost, s.torn)
	}
	// A lost sector that hits the headers of several.
	damaged = append([]byte(nil), raw...)
	clear(damaged[512:1536])
	if s := open(damaged); len(drain(t, s)) < len(envs)-6 || s.lost.Envelopes == 0 {
		t.Errorf("lost sectors: %+v", s.lost)
	}
}

// faultyStore makes the n-th call of some kinds fail.
type faultyStore struct {
	spillStore
	calls, failAt int
	err           error
	partial       bool // a failing write writes half
}

func (f *faultyStore) fails() bool {
	f.calls++
	return f.calls == f.failAt
}

func (f *faultyStore) WriteAt(b []byte, at int64) (int, error) {
	if f.fails() {
		n := 0
		if f.partial {
			n, _ = f.spillStore.WriteAt(b[:len(b)/2], at)
		}
		return n, f.err
	}
	return f.spillStore.WriteAt(b, at)
}

func (f *faultyStore) Sync() error {
	if f.fails() {
		return f.err
	}
	return f.spillStore.Sync()
}

func (f *faultyStore) Truncate(size int64) error {
	if f.fails() {
		return f.err
	}
	return f.spillStore.Truncate(size)
}

// TestSpillCallsFail lets each write, sync and truncation fail once: what was
// appended is there afterwards, also for the next process, and nothing counts
// as damage.
func TestSpillCallsFail(t *testing.T) {
	envs := spillEnvelopes(40)
	for _, partial := range []bool{false, true} {
		for at := 1; at < 60; at++ {
			path := filepath.Join(t.TempDir(), fmt.Sprintf("spill%d%v", at, partial))
			s, err := openSpill(path, 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			faults := &faultyStore{spillStore: s.f, failAt: at, err: syscall.ENOSPC, partial: partial}
			s.f = faults
			want := make(map[wire.Hash]bool)
			for i := 0; i < len(envs); i += 4 {
				batch := envs[i : i+4]
				for try := 0; ; try++ {
					err := s.append(batch)
					if err == nil {
						break
					}
					if try > 2 || !errors.Is(err, syscall.ENOSPC) {
						t.Fatalf("call %d: %v", at, err)
					}
				}
				for _, env := range batch {
					want[env.Hash()] = true
				}
			}
			s.close()
			if s, err = openSpill(path, 1<<30); err != nil {
				t.Fatal(err)
			}
			if got := drain(t, s); len(got) != len(want) || s.lost != (Damage{}) {
				t.Errorf("call %d: %d of %d envelopes, %+v", at, len(got), len(want), s.lost)
			}
			s.close()
		}
	}
}

// unreadableStore has pages that the disk cannot give back.
type unreadableStore struct {
	spillStore
	from, to int64
}

func (u *unreadableStore) ReadAt(b []byte, at int64) (int, error) {
	if at < u.to && at+int64(len(b)) > u.from {
		return 0, syscall.EIO
	}
	return u.spillStore.ReadAt(b, at)
}

// TestSpillUnreadablePage: a bad sector of the disk costs what is in it.
func TestSpillUnreadablePage(t *testing.T) {
	envs := spillEnvelopes(100)
	path := filepath.Join(t.TempDir(), "spill")
	writeSpill(t, path, envs)
	s, err := openSpill(path, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	s.f = &unreadableStore{s.f, 8192, 12288}
	if found := drain(t, s); len(found) < 80 || len(found) == 100 || s.lost.Envelopes == 0 {
		t.Errorf("%d envelopes, %+v", len(found), s.lost)
	}
}
