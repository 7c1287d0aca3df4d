package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"statusd/accounts/kdf"
	"statusd/accounts/names"
	"statusd/api"
	"statusd/configs"
	"statusd/fault"
	"statusd/internal/profile"
	"statusd/internal/store"
)

// wordListFolder of the data directory may hold the lists of three-word names.
const wordListFolder = "wordlists"

// stopAccount is how long the account may take to close.
const stopAccount = 5 * time.Second

// ErrLogin is returned by Run when the account named in the configuration
// cannot be logged in.
var ErrLogin = fault.New(fault.Permission, "cannot log in", "")

// logins is who is logged in, and what runs for them.
type logins struct {
	*core
	session atomic.Pointer[session] // nil: nobody is logged in, or Waku is off

	mu       sync.Mutex       // guards what follows
	accounts *profile.Manager // nil: not open yet
	names    *names.Lists     // nil: none
}

// startAccounts opens the accounts, and logs in the one that the configuration
// names.
func (n *logins) startAccounts(ctx context.Context, life *lifecycle) error {
	cfg := profile.Config{
		Dir: n.cfg.DataDir, KeyFiles: n.cfg.KeyStorePath(), NodeKeyFile: n.cfg.NodeKeyPath(), Cost: passwordCost(n.cfg),
		InstallationID: n.cfg.ShhextConfig.InstallationID, Log: n.root, Now: n.clock.Now,
		Events:      store.EventLimits{Age: time.Duration(n.cfg.EventLogAge), Count: n.cfg.EventLogCount},
		LoginSignal: n.loginSignal,
	}
	if n.host != nil {
		cfg.Attach = n.attachSession
	}
	m, err := profile.Open(cfg)
	if err != nil {
		return dirError(n.cfg.DataDir, "open the accounts of", err)
	}
	lists, err := names.Load(filepath.Join(n.cfg.DataDir, wordListFolder))
	if err != nil && !errors.Is(err, names.ErrNoLists) {
		n.log.Warn("there are no three-word names", zap.Error(err))
	}
	n.mu.Lock()
	n.accounts, n.names = m, lists
	n.mu.Unlock()
	life.run("account", stopAccount, m.Run)
	if n.cfg.Login == "" {
		return nil
	}
	if err := login(ctx, m, n.cfg.Login, n.deps.Password); err != nil {
		return loginError(n.cfg.Login, err)
	}
	return nil
}

// loginError words that nobody could be logged in. What the system says of a
// file of the account is about the disk, unless it is about permissions.
func loginError(name string, err error) error {
	if about := new(fs.PathError); errors.As(err, &about) && fault.Undeclared(err) && !errors.Is(err, fs.ErrPermission) {
		err = fault.As(fault.IO, err)
	}
	return &StartError{Kind: ErrLogin, Text: fmt.Sprintf("cannot log in account %q", name), Cause: err}
}

// loginSignal tells who listens of an attempt to log in.
func (n *logins) loginSignal(err error) {
	var f api.NodeLoginEvent
	if err != nil {
		f.Error = err.Error()
	}
	n.signals.Emit(f)
}

func login(ctx context.Context, m *profile.Manager, name string, p kdf.Password) error {
	_, err := m.LoginAs(ctx, name, p)
	return err
}

// passwordCost is what a new password costs to check.
func passwordCost(cfg *configs.Config) kdf.Cost {
	if cfg.LightKDF {
		return kdf.Light()
	}
	return kdf.Standard()
}

// Accounts returns the accounts, nil before the data directory is open.
func (n *logins) Accounts() *profile.Manager {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.accounts
}

// Names returns the word lists of three-word names, nil if there are none.
func (n *logins) Names() *names.Lists {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.names
}

// accountHealth tells whether somebody is logged in.
func (n *logins) accountHealth() api.ComponentHealth {
	c := api.ComponentHealth{Name: "Account", Level: api.HealthNotMounted, Desc: "nobody is logged in"}
	if m := n.Accounts(); m != nil && m.Current() != nil {
		c.Level, c.Desc = api.HealthReady, "logged in"
	}
	return c
}

// databaseHealth tells of damage to the database of the account: what a query
// met, and what was lost before. Messages go on with what is left.
func (n *logins) databaseHealth() api.ComponentHealth {
	c := api.ComponentHealth{Name: "Database", Level: api.HealthNotMounted, Desc: "nobody is logged in"}
	m := n.Accounts()
	if m == nil {
		return c
	}
	if a := m.Current(); a != nil {
		c.Level, c.Desc = databaseLevel(a.DB().Condition())
	}
	return c
}

func databaseLevel(c store.Condition) (api.HealthLevel, string) {
	switch lost := len(c.Losses); {
	case c.Damage != "":
		return api.HealthNotReady, "damaged: see statusd db check, and restore a backup"
	case lost > 0:
		l := c.Losses[lost-1]
		return api.HealthNotReady, fmt.Sprintf(
			"at least %d transactions were lost by damage found at %s; move %s elsewhere when seen",
			l.Transactions, l.Time.UTC().Format(time.RFC3339), filepath.Base(l.Copy))
	case c.Unprotected:
		return api.HealthReady, "without checksums for lack of room on the disk; log in again when there is some"
	default:
		return api.HealthReady, "no damage known"
	}
}
