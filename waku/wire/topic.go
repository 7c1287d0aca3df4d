package wire

import (
	"encoding/hex"
	"fmt"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
)

// TopicLength is the size of a topic in bytes (6/WAKU1, ABNF "topic").
const TopicLength = 4

// Topic is the 4-byte routing label of an envelope. It is visible to every
// relay, so it must not identify a person or chat by itself.
type Topic [TopicLength]byte

// TopicFromName returns the topic of a named chat: the first four bytes of
// the Keccak-256 hash of its name (spec 01 section 7.4).
func TopicFromName(name string) Topic {
	return Topic(crypto.Keccak256([]byte(name))[:TopicLength])
}

// String returns the topic as 0x-prefixed hex.
func (t Topic) String() string { return "0x" + hex.EncodeToString(t[:]) }

// MarshalText implements encoding.TextMarshaler.
func (t Topic) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. It takes exactly 0x and
// eight hex digits.
func (t *Topic) UnmarshalText(in []byte) error {
	return hexutil.UnmarshalFixedText("Topic", in, t[:])
}

// HashLength is the size of an envelope hash in bytes.
const HashLength = 32

// Hash identifies an envelope: the Keccak-256 hash of its RLP encoding.
type Hash [HashLength]byte

// String returns the hash as 0x-prefixed hex.
func (h Hash) String() string { return "0x" + hex.EncodeToString(h[:]) }

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(in []byte) error {
	return hexutil.UnmarshalFixedText("Hash", in, h[:])
}

// Format keeps %x and %v of a hash in the hex form without a detour.
func (h Hash) Format(s fmt.State, verb rune) {
	switch verb {
	case 'x':
		fmt.Fprintf(s, "%x", h[:])
	default:
		fmt.Fprint(s, h.String())
	}
}
