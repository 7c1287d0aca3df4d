package courier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"statusd/internal/store"
)

// maxHeldWait bounds the time until held parcels are looked at again: the
// clock may be corrected meanwhile.
const maxHeldWait = 10 * time.Minute

// RetryAt has Chats.Retry called at a time, after the commit.
func (c *Courier) RetryAt(tx *store.Tx, at time.Time) {
	afterCommit(tx, func() { c.inbox.retryAt(at) })
}

func (b *inbox) retryAt(at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.due.IsZero() || at.Before(b.due) {
		b.due = at
		poke(b.wake)
	}
}

// retryHeld has the chats try again what they put aside, if the time has come,
// and returns when it comes.
func (b *inbox) retryHeld(ctx context.Context) (wait time.Duration, err error) {
	now := b.c.cfg.Now()
	b.mu.Lock()
	due := b.due
	if !due.IsZero() && !due.After(now) {
		b.due = time.Time{} // what RetryAt says from now on counts
	}
	b.mu.Unlock()
	if due.IsZero() || due.After(now) {
		return b.untilDue(now), nil
	}
	var next time.Time
	err = b.transact(ctx, func(tx *store.Tx) (err error) {
		next, err = b.c.chats.Retry(ctx, tx, func(fn func() error) error { return b.attempt(tx, fn) })
		return err
	})
	if err != nil {
		next = due
	}
	if !next.IsZero() {
		b.retryAt(next)
	}
	return b.untilDue(now), err
}

// attempt is what Chats.Retry gets: a parcel that fails by itself must not stop
// the others, so its error wraps ErrAgain.
func (b *inbox) attempt(tx *store.Tx, fn func() error) error {
	err := b.c.attempt(tx, fn)
	if err == nil || errors.Is(err, ErrDrop) || errors.Is(err, ErrAgain) || general(err) {
		return err
	}
	b.c.log.Error("held message cannot be processed, it stays", zap.Error(err))
	return fmt.Errorf("%w: %w", ErrAgain, err)
}

// untilDue returns how long to wait for held parcels.
func (b *inbox) untilDue(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.due.IsZero() {
		return maxHeldWait
	}
	return min(max(b.due.Sub(now), 0), maxHeldWait)
}
