package accounts

import (
	"errors"
	"fmt"

	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/keystore"
	"statusd/accounts/vault"
)

// Lock is the slow part of putting the files of an account under a password,
// done: the keys that were derived of it. It touches no file, so that who waits
// for it can give it up.
type Lock struct {
	wrapper *vault.Wrapper
	sealer  *keystore.Sealer
}

// NewLock derives the keys of a new password. It costs two key derivations.
// Errors: kdf.ErrCost.
func NewLock(p kdf.Password, cost kdf.Cost) (*Lock, error) {
	w, err := vault.NewWrapper(p, cost)
	if err != nil {
		return nil, err
	}
	s, err := keystore.NewSealer(p, cost)
	if err != nil {
		w.Wipe()
		return nil, err
	}
	return &Lock{w, s}, nil
}

// Wipe overwrites the keys. The Lock is of no use afterwards.
func (l *Lock) Wipe() {
	l.wrapper.Wipe()
	l.sealer.Wipe()
}

// Locked is the vault and the key files of an account as they were read.
type Locked struct {
	folder string // of the account
	vault  *vault.Vault
	files  []lockedKey
}

// lockedKey is a key file, or why it cannot be read.
type lockedKey struct {
	address key.Address
	file    []byte
	err     error
}

// Locked reads the vault and the key files of an account. Errors: those of
// Vault; a bad key file is told to who opens them.
func (d *Directory) Locked(uid key.UID) (*Locked, error) {
	v, err := d.Vault(uid)
	if err != nil {
		return nil, err
	}
	l := &Locked{folder: d.Folder(uid), vault: v}
	for _, a := range v.Keys() {
		file, err := d.keys.Read(a)
		l.files = append(l.files, lockedKey{a, file, err})
	}
	return l, nil
}

// Opened is a vault that is unlocked, with the keys of its key files.
type Opened struct {
	vault *vault.Unlocked
	keys  []keystore.Key
}

// Open opens the vault and the key files. It costs two key derivations. Errors:
// those of Vault.Unlock; ErrDamaged with its cause, keystore.ErrNotFound for
// instance, for a bad key file.
func (l *Locked) Open(p kdf.Password) (_ *Opened, err error) {
	u, err := l.vault.Unlock(p)
	if err != nil {
		return nil, aboutVault(l.folder, err)
	}
	o := &Opened{vault: u}
	defer func() {
		if err != nil {
			o.Wipe()
		}
	}()
	opener := keystore.NewOpener(p)
	defer opener.Wipe()
	for _, f := range l.files {
		k, err := f.open(opener)
		if err != nil {
			return nil, keyFileError(f.address, err)
		}
		o.keys = append(o.keys, k)
	}
	return o, nil
}

func (f lockedKey) open(opener *keystore.Opener) (keystore.Key, error) {
	if f.err != nil {
		return keystore.Key{}, f.err
	}
	k, err := opener.Open(f.file)
	if err == nil && k.Address() != f.address {
		k.Wipe()
		return keystore.Key{}, keystore.ErrAddress
	}
	return k, err
}

// Wipe overwrites all keys. The Opened is of no use afterwards.
func (o *Opened) Wipe() {
	o.vault.Wipe()
	for _, k := range o.keys {
		k.Wipe()
	}
}

// ChangePassword puts the vault and the key files of an account under a new
// password. It costs four key derivations; who cannot wait for them uses Locked,
// Locked.Open, NewLock and Reseal. Errors: those of Vault, Locked.Open, NewLock
// and Reseal.
func (d *Directory) ChangePassword(uid key.UID, old, password kdf.Password, cost kdf.Cost) error {
	locked, err := d.Locked(uid)
	if err != nil {
		return err
	}
	o, err := locked.Open(old)
	if err != nil {
		return err
	}
	defer o.Wipe()
	l, err := NewLock(password, cost)
	if err != nil {
		return err
	}
	defer l.Wipe()
	next, err := d.Reseal(o, l)
	if next != nil {
		next.Wipe()
	}
	return err
}

// Reseal puts the vault and the key files of an account under another lock, at
// once, and returns the vault, unlocked. No change of the account may be made
// between Locked and Reseal. After an error, as after a crash, either the old
// password opens everything or the new one does. Errors: ErrUnsettled, with the
// vault, when the new password is in force.
func (d *Directory) Reseal(o *Opened, l *Lock) (*vault.Unlocked, error) {
	next, err := o.vault.Rewrap(l.wrapper)
	if err != nil {
		return nil, err
	}
	err = d.change(func() error {
		for _, k := range o.keys {
			file, err := l.sealer.Seal(k)
			if err != nil {
				return err
			}
			if err := d.keys.StageReplacement(file, next.Vault().Generation()); err != nil {
				return keyFileError(k.Address(), err)
			}
		}
		return writeVault(d.Folder(next.Vault().UID()), next.Vault())
	})
	if err != nil && !errors.Is(err, ErrUnsettled) {
		next.Wipe()
		return nil, err
	}
	return next, err
}

// keyFileError tells a bad key file of an account from one that somebody wants
// to import.
func keyFileError(a key.Address, err error) error {
	if errors.Is(err, kdf.ErrWrongPassword) { // the vault took it
		return fmt.Errorf("%w: the key file of %s is under another password", ErrDamaged, a)
	}
	return fmt.Errorf("%w: key file of %s: %w", ErrDamaged, a, err)
}
