// Package dh has the Diffie-Hellman function of the secure transport and the
// plain encryption that is built on one exchange (spec 03 sections 2 and 6).
//
//	DH(a, B)         x coordinate of a·B, 32 bytes big endian, never hashed
//	GCM_SEAL(k, pt)  AES-256-GCM, no additional data: ciphertext ‖ tag (16) ‖ nonce (12)
//
// Invariants: results of Shared and secrets made of them never print their
// bytes. Open checks lengths before it touches the bytes and does not keep
// its input. The package is pure: keys and nonces are arguments. It starts no
// goroutines and knows nothing of messages, sessions or devices.
package dh

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/accounts/key"
	"statusd/accounts/secret"
)

// PointSize is the length of a compressed point in bytes.
const PointSize = 33

// Lengths of what Seal adds.
const (
	NonceSize = 12
	TagSize   = 16
	// Overhead is how much longer a sealed payload is than its plaintext.
	Overhead = TagSize + NonceSize
)

// Errors of points and of sealed payloads.
var (
	ErrPoint      = errors.New("invalid public key")
	ErrNoKey      = errors.New("there is no private key here, or it was wiped")
	ErrShort      = errors.New("missing salt or invalid payload in symmetric message")
	ErrAuthentic  = errors.New("message authentication failed")
	ErrSecretSize = errors.New("secret is not 32 bytes long")
)

// Point is a compressed public key as it came over the wire: 02 or 03 and an
// x coordinate. It need not lie on the curve, see Parse. The zero value is no
// point. Points are public and print as the start of their hex.
type Point [PointSize]byte

// PointOf returns the compressed form of a key.
func PointOf(p key.Public) Point { return Point(p.Compressed()) }

// ToPoint copies 33 bytes into a Point without looking for the curve. Errors:
// ErrPoint, for another length.
func ToPoint(b []byte) (Point, error) {
	if len(b) != PointSize {
		return Point{}, ErrPoint
	}
	return Point(b), nil
}

// Parse returns the key that p compresses. Errors: ErrPoint.
func (p Point) Parse() (key.Public, error) {
	k, err := key.ParsePublic(p[:])
	if err != nil {
		return key.Public{}, ErrPoint
	}
	return k, nil
}

// IsZero reports whether p is no point.
func (p Point) IsZero() bool { return p == Point{} }

// String returns the first bytes in hex, enough to tell points apart in a log.
func (p Point) String() string { return hex.EncodeToString(p[:5]) + "…" }

// Format implements fmt.Formatter: every verb prints what String returns.
func (p Point) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// Secret is the result of one exchange, or a key derived from several: 32
// bytes that never print. The zero value holds none.
type Secret struct{ secret.Bytes }

// NewSecret returns a secret with a copy of b. Errors: ErrSecretSize.
func NewSecret(b []byte) (Secret, error) {
	if len(b) != 32 {
		return Secret{}, ErrSecretSize
	}
	return Secret{secret.New(b)}, nil
}

// Equal compares in constant time.
func (s Secret) Equal(o Secret) bool { return s.Bytes.Equal(o.Bytes) }

// IsZero reports whether there is no secret, or it was wiped.
func (s Secret) IsZero() bool { return s.Len() == 0 }

// GenerateKey returns a new private key from the operating system's random
// source, at the cost of one multiplication.
func GenerateKey() (key.Private, error) {
	var d [key.PrivateSize]byte
	defer clear(d[:])
	for {
		_, _ = rand.Read(d[:]) // never fails since Go 1.24: the program ends instead
		k, err := key.NewPrivate(d[:])
		if !errors.Is(err, key.ErrPrivateRange) { // once in 2^128 keys
			return k, err
		}
	}
}

// Shared returns DH(a, B). Errors: ErrNoKey, ErrPoint (for the zero Public).
func Shared(a key.Private, b key.Public) (Secret, error) {
	if a.IsZero() {
		return Secret{}, ErrNoKey
	}
	if b.IsZero() {
		return Secret{}, ErrPoint
	}
	u := b.Uncompressed()
	x, y := new(big.Int).SetBytes(u[1:33]), new(big.Int).SetBytes(u[33:])
	sx, sy := crypto.S256().ScalarMult(x, y, a.Reveal())
	if sx == nil {
		return Secret{}, ErrPoint
	}
	var out [32]byte
	sx.FillBytes(out[:])
	s := Secret{secret.New(out[:])}
	clear(out[:])
	clear(sx.Bits())
	clear(sy.Bits())
	return s, nil
}

// Seal encrypts plaintext, which may be empty, with GCM_SEAL. A nonce must
// never be used twice with one key; a fresh ephemeral key for each message
// makes the key itself unique.
func Seal(k Secret, nonce [NonceSize]byte, plaintext []byte) ([]byte, error) {
	aead, err := gcm(k)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(plaintext)+Overhead)
	out = aead.Seal(out, nonce[:], plaintext, nil)
	return append(out, nonce[:]...), nil
}

// Open decrypts what Seal returned. The result is not nil, and it does not
// alias sealed. Errors: ErrShort, ErrAuthentic, ErrNoKey.
func Open(k Secret, sealed []byte) ([]byte, error) {
	if len(sealed) < NonceSize {
		return nil, ErrShort
	}
	aead, err := gcm(k)
	if err != nil {
		return nil, err
	}
	cut := len(sealed) - NonceSize
	out, err := aead.Open(make([]byte, 0, cut), sealed[cut:], sealed[:cut], nil)
	if err != nil {
		return nil, ErrAuthentic
	}
	return out, nil
}

func gcm(k Secret) (cipher.AEAD, error) {
	if k.IsZero() {
		return nil, ErrNoKey
	}
	block, err := aes.NewCipher(k.Reveal())
	if err != nil {
		return nil, fmt.Errorf("prepare cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("prepare cipher: %w", err)
	}
	return aead, nil
}
