package courier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"statusd/accounts/key"
	"statusd/datasync"
	"statusd/internal/store"
	"statusd/transport"
	"statusd/transport/ratchet"
)

// receive processes one message inside the transaction of a batch. It returns
// nil when the message is done with, taken or refused for good; otherwise
// nothing of it happened.
func (c *Courier) receive(ctx context.Context, tx *store.Tx, a *arrival, now time.Time) error {
	return c.sync.Nested(tx, tx.Savepoint, func() error {
		if seen, err := tx.Seen(a.Hash); seen || err != nil {
			return err
		}
		if err := c.open(ctx, tx, a, now); err != nil {
			return err
		}
		return tx.MarkSeen(a.Hash, now)
	})
}

// open opens a message and hands on its content.
func (c *Courier) open(ctx context.Context, tx *store.Tx, a *arrival, now time.Time) error {
	if a.Src == nil {
		c.drop("unsigned")
		return nil
	}
	from, err := key.PublicFromECDSA(a.Src)
	if err != nil {
		c.drop("unsigned")
		return nil
	}
	in := transport.Incoming{From: from, Data: a.Payload, Envelope: a.Hash, Sent: time.Unix(int64(a.Sent), 0)}
	got, err := c.device.Receive(tx.Transport(), in, now)
	switch {
	case err == nil:
		return c.take(ctx, tx, a, got)
	case errors.Is(err, transport.ErrNotProtocol):
		return c.bodies(ctx, tx, a, transport.Decrypted{From: from, Plaintext: a.Payload})
	case foreign(err):
		return c.refused(ctx, tx, a, in, err, now)
	}
	return fmt.Errorf("open message: %w", err)
}

// refusals are the errors of transport.Device.Receive that are the message's
// fault, with the names under which they are counted.
var refusals = []struct {
	err  error
	name string
}{
	{transport.ErrNotPaired, "not-paired"}, {transport.ErrDeviceNotFound, "device-not-found"},
	{transport.ErrSessionNotFound, "session-not-found"}, {transport.ErrBundle, "bundle"},
	{transport.ErrNoKey, "no-key"}, {transport.ErrHeader, "header"}, {transport.ErrPanic, "panic"},
	{transport.ErrCopy, "copy"}, {transport.ErrSpent, "spent"}, {transport.ErrDecrypt, "decrypt"},
}

func foreign(err error) bool { return refusal(err) != "" }

func refusal(err error) string {
	for _, r := range refusals {
		if errors.Is(err, r.err) {
			return r.name
		}
	}
	return ""
}

// refused deals with a message that cannot be opened. Who sent one for other
// devices, or on a session of which one side lost the state, is told about this
// installation.
//
// A message that is too far ahead of its session may come to be readable when
// those before it have come: archives are read backwards. It is tried again.
func (c *Courier) refused(
	ctx context.Context, tx *store.Tx, a *arrival, in transport.Incoming, why error, now time.Time,
) error {
	from := in.From
	if errors.Is(why, ratchet.ErrTooMany) && a.tries < maxTries-1 {
		return errEarly
	}
	name := refusal(why)
	c.drop(name)
	if errors.Is(why, transport.ErrPanic) {
		c.log.Error("bug: a message made the secure transport panic", zap.Stringer("from", from))
	}
	if transport.NeedsAnswer(why) {
		out, due, err := c.device.Answer(tx.Transport(), in, why, now)
		if err != nil || !due {
			return err
		}
		if err := c.enqueue(tx, out, nil); err != nil {
			return err
		}
	}
	if errors.Is(why, transport.ErrCopy) || errors.Is(why, transport.ErrNotPaired) || !c.tellUndecryptable(from, now) {
		return nil
	}
	return c.tell(tx, func() error { return c.chats.Undecryptable(ctx, tx, from) })
}

// tellUndecryptable reports whether to tell the chats that a message of a
// person could not be opened: not more often than people are answered, since
// anybody can make it happen.
func (c *Courier) tellUndecryptable(from key.Public, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last, ok := c.warned[from]; ok && now.Sub(last) < transport.AnswerInterval {
		return false
	}
	if len(c.warned) >= maxWarned {
		clear(c.warned)
	}
	c.warned[from] = now
	return true
}

// maxWarned bounds the people whose last undecryptable message is remembered.
const maxWarned = 4096

// take deals with a message that was opened.
func (c *Courier) take(ctx context.Context, tx *store.Tx, a *arrival, got transport.Decrypted) error {
	if len(got.New) > 0 {
		if err := c.tell(tx, func() error { return c.chats.Found(ctx, tx, got.New) }); err != nil {
			return err
		}
	}
	if got.Listen != nil && !c.filters.has(*got.Listen) {
		afterCommit(tx, c.filters.changed)
	}
	if got.Restarted && !c.cfg.NoDataSync {
		c.sync.Missed(tx, datasync.PeerID(got.From.Uncompressed()))
	}
	if !got.Empty {
		if err := c.bodies(ctx, tx, a, got); err != nil {
			return err
		}
	}
	return c.device.Confirm(tx.Transport(), a.Hash)
}

// bodies unwraps data sync, if it is that, and hands on each body.
func (c *Courier) bodies(ctx context.Context, tx *store.Tx, a *arrival, got transport.Decrypted) error {
	from := datasync.PeerID(got.From.Uncompressed())
	sealed := got.Protection != transport.Open
	p, ok := datasync.Unwrap(got.Plaintext)
	if !ok {
		if sealed && !a.P2P && !c.cfg.NoDataSync {
			c.sync.Heard(tx, from)
		}
		return c.hand(ctx, tx, a, got, got.Plaintext, false)
	}
	if !sealed || c.cfg.NoDataSync { // nothing is acknowledged
		for _, m := range p.Messages {
			if err := c.hand(ctx, tx, a, got, m.Body, false); err != nil {
				return err
			}
		}
		return nil
	}
	list, err := c.sync.Handle(ctx, tx, from, p, !a.P2P)
	if err != nil {
		return err
	}
	for _, d := range list {
		if err := c.hand(ctx, tx, a, got, d.Body, true); err != nil {
			return err
		}
	}
	return nil
}

// hand gives one body to the chats. What they refuse leaves nothing behind.
func (c *Courier) hand(
	ctx context.Context, tx *store.Tx, a *arrival, got transport.Decrypted, body []byte, synced bool,
) error {
	parcel := Parcel{
		Data: body, From: got.From, Envelope: a.Hash, Sent: time.Unix(int64(a.Sent), 0), Place: a.place,
		Protection: got.Protection, Paired: got.Paired, Installation: got.Installation, Synced: synced, Live: !a.P2P,
	}
	return c.tell(tx, func() error { return c.chats.Receive(ctx, tx, parcel) })
}

// tell calls the chats. What they refuse leaves nothing behind.
func (c *Courier) tell(tx *store.Tx, fn func() error) error {
	err := c.sync.Nested(tx, tx.Savepoint, func() error { return c.guard(fn) })
	if errors.Is(err, ErrDrop) && !general(err) {
		c.drop("refused")
		c.log.Debug("parcel refused", zap.Error(err))
		return nil
	}
	return err
}

// guard keeps a panic of the layer above from ending the process: the parcel
// alone is refused.
func (c *Courier) guard(fn func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			c.drop("panic")
			c.log.Error("bug: a message made its receiver panic", zap.Any("panic", r), zap.Stack("stack"))
			err = fmt.Errorf("%w: its receiver panicked", ErrDrop)
		}
	}()
	return fn()
}
