package waku

import (
	"net/netip"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/waku/wire"
)

// TimeWitness is told of envelopes that peers bring under way: those that are
// new, and those refused for their time, which may be our clock's fault. Only
// some are told, a few of each peer in a second. Calls come from many
// goroutines and must not block.
type TimeWitness interface {
	Witness(env *wire.Envelope, peer enode.ID, addr netip.Addr, dialled bool)
}

// The shortest time between two envelopes of a peer of which a TimeWitness is
// told, the latter for refused ones: their work has to be computed.
const (
	testifyGap        = 250 * time.Millisecond
	testifyRefusedGap = 500 * time.Millisecond
)

// testify tells the TimeWitness of an envelope that the verdict is about. It is
// called by the reader of the peer.
func (h *Host) testify(env *wire.Envelope, s *settings, at time.Time, reason RejectReason, from *peer) {
	if h.cfg.Witness == nil || from == nil {
		return
	}
	now, gap := time.Now(), testifyGap
	switch reason {
	case 0:
	case RejectFuture, RejectExpired, RejectOld:
		gap = testifyRefusedGap
	default:
		return
	}
	if now.Sub(from.testified) < gap {
		return
	}
	if reason != 0 && (env.TTL() == 0 || env.TTL() > env.Expiry() || !s.enough(env.PoW(0), at)) {
		return
	}
	from.testified = now
	h.cfg.Witness.Witness(env, from.id, from.addr, !from.pp.Inbound())
}
