package rendezvous

import (
	"math/rand/v2"
	"slices"
	"time"

	"statusd/internal/deadline"
)

// The pace of a client (spec 08 section 3.2).
const (
	// keepAt is at how many servers a record is registered.
	keepAt = 3
	// RegisterTTL is what registrations ask for.
	RegisterTTL = MaxTTL
	// renewal is when a registration is renewed: after half its TTL, and
	// earlier by up to renewalJitter, so that the connection is used again
	// before the server's Patience ends.
	renewal       = RegisterTTL / 2
	renewalJitter = 2 * time.Second
	// The rest of a server after a failure begins with firstRest and doubles
	// to maxRest.
	firstRest = 5 * time.Second
	maxRest   = 5 * time.Minute
	// relearn is how often servers are asked again for an address that is known
	// from them alone.
	relearn = 5 * time.Minute
	// After a first round over all servers a search asks one server at a time,
	// in turn, with pauses that grow from firstPause by half to maxPause.
	firstPause = 3 * time.Second
	maxPause   = 30 * time.Second
)

// serverState is what a client knows of one server.
type serverState struct {
	failures int       // in a row
	rests    time.Time // left alone until then
	answered time.Time // last answer; zero: none yet
	reason   string    // of the last failure
}

// fleet is what a client knows of its servers, by their index. It owns no
// clock: methods get the time.
type fleet struct {
	states []serverState
	next   int // whose turn it is to be asked
}

// newFleet describes n servers. first is the one that is asked first; it
// differs between clients, so that they do not all use the same ones.
func newFleet(n, first int) *fleet { return &fleet{states: make([]serverState, n), next: first} }

// ready reports whether a server may be used.
func (f *fleet) ready(i int, now time.Time) bool { return !f.states[i].rests.After(now) }

// succeeded notes an answer.
func (f *fleet) succeeded(i int, now time.Time) {
	f.states[i] = serverState{answered: now}
}

// failed notes that a server was not reached or did not answer as it should.
// Failures of requests that ran at the same time count once.
func (f *fleet) failed(i int, reason string, now time.Time) {
	s := &f.states[i]
	s.reason = reason
	if s.rests.After(now) {
		return
	}
	rest := maxRest
	if s.failures < 6 { // beyond, doubling would pass the bound
		rest = min(firstRest<<s.failures, maxRest)
	}
	s.failures++
	s.rests = now.Add(rest)
}

// turn returns the next ready server, -1: all rest.
func (f *fleet) turn(now time.Time) int {
	for range f.states {
		i := f.next
		f.next = (f.next + 1) % len(f.states)
		if f.ready(i, now) {
			return i
		}
	}
	return -1
}

// round returns all ready servers.
func (f *fleet) round(now time.Time) []int {
	var all []int
	for i := range f.states {
		if f.ready(i, now) {
			all = append(all, i)
		}
	}
	return all
}

// wakes returns when the first resting server is ready again, zero when none
// rests.
func (f *fleet) wakes(now time.Time) time.Time {
	var at time.Time
	for _, s := range f.states {
		if s.rests.After(now) {
			at = deadline.Earliest(at, s.rests)
		}
	}
	return at
}

// slot is one place where a record is registered.
type slot struct {
	server int
	due    time.Time // next registration
}

// placement says where one topic is registered and when again. The servers
// stay the same until one fails.
type placement struct {
	fleet *fleet
	slots []slot
	rand  *rand.Rand
}

func newPlacement(f *fleet, first int, now time.Time, r *rand.Rand) *placement {
	p := &placement{fleet: f, rand: r}
	for i := range min(len(f.states), keepAt) {
		p.slots = append(p.slots, slot{server: (first + i) % len(f.states), due: now})
	}
	return p
}

// due returns the slots whose time has come. A slot whose server rests moves
// to one that does not, or waits.
func (p *placement) due(now time.Time) []int {
	var out []int
	for i := range p.slots {
		if p.slots[i].due.After(now) {
			continue
		}
		if p.place(i, now) {
			out = append(out, i)
		}
	}
	return out
}

// place finds a ready server for a slot.
func (p *placement) place(i int, now time.Time) bool {
	s := &p.slots[i]
	if p.fleet.ready(s.server, now) {
		return true
	}
	for step := range p.fleet.states {
		other := (s.server + 1 + step) % len(p.fleet.states)
		held := slices.ContainsFunc(p.slots, func(o slot) bool { return o.server == other })
		if !held && p.fleet.ready(other, now) {
			s.server = other
			return true
		}
	}
	s.due = p.fleet.wakes(now)
	return false
}

// renewed plans the next registration of a slot.
func (p *placement) renewed(i int, now time.Time) {
	p.slots[i].due = now.Add(renewal - time.Duration(p.rand.Int64N(int64(renewalJitter))))
}

// failed has a slot tried again at once, elsewhere if its server rests now.
func (p *placement) failed(i int, now time.Time) { p.slots[i].due = now }

// postpone has all slots wait: there is nothing to register yet.
func (p *placement) postpone(now time.Time) {
	for i := range p.slots {
		p.slots[i].due = now.Add(renewal)
	}
}

// next returns when due has something to return.
func (p *placement) next() time.Time {
	var at time.Time
	for _, s := range p.slots {
		at = deadline.Earliest(at, s.due)
	}
	return at
}
