package clock

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// What peers bring tells the time: an envelope that is under way was sent a
// moment ago. One envelope proves little, since anybody can date one as he
// likes, relays take it up to 20 s ahead, and old ones are passed on as well.
// So a peer is believed for the median of what it brought first, envelopes that
// several bring count once, the word of a network counts once however many
// peers it has, and it takes a majority of networks. That suffices to diagnose.
// To correct takes more: see Clock.Witness.
const (
	// Agreement is how far the times of peers that agree may be apart.
	Agreement = 5 * time.Second
	// Doubt is the error from which on the clock counts as wrong.
	Doubt = 10 * time.Second
	// CorrectFrom and CorrectUpTo bound the errors that are corrected by the word
	// of peers. Below the first peers take what we send, and anybody could make
	// honest relays say so, by dating envelopes ahead.
	CorrectFrom = 20 * time.Second
	CorrectUpTo = 120 * time.Second
	// CorrectGroups is how many networks have to agree for that.
	CorrectGroups = 3

	// window is how long what a peer brought counts; serversLast is how long the
	// word of time servers goes first.
	window      = 10 * time.Minute
	serversLast = 6 * time.Hour

	// refusalsOf is how many envelopes a peer has to refuse for their time.
	refusalsOf = 2

	maxWitnesses = 256
	maxSamples   = 16
	maxHashes    = 2048 // in each of two generations

	// staleFrom is the age from which on envelopes may be what a peer had
	// gathered, and not under way: they count once a second, and only when they
	// came over more than a burst.
	staleFrom  = 5 * time.Second
	staleGap   = time.Second
	staleCount = 3
	staleSpan  = 5 * time.Second

	// maxStep is how far the machine's clock may move against the time that
	// passes until it counts as set.
	maxStep = 2 * time.Second
)

// Sample is an envelope that a peer brought.
type Sample struct {
	Hash    [32]byte
	Sent    time.Time // in whole seconds
	Peer    [32]byte
	Addr    netip.Addr
	Dialled bool // by us
}

// testimony is what one peer brought.
type testimony struct {
	group   netip.Prefix
	dialled bool
	list    []observation // oldest first
}

type observation struct {
	at     time.Time // with the monotonic clock
	offset time.Duration
}

// Opinion is what the majority of peers say.
type Opinion struct {
	Known   bool          // there is a majority
	Offset  time.Duration // network time minus the machine's
	Peers   int           // who say so
	Groups  int           // their networks: /16, or /32 of IPv6
	Dialled bool          // we dialled one of them
	// Refusing is how many peers lately refused what we sent for its time.
	Refusing int
}

// witness gathers samples. Its fields are guarded by Clock.mu.
type witness struct {
	peers        map[[32]byte]*testimony
	seen, before map[[32]byte]struct{}
	refusals     map[[32]byte]refusals // by peer
}

// refusals are the latest envelopes of ours that a peer refused for their time.
type refusals struct {
	count int
	last  time.Time
	hash  [32]byte
}

func newWitness() witness {
	return witness{
		peers: make(map[[32]byte]*testimony), seen: make(map[[32]byte]struct{}), refusals: make(map[[32]byte]refusals),
	}
}

// refuse notes that a peer refused an envelope of ours for its time.
func (w *witness) refuse(peer, hash [32]byte, now time.Time) {
	r, known := w.refusals[peer]
	if !known && len(w.refusals) >= maxWitnesses {
		clear(w.refusals)
	}
	if now.Sub(r.last) > window {
		r.count = 0
	}
	if r.count == 0 || r.hash != hash {
		r.count++
	}
	r.last, r.hash = now, hash
	w.refusals[peer] = r
}

// refusing counts the peers that refuse what we send.
func (w *witness) refusing(now time.Time) (n int) {
	for _, r := range w.refusals {
		if r.count >= refusalsOf && now.Sub(r.last) <= window {
			n++
		}
	}
	return n
}

// fresh notes a hash and reports whether it was not known.
func (w *witness) fresh(hash [32]byte) bool {
	if _, ok := w.seen[hash]; ok {
		return false
	}
	if _, ok := w.before[hash]; ok {
		return false
	}
	if len(w.seen) >= maxHashes {
		w.before, w.seen = w.seen, make(map[[32]byte]struct{})
	}
	w.seen[hash] = struct{}{}
	return true
}

// add takes a sample at a time of the machine.
func (w *witness) add(s Sample, now time.Time) {
	if !w.fresh(s.Hash) {
		return
	}
	t := w.peers[s.Peer]
	if t == nil {
		if len(w.peers) >= maxWitnesses {
			w.forgetOldest()
		}
		t = &testimony{group: groupOf(s.Addr), dialled: s.Dialled}
		w.peers[s.Peer] = t
	}
	o := observation{now, s.Sent.Add(time.Second / 2).Sub(now.Round(0))}
	if n := len(t.list); n > 0 && o.offset < -staleFrom && now.Sub(t.list[n-1].at) < staleGap {
		t.list[n-1].offset = max(t.list[n-1].offset, o.offset)
		return
	}
	if len(t.list) >= maxSamples {
		t.list = slices.Delete(t.list, 0, 1)
	}
	t.list = append(t.list, o)
}

func (w *witness) forgetOldest() {
	var oldest [32]byte
	var at time.Time
	for id, t := range w.peers {
		if last := t.list[len(t.list)-1].at; at.IsZero() || last.Before(at) {
			oldest, at = id, last
		}
	}
	delete(w.peers, oldest)
}

// estimate returns the time that a peer tells.
func (t *testimony) estimate(now time.Time) (time.Duration, bool) {
	var list []time.Duration
	var first, last time.Time
	for _, o := range t.list {
		if now.Sub(o.at) > window {
			continue
		}
		if first.IsZero() {
			first = o.at
		}
		last = o.at
		list = append(list, o.offset)
	}
	if len(list) < 2 {
		return 0, false
	}
	middle := median(list)
	if middle < -staleFrom && (len(list) < staleCount || last.Sub(first) < staleSpan) {
		return 0, false
	}
	return middle, true
}

// voice is what one network says.
type voice struct {
	offset  time.Duration
	peers   int
	dialled bool
}

// opinion returns what the majority says.
func (w *witness) opinion(now time.Time) Opinion {
	groups := make(map[netip.Prefix][]time.Duration)
	dialled := make(map[netip.Prefix]bool)
	for _, t := range w.peers {
		if offset, ok := t.estimate(now); ok {
			groups[t.group] = append(groups[t.group], offset)
			dialled[t.group] = dialled[t.group] || t.dialled
		}
	}
	voices := make([]voice, 0, len(groups))
	for g, list := range groups {
		voices = append(voices, voice{median(list), len(list), dialled[g]})
	}
	slices.SortFunc(voices, func(a, b voice) int { return cmp.Compare(a.offset, b.offset) })
	var best []voice
	for i := range voices {
		j := i
		for j < len(voices) && voices[j].offset-voices[i].offset <= Agreement {
			j++
		}
		if j-i > len(best) {
			best = voices[i:j]
		}
	}
	o := Opinion{Known: 2*len(best) > len(voices), Groups: len(best), Refusing: w.refusing(now)}
	if !o.Known {
		return Opinion{Refusing: o.Refusing}
	}
	for _, v := range best {
		o.Peers += v.peers
		o.Dialled = o.Dialled || v.dialled
	}
	o.Offset = best[len(best)/2].offset
	return o
}

// groupOf returns the network that an address counts for.
func groupOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 16
	if a.Is6() {
		bits = 32
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // unknown addresses are one network
	}
	return p
}
