package rpc

import "sync"

// seats are a number of things that last, as streams of events do, and that
// several tokens share. One token may have all of them as long as nobody else
// wants any; then the token that has most gives up the one it has had longest.
// So no token keeps others out.
type seats struct {
	max int

	mu    sync.Mutex
	taken int
	held  map[*grant][]*seat // the oldest first; nil: callers without a token
}

// seat is one that is taken.
type seat struct{ end func() }

// take gets a seat for a token, nil for callers without one. It fails if all
// are taken, and no other token has more than this one would have. Each is given
// back by leave. end is called, once at most and not by take's caller, when the
// seat goes to somebody else; it must not block.
func (p *seats) take(g *grant, end func()) (leave func(), ok bool) {
	mine := &seat{end}
	p.mu.Lock()
	var victim *seat
	if p.taken >= p.max {
		richest := most(len(p.held[g])+1, p.held, func(all []*seat) int { return len(all) })
		if richest == nil {
			p.mu.Unlock()
			return nil, false
		}
		victim = p.held[*richest][0]
		p.remove(*richest, victim)
	}
	if p.held == nil {
		p.held = make(map[*grant][]*seat)
	}
	p.held[g] = append(p.held[g], mine)
	p.taken++
	p.mu.Unlock()
	if victim != nil {
		victim.end()
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.remove(g, mine)
	}, true
}

// remove takes a seat out, if it is still there. The caller holds mu.
func (p *seats) remove(g *grant, one *seat) {
	all := p.held[g]
	for i, other := range all {
		if other != one {
			continue
		}
		p.taken--
		if len(all) == 1 {
			delete(p.held, g)
			return
		}
		p.held[g] = append(append(make([]*seat, 0, len(all)-1), all[:i]...), all[i+1:]...)
		return
	}
}

// most returns the token with the largest number, if that is above a limit; nil
// if there is none.
func most[V any](limit int, of map[*grant]V, number func(V) int) *(*grant) {
	var found *(*grant)
	for g, v := range of {
		if n := number(v); n > limit {
			limit, found = n, &g
		}
	}
	return found
}
