package node

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"go.uber.org/zap"
)

func TestDataDirIsMadePrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b")
	d, err := openDataDir(path, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	for name, want := range map[string]fs.FileMode{"": 0o700, lockFile: 0o600, schemaFile: 0o600} {
		info, err := os.Stat(filepath.Join(path, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%q: mode %v, %v, want %v", name, info.Mode().Perm(), err, want)
		}
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	path := t.TempDir()
	first, err := openDataDir(path, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	_, err = openDataDir(path, zap.NewNop())
	var locked *LockedError
	if !errors.As(err, &locked) || !errors.Is(err, ErrLocked) {
		t.Fatalf("got %v", err)
	}
	if host, _ := os.Hostname(); locked.PID != os.Getpid() || locked.Host != host {
		t.Errorf("held by %d on %q", locked.PID, locked.Host)
	}
	if !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("%q does not name the process", err)
	}
	first.close()
	second, err := openDataDir(path, zap.NewNop())
	if err != nil {
		t.Fatalf("after release: %v", err)
	}
	second.close()
}

func TestLockFileWithRubbish(t *testing.T) {
	for _, text := range []string{"", "rubbish", "-1 host\n", strings.Repeat("9", 10_000)} {
		path := t.TempDir()
		if err := os.WriteFile(filepath.Join(path, lockFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := openDataDir(path, zap.NewNop())
		if err != nil {
			t.Fatalf("%.20q: %v", text, err)
		}
		if err := rewrite(d.lock, text); err != nil {
			t.Fatal(err)
		}
		var locked *LockedError
		if _, err := openDataDir(path, zap.NewNop()); !errors.As(err, &locked) || locked.PID != 0 {
			t.Errorf("%.20q: got %v", text, err)
		}
		d.close()
	}
}

func TestDataDirRefusals(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	withSchema := func(text string) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, schemaFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	withMode := func(mode fs.FileMode) string {
		dir := t.TempDir()
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for name, c := range map[string]struct {
		path string
		want error
	}{
		"no path":        {"", ErrDataDir},
		"a file":         {file, ErrDataDir},
		"below a file":   {filepath.Join(file, "dir"), ErrDataDir},
		"group writable": {withMode(0o770), ErrDataDirMode},
		"world writable": {withMode(0o707), ErrDataDirMode},
		"newer":          {withSchema(fmt.Sprint(SchemaVersion + 1)), ErrNewerData},
		"damaged":        {withSchema("one"), ErrSchemaFile},
		"empty version":  {withSchema(""), ErrSchemaFile},
		"huge version":   {withSchema(strings.Repeat("1", maxSmallFile+1)), ErrDataDir},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := openDataDir(c.path, zap.NewNop()); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if d, err := openDataDir(c.path, zap.NewNop()); errors.Is(err, ErrLocked) {
				t.Errorf("a refused directory stays locked: %v", d)
			}
		})
	}
	readable := withMode(0o755)
	d, err := openDataDir(readable, zap.NewNop())
	if err != nil {
		t.Fatalf("readable: %v", err)
	}
	d.close()
}

func TestDataDirClearsTemporaryFiles(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, ".nodekey.tmp-123")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := openDataDir(dir, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestNodeKeyPersists(t *testing.T) {
	dir := t.TempDir()
	src := keySource{file: filepath.Join(dir, "nodekey"), dir: dir}
	first, err := src.load(zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	again, err := src.load(zap.NewNop())
	if err != nil || !again.Equal(first) {
		t.Errorf("another key after restart, %v", err)
	}
	if info, err := os.Stat(src.file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestNodeKeyOfStatusGoIsTakenOver(t *testing.T) {
	dir := t.TempDir()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "Statusd"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := crypto.SaveECDSA(filepath.Join(dir, statusGoKey), key); err != nil {
		t.Fatal(err)
	}
	src := keySource{file: filepath.Join(dir, "nodekey"), dir: dir}
	if got, err := src.load(zap.NewNop()); err != nil || !got.Equal(key) {
		t.Fatalf("another key, %v", err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "Statusd")); err != nil {
		t.Fatal(err)
	}
	if got, err := src.load(zap.NewNop()); err != nil || !got.Equal(key) {
		t.Errorf("not stored: %v", err)
	}
}

func TestNodeKeyRefusals(t *testing.T) {
	dir := t.TempDir()
	secret := strings.Repeat("fe", 31) + "zz"
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, src := range map[string]keySource{
		"named but absent": {file: filepath.Join(dir, "absent"), fixed: true, dir: dir},
		"not hex":          {file: write("nothex", secret), dir: dir},
		"short":            {file: write("short", secret[:40]), dir: dir},
		"zero":             {file: write("zero", strings.Repeat("0", 64)), dir: dir},
		"above the order":  {file: write("order", strings.Repeat("f", 64)), dir: dir},
		"a directory":      {file: dir, dir: dir},
		"cannot be stored": {file: filepath.Join(dir, "no", "such", "dir"), dir: dir},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := src.load(zap.NewNop())
			if !errors.Is(err, ErrNodeKey) {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(err.Error(), secret[:20]) {
				t.Errorf("the error shows the key: %v", err)
			}
		})
	}
	prefixed := write("prefixed", " 0x"+hex.EncodeToString(append(make([]byte, 31), 7))+"\n")
	if _, err := (keySource{file: prefixed, dir: dir}).load(zap.NewNop()); err != nil {
		t.Errorf("0x and white space: %v", err)
	}
}
