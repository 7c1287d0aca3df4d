package pool

import (
	"net/netip"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery"
	"statusd/internal/deadline"
)

// maxRecords bounds the memory of nodes that failed.
const maxRecords = 1024

// core decides. Its inputs are methods with the time as last argument; they
// append to out what is to be done, and next says when tick is due.
type core struct {
	self    enode.ID
	times   Times
	mayStop bool // false: this node serves others, discovery goes on
	sources []sourceState
	topics  []*topic
	peers   map[enode.ID]*peer
	records map[enode.ID]*record
	accused map[blame]bool // failures while nobody was connected
	active  bool           // between discovery.started and discovery.stopped
	stopAt  time.Time      // of discovery; zero: not planned
	runs    int            // number of the latest run of a source
	out     []effect
}

// peer is a connected node, whoever made the connection.
type peer struct {
	conns  int  // above 1 for moments, when events arrive in the wrong order
	up     bool // the Waku handshake is done
	info   Peer
	joined time.Time
}

// record is what is known of a node that failed.
type record struct {
	failures int // in a row
	lost     int // > 0: dials since a stable connection was lost
	rest     time.Time
	useless  map[discovery.Topic]time.Time
	reason   Reason
}

func newCore(self enode.ID, times Times, mayStop bool, sources []sourceState) *core {
	return &core{
		self: self, times: times.withDefaults(), mayStop: mayStop, sources: sources,
		peers: make(map[enode.ID]*peer), records: make(map[enode.ID]*record), accused: make(map[blame]bool),
	}
}

func (c *core) emit(e effect) { c.out = append(c.out, e) }

// take returns the effects so far.
func (c *core) take() []effect {
	out := c.out
	c.out = nil
	return out
}

func (c *core) topic(name discovery.Topic) *topic {
	i := slices.IndexFunc(c.topics, func(t *topic) bool { return t.name == name })
	if i < 0 {
		return nil
	}
	return c.topics[i]
}

// setLimits makes a topic, or changes the limits of one: what is derived from
// them follows, and the search that waited starts.
func (c *core) setLimits(name discovery.Topic, cfg TopicConfig, now time.Time) {
	t := c.topic(name)
	if t == nil {
		t = &topic{name: name, candidates: make(map[enode.ID]*candidate), known: make(map[enode.ID]*enode.Node)}
		t.search.runs = make([]run, len(c.sources))
		c.topics = append(c.topics, t)
	}
	if cfg.Max > t.Max { // whoever was one too many no longer is
		for id := range t.candidates {
			if r := c.records[id]; r != nil && r.reason == ReasonSurplus {
				r.rest = now
			}
		}
	}
	t.TopicConfig = cfg
	t.trim(nil)
	c.dismissSurplus(t, now)
	c.wake(t)
	c.review(now)
}

// restore brings back what an earlier run got to know for a cache-only topic.
func (c *core) restore(name discovery.Topic, nodes []*enode.Node, now time.Time) {
	t := c.topic(name)
	for _, n := range nodes {
		if t.CacheOnly && t.accepts(n) && len(t.known) < t.Max {
			t.known[n.ID()] = n
			c.emit(known{name, n})
		}
	}
	c.review(now)
}

// kick makes every topic search again without further waiting: the network
// changed, or somebody asked for it.
func (c *core) kick(now time.Time) {
	for _, t := range c.topics {
		c.wake(t)
	}
	for id, r := range c.records {
		if len(r.useless) == 0 {
			delete(c.records, id)
		} else {
			r.failures, r.lost, r.rest = 0, 0, time.Time{}
		}
	}
	c.review(now)
}

func (c *core) wake(t *topic) {
	t.search.attempt, t.search.retry, t.search.passed = 0, time.Time{}, false
	for i := range t.search.runs {
		if r := &t.search.runs[i]; r.state == runResting {
			r.at = time.Time{}
		}
	}
}

// found takes a node that a source found.
func (c *core) found(name discovery.Topic, n *enode.Node, source string, now time.Time) {
	t := c.topic(name)
	if t == nil || n.ID() == c.self || !t.accepts(n) || t.isKnown(n) || !t.enabled() {
		return
	}
	cand := t.candidates[n.ID()]
	if cand == nil {
		cand = &candidate{node: n}
		t.candidates[n.ID()] = cand
		cand.found = now
		t.trim(cand)
	}
	if n.Seq() >= cand.node.Seq() {
		cand.node = n
	}
	cand.found, cand.source = now, source
	if p := c.peers[n.ID()]; p != nil && p.up && cand.state == waiting && !slices.Contains(p.info.Lacks, name) {
		c.adopt(t, cand, now)
	}
	c.review(now)
}

// refresh replaces the record of a node.
func (c *core) refresh(n *enode.Node) {
	for _, t := range c.topics {
		if cand := t.candidates[n.ID()]; cand != nil && n.Seq() >= cand.node.Seq() {
			cand.node = n
		}
	}
}

// adopt counts a node that is connected already and was found for a topic: the
// choice of this side makes it a peer of the topic, whoever dialled.
func (c *core) adopt(t *topic, cand *candidate, now time.Time) {
	switch {
	case !c.peers[cand.node.ID()].info.Kept && !c.diverse(t, cand.node):
	case t.CacheOnly:
		c.gotToKnow(t, cand)
	case c.count(t) < t.Max:
		c.join(t, cand, now)
	}
}

func (c *core) join(t *topic, cand *candidate, now time.Time) {
	cand.state, cand.since = connected, now
	c.emit(remember{t.name, cand.node})
	c.emit(signal{kind: SignalSummary})
}

// gotToKnow ends the way of a candidate of a cache-only topic.
func (c *core) gotToKnow(t *topic, cand *candidate) {
	delete(t.candidates, cand.node.ID())
	if len(t.known) >= t.Max && t.known[cand.node.ID()] == nil {
		return
	}
	t.known[cand.node.ID()] = cand.node
	c.emit(remember{t.name, cand.node})
	c.emit(known{t.name, cand.node})
	c.emit(signal{kind: SignalDiscovered, topic: t.name, node: cand.node})
}

// doubt forgets a node that a cache-only topic knew, because it does not
// answer, and looks for others.
func (c *core) doubt(name discovery.Topic, id enode.ID, now time.Time) {
	t := c.topic(name)
	if t == nil || t.known[id] == nil {
		return
	}
	delete(t.known, id)
	r := c.record(id, now)
	r.reason, r.rest = ReasonSilent, now.Add(restLadder()[len(restLadder())-1])
	c.blame(t, id)
	t.search.passed = false
	c.review(now)
}

// connected notes a connection before its Waku handshake.
func (c *core) connected(id enode.ID, now time.Time) {
	p := c.peers[id]
	if p == nil {
		p = &peer{joined: now}
		c.peers[id] = p
	}
	p.conns++
}

// up notes that a peer finished the Waku handshake, or says anew what it is.
func (c *core) up(info Peer, now time.Time) {
	p := c.peers[info.ID]
	if p == nil {
		p = &peer{conns: 1}
		c.peers[info.ID] = p
	}
	p.up, p.info, p.joined = true, info, now
	c.accuse(info.ID)
	visit := false // it need not stay
	for _, t := range c.topics {
		cand := t.candidates[info.ID]
		switch {
		case cand == nil:
		case slices.Contains(info.Lacks, t.name):
			// Also one that serves no longer, as far as it says: one that came by itself may stay.
			visit = visit || cand.state == dialling || cand.ours
			cand.state, cand.ours = waiting, false
			c.failed(t, cand, ReasonUseless, now)
		case cand.state == dialling && t.CacheOnly:
			visit = true
			c.gotToKnow(t, cand)
		case cand.state == dialling:
			cand.ours = true
			c.join(t, cand, now)
			c.dismissSurplus(t, now)
		case cand.state == waiting:
			c.adopt(t, cand, now)
		}
	}
	if visit {
		c.release(info.ID, ReasonKnown)
	}
	c.review(now)
}

// keep notes that somebody else asked for a connected node, or no longer does.
func (c *core) keep(id enode.ID, kept bool, now time.Time) {
	if p := c.peers[id]; p != nil {
		p.info.Kept = kept
	}
	c.review(now)
}

// dialled notes the end of a dial.
func (c *core) dialled(id enode.ID, ok bool, reason Reason, now time.Time) {
	p := c.peers[id]
	for _, t := range c.topics {
		cand := t.candidates[id]
		if cand == nil || cand.state != dialling {
			continue
		}
		switch {
		case p != nil && p.up && !slices.Contains(p.info.Lacks, t.name): // it came by itself at the same moment
			cand.state = waiting
			c.adopt(t, cand, now)
		case reason == ReasonAlready: // its events are on their way
			cand.state = waiting
			c.record(id, now).rest = now.Add(lostLadder()[0])
		case !ok:
			cand.state = waiting
			c.failed(t, cand, reason, now)
		}
	}
	c.review(now)
}

// dropped notes the end of a connection.
func (c *core) dropped(id enode.ID, reason Reason, now time.Time) {
	p := c.peers[id]
	if p == nil {
		return
	}
	if p.conns--; p.conns > 0 {
		return
	}
	delete(c.peers, id)
	gone := false
	for _, t := range c.topics {
		cand := t.candidates[id]
		switch {
		case cand == nil || cand.state == waiting: // not ours, or dismissed
		case cand.state == dialling:
			cand.state = waiting
			gone = true
			c.failed(t, cand, reason, now)
		default:
			cand.state = waiting
			gone = true
			c.lost(t, cand, reason, now)
			c.emit(signal{kind: SignalSummary})
		}
	}
	if gone { // its privileges go too
		c.emit(dropPeer{id, reason})
	}
	c.review(now)
}

// failed notes that no peer came of a dial.
func (c *core) failed(t *topic, cand *candidate, reason Reason, now time.Time) {
	r := c.record(cand.node.ID(), now)
	r.reason = reason
	if reason == ReasonUseless {
		r.useless[t.name] = now.Add(c.times.Useless)
	} else if lost := lostLadder(); r.lost > 0 && r.lost < len(lost) {
		r.rest = now.Add(lost[r.lost])
		r.lost++
	} else {
		ladder := restLadder()
		r.rest = now.Add(ladder[min(r.failures, len(ladder)-1)])
		r.failures++
	}
	c.blame(t, cand.node.ID())
}

// blame has the cache count a failure. While this node is connected to nobody,
// its own network may be the cause: then a node is accused, once however often
// it fails, and the cache hears of it when somebody else turns out to be
// reachable.
func (c *core) blame(t *topic, id enode.ID) {
	b := blame{t.name, id}
	switch {
	case c.online():
		c.emit(b)
	case len(c.accused) < maxRecords:
		c.accused[b] = true
	}
}

func (c *core) accuse(up enode.ID) {
	for b := range c.accused {
		if b.id != up {
			c.emit(b)
		}
	}
	clear(c.accused)
}

// lost notes the end of a peer's connection.
func (c *core) lost(t *topic, cand *candidate, reason Reason, now time.Time) {
	if now.Sub(cand.since) < c.times.Stable || reason == ReasonUseless {
		c.failed(t, cand, reason, now)
		return
	}
	r := c.record(cand.node.ID(), now)
	r.failures, r.lost, r.reason = 0, 1, ReasonLost
	r.rest = now.Add(lostLadder()[0])
}

// online tells whether anybody at all is connected.
func (c *core) online() bool {
	for _, p := range c.peers {
		if p.up {
			return true
		}
	}
	return false
}

// record returns what is known of a node's failures, making room for it.
func (c *core) record(id enode.ID, now time.Time) *record {
	if r := c.records[id]; r != nil {
		return r
	}
	if len(c.records) >= maxRecords {
		var oldest enode.ID
		var at time.Time
		for id, r := range c.records {
			if at.IsZero() || r.rest.Before(at) {
				oldest, at = id, r.rest
			}
		}
		delete(c.records, oldest)
	}
	r := &record{rest: now, useless: make(map[discovery.Topic]time.Time)}
	c.records[id] = r
	return r
}

// tick does what is due.
func (c *core) tick(now time.Time) { c.review(now) }

// review brings every topic nearer to its limits. It follows every input.
func (c *core) review(now time.Time) {
	c.expire(now)
	searching := false
	for _, t := range c.topics {
		c.fill(t, now)
		c.steer(t, now)
		searching = searching || t.search.on
	}
	switch {
	case searching:
		c.stopAt = time.Time{}
		if !c.active {
			c.active = true
			c.emit(signal{kind: SignalStarted})
		}
	case !c.active || !c.mayStop:
	case c.stopAt.IsZero():
		c.stopAt = now.Add(c.times.StopDelay)
	}
	if !c.stopAt.IsZero() && !now.Before(c.stopAt) {
		c.active, c.stopAt = false, time.Time{}
		c.emit(idle{})
		c.emit(signal{kind: SignalStopped})
	}
}

// expire ends dials of which nothing came.
func (c *core) expire(now time.Time) {
	for _, t := range c.topics {
		for id, cand := range t.candidates {
			if cand.state == dialling && now.Sub(cand.asked) >= c.times.Handshake {
				cand.state = waiting
				c.failed(t, cand, ReasonSlow, now)
				c.release(id, ReasonSlow)
			}
		}
	}
}

// next is when tick is due, zero when only an event can change something.
func (c *core) next(now time.Time) time.Time {
	at := c.stopAt
	for _, t := range c.topics {
		at = deadline.Earliest(at, c.nextOfSearch(t))
		at = deadline.Earliest(at, c.nextOfCandidates(t, now))
	}
	return at
}

// Peer is a connected peer as the pool hears of it.
type Peer struct {
	ID enode.ID
	IP netip.Addr
	// Kept: somebody else asked for it, the pool never drops it.
	Kept bool
	// Serves are the topics that it serves, Lacks those that it does not, as far
	// as its handshake tells.
	Serves, Lacks []discovery.Topic
}
