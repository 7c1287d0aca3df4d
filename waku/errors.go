package waku

import (
	"errors"
	"fmt"
	"io"

	"github.com/ethereum/go-ethereum/p2p"

	"statusd/fault"
	"statusd/waku/wire"
)

// hintFilters is what to do about filters that are too many.
const hintFilters = "remove filters with waku_deleteMessageFilter, or end subscriptions; " +
	"those of a token go when it is revoked"

// Errors of the Host's methods.
var (
	ErrInvalidPoW          = errors.New("proof of work is negative, infinite or not a number")
	ErrMessageSizeTooLarge = errors.New("maximum message size is above 10485760 bytes")
	ErrInvalidBloomSize    = errors.New("bloom filter is not 64 bytes long")
	ErrUnknownFilter       = errors.New("no filter has this id")
	ErrFilterKey           = errors.New("a filter needs either a symmetric or a private key")
	ErrTooManyTopics       = fault.New(fault.Busy, "the filters would ask for more than 10000 topics", hintFilters)
	ErrPostKey             = errors.New("a message needs either a symmetric or a public key")
	ErrPoWTargetNotReached = errors.New("proof of work target not reached in the time given")
	ErrPoWTooLow           = errors.New("proof of work target is below the node's minimum")
	ErrPeerNotConnected    = errors.New("peer is not connected")
	ErrStopped             = errors.New("host has stopped")
	ErrSymKeySize          = errors.New("symmetric key is not 32 bytes long")
)

// Quotas of a Guest that are used up.
var (
	ErrFilterQuota = fault.New(fault.Busy,
		fmt.Sprintf("too many filters: an owner may have %d, all together %d", GuestFilters, AllGuestFilters),
		hintFilters)
	ErrTopicQuota = fault.New(fault.Busy,
		fmt.Sprintf("too many topics: the filters of an owner may have %d, those of all together %d", GuestTopics,
			AllGuestTopics),
		hintFilters)
	ErrKeyQuota = fault.New(fault.Busy, fmt.Sprintf("too many keys: an owner may have %d", GuestKeys),
		"remove keys with waku_deleteKeyPair and waku_deleteSymKey")
)

// RejectReason says why an envelope was refused (spec 01 section 5).
type RejectReason uint8

// Reasons for refusing an envelope.
const (
	RejectFuture   RejectReason = iota + 1 // sent more than 10 s ahead of our clock
	RejectOld                              // expired more than 20 s ago
	RejectExpired                          // expired, but by no more than 20 s
	RejectTTL                              // ttl is zero, or larger than expiry
	RejectSize                             // larger than the maximum message size
	RejectPoW                              // too little proof of work
	RejectInterest                         // topic outside what we announced
	rejectReasons
)

var rejectText = [rejectReasons]string{
	RejectFuture: "future", RejectOld: "very_old", RejectExpired: "expired", RejectTTL: "ttl",
	RejectSize: "oversize", RejectPoW: "low_pow", RejectInterest: "not_interested",
}

func (r RejectReason) String() string {
	if r < rejectReasons && rejectText[r] != "" {
		return rejectText[r]
	}
	return fmt.Sprintf("reason %d", uint8(r))
}

// RejectError is an envelope that was refused.
type RejectError struct {
	Hash   wire.Hash
	Reason RejectReason
	Detail string // for people; values and limits
}

func (e *RejectError) Error() string {
	return fmt.Sprintf("envelope %s refused: %s", e.Hash, e.Detail)
}

// code returns the error code of a Message Response, 0 for none.
func (r RejectReason) code() uint64 {
	switch r {
	case RejectFuture, RejectOld:
		return wire.ResponseTimeError
	case RejectExpired:
		return 0
	default:
		return wire.ResponseOther
	}
}

// CloseReason says why a peer's connection ended. Each connection has exactly
// one. It is an error, so that it can be returned from a protocol's Run.
type CloseReason uint8

// Reasons for the end of a connection.
const (
	CloseRemote           CloseReason = iota + 1 // the peer or the network ended it
	CloseStopped                                 // we are shutting down
	CloseHandshakeTimeout                        // no Status in time
	CloseHandshake                               // first packet not a valid Status
	CloseLightLight                              // both sides are light nodes
	CloseOversize                                // packet above the limit
	CloseMalformed                               // malformed Messages packet
	CloseMalformedOther                          // third malformed packet of another code
	CloseRejections                              // sustained rate of refused envelopes
	CloseRateLimit                               // tolerance of the rate limits used up
	CloseSlowReader                              // does not read our replies
	CloseWrite                                   // a packet could not be written
	CloseFull                                    // no more peers can be tracked
	closeReasons
)

var closeText = [closeReasons]string{
	CloseRemote: "remote", CloseStopped: "stopped", CloseHandshakeTimeout: "handshake_timeout",
	CloseHandshake: "handshake", CloseLightLight: "light_to_light", CloseOversize: "oversize_packet",
	CloseMalformed: "malformed_messages", CloseMalformedOther: "malformed_packets", CloseRejections: "rejections",
	CloseRateLimit: "rate_limit", CloseSlowReader: "slow_reader", CloseWrite: "write", CloseFull: "full",
}

func (r CloseReason) String() string {
	if r < closeReasons && closeText[r] != "" {
		return closeText[r]
	}
	return fmt.Sprintf("reason %d", uint8(r))
}

func (r CloseReason) Error() string { return "connection closed: " + r.String() }

// disc maps a reason to what the peer is told.
func (r CloseReason) disc() p2p.DiscReason {
	switch r {
	case CloseStopped:
		return p2p.DiscQuitting
	case CloseHandshakeTimeout, CloseSlowReader:
		return p2p.DiscReadTimeout
	case CloseLightLight, CloseFull:
		return p2p.DiscUselessPeer
	case CloseRemote, CloseWrite:
		return p2p.DiscNetworkError
	default:
		return p2p.DiscSubprotocolError
	}
}

// isClosed reports whether a read error only says that the connection ended.
func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, p2p.ErrPipeClosed)
}
