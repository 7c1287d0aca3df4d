package waku

import (
	"time"

	"statusd/waku/wire"
)

// Tolerances of spec 01 section 5.
const (
	futureTolerance  = 10 // seconds
	veryOldAfter     = 20 // seconds
	settingTolerance = 10 * time.Second
)

// interest says which topics a node, we or a peer, wants. It is immutable.
type interest struct {
	all    bool
	bloom  *wire.Bloom             // used when topics is nil
	topics map[wire.Topic]struct{} // nil: bloom rules; empty: nothing
}

func (in *interest) wants(t wire.Topic) bool {
	switch {
	case in.all:
		return true
	case in.topics != nil:
		_, ok := in.topics[t]
		return ok
	default:
		return in.bloom.Contains(t)
	}
}

func everything() *interest { return &interest{all: true} }

// options returns the interest as status options.
func (in *interest) options() wire.StatusOptions {
	switch {
	case in.all:
		full := wire.FullBloom()
		return wire.StatusOptions{Bloom: full[:]}
	case in.topics != nil:
		topics := make([]wire.Topic, 0, len(in.topics))
		for t := range in.topics {
			topics = append(topics, t)
		}
		return wire.StatusOptions{Topics: topics}
	default:
		return wire.StatusOptions{Bloom: in.bloom[:]}
	}
}

// widens reports whether the interest may hold topics that other does not.
func (in *interest) widens(other *interest) bool {
	switch {
	case other.all:
		return false
	case in.all:
		return true
	case in.topics != nil:
		for t := range in.topics {
			if !other.wants(t) {
				return true
			}
		}
		return false
	case other.topics != nil:
		return true
	}
	for i, b := range in.bloom {
		if b&^other.bloom[i] != 0 {
			return true
		}
	}
	return false
}

func (in *interest) equal(other *interest) bool {
	if in.all != other.all || (in.topics == nil) != (other.topics == nil) || len(in.topics) != len(other.topics) {
		return false
	}
	for t := range in.topics {
		if _, ok := other.topics[t]; !ok {
			return false
		}
	}
	if in.topics == nil && !in.all {
		return *in.bloom == *other.bloom
	}
	return true
}

// peerView is what a peer has told about itself. It is immutable; updates
// replace it whole.
type peerView struct {
	interest
	pow           float64
	light         bool
	confirmations bool
	packets       wire.Limits
	bytes         wire.Limits
}

// apply returns the view after a Status (from the default view) or a Status
// Update. Only options that are present change; topic interest beats a bloom.
func (v peerView) apply(o *wire.StatusOptions) *peerView {
	if o.PoW != nil {
		v.pow = *o.PoW
	}
	if o.LightNode != nil {
		v.light = *o.LightNode
	}
	if o.Confirmations != nil {
		v.confirmations = *o.Confirmations
	}
	if o.PacketLimits != nil {
		v.packets = *o.PacketLimits
	}
	if o.ByteLimits != nil {
		v.bytes = *o.ByteLimits
	}
	switch {
	case o.Topics != nil:
		topics := make(map[wire.Topic]struct{}, len(o.Topics))
		for _, t := range o.Topics {
			topics[t] = struct{}{}
		}
		v.interest = interest{topics: topics}
	case o.Bloom != nil:
		v.interest = bloomInterest(o.Bloom)
	}
	return &v
}

// bloomInterest makes an interest of a bloom as received: 64 bytes, or none
// for everything.
func bloomInterest(raw []byte) interest {
	if len(raw) != wire.BloomLength {
		return interest{all: true}
	}
	b := wire.Bloom(raw)
	return interest{all: b.IsFull(), bloom: &b}
}

// defaultView is what is assumed of a peer before it says anything.
func defaultView() peerView {
	return peerView{interest: interest{all: true}, pow: wire.DefaultPeerPoW}
}

// settings are the values of ours that envelopes are judged by and peers are
// told of. They are immutable and replaced whole.
type settings struct {
	minPoW         float64
	maxMessageSize uint32
	light          bool
	interest       *interest
	tolerated      []tolerated // earlier values that still count for a while
	changed        time.Time   // when interest or minPoW was last changed
	sizeChanged    time.Time   // when maxMessageSize was
}

// tolerated is an earlier setting that peers may not know is gone.
type tolerated struct {
	until    time.Time
	interest *interest // nil: only the proof of work
	minPoW   float64
}

// wants reports whether the topic is in our interest, now or a moment ago.
func (s *settings) wants(t wire.Topic, now time.Time) bool {
	if s.interest.wants(t) {
		return true
	}
	for _, old := range s.tolerated {
		if old.interest != nil && now.Before(old.until) && old.interest.wants(t) {
			return true
		}
	}
	return false
}

// enough reports whether the proof of work reaches what we demand, or
// demanded a moment ago.
func (s *settings) enough(pow float64, now time.Time) bool {
	if pow >= s.minPoW {
		return true
	}
	for _, old := range s.tolerated {
		if now.Before(old.until) && pow >= old.minPoW {
			return true
		}
	}
	return false
}

// maxTolerated bounds how many earlier settings are remembered; when changes
// come faster, the oldest is forgotten.
const maxTolerated = 16

// remember returns the tolerated list with the current values added.
func (s *settings) remember(now time.Time, old *interest) []tolerated {
	list := make([]tolerated, 0, len(s.tolerated)+1)
	for _, t := range s.tolerated {
		if now.Before(t.until) {
			list = append(list, t)
		}
	}
	list = append(list, tolerated{until: now.Add(settingTolerance), interest: old, minPoW: s.minPoW})
	if len(list) > maxTolerated {
		list = list[1:]
	}
	return list
}
