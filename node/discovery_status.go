package node

import (
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/api"
	"statusd/discovery"
	"statusd/discovery/pool"
	"statusd/discovery/topdisc/runner"
)

// Discover sets how many peers of a topic to look for. Its errors are those of
// pool.Pool.Discover.
func (n *finding) Discover(topic discovery.Topic, l pool.Limits) error {
	if s := n.searching(); s != nil {
		return s.pool.Discover(topic, l)
	}
	if err := pool.Check(topic, l); err != nil {
		return err
	}
	return pool.ErrNotRunning
}

// PeerStatus is the state of the pool.
func (n *finding) PeerStatus() api.PoolStatus {
	out := api.PoolStatus{Topics: []api.PoolTopic{}}
	s := n.searching()
	if s == nil {
		return out
	}
	status := s.pool.Status()
	out.Searching = status.Searching
	for _, t := range status.Topics {
		one := api.PoolTopic{
			Topic: string(t.Topic), Min: t.Min, Max: t.Max, CacheOnly: t.CacheOnly, Mode: api.SearchMode(t.Mode),
			Satisfied: t.Satisfied, Connected: poolNodes(t.Connected), Pending: poolNodes(t.Pending),
			Sources: sourceStates(t.Sources),
		}
		if len(t.Known) > 0 {
			one.Known = poolNodes(t.Known)
		}
		out.Topics = append(out.Topics, one)
	}
	return out
}

func poolNodes(nodes []pool.NodeStatus) []api.PoolNode {
	out := make([]api.PoolNode, len(nodes))
	for i, n := range nodes {
		out[i] = api.PoolNode{
			ID: n.ID, Enode: n.Enode, Source: n.Source, State: api.FoundState(n.State), Seconds: n.Seconds,
			Reason: string(n.Reason),
		}
	}
	return out
}

func sourceStates(sources []pool.SourceStatus) []api.SourceStatus {
	out := make([]api.SourceStatus, len(sources))
	for i, s := range sources {
		out[i] = api.SourceStatus{Source: s.Source, State: api.SourceState(s.State), Error: s.Error}
	}
	return out
}

// OnSignal calls f for each signal of discovery until stop is called. f must
// not block.
func (n *finding) OnSignal(f func(api.EventPayload)) (stop func()) {
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

// DiscoveryStatus returns a picture of the search for peers.
func (n *finding) DiscoveryStatus() api.DiscoveryReport {
	out := api.DiscoveryReport{Sources: []api.SourceStatus{}, Registrations: []api.RegistrationStatus{}}
	if self := n.network.Self(); self != nil {
		out.Record = self.String()
	}
	s := n.searching()
	if s == nil {
		return out
	}
	status := s.pool.Status()
	failing, _ := s.failing(status)
	out.Running, out.Searching, out.Degraded = true, status.Searching, len(failing) > 0
	out.Sources = sourceStates(append(mergeSources(status), s.cannot...))
	for _, r := range s.register {
		one := api.RegistrationStatus{Topic: string(r.topic), By: r.by.Name()}
		if err := r.failure(); err != nil {
			one.Error = err.Error()
		}
		out.Registrations = append(out.Registrations, one)
	}
	if s.endpoint != nil {
		st := api.EndpointStatus(s.endpoint.Status())
		out.Discv5 = &st
		if svc := s.topics.Load(); svc != nil && st.Open {
			out.TopicDiscovery = topicDiscovery(svc.Status())
		}
	}
	if s.rendezvous != nil {
		for _, server := range s.rendezvous.Status() {
			out.Rendezvous = append(out.Rendezvous, api.RendezvousStatus{
				Server: server.Server.String(), Failures: server.Failures, Error: server.Reason,
			})
		}
	}
	return out
}

func topicDiscovery(st runner.Status) *api.TopicDiscoveryStatus {
	out := &api.TopicDiscoveryStatus{
		Registrar: (*api.RegistrarStatus)(st.Registrar), Topics: []api.TopicView{}, Searches: st.Searches,
		Queries: st.Queries, Failures: st.Failures, Found: st.Found, Sent: st.Sent,
	}
	for _, t := range st.Topics {
		view := api.TopicView{
			Topic: string(t.Topic), Registrars: t.Registrars, Verified: t.Verified, Advertising: t.Advertising,
			Active: t.Active, Pending: t.Pending, Buckets: []api.TopicBucket{}, Sent: t.Sent, GivenUp: t.GivenUp,
		}
		for _, b := range t.Buckets {
			view.Buckets = append(view.Buckets, api.TopicBucket(b))
		}
		out.Topics = append(out.Topics, view)
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
func (n *finding) PrunePeers() (int, error) {
	s := n.searching()
	if s == nil {
		return 0, pool.ErrNotRunning
	}
	return s.cache.Prune(n.connected)
}

func (n *finding) connected(id enode.ID) bool { return n.host.PeerConnected(id) }
