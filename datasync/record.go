package datasync

import (
	"errors"
	"fmt"
)

// ErrRecord is wrapped by the errors of Node.Load for a record that cannot
// have been written by this package.
var ErrRecord = errors.New("bad record")

// Kind says what a record makes the node send. The values are those of the
// reference's database.
type Kind uint8

// Kinds of records.
const (
	KindOffer   Kind = 0
	KindRequest Kind = 1
	KindMessage Kind = 2
)

// String names the kind.
func (k Kind) String() string {
	switch k {
	case KindOffer:
		return "offer"
	case KindRequest:
		return "request"
	case KindMessage:
		return "message"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Outcome says how the record of one recipient stands.
type Outcome uint8

// Outcomes of an outgoing message at one recipient. All but Waiting are final;
// such a record is kept only until no recipient of the same Ref waits.
const (
	Waiting   Outcome = iota
	Acked             // the recipient acknowledged
	Expired           // Schedule.Lifetime ended without an ack
	Cancelled         // Cancel or Forget ended it
)

// String names the outcome.
func (o Outcome) String() string {
	switch o {
	case Waiting:
		return "waiting"
	case Acked:
		return "acked"
	case Expired:
		return "expired"
	case Cancelled:
		return "cancelled"
	}
	return fmt.Sprintf("outcome(%d)", uint8(o))
}

// State is the durable record of one message at one peer, keyed by Peer and
// ID. All fields are plain values; a store may keep them in columns.
type State struct {
	Peer PeerID
	ID   MessageID
	Kind Kind
	// Seq orders the records of a node; it grows with each Append.
	Seq uint64
	// Ref, Body, BodyBytes and Timestamp are zero for requests. Body is zero
	// too once Outcome is final.
	Ref       Ref
	Body      BodyID
	BodyBytes int
	// Timestamp is the wire timestamp, in Unix seconds.
	Timestamp int64
	Outcome   Outcome
	// Attempts counts the transmissions since the schedule (re)started.
	Attempts int
	Created  Millis
	// LastSent is the time of the last transmission; 0 before the first.
	LastSent Millis
	// Deadline is when the record is due; 0 once Outcome is final.
	Deadline Millis
}

// Seen is the durable record of a received message: its id and when it was
// received. It makes the node deliver once and acknowledge again.
type Seen struct {
	ID MessageID
	At Millis
}

// Change is one write to the durable store. Changes must be applied in their
// order, in the transaction in which they were produced.
type Change interface{ change() }

// The changes.
type (
	// PutBody stores a body; the store need not copy it before Apply returns
	// if it keeps no reference.
	PutBody struct {
		ID   BodyID
		Body []byte
	}
	// DeleteBody removes a body that no record needs any more.
	DeleteBody struct{ ID BodyID }
	// PutState inserts or replaces the record with the same Peer and ID.
	PutState struct{ State State }
	// DeleteState removes a record.
	DeleteState struct {
		Peer PeerID
		ID   MessageID
	}
	// PutSeen inserts a received id; it is not there yet.
	PutSeen struct{ Seen Seen }
	// DropSeen removes a received id.
	DropSeen struct{ ID MessageID }
	// ForgetSeen removes every received id with At < Before.
	ForgetSeen struct{ Before Millis }
)

func (PutBody) change()     {}
func (DeleteBody) change()  {}
func (PutState) change()    {}
func (DeleteState) change() {}
func (PutSeen) change()     {}
func (DropSeen) change()    {}
func (ForgetSeen) change()  {}

// check reports what no version of this package could have written.
func (s *State) check() error {
	switch {
	case !s.Peer.valid():
		return fmt.Errorf("%w: %w", ErrRecord, ErrPeerID)
	case s.Kind > KindMessage:
		return fmt.Errorf("%w: %v", ErrRecord, s.Kind)
	case s.Outcome > Cancelled || s.Outcome != Waiting && (s.Kind == KindRequest || s.Ref.IsZero()):
		return fmt.Errorf("%w: %v has outcome %v", ErrRecord, s.Kind, s.Outcome)
	case s.BodyBytes < 0 || s.Attempts < 0:
		return fmt.Errorf("%w: negative size or count", ErrRecord)
	}
	return nil
}
