package profile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"statusd/accounts"
	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/fault"
	"statusd/internal/store"
)

// ErrNever is returned for the database of an account that has none yet.
var ErrNever = fault.New(fault.NotFound, "the account was never logged in, so it has no database yet", "")

// CheckDatabase reads the whole database of the account that is logged in.
// Errors: ErrNotLoggedIn, store.ErrDamaged, store.ErrLost.
func (m *Manager) CheckDatabase(ctx context.Context) error {
	a := m.Current()
	if a == nil {
		return ErrNotLoggedIn
	}
	return a.db.Check(ctx)
}

// VacuumDatabase rewrites the database of the account that is logged in
// without free space, and returns the bytes it has afterwards.
func (m *Manager) VacuumDatabase(ctx context.Context) (int64, error) {
	a := m.Current()
	if a == nil {
		return 0, ErrNotLoggedIn
	}
	return vacuum(ctx, a.db)
}

func vacuum(ctx context.Context, db *store.DB) (int64, error) {
	if err := db.Vacuum(ctx); err != nil {
		return 0, err
	}
	return db.Size()
}

// CheckClosed is CheckDatabase for an account that is not logged in. It brings
// nothing up to date and changes nothing. Errors: ErrLoggedIn, ErrNever,
// store.ErrDamaged, store.ErrLost, and those of Login.
func (m *Manager) CheckClosed(ctx context.Context, uid key.UID, p kdf.Password) error {
	return m.withClosed(ctx, uid, p, func(db *store.DB) error { return db.Check(ctx) })
}

// VacuumClosed is VacuumDatabase for an account that is not logged in. Errors:
// as CheckClosed.
func (m *Manager) VacuumClosed(ctx context.Context, uid key.UID, p kdf.Password) (size int64, err error) {
	err = m.withClosed(ctx, uid, p, func(db *store.DB) (err error) {
		size, err = vacuum(ctx, db)
		return err
	})
	return size, err
}

// aboutDatabase names the database that an error is about, unless it does so.
func (m *Manager) aboutDatabase(uid key.UID, err error) error {
	path := m.database(uid)
	if err == nil || namesPath(err, path) || !slices.ContainsFunc([]error{
		store.ErrDamaged, store.ErrForeign, store.ErrNewer, store.ErrBusy, store.ErrIO, store.ErrFull, store.ErrLost,
	}, func(target error) bool { return errors.Is(err, target) }) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// namesPath tells whether an error names a path.
func namesPath(err error, path string) bool {
	about := new(fs.PathError)
	return errors.As(err, &about) && about.Path == path
}

// withClosed opens the database of an account that is not logged in for fn.
func (m *Manager) withClosed(ctx context.Context, uid key.UID, p kdf.Password, fn func(*store.DB) error) error {
	return m.exclusive(ctx, func() (err error) {
		if m.isCurrent(uid) {
			return ErrLoggedIn
		}
		u, err := m.unlock(ctx, uid, p)
		if err != nil {
			return err
		}
		defer u.Wipe()
		info, err := m.dir.Get(uid)
		if err != nil && !errors.Is(err, accounts.ErrDamaged) {
			return err
		}
		if err == nil && info.Timestamp == 0 && !exists(m.database(uid)) {
			return ErrNever
		}
		dbKey, err := u.DatabaseKey()
		if err != nil {
			return err
		}
		defer dbKey.Wipe()
		db, err := store.Open(ctx, store.Config{
			Path: m.database(uid), Key: dbKey, Keep: true, Log: m.cfg.Log, Now: m.cfg.Now,
		})
		if err != nil {
			return m.aboutDatabase(uid, err)
		}
		defer func() { err = m.aboutDatabase(uid, errors.Join(err, db.Close())) }()
		return fn(db)
	})
}
