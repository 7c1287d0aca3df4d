package pool

import (
	"errors"

	"github.com/ethereum/go-ethereum/p2p"
)

// Reason says why a connection to a candidate ended or did not come about.
type Reason string

// Reasons.
const (
	ReasonUnreachable Reason = "unreachable"    // nobody answers at its address
	ReasonHandshake   Reason = "handshake"      // answers, but no peer came of it
	ReasonTooMany     Reason = "too many peers" // it has no free slot
	ReasonUseless     Reason = "useless peer"   // it speaks none of our protocols
	ReasonSlow        Reason = "timeout"        // it took too long to become a peer
	ReasonLost        Reason = "lost"           // the connection of a peer ended
	ReasonSurplus     Reason = "surplus"        // there are enough others
	ReasonKnown       Reason = "known"          // it only had to be got to know
	ReasonAlready     Reason = "already connected"
	ReasonSilent      Reason = "no answer" // a known mailserver does not answer requests
)

// reasonOf maps the error of a dial.
func reasonOf(err error) Reason {
	var disc p2p.DiscReason
	if errors.As(err, &disc) {
		return ReasonOf(disc.Error())
	}
	return ReasonUnreachable
}

// ReasonOf maps the text of a drop event, which is all that the server tells
// (p2p.PeerEvent.Error).
func ReasonOf(text string) Reason {
	switch text {
	case p2p.DiscTooManyPeers.Error():
		return ReasonTooMany
	case p2p.DiscUselessPeer.Error():
		return ReasonUseless
	case p2p.DiscAlreadyConnected.Error():
		return ReasonAlready
	}
	return ReasonHandshake
}
