package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/util"
)

// testOptions keep tables in one block each: damage costs a table.
var testOptions = &opt.Options{WriteBuffer: 16 << 10, Compression: opt.NoCompression}

func fill(t *testing.T, dir string, records int) {
	t.Helper()
	db, damage, err := OpenDB(dir, testOptions)
	if err != nil || damage != nil {
		t.Fatal(damage, err)
	}
	for i := range records {
		if err := db.Put(fmt.Appendf(nil, "key %d", i), make([]byte, 100), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(db.CompactRange(util.Range{}), db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := MendDB(dir); err != nil { // removes tables that are not needed any more
		t.Fatal(err)
	}
}

// one returns the only file, or the largest, with that ending.
func one(t *testing.T, dir, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) == 0 {
		t.Fatal(pattern, found, err)
	}
	return found[0]
}

// TestOpenDBMendsDamage: whatever happened to the files of a database, it opens
// and can be written, and damage is told.
func TestOpenDBMendsDamage(t *testing.T) {
	flip := func(pattern string, share int) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			name := one(t, dir, pattern)
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			raw[len(raw)*share/10] ^= 1
			if err := os.WriteFile(name, raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	replace := func(pattern, content string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(one(t, dir, pattern), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(pattern string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.RemoveAll(one(t, dir, pattern)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, damage := range map[string]func(t *testing.T, dir string){
		"table":            flip("*.ldb", 5),
		"end of a table":   replace("*.ldb", "short"),
		"missing table":    remove("*.ldb"),
		"manifest":         replace("MANIFEST-*", "nothing of the kind"),
		"missing manifest": remove("MANIFEST-*"),
		"CURRENT":          replace("CURRENT", "junk"),
		"missing CURRENT":  remove("CURRENT"),
		"file instead": func(t *testing.T, dir string) {
			if err := errors.Join(os.RemoveAll(dir), os.WriteFile(dir, []byte("x"), 0o600)); err != nil {
				t.Fatal(err)
			}
		},
		"folder instead of a table": func(t *testing.T, dir string) {
			name := one(t, dir, "*.ldb")
			if err := errors.Join(os.Remove(name), os.Mkdir(name, 0o700)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "db")
			fill(t, dir, 1000)
			damage(t, dir)
			told, err := MendDB(dir)
			if err != nil || told == nil || told.Path != dir || told.Err == nil {
				t.Fatalf("%+v, %v", told, err)
			}
			if _, err := os.Stat(told.Aside); told.Aside != "" && err != nil {
				t.Error(err)
			}
			fill(t, dir, 10) // fails when there is damage
		})
	}
}

// TestOpenDBTellsTheCause: what is no damage is an error that names the folder
// and what is the matter.
func TestOpenDBTellsTheCause(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	db, _, err := OpenDB(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenDB(dir, nil); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("open twice: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		return // root may do everything
	}
	if err := os.Chmod(dir, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	if _, _, err := OpenDB(dir, nil); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), dir) {
		t.Errorf("no permission: %v", err)
	}
}

// TestPutAside moves files and folders away, over what was moved before.
func TestPutAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache.json")
	for _, fill := range []func() error{
		func() error { return os.WriteFile(path, []byte("1"), 0o600) },
		func() error { return os.MkdirAll(filepath.Join(path, "sub"), 0o700) },
		func() error { return os.WriteFile(path, []byte("3"), 0o600) },
	} {
		if err := fill(); err != nil {
			t.Fatal(err)
		}
		if aside, err := PutAside(path); err != nil || aside != path+Suffix {
			t.Errorf("%s, %v", aside, err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("still there: %v", err)
		}
	}
	if raw, err := os.ReadFile(path + Suffix); err != nil || string(raw) != "3" {
		t.Errorf("%q, %v", raw, err)
	}
}
