package messenger

import (
	"context"
	"errors"
	"math"
	"time"

	"statusd/internal/store"
	"statusd/messenger/courier"
	"statusd/payloads"
	"statusd/transport"
	"statusd/transport/topics"
)

// What time can cure is held: a clock that is ahead, an author who is not yet a
// member or not yet a contact, what is about a message that is held. The verdict
// on the payload stays what it is for every peer; holding it, in
// store.Quarantine, is what we do on top. It is tried again when its time comes,
// when a person becomes known and when a group changes. What is held is durable
// and therefore acknowledged.

const (
	// maxHold is how long a payload is held at most: as long as its sender would
	// send it again. A clock that is further ahead is not waited for.
	maxHold = 30 * 24 * time.Hour

	// retriesAtOnce and retryBytes bound what one transaction tries again.
	retriesAtOnce = 32
	retryBytes    = 2 << 20

	// retryAfter passes after this machine could not process a held payload.
	retryAfter = 10 * time.Minute

	second = 1000 // milliseconds
)

// wait says what a payload waits for.
type wait struct {
	reason  store.Reason
	subject string // id of the chat or person that has to change, or ""
	until   uint64 // ReasonClock: Unix milliseconds
}

// fate is what became of a received payload.
type fate int

const (
	taken fate = iota
	held
	again // neither kept nor done with
)

// Refused implements courier.Chats.
func (b *inbox) Refused(_ context.Context, tx *store.Tx, p courier.Parcel, why error) (bool, error) {
	what, err := b.held.settle(tx, &p, why)
	return what == again, err
}

// holding keeps what cannot be handled yet.
type holding struct{ *core }

// settle decides what becomes of a parcel that was refused, and holds it if
// that may help.
func (c *holding) settle(tx *store.Tx, p *courier.Parcel, why error) (fate, error) {
	var refused *dropError
	switch {
	case !errors.As(why, &refused):
		return taken, nil
	case refused.wait != nil:
		return c.hold(tx, p, refused.wait)
	case refused.again:
		return again, nil
	}
	return taken, nil
}

// hold puts a parcel aside if there is room.
func (c *holding) hold(tx *store.Tx, p *courier.Parcel, w *wait) (fate, error) {
	now := c.now()
	first := now
	if !p.Held.IsZero() {
		first = p.Held
	}
	due := first.Add(maxHold)
	if w.reason == store.ReasonClock {
		if w.until > uint64(max(due.UnixMilli(), 0)) {
			return again, nil
		}
		due = time.UnixMilli(int64(w.until)) // before due, so it fits
		if due.Before(now) && !p.Held.IsZero() {
			due = now.Add(retryAfter) // cannot be: it was due for this very reason
		}
	} else if !now.Before(due) {
		c.drops.count("held_too_long")
		return taken, nil
	}
	known, err := c.isKnown(tx, p, w)
	if err != nil {
		return again, err
	}
	k := kept(p)
	k.Reason, k.Subject, k.Due, k.At, k.Stranger = w.reason, w.subject, due, first, !known
	room, err := tx.Quarantine().Hold(&k)
	if err != nil {
		return again, err
	}
	if !room {
		c.drops.count("held_no_room")
		return again, nil
	}
	c.courier.RetryAt(tx, due)
	return held, nil
}

// isKnown reports whether what a sender has held takes the room of known
// people: ourselves, contacts, people we write with, and members of the group.
func (c *holding) isKnown(tx *store.Tx, p *courier.Parcel, w *wait) (bool, error) {
	if p.From == c.self {
		return true, nil
	}
	return c.knows(tx, p.From.ContactID(), w)
}

// knows is isKnown for somebody else.
func (c *holding) knows(tx *store.Tx, id string, w *wait) (bool, error) {
	contact, err := c.contacts.contactOf(tx, id)
	if err != nil || contact.Added {
		return contact.Added, err
	}
	chat, found, err := tx.Chats().ByID(id)
	if err != nil || found && !chat.Stranger && !chat.Deleted {
		return err == nil, err
	}
	if w.reason != store.ReasonGroup {
		return false, nil
	}
	chat, found, err = tx.Chats().ByID(w.subject)
	return found && !chat.Stranger && isMember(&chat, id), err
}

// Retry implements courier.Chats.
func (b *inbox) Retry(
	ctx context.Context, tx *store.Tx, attempt func(fn func() error) error,
) (next time.Time, err error) {
	now := b.now()
	for n, bytes := 0, 0; n < retriesAtOnce && bytes < retryBytes; n++ {
		k, found, err := tx.Quarantine().Due(now)
		if err != nil {
			return next, err
		}
		if !found {
			break
		}
		bytes += len(k.Data)
		if err := b.retry(ctx, tx, &k, now, attempt); err != nil {
			return next, err
		}
	}
	return tx.Quarantine().NextDue()
}

// retry tries a held payload again.
func (b *inbox) retry(
	ctx context.Context, tx *store.Tx, k *store.Kept, now time.Time, attempt func(fn func() error) error,
) error {
	p, err := parcelOf(k)
	if err != nil {
		return tx.Quarantine().Delete(k.Seq) //nolint:nilerr // damaged: it will never be read
	}
	if p.Held = k.At; k.Reason == store.ReasonType {
		p.Held = now
	}
	what := taken
	err = attempt(func() (err error) {
		what, err = b.handle(ctx, tx, p)
		return err
	})
	switch {
	case errors.Is(err, courier.ErrDrop):
		what, err = b.held.settle(tx, &p, err)
	case errors.Is(err, courier.ErrAgain): // this machine's fault
		k.Due, what, err = now.Add(retryAfter), held, nil
		if now.Sub(k.At) > maxHold {
			what = taken
			break
		}
		_, err = tx.Quarantine().Hold(k)
	}
	if err != nil || what == held {
		return err
	}
	return tx.Quarantine().Delete(k.Seq)
}

// meet makes a person whom we write to no stranger.
func (c *holding) meet(tx *store.Tx, chat *store.Chat) error {
	chat.Stranger = false
	if !c.policy.ContactsOnly || !isOneToOne(chat) {
		return nil
	}
	return c.wake(tx, store.ReasonContact, chat.ID)
}

// wake has what waits for a subject tried again.
func (c *holding) wake(tx *store.Tx, reason store.Reason, subject string) error {
	now := c.now()
	some, err := tx.Quarantine().Wake(reason, subject, now)
	if some && err == nil {
		c.courier.RetryAt(tx, now)
	}
	return err
}

// kept returns a parcel as the quarantine keeps it.
func kept(p *courier.Parcel) store.Kept {
	k := store.Kept{
		Data: p.Data, Sender: p.From.Uncompressed(), Envelope: p.Envelope, Sent: p.Sent,
		Protection: int(p.Protection), Paired: p.Paired, Device: p.Installation,
	}
	if p.Place.Kind == topics.Public {
		k.PublicChat = p.Place.Name()
	}
	return k
}

// clockAhead refuses a payload with a clock that is ahead, to be held until the
// clock is within ahead milliseconds of the time, in whole seconds.
func (c *holding) clockAhead(tx *store.Tx, r *received, clock, ahead uint64) error {
	const reason = string(payloads.RuleClockAhead)
	gone, err := c.removedAuthor(tx, r)
	if err != nil {
		return err
	}
	if gone {
		return noRoom("author_removed")
	}
	until := clock - min(clock, ahead)
	if until < math.MaxUint64-second {
		until += (second - until%second) % second
	}
	return notYet(reason, wait{reason: store.ReasonClock, until: until})
}

// notYetThere refuses what is about a message that we do not have. It may be
// among what is held of the author and has to wait until that was tried again.
func (c *holding) notYetThere(tx *store.Tx, r *received) error {
	const reason = "unknown_message"
	after := time.Time{}
	if !r.parcel.Held.IsZero() {
		after = r.now // what was due before was tried before
	}
	last, err := tx.Quarantine().Last(r.parcel.From.Uncompressed(), r.now, after)
	switch {
	case err != nil:
		return err
	case last.IsZero():
		return drop(reason)
	}
	return notYet(reason, wait{reason: store.ReasonClock, until: uint64(max(last.UnixMilli(), 0))})
}

// notJoined refuses what came to a group before its author or we have joined.
// Who was removed from it, as far as we know, is not waited for.
func (c *holding) notJoined(tx *store.Tx, r *received, chat *store.Chat) error {
	reason, who := "author_not_joined", r.author
	if hasJoined(chat, r.author) {
		reason, who = "we_have_not_joined", c.id
	}
	gone, _, err := tx.Groups().Removed(chat.Key, who)
	switch {
	case err != nil:
		return err
	case gone > 0 && who == r.author:
		return noRoom("author_removed")
	case gone > 0:
		return noRoom(reason)
	case r.parcel.Protection == transport.Open:
		return drop(reason)
	}
	return notYet(reason, wait{reason: store.ReasonGroup, subject: chat.ID})
}

// unknownGroup refuses what came to a group that is not known. Of people whom we
// know it waits for the group.
func (c *holding) unknownGroup(tx *store.Tx, r *received, id string) error {
	w := wait{reason: store.ReasonGroup, subject: id}
	known, err := c.isKnown(tx, &r.parcel, &w)
	if err != nil {
		return err
	}
	if !known || r.parcel.Protection == transport.Open {
		return drop("unknown_chat")
	}
	return notYet("unknown_chat", w)
}

// removedAuthor reports whether a payload writes into a group whose list has
// the removal of its author: he is out now, or was when he wrote it.
func (c *holding) removedAuthor(tx *store.Tx, r *received) (bool, error) {
	id, clock := writesInto(&r.msg)
	if id == "" {
		return false, nil
	}
	chat, found, err := tx.Chats().ByID(id)
	if err != nil || !found || chat.Type != store.ChatPrivateGroup {
		return false, err
	}
	gone, back, err := tx.Groups().Removed(chat.Key, r.author)
	if err != nil || gone == 0 {
		return false, err
	}
	return !hasJoined(&chat, r.author) || gone < clock && clock < back, nil
}

// writesInto returns the group that a payload writes into, "" for none, and
// the clock of what it writes.
func writesInto(m *payloads.Message) (group string, clock uint64) {
	if u, ok := m.Body.(*payloads.MembershipUpdate); ok {
		switch {
		case u.Message != nil:
			return u.ChatID, u.Message.Clock
		case u.Reaction != nil:
			return u.ChatID, u.Reaction.Clock
		}
		return "", 0
	}
	b, placed := m.Body.(payloads.Placed)
	if !placed {
		return "", 0
	}
	kind, id := b.Place()
	if kind != payloads.PrivateGroup {
		return "", 0
	}
	return id, m.Latest()
}
