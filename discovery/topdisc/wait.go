package topdisc

import "math"

// waiting is a waiting time in milliseconds by its three summands, so that
// each keeps its own lower bound.
type waiting struct{ service, address, safety float64 }

func (w waiting) total() float64 { return w.service + w.address + w.safety }

// wait computes the waiting time of an advertiser whose service has perService
// of the cached advertisements and whose address scores score. At full
// capacity it is infinite (spec 08 section 2.5).
func (p *Params) wait(cached, perService int, score float64) waiting {
	base := float64(p.Lifetime.Microseconds()) / 1000 *
		math.Pow(1-float64(cached)/float64(p.Capacity), -p.OccupancyExponent)
	whole := p.Capacity
	if p.Similarity == Cache {
		whole = cached
	}
	similarity := 0.0
	if cached > 0 {
		similarity = float64(perService) / float64(whole)
	}
	if cached >= p.Capacity {
		return waiting{safety: math.Inf(1)}
	}
	return waiting{service: base * similarity, address: base * score, safety: base * p.Safety}
}

// bound keeps waiting times from falling faster than time passes, so that
// coming again gains nothing (spec 08 section 2.7).
type bound struct{ wait, at float64 } // milliseconds

// raise returns w or, when that is longer, what is left of the bound.
func (b *bound) raise(w, now float64) float64 {
	left := max(0, b.wait-(now-b.at))
	if w < left {
		return left
	}
	b.wait, b.at = w, now
	return w
}
