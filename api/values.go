package api

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// Enum is a type of which only some values are used. Values lists them.
type Enum[T any] interface{ Values() []T }

// fieldName reads the json tag of a field.
func fieldName(f reflect.StructField) (name string, optional bool) {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" {
		name = f.Name
	}
	return name, strings.Contains(options, "omit")
}

// Bytes are written as 0x hex. Only that is read.
type Bytes []byte

// MarshalText implements encoding.TextMarshaler.
func (b Bytes) MarshalText() ([]byte, error) { return []byte("0x" + hex.EncodeToString(b)), nil }

// String returns 0x hex.
func (b Bytes) String() string { return "0x" + hex.EncodeToString(b) }

// UnmarshalJSON implements json.Unmarshaler. Its errors have go-ethereum's
// words, which scripts match on.
func (b *Bytes) UnmarshalJSON(in []byte) error {
	var text string
	if len(in) == 0 || in[0] != '"' || json.Unmarshal(in, &text) != nil {
		return errors.New("json: cannot unmarshal non-string into Go value of type hexutil.Bytes")
	}
	raw, err := parseHex(text)
	if err != nil {
		return fmt.Errorf("json: cannot unmarshal %w into Go value of type hexutil.Bytes", err)
	}
	*b = raw
	return nil
}

func parseHex(text string) ([]byte, error) {
	switch {
	case text == "":
		return nil, errors.New("empty hex string")
	case !strings.HasPrefix(text, "0x") && !strings.HasPrefix(text, "0X"):
		return nil, errors.New("hex string without 0x prefix")
	case len(text)%2 != 0:
		return nil, errors.New("hex string of odd length")
	}
	raw, err := hex.DecodeString(text[2:])
	if err != nil {
		return nil, errors.New("invalid hex string")
	}
	return raw, nil
}

// LooseBytes are read as 0x hex, as 9/WAKU-RPC has it, or as base64, as
// status-go does. They are written as 0x hex.
type LooseBytes []byte

// MarshalText implements encoding.TextMarshaler.
func (b LooseBytes) MarshalText() ([]byte, error) { return Bytes(b).MarshalText() }

// UnmarshalJSON implements json.Unmarshaler. A string that starts with 0x and
// is valid hex of even length is hex, everything else base64.
func (b *LooseBytes) UnmarshalJSON(in []byte) error {
	if string(in) == "null" {
		return nil
	}
	var text string
	if err := json.Unmarshal(in, &text); err != nil {
		return errors.New("bytes must be a string of 0x hex or base64")
	}
	if digits, ok := strings.CutPrefix(text, "0x"); ok {
		if raw, err := hex.DecodeString(digits); err == nil {
			*b = raw
			return nil
		}
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("%w (bytes are a string of 0x hex or base64)", err)
	}
	*b = raw
	return nil
}

// Quantity is a number that is written in hex: 0x, no leading zeros.
type Quantity uint64

// MarshalText implements encoding.TextMarshaler.
func (q Quantity) MarshalText() ([]byte, error) {
	return []byte("0x" + strconv.FormatUint(uint64(q), 16)), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (q *Quantity) UnmarshalText(in []byte) error {
	digits, ok := bytes.CutPrefix(in, []byte("0x"))
	n, err := strconv.ParseUint(string(digits), 16, 64)
	if !ok || err != nil {
		return errors.New("want a number in hex, with 0x before it")
	}
	*q = Quantity(n)
	return nil
}

// Hash is a hash of 32 bytes.
type Hash [32]byte

// MarshalText implements encoding.TextMarshaler: 0x hex.
func (h Hash) MarshalText() ([]byte, error) { return Bytes(h[:]).MarshalText() }

// String returns 0x hex.
func (h Hash) String() string { return Bytes(h[:]).String() }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(in []byte) error { return fixed(h[:], in, "Hash") }

// Topic is a topic of Waku.
type Topic [4]byte

// MarshalText implements encoding.TextMarshaler: 0x hex.
func (t Topic) MarshalText() ([]byte, error) { return Bytes(t[:]).MarshalText() }

// String returns 0x hex.
func (t Topic) String() string { return Bytes(t[:]).String() }

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Topic) UnmarshalText(in []byte) error { return fixed(t[:], in, "Topic") }

// fixed reads 0x hex of a known length. Its errors have go-ethereum's words,
// which scripts match on.
func fixed(out, in []byte, what string) error {
	digits := ""
	if len(in) > 0 {
		text := string(in)
		if !strings.HasPrefix(text, "0x") && !strings.HasPrefix(text, "0X") {
			return errors.New("hex string without 0x prefix")
		}
		if digits = text[2:]; len(digits)%2 != 0 {
			return errors.New("hex string of odd length")
		}
	}
	if len(digits) != 2*len(out) {
		return fmt.Errorf("hex string has length %d, want %d for %s", len(digits), 2*len(out), what)
	}
	raw, err := hex.DecodeString(digits)
	if err != nil {
		return errors.New("invalid hex string")
	}
	copy(out, raw)
	return nil
}

// Secret is a text that must not be shown: a password, a phrase, a private key.
// No verb of fmt shows it, also not as an unexported field of a struct; JSON
// does, since it has to reach the daemon. Copies share one content.
type Secret struct{ p **[]byte }

const redacted = "[redacted]"

// NewSecret returns a secret with a copy of text.
func NewSecret(text []byte) Secret {
	b := bytes.Clone(text)
	p := &b
	return Secret{&p}
}

// Reveal returns the content itself, nil for the zero value and after Wipe. The
// caller must not change or keep it.
func (s Secret) Reveal() []byte {
	if s.p == nil {
		return nil
	}
	return **s.p
}

// IsZero tells whether it has no content at all; an empty text is content.
func (s Secret) IsZero() bool { return s.p == nil }

// Wipe overwrites the content, for every copy of it.
func (s Secret) Wipe() {
	if s.p != nil {
		clear(**s.p)
		**s.p = nil
	}
}

// Format implements fmt.Formatter for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String implements fmt.Stringer.
func (Secret) String() string { return redacted }

// MarshalJSON implements json.Marshaler.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(string(s.Reveal())) }

// UnmarshalJSON implements json.Unmarshaler. Its error does not quote.
func (s *Secret) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return errors.New("want a string")
	}
	*s = NewSecret([]byte(text))
	return nil
}

// Shaped is implemented by types whose form in JSON does not follow from their
// form in Go.
type Shaped interface {
	// JSONShape is a JSON schema.
	JSONShape() string
}

// JSONShape implements Shaped.
func (None) JSONShape() string { return `{"type":"null"}` }

// JSONShape implements Shaped.
func (Bytes) JSONShape() string { return `{"type":"string","pattern":"^0x([0-9a-fA-F]{2})*$"}` }

// JSONShape implements Shaped.
func (LooseBytes) JSONShape() string {
	return `{"type":"string","description":"bytes in 0x hex or base64"}`
}

// JSONShape implements Shaped.
func (Quantity) JSONShape() string { return `{"type":"string","pattern":"^0x[0-9a-f]+$"}` }

// JSONShape implements Shaped.
func (Hash) JSONShape() string { return `{"type":"string","pattern":"^0x[0-9a-fA-F]{64}$"}` }

// JSONShape implements Shaped.
func (Topic) JSONShape() string { return `{"type":"string","pattern":"^0x[0-9a-fA-F]{8}$"}` }

// JSONShape implements Shaped.
func (Secret) JSONShape() string { return `{"type":"string","format":"password"}` }
