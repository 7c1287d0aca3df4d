package bundle

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"statusd/transport/internal/fields"
)

// Field numbers (spec 03 section 4).
const (
	fieldIdentity  = 1
	fieldPrekeys   = 2
	fieldSignature = 4
	fieldTimestamp = 5

	fieldMapKey   = 1
	fieldMapValue = 2

	fieldPrekey   = 1
	fieldVersion  = 2
	fieldProtocol = 3
)

// Encode returns the canonical encoding: entries sorted by installation id.
func (b Bundle) Encode() []byte {
	var out []byte
	id := b.identity.Compressed()
	out = fields.AppendBytes(out, fieldIdentity, id[:])
	for _, p := range b.prekeys {
		value := fields.AppendBytes(nil, fieldPrekey, p.Key[:])
		value = fields.AppendVarint(value, fieldVersion, uint64(p.Version))
		value = fields.AppendVarint(value, fieldProtocol, uint64(p.Protocol))
		entry := fields.AppendBytes(nil, fieldMapKey, []byte(p.Installation))
		entry = fields.AppendMessage(entry, fieldMapValue, value)
		out = fields.AppendBytes(out, fieldPrekeys, entry)
	}
	out = fields.AppendBytes(out, fieldSignature, b.signature[:])
	return fields.AppendVarint(out, fieldTimestamp, uint64(b.timestamp)) //nolint:gosec // int64 is a plain varint
}

// Decode reads a bundle without believing it. Unknown fields are skipped, and
// of an installation that is listed twice the last entry counts. The result
// does not alias data. Errors: ErrMalformed, ErrTooMany.
func Decode(data []byte) (Raw, error) {
	var r Raw
	err := fields.Each(data, func(num fields.Number, v fields.Value) error {
		switch {
		case num == fieldIdentity && v.IsBytes:
			r.Identity = slices.Clone(v.Bytes)
		case num == fieldPrekeys && v.IsBytes:
			p, err := decodeEntry(v.Bytes)
			if err != nil {
				return err
			}
			return r.add(p)
		case num == fieldSignature && v.IsBytes:
			r.Signature = slices.Clone(v.Bytes)
		case num == fieldTimestamp && v.IsVarint:
			r.Timestamp = int64(v.Varint) //nolint:gosec // int64 is a plain varint
		}
		return nil
	})
	if err != nil {
		return Raw{}, malformed(err)
	}
	return r, nil
}

// malformed gives errors of the wire format the name of this package.
func malformed(err error) error {
	if errors.Is(err, fields.ErrMalformed) {
		return ErrMalformed
	}
	return err
}

func (r *Raw) add(p RawPrekey) error {
	i := slices.IndexFunc(r.Prekeys, func(q RawPrekey) bool { return q.Installation == p.Installation })
	if i >= 0 {
		r.Prekeys[i] = p
		return nil
	}
	if len(r.Prekeys) == MaxPrekeys {
		return ErrTooMany
	}
	r.Prekeys = append(r.Prekeys, p)
	return nil
}

func decodeEntry(data []byte) (RawPrekey, error) {
	var p RawPrekey
	err := fields.Each(data, func(num fields.Number, v fields.Value) error {
		switch {
		case num == fieldMapKey && v.IsBytes:
			if !utf8.Valid(v.Bytes) {
				return ErrMalformed
			}
			p.Installation = string(v.Bytes)
		case num == fieldMapValue && v.IsBytes:
			return fields.Each(v.Bytes, p.field)
		}
		return nil
	})
	return p, err
}

func (p *RawPrekey) field(num fields.Number, v fields.Value) error {
	switch {
	case num == fieldPrekey && v.IsBytes:
		p.Key = slices.Clone(v.Bytes)
	case num == fieldVersion && v.IsVarint:
		p.Version = uint32(v.Varint) //nolint:gosec // protobuf cuts uint32 like this
	case num == fieldProtocol && v.IsVarint:
		p.Protocol = uint32(v.Varint) //nolint:gosec // protobuf cuts uint32 like this
	}
	return nil
}

// RawOf returns the content of a verified bundle in the form that Verify reads.
func RawOf(b Bundle) Raw {
	id := b.identity.Compressed()
	r := Raw{Identity: id[:], Signature: slices.Clone(b.signature[:]), Timestamp: b.timestamp}
	for _, p := range b.prekeys {
		r.Prekeys = append(r.Prekeys, RawPrekey{
			strings.Clone(p.Installation), slices.Clone(p.Key[:]), p.Version, p.Protocol,
		})
	}
	return r
}
