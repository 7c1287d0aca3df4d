package accounts

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"statusd/accounts/hd"
	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/keystore"
	"statusd/accounts/mnemonic"
	"statusd/accounts/vault"
	"statusd/internal/test/vectors"
)

// TestVectorSections names where each section of accounts.json is tested.
// Each has its own test in the sub-package that it is about.
func TestVectorSections(t *testing.T) {
	vectors.Load(t, "accounts").Unknown(t,
		"bip32_public", "contact_strings", "eip191", "eip55", "ens_namehash", "entropy_to_mnemonic",
		"extended_key_strings", "identicon", "installation_id_from_key", "keystore", "keystore_invalid", "mnemonic_invalid",
		"mnemonic_unnormalised", "mnemonics", "paths", "private_key_import", "public_key_decode", "public_key_encoding",
		"three_word_name", "three_word_name_lists")
}

// tiny is a cost for tests that are not about cost.
var tiny = kdf.Cost{N: 2, R: 1, P: 1}

const phraseText = "legal winner thank year wave sausage worth useful legal winner thank yellow"

func password(s string) kdf.Password { return kdf.ExactPassword([]byte(s)) }

func open(t testing.TB, dir string) *Directory {
	t.Helper()
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// fromPhrase returns the keys of the test phrase.
func fromPhrase(t testing.TB) Keys {
	t.Helper()
	p, err := mnemonic.Parse([]byte(phraseText))
	if err != nil {
		t.Fatal(err)
	}
	k, err := FromPhrase(p, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// newAccount is the test phrase under a password.
func newAccount(t testing.TB, pass string) NewAccount {
	t.Helper()
	return NewAccount{
		Keys: fromPhrase(t), Phrase: []byte(phraseText), Name: "Test", Password: password(pass), Cost: tiny,
		Now: time.Unix(1_600_000_000, 0),
	}
}

// fromKey is a single random key under a password.
func fromKey(t testing.TB, pass string) NewAccount {
	t.Helper()
	k, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return NewAccount{Keys: FromPrivateKey(k), Password: password(pass), Cost: tiny, Now: time.Now()}
}

// opens reports whether a password opens the vault and every key file of an
// account, and fails the test when it opens only some.
func opens(t testing.TB, d *Directory, uid key.UID, pass string) bool {
	t.Helper()
	u, err := d.Unlock(uid, password(pass))
	inVault := err == nil
	if !inVault && !errors.Is(err, kdf.ErrWrongPassword) {
		t.Fatal(err)
	}
	if inVault {
		if k, err := u.ChatKey(); err != nil || k.IsZero() {
			t.Fatalf("chat key: %v", err)
		}
	}
	files, err := d.KeyFiles(uid)
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		_, err := keystore.Decrypt(file, password(pass))
		if (err == nil) != inVault {
			t.Fatalf("password %q opens the vault: %v, but key file %d: %v", pass, inVault, i, err)
		}
	}
	return inVault
}

// tree returns the files below a folder with their content.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[rel] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCreatedAccountComesBack(t *testing.T) {
	dir := t.TempDir()
	n := newAccount(t, "x")
	made, err := open(t, dir).Create(n)
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, dir)
	u, err := d.Unlock(n.Keys.UID, password("x"))
	if err != nil {
		t.Fatal(err)
	}
	if k, err := u.ChatKey(); err != nil || !k.Equal(n.Keys.Chat) {
		t.Errorf("chat key %v, %v", k, err)
	}
	if p, err := u.Phrase(); err != nil || string(p.Reveal()) != phraseText {
		t.Errorf("phrase: %v", err)
	}
	a, errA := made.DatabaseKey()
	b, errB := u.DatabaseKey()
	if errA != nil || errB != nil || !a.Equal(b) {
		t.Errorf("database keys differ: %v, %v", errA, errB)
	}
	if !opens(t, d, n.Keys.UID, "x") || opens(t, d, n.Keys.UID, "y") {
		t.Error("the wrong password opens")
	}
	files, err := d.KeyFiles(n.Keys.UID)
	if err != nil || len(files) != len(StandardPaths()) {
		t.Fatalf("%d key files, %v", len(files), err)
	}
	for i, path := range StandardPaths() {
		k, err := keystore.Decrypt(files[i], password("x"))
		if err != nil || k.Address() != n.Keys.Derived[i].File.Address() || n.Keys.Derived[i].Path != path {
			t.Errorf("%s: %v", path, err)
		}
		if _, err := k.Derivation(); err != nil {
			t.Errorf("%s cannot be derived from: %v", path, err)
		}
	}
	for name, content := range tree(t, dir) {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != fileMode {
			t.Errorf("%s: mode %v, %v", name, info.Mode().Perm(), err)
		}
		if strings.Contains(content, "legal") || strings.Contains(name, ".g1") {
			t.Errorf("%s shows the phrase, or is staged", name)
		}
	}
}

func TestOneAccountForOnePhrase(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	if _, err := d.Create(newAccount(t, "x")); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	if _, err := d.Create(newAccount(t, "y")); !errors.Is(err, ErrExists) {
		t.Errorf("second import: %v", err)
	}
	chat := newAccount(t, "y")
	chat.Keys = FromPrivateKey(chat.Keys.Chat)
	if _, err := d.Create(chat); !errors.Is(err, ErrKeyTaken) {
		t.Errorf("import of the chat key alone: %v", err)
	}
	long := fromKey(t, "y")
	long.Name = strings.Repeat("x", MaxName+1)
	if _, err := d.Create(long); !errors.Is(err, ErrName) {
		t.Errorf("long name: %v", err)
	}
	if after := tree(t, dir); len(after) != len(before) {
		t.Errorf("%d files, want %d", len(after), len(before))
	}
}

func TestFailedCreationLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	n := newAccount(t, "x")
	n.Keys.Derived[2].File.Private = key.Private{} // cannot be sealed
	if u, err := d.Create(n); err == nil || u != nil {
		t.Fatal("created without a key")
	}
	if left := tree(t, dir); len(left) != 0 {
		t.Errorf("left %v", left)
	}
	if all, err := d.List(); err != nil || len(all) != 0 {
		t.Errorf("lists %v, %v", all, err)
	}
}

func TestPasswordChange(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	n := newAccount(t, "old")
	made, err := d.Create(n)
	if err != nil {
		t.Fatal(err)
	}
	other := fromKey(t, "other")
	if _, err := d.Create(other); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	err = d.ChangePassword(n.Keys.UID, password("wrong"), password("new"), tiny)
	if !errors.Is(err, kdf.ErrWrongPassword) {
		t.Errorf("wrong password: %v", err)
	}
	if after := tree(t, dir); !equal(before, after) {
		t.Error("a wrong password changed files")
	}
	if err := d.ChangePassword(n.Keys.UID, password("old"), password("new"), tiny); err != nil {
		t.Fatal(err)
	}
	d = open(t, dir)
	if !opens(t, d, n.Keys.UID, "new") || opens(t, d, n.Keys.UID, "old") || !opens(t, d, other.Keys.UID, "other") {
		t.Error("the wrong passwords open")
	}
	if len(tree(t, dir)) != len(before) {
		t.Errorf("files %v", tree(t, dir))
	}
	u, err := d.Unlock(n.Keys.UID, password("new"))
	if err != nil {
		t.Fatal(err)
	}
	a, errA := made.DatabaseKey()
	b, errB := u.DatabaseKey()
	if errA != nil || errB != nil || !a.Equal(b) {
		t.Error("the database key changed")
	}
}

func equal(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for name, content := range a {
		if b[name] != content {
			return false
		}
	}
	return true
}

func TestPasswordChangeNeedsEveryKeyFile(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	n := newAccount(t, "old")
	if _, err := d.Create(n); err != nil {
		t.Fatal(err)
	}
	address := n.Keys.Derived[1].File.Address().Hex()
	files, err := filepath.Glob(filepath.Join(dir, keystoreFolder, "*"+address))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	err = d.ChangePassword(n.Keys.UID, password("old"), password("new"), tiny)
	if !errors.Is(err, keystore.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if !equal(before, tree(t, dir)) {
		t.Error("a failed change left traces")
	}
	if _, err := d.Unlock(n.Keys.UID, password("old")); err != nil {
		t.Errorf("old password: %v", err)
	}
}

func TestConfirmBackupForgetsThePhrase(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	n := newAccount(t, "x")
	u, err := d.Create(n)
	if err != nil {
		t.Fatal(err)
	}
	stale := u
	if u, err = d.ConfirmBackup(u); err != nil {
		t.Fatal(err)
	}
	for _, v := range []*vault.Unlocked{u, unlock(t, open(t, dir), n.Keys.UID, "x")} {
		if _, err := v.Phrase(); !errors.Is(err, vault.ErrNoPhrase) {
			t.Errorf("got %v", err)
		}
	}
	if err := d.ChangePassword(n.Keys.UID, password("x"), password("y"), tiny); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ConfirmBackup(stale); !errors.Is(err, ErrDamaged) {
		t.Errorf("with a vault from before the password change: %v", err)
	}
	if !opens(t, d, n.Keys.UID, "y") {
		t.Error("the new password does not open")
	}
}

func unlock(t testing.TB, d *Directory, uid key.UID, pass string) *vault.Unlocked {
	t.Helper()
	u, err := d.Unlock(uid, password(pass))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestListAndSet(t *testing.T) {
	d := open(t, t.TempDir())
	a, b := newAccount(t, "x"), fromKey(t, "x")
	for _, n := range []NewAccount{a, b} {
		if _, err := d.Create(n); err != nil {
			t.Fatal(err)
		}
	}
	info, err := d.Get(b.Keys.UID)
	if err != nil || info.ChatKey != b.Keys.Chat.Public() || info.Name != "" {
		t.Fatalf("got %+v, %v", info, err)
	}
	info.Name, info.Timestamp = "Later", 1_600_000_001
	if err := d.Set(info); err != nil {
		t.Fatal(err)
	}
	all, err := d.List()
	if err != nil || len(all) != 2 || all[0] != info || all[1].UID != a.Keys.UID || all[1].Name != "Test" {
		t.Errorf("got %+v, %v", all, err)
	}
	raw, err := json.Marshal(all[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{`"name"`, `"timestamp"`, `"photo-path"`, `"keycard-pairing"`, `"key-uid":"0x`} {
		if !bytes.Contains(raw, []byte(field)) {
			t.Errorf("%s is missing in %s", field, raw)
		}
	}
	info.Name = strings.Repeat("x", MaxName+1)
	if err := d.Set(info); !errors.Is(err, ErrName) {
		t.Errorf("long name: %v", err)
	}
	var nobody key.UID
	if err := d.Set(Info{UID: nobody}); !errors.Is(err, ErrUnknown) {
		t.Errorf("nobody: %v", err)
	}
	if _, err := d.Get(nobody); !errors.Is(err, ErrUnknown) {
		t.Errorf("nobody: %v", err)
	}
	if _, err := d.Unlock(nobody, password("x")); !errors.Is(err, ErrUnknown) {
		t.Errorf("nobody: %v", err)
	}
}

func TestDeleteLeavesNothingOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	a, b := newAccount(t, "x"), fromKey(t, "x")
	if _, err := d.Create(a); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	if _, err := d.Create(b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.Folder(b.Keys.UID), DatabaseFile), []byte("db"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Delete(b.Keys.UID); err != nil {
		t.Fatal(err)
	}
	if !equal(before, tree(t, dir)) {
		t.Errorf("left %v", tree(t, dir))
	}
	if err := d.Delete(b.Keys.UID); !errors.Is(err, ErrUnknown) {
		t.Errorf("second delete: %v", err)
	}
}

func TestDamagedFiles(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	a, b := newAccount(t, "x"), fromKey(t, "x")
	for _, n := range []NewAccount{a, b} {
		if _, err := d.Create(n); err != nil {
			t.Fatal(err)
		}
	}
	write := func(uid key.UID, name, content string) {
		if err := os.WriteFile(filepath.Join(d.Folder(uid), name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(a.Keys.UID, infoFile, `{"name":`)
	if _, err := d.Get(a.Keys.UID); !errors.Is(err, ErrDamaged) {
		t.Errorf("cut account.json: %v", err)
	}
	all, err := d.List()
	if err != nil || len(all) != 2 || !all[0].Damaged && !all[1].Damaged {
		t.Errorf("got %+v, %v", all, err)
	}
	foreign, err := os.ReadFile(filepath.Join(d.Folder(b.Keys.UID), vaultFile))
	if err != nil {
		t.Fatal(err)
	}
	for content, want := range map[string]error{
		string(foreign): ErrDamaged, "": vault.ErrMalformed, `{"version":2}`: vault.ErrNewer,
		strings.Repeat(" ", vault.MaxFile+1): vault.ErrTooLarge,
	} {
		write(a.Keys.UID, vaultFile, content)
		if _, err := open(t, dir).Unlock(a.Keys.UID, password("x")); !errors.Is(err, want) {
			t.Errorf("%.20q: got %v, want %v", content, err, want)
		}
	}
	if err := os.Remove(filepath.Join(d.Folder(a.Keys.UID), vaultFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, dir).Unlock(a.Keys.UID, password("x")); !errors.Is(err, ErrDamaged) {
		t.Errorf("no vault: %v", err)
	}
	if !opens(t, d, b.Keys.UID, "x") {
		t.Error("the other account suffers")
	}
}

func TestLegacyChatKeyAndKeyFile(t *testing.T) {
	p, err := mnemonic.Parse([]byte(phraseText))
	if err != nil {
		t.Fatal(err)
	}
	legacy, err := FromPhrase(p, nil, true)
	standard := fromPhrase(t)
	if err != nil || legacy.Chat.Public().Address() != legacy.Derived[3].File.Address() || legacy.UID != standard.UID {
		t.Errorf("legacy chat key %v, %v", legacy.Chat, err)
	}
	if legacy.Derived[3].Path != hd.PathWallet {
		t.Errorf("path %s", legacy.Derived[3].Path)
	}
	other, err := FromPhrase(p, []byte("passphrase"), false)
	if err != nil || other.UID == legacy.UID {
		t.Errorf("the passphrase changes nothing, %v", err)
	}
	file := FromKeyFile(legacy.Derived[1].File)
	if file.Chat.Public() != standard.Chat.Public() || file.UID != file.Chat.Public().UID() || len(file.Derived) != 1 {
		t.Errorf("key file gives %+v", file)
	}
	legacy.Wipe()
	if !legacy.Chat.IsZero() || !legacy.Derived[0].File.Private.IsZero() {
		t.Error("Wipe left keys")
	}
}

func TestOpenPassesOverStrangers(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	if _, err := d.Create(newAccount(t, "x")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README", strings.Repeat("0", 64), strings.Repeat("A", 64)} {
		if err := os.WriteFile(filepath.Join(dir, accountsFolder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, accountsFolder, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if all, err := open(t, dir).List(); err != nil || len(all) != 1 {
		t.Errorf("got %v, %v", all, err)
	}
}
