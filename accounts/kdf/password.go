package kdf

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"unicode/utf8"

	"github.com/ethereum/go-ethereum/crypto"
	"golang.org/x/text/unicode/norm"

	"statusd/accounts/secret"
	"statusd/fault"
)

const (
	// MaxPassword bounds a typed password in bytes.
	MaxPassword = 4096
	// WeakBelow is the length, in characters, under which a person should be
	// warned. Status apps ask for 6.
	WeakBelow = 8
)

// ErrPassword says that a password cannot be used at all.
var ErrPassword = fault.New(fault.InvalidParams,
	fmt.Sprintf("password is not UTF-8 text of at most %d bytes", MaxPassword), "")

// ErrWrongPassword says that a password does not open something. The same
// error covers damaged content, which cannot be told apart.
var ErrWrongPassword = fault.New(fault.WrongPassword, "wrong password, or the file is damaged", "")

// Password is what a key is derived from. It prints as "[redacted]".
type Password struct {
	bytes secret.Bytes
}

// NewPassword returns the password of our own files: NFKC of what was typed,
// so that composed and decomposed characters are the same. typed stays the
// caller's to clear. Errors: ErrPassword.
func NewPassword(typed []byte) (Password, error) {
	if len(typed) > MaxPassword || !utf8.Valid(typed) {
		return Password{}, ErrPassword
	}
	normal := norm.NFKC.Append(nil, typed...)
	defer clear(normal)
	return Password{secret.New(normal)}, nil
}

// ExactPassword returns a password of exactly the bytes given, for files that
// other programs made.
func ExactPassword(b []byte) Password { return Password{secret.New(b)} }

// IsEmpty reports whether the password has no bytes.
func (p Password) IsEmpty() bool { return p.bytes.Len() == 0 }

// IsWeak reports whether the password has fewer than WeakBelow characters.
func (p Password) IsWeak() bool { return utf8.RuneCount(p.bytes.Reveal()) < WeakBelow }

// Equal compares two passwords in constant time.
func (p Password) Equal(o Password) bool { return p.bytes.Equal(o.bytes) }

// Clone returns a password of its own, for who needs it longer than its owner.
func (p Password) Clone() Password { return Password{secret.New(p.bytes.Reveal())} }

// Wipe overwrites the password, and so every copy of it but clones.
func (p Password) Wipe() { p.bytes.Wipe() }

// String implements fmt.Stringer without showing the password.
func (p Password) String() string { return p.bytes.String() }

// GoString implements fmt.GoStringer without showing the password.
func (p Password) GoString() string { return p.bytes.GoString() }

// Format implements fmt.Formatter without showing the password.
func (p Password) Format(f fmt.State, verb rune) { p.bytes.Format(f, verb) }

// MarshalJSON implements json.Marshaler without showing the password.
func (p Password) MarshalJSON() ([]byte, error) { return p.bytes.MarshalJSON() }

// MarshalText implements encoding.TextMarshaler without showing the password.
func (p Password) MarshalText() ([]byte, error) { return p.bytes.MarshalText() }

// Convention is a way to make password bytes from what a person types.
type Convention int

// The conventions, in the order in which they are tried on a file that another
// program made.
const (
	Typed    Convention = iota // the bytes as typed: geth and others
	Composed                   // NFKC of them: our own files
	AppLower                   // "0x" + lower-case hex of Keccak-256: Status mobile apps
	AppUpper                   // "0x" + upper-case hex of Keccak-256: early Status desktop apps
)

// String says who uses a convention.
func (c Convention) String() string {
	switch c {
	case Typed:
		return "typed password"
	case Composed:
		return "typed password, normalised"
	case AppLower:
		return "password hashed by a Status app"
	case AppUpper:
		return "password hashed by an early Status desktop app"
	}
	return "unknown password convention"
}

// Candidate is a password together with the convention that made it.
type Candidate struct {
	Convention Convention
	Password   Password
}

// Candidates returns what a typed password may stand for in a file of another
// program, each once. Status apps never pass on the typed password but the hex
// of its hash (spec 06 section 4). Errors: ErrPassword.
func Candidates(typed []byte) ([]Candidate, error) {
	composed, err := NewPassword(typed)
	if err != nil {
		return nil, err
	}
	all := []Candidate{{Typed, ExactPassword(typed)}}
	if !all[0].Password.Equal(composed) {
		all = append(all, Candidate{Composed, composed})
	}
	return append(all,
		Candidate{AppLower, AppPassword(typed)},
		Candidate{AppUpper, ExactPassword(append([]byte("0x"), bytes.ToUpper(appHash(typed))...))}), nil
}

// AppPassword returns the password that Status mobile apps use for both key
// files and the database: "0x" and the lower-case hex of Keccak-256.
func AppPassword(typed []byte) Password {
	return ExactPassword(append([]byte("0x"), appHash(typed)...))
}

func appHash(typed []byte) []byte {
	return []byte(hex.EncodeToString(crypto.Keccak256(typed)))
}
