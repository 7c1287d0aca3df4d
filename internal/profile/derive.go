package profile

import (
	"context"

	"statusd/accounts"
	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/vault"
)

// unlock unlocks the vault of an account for who has the turn. It ends with ctx
// and with Close. Errors: those of accounts.Directory.Unlock, ErrClosed.
func (m *Manager) unlock(ctx context.Context, uid key.UID, p kdf.Password) (*vault.Unlocked, error) {
	v, err := m.dir.Vault(uid)
	if err != nil {
		return nil, err
	}
	return derive(ctx, m, p, func(own kdf.Password) (*vault.Unlocked, error) {
		u, err := v.Unlock(own)
		return u, m.dir.AboutVault(uid, err)
	}, (*vault.Unlocked).Wipe)
}

// lock derives the keys of a new password.
func (m *Manager) lock(ctx context.Context, p kdf.Password) (*accounts.Lock, error) {
	return derive(ctx, m, p, func(own kdf.Password) (*accounts.Lock, error) {
		return accounts.NewLock(own, m.cfg.Cost)
	}, (*accounts.Lock).Wipe)
}

// wipeable is what keys are derived of: a password of some kind.
type wipeable[P any] interface {
	Clone() P
	Wipe()
}

// derive runs fn, which derives keys of a password. A derivation takes up to
// seconds and cannot be interrupted: when ctx ends, or the accounts close, it is
// left behind with a password of its own, and discard gets what it makes, unless
// it fails. fn therefore touches no file, and nothing that its caller wipes. The
// next one waits for it, so that memory is taken once.
func derive[P wipeable[P], T any](
	ctx context.Context, m *Manager, p P, fn func(P) (T, error), discard func(T),
) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	var none T
	select {
	case m.deriving <- struct{}{}:
	case <-m.closed:
		return none, ErrClosed
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
	own := p.Clone()
	done, gone := make(chan outcome), make(chan struct{})
	defer close(gone)
	go func() {
		v, err := fn(own)
		own.Wipe()
		<-m.deriving
		select {
		case done <- outcome{v, err}:
		case <-gone:
			if err == nil {
				discard(v)
			}
		}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-m.closed:
		return none, ErrClosed
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
}
