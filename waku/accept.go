package waku

import (
	"fmt"
	"time"

	"statusd/waku/wire"
)

// verdict is the outcome for one received envelope.
type verdict struct {
	err   *RejectError // nil: fine, or a duplicate
	added bool
}

// check makes the tests 1 to 5 of spec 01 section 5 and returns the proof of
// work to keep. Own posts skip the interest.
func (s *settings) check(env *wire.Envelope, at time.Time, own bool) (pow float64, reason RejectReason, detail string) {
	now, sent := uint32(at.Unix()), env.Sent()
	var diff uint32
	switch {
	case env.TTL() == 0:
		return 0, RejectTTL, "time to live is zero"
	case env.TTL() > env.Expiry():
		return 0, RejectFuture, "time to live is longer than the time of expiry"
	case sent > now && sent-futureTolerance > now:
		return 0, RejectFuture, fmt.Sprintf("sent %d s in the future", sent-now)
	case sent > now:
		diff = sent - now + 1
	case env.Expiry() < now && env.Expiry()+veryOldAfter < now:
		return 0, RejectOld, fmt.Sprintf("expired %d s ago", now-env.Expiry())
	case env.Expiry() < now:
		return 0, RejectExpired, fmt.Sprintf("expired %d s ago", now-env.Expiry())
	}
	if env.Size() > int(s.maxMessageSize) {
		return 0, RejectSize, fmt.Sprintf("size %d is above the limit of %d bytes", env.Size(), s.maxMessageSize)
	}
	pow = env.PoW(diff)
	if !s.enough(pow, at) {
		return pow, RejectPoW, fmt.Sprintf("proof of work %g is below the minimum of %g", pow, s.minPoW)
	}
	if !own && !s.wants(env.Topic(), at) {
		return pow, RejectInterest, fmt.Sprintf("topic %s is outside our interest", env.Topic())
	}
	return pow, 0, ""
}

// admit judges one envelope and, if it is good and new, pools it, offers it to
// the peers, archives it and hands it to the filters. from is nil for own
// posts. It may block while archive or filters are behind; done ends the wait
// for filters.
func (h *Host) admit(
	env *wire.Envelope, s *settings, at time.Time, from *peer, done <-chan struct{},
) verdict {
	h.metrics.received.Inc()
	h.metrics.size.Observe(float64(env.Size()))
	pow, reason, detail := s.check(env, at, from == nil)
	if reason != 0 {
		h.metrics.rejected[reason].Inc()
		return verdict{err: &RejectError{Hash: env.Hash(), Reason: reason, Detail: detail}}
	}
	var slot *peerSlot
	if from != nil {
		slot = from.slot
	}
	e, added, evicted, first := h.pool.insert(env, pow, from == nil, slot)
	if !added {
		h.metrics.duplicates.Inc()
		if slot != nil {
			e.known.set(slot.n)
		}
		return verdict{}
	}
	h.metrics.validated.Inc()
	if evicted > 0 {
		h.metrics.evicted.Add(float64(evicted))
	}
	if first {
		select {
		case h.expiryMoved <- struct{}{}:
		default:
		}
	}
	h.offer(e, s)
	if h.cfg.Archive != nil {
		h.cfg.Archive.Put(env)
	}
	h.openers.submit(env, pow, done)
	return verdict{added: true}
}

// offer wakes the writers of the peers that want the envelope. The writers
// find it in the pool's log, so nothing is queued here and nothing can be lost.
func (h *Host) offer(e *entry, s *settings) {
	if s.light && !e.own {
		return
	}
	for _, p := range *h.peers.Load() {
		if p.wants(e) {
			p.wake()
		}
	}
}
