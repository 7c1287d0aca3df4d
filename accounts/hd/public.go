package hd

import (
	"crypto/sha256"
	"fmt"

	"github.com/ethereum/go-ethereum/crypto"
	//lint:ignore SA1019 BIP32 names it
	"golang.org/x/crypto/ripemd160" //nolint:staticcheck,gosec // BIP32 names it

	"statusd/accounts/key"
)

// Public is an extended public key: from it the public keys of all children
// that are not hardened follow. The zero value is no key.
type Public struct {
	key   key.Public
	place place
}

// Key returns the key itself.
func (p Public) Key() key.Public { return p.key }

// Child returns a child that is not hardened. Errors: ErrHardened, ErrDepth,
// ErrNoKeyHere.
func (p Public) Child(number uint32) (Public, error) {
	if number >= Hardened {
		return Public{}, ErrHardened
	}
	var data [37]byte
	compressed := p.key.Compressed()
	copy(data[:], compressed[:])
	at, left, err := p.place.child(p.key, data[:], number)
	if err != nil {
		return Public{}, err
	}
	step, err := key.NewPrivate(left)
	if err != nil {
		return Public{}, ErrNoKeyHere
	}
	defer step.Wipe()
	a, b := step.Public().ECDSA(), p.key.ECDSA()
	if a.X.Cmp(b.X) == 0 { // the sum is infinity, or a doubling that nobody will ever see
		return Public{}, ErrNoKeyHere
	}
	x, y := crypto.S256().Add(a.X, a.Y, b.X, b.Y)
	b.X, b.Y = x, y
	child, err := key.PublicFromECDSA(b)
	if err != nil {
		return Public{}, ErrNoKeyHere
	}
	return Public{child, at}, nil
}

// fingerprint returns the first 4 bytes of RIPEMD160(SHA256(compressed key)).
func fingerprint(p key.Public) [4]byte {
	c := p.Compressed()
	first := sha256.Sum256(c[:])
	h := ripemd160.New() //nolint:gosec // BIP32 names it
	h.Write(first[:])
	return [4]byte(h.Sum(nil))
}

// String shows the start of the key's fingerprint and the depth.
func (p Public) String() string {
	return fmt.Sprintf("extended public key %x, depth %d", fingerprint(p.key), p.place.depth)
}

// Format implements fmt.Formatter: every verb prints what String returns.
func (p Public) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(p.String())) }
