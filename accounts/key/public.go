package key

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/google/uuid"

	"statusd/fault"
)

// Lengths of a public key in bytes.
const (
	CompressedSize   = 33
	UncompressedSize = 65
)

// Errors of public keys.
var (
	ErrPublicSize = fault.New(fault.InvalidParams,
		"public key is neither 33 bytes (compressed) nor 65 bytes (uncompressed) long", "")
	ErrPublicForm = fault.New(fault.InvalidParams,
		"public key does not start with 02, 03 (compressed) or 04 (uncompressed)", "")
	ErrPublicPoint = fault.New(fault.InvalidParams, "public key is not a point on the curve", "")
	ErrContactID   = fault.New(fault.InvalidParams, "contact id is not 0x04 and 128 lower-case hex digits", "")
)

// Public is a public key. Public keys compare with == and serve as map keys.
// The zero value is no key.
type Public struct {
	u [UncompressedSize]byte
}

// ParsePublic reads a compressed (33 bytes) or uncompressed (65 bytes) public
// key; the hybrid forms 06 and 07 and coordinates outside the field are
// refused. Errors: ErrPublicSize, ErrPublicForm, ErrPublicPoint.
func ParsePublic(b []byte) (Public, error) {
	switch {
	case len(b) == CompressedSize && (b[0] == 2 || b[0] == 3):
		p, err := crypto.DecompressPubkey(b)
		if err != nil {
			return Public{}, ErrPublicPoint
		}
		return publicOf(p), nil
	case len(b) == UncompressedSize && b[0] == 4:
		if _, err := crypto.UnmarshalPubkey(b); err != nil {
			return Public{}, ErrPublicPoint
		}
		return Public{[UncompressedSize]byte(b)}, nil
	case len(b) == CompressedSize, len(b) == UncompressedSize:
		return Public{}, ErrPublicForm
	}
	return Public{}, ErrPublicSize
}

// PublicFromECDSA returns a secp256k1 key in the form of go-ethereum as a
// Public. Errors: ErrPublicPoint.
func PublicFromECDSA(p *ecdsa.PublicKey) (Public, error) {
	if p == nil || p.X == nil || p.Y == nil || !crypto.S256().IsOnCurve(p.X, p.Y) {
		return Public{}, ErrPublicPoint
	}
	return publicOf(p), nil
}

// publicOf converts a point that is known to be on the curve.
func publicOf(p *ecdsa.PublicKey) Public {
	return Public{[UncompressedSize]byte(crypto.FromECDSAPub(p))}
}

// ParseContactID reads the canonical contact id, "0x04" and 128 lower-case hex
// digits. What a person types is read by package contact. Errors:
// ErrContactID, ErrPublicPoint.
func ParseContactID(text string) (Public, error) {
	if len(text) != 2+2*UncompressedSize || !strings.HasPrefix(text, "0x04") || text != strings.ToLower(text) {
		return Public{}, ErrContactID
	}
	raw, err := hex.DecodeString(text[2:])
	if err != nil {
		return Public{}, ErrContactID
	}
	return ParsePublic(raw)
}

// IsZero reports whether p is no key.
func (p Public) IsZero() bool { return p == Public{} }

// Uncompressed returns 04 ‖ X ‖ Y.
func (p Public) Uncompressed() [UncompressedSize]byte { return p.u }

// Compressed returns 02 or 03 ‖ X.
func (p Public) Compressed() [CompressedSize]byte {
	var c [CompressedSize]byte
	c[0] = 2 + p.u[UncompressedSize-1]&1
	copy(c[1:], p.u[1:])
	return c
}

// X returns the X coordinate.
func (p Public) X() [32]byte { return [32]byte(p.u[1:33]) }

// ECDSA returns the key in the form that go-ethereum takes. p must not be zero.
func (p Public) ECDSA() *ecdsa.PublicKey {
	k, err := crypto.UnmarshalPubkey(p.u[:])
	if err != nil {
		panic("key: ECDSA of the zero Public")
	}
	return k
}

// Address returns the Ethereum address of the key.
func (p Public) Address() Address { return Address(crypto.Keccak256(p.u[1:])[12:]) }

// UID returns the key-uid that the key has as the master key of an account.
func (p Public) UID() UID { return sha256.Sum256(p.u[:]) }

// ContactID returns the canonical id of the key's owner, also the id of the
// one-to-one chat with him.
func (p Public) ContactID() string { return "0x" + hex.EncodeToString(p.u[:]) }

// InstallationID returns the installation id that a push notification server
// takes from its key: the UUID text of the first 16 bytes of the compressed
// key, no version bits forced. Every other installation has a random id.
func (p Public) InstallationID() string {
	c := p.Compressed()
	return uuid.UUID(c[:16]).String()
}

// String returns a shortened contact id for logs: 0x04ab…12cd.
func (p Public) String() string {
	id := p.ContactID()
	return id[:6] + "…" + id[len(id)-4:]
}

// Format implements fmt.Formatter: every verb prints what String returns.
func (p Public) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(p.String())) }

// MarshalText implements encoding.TextMarshaler with the contact id.
func (p Public) MarshalText() ([]byte, error) { return []byte(p.ContactID()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; it takes contact ids.
func (p *Public) UnmarshalText(text []byte) (err error) {
	*p, err = ParseContactID(string(text))
	return err
}
