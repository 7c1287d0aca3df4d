package leveldb

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/syndtr/goleveldb/leveldb/journal"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"statusd/mailserver"
	"statusd/waku/wire"
)

// crashed returns the files of an archive that was not closed: batches of
// envelopes are in its journal alone.
func crashed(t *testing.T, batches ...[]*wire.Envelope) (files map[string][]byte, log string) {
	t.Helper()
	dir := t.TempDir()
	a := openTest(t, dir)
	for _, b := range batches {
		fillTest(t, a, b)
	}
	files = make(map[string][]byte)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = raw
		if strings.HasSuffix(e.Name(), ".log") {
			log = e.Name()
		}
	}
	return files, log
}

// restored writes the files into a new folder, one of them changed.
func restored(t *testing.T, files map[string][]byte, name string, content []byte) string {
	t.Helper()
	dir := t.TempDir()
	for n, raw := range files {
		if n == name {
			raw = content
		}
		if err := os.WriteFile(filepath.Join(dir, n), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func singles(envs []*wire.Envelope) (batches [][]*wire.Envelope) {
	for _, env := range envs {
		batches = append(batches, []*wire.Envelope{env})
	}
	return batches
}

// TestDamagedJournal: a flipped bit in the journal costs one envelope at most;
// what it costs is counted, logged and in the counters, which agree with what
// is there.
func TestDamagedJournal(t *testing.T) {
	envs := testEnvelopes(34, 300)
	files, name := crashed(t, singles(envs)...)
	raw := files[name]
	step := 41
	if testing.Short() {
		step = 401
	}
	harmless, blind := 0, 0
	for at := 0; at < len(raw); at += step {
		content := bytes.Clone(raw)
		content[at] ^= 1 << (at % 8)
		dir := restored(t, files, name, content)
		core, logs := observer.New(zapcore.ErrorLevel)
		o := testOptions
		o.Logger = zap.New(core)
		a, err := Open(dir, o)
		if err != nil {
			t.Fatalf("byte %d: %v", at, err)
		}
		n := checkConsistent(t, a)
		s, err := a.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		lost := int64(0)
		if s.Damage != nil {
			lost = s.Damage.Envelopes
		}
		if n == 34 && lost > 0 || n < 34 && s.Damage != nil && lost == 0 && !s.Damage.More {
			t.Errorf("byte %d: %d of 34 envelopes, damage %+v", at, n, s.Damage)
		}
		if lost == 0 && s.Damage != nil {
			if s.Damage.More {
				blind++
			} else {
				harmless++
			}
		}
		if n < 33 || int64(34-n) > lost || (s.Damage != nil) != (logs.Len() == 1) || n < 34 && s.Damage == nil {
			t.Errorf("byte %d: %d of 34 envelopes, damage %+v, %d lines in the log", at, n, s.Damage, logs.Len())
		}
		// It goes on, and the next start finds it sound.
		fillTest(t, a, envs)
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		a = openTest(t, dir)
		if s, err := a.Stats(t.Context()); err != nil || s.Damage != nil || checkConsistent(t, a) != 34 {
			t.Errorf("byte %d: afterwards: %+v, %v", at, s, err)
		}
		a.Close()
	}
	if harmless == 0 || !testing.Short() && blind == 0 {
		t.Errorf("%d times nothing was lost, %d times that could not be told", harmless, blind)
	}
}

// TestDamagedLargeBatch: of a batch over many blocks all but the damaged
// envelope is saved.
func TestDamagedLargeBatch(t *testing.T) {
	envs := testEnvelopes(900, 500)
	files, name := crashed(t, envs[:400], envs[400:800], envs[800:])
	raw := files[name]
	for _, share := range []int{10, 3, 2} {
		content := bytes.Clone(raw)
		content[len(raw)/share] ^= 8
		a := openTest(t, restored(t, files, name, content))
		n := checkConsistent(t, a)
		if s, err := a.Stats(t.Context()); err != nil || n < 899 || s.Damage == nil || s.Damage.Envelopes < int64(900-n) {
			t.Errorf("at %d: %d of 900 envelopes, %+v, %v", len(raw)/share, n, s.Damage, err)
		}
	}
}

// TestTornJournal: the end of a write that a crash interrupted is no damage.
func TestTornJournal(t *testing.T) {
	envs := testEnvelopes(120, 400)
	files, name := crashed(t, envs[:20], envs[20:21], envs[21:])
	raw := files[name]
	batches := readBatches(raw)
	if len(batches) != 4 { // the first makes the archive
		t.Fatalf("%d batches", len(batches))
	}
	last := batches[3].from
	for cut := last; cut < len(raw); cut += 997 {
		for _, zeros := range []int{0, 4096 - cut%4096} { // short, or never written
			content := append(bytes.Clone(raw[:cut]), make([]byte, zeros)...)
			if zeros > 0 && zeros < sectorSize {
				continue
			}
			a := openTest(t, restored(t, files, name, content))
			s, err := a.Stats(t.Context())
			if n := checkConsistent(t, a); n != 21 || s.Damage != nil || err != nil {
				t.Errorf("cut at %d, %d zeros: %d envelopes, damage %+v, %v", cut, zeros, n, s.Damage, err)
			}
			a.Close()
		}
	}
	// A page in the middle of the last write that did not reach the disk.
	content := bytes.Clone(raw)
	clear(content[40960:45056])
	a := openTest(t, restored(t, files, name, content))
	if s, err := a.Stats(t.Context()); err != nil || s.Damage != nil || checkConsistent(t, a) != 21 {
		t.Errorf("hole: %+v, %v", s, err)
	}
}

// TestJournalOfGarbage: a journal that holds something else is damaged, not torn.
func TestJournalOfGarbage(t *testing.T) {
	files, name := crashed(t, testEnvelopes(200, 400))
	raw := bytes.Clone(files[name])
	r := rand.New(rand.NewPCG(4, 4))
	for i := range raw {
		raw[i] = byte(r.Uint32())
	}
	a := openTest(t, restored(t, files, name, raw))
	if s, err := a.Stats(t.Context()); err != nil || s.Damage == nil || checkConsistent(t, a) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestSalvageGoesOn: a crash while a damaged journal is worked through loses
// nothing that was still to be saved.
func TestSalvageGoesOn(t *testing.T) {
	envs := testEnvelopes(34, 300)
	files, name := crashed(t, singles(envs)...)
	content := bytes.Clone(files[name])
	content[bytes.Index(content, envs[5].RLP())+100] ^= 1
	dir := restored(t, files, name, content)
	if err := keepDamaged(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, name)); err != nil { // as the engine does once it has read it
		t.Fatal(err)
	}
	a := openTest(t, dir)
	if n := checkConsistent(t, a); n != 33 {
		t.Errorf("%d envelopes", n)
	}
	if s, err := a.Stats(t.Context()); err != nil || s.Damage == nil || s.Damage.Envelopes != 1 {
		t.Errorf("%+v, %v", s.Damage, err)
	}
}

// TestSalvageOfRefusedArchive: an archive with a damaged journal that does not
// open for another reason keeps what the engine dropped, until it is repaired.
func TestSalvageOfRefusedArchive(t *testing.T) {
	envs := testEnvelopes(34, 300)
	files, name := crashed(t, singles(envs)...)
	content := bytes.Clone(files[name])
	content[bytes.Index(content, envs[5].RLP())+100] ^= 1
	dir := filepath.Join(t.TempDir(), "archive")
	if err := os.Rename(restored(t, files, name, content), dir); err != nil {
		t.Fatal(err)
	}
	if err := keepDamaged(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
	report, err := Repair(t.Context(), dir, testOptions, nil)
	if err != nil || report.Envelopes != 33 {
		t.Errorf("%+v, %v", report, err)
	}
	a := openTest(t, dir)
	if s, err := a.Stats(t.Context()); err != nil || s.Damage != nil || checkConsistent(t, a) != 33 {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestDamagedManifest: a flipped bit in the list of tables must not make the
// engine remove tables. The archive is refused, and a repair saves all.
func TestDamagedManifest(t *testing.T) {
	envs := testEnvelopes(6000, 500)
	dir := filepath.Join(t.TempDir(), "archive")
	a := openTest(t, dir)
	fillTest(t, a, envs)
	settle(t, a)
	names, err := filepath.Glob(filepath.Join(dir, "MANIFEST-*"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	raw, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	for at := range raw {
		content := bytes.Clone(raw)
		content[at] ^= 1 << (at % 8)
		if err := os.WriteFile(names[0], content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, testOptions); !errors.Is(err, mailserver.ErrCorrupted) ||
			!strings.Contains(err.Error(), filepath.Base(names[0])) {
			t.Fatalf("byte %d: %v", at, err)
		}
	}
	report, err := Repair(t.Context(), dir, testOptions, nil)
	if err != nil || report.Envelopes != 6000 {
		t.Errorf("%+v, %v", report, err)
	}
	if n := checkConsistent(t, openTest(t, dir)); n != 6000 {
		t.Errorf("%d envelopes", n)
	}
}

// TestDamagedJournalInHealth: a recorder on such an archive says so, and goes on.
func TestDamagedJournalInHealth(t *testing.T) {
	envs := testEnvelopes(34, 300)
	files, name := crashed(t, singles(envs)...)
	content := bytes.Clone(files[name])
	content[bytes.Index(content, envs[3].RLP())+100] ^= 1
	a := openTest(t, restored(t, files, name, content))
	r, err := mailserver.NewRecorder(mailserver.RecorderConfig{Archive: a})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	r.Put(testEnvelopes(35, 10)[34])
	for r.Health().OK || r.Status().Stored == 0 {
		runtime.Gosched()
	}
	if h := r.Health(); !strings.Contains(h.Reason, "at least 1 envelopes were lost") || r.Status().Damaged != 1 {
		t.Errorf("%+v, %+v", h, r.Status())
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// FuzzJournal reads anything as a journal. What the engine's own reader makes
// of a sound one, this reader does.
func FuzzJournal(f *testing.F) {
	var sound bytes.Buffer
	w := journal.NewWriter(&sound)
	for _, n := range []int{20, 40_000, 0, 30} {
		c, err := w.Next()
		if err != nil {
			f.Fatal(err)
		}
		if _, err := c.Write(bytes.Repeat([]byte{byte(n)}, n)); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(sound.Bytes(), false)
	f.Add(sound.Bytes()[:200], false)
	f.Add([]byte("anything"), true)
	f.Fuzz(func(t *testing.T, raw []byte, write bool) {
		if write {
			var b bytes.Buffer
			w := journal.NewWriter(&b)
			c, err := w.Next()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Write(raw); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			got := readBatches(b.Bytes())
			if len(got) != 1 || !bytes.Equal(got[0].raw, raw) || len(damaged(b.Bytes(), got)) > 0 && len(raw) >= batchHeader {
				t.Fatalf("%d batches", len(got))
			}
			return
		}
		for _, b := range damaged(raw, readBatches(raw)) {
			b.rescue(func(env *wire.Envelope) { _ = mailserver.KeyOf(env) })
		}
		for _, b := range readBatches(raw) {
			if b.sound {
				b.records(func(uint64, []byte, []byte) {}, func(uint64, []byte) {})
			}
		}
	})
}
