package courier

import (
	"context"
	"errors"
	"time"

	"statusd/accounts/key"
	"statusd/internal/store"
	"statusd/transport"
	"statusd/transport/topics"
	"statusd/waku/wire"
)

// ErrDrop is wrapped by errors of Chats.Receive that refuse a parcel for good:
// it is foreign and wrong, or not wanted.
var ErrDrop = errors.New("parcel refused")

// ErrAgain is wrapped by errors of Chats.Receive for a parcel that is to come
// again: it is neither acknowledged nor remembered. Unless the error wraps
// ErrDrop too, what Receive changed is kept.
var ErrAgain = errors.New("parcel is to come again")

// ID names an application payload: its message id (spec 05 section 4).
type ID [32]byte

// Parcel is one application payload as it came out of the transport: the exact
// bytes of its wrapper and all that is known about its way.
type Parcel struct {
	Data     []byte     // not to be changed or kept
	From     key.Public // who signed the envelope
	Envelope wire.Hash
	Sent     time.Time // expiry less time to live of the envelope, whole seconds
	// Place is where it arrived. Public places are chats, named by Place.Name.
	Place topics.Place
	// Protection says how it was sealed; Paired that an enabled device of our
	// own sent it over a session.
	Protection transport.Protection
	Paired     bool
	// Installation is the sending device, empty if the message named none.
	Installation string
	// Synced says that it came through data sync, Live that it came through the
	// pool and not out of a mailserver's archive.
	Synced, Live bool
	// Held is when Chats put it aside, to try it again now; zero for one that
	// has just come.
	Held time.Time
}

// Vouches reports whether the parcel proves that author wrote it to us, as
// one-to-one content needs (spec 03 W18).
func (p *Parcel) Vouches(author key.Public) bool {
	return p.Protection != transport.Open && p.From == author
}

// Failure says why an outgoing payload was given up.
type Failure string

// Failures: the texts that users of the reference see, and our own for what
// data sync ended.
const (
	FailedConnectivity Failure = "envelope expired due to connectivity issues"
	FailedTimeSync     Failure = "envelope wasn't delivered due to time sync issues"
	FailedLifetime     Failure = "the recipient did not acknowledge it within 30 days"
)

// Chats is the layer above. Its methods run inside the transaction in which
// the courier notes the same fact; an error undoes both.
type Chats interface {
	// Receive takes a parcel. An error wrapping ErrDrop refuses the parcel, with
	// nothing of it kept, and counts it; see Refused. For ErrAgain see there. Any
	// other error is a failure of this machine: the whole message stays unread
	// and is tried again.
	Receive(ctx context.Context, tx *store.Tx, p Parcel) error
	// Refused is asked what becomes of a parcel that Receive refused, when
	// nothing of it is left. It may put the parcel aside for later. again tells
	// that it is to come again; else it is acknowledged and done with.
	Refused(ctx context.Context, tx *store.Tx, p Parcel, why error) (again bool, err error)
	// Retry tries some of the parcels that were put aside and whose time has
	// come, each within attempt, which takes back what a failing one did and
	// returns an error that wraps ErrDrop, ErrAgain for one that cannot be
	// processed, or is one of the machine. It returns when to be called again:
	// zero for when RetryAt says so.
	Retry(ctx context.Context, tx *store.Tx, attempt func(fn func() error) error) (next time.Time, err error)
	// Sent notes that an envelope with the payloads reached a peer.
	Sent(ctx context.Context, tx *store.Tx, ids []ID) error
	// Failed notes that payloads were given up. FailedLifetime also comes when
	// some of the recipients have acknowledged, and the last of the others is
	// given up.
	Failed(ctx context.Context, tx *store.Tx, ids []ID, why Failure) error
	// Delivered notes that a recipient acknowledged a payload. waiting is the
	// number of recipients that have not done so yet.
	Delivered(ctx context.Context, tx *store.Tx, id ID, by key.Public, waiting int) error
	// Found notes devices that became known, ours or a contact's.
	Found(ctx context.Context, tx *store.Tx, found []transport.Installation) error
	// Undecryptable notes a message of a person that could not be opened.
	Undecryptable(ctx context.Context, tx *store.Tx, from key.Public) error
	// HistorySynced notes that history was fetched up to a time. envelopes is
	// how many came.
	HistorySynced(ctx context.Context, tx *store.Tx, to time.Time, envelopes int) error
	// Listens notes that negotiated places of people are listened to from now on.
	Listens(ctx context.Context, tx *store.Tx, added []Filter) error
	// Listening returns the public chats, profile chats among them, and the
	// people whose contact codes are to be listened to.
	Listening(ctx context.Context, tx *store.Tx) (chats []string, people []key.Public, err error)
	// ContactCode returns the wrapper to publish on our contact-code topic.
	ContactCode(ctx context.Context, tx *store.Tx) ([]byte, error)
}
