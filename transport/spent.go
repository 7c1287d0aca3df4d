package transport

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"statusd/transport/ratchet"
)

// MaxSpent is how many opened messages a session remembers, so that a number
// that is used again is told from a copy of its message.
const MaxSpent = 64

// Spent has an entry of spentSize bytes for each of the last messages that a
// session opened, the oldest first: 4 bytes of the hash of the header key, the
// number, 8 bytes of the hash of header and content. None of it is secret. It
// is stored as it is; methods return copies and never change it.
type Spent []byte

const (
	spentName = 8 // bytes of header key and number
	spentSize = 16
)

func spentEntry(h ratchet.Header, payload []byte) (e [spentSize]byte) {
	name := sha256.Sum256(h.Key[:])
	copy(e[:], name[:4])
	binary.LittleEndian.PutUint32(e[4:], h.N)
	digest := sha256.New()
	digest.Write(h.Key[:])
	digest.Write(binary.LittleEndian.AppendUint32(nil, h.N))
	digest.Write(payload)
	copy(e[spentName:], digest.Sum(nil))
	return e
}

// find reports whether the number of a message is known, and whether with this
// content.
func (s Spent) find(h ratchet.Header, payload []byte) (number, same bool) {
	e := spentEntry(h, payload)
	for rest := s; len(rest) >= spentSize; rest = rest[spentSize:] {
		if bytes.Equal(rest[:spentSize], e[:]) {
			return true, true
		}
		number = number || bytes.Equal(rest[:spentName], e[:spentName])
	}
	return number, false
}

// add returns s with a message, and without the oldest one if there are more
// than MaxSpent.
func (s Spent) add(h ratchet.Header, payload []byte) Spent {
	if _, known := s.find(h, payload); known {
		return s
	}
	e := spentEntry(h, payload)
	if over := len(s) + spentSize - MaxSpent*spentSize; over > 0 {
		s = s[over:]
	}
	next := make(Spent, 0, len(s)+spentSize)
	return append(append(next, s...), e[:]...)
}
