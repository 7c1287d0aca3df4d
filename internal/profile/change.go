package profile

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"statusd/accounts"
	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/keystore"
	"statusd/accounts/mnemonic"
	"statusd/accounts/secret"
)

// Options are what every new account is given.
type Options struct {
	Name     string
	Password kdf.Password
	// AllowEmpty takes an empty password, which protects nothing.
	AllowEmpty bool
}

// DerivedKey is a key of an account that is stored in a key file.
type DerivedKey struct {
	Path   string // empty for a key that was imported alone
	Public key.Public
}

// Summary is what may be shown of a new account.
type Summary struct {
	UID     key.UID
	ChatKey key.Public
	Derived []DerivedKey
}

func summarise(k accounts.Keys) Summary {
	s := Summary{UID: k.UID, ChatKey: k.Chat.Public()}
	for _, d := range k.Derived {
		s.Derived = append(s.Derived, DerivedKey{d.Path, d.File.Private.Public()})
	}
	return s
}

// Create makes an account from a new phrase of 12, 15, 18, 21 or 24 words. The
// phrase is the caller's to show and to wipe. It stays in the vault until
// ConfirmBackup. Errors: mnemonic.ErrWordCount, ErrEmptyPassword,
// accounts.ErrName.
func (m *Manager) Create(
	ctx context.Context, o Options, words int, passphrase secret.Bytes,
) (Summary, mnemonic.Phrase, error) {
	phrase, err := mnemonic.New(words)
	if err != nil {
		return Summary{}, mnemonic.Phrase{}, err
	}
	s, err := m.ImportPhrase(ctx, o, Import{Phrase: phrase, Passphrase: passphrase})
	if err != nil {
		phrase.Wipe()
		return Summary{}, mnemonic.Phrase{}, err
	}
	return s, phrase, nil
}

// Import is a phrase to make an account of.
type Import struct {
	Phrase     mnemonic.Phrase
	Passphrase secret.Bytes // usually empty
	LegacyChat bool         // the chat key of accounts older than multi-account
}

// ImportPhrase makes an account from a phrase. Errors: accounts.ErrExists,
// accounts.ErrKeyTaken, accounts.ErrName, ErrEmptyPassword.
func (m *Manager) ImportPhrase(ctx context.Context, o Options, i Import) (Summary, error) {
	keys, err := accounts.FromPhrase(i.Phrase, i.Passphrase.Reveal(), i.LegacyChat)
	if err != nil {
		return Summary{}, err
	}
	text := []byte(i.Phrase.Reveal())
	defer clear(text)
	return m.add(ctx, o, keys, text)
}

// ImportKey makes an account whose only key is a given one. Errors: as
// ImportPhrase.
func (m *Manager) ImportKey(ctx context.Context, o Options, k key.Private) (Summary, error) {
	return m.add(ctx, o, accounts.FromPrivateKey(k), nil)
}

// ImportKeyFile makes an account from a key file of this or another program;
// typed is the file's password as a person types it. Errors: as ImportPhrase
// and keystore.Import.
func (m *Manager) ImportKeyFile(ctx context.Context, o Options, file []byte, typed secret.Bytes) (Summary, error) {
	if err := o.check(); err != nil {
		return Summary{}, err // before the slow part
	}
	var k keystore.Key
	err := m.exclusive(ctx, func() (err error) {
		k, err = derive(ctx, m, typed, func(own secret.Bytes) (keystore.Key, error) {
			k, convention, err := keystore.Import(file, own.Reveal())
			if err == nil {
				m.log.Info("key file opened", zap.Stringer("with", convention))
			}
			return k, err
		}, keystore.Key.Wipe)
		return err
	})
	if err != nil {
		return Summary{}, err
	}
	return m.add(ctx, o, accounts.FromKeyFile(k), nil)
}

func (o Options) check() error {
	if o.Password.IsEmpty() && !o.AllowEmpty {
		return ErrEmptyPassword
	}
	if len(o.Name) > accounts.MaxName {
		return accounts.ErrName
	}
	return nil
}

// add stores a new account. It wipes the keys.
func (m *Manager) add(ctx context.Context, o Options, keys accounts.Keys, phrase []byte) (Summary, error) {
	defer keys.Wipe()
	if err := o.check(); err != nil {
		return Summary{}, err
	}
	err := m.exclusive(ctx, func() error {
		n := accounts.NewAccount{Keys: keys, Phrase: phrase, Name: o.Name, Now: m.cfg.Now()}
		if err := m.dir.Vacant(n); err != nil {
			return err // before the slow part
		}
		lock, err := m.lock(ctx, o.Password)
		if err != nil {
			return err
		}
		defer lock.Wipe()
		u, err := m.dir.CreateUnder(n, lock)
		if err := m.settled(err); err != nil {
			return err
		}
		u.Wipe()
		m.log.Info("account added", zap.Stringer("account", keys.UID))
		info, err := m.dir.Get(keys.UID)
		if err == nil {
			err = m.dir.Set(info)
		}
		if err != nil { // the first login makes it
			m.log.Warn("there is no copy of account.json yet", zap.Error(err))
		}
		return nil
	})
	if err != nil {
		return Summary{}, err
	}
	return summarise(keys), nil
}

// settled turns the error of a change that was made into a line of the log.
func (m *Manager) settled(err error) error {
	if errors.Is(err, accounts.ErrUnsettled) {
		m.log.Warn("old files of an account remain until the next start", zap.Error(err))
		return nil
	}
	return err
}

// Verify reports whether a password is that of an account. Errors: those of
// accounts.Directory.Unlock but kdf.ErrWrongPassword.
func (m *Manager) Verify(ctx context.Context, uid key.UID, p kdf.Password) (bool, error) {
	right := false
	err := m.exclusive(ctx, func() error {
		u, err := m.unlock(ctx, uid, p)
		if errors.Is(err, kdf.ErrWrongPassword) {
			return nil
		}
		if err != nil {
			return err
		}
		u.Wipe()
		right = true
		return nil
	})
	return right, err
}

// ChangePassword puts an account, logged in or not, under another password.
// When ctx ends, or the accounts close, before the keys are derived, nothing has
// changed. Errors: ErrEmptyPassword, and those of
// accounts.Directory.ChangePassword.
func (m *Manager) ChangePassword(ctx context.Context, uid key.UID, old kdf.Password, o Options) error {
	if err := o.check(); err != nil {
		return err
	}
	return m.exclusive(ctx, func() error {
		locked, err := m.dir.Locked(uid)
		if err != nil {
			return err
		}
		opened, err := derive(ctx, m, old, locked.Open, (*accounts.Opened).Wipe)
		if err != nil {
			return err
		}
		defer opened.Wipe()
		lock, err := m.lock(ctx, o.Password)
		if err != nil {
			return err
		}
		defer lock.Wipe()
		next, err := m.dir.Reseal(opened, lock)
		if err := m.settled(err); err != nil {
			return err
		}
		m.log.Info("password changed", zap.Stringer("account", uid))
		if !m.isCurrent(uid) {
			next.Wipe()
			return nil
		}
		a := m.Current()
		a.unlocked.Wipe()
		a.unlocked = next
		return nil
	})
}

// ConfirmBackup removes the phrase from the vault of the account, which must be
// logged in. Without a phrase it does nothing. Errors: ErrNotLoggedIn,
// ErrOther, accounts.ErrUnknown.
func (m *Manager) ConfirmBackup(ctx context.Context, uid key.UID) error {
	return m.exclusive(ctx, func() error {
		if _, err := m.dir.Vault(uid); err != nil {
			return err
		}
		a := m.Current()
		switch {
		case a == nil:
			return ErrNotLoggedIn
		case a.UID() != uid:
			return fmt.Errorf("%w: %s", ErrOther, a.UID())
		}
		without, err := m.dir.ConfirmBackup(a.unlocked)
		if err != nil {
			return err
		}
		a.unlocked.Wipe()
		a.unlocked = without
		m.log.Info("phrase removed, its backup is confirmed", zap.Stringer("account", uid))
		return nil
	})
}

// KeyFiles returns the key files of an account, which are encrypted, to who
// knows its password. Errors: those of accounts.Directory.Unlock and KeyFiles.
func (m *Manager) KeyFiles(ctx context.Context, uid key.UID, p kdf.Password) ([][]byte, error) {
	var files [][]byte
	err := m.exclusive(ctx, func() error {
		u, err := m.unlock(ctx, uid, p)
		if err != nil {
			return err
		}
		u.Wipe()
		files, err = m.dir.KeyFiles(uid)
		return err
	})
	return files, err
}

// Phrase returns the phrase of an account to who knows its password. Errors:
// those of accounts.Directory.Unlock, vault.ErrNoPhrase.
func (m *Manager) Phrase(ctx context.Context, uid key.UID, p kdf.Password) (secret.Bytes, error) {
	var phrase secret.Bytes
	err := m.exclusive(ctx, func() error {
		u, err := m.unlock(ctx, uid, p)
		if err != nil {
			return err
		}
		defer u.Wipe()
		phrase, err = u.Phrase()
		return err
	})
	return phrase, err
}

// Delete removes an account with everything that belongs to it. confirm is its
// key-uid as text, typed again. Errors: ErrConfirm, ErrLoggedIn,
// accounts.ErrUnknown.
func (m *Manager) Delete(ctx context.Context, uid key.UID, confirm string) error {
	if again, err := key.ParseUID(confirm); err != nil || again != uid {
		return ErrConfirm
	}
	return m.exclusive(ctx, func() error {
		if m.isCurrent(uid) {
			return ErrLoggedIn
		}
		if err := m.settled(m.dir.Delete(uid)); err != nil {
			return err
		}
		m.log.Info("account deleted", zap.Stringer("account", uid))
		return nil
	})
}
