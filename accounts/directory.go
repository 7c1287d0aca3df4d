package accounts

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/keystore"
	"statusd/accounts/secret"
	"statusd/accounts/vault"
	"statusd/fault"
	"statusd/internal/atomicfile"
)

const (
	accountsFolder = "accounts"
	keystoreFolder = "keystore"

	// DatabaseFile is the name of the database in the folder of an account.
	DatabaseFile = "client.db"

	// newMark and goneMark begin the names of folders that are not accounts
	// yet, or no more.
	newMark  = ".new-"
	goneMark = ".gone-"

	folderMode = 0o700
	fileMode   = 0o600

	firstGeneration = 1
)

// Errors of a Directory. A wrong password is kdf.ErrWrongPassword; those of
// packages vault and keystore are passed on.
var (
	ErrUnknown = fault.New(fault.NotFound, "no account with this key-uid",
		"see account_list, or: statusd account list")
	ErrExists   = fault.New(fault.Exists, "this account exists already", "log in to it")
	ErrKeyTaken = fault.New(fault.Exists, "the keystore has a file for one of these keys already",
		"if no account uses it any more, move the file of this address out of the folder keystore and try again")
	ErrDamaged = fault.New(fault.KeyFile, "a file of the account is damaged or missing",
		"put the file back, restore a backup, or delete the account and import its phrase")
	// ErrUnsettled comes after the change was made: only tidying up failed.
	ErrUnsettled = errors.New("the change is made, but old files remain; the next start removes them")
	ErrName      = fault.New(fault.InvalidParams, fmt.Sprintf("name of an account is longer than %d bytes", MaxName),
		"")
)

// Directory is the accounts of a data directory.
type Directory struct {
	folder string // of the accounts
	keys   *keystore.Store
}

// Open returns the accounts of a data directory, makes the folders if they are
// missing, and settles what a crash interrupted.
func Open(dir string) (*Directory, error) { return OpenAt(dir, filepath.Join(dir, keystoreFolder)) }

// OpenAt is Open with the key files in a folder of their own.
func OpenAt(dir, keyFiles string) (*Directory, error) {
	d := &Directory{folder: filepath.Join(dir, accountsFolder)}
	if err := os.MkdirAll(d.folder, folderMode); err != nil {
		return nil, fmt.Errorf("make accounts folder: %w", err)
	}
	var err error
	if d.keys, err = keystore.Open(keyFiles); err != nil {
		return nil, err
	}
	if err := d.settle(); err != nil {
		return nil, fmt.Errorf("settle accounts: %w", err)
	}
	return d, nil
}

// Folder returns the folder of an account, whether it exists or not.
func (d *Directory) Folder(uid key.UID) string { return filepath.Join(d.folder, uid.Hex()) }

// check tells an account that exists from one that does not.
func (d *Directory) check(uid key.UID) error {
	info, err := os.Stat(d.Folder(uid))
	if errors.Is(err, os.ErrNotExist) || err == nil && !info.IsDir() {
		return fmt.Errorf("%w: %s", ErrUnknown, uid)
	}
	return err
}

// uids returns the accounts in the order of their names.
func (d *Directory) uids() ([]key.UID, error) {
	entries, err := os.ReadDir(d.folder)
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	var out []key.UID
	for _, e := range entries {
		if uid, err := key.ParseUID(e.Name()); err == nil && uid.Hex() == e.Name() && e.IsDir() {
			out = append(out, uid)
		}
	}
	return out, nil
}

// readVault reads the vault in an account's folder.
func readVault(folder string) (*vault.Vault, error) {
	raw, err := readBounded(filepath.Join(folder, vaultFile), vault.MaxFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is missing", ErrDamaged, filepath.Join(folder, vaultFile))
	}
	if err != nil {
		return nil, fmt.Errorf("read vault: %w", err)
	}
	v, err := vault.Parse(raw)
	if errors.Is(err, kdf.ErrCost) { // those of no program that wrote it
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, filepath.Join(folder, vaultFile), err)
	}
	if err != nil {
		return nil, aboutVault(folder, err)
	}
	return v, nil
}

// AboutVault names the vault of an account that an error is about; nil stays
// nil.
func (d *Directory) AboutVault(uid key.UID, err error) error { return aboutVault(d.Folder(uid), err) }

func aboutVault(folder string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %s", err, filepath.Join(folder, vaultFile))
}

func writeVault(folder string, v *vault.Vault) error {
	raw, err := v.Encode()
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(folder, vaultFile), raw, fileMode)
}

// Vault returns the locked vault of an account. Errors: ErrUnknown,
// ErrDamaged, those of vault.Parse.
func (d *Directory) Vault(uid key.UID) (*vault.Vault, error) {
	if err := d.check(uid); err != nil {
		return nil, err
	}
	v, err := readVault(d.Folder(uid))
	if err != nil {
		return nil, err
	}
	if v.UID() != uid {
		return nil, fmt.Errorf("%w: %s is that of another account", ErrDamaged,
			filepath.Join(d.Folder(uid), vaultFile))
	}
	return v, nil
}

// Unlock opens the vault of an account, which costs one key derivation. A
// wrong password changes nothing. Errors: those of Vault and of Vault.Unlock.
func (d *Directory) Unlock(uid key.UID, p kdf.Password) (*vault.Unlocked, error) {
	v, err := d.Vault(uid)
	if err != nil {
		return nil, err
	}
	u, err := v.Unlock(p)
	return u, d.AboutVault(uid, err)
}

// NewAccount is what Create needs.
type NewAccount struct {
	Keys     Keys
	Phrase   []byte // kept until its backup is confirmed; empty to keep none
	Name     string
	Password kdf.Password
	Cost     kdf.Cost
	Now      time.Time
	Data     secret.Bytes // vault.Contents.Data; empty for an account without a database
}

// Create stores a new account and returns it unlocked. It costs two key
// derivations; who cannot wait for them uses Vacant, NewLock and CreateUnder.
// After an error other than ErrUnsettled, as after a crash, nothing of it is
// there. Errors: ErrExists, ErrKeyTaken, ErrName; ErrUnsettled, with the vault.
func (d *Directory) Create(n NewAccount) (*vault.Unlocked, error) {
	if err := d.Vacant(n); err != nil {
		return nil, err
	}
	l, err := NewLock(n.Password, n.Cost)
	if err != nil {
		return nil, err
	}
	defer l.Wipe()
	return d.CreateUnder(n, l)
}

// Vacant reports whether nothing is in the way of a new account. Errors:
// ErrExists, ErrKeyTaken, ErrName.
func (d *Directory) Vacant(n NewAccount) error {
	if len(n.Name) > MaxName {
		return ErrName
	}
	switch err := d.check(n.Keys.UID); {
	case err == nil:
		return fmt.Errorf("%w: %s", ErrExists, n.Keys.UID)
	case !errors.Is(err, ErrUnknown):
		return err
	}
	for _, a := range n.Keys.Addresses() {
		if _, err := d.keys.Read(a); err == nil {
			return fmt.Errorf("%w: %s", ErrKeyTaken, a)
		} else if errors.Is(err, keystore.ErrMalformed) {
			return fmt.Errorf("%w: %s: %w", ErrKeyTaken, a, err)
		} else if !errors.Is(err, keystore.ErrNotFound) {
			return err
		}
	}
	return nil
}

// CreateUnder is Create, at once, under the lock of a password; n's password
// and cost are not used.
func (d *Directory) CreateUnder(n NewAccount, l *Lock) (*vault.Unlocked, error) {
	if err := d.Vacant(n); err != nil {
		return nil, err
	}
	contents := vault.Contents{
		UID: n.Keys.UID, ChatKey: n.Keys.Chat, Phrase: n.Phrase, Keys: n.Keys.Addresses(), Data: n.Data,
	}
	u, err := vault.New(contents, l.wrapper)
	if err != nil {
		return nil, err
	}
	err = d.change(func() error { return d.create(n, u.Vault(), l) })
	if err != nil && !errors.Is(err, ErrUnsettled) {
		u.Wipe()
		return nil, err
	}
	return u, err
}

// change runs something that stages files and commits, then settles.
func (d *Directory) change(commit func() error) error {
	if err := commit(); err != nil {
		return errors.Join(err, d.settle())
	}
	if err := d.settle(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnsettled, err)
	}
	return nil
}

// create stages the key files of a new account and makes its folder appear.
func (d *Directory) create(n NewAccount, v *vault.Vault, l *Lock) error {
	if err := d.stageNew(n, l); err != nil {
		return err
	}
	if err := d.prepare(n, v); err != nil {
		return err
	}
	return atomicfile.Rename(d.unfinished(n.Keys.UID), d.Folder(n.Keys.UID))
}

// unfinished is the folder of an account that is being created.
func (d *Directory) unfinished(uid key.UID) string { return filepath.Join(d.folder, newMark+uid.Hex()) }

// stageNew writes the key files of a new account, to appear with its folder.
func (d *Directory) stageNew(n NewAccount, l *Lock) error {
	for _, derived := range n.Keys.Derived {
		file, err := l.sealer.Seal(derived.File)
		if err != nil {
			return err
		}
		if err := d.keys.StageNew(file, n.Now, firstGeneration); err != nil {
			return err
		}
	}
	return nil
}

// prepare fills the folder of a new account under its unfinished name.
func (d *Directory) prepare(n NewAccount, v *vault.Vault) error {
	folder := d.unfinished(n.Keys.UID)
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("make account folder: %w", err)
	}
	if err := os.Mkdir(folder, folderMode); err != nil {
		return fmt.Errorf("make account folder: %w", err)
	}
	if err := writeVault(folder, v); err != nil {
		return err
	}
	return writeInfo(folder, Info{Name: n.Name, UID: n.Keys.UID, ChatKey: n.Keys.Chat.Public()}, infoFile)
}

// ConfirmBackup removes the seed phrase from the vault of an account. u is the
// account's vault, unlocked; the result replaces it.
func (d *Directory) ConfirmBackup(u *vault.Unlocked) (*vault.Unlocked, error) {
	current, err := d.Vault(u.Vault().UID())
	if err != nil {
		return nil, err
	}
	if current.Generation() != u.Vault().Generation() {
		return nil, fmt.Errorf("%w: the password changed since it was unlocked", ErrDamaged)
	}
	without, err := u.WithoutPhrase()
	if err != nil {
		return nil, err
	}
	if err := writeVault(d.Folder(current.UID()), without.Vault()); err != nil {
		without.Wipe()
		return nil, err
	}
	return without, nil
}

// KeyFiles returns the key files of an account as they are. They are
// encrypted; ask for the password before giving them out nevertheless.
func (d *Directory) KeyFiles(uid key.UID) ([][]byte, error) {
	v, err := d.Vault(uid)
	if err != nil {
		return nil, err
	}
	var files [][]byte
	for _, a := range v.Keys() {
		file, err := d.keys.Read(a)
		if err != nil {
			return nil, keyFileError(a, err)
		}
		files = append(files, file)
	}
	return files, nil
}

// Delete removes an account with its database and key files. The database must
// be closed. Errors: ErrUnknown, ErrUnsettled.
func (d *Directory) Delete(uid key.UID) error {
	if err := d.check(uid); err != nil {
		return err
	}
	gone := filepath.Join(d.folder, goneMark+uid.Hex())
	if err := os.RemoveAll(gone); err != nil {
		return fmt.Errorf("delete account: %w", err)
	}
	return d.change(func() error { return atomicfile.Rename(d.Folder(uid), gone) })
}

// settle completes committed changes and removes traces of others.
func (d *Directory) settle() error {
	entries, err := os.ReadDir(d.folder)
	if err != nil {
		return fmt.Errorf("list accounts: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(d.folder, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), goneMark):
			err = d.finishDelete(path)
		case strings.HasPrefix(e.Name(), newMark):
			err = os.RemoveAll(path)
		case e.IsDir():
			err = atomicfile.RemoveTemps(path)
		}
		if err != nil {
			return err
		}
	}
	_ = d.Mend() // a disk that refuses that hinders nobody; it is tried again
	return d.settleKeys()
}

// finishDelete removes the key files of a deleted account, then its folder.
func (d *Directory) finishDelete(folder string) error {
	v, err := readVault(folder)
	if err == nil { // without a readable vault nobody knows the key files
		for _, a := range v.Keys() {
			if err := d.keys.Delete(a); err != nil {
				return err
			}
		}
	}
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("delete account: %w", err)
	}
	return atomicfile.SyncDir(d.folder)
}

// settleKeys moves or removes staged key files by the generations of the
// vaults. If a vault cannot be read, the files that no other vault knows stay.
func (d *Directory) settleKeys() error {
	uids, err := d.uids()
	if err != nil {
		return err
	}
	generations := make(map[key.Address]uint64)
	var unreadable error
	for _, uid := range uids {
		v, err := d.Vault(uid)
		if err != nil {
			unreadable = err
			continue
		}
		for _, a := range v.Keys() {
			generations[a] = v.Generation()
		}
	}
	return d.keys.Settle(func(a key.Address) (uint64, error) {
		if generation, known := generations[a]; known {
			return generation, nil
		}
		return 0, unreadable
	})
}
