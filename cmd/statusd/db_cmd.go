package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"go.uber.org/zap"

	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
	"statusd/internal/profile"
	"statusd/node"
)

func (a *app) dbCommand() frame.Command {
	return frame.Command{
		Use: "db", Short: "Check and compact the database of an account",
		Long: `Works on the database of an account: through the daemon, if one is running, on the
account that is logged in; otherwise on the files of the data directory, for
which the password of the account is asked for.`,
		Commands: []frame.Command{
			a.databaseCommand(databaseWork{
				use: "check", short: "Read the whole database and say whether it is sound",
				daemon: func(ctx context.Context, c *daemon) error {
					return done(api.AccountCheckDatabase.Call(ctx, c, api.None{}))
				},
				files: func(ctx context.Context, m *profile.Manager, uid key.UID, p kdf.Password) error {
					return m.CheckClosed(ctx, uid, p)
				},
				done: func() (string, any) { return "the database is sound", api.DatabaseCheck{OK: true} },
			}),
			a.databaseCommand(vacuumWork()),
		},
	}
}

// databaseWork is what a command does with a database, in two ways.
type databaseWork struct {
	use, short string
	daemon     func(context.Context, *daemon) error
	files      func(context.Context, *profile.Manager, key.UID, kdf.Password) error
	done       func() (text string, value any) // what to print in the end
}

func vacuumWork() databaseWork {
	var size api.DatabaseSize
	return databaseWork{
		use: "vacuum", short: "Give unused space back to the disk",
		daemon: func(ctx context.Context, c *daemon) (err error) {
			size, err = api.AccountVacuumDatabase.Call(ctx, c, api.None{})
			return err
		},
		files: func(ctx context.Context, m *profile.Manager, uid key.UID, p kdf.Password) (err error) {
			size.Bytes, err = m.VacuumClosed(ctx, uid, p)
			return err
		},
		done: func() (string, any) { return fmt.Sprintf("the database has %d bytes", size.Bytes), size },
	}
}

func (a *app) databaseCommand(w databaseWork) frame.Command {
	return frame.Command{
		Use: w.use + " [ACCOUNT]", Short: w.short, Args: frame.Optional(),
		Build: func(fs *frame.Flags) frame.Run {
			c := a.newClient(fs, longCall)
			fs.CompleteArgs(c.accounts())
			password := addPasswordFlags(fs, "", "of the account, if no daemon is running")
			return func(ctx context.Context, args []string) error {
				ctx, stop := interruptible(ctx)
				defer stop()
				err := c.reach(ctx)
				switch {
				case err == nil:
					err = c.onLoggedIn(ctx, args, w.daemon)
				case exitCode(err) == exitUnavailable && c.endpoint.url == "":
					err = a.onFiles(ctx, c, password, args, w.files)
				}
				if ctx.Err() != nil {
					return fail(fault.Interrupted, errInterrupt)
				}
				if err != nil {
					return err
				}
				return a.say(w.done())
			}
		},
	}
}

// onLoggedIn works through the daemon, on the account that is logged in. If one
// is named, it must be that.
func (c *daemon) onLoggedIn(ctx context.Context, args []string, work func(context.Context, *daemon) error) error {
	if len(args) > 0 {
		l, err := c.account(ctx, args)
		if err != nil {
			return err
		}
		if !l.LoggedIn {
			return fail(fault.Permission, fmt.Errorf("the daemon has the directory, and the account %s is not logged in: "+
				"log in to it, or stop the daemon", args[0]))
		}
	}
	return work(ctx, c)
}

// onFiles works on the files of an account, while no daemon has the directory.
func (a *app) onFiles(
	ctx context.Context, c *daemon, password *passwordFlags, args []string,
	work func(context.Context, *profile.Manager, key.UID, kdf.Password) error,
) error {
	syscall.Umask(0o077)
	loaded, err := c.endpoint.config.load()
	if err != nil {
		return err
	}
	cfg := loaded.Config
	if _, err := os.Stat(filepath.Join(cfg.DataDir, "accounts")); errors.Is(err, fs.ErrNotExist) {
		return fail(fault.NoInput, fmt.Errorf("there are no accounts in %s; choose another directory with --dir",
			cfg.DataDir))
	}
	release, err := node.HoldDir(cfg.DataDir, zap.NewNop())
	if err != nil {
		return err
	}
	defer release()
	m, err := profile.Open(profile.Config{Dir: cfg.DataDir, KeyFiles: cfg.KeyStorePath()})
	if err != nil {
		return err
	}
	defer m.Close() // nobody is logged in
	uid, err := oneAccount(ctx, m, args)
	if err != nil {
		return err
	}
	typed, err := a.readPassword(password, "Password", false)
	if err != nil {
		return err
	}
	defer clear(typed)
	p, err := kdf.NewPassword(typed)
	if err != nil {
		return fail(fault.BadInput, err)
	}
	defer p.Wipe()
	return work(ctx, m, uid, p)
}

// oneAccount returns the account that an argument names; without argument the
// only one there is.
func oneAccount(ctx context.Context, m *profile.Manager, args []string) (key.UID, error) {
	if len(args) > 0 {
		uid, err := m.Find(ctx, args[0])
		return uid, err
	}
	all, err := m.List(ctx)
	if err != nil {
		return key.UID{}, err
	}
	if len(all) != 1 {
		return key.UID{}, wantAccount(len(all))
	}
	return all[0].UID, nil
}
