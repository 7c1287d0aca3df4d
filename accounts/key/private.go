package key

import (
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/accounts/secret"
	"statusd/fault"
)

// PrivateSize is the length of a private key in bytes.
const PrivateSize = 32

// Errors of private keys. None of them carries the input.
var (
	ErrPrivateText = fault.New(fault.InvalidParams,
		"private key text is not 64 hex digits, with 0x before them or not", "")
	ErrPrivateSize  = fault.New(fault.InvalidParams, "private key is not 32 bytes long", "")
	ErrPrivateRange = fault.New(fault.InvalidParams, "private key is zero or not below the order of the curve", "")
	ErrNoKey        = errors.New("there is no private key here, or it was wiped")
)

// Private is a private key with its public key. The zero value holds none.
// Copies share the secret: wiping one wipes all.
type Private struct {
	d      secret.Bytes
	public Public
}

// NewPrivate returns the private key with the given 32 big-endian bytes, which
// are copied. Errors: ErrPrivateSize, ErrPrivateRange.
func NewPrivate(d []byte) (Private, error) {
	if len(d) != PrivateSize {
		return Private{}, ErrPrivateSize
	}
	k, err := crypto.ToECDSA(d)
	if err != nil {
		return Private{}, ErrPrivateRange
	}
	defer wipeECDSA(k)
	return Private{secret.New(d), publicOf(&k.PublicKey)}, nil
}

// Generate returns a new private key from the operating system's random source.
func Generate() (Private, error) {
	k, err := crypto.GenerateKey()
	if err != nil {
		return Private{}, fmt.Errorf("generate key: %w", err)
	}
	defer wipeECDSA(k)
	d := k.D.FillBytes(make([]byte, PrivateSize))
	defer clear(d)
	return Private{secret.New(d), publicOf(&k.PublicKey)}, nil
}

// FromECDSA returns a copy of a secp256k1 key in the form of go-ethereum.
func FromECDSA(k *ecdsa.PrivateKey) (Private, error) {
	if k == nil || k.D == nil {
		return Private{}, ErrNoKey
	}
	if k.D.Sign() < 0 || k.D.BitLen() > 8*PrivateSize {
		return Private{}, ErrPrivateRange
	}
	d := k.D.FillBytes(make([]byte, PrivateSize))
	defer clear(d)
	return NewPrivate(d)
}

// ParsePrivate reads bare private key text: 64 hex digits of either case with
// or without 0x before them. Nothing else is taken, in particular neither 0X
// nor white space. Errors: ErrPrivateText, ErrPrivateRange.
func ParsePrivate(text []byte) (Private, error) {
	if len(text) == 2+2*PrivateSize && text[0] == '0' && text[1] == 'x' {
		text = text[2:]
	}
	if len(text) != 2*PrivateSize {
		return Private{}, ErrPrivateText
	}
	d := make([]byte, PrivateSize)
	defer clear(d)
	if _, err := hex.Decode(d, text); err != nil {
		return Private{}, ErrPrivateText
	}
	return NewPrivate(d)
}

// IsZero reports whether there is no key, or it was wiped.
func (k Private) IsZero() bool { return k.d.Len() == 0 }

// Public returns the public key. It outlives Wipe.
func (k Private) Public() Public { return k.public }

// Reveal returns the 32 bytes of the key itself, not a copy; see
// secret.Bytes.Reveal.
func (k Private) Reveal() []byte { return k.d.Reveal() }

// ECDSA returns the key in the form that go-ethereum takes. The result is a
// copy, not cleared by Wipe.
func (k Private) ECDSA() (*ecdsa.PrivateKey, error) {
	if k.IsZero() {
		return nil, ErrNoKey
	}
	// The public part is known: to compute it again would cost more than a
	// signature.
	return &ecdsa.PrivateKey{PublicKey: *k.public.ECDSA(), D: new(big.Int).SetBytes(k.d.Reveal())}, nil
}

// Equal compares two private keys in constant time.
func (k Private) Equal(o Private) bool { return k.d.Equal(o.d) }

// Wipe overwrites the key, and so every copy of it.
func (k Private) Wipe() { k.d.Wipe() }

// Signature is R ‖ S ‖ V with S in the lower half of the order. V is 0 or 1.
type Signature [65]byte

// Sign signs a 32-byte hash with the nonce of RFC 6979: the same key and hash
// give the same signature.
func (k Private) Sign(hash [32]byte) (Signature, error) {
	e, err := k.ECDSA()
	if err != nil {
		return Signature{}, err
	}
	defer wipeECDSA(e)
	raw, err := crypto.Sign(hash[:], e)
	if err != nil {
		return Signature{}, fmt.Errorf("sign: %w", err)
	}
	return Signature(raw), nil
}

// wipeECDSA overwrites the secret number of a key that is no longer needed.
func wipeECDSA(k *ecdsa.PrivateKey) {
	clear(k.D.Bits())
	k.D.SetInt64(0)
}

// String shows the start of the key's address, enough to tell keys apart.
func (k Private) String() string {
	if k.IsZero() {
		return "private key (none)"
	}
	a := k.public.Address()
	return "private key of 0x" + hex.EncodeToString(a[:4]) + "…"
}

// Format implements fmt.Formatter: every verb prints what String returns.
func (k Private) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// GoString implements fmt.GoStringer.
func (k Private) GoString() string { return k.String() }

// MarshalJSON implements json.Marshaler with what String returns. Use Reveal
// to export a key.
func (k Private) MarshalJSON() ([]byte, error) { return []byte(`"` + k.String() + `"`), nil }

// MarshalText implements encoding.TextMarshaler with what String returns.
func (k Private) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
