package profile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"statusd/accounts"
	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/mnemonic"
	"statusd/accounts/secret"
	"statusd/accounts/vault"
	"statusd/fault"
	"statusd/internal/atomicfile"
	"statusd/internal/backup"
)

const (
	maxSmallEntry = 256 << 10 // bytes of everything but the database
	maxKeyFiles   = 256
)

// Errors of Restore. Those of packages backup and accounts are passed on.
var (
	ErrNotEmpty   = fault.New(fault.CannotCreate, "the directory to restore into is not empty", "")
	ErrNeedsKeys  = errors.New("the backup is without keys: the phrase or the private key is needed")
	ErrOtherKeys  = fault.New(fault.BadInput, "the phrase or the private key is that of another account", "")
	ErrIncomplete = fault.New(fault.BadInput, "the backup lacks a part", "")
)

// RestoreOptions say what to restore, and where to.
type RestoreOptions struct {
	Backup   io.Reader
	Password kdf.Password // of the backup
	// Dir must not exist, or be empty.
	Dir string
	// SameInstallation keeps the installation id and the node key: the
	// original is gone for good.
	SameInstallation bool
	// Keys are asked for when the backup is without keys. They are wiped.
	// nil: there are none.
	Keys func(key.UID) (Keys, error)
	Now  time.Time
}

// Keys are what an account is made of again, and the password it gets.
type Keys struct {
	Keys     accounts.Keys
	Phrase   mnemonic.Phrase // kept in the vault; zero for none
	Password kdf.Password
	Cost     kdf.Cost
}

// Restored is what was restored.
type Restored struct {
	UID      key.UID
	Name     string
	Time     time.Time // of the backup
	WithKeys bool
}

// Restore makes a data directory of a backup. It appears as a whole, or not at
// all. Errors: ErrNotEmpty, ErrNeedsKeys, ErrOtherKeys, ErrIncomplete,
// kdf.ErrWrongPassword, those of package backup and of
// accounts.Directory.Restore.
func Restore(o RestoreOptions) (Restored, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return Restored{}, fmt.Errorf("restore: %w", err)
	}
	if err := CheckRoom(dir); err != nil {
		return Restored{}, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), folderMode); err != nil {
		return Restored{}, fmt.Errorf("restore: %w", err)
	}
	temp, lock, err := claim(dir)
	if err != nil {
		return Restored{}, fmt.Errorf("restore: %w", err)
	}
	defer lock.Close()
	r := &restorer{o: o, dir: temp}
	err = r.run()
	if err == nil {
		err = atomicfile.SyncDir(temp)
	}
	if err == nil {
		err = atomicfile.Rename(temp, dir)
	}
	if err != nil {
		return Restored{}, errors.Join(err, os.RemoveAll(temp))
	}
	return Restored{
		UID: r.manifest.UID, Name: r.files.Info.Name, Time: time.Unix(r.manifest.Time, 0), WithKeys: r.manifest.Keys,
	}, nil
}

// CheckRoom tells whether a backup can be restored into a directory: it must
// not exist, or be empty. Errors: ErrNotEmpty.
func CheckRoom(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case len(entries) > 0:
		return notEmpty(dir)
	case errors.Is(err, syscall.ENOTDIR):
		return notEmpty(dir + " is a file")
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

func notEmpty(what string) error {
	return fmt.Errorf("%w: %s; name one that is not there yet", ErrNotEmpty, what)
}

// claim makes a hidden folder beside a directory to be restored, locked as long
// as the file is open, and removes those that killed restores have left.
func claim(dir string) (temp string, lock *os.File, err error) {
	parent, mark := filepath.Dir(dir), "."+filepath.Base(dir)+".restore-"
	entries, err := os.ReadDir(parent)
	if err != nil {
		return "", nil, err
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), mark) {
			continue
		}
		left := filepath.Join(parent, e.Name())
		if held, err := lockFolder(left); err == nil {
			err = errors.Join(os.RemoveAll(left), held.Close())
			if err != nil {
				return "", nil, err
			}
		}
	}
	if temp, err = os.MkdirTemp(parent, mark+"*"); err != nil {
		return "", nil, err
	}
	if lock, err = lockFolder(temp); err != nil {
		return "", nil, errors.Join(err, os.Remove(temp))
	}
	return temp, lock, nil
}

// lockFolder locks a folder without waiting. The lock goes with the file.
func lockFolder(name string) (*os.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// restorer fills a new directory.
type restorer struct {
	o        RestoreOptions
	dir      string
	manifest manifest
	files    accounts.Files
	data     secret.Bytes
	nodeKey  []byte
	database bool // written to databasePath
}

// databasePath is where the database waits for its account's folder.
func (r *restorer) databasePath() string { return filepath.Join(r.dir, entryDatabase) }

func (r *restorer) run() error {
	defer func() { r.data.Wipe(); clear(r.nodeKey) }()
	in, err := backup.NewReader(r.o.Backup, r.o.Password)
	if err != nil {
		return err
	}
	for {
		name, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := r.entry(name, in); err != nil {
			return fmt.Errorf("entry %q: %w", name, err)
		}
	}
	if r.manifest.Version == 0 || !r.database || r.files.Info.UID != r.manifest.UID ||
		!r.manifest.Keys && r.data.Len() != vault.DataSize {
		return ErrIncomplete
	}
	return r.build()
}

// entry takes one entry of the backup.
func (r *restorer) entry(name string, in io.Reader) error {
	if name == entryDatabase {
		return r.takeDatabase(in)
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxSmallEntry+1))
	if err != nil {
		return err
	}
	if len(raw) > maxSmallEntry || len(r.files.KeyFiles) >= maxKeyFiles {
		return backup.ErrDamaged
	}
	switch name {
	case entryManifest:
		if err := json.Unmarshal(raw, &r.manifest); err != nil || r.manifest.Version < 1 {
			return backup.ErrDamaged
		}
		if r.manifest.Version > 1 {
			return backup.ErrNewer
		}
	case entryInfo:
		if err := json.Unmarshal(raw, &r.files.Info); err != nil {
			return backup.ErrDamaged
		}
	case entryVault:
		r.files.Vault = raw
	case entryKeyFile:
		r.files.KeyFiles = append(r.files.KeyFiles, raw)
	case entryNodeKey:
		r.nodeKey = raw
	case entryData:
		r.data = secret.New(raw)
		clear(raw)
	default:
		return backup.ErrNewer
	}
	return nil
}

func (r *restorer) takeDatabase(in io.Reader) error {
	f, err := os.OpenFile(r.databasePath(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if err != nil {
		return fmt.Errorf("write database: %w", err)
	}
	_, err = io.Copy(f, in)
	r.database = true
	return errors.Join(err, f.Sync(), f.Close())
}

// build makes the account of what was read.
func (r *restorer) build() error {
	d, err := accounts.Open(r.dir)
	if err != nil {
		return err
	}
	if r.manifest.Keys {
		err = d.Restore(r.files, r.o.Now)
	} else {
		err = r.create(d)
	}
	if err != nil {
		return err
	}
	folder := d.Folder(r.manifest.UID)
	if err := atomicfile.Rename(r.databasePath(), filepath.Join(folder, accounts.DatabaseFile)); err != nil {
		return err
	}
	if !r.o.SameInstallation {
		return atomicfile.Write(filepath.Join(folder, newInstallationFile), nil, fileMode)
	}
	if err := atomicfile.Write(filepath.Join(folder, restoredFile), nil, fileMode); err != nil || r.nodeKey == nil {
		return err
	}
	return atomicfile.Write(filepath.Join(r.dir, nodeKeyFile), r.nodeKey, fileMode)
}

// create makes the account anew from keys that are not in the backup.
func (r *restorer) create(d *accounts.Directory) error {
	if r.o.Keys == nil {
		return ErrNeedsKeys
	}
	k, err := r.o.Keys(r.manifest.UID)
	if err != nil {
		return err
	}
	defer k.Keys.Wipe()
	defer k.Phrase.Wipe()
	if k.Keys.UID != r.manifest.UID || k.Keys.Chat.Public() != r.files.Info.ChatKey {
		return ErrOtherKeys
	}
	phrase := []byte(k.Phrase.Reveal())
	defer clear(phrase)
	u, err := d.Create(accounts.NewAccount{
		Keys: k.Keys, Phrase: phrase, Name: r.files.Info.Name, Password: k.Password, Cost: k.Cost, Now: r.o.Now, Data: r.data,
	})
	if err != nil {
		return err
	}
	u.Wipe()
	return d.Set(r.files.Info)
}
