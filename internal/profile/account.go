package profile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"statusd/accounts"
	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/vault"
	"statusd/internal/atomicfile"
	"statusd/internal/store"
)

// newInstallationFile in an account's folder asks for a new installation id.
// restoredFile says that its database was put back and stays the same
// installation.
const (
	newInstallationFile = "new-installation"
	restoredFile        = "restored"
)

// Account is the account that is logged in.
type Account struct {
	info         accounts.Info
	chat         key.Private
	unlocked     *vault.Unlocked // replaced by who has the turn
	db           *store.DB
	installation string
	before       int64 // number of the last event before this login

	stop context.CancelFunc
	done sync.WaitGroup
}

// UID returns the key-uid.
func (a *Account) UID() key.UID { return a.info.UID }

// Name returns the name that the owner gave it, or "".
func (a *Account) Name() string { return a.info.Name }

// ChatKey returns the identity of the account. It is overwritten at logout.
func (a *Account) ChatKey() key.Private { return a.chat }

// ContactID returns the public chat key as text.
func (a *Account) ContactID() string { return a.info.ChatKey.ContactID() }

// DB returns the client database. It is closed at logout.
func (a *Account) DB() *store.DB { return a.db }

// InstallationID returns the id of this copy of the account.
func (a *Account) InstallationID() string { return a.installation }

// Before returns the number of the last event of the log before this login.
func (a *Account) Before() int64 { return a.before }

// Login opens an account. If it is open already, the password is verified and
// nothing else happens. Errors: ErrOther, accounts.ErrUnknown,
// kdf.ErrWrongPassword, and those of the files: vault.ErrNewer,
// store.ErrNewer, accounts.ErrDamaged, store.ErrMissing and the like.
func (m *Manager) Login(ctx context.Context, uid key.UID, p kdf.Password) (*Account, error) {
	return m.login(ctx, uid, p, "")
}

// LoginAs is Login for an account that a text names as for Find. When the name
// of exactly one account is lost with its account.json, it is taken for that
// one, if the password is its password and its database knows no other name.
// Errors: those of Find and Login.
func (m *Manager) LoginAs(ctx context.Context, text string, p kdf.Password) (*Account, error) {
	uid, err := m.Find(ctx, text)
	if err == nil {
		return m.login(ctx, uid, p, "")
	}
	if !errors.Is(err, accounts.ErrUnknown) || !isName(text) {
		return nil, err
	}
	uid, one, errList := m.nameless(ctx)
	if errList != nil || !one {
		return nil, errors.Join(err, errList)
	}
	return m.login(ctx, uid, p, text)
}

// isName reports whether a text can be the name of an account.
func isName(text string) bool {
	_, notUID := key.ParseUID(text)
	_, notAddress := key.ParseAddress(text)
	return text != "" && len(text) <= accounts.MaxName && notUID != nil && notAddress != nil
}

// nameless returns the account whose name is lost, if there is exactly one.
func (m *Manager) nameless(ctx context.Context) (uid key.UID, one bool, err error) {
	all, err := m.List(ctx)
	n := 0
	for i := range all {
		if all[i].Damaged {
			uid = all[i].UID
			n++
		}
	}
	return uid, n == 1, err
}

// login is Login. name is that of the account if nothing else knows it.
func (m *Manager) login(ctx context.Context, uid key.UID, p kdf.Password, name string) (*Account, error) {
	var a *Account
	err := m.exclusive(ctx, func() error {
		current := m.Current()
		if current != nil && current.UID() != uid {
			return fmt.Errorf("%w: %s", ErrOther, current.UID())
		}
		u, err := m.unlock(ctx, uid, p)
		if err != nil {
			return err
		}
		if current != nil {
			u.Wipe()
			a = current
			return nil
		}
		if a, err = m.open(ctx, uid, u, name); err != nil {
			u.Wipe()
			return err
		}
		m.setCurrent(a)
		m.log.Info("logged in", zap.Stringer("account", uid))
		return nil
	})
	m.cfg.LoginSignal(err)
	return a, err
}

// open makes an account of an unlocked vault, which is the account's from then
// on. After an error everything but the vault is closed.
func (m *Manager) open(ctx context.Context, uid key.UID, u *vault.Unlocked, name string) (*Account, error) {
	if _, err := m.dir.KeyFiles(uid); err != nil {
		return nil, err
	}
	chat, err := u.ChatKey()
	if err != nil {
		return nil, err
	}
	a := &Account{unlocked: u, chat: chat, stop: func() {}}
	if err := m.bringUp(ctx, uid, a, name); err != nil {
		return nil, m.aboutDatabase(uid, errors.Join(err, m.shut(a)))
	}
	return a, nil
}

// bringUp opens what belongs to an account. What it opened when it fails is in
// a.
func (m *Manager) bringUp(ctx context.Context, uid key.UID, a *Account, name string) (err error) {
	m.mend()
	a.info, err = m.dir.Get(uid)
	lost := errors.Is(err, accounts.ErrDamaged)
	if lost {
		// Only the name is lost, and the database has it. The time of the last login
		// says that the database, if there is none, is missing.
		a.info, err = accounts.Info{UID: uid, ChatKey: a.chat.Public(), Timestamp: 1}, nil
	}
	if err != nil {
		return err
	}
	if err := m.openDatabase(ctx, a); err != nil {
		return err
	}
	if err := m.keepName(ctx, a, lost, name); err != nil {
		return err
	}
	first := a.info.Timestamp == 0
	a.info.Timestamp = max(m.cfg.Now().Unix(), 1)
	if err := m.dir.Set(a.info); err != nil {
		if first { // without it the next login would take a lost database for a new one
			return err
		}
		m.log.Warn("time of the login not noted", zap.Stringer("account", uid), zap.Error(err))
	}
	if err := m.attach(a); err != nil {
		return err
	}
	return m.record(ctx, a, EventLogin)
}

// nameKept is the name of the account among the small values of its database.
const nameKept = "account name"

// keepName keeps the name of the account in its database. When account.json was
// lost, the name is that of the database, or else the one given.
func (m *Manager) keepName(ctx context.Context, a *Account, lost bool, given string) error {
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		raw, found, err := tx.Meta(nameKept)
		kept := string(raw)
		switch {
		case err != nil:
			return err
		case lost && found && given != "" && given != kept:
			return fmt.Errorf("%w, address or name %q", accounts.ErrUnknown, given)
		case lost && found && len(kept) <= accounts.MaxName:
			a.info.Name = kept
			return nil
		case lost:
			a.info.Name = given
		case found && kept == a.info.Name:
			return nil
		}
		return tx.SetMeta(nameKept, []byte(a.info.Name))
	})
	if lost && err == nil {
		m.log.Warn("account.json is written anew: it was damaged or missing, and so was its copy",
			zap.Stringer("account", a.UID()), zap.Bool("nameKnown", a.info.Name != ""))
	}
	return err
}

// Events of an account's log that this package appends. Their body is
// {"keyUid": …}.
const (
	EventLogin  = "account.login"
	EventLogout = "account.logout"
)

// record appends an event of the account itself to its log.
func (m *Manager) record(ctx context.Context, a *Account, kind string) error {
	body := fmt.Appendf(nil, `{"keyUid":%q}`, a.UID().String())
	return a.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.EventLog().Append(kind, body, m.cfg.Now())
		return err
	})
}

func (m *Manager) openDatabase(ctx context.Context, a *Account) error {
	dbKey, err := a.unlocked.DatabaseKey()
	if err != nil {
		return err
	}
	defer dbKey.Wipe()
	a.db, err = store.Open(ctx, store.Config{
		Path: m.database(a.UID()), Key: dbKey, Create: a.info.Timestamp == 0, Events: m.cfg.Events,
		Log: m.cfg.Log, Now: m.cfg.Now,
	})
	if err != nil {
		return err
	}
	return m.identify(ctx, a)
}

// identify reads the installation id, or makes a new one.
func (m *Manager) identify(ctx context.Context, a *Account) error {
	folder := m.dir.Folder(a.UID())
	fresh, restored := exists(filepath.Join(folder, newInstallationFile)), exists(filepath.Join(folder, restoredFile))
	err := a.db.Update(ctx, func(tx *store.Tx) (err error) {
		if a.before, err = tx.EventLog().Last(); err != nil {
			return err
		}
		if restored {
			if err := tx.Installation().SetRestored(); err != nil {
				return err
			}
		}
		id, _, err := tx.Installation().IDs()
		if err != nil {
			return err
		}
		if id != "" && !fresh {
			a.installation = id
			return nil
		}
		a.installation = m.cfg.InstallationID
		if a.installation == "" || id != "" {
			a.installation = uuid.NewString()
		}
		return tx.Installation().Set(a.installation)
	})
	if err != nil || !fresh && !restored {
		return err
	}
	for _, marker := range []string{newInstallationFile, restoredFile} {
		if err := os.Remove(filepath.Join(folder, marker)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("note installation: %w", err)
		}
	}
	return atomicfile.SyncDir(folder)
}

// attach starts what works for the account.
func (m *Manager) attach(a *Account) error {
	services := []Service{a.db}
	if m.cfg.Attach != nil {
		s, err := m.cfg.Attach(a)
		if err != nil {
			return err
		}
		services = append(services, s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.stop = cancel
	for _, s := range services {
		a.done.Go(func() { // ends with the logout, which waits for it
			err := s.Run(ctx)
			if ctx.Err() != nil {
				return
			}
			select {
			case m.failed <- errors.Join(ErrService, err):
			default: // an earlier failure is enough
			}
		})
	}
	return nil
}

// Logout closes the account that is logged in. Errors: ErrNotLoggedIn. Other
// errors come from closing the database; the account is logged out then too.
func (m *Manager) Logout(ctx context.Context) error {
	return m.exclusive(ctx, func() error {
		if m.Current() == nil {
			return ErrNotLoggedIn
		}
		return m.logout()
	})
}

// logout closes the account that is logged in, if any. The caller has the turn.
func (m *Manager) logout() error {
	a := m.Current()
	if a == nil {
		return nil
	}
	m.setCurrent(nil)
	a.stop()
	a.done.Wait() // the logout is the last event
	err := m.record(context.Background(), a, EventLogout)
	err = errors.Join(err, m.shut(a))
	a.unlocked.Wipe()
	m.log.Info("logged out", zap.Stringer("account", a.UID()))
	if err != nil { // what was committed is in the write-ahead log
		return fmt.Errorf("the account is logged out and nothing is lost, but its database is not tidy: %w", err)
	}
	return nil
}

// shut closes everything of an account but its vault.
func (m *Manager) shut(a *Account) error {
	a.stop()
	a.done.Wait()
	var err error
	if a.db != nil {
		err = a.db.Close()
	}
	a.chat.Wipe()
	return err
}
