package topdisc

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
)

// What a request to a registrar can end with, besides a Refusal and errors of
// the network.
var (
	// ErrMalformed: the answer does not follow the protocol.
	ErrMalformed = errors.New("malformed answer")
	// ErrNotCapable: the node does not know the protocol.
	ErrNotCapable = errors.New("node keeps no advertisements")
)

// RegRequest asks a registrar to advertise a node.
type RegRequest struct {
	Service   Service
	Node      *enode.Node // the advertiser's own record, verified
	Ticket    []byte      // of the previous answer; empty at first
	Distances []int       // from the service, at which the asker has room for more registrars
}

// Confirmation answers a RegRequest.
type Confirmation struct {
	Ticket []byte        // empty: admitted
	Wait   time.Duration // until the next attempt, or lifetime when admitted
}

// Admitted reports whether the advertisement is in the registrar's cache.
func (c Confirmation) Admitted() bool { return len(c.Ticket) == 0 }

// QueryRequest asks a registrar for advertisements.
type QueryRequest struct {
	Service   Service
	Distances []int // as in RegRequest
	Want      int   // advertisements wanted; the carrier fetches no more than it must
}

// QueryResult answers a QueryRequest. Records are verified.
type QueryResult struct {
	Ads []*enode.Node // advertisers
	Aux []*enode.Node // further registrars, near the distances asked for
}

// Carrier takes requests to registrars. This is what differs between the TALK
// protocol and the native messages.
type Carrier interface {
	// Register returns the answer and further registrars.
	Register(ctx context.Context, to *enode.Node, req RegRequest) (Confirmation, []*enode.Node, error)
	// Query may use several requests.
	Query(ctx context.Context, to *enode.Node, req QueryRequest) (QueryResult, error)
}

// Peer is who sent a request.
type Peer struct {
	ID   enode.ID   // proven by the session
	Addr netip.Addr // source of the datagram
}

// Code is the kind of a refusal on the wire (spec 08 section 2.11).
type Code uint8

const (
	CodeRefused         Code = 1 // malformed or against the rules
	CodeBusy            Code = 2 // above a limit; try later
	CodeUnknownType     Code = 3
	CodeAddressMismatch Code = 4 // the record names another address than the request came from
)

// String says what the code means.
func (c Code) String() string {
	switch c {
	case CodeRefused:
		return "malformed or refused"
	case CodeBusy:
		return "busy"
	case CodeUnknownType:
		return "unknown type"
	case CodeAddressMismatch:
		return "address mismatch"
	}
	return fmt.Sprintf("code %d", uint8(c))
}

// Reason is why a registrar refused, finer than its Code. The names appear in
// metrics.
type Reason uint8

const (
	ReasonMalformed   Reason = iota // the message
	ReasonUnknownType               // of message
	ReasonBadRecord                 // signature or form of the record
	ReasonOtherNode                 // somebody else's record
	ReasonNotCapable                // entry tdt missing or of an unknown version
	ReasonLowPort                   // no UDP port above 1024
	ReasonAddress                   // not the address the request came from
	ReasonOldRecord                 // older than the cached one
	ReasonNodeLimit                 // requests of this node
	ReasonNetLimit                  // requests of its /24 or /64
	ReasonTotalLimit                // requests of all
	Reasons                         // number of reasons
)

// String returns the name of the reason in metrics.
func (r Reason) String() string {
	names := [Reasons]string{
		"malformed", "unknown_type", "bad_record", "other_node", "not_capable", "low_port",
		"address_mismatch", "old_record", "node_limit", "net_limit", "total_limit",
	}
	if r < Reasons {
		return names[r]
	}
	return "unknown"
}

// Refusal is the error of a registrar. Reason is known to the registrar only.
type Refusal struct {
	Code   Code
	Reason Reason
}

// Error implements error.
func (r *Refusal) Error() string { return "topdisc: registrar refuses: " + r.Code.String() }

// Refuse returns the refusal for a reason, with the code that goes with it.
func Refuse(reason Reason) *Refusal {
	code := CodeRefused
	switch reason {
	case ReasonUnknownType:
		code = CodeUnknownType
	case ReasonAddress:
		code = CodeAddressMismatch
	case ReasonNodeLimit, ReasonNetLimit, ReasonTotalLimit:
		code = CodeBusy
	}
	return &Refusal{Code: code, Reason: reason}
}
