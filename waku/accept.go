package waku

import (
	"fmt"
	"time"

	"statusd/waku/wire"
)

// verdict is the outcome for one received envelope.
type verdict struct {
	reason RejectReason // 0: taken, or a duplicate
	pow    float64
	// early is set when the proof of work would have sufficed a moment later:
	// by the clock of the peer that sent the envelope it did.
	early bool
}

// check makes the tests 1 to 5 of spec 01 section 5: why the envelope is
// refused, and otherwise the proof of work to keep. Own posts skip the
// interest.
func (s *settings) check(env *wire.Envelope, at time.Time, own bool) (v verdict) {
	now, sent := uint32(at.Unix()), env.Sent()
	var diff uint32
	switch {
	case env.TTL() == 0:
		return verdict{reason: RejectTTL}
	case env.TTL() > env.Expiry(), sent > now && sent-futureTolerance > now:
		return verdict{reason: RejectFuture}
	case sent > now:
		diff = sent - now + 1
	case env.Expiry() < now && env.Expiry()+veryOldAfter < now:
		return verdict{reason: RejectOld}
	case env.Expiry() < now:
		return verdict{reason: RejectExpired}
	}
	if env.Size() > int(s.maxMessageSize) {
		return verdict{reason: RejectSize}
	}
	v.pow = env.PoW(diff)
	switch {
	case !s.enough(v.pow, at):
		v.reason, v.early = RejectPoW, diff > 0 && s.enough(env.PoW(0), at)
	case !own && !s.wants(env.Topic(), at):
		v.reason = RejectInterest
	}
	return v
}

// refusal words a verdict for people.
func (s *settings) refusal(env *wire.Envelope, at time.Time, v verdict) *RejectError {
	e := &RejectError{Hash: env.Hash(), Reason: v.reason}
	now := at.Unix()
	switch v.reason {
	case RejectTTL:
		e.Detail = "time to live is zero"
	case RejectFuture:
		e.Detail = fmt.Sprintf("sent %d s in the future", int64(env.Sent())-now)
		if env.TTL() > env.Expiry() {
			e.Detail = "time to live is longer than the time of expiry"
		}
	case RejectOld, RejectExpired:
		e.Detail = fmt.Sprintf("expired %d s ago", now-int64(env.Expiry()))
	case RejectSize:
		e.Detail = fmt.Sprintf("size %d is above the limit of %d bytes", env.Size(), s.maxMessageSize)
	case RejectPoW:
		e.Detail = fmt.Sprintf("proof of work %g is below the minimum of %g", v.pow, s.minPoW)
	case RejectInterest:
		e.Detail = fmt.Sprintf("topic %s is outside our interest", env.Topic())
	}
	return e
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
	v := s.check(env, at, from == nil)
	if v.reason != 0 {
		h.metrics.rejected[v.reason].Inc()
		h.testify(env, s, at, v.reason, from)
		return v
	}
	var slot *peerSlot
	if from != nil {
		slot = from.slot
	}
	e, added, evicted, first := h.pool.insert(env, v.pow, from == nil, slot)
	if !added {
		h.again(env, e, s, from)
		return v
	}
	h.metrics.validated.Inc()
	h.testify(env, s, at, 0, from)
	h.pooled(e, s, evicted, first)
	if h.cfg.Archive != nil {
		h.cfg.Archive.Put(env)
	}
	h.openers.submit(env, v.pow, done)
	return v
}

// again deals with an envelope that was pooled before: e, or nil when it was
// evicted. Archive and filters have had it.
func (h *Host) again(env *wire.Envelope, e *entry, s *settings, from *peer) {
	h.metrics.duplicates.Inc()
	if from == nil {
		return
	}
	if e == nil {
		if e, evicted, first := h.pool.readmit(env, from.slot); e != nil {
			h.pooled(e, s, evicted, first)
		}
		return
	}
	e.known.set(from.slot.n)
	if e.own {
		h.reportBack(env.Hash(), from)
	}
}

// pooled follows a change of the pool: an entry came, others had to go for it.
func (h *Host) pooled(e *entry, s *settings, evicted int, first bool) {
	if evicted > 0 {
		h.metrics.evicted.Add(float64(evicted))
		h.reportExpired()
	}
	if first {
		select {
		case h.expiryMoved <- struct{}{}:
		default:
		}
	}
	h.offer(e, s)
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
