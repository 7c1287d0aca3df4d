package waku

import (
	"math"

	"statusd/waku/wire"
)

func validPoW(pow float64) bool { return pow >= 0 && !math.IsInf(pow, 0) && !math.IsNaN(pow) }

// SetMinPoW changes the proof of work that envelopes need and tells the peers.
// The earlier value is accepted for another 10 s.
func (h *Host) SetMinPoW(pow float64) error {
	if !validPoW(pow) {
		return ErrInvalidPoW
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s := *h.set.Load()
	if s.minPoW == pow {
		return nil
	}
	now := h.cfg.Now()
	s.tolerated, s.changed = s.remember(now, nil), now
	s.minPoW = pow
	h.set.Store(&s)
	h.announce(dirtyPoW)
	return nil
}

// SetMaxMessageSize changes the largest envelope that is accepted, in bytes.
func (h *Host) SetMaxMessageSize(n uint32) error {
	if n > MaxMessageSizeCeiling {
		return ErrMessageSizeTooLarge
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s := *h.set.Load()
	s.maxMessageSize, s.sizeChanged = n, h.cfg.Now()
	h.set.Store(&s)
	return nil
}

// SetBloomFilter makes the node ask its peers for this bloom, widened by the
// topics of its filters, instead of a topic list. A full node goes on asking
// for everything.
func (h *Host) SetBloomFilter(raw []byte) error {
	if len(raw) != wire.BloomLength {
		return ErrInvalidBloomSize
	}
	bloom := wire.Bloom(raw)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.manual = &bloom
	h.refreshInterest()
	return nil
}

// SetLightNode turns light mode on or off. A light node relays nothing but
// its own posts. Connected peers learn of the topic interest at once, of the
// mode itself when they connect again.
func (h *Host) SetLightNode(on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := *h.set.Load()
	s.light = on
	h.set.Store(&s)
	h.refreshInterest()
}

// ownInterest computes what to ask peers for from mode, manual bloom and
// filters (spec 01 sections 2.1 and 9).
func (h *Host) ownInterest(light bool) *interest {
	topics, count, wildcard := h.filters.topics()
	switch {
	case h.cfg.FullNode, wildcard:
		return everything()
	case h.manual != nil || h.cfg.BloomMode && count > 0:
		var bloom wire.Bloom
		if h.manual != nil {
			bloom = *h.manual
		}
		for t := range topics {
			bloom.Add(t)
		}
		return &interest{bloom: &bloom, all: bloom.IsFull()}
	case count > 0 || light:
		return &interest{topics: topics}
	default:
		return everything()
	}
}

// refreshInterest recomputes the interest and tells the peers if it changed.
// The caller holds mu.
func (h *Host) refreshInterest() {
	s := *h.set.Load()
	next := h.ownInterest(s.light)
	if next.equal(s.interest) {
		return
	}
	now := h.cfg.Now()
	s.changed = now
	if !s.interest.all || next.topics == nil {
		s.tolerated = s.remember(now, s.interest)
	}
	s.interest = next
	h.set.Store(&s)
	h.announce(dirtyInterest)
}

// announce makes every peer's writer send a Status Update.
func (h *Host) announce(what uint32) {
	for _, p := range *h.peers.Load() {
		p.dirty.Or(what)
		p.wake()
	}
}

// statusOptions are what we say in a handshake.
func (h *Host) statusOptions(version uint) wire.StatusOptions {
	s := h.set.Load()
	o := s.interest.options()
	o.PoW, o.LightNode, o.Confirmations = &s.minPoW, &s.light, &h.cfg.Confirmations
	o.PacketLimits, o.ByteLimits = h.limiter.announced()
	if version == 0 {
		o.ByteLimits = nil
	}
	return o
}

// packetLimit is the largest packet payload that is read, in bytes: one and a
// half of the largest envelope, and never less than what peers send.
func (h *Host) packetLimit() uint32 {
	return max(uint32(uint64(h.set.Load().maxMessageSize)*3/2), wire.MaxPacketSent)
}
