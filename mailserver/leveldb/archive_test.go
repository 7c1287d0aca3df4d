package leveldb

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/util"

	"statusd/mailserver"
	"statusd/mailserver/archivetest"
	"statusd/waku/wire"
)

// testOptions make tables out of little data.
var testOptions = Options{MinFree: 1, writeBuffer: 1 << 20}

func openTest(t *testing.T, dir string) *Archive {
	t.Helper()
	a, err := Open(dir, testOptions)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

func TestArchive(t *testing.T) {
	archivetest.Run(t, func(t *testing.T) mailserver.Archive { return openTest(t, t.TempDir()) })
}

func testEnvelopes(n, size int) []*wire.Envelope {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	envs := make([]*wire.Envelope, n)
	for i := range envs {
		envs[i] = archivetest.Envelope(r, 1000+uint32(i), archivetest.Topic(i%20), size)
	}
	return envs
}

func fillTest(t *testing.T, a *Archive, envs []*wire.Envelope) {
	t.Helper()
	if _, err := a.Put(t.Context(), envs); err != nil {
		t.Fatal(err)
	}
}

// checkConsistent compares index, directory and counters with the envelopes.
func checkConsistent(t *testing.T, a *Archive) (envelopes int) {
	t.Helper()
	all := archivetest.Rows(t, a, archivetest.Everything())
	var bytes int64
	topics := make(map[wire.Topic]int64)
	for _, row := range all {
		bytes += int64(row.Size)
		topics[row.Topic]++
	}
	s, err := a.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Envelopes != int64(len(all)) || s.Bytes != bytes || s.Topics != len(topics) {
		t.Errorf("counters: got %+v, stored are %d envelopes, %d bytes, %d topics", s, len(all), bytes, len(topics))
	}
	for topic, info := range a.topics.snapshot() {
		q := archivetest.Everything()
		q.Topics = []wire.Topic{topic}
		snap, err := a.db.GetSnapshot()
		if err != nil {
			t.Fatal(err)
		}
		rows := newMerge(a, snap, q, q.Topics)
		n := int64(0)
		for rows.Next(t.Context()) {
			if created := rows.Row().Created; created < info.oldest || created > info.newest {
				t.Errorf("topic %s: %d is outside of %d to %d", topic, created, info.oldest, info.newest)
			}
			if _, err := rows.Data(t.Context()); err != nil {
				t.Error(err)
			}
			n++
		}
		rows.Close()
		if n != info.count || n != topics[topic] {
			t.Errorf("topic %s: index has %d, directory %d, archive %d", topic, n, info.count, topics[topic])
		}
	}
	return len(all)
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	a := openTest(t, dir)
	fillTest(t, a, testEnvelopes(5000, 200))
	if _, err := a.Prune(t.Context(), mailserver.Limits{Envelopes: 3000}); err != nil {
		t.Fatal(err)
	}
	before, _ := a.Stats(t.Context())
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	a = openTest(t, dir)
	after, _ := a.Stats(t.Context())
	before.DiskBytes, after.DiskBytes = 0, 0
	if before != after || after.Envelopes != 3000 {
		t.Errorf("counters: got %+v, want %+v", after, before)
	}
	checkConsistent(t, a)
	if n, err := a.Prune(t.Context(), mailserver.Limits{Envelopes: 100}); n != 2900 || err != nil {
		t.Errorf("pruned %d, %v", n, err)
	}
	checkConsistent(t, a)
}

func TestSecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	openTest(t, dir)
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("got %v, want %v", err, ErrLocked)
	}
}

func TestForeignDatabase(t *testing.T) {
	for name, key := range map[string]string{"status-go": strings.Repeat("k", 40), "other": "key"} {
		dir := t.TempDir()
		db, err := leveldb.OpenFile(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(db.Put([]byte(key), []byte("value"), nil), db.Close()); err != nil {
			t.Fatal(err)
		}
		_, err = Open(dir, Options{})
		if !errors.Is(err, ErrForeign) || (name == "status-go") != strings.Contains(err.Error(), "import") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestNewerSchema(t *testing.T) {
	dir := t.TempDir()
	a := openTest(t, dir)
	if err := a.db.Put([]byte(keySchema), []byte{schemaVersion + 1}, nil); err != nil {
		t.Fatal(err)
	}
	a.Close()
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrSchema) {
		t.Errorf("got %v, want %v", err, ErrSchema)
	}
}

func TestLowDisk(t *testing.T) {
	a := openTest(t, t.TempDir())
	envs := testEnvelopes(10, 100)
	free := uint64(0)
	a.free = func(string) (uint64, error) { return free, nil }
	if n, err := a.Put(t.Context(), envs); n != 0 || !errors.Is(err, mailserver.ErrDiskLow) {
		t.Errorf("got %d, %v, want %v", n, err, mailserver.ErrDiskLow)
	}
	free = a.min
	if n, err := a.Put(t.Context(), envs); n != len(envs) || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	if got, err := freeBytes(t.TempDir()); err != nil || got == 0 {
		t.Errorf("free bytes: got %d, %v", got, err)
	}
}

func TestSpaceIsGivenBack(t *testing.T) {
	a := openTest(t, t.TempDir())
	fillTest(t, a, testEnvelopes(45_000, 1000))
	before, _ := a.Stats(t.Context())
	if _, err := a.Prune(t.Context(), mailserver.Limits{Envelopes: 4500}); err != nil {
		t.Fatal(err)
	}
	// The engine removes files in the background.
	deadline := time.Now().Add(20 * time.Second)
	for {
		after, _ := a.Stats(t.Context())
		if after.DiskBytes < before.DiskBytes/3 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a tenth of the envelopes takes %d bytes, all took %d", after.DiskBytes, before.DiskBytes)
		}
		runtime.Gosched()
	}
	checkConsistent(t, a)
}

// settle closes an archive in a state in which the engine has no reason to
// replace tables in the background, and no table is left over.
func settle(t *testing.T, a *Archive) {
	t.Helper()
	if err := a.db.CompactRange(util.Range{}); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := openTest(t, a.dir).Close(); err != nil {
		t.Fatal(err)
	}
}

// tables returns the table files, the largest first.
func tables(t *testing.T, dir string) []string {
	t.Helper()
	list, err := listTables(dir)
	if err != nil || len(list) == 0 {
		t.Fatalf("tables: %v, %v", list, err)
	}
	largest := 0
	for i := range list {
		if list[i].size > list[largest].size {
			largest = i
		}
	}
	list[0], list[largest] = list[largest], list[0]
	var out []string
	for _, s := range list {
		out = append(out, filepath.Join(dir, s.name))
	}
	return out
}

// TestCorruptedTable damages a table in several ways: the archive must refuse
// to open, say how to go on, and work again after a repair.
func TestCorruptedTable(t *testing.T) {
	const count = 6000
	envs := testEnvelopes(count, 500)
	for _, c := range []struct {
		name   string
		damage func(raw []byte) []byte
	}{
		{"byte in the middle", func(raw []byte) []byte { raw[len(raw)/2] ^= 1; return raw }},
		{"block of zeros", func(raw []byte) []byte { clear(raw[len(raw)/3 : len(raw)/3+4096]); return raw }},
		{"footer", func(raw []byte) []byte { raw[len(raw)-1] ^= 1; return raw }},
		{"cut", func(raw []byte) []byte { return raw[:len(raw)/2] }},
		{"empty", func(raw []byte) []byte { return nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			a := openTest(t, dir)
			fillTest(t, a, envs)
			settle(t, a)
			file := tables(t, dir)[0]
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			spill := filepath.Join(dir, "spill")
			if err := errors.Join(
				os.WriteFile(file, c.damage(raw), 0o600), os.WriteFile(spill, []byte("spilled"), 0o600),
			); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(dir, Options{}); !errors.Is(err, mailserver.ErrCorrupted) {
				t.Fatalf("got %v, want %v", err, mailserver.ErrCorrupted)
			}
			report, err := Repair(t.Context(), dir, testOptions, nil)
			if err != nil {
				t.Fatal(err)
			}
			a = openTest(t, dir)
			if n := checkConsistent(t, a); int64(n) != report.Envelopes || n < count/10 {
				t.Errorf("%d envelopes, report %+v", n, report)
			}
			if raw, err := os.ReadFile(spill); string(raw) != "spilled" {
				t.Errorf("a foreign file in the folder: %q, %v", raw, err)
			}
			t.Logf("%d of %d envelopes saved", report.Envelopes, count)
			if _, err := a.Put(t.Context(), envs); err != nil {
				t.Fatal(err)
			}
			if n := checkConsistent(t, a); n != count {
				t.Errorf("%d envelopes after storing all again", n)
			}
		})
	}
}

// TestMissingTable removes a table altogether.
func TestMissingTable(t *testing.T) {
	dir := t.TempDir()
	a := openTest(t, dir)
	fillTest(t, a, testEnvelopes(6000, 500))
	settle(t, a)
	if err := os.Remove(tables(t, dir)[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); !errors.Is(err, mailserver.ErrCorrupted) {
		t.Errorf("got %v, want %v", err, mailserver.ErrCorrupted)
	}
}

// TestDamageFoundInUse damages a table under an open archive: reads fail with
// the typed error, and the next start refuses.
func TestDamageFoundInUse(t *testing.T) {
	dir := t.TempDir()
	a := openTest(t, dir)
	fillTest(t, a, testEnvelopes(6000, 500))
	settle(t, a)
	a = openTest(t, dir)
	for _, file := range tables(t, dir) {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(file, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		junk := make([]byte, info.Size()/2)
		if _, err := f.WriteAt(junk, 0); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	rows, err := a.Select(t.Context(), archivetest.Everything())
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next(t.Context()) {
	}
	if !errors.Is(rows.Err(), mailserver.ErrCorrupted) {
		t.Errorf("got %v, want %v", rows.Err(), mailserver.ErrCorrupted)
	}
	rows.Close()
	if _, err := a.Stats(t.Context()); !errors.Is(err, mailserver.ErrCorrupted) {
		t.Errorf("counters: got %v, want %v", err, mailserver.ErrCorrupted)
	}
	a.Close()
	if _, err := Open(dir, Options{}); !errors.Is(err, mailserver.ErrCorrupted) {
		t.Errorf("next start: got %v, want %v", err, mailserver.ErrCorrupted)
	}
}

// TestRepairAgain goes on where a repair was interrupted.
func TestRepairAgain(t *testing.T) {
	envs := testEnvelopes(3000, 300)
	for _, at := range []string{"before the swap", "between the renames"} {
		t.Run(at, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "archive")
			a := openTest(t, dir)
			fillTest(t, a, envs)
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			half := openTest(t, dir+repairedSuffix)
			fillTest(t, half, envs[:100])
			if err := half.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir+repairedSuffix, "spill"), []byte("spilled"), 0o600); err != nil {
				t.Fatal(err)
			}
			if at == "between the renames" {
				if err := os.Rename(dir, dir+damagedSuffix); err != nil {
					t.Fatal(err)
				}
			}
			if report, err := Repair(t.Context(), dir, testOptions, nil); err != nil || report.Envelopes != 3000 {
				t.Fatalf("%+v, %v", report, err)
			}
			if n := checkConsistent(t, openTest(t, dir)); n != len(envs) {
				t.Errorf("%d envelopes", n)
			}
			if raw, err := os.ReadFile(filepath.Join(dir, "spill")); string(raw) != "spilled" {
				t.Errorf("spill: %q, %v", raw, err)
			}
			for _, suffix := range []string{repairedSuffix, damagedSuffix} {
				if _, err := os.Stat(dir + suffix); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("%s: %v", suffix, err)
				}
			}
		})
	}
}
