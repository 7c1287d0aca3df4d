package profile

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"statusd/accounts"
	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/mnemonic"
	"statusd/internal/backup"
	"statusd/internal/store"
)

// backedUp makes an account with something in its database, and a backup.
func backedUp(t *testing.T, withKeys bool) (dir string, s Summary, phrase string, file []byte) {
	t.Helper()
	dir = t.TempDir()
	nodeKey := filepath.Join(dir, "nodekey")
	if err := os.WriteFile(nodeKey, []byte(strings.Repeat("ab", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	m := open(t, dir, func(c *Config) { c.NodeKeyFile = nodeKey })
	s, phrase = create(t, m, "ana")
	a := login(t, m, s.UID, "secret")
	err := a.DB().Update(t.Context(), func(tx *store.Tx) error { return tx.SetMeta("note", []byte("remember")) })
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Backup(t.Context(), pw(t, "for the backup"), withKeys)
	if err != nil {
		t.Fatal(err)
	}
	if file, err = os.ReadFile(b.Path); err != nil || int64(len(file)) != b.Bytes {
		t.Fatal(len(file), b.Bytes, err)
	}
	if info, err := os.Stat(b.Path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	return dir, s, phrase, file
}

// checkRestored logs in to a restored directory and finds everything.
func checkRestored(t *testing.T, original, dir string, s Summary, password string, same bool) {
	t.Helper()
	was := login(t, open(t, original), s.UID, "secret").InstallationID()
	m := open(t, dir)
	a := login(t, m, s.UID, password)
	if a.Name() != "ana" || a.ChatKey().Public() != s.ChatKey {
		t.Errorf("name %q", a.Name())
	}
	if (a.InstallationID() == was) != same {
		t.Errorf("installation id %s, it was %s", a.InstallationID(), was)
	}
	var note []byte
	var before string
	err := a.DB().View(t.Context(), func(tx *store.Tx) (err error) {
		if note, _, err = tx.Meta("note"); err != nil {
			return err
		}
		if restored, err := tx.Installation().Restored(); err != nil || restored != same {
			t.Errorf("noted as restored: %v, %v", restored, err)
		}
		_, before, err = tx.Installation().IDs()
		return err
	})
	if err != nil || string(note) != "remember" || !same && before != was || same && before != "" {
		t.Errorf("note %q, previous installation %q, %v", note, before, err)
	}
	id := a.InstallationID()
	if err := m.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again := login(t, m, s.UID, password).InstallationID(); again != id {
		t.Errorf("installation id changed again: %s, %s", id, again)
	}
}

func TestBackupWithKeys(t *testing.T) {
	dir, s, _, file := backedUp(t, true)
	for _, same := range []bool{false, true} {
		to := filepath.Join(t.TempDir(), "new", "dir")
		got, err := Restore(RestoreOptions{
			Backup: bytes.NewReader(file), Password: pw(t, "for the backup"), Dir: to, SameInstallation: same,
			Now: time.Now(),
		})
		if err != nil || got.UID != s.UID || !got.WithKeys {
			t.Fatalf("%+v %v", got, err)
		}
		if exists(filepath.Join(to, "nodekey")) != same {
			t.Errorf("same %v: node key restored: %v", same, !same)
		}
		m := open(t, dir) // the account it came from is not logged in any more
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		checkRestored(t, copyOf(t, dir), to, s, "secret", same)
	}
}

// copyOf copies a data directory, so that another Manager can use it.
func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// keysOf gives the keys of a phrase to a restore, and the account a password.
func keysOf(t *testing.T, phrase, password string) func(key.UID) (Keys, error) {
	return func(key.UID) (Keys, error) {
		p, err := mnemonic.Parse([]byte(phrase))
		if err != nil {
			return Keys{}, err
		}
		k, err := accounts.FromPhrase(p, nil, false)
		return Keys{k, p, pw(t, password), tiny()}, err
	}
}

func TestBackupWithoutKeys(t *testing.T) {
	dir, s, phrase, file := backedUp(t, false)
	restore := func(to, text string) error {
		o := RestoreOptions{
			Backup: bytes.NewReader(file), Password: pw(t, "for the backup"), Dir: to, Now: time.Now(),
			Keys: keysOf(t, text, "new"),
		}
		if text == "" {
			o.Keys = nil
		}
		_, err := Restore(o)
		return err
	}
	base := t.TempDir()
	to := filepath.Join(base, "to")
	const other = "legal winner thank year wave sausage worth useful legal winner thank yellow"
	for text, want := range map[string]error{"": ErrNeedsKeys, other: ErrOtherKeys, "one": mnemonic.ErrWordCount} {
		if err := restore(to, text); !errors.Is(err, want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if left, err := os.ReadDir(base); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if err := restore(to, phrase); err != nil {
		t.Fatal(err)
	}
	checkRestored(t, copyOf(t, dir), to, s, "new", false)
}

func TestRestoreRefuses(t *testing.T) {
	_, _, _, file := backedUp(t, true)
	base := t.TempDir()
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	spoilt := bytes.Clone(file)
	spoilt[len(spoilt)-20] ^= 1
	for name, tt := range map[string]struct {
		file     []byte
		password string
		dir      string
		want     error
	}{
		"wrong password":  {file, "wrong", filepath.Join(base, "a"), kdf.ErrWrongPassword},
		"spoilt":          {spoilt, "for the backup", filepath.Join(base, "a"), backup.ErrDamaged},
		"cut off":         {file[:len(file)/2], "for the backup", filepath.Join(base, "a"), backup.ErrDamaged},
		"no backup":       {[]byte("hello"), "for the backup", filepath.Join(base, "a"), backup.ErrNotBackup},
		"not empty":       {file, "for the backup", full, ErrNotEmpty},
		"file in the way": {file, "for the backup", filepath.Join(full, "x"), ErrNotEmpty},
	} {
		_, err := Restore(RestoreOptions{
			Backup: bytes.NewReader(tt.file), Password: pw(t, tt.password), Dir: tt.dir, Now: time.Now(),
		})
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		if tt.want == ErrNotEmpty && !strings.Contains(err.Error(), "name one that is not there") {
			t.Errorf("%s: no way out: %v", name, err)
		}
	}
	if left, err := os.ReadDir(base); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestBackupRefuses(t *testing.T) {
	m := open(t, t.TempDir())
	if _, err := m.Backup(t.Context(), pw(t, ""), true); !errors.Is(err, ErrEmptyPassword) {
		t.Error(err)
	}
	if _, err := m.Backup(t.Context(), pw(t, "x"), true); !errors.Is(err, ErrNotLoggedIn) {
		t.Error(err)
	}
	if err := m.CheckDatabase(t.Context()); !errors.Is(err, ErrNotLoggedIn) {
		t.Error(err)
	}
	s, _ := create(t, m, "")
	login(t, m, s.UID, "secret")
	if err := m.CheckDatabase(t.Context()); err != nil {
		t.Error(err)
	}
	if size, err := m.VacuumDatabase(t.Context()); err != nil || size == 0 {
		t.Error(size, err)
	}
}

// TestNoSecretInFiles looks for secrets in everything that is written, the
// backup among it.
func TestNoSecretInFiles(t *testing.T) {
	dir, _, phrase, _ := backedUp(t, true)
	p, err := mnemonic.Parse([]byte(phrase))
	if err != nil {
		t.Fatal(err)
	}
	k, err := accounts.FromPhrase(p, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	raw := k.Chat.Reveal()
	words := strings.Join(strings.Fields(phrase)[:3], " ")
	bad := []string{"for the backup", words, string(raw), hex.EncodeToString(raw), "xprv", "remember"}
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, b := range bad {
			if bytes.Contains(content, []byte(b)) {
				t.Errorf("%s holds a secret in clear", path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestBackupEndsWithItsContext while its keys are derived, and while it waits
// for the database. Nothing is left of it, and the next one works.
func TestBackupEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	m := open(t, dir)
	s, _ := create(t, m, "ana")
	a := login(t, m, s.UID, "secret")
	nothingLeft := func(when string) {
		t.Helper()
		if left, err := os.ReadDir(filepath.Join(dir, backupsFolder)); err != nil || len(left) > 0 {
			t.Errorf("%s: left %v, %v", when, left, err)
		}
	}
	begun := func() {
		for {
			if all, _ := os.ReadDir(filepath.Join(dir, backupsFolder)); len(all) > 0 {
				return
			}
			time.Sleep(time.Millisecond) // nothing tells of a file that appears
		}
	}
	m.deriving <- struct{}{} // a derivation that takes for ever
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := m.Backup(ctx, pw(t, "for the backup"), false)
		done <- err
	}()
	begun()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("while keys are derived: %v", err)
	}
	<-m.deriving
	nothingLeft("derived")

	holds, release := make(chan struct{}), make(chan struct{})
	held := make(chan error, 1)
	go func() {
		held <- a.DB().View(t.Context(), func(*store.Tx) error {
			close(holds)
			<-release
			return nil
		})
	}()
	<-holds
	ctx, cancel = context.WithCancel(t.Context())
	go func() {
		_, err := m.Backup(ctx, pw(t, "for the backup"), true)
		done <- err
	}()
	begun()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("while it waits for the database: %v", err)
	}
	close(release)
	if err := <-held; err != nil {
		t.Fatal(err)
	}
	nothingLeft("waited")
	if _, err := m.Backup(t.Context(), pw(t, "for the backup"), true); err != nil {
		t.Error(err)
	}
}

// TestAwaitLeavesBehindWhatCannotBeInterrupted and returns what can be awaited.
func TestAwaitLeavesBehindWhatCannotBeInterrupted(t *testing.T) {
	if v, err := await(t.Context(), func() (int, error) { return 7, nil }); v != 7 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	begun, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	go func() {
		<-begun
		cancel()
	}()
	_, err := await(ctx, func() (int, error) {
		close(begun)
		<-release
		return 0, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
