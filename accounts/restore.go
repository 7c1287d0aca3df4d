package accounts

import (
	"fmt"
	"os"
	"slices"
	"time"

	"statusd/accounts/key"
	"statusd/accounts/keystore"
	"statusd/accounts/vault"
	"statusd/internal/atomicfile"
)

// Files are the files of an account as a backup has them.
type Files struct {
	Info     Info
	Vault    []byte
	KeyFiles [][]byte
}

// Restore puts the files of an account in place. The vault must be that of the
// account and name exactly the key files. Errors: ErrExists, ErrDamaged, those
// of vault.Parse and keystore.AddressOf. It is meant for a folder that is not
// in use yet: a crash can leave key files behind.
func (d *Directory) Restore(f Files, now time.Time) error {
	v, err := vault.Parse(f.Vault)
	if err != nil {
		return err
	}
	if v.UID() != f.Info.UID {
		return fmt.Errorf("%w: the vault is that of another account", ErrDamaged)
	}
	if d.check(v.UID()) == nil {
		return fmt.Errorf("%w: %s", ErrExists, v.UID())
	}
	var have []key.Address
	for _, file := range f.KeyFiles {
		a, err := keystore.AddressOf(file)
		if err != nil {
			return err
		}
		have = append(have, a)
	}
	for _, a := range v.Keys() {
		if !slices.Contains(have, a) {
			return fmt.Errorf("%w: the key file of %s is missing", ErrDamaged, a)
		}
	}
	if len(have) != len(v.Keys()) {
		return fmt.Errorf("%w: there is a key file too many", ErrDamaged)
	}
	for _, file := range f.KeyFiles {
		if err := d.keys.Save(file, now); err != nil {
			return err
		}
	}
	folder := d.unfinished(v.UID())
	if err := os.Mkdir(folder, folderMode); err != nil {
		return fmt.Errorf("make account folder: %w", err)
	}
	if err := writeVault(folder, v); err != nil {
		return err
	}
	if err := writeInfo(folder, f.Info, infoFile); err != nil {
		return err
	}
	return atomicfile.Rename(folder, d.Folder(v.UID()))
}
