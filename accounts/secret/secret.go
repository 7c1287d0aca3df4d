// Package secret holds bytes that must not be printed: keys, passwords, seed
// phrases.
//
// Invariants: no formatting verb, String, JSON or text encoding of a Bytes
// shows its content, also when it is an unexported field of a printed struct.
// fmt calls no methods there and, for a verb that does not fit, follows one
// pointer; the content therefore lies behind two, and an address is printed. Comparison takes a time that
// depends on the lengths only. Wipe overwrites the bytes; copies that the
// runtime or a caller made are beyond its reach.
//
// The package starts no goroutines. A Bytes may be read from many goroutines;
// Wipe must not run at the same time as a reader.
package secret

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"io"
)

// redacted is what every printed form of a secret shows.
const redacted = "[redacted]"

// Bytes is a secret byte string. The zero value is an empty secret. Copies of
// a Bytes share one content: wiping one wipes all.
type Bytes struct {
	p **[]byte
}

// New returns a secret with a copy of b, which stays the caller's to clear.
func New(b []byte) Bytes {
	return own(append(make([]byte, 0, len(b)), b...))
}

// own returns a secret whose content is b itself.
func own(b []byte) Bytes {
	p := &b
	return Bytes{&p}
}

// Random returns n bytes from the operating system's random source.
func Random(n int) Bytes {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails since Go 1.24: the program ends instead
	return own(b)
}

// Reveal returns the content itself, not a copy: the caller must not change
// it, nor keep it beyond the life of the secret. It is nil for the zero value
// and after Wipe.
func (s Bytes) Reveal() []byte {
	if s.p == nil {
		return nil
	}
	return **s.p
}

// Len returns the number of bytes.
func (s Bytes) Len() int { return len(s.Reveal()) }

// Equal compares in a time that depends on the lengths only.
func (s Bytes) Equal(o Bytes) bool {
	return subtle.ConstantTimeCompare(s.Reveal(), o.Reveal()) == 1
}

// Clone returns a secret of its own with the same content.
func (s Bytes) Clone() Bytes { return New(s.Reveal()) }

// Wipe overwrites the content with zeros and makes the secret, and every copy
// of it, empty.
func (s Bytes) Wipe() {
	if s.p == nil {
		return
	}
	clear(**s.p)
	**s.p = nil
}

// Format implements fmt.Formatter for every verb.
func (Bytes) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String implements fmt.Stringer.
func (Bytes) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (Bytes) GoString() string { return redacted }

// MarshalJSON implements json.Marshaler.
func (Bytes) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText implements encoding.TextMarshaler.
func (Bytes) MarshalText() ([]byte, error) { return []byte(redacted), nil }
