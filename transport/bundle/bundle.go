// Package bundle has the signed prekey bundles by which identities publish
// their installations (spec 03 sections 3 and 4).
//
//	SignedPreKey  1 signed_pre_key bytes | 2 version uint32 | 3 protocol_version uint32
//	Bundle        1 identity bytes(33) | 2 signed_pre_keys map<string,SignedPreKey>
//	              4 signature bytes(65) | 5 timestamp int64
//
//	material  = for each entry, ids ascending: id ‖ signed_pre_key ‖ dec(version)
//	            then, unless it is 0: dec(timestamp)
//	signature = Sign(keccak256(material), identity)
//
// # Invariants
//
// A Bundle exists only when its signature and its content were checked: Sign
// makes it from own keys, Raw.Verify from foreign bytes. Nothing of a Raw may
// be stored or used. The material has no separators; the checks of Verify
// leave it exactly one reading. protocol_version is not signed, so callers
// only ever raise what they know.
//
// The package is pure, starts no goroutines, and knows neither storage nor
// which prekey is the current one.
package bundle

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/accounts/key"
	"statusd/transport/dh"
)

// Limits of what Verify and Decode take (spec 03 section 3.1).
const (
	// MaxPrekeys is the number of installations in one bundle; peers list 3.
	MaxPrekeys = 32
	// MaxInstallationID is the length of an installation id in bytes. Ids are
	// UUIDs in practice, 36 bytes.
	MaxInstallationID = 256
	// MaxAhead is how far the timestamp may lie in the future.
	MaxAhead = 24 * time.Hour
	// firstTimestamp is 2015-01-01, in nanoseconds: whatever is earlier has
	// fewer digits than the signed text had, or is a lie.
	firstTimestamp = 1_420_070_400_000_000_000

	signatureSize = 65
)

// Errors of Verify, Sign and Decode.
var (
	ErrMalformed    = errors.New("malformed")
	ErrIdentity     = errors.New("identity is not a public key")
	ErrSignature    = errors.New("signature is not a signature of 65 bytes with a recovery id of 0 to 3")
	ErrSigner       = errors.New("identity key and signature mismatch")
	ErrTimestamp    = errors.New("timestamp is before 2015 or more than a day ahead")
	ErrPrekey       = errors.New("signed prekey is not a public key")
	ErrInstallation = errors.New("installation ids are empty, too long, repeated or of different lengths")
	ErrTooMany      = errors.New("more than 32 installations")
	ErrEmpty        = errors.New("no installations")
)

// Prekey is the entry of one installation.
type Prekey struct {
	Installation string
	Key          dh.Point
	Version      uint32
	// Protocol is the protocol_version, 1 for everyone who negotiates topics.
	// It is not signed.
	Protocol uint32
}

// Bundle is a verified bundle, its entries sorted by installation id.
type Bundle struct {
	identity  key.Public
	prekeys   []Prekey
	signature [signatureSize]byte
	// timestamp is in nanoseconds since 1970, 0 from very old clients.
	timestamp int64
}

// Identity returns the signer.
func (b Bundle) Identity() key.Public { return b.identity }

// Timestamp returns when the bundle was signed, in nanoseconds since 1970.
func (b Bundle) Timestamp() int64 { return b.timestamp }

// Prekeys returns a copy of the entries, sorted by installation id.
func (b Bundle) Prekeys() []Prekey { return slices.Clone(b.prekeys) }

// Prekey returns the entry of one installation.
func (b Bundle) Prekey(installation string) (Prekey, bool) {
	i, ok := slices.BinarySearchFunc(b.prekeys, installation, func(p Prekey, id string) int {
		return strings.Compare(p.Installation, id)
	})
	if !ok {
		return Prekey{}, false
	}
	return b.prekeys[i], true
}

// Sign makes the bundle of an identity at the given time. It refuses what
// Verify of a peer would refuse. Errors: ErrEmpty, ErrTooMany,
// ErrInstallation, ErrPrekey, ErrTimestamp.
func Sign(identity key.Private, prekeys []Prekey, now time.Time) (Bundle, error) {
	b := Bundle{identity: identity.Public(), prekeys: slices.Clone(prekeys), timestamp: now.UnixNano()}
	if b.timestamp < firstTimestamp {
		return Bundle{}, ErrTimestamp
	}
	if len(prekeys) == 0 {
		return Bundle{}, ErrEmpty
	}
	if err := b.arrange(); err != nil {
		return Bundle{}, err
	}
	s, err := identity.Sign(b.digest())
	if err != nil {
		return Bundle{}, fmt.Errorf("sign bundle: %w", err)
	}
	b.signature = s
	return b, nil
}

// arrange sorts the entries and applies the checks that do not need the
// signature.
func (b *Bundle) arrange() error {
	if len(b.prekeys) > MaxPrekeys {
		return ErrTooMany
	}
	slices.SortFunc(b.prekeys, func(x, y Prekey) int { return strings.Compare(x.Installation, y.Installation) })
	for i, p := range b.prekeys {
		n := len(p.Installation)
		if n == 0 || n > MaxInstallationID || !utf8.ValidString(p.Installation) ||
			n != len(b.prekeys[0].Installation) || i > 0 && p.Installation == b.prekeys[i-1].Installation {
			return ErrInstallation
		}
		if _, err := p.Key.Parse(); err != nil {
			return ErrPrekey
		}
	}
	return nil
}

func (b *Bundle) digest() [32]byte {
	return [32]byte(crypto.Keccak256(material(b.prekeys, b.timestamp)))
}

// material is what is signed. prekeys are sorted.
func material(prekeys []Prekey, timestamp int64) []byte {
	var m []byte
	for _, p := range prekeys {
		m = append(m, p.Installation...)
		m = append(m, p.Key[:]...)
		m = strconv.AppendUint(m, uint64(p.Version), 10)
	}
	if timestamp != 0 {
		m = strconv.AppendInt(m, timestamp, 10)
	}
	return m
}

// Raw is a bundle as it came: nothing in it is true until Verify says so.
type Raw struct {
	Identity  []byte
	Prekeys   []RawPrekey
	Signature []byte
	Timestamp int64
}

// RawPrekey is an unchecked entry.
type RawPrekey struct {
	Installation      string
	Key               []byte
	Version, Protocol uint32
}

// Verify checks signature and content at the time now. A bundle without
// entries is valid and says nothing. Errors: ErrIdentity, ErrSignature,
// ErrSigner, ErrTimestamp, ErrPrekey, ErrInstallation, ErrTooMany.
func (r Raw) Verify(now time.Time) (Bundle, error) {
	if len(r.Identity) != dh.PointSize {
		return Bundle{}, ErrIdentity
	}
	identity, err := key.ParsePublic(r.Identity)
	if err != nil {
		return Bundle{}, ErrIdentity
	}
	if len(r.Prekeys) > MaxPrekeys {
		return Bundle{}, ErrTooMany
	}
	b := Bundle{identity: identity, timestamp: r.Timestamp, prekeys: make([]Prekey, len(r.Prekeys))}
	for i, p := range r.Prekeys {
		point, err := dh.ToPoint(p.Key)
		if err != nil {
			return Bundle{}, ErrPrekey
		}
		b.prekeys[i] = Prekey{strings.Clone(p.Installation), point, p.Version, p.Protocol}
	}
	if r.Timestamp != 0 && (r.Timestamp < firstTimestamp || r.Timestamp > now.Add(MaxAhead).UnixNano()) {
		return Bundle{}, ErrTimestamp
	}
	if err := b.arrange(); err != nil {
		return Bundle{}, err
	}
	if len(r.Signature) != signatureSize || r.Signature[signatureSize-1] > 3 {
		return Bundle{}, ErrSignature
	}
	digest := b.digest()
	signer, err := crypto.Ecrecover(digest[:], r.Signature)
	if err != nil {
		return Bundle{}, ErrSignature
	}
	if got, err := key.ParsePublic(signer); err != nil || got != identity {
		return Bundle{}, ErrSigner
	}
	b.signature = [signatureSize]byte(r.Signature)
	return b, nil
}
