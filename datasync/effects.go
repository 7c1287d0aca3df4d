package datasync

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrRecord is wrapped by the errors for a record that cannot have been written
// by this package.
var ErrRecord = errors.New("bad record")

// Effects is what comes of a call of a Node, beside what it changed in the
// store. The caller handles the parts in the order of the fields.
type Effects struct {
	// Deliveries are the bodies received for the first time, in order.
	Deliveries []Delivery
	// Receipts tell what became of outgoing messages.
	Receipts []Receipt
	// Sends are payloads to transmit once the transaction is durable. They
	// are independent: when one cannot be sent, forget it and go on; its
	// records are already scheduled again and its acks will be asked for.
	Sends []Send
}

// Delivery is a body received for the first time.
type Delivery struct {
	From      PeerID
	ID        MessageID
	Group     GroupID
	Timestamp int64
	Body      []byte
}

// Receipt says that the record of one recipient ended.
type Receipt struct {
	Ref     Ref
	Peer    PeerID
	ID      MessageID
	Outcome Outcome
	// Waiting counts the recipients that are still waited for.
	Waiting int
}

// Send is one payload for one peer. It holds no bodies: they are fetched when
// it is encoded, so that outstanding messages cost no memory.
type Send struct {
	To       PeerID
	Group    GroupID
	Acks     []MessageID
	Offers   []MessageID
	Requests []MessageID
	Messages []Outbound
	// Bytes is the exact size of the encoding.
	Bytes int
}

// Outbound is one message of a Send.
type Outbound struct {
	ID        MessageID
	Ref       Ref
	Timestamp int64
	BodyBytes int
	// Again says that the message was transmitted before.
	Again bool
}

// Refs returns the references of the messages, for status tracking of the
// envelope. Ack-only payloads have none.
func (s *Send) Refs() []Ref {
	var refs []Ref
	for i := range s.Messages {
		refs = append(refs, s.Messages[i].Ref)
	}
	return refs
}

// Encode returns the payload. body fetches a stored body; its error is
// returned wrapped. A body of another length than recorded is an error too,
// because its message id would differ.
func (s *Send) Encode(body func(Ref) ([]byte, error)) ([]byte, error) {
	p := Payload{Acks: s.Acks, Offers: s.Offers, Requests: s.Requests}
	b := p.AppendEncode(make([]byte, 0, s.Bytes))
	for i := range s.Messages {
		o := &s.Messages[i]
		raw, err := body(o.Ref)
		if err != nil {
			return nil, fmt.Errorf("read body of message %v: %w", o.ID, err)
		}
		if len(raw) != o.BodyBytes {
			return nil, fmt.Errorf("%w: body of message %v has %d bytes, recorded %d",
				ErrRecord, o.ID, len(raw), o.BodyBytes)
		}
		m := Message{Group: s.Group[:], Timestamp: o.Timestamp, Body: raw}
		b = protowire.AppendTag(b, fieldMessages, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(m.Size()))
		b = m.AppendEncode(b)
	}
	return b, nil
}
