package topdisc

import (
	"errors"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
)

// Failures of a registrar in a row that exclude it, and how many registrars
// are remembered; the one noted first is forgotten first.
const (
	failuresToExclude = 3
	maxHealth         = 1024
)

// Health remembers which registrars failed, for all tables of a node.
type Health struct {
	p     Params
	nodes map[enode.ID]*health
	order []enode.ID
}

type health struct {
	failures int
	until    time.Time
	span     time.Duration // of the last exclusion
}

// NewHealth returns an empty memory.
func NewHealth(p Params) *Health {
	return &Health{p: p.WithDefaults(), nodes: make(map[enode.ID]*health)}
}

// Excluded reports whether a registrar is to be left alone.
func (h *Health) Excluded(id enode.ID, now time.Time) bool {
	n := h.nodes[id]
	return n != nil && now.Before(n.until)
}

// succeeded forgets the failures of a registrar.
func (h *Health) succeeded(id enode.ID) {
	if n := h.nodes[id]; n != nil {
		*n = health{} // its place in order stays
	}
}

// failed notes a failure by its error. A node that does not know the protocol
// will not learn it soon. A refusal is an answer, hence none.
func (h *Health) failed(id enode.ID, err error, now time.Time) {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		h.succeeded(id)
		return
	}
	n := h.nodes[id]
	if n == nil {
		if len(h.order) >= maxHealth {
			delete(h.nodes, h.order[0])
			h.order = h.order[1:]
		}
		n = &health{}
		h.nodes[id] = n
		h.order = append(h.order, id)
	}
	if n.failures++; errors.Is(err, ErrNotCapable) {
		n.failures = failuresToExclude
	}
	if n.failures >= failuresToExclude {
		n.failures = 0
		n.span = min(max(2*n.span, h.p.ExcludeFor), h.p.ExcludeMax)
		n.until = now.Add(n.span)
	}
}
