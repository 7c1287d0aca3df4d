package ratchet

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"

	"statusd/accounts/secret"
	"statusd/transport/dh"
)

// Constants of the key schedule (spec 03 section 2).
const (
	rootInfo    = "rsZUpEuXUqqwXBvSy3EcievAh4cMj6QL"
	messageInfo = "pcwSByyx2CRdryCffXJwy7xgVZWtW5Sh"

	chainInput   = 0x0F // gives the next chain key
	messageInput = 0x10 // gives the message key

	keySize = sha256.Size
	macSize = sha256.Size
	// IVSize is the number of bytes of the initial vector, which a payload
	// begins with.
	IVSize = aes.BlockSize
	// Overhead is how much longer a payload is than its plaintext: iv and mac.
	Overhead = IVSize + macSize
)

// ErrKeySize is returned for a key that is not 32 bytes long.
var ErrKeySize = errors.New("key is not 32 bytes long")

// RootKey is the root of a session, renewed at each ratchet step. It never
// prints.
type RootKey struct{ secret.Bytes }

// ChainKey is the state of one chain, renewed at each message. It never prints.
type ChainKey struct{ secret.Bytes }

// MessageKey seals exactly one message. It never prints.
type MessageKey struct{ secret.Bytes }

// NewRootKey, NewChainKey and NewMessageKey copy keys that were stored.
// Errors: ErrKeySize.
func NewRootKey(b []byte) (RootKey, error) {
	s, err := stored(b)
	return RootKey{s}, err
}

// NewChainKey copies a stored chain key. Errors: ErrKeySize.
func NewChainKey(b []byte) (ChainKey, error) {
	s, err := stored(b)
	return ChainKey{s}, err
}

// NewMessageKey copies a stored message key. Errors: ErrKeySize.
func NewMessageKey(b []byte) (MessageKey, error) {
	s, err := stored(b)
	return MessageKey{s}, err
}

func stored(b []byte) (secret.Bytes, error) {
	if len(b) != keySize {
		return secret.Bytes{}, ErrKeySize
	}
	return secret.New(b), nil
}

// next is KDF_CK: the following chain key and the key of one message.
func (c ChainKey) next() (ChainKey, MessageKey) {
	var chain, message [keySize]byte
	sum(&chain, c.Reveal(), []byte{chainInput})
	sum(&message, c.Reveal(), []byte{messageInput})
	nc, mk := ChainKey{secret.New(chain[:])}, MessageKey{secret.New(message[:])}
	clear(chain[:])
	clear(message[:])
	return nc, mk
}

// next is KDF_RK: a new root and a chain key. The header key that the
// derivation also yields is not used by peers.
func (r RootKey) next(shared dh.Secret) (RootKey, ChainKey, error) {
	out, err := hkdf.Key(sha256.New, shared.Reveal(), r.Reveal(), rootInfo, 3*keySize)
	if err != nil {
		return RootKey{}, ChainKey{}, fmt.Errorf("derive root key: %w", err)
	}
	defer clear(out)
	return RootKey{secret.New(out[:keySize])}, ChainKey{secret.New(out[keySize : 2*keySize])}, nil
}

// expanded is EXPAND of a message key.
type expanded struct {
	bytes [2*keySize + IVSize]byte
}

func (e *expanded) enc() []byte  { return e.bytes[:keySize] }
func (e *expanded) auth() []byte { return e.bytes[keySize : 2*keySize] }
func (e *expanded) iv() []byte   { return e.bytes[2*keySize:] }
func (e *expanded) wipe()        { clear(e.bytes[:]) }

// expand fills e by HKDF-SHA-256 with 32 zero bytes as salt. It is written out
// because it runs for each message: T(i) = HMAC(PRK, T(i-1) ‖ info ‖ i).
func (e *expanded) expand(mk MessageKey) {
	var zero, prk, t [keySize]byte
	sum(&prk, zero[:], mk.Reveal())
	var in [keySize + len(messageInfo) + 1]byte
	block := in[keySize:]
	copy(block, messageInfo)
	for i, done := byte(1), 0; done < len(e.bytes); i++ {
		block[len(block)-1] = i
		sum(&t, prk[:], block)
		done += copy(e.bytes[done:], t[:])
		block = in[:]
		copy(block, t[:])
	}
	clear(prk[:])
	clear(t[:])
	clear(in[:])
}

// sum is HMAC-SHA-256 of a short message with a key of at most 64 bytes,
// without allocating.
func sum(out *[keySize]byte, k, message []byte) {
	const maxMessage = keySize + len(messageInfo) + 1
	var inner [sha256.BlockSize + maxMessage]byte
	var outer [sha256.BlockSize + keySize]byte
	copy(inner[:], k)
	copy(outer[:], k)
	for i := range sha256.BlockSize {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	n := sha256.BlockSize + copy(inner[sha256.BlockSize:], message)
	digest := sha256.Sum256(inner[:n])
	copy(outer[sha256.BlockSize:], digest[:])
	*out = sha256.Sum256(outer[:])
	clear(inner[:])
	clear(outer[:])
}

// seal is SEAL: iv ‖ AES-256-CTR ‖ HMAC-SHA-256 over ad and all before.
func seal(mk MessageKey, plaintext, ad []byte, choose IV) ([]byte, error) {
	var e expanded
	e.expand(mk)
	defer e.wipe()
	iv, err := choose([IVSize]byte(e.iv()))
	if err != nil {
		return nil, fmt.Errorf("choose initial vector: %w", err)
	}
	out := make([]byte, IVSize+len(plaintext), len(plaintext)+Overhead)
	copy(out, iv[:])
	if err := ctr(e.enc(), iv[:], out[IVSize:], plaintext); err != nil {
		return nil, err
	}
	return authenticate(out, e.auth(), ad, out), nil
}

// open is OPEN. The mac is compared in constant time, before anything is
// decrypted. Errors: ErrShort, ErrAuthentic.
func open(mk MessageKey, payload, ad []byte) ([]byte, error) {
	if len(payload) < Overhead {
		return nil, ErrShort
	}
	var e expanded
	e.expand(mk)
	defer e.wipe()
	sealed, mac := payload[:len(payload)-macSize], payload[len(payload)-macSize:]
	var want [macSize]byte
	if subtle.ConstantTimeCompare(authenticate(want[:0], e.auth(), ad, sealed), mac) != 1 {
		return nil, ErrAuthentic
	}
	out := make([]byte, len(sealed)-IVSize)
	if err := ctr(e.enc(), sealed[:IVSize], out, sealed[IVSize:]); err != nil {
		return nil, err
	}
	return out, nil
}

func authenticate(dst, k, ad, sealed []byte) []byte {
	m := hmac.New(sha256.New, k)
	m.Write(ad)
	m.Write(sealed)
	return m.Sum(dst)
}

func ctr(k, iv, dst, src []byte) error {
	block, err := aes.NewCipher(k)
	if err != nil {
		return fmt.Errorf("prepare cipher: %w", err)
	}
	cipher.NewCTR(block, iv).XORKeyStream(dst, src)
	return nil
}

// associated returns what the mac covers besides the payload: the header.
func (h Header) associated() [8 + dh.PointSize]byte {
	var ad [8 + dh.PointSize]byte
	binary.LittleEndian.PutUint32(ad[:], h.N)
	binary.LittleEndian.PutUint32(ad[4:], h.PN)
	copy(ad[8:], h.Key[:])
	return ad
}
