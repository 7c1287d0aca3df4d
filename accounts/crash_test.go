package accounts

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"

	"statusd/accounts/key"
	"statusd/internal/test/crashtest"
)

func TestMain(m *testing.M) {
	crashtest.Main(m, map[string]crashtest.Job{"password": changePasswords, "create": createAndDelete})
}

// childKey is the i-th key that the child creates an account of.
func childKey(i int) Keys {
	k, err := key.NewPrivate(bytes.Repeat([]byte{byte(i + 1)}, 32))
	if err != nil {
		panic(err)
	}
	return FromPrivateKey(k)
}

// passwords are what the child changes to and fro between.
func passwords() [2]string { return [2]string{"one", "two"} }

// changePasswords changes the password of the only account for ever.
func changePasswords(dir string, ready func()) error {
	d, err := Open(dir)
	if err != nil {
		return err
	}
	all, err := d.List()
	if err != nil {
		return err
	}
	ready()
	for i := 0; ; i++ {
		old, next := password(passwords()[i%2]), password(passwords()[(i+1)%2])
		if _, err := d.Unlock(all[0].UID, old); err != nil {
			continue // a run before was killed after an odd number of changes
		}
		if err := d.ChangePassword(all[0].UID, old, next, tiny); err != nil {
			return err
		}
	}
}

// createAndDelete creates accounts that are not there and deletes those that
// are, for ever.
func createAndDelete(dir string, ready func()) error {
	d, err := Open(dir)
	if err != nil {
		return err
	}
	ready()
	for i := 0; ; i = (i + 1) % 8 {
		n := NewAccount{Keys: childKey(i), Password: password("x"), Cost: tiny, Now: time.Now()}
		if d.check(n.Keys.UID) == nil {
			err = d.Delete(n.Keys.UID)
		} else {
			_, err = d.Create(n)
		}
		if err != nil {
			return err
		}
	}
}

const (
	kills      = 60
	killWithin = 12 * time.Millisecond
)

func TestKillDuringPasswordChange(t *testing.T) {
	dir := t.TempDir()
	n := newAccount(t, passwords()[0])
	if _, err := open(t, dir).Create(n); err != nil {
		t.Fatal(err)
	}
	files, opened := len(tree(t, dir)), [2]int{}
	for range kills {
		crashtest.Kill(t, "password", dir, killWithin)
		d := open(t, dir)
		for i, p := range passwords() {
			if opens(t, d, n.Keys.UID, p) {
				opened[i]++
			}
		}
		if got := len(tree(t, dir)); got != files {
			t.Fatalf("%d files, want %d", got, files)
		}
	}
	if opened[0]+opened[1] != kills {
		t.Errorf("of %d kills, %v left the first and second password", kills, opened)
	}
	t.Logf("%d kills: first password %d times, second %d", kills, opened[0], opened[1])
}

func TestKillDuringCreationAndDeletion(t *testing.T) {
	dir := t.TempDir()
	for range kills {
		crashtest.Kill(t, "create", dir, killWithin)
		d := open(t, dir)
		all, err := d.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range all {
			if info.Damaged || !opens(t, d, info.UID, "x") {
				t.Fatalf("account %s is half there", info.UID)
			}
		}
		entries, err := d.keys.List()
		if err != nil || len(entries) != len(all) {
			t.Fatalf("%d key files for %d accounts, %v", len(entries), len(all), err)
		}
		if got := len(tree(t, dir)); got != 3*len(all) {
			t.Fatalf("%d files for %d accounts: %v", got, len(all), tree(t, dir))
		}
	}
}

// TestSecretsAreInNoFile looks for secrets in clear in everything written.
func TestSecretsAreInNoFile(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	n := newAccount(t, "correct horse")
	if _, err := d.Create(n); err != nil {
		t.Fatal(err)
	}
	if err := d.ChangePassword(n.Keys.UID, password("correct horse"), password("battery staple"), tiny); err != nil {
		t.Fatal(err)
	}
	raw := n.Keys.Chat.Reveal()
	bad := []string{"correct horse", "battery staple", "legal winner", string(raw), hex.EncodeToString(raw), "xprv"}
	for name, content := range tree(t, dir) {
		for _, b := range bad {
			if bytes.Contains([]byte(content), []byte(b)) {
				t.Errorf("%s holds a secret in clear", name)
			}
		}
	}
}
