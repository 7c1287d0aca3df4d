package messenger

import (
	"context"
	"time"

	"statusd/accounts/key"
	"statusd/internal/store"
	"statusd/messenger/courier"
	"statusd/payloads"
	"statusd/transport"
)

// Courier carries payloads; *courier.Courier implements it. Methods with a
// transaction only write into it: what they send leaves after the commit.
type Courier interface {
	// SendPublic sends a wrapper to a public or profile chat.
	SendPublic(ctx context.Context, tx *store.Tx, chat string, id courier.ID, wrapper []byte) error
	// SendReliable sends a wrapper to people, our own other devices when to
	// holds our own key, until each has acknowledged it. One recipient that
	// cannot be written to does not keep the others from being served.
	SendReliable(ctx context.Context, tx *store.Tx, to []key.Public, id courier.ID, wrapper []byte) error
	// SendOnce sends a wrapper to people without asking for acknowledgement.
	SendOnce(ctx context.Context, tx *store.Tx, to []key.Public, id courier.ID, wrapper []byte) error
	// SendPairing shows this device to our other devices, paired or not.
	SendPairing(ctx context.Context, tx *store.Tx, id courier.ID, wrapper []byte) error
	// Cancel stops to send a payload; Retry sends it again now to who has not
	// acknowledged it, and reports false when it is no longer known.
	Cancel(ctx context.Context, tx *store.Tx, id courier.ID) error
	Retry(ctx context.Context, tx *store.Tx, id courier.ID) (bool, error)
	// ForgetPeer ends everything outstanding with a person.
	ForgetPeer(ctx context.Context, tx *store.Tx, peer key.Public) error
	// MaxWrapper is the size of the largest wrapper that fits an envelope: in
	// public, and pairwise.
	MaxWrapper(public bool) int
	// ListeningChanged has the filters follow Chats.Listening after the commit,
	// and fetches the history of what is new from since on (zero: none).
	ListeningChanged(tx *store.Tx, since time.Time)
	// RetryAt has Messenger.Retry called at a time, after the commit.
	RetryAt(tx *store.Tx, at time.Time)
	DeviceKeeper
}

var _ Courier = (*courier.Courier)(nil)

// DeviceKeeper has the installations of this account and of others.
type DeviceKeeper interface {
	Installations(tx *store.Tx, identity key.Public) ([]transport.Installation, error)
	// Own describes this installation.
	Own(tx *store.Tx) (transport.Installation, error)
	Enable(tx *store.Tx, id string) error
	Disable(tx *store.Tx, id string) error
	SetMetadata(tx *store.Tx, id string, m transport.Metadata) error
	// PairingReceived stores what a pairing message of our own identity says.
	PairingReceived(tx *store.Tx, p courier.Parcel, id, name, deviceType string) error
	// Paired reports whether we have another enabled device.
	Paired(tx *store.Tx) (bool, error)
}

// routes of payloads, as they are stored.
const (
	routePublic   = 1
	routeReliable = 2
	routeOnce     = 3
)

// outgoing is a sealed payload and where it goes.
type outgoing struct {
	chat  string
	route int
	to    []key.Public // without us; see send
	msg   payloads.Message
	once  bool // not to be sent again on request
}

// sender seals payloads and hands them to the courier.
type sender struct{ *core }

// send seals a body and hands it to the courier. Pairwise payloads also go to
// our other devices. sent is false when there was nobody to send it to.
func (c *sender) send(
	ctx context.Context, tx *store.Tx, o outgoing, body payloads.Body,
) (payloads.Message, bool, error) {
	msg, err := payloads.Seal(body, c.identity)
	if err != nil {
		return payloads.Message{}, false, err
	}
	if limit := c.courier.MaxWrapper(o.route == routePublic); len(msg.Wrapper) > limit {
		return payloads.Message{}, false, tooLarge(len(msg.Wrapper), limit)
	}
	if err := c.copies.remember(tx, &msg); err != nil {
		return payloads.Message{}, false, err
	}
	o.msg = msg
	if o.route != routePublic {
		if o.to, err = c.withOwn(tx, o.to); err != nil {
			return payloads.Message{}, false, err
		}
		if len(o.to) == 0 {
			return msg, false, nil
		}
	}
	if !o.once {
		p := store.Sent{ID: msg.ID, Chat: o.chat, Route: o.route, Wrapper: msg.Wrapper, At: c.now()}
		for _, k := range o.to {
			p.Recipients = append(p.Recipients, k.Uncompressed())
		}
		if err := tx.Sent().Put(&p); err != nil {
			return payloads.Message{}, false, err
		}
	}
	return msg, true, c.post(ctx, tx, o)
}

// withOwn replaces us among recipients by our other devices, if there are any.
func (c *sender) withOwn(tx *store.Tx, to []key.Public) ([]key.Public, error) {
	others := make([]key.Public, 0, len(to)+1)
	for _, k := range to {
		if k != c.self {
			others = append(others, k)
		}
	}
	paired, err := c.courier.Paired(tx)
	if paired {
		others = append(others, c.self)
	}
	return others, err
}

func (c *sender) post(ctx context.Context, tx *store.Tx, o outgoing) error {
	switch o.route {
	case routePublic:
		return c.courier.SendPublic(ctx, tx, o.chat, [32]byte(o.msg.ID), o.msg.Wrapper)
	case routeReliable:
		return c.courier.SendReliable(ctx, tx, o.to, [32]byte(o.msg.ID), o.msg.Wrapper)
	default:
		return c.courier.SendOnce(ctx, tx, o.to, [32]byte(o.msg.ID), o.msg.Wrapper)
	}
}
