package datasync

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/sha3"
)

// Sizes of the identifiers, in bytes (spec 04 section 3).
const (
	IDSize   = 32
	PeerSize = 65
)

// messageIDPrefix starts the hashed bytes of a message id: ten ASCII bytes, no
// terminator, no length.
const messageIDPrefix = "MESSAGE_ID"

// ErrPeerID is returned for bytes that are no uncompressed public key.
var ErrPeerID = errors.New("peer id is not a 65-byte uncompressed public key")

type (
	// PeerID is the uncompressed secp256k1 identity key of a peer,
	// 04 || X || Y. All devices of a user share it.
	PeerID [PeerSize]byte
	// GroupID names the pair of identities that a message belongs to.
	GroupID [IDSize]byte
	// MessageID identifies one message in one group. Acks, offers and
	// requests carry it. It is not the application's message id.
	MessageID [IDSize]byte
	// Ref is the application's own id of an outgoing message, never zero. Its
	// recipients share one stored body, and receipts name it.
	Ref [IDSize]byte
)

// Millis is a wall-clock time in Unix milliseconds; 0 means never.
type Millis int64

// MillisOf converts a time. Times before 1970 become 1 ms after it, so that
// they stay distinct from "never".
func MillisOf(t time.Time) Millis { return Millis(max(t.UnixMilli(), 1)) }

// Time converts back; 0 gives the zero time.
func (m Millis) Time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m))
}

func (m Millis) add(d time.Duration) Millis { return m + Millis(d.Milliseconds()) }

// ParsePeerID copies an uncompressed public key. It checks length and form,
// not that the point lies on the curve: the transport got the key from a
// verified signature.
func ParsePeerID(key []byte) (PeerID, error) {
	var p PeerID
	if len(key) != PeerSize || key[0] != 4 {
		return p, fmt.Errorf("%w (%d bytes)", ErrPeerID, len(key))
	}
	copy(p[:], key)
	return p, nil
}

// valid reports whether the id has the form of an uncompressed key.
func (p PeerID) valid() bool { return p[0] == 4 }

// String returns a short form for logs; it is not unique.
func (p PeerID) String() string { return hex.EncodeToString(p[1:5]) }

// compressed returns the 33-byte SEC1 form.
func (p PeerID) compressed() []byte {
	out := make([]byte, 0, 33)
	out = append(out, 2+p[PeerSize-1]&1)
	return append(out, p[1:33]...)
}

// String returns the id in hex.
func (id MessageID) String() string { return hex.EncodeToString(id[:]) }

// String returns the id in hex.
func (g GroupID) String() string { return hex.EncodeToString(g[:]) }

// String returns the reference in hex.
func (r Ref) String() string { return hex.EncodeToString(r[:]) }

// IsZero reports whether the reference is missing.
func (r Ref) IsZero() bool { return r == Ref{} }

// OneToOne returns the group of two identities, the same for both orders.
// The keys are ordered by X as an integer; the parity prefix of the compressed
// form takes no part in that (spec 04 section 3).
func OneToOne(a, b PeerID) GroupID {
	if bytes.Compare(a[1:33], b[1:33]) > 0 {
		a, b = b, a
	}
	h := sha3.NewLegacyKeccak256()
	h.Write(a.compressed())
	h.Write(b.compressed())
	var g GroupID
	h.Sum(g[:0])
	return g
}

// NewMessageID hashes a message as it is carried. The group may have any
// length here; Handle refuses messages whose group is not 32 bytes.
func NewMessageID(group []byte, timestamp int64, body []byte) MessageID {
	h := sha256.New()
	h.Write([]byte(messageIDPrefix))
	h.Write(group)
	var le [8]byte
	binary.LittleEndian.PutUint64(le[:], uint64(timestamp))
	h.Write(le[:])
	h.Write(body)
	var id MessageID
	h.Sum(id[:0])
	return id
}
