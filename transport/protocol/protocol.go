// Package protocol is the codec of the message that the secure transport puts
// into a waku message (spec 03 section 4).
//
//	DRHeader               1 key bytes(33) | 2 n uint32 | 3 pn uint32 | 4 id bytes(33)
//	DHHeader               1 key bytes(33)
//	X3DHHeader             1 key bytes(33) | 4 id bytes(33)
//	DirectMessageProtocol  1 X3DH_header? | 2 DR_header? | 3 payload bytes | 101 DH_header?
//	ProtocolMessage        2 installation_id string | 3 bundles repeated Bundle
//	                       101 direct_message map<string,DirectMessageProtocol> | 102 public_message bytes
//
// Invariants: Encode is canonical, map entries sorted by key. Decode counts
// before it keeps anything, passes over unknown fields, never panics, and
// returns nothing that aliases its input. Keys in headers have any length
// until the handler looks at them, so that one bad header spoils only itself.
// The package is pure, starts no goroutines, and decrypts and verifies nothing.
package protocol

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"statusd/transport/bundle"
	"statusd/transport/internal/fields"
)

// AnyDevice is the map key of a message to an identity whose installations
// are not known.
const AnyDevice = "none"

// Limits of Decode.
const (
	// MaxBundles is the number of bundles in a message; peers send one.
	MaxBundles = 16
	// MaxDirect is the number of installations that a message is for; peers
	// write to 3 of an identity.
	MaxDirect = 64
)

// Field numbers (spec 03 section 4).
const (
	fieldInstallation = 2
	fieldBundles      = 3
	fieldDirect       = 101
	fieldPublic       = 102

	fieldMapKey   = 1
	fieldMapValue = 2

	fieldX3DH    = 1
	fieldDR      = 2
	fieldPayload = 3
	fieldDH      = 101

	fieldKey = 1
	fieldN   = 2
	fieldPN  = 3
	fieldID  = 4
)

// Errors of Decode.
var (
	ErrMalformed = errors.New("malformed message")
	ErrTooMany   = errors.New("more bundles or installations than a message may have")
)

// Message is a ProtocolMessage.
type Message struct {
	Installation string // of the sender
	Bundles      []bundle.Raw
	Direct       map[string]Direct // by installation of the recipient, or AnyDevice
	Public       []byte
}

// Direct is a DirectMessageProtocol: the content for one installation.
type Direct struct {
	X3DH    *X3DHHeader
	DR      *DRHeader
	DH      *DHHeader
	Payload []byte
}

// X3DHHeader starts a session: ephemeral key of the initiator and prekey of
// the responder.
type X3DHHeader struct{ Key, ID []byte }

// DRHeader is the header of a ratchet message; ID names the prekey that the
// session was built on, the responder's.
type DRHeader struct {
	Key   []byte
	N, PN uint32
	ID    []byte
}

// DHHeader is the ephemeral key of the plain exchange.
type DHHeader struct{ Key []byte }

// Encode returns the encoding of a message. Of an entry's bundles the caller
// passes the encodings, since only verified bundles are ever sent.
func Encode(installation string, bundles []bundle.Bundle, direct map[string]Direct, public []byte) []byte {
	out := fields.AppendBytes(nil, fieldInstallation, installation)
	for _, b := range bundles {
		out = fields.AppendMessage(out, fieldBundles, b.Encode())
	}
	for _, id := range sortedKeys(direct) {
		entry := fields.AppendBytes(nil, fieldMapKey, id)
		entry = fields.AppendMessage(entry, fieldMapValue, direct[id].encode())
		out = fields.AppendMessage(out, fieldDirect, entry)
	}
	return fields.AppendBytes(out, fieldPublic, public)
}

func sortedKeys(m map[string]Direct) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (d Direct) encode() []byte {
	var out []byte
	if d.X3DH != nil {
		h := fields.AppendBytes(nil, fieldKey, d.X3DH.Key)
		out = fields.AppendMessage(out, fieldX3DH, fields.AppendBytes(h, fieldID, d.X3DH.ID))
	}
	if d.DR != nil {
		h := fields.AppendBytes(nil, fieldKey, d.DR.Key)
		h = fields.AppendVarint(h, fieldN, uint64(d.DR.N))
		h = fields.AppendVarint(h, fieldPN, uint64(d.DR.PN))
		out = fields.AppendMessage(out, fieldDR, fields.AppendBytes(h, fieldID, d.DR.ID))
	}
	out = fields.AppendBytes(out, fieldPayload, d.Payload)
	if d.DH != nil {
		out = fields.AppendMessage(out, fieldDH, fields.AppendBytes(nil, fieldKey, d.DH.Key))
	}
	return out
}

// Decode reads a message. Errors: ErrMalformed, ErrTooMany, and those of
// bundle.Decode.
func Decode(data []byte) (Message, error) {
	var m Message
	if err := fields.Each(data, m.field); err != nil {
		return Message{}, failed(err)
	}
	return m, nil
}

func failed(err error) error {
	if errors.Is(err, fields.ErrMalformed) {
		return ErrMalformed
	}
	return err
}

func (m *Message) field(num fields.Number, v fields.Value) error {
	if !v.IsBytes {
		return nil
	}
	switch num {
	case fieldInstallation:
		if !utf8.Valid(v.Bytes) {
			return ErrMalformed
		}
		m.Installation = string(v.Bytes)
	case fieldBundles:
		if len(m.Bundles) == MaxBundles {
			return ErrTooMany
		}
		b, err := bundle.Decode(v.Bytes)
		if err != nil {
			return fmt.Errorf("decode bundle: %w", err)
		}
		m.Bundles = append(m.Bundles, b)
	case fieldDirect:
		return m.addDirect(v.Bytes)
	case fieldPublic:
		m.Public = slices.Clone(v.Bytes)
	}
	return nil
}

func (m *Message) addDirect(data []byte) error {
	var id string
	var d Direct
	err := fields.Each(data, func(num fields.Number, v fields.Value) error {
		switch {
		case num == fieldMapKey && v.IsBytes:
			if !utf8.Valid(v.Bytes) {
				return ErrMalformed
			}
			id = string(v.Bytes)
		case num == fieldMapValue && v.IsBytes:
			return fields.Each(v.Bytes, d.field)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, there := m.Direct[id]; !there && len(m.Direct) == MaxDirect {
		return ErrTooMany
	}
	if m.Direct == nil {
		m.Direct = make(map[string]Direct)
	}
	m.Direct[id] = d
	return nil
}

func (d *Direct) field(num fields.Number, v fields.Value) error {
	if !v.IsBytes {
		return nil
	}
	switch num {
	case fieldX3DH:
		h, err := decodeHeader(v.Bytes)
		d.X3DH = &X3DHHeader{h.Key, h.ID}
		return err
	case fieldDR:
		h, err := decodeHeader(v.Bytes)
		d.DR = &h
		return err
	case fieldDH:
		h, err := decodeHeader(v.Bytes)
		d.DH = &DHHeader{h.Key}
		return err
	case fieldPayload:
		d.Payload = slices.Clone(v.Bytes)
	}
	return nil
}

// decodeHeader reads any of the three headers: they share their numbering.
func decodeHeader(data []byte) (DRHeader, error) {
	var h DRHeader
	err := fields.Each(data, func(num fields.Number, v fields.Value) error {
		switch {
		case num == fieldKey && v.IsBytes:
			h.Key = slices.Clone(v.Bytes)
		case num == fieldID && v.IsBytes:
			h.ID = slices.Clone(v.Bytes)
		case num == fieldN && v.IsVarint:
			h.N = uint32(v.Varint) //nolint:gosec // protobuf cuts uint32 like this
		case num == fieldPN && v.IsVarint:
			h.PN = uint32(v.Varint) //nolint:gosec // protobuf cuts uint32 like this
		}
		return nil
	})
	return h, err
}

// HasContent reports whether there is anything to read, encrypted or not.
// What has none is no ProtocolMessage in practice.
func (m Message) HasContent() bool { return len(m.Direct) > 0 || len(m.Public) > 0 }

// Protocol returns the protocol_version that the message announces for its
// sender: of the first bundle that has entries; 0 when it says nothing.
func (m Message) Protocol() uint32 {
	if m.Installation == "" {
		return 0
	}
	for _, b := range m.Bundles {
		if len(b.Prekeys) == 0 {
			continue
		}
		i := slices.IndexFunc(b.Prekeys, func(p bundle.RawPrekey) bool {
			return p.Installation == m.Installation
		})
		if i < 0 {
			return 0
		}
		return b.Prekeys[i].Protocol
	}
	return 0
}
