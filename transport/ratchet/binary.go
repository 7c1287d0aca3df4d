package ratchet

import (
	"encoding/binary"
	"errors"

	"statusd/accounts/key"
	"statusd/accounts/secret"
	"statusd/transport/dh"
)

// ErrStored is returned for bytes that Append did not write.
var ErrStored = errors.New("stored session state is damaged")

// stateVersion marks the layout of a stored state:
//
//	version 1 | root 32 | send 32 | receive 32 | own private 32 | peer 33 |
//	send count 4 | receive count 4 | previous count 4 | key count 8
const stateVersion = 1

// StateSize is the length of a stored state in bytes.
const StateSize = 1 + 4*keySize + dh.PointSize + 3*4 + 8

// Append appends the form in which a State is stored. It holds the session's
// keys in the clear: it may go to the encrypted database only.
func (s State) Append(out []byte) []byte {
	out = append(out, stateVersion)
	for _, k := range [][]byte{s.Root.Reveal(), s.Send.Reveal(), s.Recv.Reveal(), s.Own.Reveal()} {
		var fixed [keySize]byte
		copy(fixed[:], k)
		out = append(out, fixed[:]...)
	}
	out = append(out, s.Peer[:]...)
	for _, n := range []uint32{s.SendCount, s.RecvCount, s.PrevCount} {
		out = binary.BigEndian.AppendUint32(out, n)
	}
	return binary.BigEndian.AppendUint64(out, s.KeyCount)
}

// ParseState reads what Append wrote. The result shares no memory with b.
// Errors: ErrStored.
func ParseState(b []byte) (State, error) {
	if len(b) != StateSize || b[0] != stateVersion {
		return State{}, ErrStored
	}
	b = b[1:]
	take := func(n int) []byte {
		head := b[:n]
		b = b[n:]
		return head
	}
	var s State
	s.Root = RootKey{secret.New(take(keySize))}
	s.Send = ChainKey{secret.New(take(keySize))}
	s.Recv = ChainKey{secret.New(take(keySize))}
	var err error
	if s.Own, err = key.NewPrivate(take(keySize)); err != nil {
		return State{}, ErrStored
	}
	s.Peer = dh.Point(take(dh.PointSize))
	s.SendCount = binary.BigEndian.Uint32(take(4))
	s.RecvCount = binary.BigEndian.Uint32(take(4))
	s.PrevCount = binary.BigEndian.Uint32(take(4))
	s.KeyCount = binary.BigEndian.Uint64(take(8))
	return s, nil
}
