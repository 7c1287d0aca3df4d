package pool

import (
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery"
)

// Status is a picture of a pool.
type Status struct {
	// Searching is true between discovery.started and discovery.stopped.
	Searching bool
	Topics    []TopicStatus
}

// TopicStatus is a picture of one topic.
type TopicStatus struct {
	Topic     discovery.Topic
	Min       int
	Max       int
	CacheOnly bool   // the limits are numbers of known nodes
	Mode      string // fast or slow while it searches, else off
	// Satisfied: it has what it needs.
	Satisfied bool
	Connected []NodeStatus
	Pending   []NodeStatus
	Known     []NodeStatus
	Sources   []SourceStatus
}

// NodeStatus is a node in the view of one topic.
type NodeStatus struct {
	ID     string // 64 hex digits
	Enode  string // where it is dialled; empty: unknown
	Source string // that found it: "kept" for one that others asked for
	State  string // connected, dialling, queued, resting or known
	// Seconds it is connected, or will rest for.
	Seconds int64
	Reason  Reason // of its rest
}

// SourceStatus is a source in the view of one topic.
type SourceStatus struct {
	Source string
	State  string // off, waiting, running or done
	Error  string
}

// kept is the source of peers that the pool did not find.
const kept = "kept"

func (c *core) status(now time.Time) *Status {
	out := &Status{Searching: c.active, Topics: []TopicStatus{}}
	for _, t := range c.topics {
		out.Topics = append(out.Topics, c.topicStatus(t, now))
	}
	return out
}

func (c *core) topicStatus(t *topic, now time.Time) TopicStatus {
	s := TopicStatus{
		Topic: t.name, Min: t.Min, Max: t.Max, CacheOnly: t.CacheOnly, Mode: "off", Satisfied: !c.need(t),
		Connected: []NodeStatus{}, Pending: []NodeStatus{}, Sources: c.sourceStatus(t),
	}
	if t.search.on {
		s.Mode = "slow"
		if c.fast(t, now) {
			s.Mode = "fast"
		}
	}
	for id, cand := range t.candidates {
		n := NodeStatus{ID: id.String(), Enode: cand.node.URLv4(), Source: cand.source}
		switch rest := c.restOf(t, id); {
		case cand.state == connected:
			n.State, n.Seconds = "connected", int64(now.Sub(cand.since).Seconds())
			s.Connected = append(s.Connected, n)
			continue
		case cand.state == dialling:
			n.State = "dialling"
		case rest.After(now):
			n.State, n.Seconds, n.Reason = "resting", int64(rest.Sub(now).Seconds()+1), c.records[id].reason
		default:
			n.State = "queued"
		}
		s.Pending = append(s.Pending, n)
	}
	for id, p := range c.peers {
		if cand := t.candidates[id]; cand != nil && cand.state == connected {
			continue
		}
		if p.up && p.info.Kept && slices.Contains(p.info.Serves, t.name) {
			s.Connected = append(s.Connected, NodeStatus{
				ID: id.String(), Source: kept, State: "connected", Seconds: int64(now.Sub(p.joined).Seconds()),
			})
		}
	}
	for id, n := range t.known {
		s.Known = append(s.Known, NodeStatus{ID: id.String(), Enode: n.URLv4(), State: "known"})
	}
	for _, list := range [][]NodeStatus{s.Connected, s.Pending, s.Known} {
		slices.SortFunc(list, func(a, b NodeStatus) int { return strings.Compare(a.ID, b.ID) })
	}
	return s
}

func (c *core) sourceStatus(t *topic) []SourceStatus {
	out := make([]SourceStatus, len(c.sources))
	for i, src := range c.sources {
		r := &t.search.runs[i]
		out[i] = SourceStatus{Source: src.name, State: "off"}
		if r.err != nil {
			out[i].Error = r.err.Error()
		}
		if !t.search.on {
			continue
		}
		switch r.state {
		case runGoing:
			out[i].State = "running"
		case runPending, runResting:
			out[i].State = "waiting"
		case runOver:
			out[i].State = "done"
		}
	}
	return out
}

// Failing lists the sources that failed when they were used last, with their
// errors, in their order.
func (s *Status) Failing() []SourceStatus {
	var out []SourceStatus
	for _, t := range s.Topics {
		for _, src := range t.Sources {
			same := func(o SourceStatus) bool { return o.Source == src.Source }
			if src.Error != "" && !slices.ContainsFunc(out, same) {
				out = append(out, src)
			}
		}
	}
	return out
}

// Holds reports whether a node is a peer of a topic by the pool's choice.
func (s *Status) Holds(id enode.ID) bool {
	for _, t := range s.Topics {
		for _, n := range t.Connected {
			if n.ID == id.String() && n.Source != kept {
				return true
			}
		}
	}
	return false
}
