package pool

import (
	"net/netip"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery"
	"statusd/internal/deadline"
)

// Limits are the numbers of peers of a topic: below Min the pool searches,
// above Max it drops.
type Limits struct{ Min, Max int }

// TopicConfig says what a topic wants.
type TopicConfig struct {
	Limits
	// CacheOnly: nodes have to be got to know rather than stayed connected to
	// (spec 08 section 5.4). The limits are numbers of known nodes then.
	CacheOnly bool
	// Accept tells whether a node may serve the topic; nil: every node may. It
	// must not block.
	Accept func(*enode.Node) bool
}

// How many candidates a topic has beside its peers: at most pendingFactor for
// each peer it wants, and room for a few when it wants none.
const pendingFactor = 2

// Bounds of the peers of one network.
const (
	maxPerSubnet = 2
	subnetBits4  = 24
	subnetBits6  = 48
)

// topic is the state of one topic.
type topic struct {
	name discovery.Topic
	TopicConfig
	candidates map[enode.ID]*candidate
	known      map[enode.ID]*enode.Node // CacheOnly
	search     search
}

// state is where a candidate stands.
type state int

const (
	waiting   state = iota // in the queue
	dialling               // asked for, until the Waku handshake
	connected              // counts
)

// candidate is a node that may serve a topic.
type candidate struct {
	node   *enode.Node
	found  time.Time // the last time
	source string    // that found it last
	state  state
	asked  time.Time // dialling: since
	since  time.Time // connected: since
	ours   bool      // connected: by a dial of the pool
}

func (t *topic) enabled() bool { return t.Max > 0 }

func (t *topic) accepts(n *enode.Node) bool {
	if n.TCP() == 0 || !n.IPAddr().IsValid() && n.Hostname() == "" {
		return false
	}
	return t.Accept == nil || t.Accept(n)
}

// isKnown reports whether a cache-only topic knows a node under this address.
func (t *topic) isKnown(n *enode.Node) bool {
	old := t.known[n.ID()]
	return old != nil && old.IPAddr() == n.IPAddr() && old.TCP() == n.TCP()
}

// trim lets the oldest waiting candidates go, but not the given one. Those of
// a network that has more of them than it may have peers go first: it cannot
// push others out, however many nodes it shows.
func (t *topic) trim(fresh *candidate) {
	for {
		var oldest *candidate
		pending, crowd := 0, t.crowded()
		for _, cand := range t.candidates {
			if cand.state == connected {
				continue
			}
			pending++
			switch {
			case cand.state != waiting || cand == fresh:
			case oldest == nil || crowd[cand] && !crowd[oldest],
				crowd[cand] == crowd[oldest] && cand.found.Before(oldest.found):
				oldest = cand
			}
		}
		if pending <= pendingFactor*t.Max || oldest == nil {
			return
		}
		delete(t.candidates, oldest.node.ID())
	}
}

// crowded returns the candidates of networks with more than maxPerSubnet.
func (t *topic) crowded() map[*candidate]bool {
	members := make(map[netip.Prefix][]*candidate)
	for _, cand := range t.candidates {
		if net, ok := subnet(cand.node.IPAddr()); ok {
			members[net] = append(members[net], cand)
		}
	}
	crowd := make(map[*candidate]bool)
	for _, list := range members {
		for _, cand := range list {
			crowd[cand] = len(list) > maxPerSubnet
		}
	}
	return crowd
}

// count returns the number of peers of a topic, kept ones that serve it
// included; of a cache-only one, that of known nodes.
func (c *core) count(t *topic) int {
	if t.CacheOnly {
		return len(t.known)
	}
	n := 0
	for id, p := range c.peers {
		cand := t.candidates[id]
		if cand != nil && cand.state == connected || p.up && p.info.Kept && slices.Contains(p.info.Serves, t.name) {
			n++
		}
	}
	return n
}

// fill dials as many candidates as are missing. A dial that takes long does
// not hold up the others.
func (c *core) fill(t *topic, now time.Time) {
	for {
		missing := t.Max - c.count(t)
		for _, cand := range t.candidates {
			if cand.state == dialling && now.Sub(cand.asked) < c.times.Patience {
				missing--
			}
		}
		if missing <= 0 {
			return
		}
		cand := c.best(t, now)
		if cand == nil {
			return
		}
		c.dial(t, cand, now)
	}
}

// best returns the candidate to dial: fresh, rested, of a network that is not
// there too often, found last.
func (c *core) best(t *topic, now time.Time) *candidate {
	var best *candidate
	for id, cand := range t.candidates {
		if cand.state != waiting || now.Sub(cand.found) >= c.times.Fresh || now.Before(c.restOf(t, id)) ||
			c.peers[id] != nil || !c.diverse(t, cand.node) {
			continue
		}
		if best == nil || cand.found.After(best.found) ||
			cand.found.Equal(best.found) && id.String() < best.node.ID().String() {
			best = cand
		}
	}
	return best
}

// restOf is until when a node is left alone.
func (c *core) restOf(t *topic, id enode.ID) time.Time {
	r := c.records[id]
	if r == nil {
		return time.Time{}
	}
	if useless := r.useless[t.name]; useless.After(r.rest) {
		return useless
	}
	return r.rest
}

// dial asks for a candidate, unless another topic did already.
func (c *core) dial(t *topic, cand *candidate, now time.Time) {
	already := false
	for _, other := range c.topics {
		if o := other.candidates[cand.node.ID()]; o != nil && o.state == dialling {
			already = true
			cand.asked = o.asked
		}
	}
	cand.state = dialling
	if already {
		return
	}
	cand.asked = now
	c.emit(dialNode{node: cand.node, again: c.records[cand.node.ID()] != nil})
}

// diverse reports whether a node may be added to a topic: of
// one network there are at most two, kept peers not counted, but nodes that a
// cache-only topic knows. Networks that are not routed on the internet are
// exempt.
func (c *core) diverse(topic *topic, node *enode.Node) bool {
	net, ok := subnet(node.IPAddr())
	if !ok {
		return true
	}
	seen := make(map[enode.ID]bool)
	for id, n := range topic.known {
		if other, ok := subnet(n.IPAddr()); ok && other == net && id != node.ID() {
			seen[id] = true
		}
	}
	for _, t := range c.topics {
		for id, cand := range t.candidates {
			if cand.state == waiting {
				continue
			}
			if p := c.peers[id]; p != nil && p.info.Kept {
				continue
			}
			if other, ok := subnet(cand.node.IPAddr()); ok && other == net {
				seen[id] = true
			}
		}
	}
	return len(seen) < maxPerSubnet
}

// subnet returns the network that counts for diversity.
func subnet(ip netip.Addr) (netip.Prefix, bool) {
	ip = ip.Unmap()
	if !ip.IsValid() || ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() {
		return netip.Prefix{}, false
	}
	bits := subnetBits6
	if ip.Is4() {
		bits = subnetBits4
	}
	p, err := ip.Prefix(bits)
	return p, err == nil
}

// dismissSurplus drops the newest peers of a topic that the pool itself
// connected to while there are too many.
func (c *core) dismissSurplus(t *topic, now time.Time) {
	for !t.CacheOnly && c.count(t) > t.Max {
		var newest *candidate
		for id, cand := range t.candidates {
			if p := c.peers[id]; p != nil && p.info.Kept {
				continue
			}
			if cand.state == connected && cand.ours && (newest == nil || !cand.since.Before(newest.since)) {
				newest = cand
			}
		}
		if newest == nil {
			return
		}
		newest.state, newest.ours = waiting, false
		r := c.record(newest.node.ID(), now)
		r.rest, r.reason = now.Add(restLadder()[0]), ReasonSurplus
		c.emit(signal{kind: SignalSummary})
		c.release(newest.node.ID(), ReasonSurplus)
	}
}

// release drops a connection that the pool made once no topic wants it.
func (c *core) release(id enode.ID, reason Reason) {
	if p := c.peers[id]; p != nil && p.info.Kept {
		return
	}
	for _, t := range c.topics {
		if cand := t.candidates[id]; cand != nil && cand.state != waiting {
			return
		}
	}
	c.emit(dropPeer{id, reason})
}

// nextOfCandidates is when a dial gets company or is given up, or a rest that
// somebody waits for ends.
func (c *core) nextOfCandidates(t *topic, now time.Time) time.Time {
	var at time.Time
	missing := c.count(t) < t.Max
	for id, cand := range t.candidates {
		switch cand.state {
		case dialling:
			at = deadline.Earliest(at, cand.asked.Add(c.times.Handshake))
			if patience := cand.asked.Add(c.times.Patience); missing && patience.After(now) {
				at = deadline.Earliest(at, patience)
			}
		case waiting:
			if rest := c.restOf(t, id); missing && rest.After(now) && c.peers[id] == nil {
				at = deadline.Earliest(at, rest)
			}
		}
	}
	return at
}
