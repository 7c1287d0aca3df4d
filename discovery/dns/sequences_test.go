package dns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func openSequences(t *testing.T, path string) *FileSequences {
	t.Helper()
	s, err := OpenSequences(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSequencesAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dns.json")
	s := openSequences(t, path)
	for _, seq := range []uint64{0, 4, 1<<64 - 1, 7} {
		if err := s.Seen("a", seq); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Seen("b", 1); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*FileSequences{s, openSequences(t, path)} {
		if a, b, c := s.Sequence("a"), s.Sequence("b"), s.Sequence("c"); a != 1<<64-1 || b != 1 || c != 0 {
			t.Errorf("%d, %d, %d", a, b, c)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
}

// TestTreesInUseAreKept: a crowd of new trees does not push out one that is
// used.
func TestTreesInUseAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSequences(t, "")
		for day := range 30 {
			if err := s.Seen("ours", 9); err != nil {
				t.Fatal(err)
			}
			for i := range 15 {
				if err := s.Seen(fmt.Sprint(day, "/", i), 1); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(seenPause)
		}
		if len(s.trees) != maxTrees || s.Sequence("ours") != 9 || s.Sequence("0/0") != 0 {
			t.Errorf("%d trees, ours at %d", len(s.trees), s.Sequence("ours"))
		}
	})
}

func TestSequencesOfDamagedFile(t *testing.T) {
	for _, text := range []string{
		"", "{", "[]",
		`{"version":2,"trees":{"a":{"seq":4}}}`, `{"version":1,"trees":{"a":{"seq":-1}}}`,
	} {
		path := filepath.Join(t.TempDir(), "dns.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s := openSequences(t, path)
		if s.Sequence("a") != 0 {
			t.Errorf("%q is read", text)
		}
		if _, err := os.Stat(path + ".damaged"); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if err := s.Seen("a", 1); err != nil || openSequences(t, path).Sequence("a") != 1 {
			t.Errorf("%q: afterwards %v", text, err)
		}
	}
	if _, err := OpenSequences(t.TempDir(), nil); err == nil {
		t.Error("a folder is no file")
	}
}

func TestSequencesThatCannotBeWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	path := filepath.Join(dir, "dns.json")
	s := openSequences(t, path)
	if err := s.Seen("a", 4); !errors.Is(err, fs.ErrNotExist) || s.Sequence("a") != 4 {
		t.Errorf("%v, %d", err, s.Sequence("a"))
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.Seen("a", 4); err != nil || openSequences(t, path).Sequence("a") != 4 {
		t.Errorf("not made up for: %v", err)
	}
}
