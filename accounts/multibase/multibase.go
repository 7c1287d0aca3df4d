// Package multibase writes bytes as text in 24 bases, the base told by one
// character before the digits (the multibase draft; the set is that of spec 06
// section 7).
//
// Two kinds of base exist. Bit bases (2, 8, 16, 32, 64) cut the bits of the
// bytes, most significant first, into digits of 1, 3, 4, 5 or 6 bits; the last
// digit is filled up with zero bits. Integer bases (10, 36, 58) write the
// bytes as one number and each leading zero byte as one zero digit.
//
// Decoding is strict, so that one byte string has one text in each base:
// leftover bits must be zero, padding is either complete or, in the bases that
// have none, absent, white space is refused. Only the case of letters is free
// in the bases whose digits differ from each other without it.
//
// Pure, no goroutines.
package multibase

import (
	"fmt"
	"math/big"
	"strings"

	"statusd/fault"
)

// MaxText is the length of the longest text that Decode takes, in bytes. The
// longest public key, in base 2, has 537.
const MaxText = 2048

// Errors of Decode and Encode.
var (
	ErrEmpty   = fault.New(fault.InvalidParams, "no text", "")
	ErrTooLong = fault.New(fault.InvalidParams, fmt.Sprintf("text is longer than %d bytes", MaxText), "")
	ErrBase    = fault.New(fault.InvalidParams, "the first character names no supported base", "")
	ErrDigit   = fault.New(fault.InvalidParams, "character that is no digit of the base", "")
	ErrPadding = fault.New(fault.InvalidParams, "wrong padding", "")
	ErrLength  = fault.New(fault.InvalidParams,
		"no byte string has that many digits, or the last one has bits too many", "")
)

// Encoding is a base with its digits and padding; its value is the prefix.
type Encoding byte

// The supported encodings.
const (
	Identity          Encoding = 0x00
	Base2             Encoding = '0'
	Base8             Encoding = '7'
	Base10            Encoding = '9'
	Base16            Encoding = 'f'
	Base16Upper       Encoding = 'F'
	Base32            Encoding = 'b'
	Base32Upper       Encoding = 'B'
	Base32Pad         Encoding = 'c'
	Base32PadUpper    Encoding = 'C'
	Base32Hex         Encoding = 'v'
	Base32HexUpper    Encoding = 'V'
	Base32HexPad      Encoding = 't'
	Base32HexPadUpper Encoding = 'T'
	Base32Z           Encoding = 'h'
	Base36            Encoding = 'k'
	Base36Upper       Encoding = 'K'
	Base58BTC         Encoding = 'z'
	Base58Flickr      Encoding = 'Z'
	Base64            Encoding = 'm'
	Base64Pad         Encoding = 'M'
	Base64URL         Encoding = 'u'
	Base64URLPad      Encoding = 'U'
)

const (
	digits32  = "abcdefghijklmnopqrstuvwxyz234567"
	digits36  = "0123456789abcdefghijklmnopqrstuvwxyz"
	digits64  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	digits64U = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
)

// base describes an encoding. bits is the size of a digit, 0 for an integer
// base; group is the number of digits that padding completes, 0 for none.
type base struct {
	prefix Encoding
	name   string
	bits   uint
	digits string
	group  int
}

// bases is the table of section 7, identity apart. It is never written to.
var bases = [...]base{
	{Base2, "base2", 1, "01", 0},
	{Base8, "base8", 3, "01234567", 0},
	{Base10, "base10", 0, "0123456789", 0},
	{Base16, "base16", 4, "0123456789abcdef", 0},
	{Base16Upper, "base16upper", 4, "0123456789ABCDEF", 0},
	{Base32, "base32", 5, digits32, 0},
	{Base32Upper, "base32upper", 5, strings.ToUpper(digits32), 0},
	{Base32Pad, "base32pad", 5, digits32, 8},
	{Base32PadUpper, "base32padupper", 5, strings.ToUpper(digits32), 8},
	{Base32Hex, "base32hex", 5, digits36[:32], 0},
	{Base32HexUpper, "base32hexupper", 5, strings.ToUpper(digits36[:32]), 0},
	{Base32HexPad, "base32hexpad", 5, digits36[:32], 8},
	{Base32HexPadUpper, "base32hexpadupper", 5, strings.ToUpper(digits36[:32]), 8},
	{Base32Z, "base32z", 5, "ybndrfg8ejkmcpqxot1uwisza345h769", 0},
	{Base36, "base36", 0, digits36, 0},
	{Base36Upper, "base36upper", 0, strings.ToUpper(digits36), 0},
	{Base58BTC, "base58btc", 0, "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", 0},
	{Base58Flickr, "base58flickr", 0, "123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ", 0},
	{Base64, "base64", 6, digits64, 0},
	{Base64Pad, "base64pad", 6, digits64, 4},
	{Base64URL, "base64url", 6, digits64U, 0},
	{Base64URLPad, "base64urlpad", 6, digits64U, 4},
}

// find returns the description of an encoding, nil for identity and unknown ones.
func find(e Encoding) *base {
	for i := range bases {
		if bases[i].prefix == e {
			return &bases[i]
		}
	}
	return nil
}

// All returns every encoding, identity first.
func All() []Encoding {
	all := []Encoding{Identity}
	for i := range bases {
		all = append(all, bases[i].prefix)
	}
	return all
}

// String returns the name of an encoding, for instance "base58btc".
func (e Encoding) String() string {
	if e == Identity {
		return "identity"
	}
	if b := find(e); b != nil {
		return b.name
	}
	return fmt.Sprintf("multibase(%q)", byte(e))
}

// Parse returns the encoding that is named by its prefix character or by its
// name. Errors: ErrBase.
func Parse(name string) (Encoding, error) {
	if len(name) == 1 && (name[0] == byte(Identity) || find(Encoding(name[0])) != nil) {
		return Encoding(name[0]), nil
	}
	for _, e := range All() {
		if e.String() == name {
			return e, nil
		}
	}
	return 0, ErrBase
}

// Encode writes data in a base, with its prefix. Errors: ErrBase.
func Encode(e Encoding, data []byte) (string, error) {
	if e == Identity {
		return "\x00" + string(data), nil
	}
	b := find(e)
	switch {
	case b == nil:
		return "", ErrBase
	case b.bits == 0:
		return string(byte(e)) + b.encodeInteger(data), nil
	}
	return string(byte(e)) + b.encodeBits(data), nil
}

// Decode reads text that begins with the prefix of a base.
func Decode(text string) (Encoding, []byte, error) {
	if text == "" {
		return 0, nil, ErrEmpty
	}
	if len(text) > MaxText {
		return 0, nil, ErrTooLong
	}
	e, digits := Encoding(text[0]), text[1:]
	if e == Identity {
		return e, []byte(digits), nil
	}
	b := find(e)
	if b == nil {
		return 0, nil, ErrBase
	}
	decode := b.decodeBits
	if b.bits == 0 {
		decode = b.decodeInteger
	}
	data, err := decode(digits)
	if err != nil {
		return 0, nil, fmt.Errorf("%s: %w", b.name, err)
	}
	return e, data, nil
}

// value returns what a digit stands for, or -1. The case of a letter matters
// only where the base has both.
func (b *base) value(c byte) int {
	if v := strings.IndexByte(b.digits, c); v >= 0 {
		return v
	}
	if len(b.digits) > 36 {
		return -1
	}
	if v := strings.IndexByte(b.digits, c|0x20); c >= 'A' && c <= 'Z' && v >= 0 {
		return v
	}
	if c >= 'a' && c <= 'z' {
		return strings.IndexByte(b.digits, c&^0x20)
	}
	return -1
}

func (b *base) encodeBits(data []byte) string {
	var out strings.Builder
	var acc, held uint
	for _, v := range data {
		acc, held = acc<<8|uint(v), held+8
		for held >= b.bits {
			held -= b.bits
			out.WriteByte(b.digits[acc>>held])
			acc &= 1<<held - 1
		}
	}
	if held > 0 {
		out.WriteByte(b.digits[acc<<(b.bits-held)])
	}
	for b.group > 0 && out.Len()%b.group != 0 {
		out.WriteByte('=')
	}
	return out.String()
}

func (b *base) decodeBits(text string) ([]byte, error) {
	digits := text
	if b.group > 0 {
		digits = strings.TrimRight(text, "=")
		if len(text)%b.group != 0 || len(text)-len(digits) >= b.group {
			return nil, ErrPadding
		}
	}
	data := make([]byte, 0, len(digits)*int(b.bits)/8)
	var acc, held uint
	for i := range len(digits) {
		v := b.value(digits[i])
		if v < 0 {
			return nil, ErrDigit
		}
		acc, held = acc<<b.bits|uint(v), held+b.bits
		if held >= 8 {
			held -= 8
			data = append(data, byte(acc>>held))
			acc &= 1<<held - 1
		}
	}
	if held >= b.bits || acc != 0 {
		return nil, ErrLength
	}
	return data, nil
}

func (b *base) encodeInteger(data []byte) string {
	zeros := 0
	for zeros < len(data) && data[zeros] == 0 {
		zeros++
	}
	n, radix, digit := new(big.Int).SetBytes(data), big.NewInt(int64(len(b.digits))), new(big.Int)
	var reversed []byte
	for n.Sign() > 0 {
		n.DivMod(n, radix, digit)
		reversed = append(reversed, b.digits[digit.Int64()])
	}
	out := []byte(strings.Repeat(b.digits[:1], zeros))
	for i := len(reversed) - 1; i >= 0; i-- {
		out = append(out, reversed[i])
	}
	return string(out)
}

func (b *base) decodeInteger(digits string) ([]byte, error) {
	zeros := 0
	for zeros < len(digits) && digits[zeros] == b.digits[0] {
		zeros++
	}
	n, radix := new(big.Int), big.NewInt(int64(len(b.digits)))
	for i := zeros; i < len(digits); i++ {
		v := b.value(digits[i])
		if v < 0 {
			return nil, ErrDigit
		}
		n.Mul(n, radix).Add(n, big.NewInt(int64(v)))
	}
	return append(make([]byte, zeros), n.Bytes()...), nil
}
