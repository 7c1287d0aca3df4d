package node

import (
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/api"
	"statusd/discovery"
	"statusd/discovery/discv5"
	"statusd/discovery/pool"
	"statusd/discovery/topdisc/runner"
)

// Discover sets how many peers of a topic to look for. Its errors are those of
// pool.Pool.Discover.
func (n *Node) Discover(topic discovery.Topic, l pool.Limits) error {
	if s := n.searching(); s != nil {
		return s.pool.Discover(topic, l)
	}
	if err := pool.Check(topic, l); err != nil {
		return err
	}
	return pool.ErrNotRunning
}

// PeerStatus is the state of the pool.
func (n *Node) PeerStatus() *pool.Status {
	if s := n.searching(); s != nil {
		return s.pool.Status()
	}
	return &pool.Status{Topics: []pool.TopicStatus{}}
}

// OnSignal calls f for each signal of discovery until stop is called. f must
// not block.
func (n *Node) OnSignal(f func(api.EventPayload)) (stop func()) {
	if s := n.searching(); s != nil {
		return s.signals.add(f)
	}
	return func() {}
}

// Signal implements pool.Sink: signals go to the node's own and to those who
// listen to discovery alone.
func (s *search) Signal(kind pool.Signal, event any) {
	e := signalOf(kind, event)
	s.node.signals.Emit(e)
	s.signals.tell(e)
}

// signalOf is what a signal of the pool is called outside.
func signalOf(kind pool.Signal, event any) api.EventPayload {
	switch kind {
	case pool.SignalStarted:
		return api.DiscoveryStartedEvent{}
	case pool.SignalStopped:
		return api.DiscoveryStoppedEvent{}
	case pool.SignalSummary:
		peers, _ := event.([]api.PeerInfo) // of poolServer.Summary
		return api.DiscoverySummaryEvent(peers)
	default: // SignalDiscovered
		found, _ := event.(pool.Discovered)
		return api.EnodeDiscoveredEvent{Enode: found.Enode, Topic: string(found.Topic)}
	}
}

// DiscoveryStatus describes how peers are looked for.
type DiscoveryStatus struct {
	Running, Searching, Degraded bool
	Record                       string
	Sources                      []pool.SourceStatus
	Registrations                []RegistrationStatus
	Discv5                       *discv5.Status // nil: not used
	TopicDiscovery               *runner.Status // nil: not open
	Rendezvous                   []RendezvousStatus
}

// RegistrationStatus is a topic that this node is registered under.
type RegistrationStatus struct {
	Topic discovery.Topic
	By    string
	Error string
}

// RendezvousStatus is a rendezvous server.
type RendezvousStatus struct {
	Server   string
	Failures int
	Error    string
}

// DiscoveryStatus returns a picture of the search for peers.
func (n *Node) DiscoveryStatus() DiscoveryStatus {
	out := DiscoveryStatus{Sources: []pool.SourceStatus{}, Registrations: []RegistrationStatus{}}
	if self := n.Self(); self != nil {
		out.Record = self.String()
	}
	s := n.searching()
	if s == nil {
		return out
	}
	status := s.pool.Status()
	failing, _ := s.failing(status)
	out.Running, out.Searching, out.Degraded = true, status.Searching, len(failing) > 0
	out.Sources = append(mergeSources(status), s.cannot...)
	for _, r := range s.register {
		one := RegistrationStatus{Topic: r.topic, By: r.by.Name()}
		if err := r.failure(); err != nil {
			one.Error = err.Error()
		}
		out.Registrations = append(out.Registrations, one)
	}
	if s.endpoint != nil {
		st := s.endpoint.Status()
		out.Discv5 = &st
		if svc := s.topics.Load(); svc != nil && st.Open {
			topics := svc.Status()
			out.TopicDiscovery = &topics
		}
	}
	if s.rendezvous != nil {
		for _, server := range s.rendezvous.Status() {
			out.Rendezvous = append(out.Rendezvous, RendezvousStatus{server.Server.String(), server.Failures, server.Reason})
		}
	}
	return out
}

// mergeSources returns the state of each source over all topics: running for
// one means running.
func mergeSources(status *pool.Status) []pool.SourceStatus {
	rank := map[string]int{"off": 0, "done": 1, "waiting": 2, "running": 3}
	out := []pool.SourceStatus{}
	for _, t := range status.Topics {
		for i, src := range t.Sources {
			if i == len(out) {
				out = append(out, src)
				continue
			}
			if rank[src.State] > rank[out[i].State] {
				out[i].State = src.State
			}
			if src.Error != "" {
				out[i].Error = src.Error
			}
		}
	}
	return out
}

// PrunePeers forgets the peers of earlier runs that are not connected, and
// returns how many.
func (n *Node) PrunePeers() (int, error) {
	s := n.searching()
	if s == nil {
		return 0, pool.ErrNotRunning
	}
	return s.cache.Prune(n.connected)
}

func (n *Node) connected(id enode.ID) bool { return n.host.PeerConnected(id) }
