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
	return tx.Savepoint(func() error {
		if seen, err := tx.Envelopes().Seen(a.Hash); seen || err != nil {
			return err
		}
		if again, err := c.open(ctx, tx, a, now); err != nil || again {
			return err
		}
		return tx.Envelopes().MarkSeen(a.Hash, now)
	})
}

// open opens a message and hands on its content. again tells that the envelope
// is not to be remembered: nothing of it was taken, and it can be opened again.
func (c *Courier) open(ctx context.Context, tx *store.Tx, a *arrival, now time.Time) (again bool, err error) {
	if a.Src == nil {
		c.drop("unsigned")
		return false, nil
	}
	from, err := key.PublicFromECDSA(a.Src)
	if err != nil {
		c.drop("unsigned")
		return false, nil //nolint:nilerr // foreign and wrong
	}
	in := transport.Incoming{From: from, Data: a.Payload, Envelope: a.Hash, Sent: time.Unix(int64(a.Sent), 0)}
	got, err := c.device.Receive(tx.Transport(), in, now)
	switch {
	case err == nil:
		return c.take(ctx, tx, a, got)
	case errors.Is(err, transport.ErrNotProtocol):
		return c.bodies(ctx, tx, a, transport.Decrypted{From: from, Plaintext: a.Payload})
	case foreign(err):
		return false, c.refused(ctx, tx, a, in, err, now)
	}
	return false, fmt.Errorf("open message: %w", err)
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

// take deals with a message that was opened. A sealed one is done with: its key
// is erased, and what is to come again comes in another envelope.
func (c *Courier) take(ctx context.Context, tx *store.Tx, a *arrival, got transport.Decrypted) (again bool, err error) {
	if len(got.New) > 0 {
		if err := c.tell(tx, func() error { return c.chats.Found(ctx, tx, got.New) }); err != nil {
			return false, err
		}
	}
	if got.Listen != nil && !c.filters.has(*got.Listen) {
		afterCommit(tx, c.filters.changed)
	}
	if got.Restarted && !c.cfg.NoDataSync {
		if err := c.sync.Missed(tx, datasync.PeerID(got.From.Uncompressed())); err != nil {
			return false, err
		}
	}
	if !got.Empty {
		if again, err = c.bodies(ctx, tx, a, got); err != nil {
			return false, err
		}
	}
	return again && got.Protection == transport.Open, c.device.Confirm(tx.Transport(), a.Hash)
}

// bodies unwraps data sync, if it is that, and hands on each body. again tells
// that all of them are to come again.
func (c *Courier) bodies(
	ctx context.Context, tx *store.Tx, a *arrival, got transport.Decrypted,
) (again bool, err error) {
	from := datasync.PeerID(got.From.Uncompressed())
	sealed := got.Protection != transport.Open
	p, ok := datasync.Unwrap(got.Plaintext)
	if !ok {
		if sealed && !a.P2P && !c.cfg.NoDataSync {
			if err := c.sync.Heard(tx, from); err != nil {
				return false, err
			}
		}
		return c.hand(ctx, tx, a, got, got.Plaintext, false)
	}
	again = len(p.Messages) > 0
	if !sealed || c.cfg.NoDataSync { // nothing is acknowledged
		for _, m := range p.Messages {
			one, err := c.hand(ctx, tx, a, got, m.Body, false)
			if err != nil {
				return false, err
			}
			again = again && one
		}
		return again, nil
	}
	list, err := c.sync.Handle(ctx, tx, from, p, !a.P2P)
	if err != nil {
		return false, err
	}
	for _, d := range list {
		one, err := c.hand(ctx, tx, a, got, d.Body, true)
		if err == nil && one {
			err = c.sync.Refuse(tx, d.ID)
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// hand gives one body to the chats. What they refuse leaves nothing behind but
// what they put aside. again tells that it is to come again.
func (c *Courier) hand(
	ctx context.Context, tx *store.Tx, a *arrival, got transport.Decrypted, body []byte, synced bool,
) (again bool, err error) {
	parcel := Parcel{
		Data: body, From: got.From, Envelope: a.Hash, Sent: time.Unix(int64(a.Sent), 0), Place: a.place,
		Protection: got.Protection, Paired: got.Paired, Installation: got.Installation, Synced: synced, Live: !a.P2P,
	}
	why := c.attempt(tx, func() error {
		err := c.chats.Receive(ctx, tx, parcel)
		if again = errors.Is(err, ErrAgain) && !errors.Is(err, ErrDrop); again {
			return nil
		}
		return err
	})
	switch {
	case why == nil:
		if again {
			c.drop("again")
		}
		return again, nil
	case !errors.Is(why, ErrDrop) || general(why):
		return false, why
	}
	c.log.Debug("parcel refused", zap.Error(why))
	err = c.tell(tx, func() (err error) {
		again, err = c.chats.Refused(ctx, tx, parcel, why)
		return err
	})
	if again {
		c.drop("again")
	} else {
		c.drop("refused")
	}
	return again, err
}

// attempt calls the chats such that what they did is taken back when they fail.
func (c *Courier) attempt(tx *store.Tx, fn func() error) error {
	return tx.Savepoint(func() error { return c.guard(fn) })
}

// tell calls the chats. What they refuse leaves nothing behind.
func (c *Courier) tell(tx *store.Tx, fn func() error) error {
	err := c.attempt(tx, fn)
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
