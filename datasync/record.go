package datasync

import "fmt"

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

// Outcome says how an outgoing message ended at one recipient.
type Outcome uint8

// Outcomes of an outgoing message at one recipient.
const (
	Acked     Outcome = 1 + iota // the recipient acknowledged
	Expired                      // Schedule.Lifetime ended without an ack
	Cancelled                    // Cancel or Forget ended it
)

// String names the outcome.
func (o Outcome) String() string {
	switch o {
	case Acked:
		return "acked"
	case Expired:
		return "expired"
	case Cancelled:
		return "cancelled"
	}
	return fmt.Sprintf("outcome(%d)", uint8(o))
}

// State is the record of one message that waits for an answer of one peer. It
// is there as long as it waits. Peer and ID name it; so do Ref and Peer, if it
// has a Ref. All fields are plain values; a store may keep them in columns.
type State struct {
	// Seq is given by the store, and grows with each record that is added.
	Seq  uint64
	Peer PeerID
	ID   MessageID
	Kind Kind
	// Ref, BodyBytes and Timestamp are zero for requests.
	Ref       Ref
	BodyBytes int
	// Timestamp is the wire timestamp, in Unix seconds.
	Timestamp int64
	// Attempts counts the transmissions since the schedule (re)started.
	Attempts int
	Created  Millis
	// LastSent is the time of the last transmission; 0 before the first. That
	// of an offer does not count for the message.
	LastSent Millis
	// Asked is when a REQUEST was honoured last; 0 for never.
	Asked Millis
	// Deadline is when the record is due.
	Deadline Millis
}

// PeerState is what is remembered for a moment of a peer that was heard while
// something was outstanding with it.
type PeerState struct {
	// Heard is when it was last heard and its overdue records became due,
	// Missed when it last said that it could not read something.
	Heard, Missed Millis
	// Before makes due what was sent to it before then; 0: nothing.
	Before Millis
}
