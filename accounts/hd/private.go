package hd

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/binary"
	"fmt"

	"statusd/accounts/key"
	"statusd/accounts/secret"
)

// Private is an extended private key. Copies share their secrets: wiping one
// wipes all. The zero value is no key.
type Private struct {
	key   key.Private
	place place
}

// place is where in the tree a key is, and its chain code.
type place struct {
	depth  uint8
	parent [4]byte // fingerprint of the parent, zero for a master key
	number uint32  // child number, zero for a master key
	chain  secret.Bytes
}

// NewMaster returns the master key of a seed of 16 to 64 bytes. Errors:
// ErrSeedSize, ErrNoKeyHere (with a probability of 2^-127).
func NewMaster(seed []byte) (Private, error) {
	if len(seed) < minSeed || len(seed) > maxSeed {
		return Private{}, ErrSeedSize
	}
	left, chain := split([]byte("Bitcoin seed"), seed)
	defer clear(left)
	k, err := key.NewPrivate(left)
	if err != nil {
		chain.Wipe()
		return Private{}, ErrNoKeyHere
	}
	return Private{k, place{chain: chain}}, nil
}

// split returns the halves of HMAC-SHA512.
func split(macKey, data []byte) (left []byte, right secret.Bytes) {
	m := hmac.New(sha512.New, macKey)
	m.Write(data)
	sum := m.Sum(nil)
	defer clear(sum)
	return append([]byte(nil), sum[:32]...), secret.New(sum[32:])
}

// Key returns the key itself. It shares its secret with k.
func (k Private) Key() key.Private { return k.key }

// IsMaster reports whether k is at depth 0.
func (k Private) IsMaster() bool { return !k.IsZero() && k.place.depth == 0 }

// IsZero reports whether there is no key, or it was wiped.
func (k Private) IsZero() bool { return k.key.IsZero() }

// Public returns the extended public key of k.
func (k Private) Public() Public {
	p := k.place
	p.chain = secret.New(p.chain.Reveal())
	return Public{k.key.Public(), p}
}

// Wipe overwrites the key and its chain code, and so every copy.
func (k Private) Wipe() {
	k.key.Wipe()
	k.place.chain.Wipe()
}

// Child returns the child with the given number; numbers from Hardened on are
// hardened. Errors: ErrDepth, ErrNoKeyHere, ErrNoPrivateKey.
func (k Private) Child(number uint32) (Private, error) {
	if k.IsZero() {
		return Private{}, ErrNoPrivateKey
	}
	var data [37]byte
	defer clear(data[:])
	if number >= Hardened {
		copy(data[1:33], k.key.Reveal())
	} else {
		compressed := k.key.Public().Compressed()
		copy(data[:33], compressed[:])
	}
	p, left, err := k.place.child(k.key.Public(), data[:], number)
	if err != nil {
		return Private{}, err
	}
	defer clear(left)
	sum, ok := addModN([32]byte(left), [32]byte(k.key.Reveal()))
	defer clear(sum[:])
	child, err := key.NewPrivate(sum[:])
	if !ok || err != nil {
		p.chain.Wipe()
		return Private{}, ErrNoKeyHere
	}
	return Private{child, p}, nil
}

// child returns the place of a child and the left half of its HMAC. data has
// room for the child number in its last 4 bytes.
func (p place) child(parent key.Public, data []byte, number uint32) (place, []byte, error) {
	if p.depth == maxDepth {
		return place{}, nil, ErrDepth
	}
	binary.BigEndian.PutUint32(data[33:], number)
	left, chain := split(p.chain.Reveal(), data)
	return place{p.depth + 1, fingerprint(parent), number, chain}, left, nil
}

// Derive returns the key at a path. Keys between are wiped. Errors:
// ErrNotMaster for an absolute path from another key than a master key, and
// those of Child.
func (k Private) Derive(path Path) (Private, error) {
	if k.IsZero() {
		return Private{}, ErrNoPrivateKey
	}
	if path.absolute && k.place.depth != 0 {
		return Private{}, ErrNotMaster
	}
	at := Private{k.key, k.place}
	for i, number := range path.indices {
		next, err := at.Child(number)
		if i > 0 {
			at.Wipe()
		}
		if err != nil {
			return Private{}, fmt.Errorf("derive %s: %w", path, err)
		}
		at = next
	}
	if len(path.indices) == 0 { // its own secret, so that wiping one key leaves the other
		return k.clone()
	}
	return at, nil
}

// DerivePath is Derive of path text.
func (k Private) DerivePath(path string) (Private, error) {
	p, err := ParsePath(path)
	if err != nil {
		return Private{}, err
	}
	return k.Derive(p)
}

func (k Private) clone() (Private, error) {
	c, err := key.NewPrivate(k.key.Reveal())
	if err != nil {
		return Private{}, ErrNoPrivateKey
	}
	p := k.place
	p.chain = secret.New(p.chain.Reveal())
	return Private{c, p}, nil
}

// String shows what key.Private shows, and the depth.
func (k Private) String() string {
	return fmt.Sprintf("extended %s, depth %d", k.key, k.place.depth)
}

// Format implements fmt.Formatter: every verb prints what String returns.
func (k Private) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(k.String())) }

// GoString implements fmt.GoStringer.
func (k Private) GoString() string { return k.String() }

// MarshalJSON implements json.Marshaler with what String returns.
func (k Private) MarshalJSON() ([]byte, error) { return []byte(`"` + k.String() + `"`), nil }

// MarshalText implements encoding.TextMarshaler with what String returns.
func (k Private) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
