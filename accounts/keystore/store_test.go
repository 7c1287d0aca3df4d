package keystore

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	gethkeystore "github.com/ethereum/go-ethereum/accounts/keystore"

	"statusd/accounts/kdf"
	"statusd/accounts/key"
)

// newFile returns a key file of a new random key.
func newFile(t *testing.T, password string) ([]byte, key.Address) {
	t.Helper()
	k, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return sealKey(t, k, password), k.Public().Address()
}

func sealKey(t *testing.T, k key.Private, password string) []byte {
	t.Helper()
	s, err := NewSealer(kdf.ExactPassword([]byte(password)), tiny)
	if err != nil {
		t.Fatal(err)
	}
	file, err := s.Seal(Key{Private: k})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func openStore(t *testing.T) (*Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keystore")
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range all {
		out = append(out, e.Name())
	}
	return out
}

func TestSaveAndLoad(t *testing.T) {
	s, dir := openStore(t)
	file, a := newFile(t, "x")
	if err := s.Save(file, time.Unix(1_600_000_000, 42)); err != nil {
		t.Fatal(err)
	}
	all := names(t, dir)
	if want := "UTC--2020-09-13T12-26-40.000000042Z--" + a.Hex(); len(all) != 1 || all[0] != want {
		t.Errorf("names %v, want %s", all, want)
	}
	for path, want := range map[string]os.FileMode{dir: folderMode, filepath.Join(dir, all[0]): fileMode} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, want %v", path, info.Mode().Perm(), want)
		}
	}
	if err := s.Save(file, time.Now()); !errors.Is(err, ErrExists) {
		t.Errorf("second save: %v", err)
	}
	k, err := s.Load(a, NewOpener(kdf.ExactPassword([]byte("x"))))
	if err != nil || k.Address() != a {
		t.Errorf("load: %v", err)
	}
	if _, err := s.Load(a, NewOpener(kdf.ExactPassword([]byte("y")))); !errors.Is(err, kdf.ErrWrongPassword) {
		t.Errorf("wrong password: %v", err)
	}
	_, other := newFile(t, "x")
	if _, err := s.Read(other); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown address: %v", err)
	}
	if err := s.Delete(a); err != nil || len(names(t, dir)) != 0 {
		t.Errorf("delete: %v, left %v", err, names(t, dir))
	}
	if err := s.Delete(a); err != nil {
		t.Errorf("second delete: %v", err)
	}
}

func TestGethUsesOurFolderAndWeItsOwn(t *testing.T) {
	s, dir := openStore(t)
	file, a := newFile(t, "x")
	if err := s.Save(file, time.Now()); err != nil {
		t.Fatal(err)
	}
	staged, _ := newFile(t, "x")
	if err := s.StageNew(staged, time.Now(), 7); err != nil {
		t.Fatal(err)
	}
	g := gethkeystore.NewKeyStore(dir, 2, 1)
	theirs, err := g.NewAccount("y")
	if err != nil {
		t.Fatal(err)
	}
	for _, account := range g.Accounts() {
		if account.Address.Hex() == a.String() {
			if err := g.Unlock(account, "x"); err != nil {
				t.Errorf("geth cannot unlock ours: %v", err)
			}
		}
	}
	if !g.HasAddress([20]byte(a)) {
		t.Error("geth does not see ours")
	}
	if _, err := s.Load(key.Address(theirs.Address), NewOpener(kdf.ExactPassword([]byte("y")))); err != nil {
		t.Errorf("we cannot open theirs: %v", err)
	}
	if entries, err := s.List(); err != nil || len(entries) != 2 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
}

func TestListPassesOverOtherFiles(t *testing.T) {
	s, dir := openStore(t)
	file, a := newFile(t, "x")
	for name, content := range map[string]string{
		"README": "text", ".hidden": string(file), "backup~": string(file), "key.g12": string(file),
		"large": strings.Repeat(" ", MaxFile) + string(file), "any name.json": string(file),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	entries, err := s.List()
	if err != nil || len(entries) != 1 || entries[0] != (Entry{a, "any name.json"}) {
		t.Errorf("got %v, %v", entries, err)
	}
}

func TestDamagedFileIsToldFromMissing(t *testing.T) {
	s, dir := openStore(t)
	file, a := newFile(t, "x")
	if err := s.Save(file, time.Now()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, names(t, dir)[0])
	if err := os.WriteFile(path, file[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(a); !errors.Is(err, ErrMalformed) {
		t.Errorf("cut file: %v", err)
	}
	if err := s.Save(file, time.Now()); !errors.Is(err, ErrMalformed) {
		t.Errorf("save beside a cut file: %v", err)
	}
}

func TestSwappedFileIsRefused(t *testing.T) {
	s, dir := openStore(t)
	file, a := newFile(t, "x")
	_, b := newFile(t, "x")
	// A file without address names nobody, one with a wrong one fails on opening.
	renamed := regexp.MustCompile(a.Hex()).ReplaceAll(file, []byte(b.Hex()))
	if err := os.WriteFile(filepath.Join(dir, "f"), renamed, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(b, NewOpener(kdf.ExactPassword([]byte("x")))); !errors.Is(err, ErrAddress) {
		t.Errorf("got %v", err)
	}
}

func TestSettle(t *testing.T) {
	k, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	a := k.Public().Address()
	unknown := errors.New("unknown")
	for _, c := range []struct {
		name      string
		committed func(key.Address) (uint64, error)
		want      string // password that opens the file afterwards
		left      int    // files
	}{
		{"committed", func(key.Address) (uint64, error) { return 2, nil }, "new", 1},
		{"not committed", func(key.Address) (uint64, error) { return 1, nil }, "old", 1},
		{"overtaken", func(key.Address) (uint64, error) { return 3, nil }, "old", 1},
		{"nobody's", func(key.Address) (uint64, error) { return 0, nil }, "old", 1},
		{"cannot tell", func(key.Address) (uint64, error) { return 0, unknown }, "old", 2},
	} {
		s, dir := openStore(t)
		if err := s.Save(sealKey(t, k, "old"), time.Now()); err != nil {
			t.Fatal(err)
		}
		if err := s.StageReplacement(sealKey(t, k, "new"), 2); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, ".x.tmp-1"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 { // again, as after a crash in the middle
			if err := s.Settle(c.committed); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Load(a, NewOpener(kdf.ExactPassword([]byte(c.want)))); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if left := names(t, dir); len(left) != c.left {
			t.Errorf("%s: left %v", c.name, left)
		}
	}
	s, _ := openStore(t)
	if err := s.StageReplacement(sealKey(t, k, "new"), 2); !errors.Is(err, ErrNotFound) {
		t.Errorf("replacement of nothing: %v", err)
	}
}
