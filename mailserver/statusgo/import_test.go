package statusgo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/syndtr/goleveldb/leveldb"

	"statusd/internal/test/vectors"
	"statusd/mailserver"
	"statusd/mailserver/archivetest"
	"statusd/waku/wire"
)

func referenceKey(env *wire.Envelope) []byte {
	topic := env.Topic()
	return append(mailserver.KeyOf(env).AppendCursor(nil), topic[:]...)
}

func TestVectorDBKeys(t *testing.T) {
	type entry struct {
		Created uint32
		Cursor  vectors.Hex
		Hash    vectors.Hex `json:"envelope_hash"`
		Key     vectors.Hex
		Topic   vectors.Hex
	}
	f := vectors.Load(t, "mailserver")
	vectors.Each(t, f, "db_keys", func(_ int, c entry) string { return fmt.Sprintf("%x", []byte(c.Hash[:4])) },
		func(t *testing.T, c entry) {
			want := mailserver.Key{Created: c.Created, Hash: wire.Hash(c.Hash)}
			key, topic, ok := parseKey(c.Key)
			if !ok || key != want || topic == nil || *topic != wire.Topic(c.Topic) {
				t.Errorf("got %+v, %v, %t", key, topic, ok)
			}
			if key, topic, ok = parseKey(c.Cursor); !ok || key != want || topic != nil {
				t.Errorf("without topic: got %+v, %v, %t", key, topic, ok)
			}
			if got := want.AppendCursor(nil); string(got) != string(c.Cursor) {
				t.Errorf("cursor: got %x, want %x", got, []byte(c.Cursor))
			}
			if parsed, err := mailserver.ParseCursor(c.Cursor); err != nil || parsed != want {
				t.Errorf("cursor: got %+v, %v", parsed, err)
			}
		})
	// The stored envelopes have the keys that the reference gave them.
	type stored struct {
		RLP vectors.Hex
		Key vectors.Hex `json:"db_key"`
	}
	for i, c := range vectors.Section[[]stored](t, f, "archive") {
		env, err := wire.DecodeEnvelope(c.RLP)
		if err != nil {
			t.Fatal(err)
		}
		if got := referenceKey(env); string(got) != string(c.Key) {
			t.Errorf("archive %d: got %x, want %x", i, got, []byte(c.Key))
		}
	}
}

// reference writes an archive as status-go does: every third key is of the
// older form, and some records are junk.
func reference(t *testing.T, envs []*wire.Envelope) (dir string, junk int64) {
	t.Helper()
	dir = t.TempDir()
	db, err := leveldb.OpenFile(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i, env := range envs {
		key := referenceKey(env)
		if i%3 == 0 {
			key = key[:36]
		}
		if err := db.Put(key, env.RLP(), nil); err != nil {
			t.Fatal(err)
		}
		if i%500 == 1 {
			bad := slices.Clone(key)
			bad[5]++
			if err := db.Put(bad, env.RLP(), nil); err != nil {
				t.Fatal(err)
			}
			bad[6]++
			if err := db.Put(bad, []byte("junk"), nil); err != nil {
				t.Fatal(err)
			}
			junk += 2
		}
	}
	return dir, junk
}

func envelopes(n int) []*wire.Envelope {
	r := rand.New(rand.NewPCG(1, 1))
	envs := make([]*wire.Envelope, n)
	for i := range envs {
		envs[i] = archivetest.Envelope(r, 1_600_000_000+uint32(i), archivetest.Topic(i%40), 300)
	}
	return envs
}

func TestImport(t *testing.T) {
	envs := envelopes(6000)
	dir, junk := reference(t, envs)
	to := new(archivetest.Memory)
	last := Report{}
	report, err := Import(t.Context(), dir, to, Options{Progress: func(r Report) {
		if r.Share < last.Share || r.Read < last.Read {
			t.Errorf("progress goes back: %+v after %+v", r, last)
		}
		last = r
	}})
	if err != nil {
		t.Fatal(err)
	}
	if report.Added != 6000 || report.Invalid != junk || report.Read != 6000+junk || report.Share != 1 || last != report {
		t.Errorf("%+v, last progress %+v", report, last)
	}
	if s, err := to.Stats(t.Context()); err != nil || s.Envelopes != 6000 || s.Topics != 40 {
		t.Errorf("%+v, %v", s, err)
	}
	if report, err = Import(t.Context(), dir, to, Options{}); err != nil || report.Added != 0 {
		t.Errorf("again: %+v, %v", report, err)
	}
}

func TestImportResumes(t *testing.T) {
	envs := envelopes(10_000)
	dir, junk := reference(t, envs)
	to := new(archivetest.Memory)
	o := Options{State: filepath.Join(t.TempDir(), "import.json")}
	ctx, cancel := context.WithCancel(t.Context())
	batches := 0
	o.Progress = func(Report) {
		if batches++; batches == 2 {
			cancel()
		}
	}
	first, err := Import(ctx, dir, to, o)
	if !errors.Is(err, context.Canceled) || first.Added == 0 || first.Added == 10_000 {
		t.Fatalf("interrupted: %+v, %v", first, err)
	}
	o.Progress = nil
	second, err := Import(t.Context(), dir, to, o)
	if err != nil || !second.Resumed || second.Read >= first.Read+10_000-first.Added {
		t.Errorf("resumed: %+v, %v", second, err)
	}
	if first.Added+second.Added != 10_000 || second.Invalid > junk {
		t.Errorf("%+v, then %+v", first, second)
	}
	if third, err := Import(t.Context(), dir, to, o); err != nil || third.Resumed || third.Added != 0 {
		t.Errorf("after the end: %+v, %v", third, err)
	}
}

func TestImportErrors(t *testing.T) {
	to := new(archivetest.Memory)
	if _, err := Import(t.Context(), t.TempDir(), to, Options{}); !errors.Is(err, ErrNoArchive) {
		t.Errorf("empty directory: got %v", err)
	}
	if _, err := Import(t.Context(), filepath.Join(t.TempDir(), "missing"), to, Options{}); !errors.Is(err, ErrNoArchive) {
		t.Errorf("missing directory: got %v", err)
	}
	other := t.TempDir()
	db, err := leveldb.OpenFile(other, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Put([]byte("key"), nil, nil), db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Import(t.Context(), other, to, Options{}); !errors.Is(err, ErrNoArchive) {
		t.Errorf("other database: got %v", err)
	}
	dir, _ := reference(t, envelopes(10))
	db, err = leveldb.OpenFile(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := Import(t.Context(), dir, to, Options{}); !errors.Is(err, ErrInUse) {
		t.Errorf("in use: got %v", err)
	}
}

// TestImportFullArchive stops at the first error of the target.
func TestImportFullArchive(t *testing.T) {
	dir, _ := reference(t, envelopes(10))
	to := new(archivetest.Memory)
	to.Fail(mailserver.ErrDiskLow, nil, nil, 0)
	if _, err := Import(t.Context(), dir, to, Options{}); !errors.Is(err, mailserver.ErrDiskLow) {
		t.Errorf("got %v", err)
	}
}
