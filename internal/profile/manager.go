package profile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"statusd/accounts"
	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/fault"
	"statusd/internal/atomicfile"
	"statusd/internal/broadcast"
	"statusd/internal/store"
)

// hintLogOut is what to do about an account that is in the way.
const hintLogOut = "log out first with account_logout, or: statusd account logout"

// maxWaiting bounds the callers that wait for their turn.
const maxWaiting = 16

// Errors of a Manager. Those of packages accounts, vault, keystore, kdf,
// mnemonic and store are passed on.
var (
	ErrNotLoggedIn = fault.New(fault.NotLoggedIn, "no account is logged in",
		"log in with account_login, or: statusd account login")
	ErrOther         = fault.New(fault.InUse, "another account is logged in", hintLogOut)
	ErrLoggedIn      = fault.New(fault.InUse, "the account is logged in", hintLogOut)
	ErrEmptyPassword = fault.New(fault.InvalidParams, "the password is empty",
		"give a password; noPassword:true, or --no-password, leaves the account unprotected")
	ErrConfirm   = fault.New(fault.InvalidParams, "the confirmation is not the key-uid of the account", "")
	ErrAmbiguous = fault.New(fault.NotFound, "several accounts have this name", "give the key-uid")
	ErrBusy      = fault.New(fault.Busy, "too many calls wait for their turn", "try again soon")
	ErrClosed    = fault.New(fault.Failed, "the accounts are closed", "the daemon is stopping")
	ErrService   = errors.New("a component of the account ended by itself")
)

// Service is what works for the account that is logged in.
type Service interface {
	// Run works until ctx ends and returns after everything it started. If it
	// returns before, Manager.Run ends with its error.
	Run(ctx context.Context) error
}

// Config sets up a Manager.
type Config struct {
	Dir      string   // data directory
	KeyFiles string   // folder of the key files; empty: <dir>/keystore
	Cost     kdf.Cost // of new passwords; zero: kdf.Standard
	// InstallationID is given to accounts at their first login; empty: a
	// random one.
	InstallationID string
	NodeKeyFile    string // goes into a backup with keys; empty: none
	// Attach makes the service of an account that was opened; nil: none. An
	// error makes the login fail.
	Attach func(*Account) (Service, error)
	Events store.EventLimits // of the event logs; zero: the defaults
	// LoginSignal is told of every attempt to log in; nil: nobody is. It must
	// not block.
	LoginSignal func(error)
	Log         *zap.Logger      // nil: nothing is logged
	Now         func() time.Time // nil: time.Now
	// BackupCost is that of backups; zero: kdf.Standard, also where Cost is
	// light. For tests.
	BackupCost kdf.Cost
}

// Manager owns the accounts of a data directory.
type Manager struct {
	cfg Config
	log *zap.Logger

	turn    chan struct{} // holds a token while somebody has the turn
	waiting atomic.Int32
	closed  chan struct{}
	once    sync.Once
	failed  chan error // capacity 1: the first service that ended by itself
	// deriving holds a token while keys are derived; see derive.
	deriving chan struct{}

	// Used by who has the turn.
	dir      *accounts.Directory
	unmended string // what mend said last

	mu      sync.Mutex // guards what follows; written by who has the turn
	current *Account
	changed broadcast.Waiters // current changes
}

// Open opens the accounts of a data directory and settles what a crash
// interrupted. Nobody is logged in.
func Open(cfg Config) (*Manager, error) {
	if cfg.Cost == (kdf.Cost{}) {
		cfg.Cost = kdf.Standard()
	}
	if cfg.BackupCost == (kdf.Cost{}) {
		cfg.BackupCost = kdf.Standard()
	}
	if cfg.LoginSignal == nil {
		cfg.LoginSignal = func(error) {}
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.KeyFiles == "" {
		cfg.KeyFiles = filepath.Join(cfg.Dir, "keystore")
	}
	dir, err := accounts.OpenAt(cfg.Dir, cfg.KeyFiles)
	if err != nil {
		return nil, fmt.Errorf("open accounts: %w", err)
	}
	m := &Manager{
		cfg: cfg, log: cfg.Log.Named("account"), turn: make(chan struct{}, 1), closed: make(chan struct{}),
		failed: make(chan error, 1), dir: dir, deriving: make(chan struct{}, 1),
	}
	if err := atomicfile.RemoveTemps(m.backupFolder()); err != nil {
		return nil, fmt.Errorf("clean backups: %w", err)
	}
	return m, nil
}

// Run waits until ctx ends, then closes; or until a service ends by itself,
// and returns its error. Either way nobody is logged in afterwards.
func (m *Manager) Run(ctx context.Context) error {
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-m.failed:
	}
	return errors.Join(failure, m.Close())
}

// Close logs out and refuses everything from then on. It waits for the call
// that has the turn, but not for a password that is checked. A second Close does nothing.
func (m *Manager) Close() error {
	var err error
	m.once.Do(func() {
		close(m.closed)
		m.turn <- struct{}{} // kept
		err = m.logout()
	})
	return err
}

// exclusive runs fn when it is its turn.
func (m *Manager) exclusive(ctx context.Context, fn func() error) error {
	defer m.waiting.Add(-1)
	if m.waiting.Add(1) > maxWaiting {
		return ErrBusy
	}
	select {
	case <-m.closed:
		return ErrClosed
	default:
	}
	select {
	case m.turn <- struct{}{}:
	case <-m.closed:
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-m.turn }()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fn()
}

// Current returns the account that is logged in, nil if there is none. It is
// of use until the next logout.
func (m *Manager) Current() *Account {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.current
}

// Watch returns what Current does, and a channel that is closed when that
// changes.
func (m *Manager) Watch() (*Account, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.current, m.changed.Next()
}

func (m *Manager) setCurrent(a *Account) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.current = a
	m.changed.Wake()
}

// isCurrent reports whether an account is the one logged in.
func (m *Manager) isCurrent(uid key.UID) bool {
	a := m.Current()
	return a != nil && a.UID() == uid
}

// Listed is an account in a list.
type Listed struct {
	accounts.Info
	LoggedIn bool
}

// List returns all accounts, last login first.
func (m *Manager) List(ctx context.Context) ([]Listed, error) {
	var out []Listed
	err := m.exclusive(ctx, func() error {
		all, err := m.listed()
		for _, info := range all {
			out = append(out, Listed{info, m.isCurrent(info.UID)})
		}
		return err
	})
	return out, err
}

// listed returns what is known of all accounts, after mending what can be.
func (m *Manager) listed() ([]accounts.Info, error) {
	m.mend()
	return m.dir.List()
}

// mend writes what can be mended of account.json and its copies, and says once
// what cannot.
func (m *Manager) mend() {
	text := ""
	if err := m.dir.Mend(); err != nil {
		text = err.Error()
	}
	if text != m.unmended && text != "" {
		m.log.Warn("account.json of an account cannot be mended", zap.String("error", text))
	}
	m.unmended = text
}

// Find returns the account that a text names: a key-uid, the address of one of
// its keys, or its name. Errors: accounts.ErrUnknown, ErrAmbiguous.
func (m *Manager) Find(ctx context.Context, text string) (key.UID, error) {
	var found key.UID
	err := m.exclusive(ctx, func() error {
		all, err := m.listed()
		if err != nil {
			return err
		}
		uid, notUID := key.ParseUID(text)
		address, notAddress := key.ParseAddress(text)
		count := 0
		var nameless []string
		for _, info := range all {
			if info.Damaged {
				nameless = append(nameless, info.UID.String())
			}
			match := info.Name == text && text != ""
			switch {
			case notUID == nil:
				match = info.UID == uid
			case notAddress == nil:
				match = m.hasAddress(info.UID, address)
			}
			if match {
				found = info.UID
				count++
			}
		}
		switch count {
		case 0:
			if len(nameless) > 0 {
				return fmt.Errorf("%w, address or name; the name of %s is lost with its account.json, log in with this "+
					"key-uid: the database knows the name", accounts.ErrUnknown, strings.Join(nameless, ", "))
			}
			return fmt.Errorf("%w, address or name", accounts.ErrUnknown)
		case 1:
			return nil
		default:
			return ErrAmbiguous
		}
	})
	return found, err
}

// hasAddress reports whether one of an account's keys has an address.
func (m *Manager) hasAddress(uid key.UID, a key.Address) bool {
	v, err := m.dir.Vault(uid)
	if err != nil {
		return false
	}
	for _, own := range v.Keys() {
		if own == a {
			return true
		}
	}
	return false
}

// database is the path of an account's database.
func (m *Manager) database(uid key.UID) string {
	return filepath.Join(m.dir.Folder(uid), accounts.DatabaseFile)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
