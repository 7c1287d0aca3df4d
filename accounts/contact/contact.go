// Package contact reads and writes public keys the way people exchange them
// (spec 06 section 7).
//
//	shared key   multibase text of  uvarint(0xe7) ‖ 33-byte compressed key,
//	             usually base58btc: "zQ3sh" and 44 more characters
//	also known   the same with the 65-byte uncompressed key; "0x" in place of
//	             the base16 prefix "f"; bare hex of a key without the codec
//
// Parse is the one lenient reader for what a person types. Compress and
// Decompress are the strict pair that scripts know from status-go. The
// canonical id inside the program stays "0x04…" (key.Public.ContactID).
//
// Pure, no goroutines. The package does not look names up.
package contact

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"statusd/accounts/ens"
	"statusd/accounts/key"
	"statusd/accounts/multibase"
	"statusd/fault"
)

// codec is the multicodec number of a secp256k1 public key. The text of
// 2/ACCOUNT also shows ea, the number of another curve; that is a mistake.
const codec = 0xe7

// Errors of the readers. Errors of packages multibase and key are passed on.
var (
	ErrNotContact = fault.New(fault.InvalidParams,
		"neither a key (zQ3sh…, 0x04…, 02…, 03…) nor a name ending in .eth", "")
	ErrCodec  = fault.New(fault.InvalidParams, "text does not say that it holds a secp256k1 public key (codec e7)", "")
	ErrVarint = fault.New(fault.InvalidParams, "malformed codec number", "")
	ErrForm   = fault.New(fault.InvalidParams, "key is already in the form asked for", "")
)

// Contact is what a person typed: a key, or an ENS name to be looked up.
type Contact struct {
	Key  key.Public // zero if Name is set
	Name string     // normalised, ends in ".eth"; empty if Key is set
}

// Parse reads a contact as a person types it, white space around it ignored:
// 0x04… or 04… (130 hex digits), 02… or 03… (66 hex digits, 0x or not), any
// multibase form with codec of either point form, and names ending in ".eth".
// Every error wraps ErrNotContact and says what is wrong with the most likely
// reading.
func Parse(text string) (Contact, error) {
	text = strings.TrimSpace(text)
	if len(text) > multibase.MaxText {
		return Contact{}, fmt.Errorf("%w: %w", ErrNotContact, multibase.ErrTooLong)
	}
	if strings.HasSuffix(strings.ToLower(text), ens.Suffix) {
		name, err := ens.Normalize(text)
		if err != nil {
			return Contact{}, fmt.Errorf("%w: %w", ErrNotContact, err)
		}
		return Contact{Name: name}, nil
	}
	p, err := parseKey(text)
	if err != nil {
		return Contact{}, fmt.Errorf("%w: %w", ErrNotContact, err)
	}
	return Contact{Key: p}, nil
}

// parseKey reads bare hex or multibase text. The two cannot be confused: of
// the bases only base 2 starts with 0, and it has no digit 2, 3 or 4.
func parseKey(text string) (key.Public, error) {
	digits := strings.TrimPrefix(strings.TrimPrefix(text, "0x"), "0X")
	bare := len(digits) == 2*key.UncompressedSize && strings.HasPrefix(digits, "04") ||
		len(digits) == 2*key.CompressedSize && (strings.HasPrefix(digits, "02") || strings.HasPrefix(digits, "03"))
	if bare {
		raw, err := hex.DecodeString(digits)
		if err != nil {
			return key.Public{}, errors.New("character that is no hex digit")
		}
		return key.ParsePublic(raw)
	}
	if strings.HasPrefix(text, "\x00") { // identity is for programs only
		return key.Public{}, multibase.ErrBase
	}
	return Decode(text)
}

// Decode reads a public key in multibase text with codec, compressed or not.
// "0x" stands for the base16 prefix.
func Decode(text string) (key.Public, error) {
	raw, err := decode(text)
	if err != nil {
		return key.Public{}, err
	}
	return key.ParsePublic(raw)
}

// decode returns the bytes after the codec.
func decode(text string) ([]byte, error) {
	if digits, ok := strings.CutPrefix(text, "0x"); ok {
		text = string(rune(multibase.Base16)) + digits
	}
	_, raw, err := multibase.Decode(text)
	if err != nil {
		return nil, err
	}
	number, n := binary.Uvarint(raw)
	if n <= 0 || n > 1 && raw[n-1] == 0 { // the last group of the shortest form is not zero
		return nil, ErrVarint
	}
	if number != codec {
		return nil, fmt.Errorf("%w: it says %x", ErrCodec, number)
	}
	return raw[n:], nil
}

// Encode writes the compressed key with codec in a base. Errors:
// multibase.ErrBase.
func Encode(p key.Public, e multibase.Encoding) (string, error) {
	c := p.Compressed()
	return encode(c[:], e)
}

func encode(point []byte, e multibase.Encoding) (string, error) {
	return multibase.Encode(e, append(binary.AppendUvarint(nil, codec), point...))
}

// Text returns the usual shared form of a key, "zQ3sh…".
func Text(p key.Public) string {
	text, err := Encode(p, multibase.Base58BTC)
	if err != nil {
		panic("contact: base58btc is missing")
	}
	return text
}

// Short returns the shared form cut to its ends, "zQ3sh…abcd1", for display
// beside a name. It is not unique enough to verify a contact.
func Short(p key.Public) string {
	text := Text(p)
	return text[:5] + "…" + text[len(text)-5:]
}

// Compress converts an uncompressed key with codec to the compressed form in
// the base named by out (a prefix character, a name, or "0x" for base16). A
// key that is compressed already is refused with ErrForm, as status-go does.
func Compress(text, out string) (string, error) {
	return convert(text, out, key.UncompressedSize, func(p key.Public) []byte {
		c := p.Compressed()
		return c[:]
	})
}

// Decompress is the reverse of Compress.
func Decompress(text, out string) (string, error) {
	return convert(text, out, key.CompressedSize, func(p key.Public) []byte {
		u := p.Uncompressed()
		return u[:]
	})
}

func convert(text, out string, size int, form func(key.Public) []byte) (string, error) {
	if out == "0x" {
		out = multibase.Base16.String()
	}
	e, err := multibase.Parse(out)
	if err != nil {
		return "", fmt.Errorf("output base: %w", err)
	}
	raw, err := decode(text)
	if err != nil {
		return "", err
	}
	p, err := key.ParsePublic(raw)
	if err != nil {
		return "", err
	}
	if len(raw) != size {
		return "", ErrForm
	}
	return encode(form(p), e)
}
