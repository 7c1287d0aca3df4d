package datasync

import (
	"bytes"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of 2/MVDS. Later MVDS renumbered them to 1..4; Status peers
// never did, and a payload with the small numbers is not data sync here.
const (
	fieldAcks     protowire.Number = 5001
	fieldOffers   protowire.Number = 5002
	fieldRequests protowire.Number = 5003
	fieldMessages protowire.Number = 5004

	fieldGroup     protowire.Number = 6001
	fieldTimestamp protowire.Number = 6002
	fieldBody      protowire.Number = 6003
	fieldMetadata  protowire.Number = 6004

	fieldParents   protowire.Number = 1
	fieldEphemeral protowire.Number = 2
)

// maxMessages bounds the messages of one payload. A payload of the largest
// size Status peers use (786 432 bytes) cannot hold more well-formed ones.
const maxMessages = 1 << 15

// maxParents bounds the parents read from the metadata of one message.
const maxParents = 64

// Errors of Decode.
var (
	ErrMalformed       = errors.New("malformed payload")
	ErrTooManyMessages = errors.New("too many messages in one payload")
)

// Payload is what one peer sends to another in one envelope.
type Payload struct {
	Acks     []MessageID
	Offers   []MessageID
	Requests []MessageID
	Messages []Message
	// Dropped counts the ids of a wrong length that Decode left out.
	Dropped int
}

// Message is one message as it is carried.
type Message struct {
	// Group is normally 32 bytes; Decode keeps whatever was sent.
	Group []byte
	// Timestamp is the sender's time of Append in Unix seconds. Any value is
	// possible; it only enters the id.
	Timestamp int64
	Body      []byte
	// Metadata is what 4/MVDS-META adds. The Status profile ignores it and
	// encoding leaves it out. Nil when absent or unreadable.
	Metadata *Metadata
}

// Metadata is the extension of 4/MVDS-META.
type Metadata struct {
	Parents   []MessageID
	Ephemeral bool
}

// ID returns the id of the message.
func (m *Message) ID() MessageID { return NewMessageID(m.Group, m.Timestamp, m.Body) }

// Bodies returns the bodies of the messages in their order. They alias the
// payload.
func (p *Payload) Bodies() [][]byte {
	out := make([][]byte, len(p.Messages))
	for i := range p.Messages {
		out[i] = p.Messages[i].Body
	}
	return out
}

// Unwrap decides whether decrypted bytes are data sync (spec 04 section 7).
// When ok is false, data is one application blob to be passed on unchanged.
func Unwrap(data []byte) (p Payload, ok bool) {
	p, known, err := decode(data)
	if err != nil || !known {
		return Payload{}, false
	}
	return p, true
}

// Decode reads a payload. Unknown fields are skipped and ids of a wrong length
// dropped. The result does not alias data.
func Decode(data []byte) (Payload, error) {
	p, _, err := decode(data)
	return p, err
}

// decode also reports whether any field of a payload was present.
func decode(data []byte) (p Payload, known bool, err error) {
	if err := count(data, &p); err != nil {
		return Payload{}, false, err
	}
	err = eachField(data, func(num protowire.Number, typ protowire.Type, value []byte) error {
		if typ != protowire.BytesType {
			return nil
		}
		switch num {
		case fieldAcks:
			p.Acks, known = p.appendID(p.Acks, value), true
		case fieldOffers:
			p.Offers, known = p.appendID(p.Offers, value), true
		case fieldRequests:
			p.Requests, known = p.appendID(p.Requests, value), true
		case fieldMessages:
			m, err := decodeMessage(value)
			if err != nil {
				return err
			}
			p.Messages, known = append(p.Messages, m), true
		}
		return nil
	})
	if err != nil {
		return Payload{}, false, err
	}
	return p, known, nil
}

// count walks the payload once without allocating and then sizes the lists.
func count(data []byte, p *Payload) error {
	var acks, offers, requests, messages int
	err := eachField(data, func(num protowire.Number, typ protowire.Type, value []byte) error {
		if typ != protowire.BytesType {
			return nil
		}
		isID := 0
		if len(value) == IDSize {
			isID = 1
		}
		switch num {
		case fieldAcks:
			acks += isID
		case fieldOffers:
			offers += isID
		case fieldRequests:
			requests += isID
		case fieldMessages:
			messages++
		}
		return nil
	})
	if err != nil {
		return err
	}
	if messages > maxMessages {
		return fmt.Errorf("%w: %d, limit %d", ErrTooManyMessages, messages, maxMessages)
	}
	p.Acks, p.Offers, p.Requests = newIDs(acks), newIDs(offers), newIDs(requests)
	if messages > 0 {
		p.Messages = make([]Message, 0, messages)
	}
	return nil
}

func newIDs(n int) []MessageID {
	if n == 0 {
		return nil
	}
	return make([]MessageID, 0, n)
}

func (p *Payload) appendID(list []MessageID, value []byte) []MessageID {
	if len(value) != IDSize {
		p.Dropped++
		return list
	}
	return append(list, MessageID(value))
}

func decodeMessage(data []byte) (Message, error) {
	var m Message
	err := eachField(data, func(num protowire.Number, typ protowire.Type, value []byte) error {
		switch {
		case num == fieldGroup && typ == protowire.BytesType:
			m.Group = bytes.Clone(value)
		case num == fieldTimestamp && typ == protowire.VarintType:
			v, _ := protowire.ConsumeVarint(value)
			m.Timestamp = int64(v)
		case num == fieldBody && typ == protowire.BytesType:
			m.Body = bytes.Clone(value)
		case num == fieldMetadata && typ == protowire.BytesType:
			m.Metadata = decodeMetadata(value)
		}
		return nil
	})
	return m, err
}

// decodeMetadata returns nil for what it cannot read: a peer without this
// extension skips the field, so its content must not decide about the message.
func decodeMetadata(data []byte) *Metadata {
	var md Metadata
	err := eachField(data, func(num protowire.Number, typ protowire.Type, value []byte) error {
		switch {
		case num == fieldParents && typ == protowire.BytesType && len(value) == IDSize:
			if len(md.Parents) < maxParents {
				md.Parents = append(md.Parents, MessageID(value))
			}
		case num == fieldEphemeral && typ == protowire.VarintType:
			v, _ := protowire.ConsumeVarint(value)
			md.Ephemeral = v != 0
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return &md
}

// eachField calls fn for each field. value is the content of a bytes field and
// the undecoded value of any other; it aliases data.
func eachField(data []byte, fn func(protowire.Number, protowire.Type, []byte) error) error {
	for len(data) > 0 {
		num, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return fmt.Errorf("%w: %w", ErrMalformed, protowire.ParseError(n))
		}
		data = data[n:]
		n = protowire.ConsumeFieldValue(num, typ, data)
		if n < 0 {
			return fmt.Errorf("%w: %w", ErrMalformed, protowire.ParseError(n))
		}
		value := data[:n]
		if typ == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(value)
		}
		if err := fn(num, typ, value); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// Encode returns the canonical encoding: acks, offers, requests, messages, each
// in order; empty fields and metadata are left out.
func (p *Payload) Encode() []byte { return p.AppendEncode(make([]byte, 0, p.Size())) }

// AppendEncode appends the encoding to b.
func (p *Payload) AppendEncode(b []byte) []byte {
	b = appendIDs(b, fieldAcks, p.Acks)
	b = appendIDs(b, fieldOffers, p.Offers)
	b = appendIDs(b, fieldRequests, p.Requests)
	for i := range p.Messages {
		m := &p.Messages[i]
		b = protowire.AppendTag(b, fieldMessages, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(m.Size()))
		b = m.AppendEncode(b)
	}
	return b
}

func appendIDs(b []byte, num protowire.Number, ids []MessageID) []byte {
	for i := range ids {
		b = protowire.AppendTag(b, num, protowire.BytesType)
		b = protowire.AppendBytes(b, ids[i][:])
	}
	return b
}

// AppendEncode appends the encoding of the message, without its tag and length.
func (m *Message) AppendEncode(b []byte) []byte {
	if len(m.Group) > 0 {
		b = protowire.AppendTag(b, fieldGroup, protowire.BytesType)
		b = protowire.AppendBytes(b, m.Group)
	}
	if m.Timestamp != 0 {
		b = protowire.AppendTag(b, fieldTimestamp, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(m.Timestamp))
	}
	if len(m.Body) > 0 {
		b = protowire.AppendTag(b, fieldBody, protowire.BytesType)
		b = protowire.AppendBytes(b, m.Body)
	}
	return b
}

// Size returns the length of the encoding in bytes.
func (p *Payload) Size() int {
	n := (len(p.Acks) + len(p.Offers) + len(p.Requests)) * idEntrySize(IDSize)
	for i := range p.Messages {
		m := &p.Messages[i]
		n += messageEntrySize(len(m.Group), m.Timestamp, len(m.Body))
	}
	return n
}

// Size returns the length of the encoding in bytes, without tag and length.
func (m *Message) Size() int { return messageSize(len(m.Group), m.Timestamp, len(m.Body)) }

// idEntrySize is what one id of the given length adds to a payload.
func idEntrySize(idLen int) int {
	return protowire.SizeTag(fieldAcks) + protowire.SizeBytes(idLen)
}

// messageEntrySize is what one message adds to a payload.
func messageEntrySize(groupLen int, timestamp int64, bodyLen int) int {
	return protowire.SizeTag(fieldMessages) + protowire.SizeBytes(messageSize(groupLen, timestamp, bodyLen))
}

func messageSize(groupLen int, timestamp int64, bodyLen int) int {
	n := 0
	if groupLen > 0 {
		n += protowire.SizeTag(fieldGroup) + protowire.SizeBytes(groupLen)
	}
	if timestamp != 0 {
		n += protowire.SizeTag(fieldTimestamp) + protowire.SizeVarint(uint64(timestamp))
	}
	if bodyLen > 0 {
		n += protowire.SizeTag(fieldBody) + protowire.SizeBytes(bodyLen)
	}
	return n
}
