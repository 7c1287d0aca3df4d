package messenger

import (
	"context"
	"time"

	"statusd/accounts/key"
	"statusd/internal/store"
	"statusd/messenger/courier"
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
