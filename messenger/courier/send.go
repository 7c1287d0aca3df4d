package courier

import (
	"context"
	"fmt"
	"slices"

	"go.uber.org/zap"

	"statusd/accounts/key"
	"statusd/datasync"
	"statusd/internal/store"
	"statusd/transport/envelopes"
	"statusd/transport/topics"
)

// SendPublic sends a wrapper to a public or profile chat. Errors: ErrTooLarge.
func (c *Courier) SendPublic(_ context.Context, tx *store.Tx, chat string, id ID, wrapper []byte) error {
	if limit := c.MaxWrapper(true); len(wrapper) > limit {
		return fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, len(wrapper), limit)
	}
	return tx.Savepoint(func() error {
		out, err := c.device.SendPublic(tx.Transport(), topics.PublicChat(chat), wrapper, c.cfg.Now())
		if err != nil {
			return err
		}
		return c.enqueue(tx, out, []ID{id})
	})
}

// SendReliable sends a wrapper to people, our own other devices when to holds
// our own key, until each has acknowledged it. One recipient that cannot be
// written to does not keep the others from being served. Errors: ErrTooLarge.
func (c *Courier) SendReliable(ctx context.Context, tx *store.Tx, to []key.Public, id ID, wrapper []byte) error {
	if c.cfg.NoDataSync {
		return c.SendOnce(ctx, tx, to, id, wrapper)
	}
	if len(to) == 0 {
		return nil
	}
	if len(wrapper) > c.body {
		return fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, len(wrapper), c.body)
	}
	m := datasync.Outgoing{Ref: datasync.Ref(id), Body: wrapper}
	for _, p := range to {
		m.To = append(m.To, p.Uncompressed())
	}
	if _, err := c.sync.Append(tx, m); err != nil {
		return err
	}
	return c.flush(ctx, tx)
}

// flush sends what is due, unless the inbox will do so at the end of its
// transaction.
func (c *Courier) flush(ctx context.Context, tx *store.Tx) error {
	if c.inTx {
		return nil
	}
	return c.sync.Flush(ctx, tx)
}

// SendOnce sends a wrapper to people without asking for acknowledgement.
// Errors: ErrTooLarge.
func (c *Courier) SendOnce(_ context.Context, tx *store.Tx, to []key.Public, id ID, wrapper []byte) error {
	if len(wrapper) > c.body {
		return fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, len(wrapper), c.body)
	}
	for _, p := range to {
		err := c.sendDirect(tx, p, wrapper, []ID{id})
		if err == nil {
			continue
		}
		if general(err) {
			return err
		}
		c.log.Warn("person cannot be written to", zap.Stringer("to", p), zap.Error(err))
	}
	return nil
}

// sendDirect seals a payload for the devices of a person: one envelope, unless
// it is so large that each device needs its own.
func (c *Courier) sendDirect(tx *store.Tx, to key.Public, payload []byte, ids []ID) error {
	return tx.Savepoint(func() error {
		list, err := c.device.SendDirectWithin(tx.Transport(), to, payload, c.cfg.Now(), c.max)
		for _, out := range list {
			if err == nil {
				err = c.enqueue(tx, out, ids)
			}
		}
		return err
	})
}

// SendPairing shows this device to our other devices, paired or not. Errors:
// transport.ErrNoMetadata.
func (c *Courier) SendPairing(_ context.Context, tx *store.Tx, id ID, wrapper []byte) error {
	return tx.Savepoint(func() error {
		out, err := c.device.SendPairing(tx.Transport(), wrapper, c.cfg.Now())
		if err != nil {
			return err
		}
		return c.enqueue(tx, out, []ID{id})
	})
}

// Cancel stops to send a payload.
func (c *Courier) Cancel(ctx context.Context, tx *store.Tx, id ID) error {
	if err := c.sync.Cancel(ctx, tx, datasync.Ref(id)); err != nil {
		return err
	}
	gone, err := tx.Outbox().Cancel(id)
	if err != nil {
		return err
	}
	c.forgetPosts(tx, gone)
	return nil
}

// forgetPosts ends posts whose rows the transaction deleted.
func (c *Courier) forgetPosts(tx *store.Tx, gone []int64) {
	if len(gone) == 0 {
		return
	}
	ids := make([]envelopes.PostID, len(gone))
	for i, id := range gone {
		ids[i] = envelopes.PostID(id)
	}
	afterCommit(tx, func() { c.outbox.forget(ids...) })
}

// Retry sends a payload again now to who has not acknowledged it, and reports
// false when it is no longer known.
func (c *Courier) Retry(ctx context.Context, tx *store.Tx, id ID) (bool, error) {
	posts, err := tx.Outbox().With(id)
	if err != nil {
		return false, err
	}
	for _, post := range posts {
		if err := tx.Outbox().SetAttempts(post, 1); err != nil {
			return false, err
		}
	}
	if len(posts) > 0 {
		afterCommit(tx, func() { c.outbox.again(posts) })
	}
	waiting, err := c.sync.Retry(tx, datasync.Ref(id))
	if err != nil || waiting == 0 {
		return len(posts) > 0, err
	}
	return true, c.flush(ctx, tx)
}

// again starts the attempts of posts over.
func (o *outbox) again(posts []int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, id := range posts {
		o.tracker.Again(envelopes.PostID(id))
	}
}

// ForgetPeer ends everything outstanding with a person.
func (c *Courier) ForgetPeer(ctx context.Context, tx *store.Tx, peer key.Public) error {
	if err := c.sync.Forget(ctx, tx, peer.Uncompressed()); err != nil {
		return err
	}
	gone, err := tx.Outbox().To(peer)
	for _, id := range gone {
		if err == nil {
			err = tx.Outbox().Delete(id)
		}
	}
	if err != nil {
		return err
	}
	c.forgetPosts(tx, gone)
	return nil
}

// syncPort is where data sync sends and reports.
type syncPort struct{ c *Courier }

// Send implements runner.Port.
func (p syncPort) Send(_ context.Context, tx *store.Tx, s datasync.Send, payload []byte) error {
	to, err := key.ParsePublic(s.To[:])
	if err != nil {
		return err
	}
	var ids []ID
	for _, ref := range s.Refs() {
		ids = append(ids, ID(ref))
	}
	if len(s.Acks)+len(s.Offers)+len(s.Requests) == 0 {
		if waits, err := p.waits(tx, to, ids); err != nil || waits {
			return err
		}
	}
	return p.c.sendDirect(tx, to, payload, ids)
}

// waits reports whether all messages to a person are in posts that nobody takes:
// there is nothing to be sent again.
func (p syncPort) waits(tx *store.Tx, to key.Public, ids []ID) (bool, error) {
	if len(ids) == 0 {
		return false, nil
	}
	posts, err := tx.Outbox().To(to)
	posts = slices.DeleteFunc(posts, func(id int64) bool { return !p.c.outbox.stuck(envelopes.PostID(id)) })
	if err != nil || len(posts) == 0 {
		return false, err
	}
	for _, id := range ids {
		with, err := tx.Outbox().With(id)
		if err != nil || !slices.ContainsFunc(with, func(n int64) bool { return slices.Contains(posts, n) }) {
			return false, err
		}
	}
	return true, nil
}

// Receipts implements runner.Port.
func (p syncPort) Receipts(ctx context.Context, tx *store.Tx, receipts []datasync.Receipt) error {
	for _, r := range receipts {
		by, err := key.ParsePublic(r.Peer[:])
		if err != nil {
			return err
		}
		switch {
		case r.Outcome == datasync.Acked:
			err = p.c.tell(tx, func() error { return p.c.chats.Delivered(ctx, tx, ID(r.Ref), by, r.Waiting) })
		case r.Outcome == datasync.Expired && r.Waiting == 0:
			err = p.c.tell(tx, func() error { return p.c.chats.Failed(ctx, tx, []ID{ID(r.Ref)}, FailedLifetime) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}
