package messenger

import (
	"context"
	"errors"
	"time"

	"statusd/internal/store"
	"statusd/messenger/courier"
	"statusd/payloads"
	"statusd/transport"
	"statusd/transport/topics"
	"statusd/waku/wire"
)

// received is a payload on its way through the handlers.
type received struct {
	parcel courier.Parcel
	msg    payloads.Message
	author string // contact id
	own    bool   // we are the author, on another device
	added  bool   // the author is a contact
	now    time.Time
	// open has handlers leave the payload unhandled: it may be handled when it
	// comes again, because it did not fit what is known now. fate is what becomes
	// of it.
	open bool
	fate fate
}

// maxFuture is how far ahead of the local time an envelope's is believed.
const maxFuture = time.Hour

// sentMillis is the time of the envelope in Unix milliseconds, as far as it can
// be believed.
func (r *received) sentMillis() uint64 {
	sent := r.parcel.Sent
	if limit := r.now.Add(maxFuture); sent.After(limit) {
		sent = limit
	}
	return uint64(max(sent.UnixMilli(), 0))
}

// clockMillis is what clocks are compared with: the time of the envelope, or
// for a payload that was held the time now, in whole seconds like that.
func (r *received) clockMillis() uint64 {
	if r.parcel.Held.IsZero() {
		return r.sentMillis()
	}
	return max(r.sentMillis(), uint64(max(r.now.Unix(), 0))*second)
}

// checkClock refuses a payload whose clock is zero or ahead.
func (c *holding) checkClock(tx *store.Tx, r *received) error {
	err := r.msg.Check(r.clockMillis(), uint64(max(r.now.UnixMilli(), 0)))
	var rule *payloads.RuleError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &rule) && rule.Rule == payloads.RuleClockAhead:
		return c.clockAhead(tx, r, r.msg.Latest(), payloads.MaxClockAhead)
	}
	return dropFor(err)
}

// direct reports whether the author wrote this to us and nobody else
// (spec 03 W18).
func (r *received) direct() bool { return r.parcel.Vouches(r.msg.Author) }

// arrivedIn reports whether the payload came on the topic of a public chat.
func (r *received) arrivedIn(chat string) bool {
	return r.parcel.Place.Kind == topics.Public && r.parcel.Place.Name() == chat
}

// handler handles the payloads of one type. An error of drop refuses the
// payload, any other says that this machine failed.
type handler func(ctx context.Context, tx *store.Tx, r *received) error

// on is a handler for payloads whose body is a B. A type belongs to one kind of
// body, which package payloads decodes.
func on[B payloads.Body](handle func(context.Context, *store.Tx, *received, B) error) handler {
	return func(ctx context.Context, tx *store.Tx, r *received) error {
		body, ok := r.msg.Body.(B)
		if !ok {
			return drop("body")
		}
		return handle(ctx, tx, r, body)
	}
}

// inbox takes what the courier brings: courier.Chats.
type inbox struct {
	*core
	handlers map[payloads.Type]handler
}

func newInbox(c *core) *inbox {
	b := &inbox{core: c}
	b.handlers = map[payloads.Type]handler{
		payloads.TypeChatMessage:                on(c.messages.receiveMessage),
		payloads.TypeContactUpdate:              on(c.contacts.receiveContactUpdate),
		payloads.TypeMembershipUpdate:           on(c.membership.receiveGroupUpdate),
		payloads.TypeGroupInvitation:            on(c.invitations.receiveInvitation),
		payloads.TypeEmojiReaction:              on(c.reactions.receiveReaction),
		payloads.TypePairInstallation:           on(c.devices.receivePairing),
		payloads.TypeSyncInstallationContact:    on(c.contacts.receiveContactSync),
		payloads.TypeSyncInstallationPublicChat: on(c.devices.receivePublicChatSync),
		payloads.TypeRequestAddress:             on(c.transactions.receiveTransactionRequest),
		payloads.TypeRequestTransaction:         on(c.transactions.receiveTransactionRequest),
		payloads.TypeAcceptRequestAddress:       on(c.transactions.receiveTransactionAnswer),
		payloads.TypeDeclineRequestAddress:      on(c.transactions.receiveTransactionAnswer),
		payloads.TypeDeclineRequestTransaction:  on(c.transactions.receiveTransactionAnswer),
		payloads.TypeSendTransaction:            on(c.transactions.receiveTransactionSent),
		payloads.TypeEditMessage:                on(c.changes.receiveEdit),
		payloads.TypeDeleteMessage:              on(c.changes.receiveDelete),
		payloads.TypePinMessage:                 on(c.changes.receivePin),
		// Decoded for the sake of strictness. Nothing is done with them, and they
		// are not remembered: somebody's message could be passed on as one of them
		// before it comes as what it is.
		payloads.TypeSyncInstallation:         nil,
		payloads.TypeSyncInstallationAccount:  nil,
		payloads.TypeContactCodeAdvertisement: nil,
		payloads.TypePushRegistration:         nil,
		payloads.TypePushRegistrationResponse: nil,
		payloads.TypePushQuery:                nil,
		payloads.TypePushQueryResponse:        nil,
		payloads.TypePushRequest:              nil,
		payloads.TypePushResponse:             nil,
	}
	return b
}

// Receive implements courier.Chats: one payload, in the transaction that
// opened it.
func (b *inbox) Receive(ctx context.Context, tx *store.Tx, p courier.Parcel) error {
	what, err := b.handle(ctx, tx, p)
	if err == nil && what == again {
		return courier.ErrAgain
	}
	return err
}

// handle is Receive that tells what became of a payload that was not refused.
func (b *inbox) handle(ctx context.Context, tx *store.Tx, p courier.Parcel) (fate, error) {
	r := &received{parcel: p, now: b.now()}
	err := b.receive(ctx, tx, r)
	var refused *dropError
	if errors.As(err, &refused) {
		b.drops.count(refused.reason)
	}
	return r.fate, err
}

func (b *inbox) receive(ctx context.Context, tx *store.Tx, r *received) error {
	p := &r.parcel
	msg, err := payloads.Parse(p.Data, p.From, payloads.Options{Extensions: b.extensions})
	if errors.Is(err, payloads.ErrType) {
		b.drops.count(payloads.Reason(err))
		return b.quarantine(tx, p)
	}
	if err != nil {
		return dropFor(err)
	}
	handle, known := b.handlers[msg.Type]
	if !known {
		return drop("unhandled_type")
	}
	r.msg, r.author, r.own = msg, msg.Author.ContactID(), msg.Author == b.self
	if first, handled, err := b.copies.handledAs(tx, &msg); err != nil {
		return err
	} else if handled {
		b.drops.count("duplicate")
		return b.copies.copied(tx, &msg, first)
	}
	contact, err := b.contacts.contactOf(tx, r.author)
	if err != nil {
		return err
	}
	r.added = contact.Added
	switch {
	case contact.Blocked && !r.own:
		return drop("blocked")
	case msg.Type.OwnOnly() && !r.own:
		return drop("not_ours")
	}
	if err := b.held.checkClock(tx, r); err != nil {
		return err
	}
	if err := checkSizes(r.msg.Body); err != nil {
		return err
	}
	if handle == nil {
		return nil
	}
	if err := b.guests.checkRoom(tx, r); err != nil {
		return err
	}
	if err := handle(ctx, tx, r); err != nil || r.open {
		return err
	}
	return b.copies.remember(tx, &msg)
}

// quarantine keeps a payload whose type a later version may know.
func (b *inbox) quarantine(tx *store.Tx, p *courier.Parcel) error {
	if contact, err := b.contacts.contactOf(tx, p.From.ContactID()); err != nil || contact.Blocked {
		return err
	}
	k := kept(p)
	return tx.Quarantine().Put(&k)
}

// release handles the kept payloads that are understood now.
func (b *inbox) release(ctx context.Context) error {
	for after, more := int64(0), true; more; {
		err := b.db.Update(ctx, func(tx *store.Tx) error {
			k, found, err := tx.Quarantine().After(after)
			if more = found; err != nil || !found {
				return err
			}
			after = k.Seq
			p, err := parcelOf(&k)
			if err != nil {
				return tx.Quarantine().Delete(k.Seq) //nolint:nilerr // damaged: it will never be read
			}
			_, err = payloads.Parse(p.Data, p.From, payloads.Options{Extensions: b.extensions})
			if errors.Is(err, payloads.ErrType) {
				return nil
			}
			return b.retry(ctx, tx, &k, b.now(), tx.Savepoint)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func parcelOf(k *store.Kept) (courier.Parcel, error) {
	from, err := keyOf(k.Sender)
	p := courier.Parcel{
		Data: k.Data, From: from, Envelope: wire.Hash(k.Envelope), Sent: k.Sent,
		Protection: transport.Protection(k.Protection), Paired: k.Paired, Installation: k.Device,
	}
	if k.PublicChat != "" {
		p.Place = topics.PublicChat(k.PublicChat)
	}
	return p, err
}
