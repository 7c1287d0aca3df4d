// Package ratchet is the Double Ratchet as deployed peers speak it (spec 03
// section 8): secp256k1, both chains filled with the shared key at the start,
// the header in the associated data, and the key of a delivered message kept
// until the message is confirmed as processed.
//
// # Use
//
// A State is a value. Encrypt and Decrypt return a new State and leave the old
// one as it was: who drops the new one has changed nothing. The caller stores
// the new State before bytes leave the process.
//
// Message keys live with the caller. Before Decrypt the caller looks for a
// stored key of (Header.Key, Header.N) in this session; if there is one, it
// calls Reopen with it. Otherwise Decrypt returns the keys to store: those of
// messages not seen yet and, last, the one just used. Afterwards the caller
// drops what Limits.Trim says.
//
// # Invariants
//
//   - A failed Decrypt has no effect.
//   - No chain yields one key twice, since counters only rise; a counter that
//     is used up is an error.
//   - Keys never print their bytes. Wipe overwrites those of a State that is
//     no longer wanted.
//
// The package is pure: new ratchet keys come from the caller. It starts no
// goroutines and knows nothing of sessions, identities, bundles or storage.
package ratchet

import (
	"errors"
	"fmt"
	"io"
	"math"

	"statusd/accounts/key"
	"statusd/accounts/secret"
	"statusd/transport/dh"
)

// Errors of Encrypt, Decrypt and Reopen. ErrOld is the normal end of a copy
// that comes after its key was confirmed, not an attack.
var (
	ErrShort     = errors.New("payload is shorter than iv and mac")
	ErrAuthentic = errors.New("message authentication failed")
	ErrOld       = errors.New("bad until: probably an out-of-order message that was deleted")
	ErrTooMany   = errors.New("too many messages skipped")
	ErrHeaderKey = errors.New("header key is not a point on the curve")
	ErrExhausted = errors.New("chain is used up")
	ErrNoState   = errors.New("there is no session state")
)

// Header is the header of a message. Key is the sender's current ratchet key,
// N the number of the message in its chain, PN the length of the chain before.
type Header struct {
	Key   dh.Point
	N, PN uint32
}

// State is one side of a session. Fields are exported for storage only;
// nobody but this package changes them.
type State struct {
	Root                 RootKey
	Send, Recv           ChainKey
	SendCount, RecvCount uint32
	PrevCount            uint32 // length of the sending chain before this one
	Own                  key.Private
	Peer                 dh.Point // zero until a responder opened a message
	KeyCount             uint64   // message keys that were ever kept; the next StoredKey.Seq
}

// StoredKey is a message key that the caller keeps. Seq orders the keys of a
// session by the time they were derived.
type StoredKey struct {
	Key  dh.Point
	N    uint32
	Seq  uint64
	Seal MessageKey
}

// Opened is the result of a successful Decrypt.
type Opened struct {
	Plaintext []byte
	State     State
	// Keys are to be stored, in the order of Seq. The last one is that of this
	// message; it is deleted when the message is confirmed.
	Keys []StoredKey
}

// NewInitiator returns the state of the side that ran x3dh.Initiate. own is a
// fresh key, not the ephemeral key of X3DH; prekey is the peer's.
func NewInitiator(shared dh.Secret, own key.Private, prekey key.Public) (State, error) {
	s, err := NewResponder(shared, own)
	if err != nil {
		return State{}, err
	}
	s.Peer = dh.PointOf(prekey)
	if s.Root, s.Send, err = s.turn(prekey); err != nil {
		return State{}, err
	}
	return s, nil
}

// NewResponder returns the state of the side that ran x3dh.Respond with
// prekey. Both chains start filled, so that it could send at once.
func NewResponder(shared dh.Secret, prekey key.Private) (State, error) {
	if shared.IsZero() || prekey.IsZero() {
		return State{}, ErrNoState
	}
	filled := func() secret.Bytes { return secret.New(shared.Reveal()) }
	return State{
		Root: RootKey{filled()}, Send: ChainKey{filled()}, Recv: ChainKey{filled()}, Own: prekey,
	}, nil
}

// turn derives a root and a chain from the exchange with a key of the peer.
func (s State) turn(peer key.Public) (RootKey, ChainKey, error) {
	shared, err := dh.Shared(s.Own, peer)
	if err != nil {
		return RootKey{}, ChainKey{}, fmt.Errorf("perform ratchet step: %w", err)
	}
	defer shared.Wipe()
	return s.Root.next(shared)
}

// Wipe overwrites the keys of s and of every copy that shares them. States
// that follow one another share the keys that did not change: wipe the old
// one only through Replace.
func (s State) Wipe() {
	s.Root.Wipe()
	s.Send.Wipe()
	s.Recv.Wipe()
	s.Own.Wipe()
}

// Replace overwrites the keys of s that its successor next no longer holds.
// The caller may call it when next is durable.
func (s State) Replace(next State) {
	if !s.Root.Equal(next.Root.Bytes) {
		s.Root.Wipe()
	}
	if !s.Send.Equal(next.Send.Bytes) {
		s.Send.Wipe()
	}
	if !s.Recv.Equal(next.Recv.Bytes) {
		s.Recv.Wipe()
	}
}

// IV chooses the initial vector of a message. derived is what the key schedule
// gives, which peers of 2020 use; receivers take whatever the message carries.
type IV func(derived [IVSize]byte) ([IVSize]byte, error)

// RandomIV takes initial vectors from a source of randomness. With them a
// message key that is used again, after a data directory was put back from a
// copy, does not encrypt two texts with one key stream.
func RandomIV(random io.Reader) IV {
	return func([IVSize]byte) (iv [IVSize]byte, err error) {
		_, err = io.ReadFull(random, iv[:])
		return iv, err
	}
}

// Encrypt seals plaintext, which may be empty, as the next message of the
// sending chain. The returned State must be stored before the payload leaves
// the process. Errors: ErrExhausted, ErrNoState, and those of iv.
func (s State) Encrypt(plaintext []byte, iv IV) (State, Header, []byte, error) {
	if s.Own.IsZero() || s.Send.Len() == 0 {
		return State{}, Header{}, nil, ErrNoState
	}
	if s.SendCount == math.MaxUint32 {
		return State{}, Header{}, nil, ErrExhausted
	}
	h := Header{dh.PointOf(s.Own.Public()), s.SendCount, s.PrevCount}
	chain, mk := s.Send.next()
	defer mk.Wipe()
	ad := h.associated()
	payload, err := seal(mk, plaintext, ad[:], iv)
	if err != nil {
		return State{}, Header{}, nil, fmt.Errorf("seal message: %w", err)
	}
	s.Send = chain
	s.SendCount++
	return s, h, payload, nil
}

// Reopen opens a message with its stored key.
func Reopen(k StoredKey, h Header, payload []byte) ([]byte, error) {
	ad := h.associated()
	plaintext, err := open(k.Seal, payload, ad[:])
	if err != nil {
		return nil, fmt.Errorf("open skipped message: %w", err)
	}
	return plaintext, nil
}

// Decrypt opens a message no key is stored for. fresh makes a ratchet key; it
// is called at most once, and only when the peer's ratchet key is new. Errors:
// ErrOld, ErrTooMany, ErrShort, ErrAuthentic, ErrHeaderKey, ErrExhausted, and
// those of fresh.
func (s State) Decrypt(h Header, payload []byte, limits Limits, fresh func() (key.Private, error)) (Opened, error) {
	if s.Own.IsZero() || s.Recv.Len() == 0 {
		return Opened{}, ErrNoState
	}
	if len(payload) < Overhead {
		return Opened{}, ErrShort
	}
	if h.N == math.MaxUint32 {
		return Opened{}, ErrExhausted
	}
	if h.Key.IsZero() { // or it would pass for the key of no peer
		return Opened{}, ErrHeaderKey
	}
	next := s // what is derived below is kept by next alone
	var keys []StoredKey
	var err error
	if h.Key != s.Peer {
		if keys, err = next.step(h, limits, fresh); err != nil {
			return Opened{}, fmt.Errorf("skip previous chain: %w", err)
		}
	}
	if keys, err = next.skip(keys, h.N, limits); err != nil {
		wipeKeys(keys)
		return Opened{}, fmt.Errorf("skip current chain: %w", err)
	}
	chain, mk := next.Recv.next()
	ad := h.associated()
	plaintext, err := open(mk, payload, ad[:])
	if err != nil {
		mk.Wipe()
		wipeKeys(keys)
		return Opened{}, fmt.Errorf("open message: %w", err)
	}
	keys = append(keys, StoredKey{next.Peer, h.N, next.KeyCount, mk})
	next.Recv = chain
	next.RecvCount++
	next.KeyCount++
	return Opened{plaintext, next, keys}, nil
}

// step ends the receiving chain and turns the ratchet to the peer's new key.
func (s *State) step(h Header, limits Limits, fresh func() (key.Private, error)) ([]StoredKey, error) {
	peer, err := h.Key.Parse()
	if err != nil {
		return nil, ErrHeaderKey
	}
	var keys []StoredKey
	if !s.Peer.IsZero() { // a responder has no chain before the first message
		if keys, err = s.skip(nil, h.PN, limits); err != nil {
			return nil, err
		}
	}
	if s.Root, s.Recv, err = s.turn(peer); err != nil {
		return nil, err
	}
	own, err := fresh()
	if err != nil {
		return nil, fmt.Errorf("make ratchet key: %w", err)
	}
	s.Own, s.Peer = own, h.Key
	s.PrevCount, s.SendCount, s.RecvCount = s.SendCount, 0, 0
	if s.Root, s.Send, err = s.turn(peer); err != nil {
		return nil, err
	}
	return keys, nil
}

// skip derives the keys of the messages before until.
func (s *State) skip(keys []StoredKey, until uint32, limits Limits) ([]StoredKey, error) {
	if until < s.RecvCount {
		return keys, ErrOld
	}
	if until-s.RecvCount > limits.MaxSkip {
		return keys, ErrTooMany
	}
	for s.RecvCount < until {
		var mk MessageKey
		s.Recv, mk = s.Recv.next()
		keys = append(keys, StoredKey{s.Peer, s.RecvCount, s.KeyCount, mk})
		s.RecvCount++
		s.KeyCount++
	}
	return keys, nil
}

func wipeKeys(keys []StoredKey) {
	for _, k := range keys {
		k.Seal.Wipe()
	}
}
