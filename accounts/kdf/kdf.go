// Package kdf turns a password into a key: scrypt and PBKDF2 with the
// parameter sets and bounds of spec 06 section 4, their JSON form, and the
// conventions by which different programs turn what a person types into
// password bytes.
//
// Invariants: parameters that would need more than 512 MiB, or more time than
// the bounds allow, never reach the algorithm, whoever wrote them. Passwords
// and keys do not print.
//
// A standard scrypt holds 256 MiB for about a second and cannot be cancelled;
// a caller that serves several clients runs one at a time. The memory is given
// back to the operating system before the key is returned. No goroutines.
package kdf

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/bits"
	"runtime/debug"

	"golang.org/x/crypto/pbkdf2"
	"golang.org/x/crypto/scrypt"

	"statusd/accounts/secret"
	"statusd/fault"
)

// hintKeyFile is what to do about parameters, which come from key files.
const hintKeyFile = "want the content of a key file as geth and Status apps write it"

// Names of the functions in key files.
const (
	NameScrypt = "scrypt"
	NamePBKDF2 = "pbkdf2"

	prfSHA256 = "hmac-sha256"
)

// Bounds of parameters read from a file (spec 06 section 4).
const (
	MaxMemory = 512 << 20  // bytes: N·r·128
	MaxBlocks = 64 << 20   // bytes: r·p·128, a buffer beside the first; ours, the spec has no bound
	MaxWork   = 1 << 26    // N·r·p
	MaxRounds = 10_000_000 // PBKDF2
	MinKey    = 32         // bytes; the reference takes 16 and reads past them
	MaxKey    = 128        // bytes; no program writes more than 32
	MaxSalt   = 256        // bytes; programs write 32

	// KeySize is the length of the keys that this program derives.
	KeySize = 32
	// SaltSize is the length of the salts that this program makes.
	SaltSize = 32

	// releaseAbove is the memory, in bytes, from which on it is given back at
	// once; below, the garbage collector's own pace will do.
	releaseAbove = 32 << 20
)

// Errors of parameters.
var (
	ErrMalformed = fault.New(fault.InvalidParams, "parameters are missing, mistyped or impossible", hintKeyFile)
	ErrCost      = fault.New(fault.InvalidParams, "parameters ask for more memory or time than allowed",
		hintKeyFile)
	ErrUnsupported = fault.New(fault.InvalidParams, "neither scrypt nor pbkdf2 with hmac-sha256", hintKeyFile)
)

// Cost is a parameter set of scrypt.
type Cost struct {
	N, R, P uint64
}

// Standard returns the set for a server: 256 MiB, about a second.
func Standard() Cost { return Cost{1 << 18, 8, 1} }

// Light returns the set that Status apps write: 4 MiB, under a tenth of a
// second. It is for small machines; it costs an attacker as little.
func Light() Cost { return Cost{1 << 12, 8, 6} }

// Function is a key derivation with its parameters and salt. Functions compare
// with ==: equal ones give equal keys for one password.
type Function struct {
	name   string
	cost   Cost   // scrypt
	rounds uint64 // PBKDF2
	size   uint64 // bytes of key
	salt   string
}

// New returns scrypt of the given cost with a new random salt, for a key of
// KeySize bytes. Errors: ErrCost, ErrMalformed.
func New(cost Cost) (Function, error) {
	salt := secret.Random(SaltSize)
	f := Function{name: NameScrypt, cost: cost, size: KeySize, salt: string(salt.Reveal())}
	return f, f.check()
}

// params is the JSON form: kdfparams of a key file.
type params struct {
	DKLen *uint64 `json:"dklen"`
	Salt  *string `json:"salt"`
	N     *uint64 `json:"n,omitempty"`
	R     *uint64 `json:"r,omitempty"`
	P     *uint64 `json:"p,omitempty"`
	C     *uint64 `json:"c,omitempty"`
	PRF   *string `json:"prf,omitempty"`
}

// Parse reads the fields "kdf" and "kdfparams" of a key file. Errors:
// ErrUnsupported, ErrMalformed, ErrCost.
func Parse(name string, raw json.RawMessage) (Function, error) {
	if name != NameScrypt && name != NamePBKDF2 {
		return Function{}, ErrUnsupported
	}
	var p params
	if err := json.Unmarshal(raw, &p); err != nil || p.DKLen == nil || p.Salt == nil {
		return Function{}, ErrMalformed
	}
	salt, err := hex.DecodeString(*p.Salt)
	if err != nil {
		return Function{}, ErrMalformed
	}
	f := Function{name: name, size: *p.DKLen, salt: string(salt)}
	switch {
	case name == NameScrypt && p.N != nil && p.R != nil && p.P != nil:
		f.cost = Cost{*p.N, *p.R, *p.P}
	case name == NamePBKDF2 && p.C != nil && p.PRF != nil:
		if *p.PRF != prfSHA256 {
			return Function{}, ErrUnsupported
		}
		f.rounds = *p.C
	default:
		return Function{}, ErrMalformed
	}
	if err := f.check(); err != nil {
		return Function{}, err
	}
	return f, nil
}

// check applies the bounds.
func (f Function) check() error {
	if f.size < MinKey || f.size > MaxKey || len(f.salt) == 0 || len(f.salt) > MaxSalt {
		return ErrMalformed
	}
	if f.name == NamePBKDF2 {
		switch {
		case f.rounds == 0:
			return ErrMalformed
		case f.rounds > MaxRounds:
			return ErrCost
		}
		return nil
	}
	c := f.cost
	if c.N < 2 || c.N&(c.N-1) != 0 || c.R == 0 || c.P == 0 {
		return ErrMalformed
	}
	if c.memory() > MaxMemory || product(product(c.R, c.P), 128) > MaxBlocks ||
		product(product(c.N, c.R), c.P) > MaxWork {
		return ErrCost
	}
	return nil
}

// memory returns N·r·128 bytes, or the largest number if that is larger.
func (c Cost) memory() uint64 { return product(product(c.N, c.R), 128) }

// product multiplies, or returns the largest number if the result is larger.
func product(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	if high != 0 {
		return ^uint64(0)
	}
	return low
}

// Name returns the name of the function for the field "kdf".
func (f Function) Name() string { return f.name }

// Cost returns the cost of scrypt, zero for PBKDF2.
func (f Function) Cost() Cost { return f.cost }

// MarshalJSON returns the parameters for the field "kdfparams".
func (f Function) MarshalJSON() ([]byte, error) {
	salt := hex.EncodeToString([]byte(f.salt))
	p := params{DKLen: &f.size, Salt: &salt}
	if f.name == NamePBKDF2 {
		prf := prfSHA256
		p.C, p.PRF = &f.rounds, &prf
	} else {
		p.N, p.R, p.P = &f.cost.N, &f.cost.R, &f.cost.P
	}
	return json.Marshal(p)
}

// Key derives the key of a password. It blocks for as long as the parameters
// say. Errors: ErrMalformed for the zero Function.
func (f Function) Key(p Password) (secret.Bytes, error) {
	if err := f.check(); err != nil {
		return secret.Bytes{}, err
	}
	if f.name == NamePBKDF2 {
		raw := pbkdf2.Key(p.bytes.Reveal(), []byte(f.salt), int(f.rounds), int(f.size), sha256.New)
		defer clear(raw)
		return secret.New(raw), nil
	}
	c := f.cost
	raw, err := scrypt.Key(p.bytes.Reveal(), []byte(f.salt), int(c.N), int(c.R), int(c.P), int(f.size))
	if err != nil {
		return secret.Bytes{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	defer clear(raw)
	if c.memory() >= releaseAbove {
		debug.FreeOSMemory()
	}
	return secret.New(raw), nil
}
