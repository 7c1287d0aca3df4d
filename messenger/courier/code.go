package courier

import (
	"context"
	"time"

	"go.uber.org/zap"

	"statusd/internal/deadline"
	"statusd/internal/store"
	"statusd/transport"
)

// runContactCode publishes the contact code when it is due and a peer is
// connected: every few hours, and at once after a new prekey.
func (c *Courier) runContactCode(ctx context.Context) error {
	var timer deadline.Timer
	defer timer.Disarm()
	for {
		timer.Disarm()
		if c.online.Load() {
			wait, err := c.publishContactCode(ctx)
			if err != nil && ctx.Err() == nil {
				c.log.Warn("contact code not published", zap.Error(err))
				wait = maxRetry
			}
			timer.Arm(time.Now().Add(wait))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-c.code:
		case <-timer.C():
			timer.Fired()
		}
	}
}

// publishContactCode publishes it if it is due, and returns the time until it
// is due next.
func (c *Courier) publishContactCode(ctx context.Context) (wait time.Duration, err error) {
	now := c.cfg.Now()
	var due time.Time
	err = c.cfg.DB.View(ctx, func(tx *store.Tx) (err error) {
		due, err = c.device.ContactCodeDue(tx.Transport())
		return err
	})
	if err != nil || due.After(now) {
		return due.Sub(now), err
	}
	err = c.cfg.DB.Update(ctx, func(tx *store.Tx) error {
		wrapper, err := c.chats.ContactCode(ctx, tx)
		if err != nil || len(wrapper) == 0 {
			return err
		}
		out, err := c.device.SendContactCode(tx.Transport(), wrapper, now)
		if err != nil {
			return err
		}
		return c.enqueue(tx, out, nil)
	})
	return transport.ContactCodeInterval, err
}

// republish makes the contact code due after the commit: the bundle in it has
// changed.
func (c *Courier) republish(tx *store.Tx) error {
	st := tx.Transport()
	self, err := st.Self()
	if err != nil {
		return err
	}
	self.ContactCodeAt = 0
	if err := st.PutSelf(self); err != nil {
		return err
	}
	afterCommit(tx, func() { poke(c.code) })
	return nil
}
