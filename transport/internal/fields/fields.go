// Package fields reads and writes the protobuf wire format, as far as the
// messages of the secure transport need it: varints and byte strings.
//
// Each never allocates and never panics; the byte strings it passes alias its
// input. The package is pure and starts no goroutines.
package fields

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrMalformed is returned for bytes that are no protobuf message.
var ErrMalformed = errors.New("malformed")

// Number is the number of a field.
type Number = protowire.Number

// Value is the content of a field. Fields of other wire types have neither
// flag set; callers pass over them, as over unknown fields.
type Value struct {
	Bytes             []byte // aliases the input
	Varint            uint64
	IsBytes, IsVarint bool
}

// Each calls fn for each field of a message, in order, until fn fails.
// Errors: ErrMalformed, and those of fn.
func Each(data []byte, fn func(Number, Value) error) error {
	for len(data) > 0 {
		num, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return ErrMalformed
		}
		data = data[n:]
		var v Value
		switch typ {
		case protowire.BytesType:
			v.Bytes, n = protowire.ConsumeBytes(data)
			v.IsBytes = true
		case protowire.VarintType:
			v.Varint, n = protowire.ConsumeVarint(data)
			v.IsVarint = true
		default:
			n = protowire.ConsumeFieldValue(num, typ, data)
		}
		if n < 0 {
			return ErrMalformed
		}
		if err := fn(num, v); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// AppendBytes appends a byte string or string, unless it is empty.
func AppendBytes[T []byte | string](out []byte, num Number, b T) []byte {
	if len(b) == 0 {
		return out
	}
	return AppendMessage(out, num, b)
}

// AppendMessage appends an embedded message, also when it is empty.
func AppendMessage[T []byte | string](out []byte, num Number, b T) []byte {
	out = protowire.AppendTag(out, num, protowire.BytesType)
	out = protowire.AppendVarint(out, uint64(len(b)))
	return append(out, b...)
}

// AppendVarint appends a number, unless it is 0.
func AppendVarint(out []byte, num Number, v uint64) []byte {
	if v == 0 {
		return out
	}
	return protowire.AppendVarint(protowire.AppendTag(out, num, protowire.VarintType), v)
}
