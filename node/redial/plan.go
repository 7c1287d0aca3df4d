package redial

import (
	"math/rand/v2"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/deadline"
)

// The pauses between dials.
const (
	// quick bounds the pause before the first dial after a stable connection
	// ended, so that the peers of a restarted relay do not come all at once.
	quick = 200 * time.Millisecond
	// FirstPause follows the first failure.
	FirstPause = time.Second
	// MaxPause bounds the pause, jitter included.
	MaxPause = 30 * time.Second
	// growth multiplies the pause with each failure.
	growth = 1.5
	// jitter is the share by which a pause is longer or shorter.
	jitter = 0.25
	// stable is how long a connection must have lasted for its end not to
	// count as a failure.
	stable = 10 * time.Second
)

// target is one node to stay connected to.
type target struct {
	node     *enode.Node
	dialling bool
	conns    int       // connections that events told of; above 1 for moments
	since    time.Time // of the latest connection
	failures int       // in a row
	next     time.Time // of the next dial, while not connected and not dialling
}

func (t *target) idle() bool { return t.conns == 0 && !t.dialling }

// plan decides when which target is dialled. It owns no clock: methods get
// the time.
type plan struct {
	targets map[enode.ID]*target
	conns   map[enode.ID]int // of nodes that are no target
	rand    *rand.Rand
}

func newPlan(r *rand.Rand) *plan {
	return &plan{targets: make(map[enode.ID]*target), conns: make(map[enode.ID]int), rand: r}
}

// add makes n a target, dialled at once. A known target gets the new address
// and is tried again without waiting.
func (p *plan) add(n *enode.Node, now time.Time) {
	t := p.targets[n.ID()]
	if t == nil {
		t = &target{conns: p.conns[n.ID()], since: now}
		p.targets[n.ID()] = t
	}
	t.node, t.failures, t.next = n, 0, now
}

// remove forgets a target. A dial in progress is not stopped.
func (p *plan) remove(id enode.ID) bool {
	t := p.targets[id]
	if t == nil {
		return false
	}
	if t.conns > 0 {
		p.conns[id] = t.conns
	}
	delete(p.targets, id)
	return true
}

// connected notes a new connection, whichever side dialled.
func (p *plan) connected(id enode.ID, now time.Time) {
	t := p.targets[id]
	if t == nil {
		p.conns[id]++
		return
	}
	t.conns++
	t.since = now
}

// dropped notes the end of a connection. When the peer came back before the
// server told of the end of its old connection, both events arrive in the
// wrong order; that is why connections are counted.
func (p *plan) dropped(id enode.ID, now time.Time) {
	t := p.targets[id]
	if t == nil {
		if p.conns[id]--; p.conns[id] <= 0 {
			delete(p.conns, id)
		}
		return
	}
	if t.conns > 0 {
		t.conns--
	}
	if t.conns > 0 {
		return
	}
	if now.Sub(t.since) >= stable {
		t.failures = 0
	} else {
		t.failures++
	}
	t.next = now.Add(p.pause(t.failures))
}

// dialled notes the end of a dial. A success counts as a connection only when
// its event comes; until then the next dial is planned as after a failure.
func (p *plan) dialled(id enode.ID, ok bool, now time.Time) {
	t := p.targets[id]
	if t == nil || !t.dialling {
		return
	}
	t.dialling = false
	if t.conns > 0 {
		return
	}
	if !ok {
		t.failures++
	}
	t.next = now.Add(max(p.pause(t.failures), p.pause(1)))
}

// due returns the targets to dial now and marks them as being dialled.
func (p *plan) due(now time.Time) []*enode.Node {
	var nodes []*enode.Node
	for _, t := range p.targets {
		if t.idle() && !t.next.After(now) {
			t.dialling = true
			nodes = append(nodes, t.node)
		}
	}
	return nodes
}

// next returns when due has something to return, zero when only an event can
// bring that about.
func (p *plan) next() time.Time {
	var at time.Time
	for _, t := range p.targets {
		if t.idle() {
			at = deadline.Earliest(at, t.next)
		}
	}
	return at
}

// pause is the time to wait after a number of failures.
func (p *plan) pause(failures int) time.Duration {
	if failures == 0 {
		return time.Duration(p.rand.Int64N(int64(quick)))
	}
	d := float64(FirstPause)
	for i := 1; i < failures && d < float64(MaxPause); i++ {
		d *= growth
	}
	d *= 1 - jitter + 2*jitter*p.rand.Float64()
	return min(time.Duration(d), MaxPause)
}
