package transport

import (
	"crypto/sha256"
	"encoding/binary"

	"statusd/accounts/key"
)

// How many of the messages that were opened are remembered, so that copies of
// them, posted again by somebody else, are told from messages that sessions
// cannot open any more.
const (
	// MaxOpened is the number for an identity that we write to. A store keeps
	// an eighth more before it forgets.
	MaxOpened = 1024
	// MaxStrangerOpened is the same for identities we never wrote to.
	MaxStrangerOpened = 64
	// MaxAllOpened is the number for all identities together. Of that with the
	// most, the oldest go first.
	MaxAllOpened = 1 << 20
)

// OpenedStore remembers messages by sender.
type OpenedStore interface {
	// Opened says whether a message of an identity is remembered, and the
	// latest time of those that were and have been forgotten, 0 if there are
	// none.
	Opened(identity key.Public, digest uint64) (known bool, forgotten int64, err error)
	// PutOpened remembers a message that was not remembered, of the identity
	// at least the keep last ones and few more, and of all identities about all.
	PutOpened(identity key.Public, m OpenedMessage, keep, all int) error
	// PassOpened has what Opened says was forgotten reach up to a time at least.
	PassOpened(identity key.Public, through int64) error
}

// OpenedMessage is what is remembered of a message. Sent is the time in the
// bundle that came with it, which the sender signed, or earlier; 0 without one.
type OpenedMessage struct {
	Digest uint64
	Sent   int64
}

// opened returns what is remembered of a message. The digest names its sender
// and all that the sender signed; it is no secret.
func (in *incoming) opened() OpenedMessage {
	id := in.from.Compressed()
	digest := sha256.New()
	digest.Write(id[:])
	digest.Write(in.data)
	m := OpenedMessage{Digest: binary.LittleEndian.Uint64(digest.Sum(nil))}
	for _, b := range in.bundles {
		if b.Identity() == in.from {
			m.Sent = min(max(m.Sent, b.Timestamp()), in.now.UnixNano())
		}
	}
	return m
}

// copied reports whether a message that cannot be opened may have been opened,
// or answered, before. Of messages before the last ones only the time is known: one that
// was sent no later than some of them counts as known, and so does one that
// does not tell when it was sent. So nobody who posts a message of others again
// makes a session end, however old it is.
func (in *incoming) copied(st Store) (bool, error) {
	m := in.opened()
	known, forgotten, err := st.Opened(in.from, m.Digest)
	return known || forgotten != 0 && m.Sent <= forgotten, err
}
