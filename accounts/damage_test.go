package accounts

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"statusd/accounts/kdf"
	"statusd/accounts/keystore"
)

// TestBadKeyFileOfAnAccount tells a bad key file of an account from a file that
// somebody wants to import, and a key file under another password from a wrong
// password.
func TestBadKeyFileOfAnAccount(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	n := newAccount(t, "x")
	if _, err := d.Create(n); err != nil {
		t.Fatal(err)
	}
	address := n.Keys.Addresses()[0]
	files, err := filepath.Glob(filepath.Join(dir, keystoreFolder, "*"+address.Hex()))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	good, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := keystore.NewSealer(password("another"), tiny)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := sealer.Seal(n.Keys.Derived[0].File)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		file   string
		reads  bool
		reason error
	}{
		"cut":              {string(good[:len(good)/2]), false, keystore.ErrMalformed},
		"empty":            {"", false, keystore.ErrMalformed},
		"costs too much":   {strings.Replace(string(good), `"n":2,`, `"n":1073741824,`, 1), true, kdf.ErrCost},
		"other cipher":     {strings.ReplaceAll(string(good), "aes-128-ctr", "rot13"), true, keystore.ErrCipher},
		"another password": {string(foreign), true, nil},
	} {
		if tt.file == string(good) {
			t.Fatalf("%s: the file is not changed", name)
		}
		if err := os.WriteFile(files[0], []byte(tt.file), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := d.KeyFiles(n.Keys.UID); tt.reads != (err == nil) || err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: read: %v", name, err)
		}
		err := d.ChangePassword(n.Keys.UID, password("x"), password("y"), tiny)
		if !errors.Is(err, ErrDamaged) || tt.reason != nil && !errors.Is(err, tt.reason) ||
			errors.Is(err, kdf.ErrWrongPassword) {
			t.Errorf("%s: change of password: %v", name, err)
		}
		unlock(t, d, n.Keys.UID, "x").Wipe() // the password is what it was
		// The way out: delete the account and make it anew.
		if err := d.Delete(n.Keys.UID); err != nil {
			t.Errorf("%s: delete: %v", name, err)
		}
		if left, err := os.ReadDir(filepath.Join(dir, keystoreFolder)); err != nil || len(left) > 0 {
			t.Fatalf("%s: %d key files are left, %v", name, len(left), err)
		}
		if _, err := d.Create(n); err != nil {
			t.Fatalf("%s: create again: %v", name, err)
		}
		if !opens(t, d, n.Keys.UID, "x") {
			t.Errorf("%s: does not open", name)
		}
	}
	if err := os.WriteFile(files[0], []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(d.Folder(n.Keys.UID)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Create(n); !errors.Is(err, ErrKeyTaken) {
		t.Errorf("created over a damaged key file of somebody: %v", err)
	}
}

// TestVaultThatWouldEatAllMemory is refused before anything is derived.
func TestVaultThatWouldEatAllMemory(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	n := newAccount(t, "x")
	if _, err := d.Create(n); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(d.Folder(n.Keys.UID), vaultFile)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	greedy := strings.Replace(string(good), `"n": 2,`, `"n": 1073741824,`, 1)
	if greedy == string(good) {
		t.Fatalf("no parameter found in %s", good)
	}
	if err := os.WriteFile(file, []byte(greedy), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Unlock(n.Keys.UID, password("x")); !errors.Is(err, ErrDamaged) || !errors.Is(err, kdf.ErrCost) {
		t.Errorf("got %v", err)
	}
}

// TestDamagedInfoIsMendedFromItsCopy, at the start and on request, and a copy
// that is damaged from the file.
func TestDamagedInfoIsMendedFromItsCopy(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	n := newAccount(t, "x")
	n.Name = "ana"
	if _, err := d.Create(n); err != nil {
		t.Fatal(err)
	}
	uid := n.Keys.UID
	want, err := d.Get(uid)
	if err != nil {
		t.Fatal(err)
	}
	want.Timestamp = 7
	if err := d.Set(want); err != nil {
		t.Fatal(err)
	}
	both := []string{infoFile, infoCopy}
	for _, name := range both {
		for _, content := range []string{"", "{", `{"key-uid":"0x00"}`, "\x00\x00\x00", "-"} {
			file := filepath.Join(d.Folder(uid), name)
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if content == "-" && name == infoFile {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			}
			mended := d
			if content == "{" {
				mended = open(t, dir)
			} else if err := d.Mend(); err != nil {
				t.Fatal(err)
			}
			if got, err := mended.Get(uid); err != nil || got != want {
				t.Errorf("%s is %q: got %+v, %v", name, content, got, err)
			}
			for _, other := range both {
				if i, err := readInfoFile(filepath.Join(d.Folder(uid), other), uid); err != nil || i != want {
					t.Errorf("%s was %q: %s is %+v, %v", name, content, other, i, err)
				}
			}
		}
	}
}
