package rpc

import (
	"context"
	"errors"

	"statusd/api"
	"statusd/discovery"
	"statusd/discovery/discv5"
	"statusd/discovery/pool"
	"statusd/discovery/topdisc/runner"
)

// Discovery is the search for peers as its methods use it.
type Discovery interface {
	// Discover sets the limits of a topic. Its errors are those of
	// pool.Pool.Discover.
	Discover(discovery.Topic, pool.Limits) error
	PeerStatus() *pool.Status
	DiscoveryStatus() DiscoveryStatus
	// PrunePeers forgets peers of earlier runs and returns how many.
	PrunePeers() (int, error)
	// OnSignal calls f for each signal until stop is called. f must not block.
	OnSignal(f func(api.EventPayload)) (stop func())
}

// DiscoveryStatus describes how peers are looked for (discovery_status).
type DiscoveryStatus struct {
	Running   bool `json:"running"`   // there is a pool
	Searching bool `json:"searching"` // a source searches, or has just ended
	Degraded  bool `json:"degraded"`  // a source fails, or a registration
	// Record is the own node record.
	Record        string               `json:"record"`
	Sources       []pool.SourceStatus  `json:"sources"`
	Registrations []RegistrationStatus `json:"registrations"`
	// Discv5 is the UDP endpoint; absent: discv5 is not used.
	Discv5 *discv5.Status `json:"discv5,omitempty"`
	// TopicDiscovery is the topic discovery on it, while it is open.
	TopicDiscovery *runner.Status     `json:"topicDiscovery,omitempty"`
	Rendezvous     []RendezvousStatus `json:"rendezvous,omitempty"`
}

// RegistrationStatus is a topic that this node is registered under.
type RegistrationStatus struct {
	Topic discovery.Topic `json:"topic"`
	By    string          `json:"by"` // discv5 or rendezvous
	Error string          `json:"error,omitempty"`
}

// RendezvousStatus is a rendezvous server.
type RendezvousStatus struct {
	Server   string `json:"server"` // enode
	Failures int    `json:"failures"`
	Error    string `json:"error,omitempty"` // of the last failure
}

// discoveryAPI is the namespaces peer and discovery.
type discoveryAPI struct{ source Discovery }

func errNoDiscoverer() error {
	return failed("discoverer not provided").WithHint("this daemon has no peer-to-peer node")
}

// discoverRequest is the parameter of peer_discover.
type discoverRequest struct {
	Topic discovery.Topic `json:"topic"`
	Max   int             `json:"max"`
	Min   int             `json:"min"`
}

func (a *discoveryAPI) discover(_ context.Context, in discoverRequest) (any, error) {
	if a.source == nil {
		return nil, errNoDiscoverer()
	}
	return nil, poolError(a.source.Discover(in.Topic, pool.Limits{Min: in.Min, Max: in.Max}))
}

// poolError adds hints to the errors of the pool.
func poolError(err error) error {
	switch {
	case errors.Is(err, pool.ErrTopic):
		return failed("%v", pool.ErrTopic).WithHint("topics have 1 to 50 bytes: whisper for relays, whispermail for " +
			"mailservers; a node has at most 16")
	case errors.Is(err, pool.ErrRange):
		return failed("%v", pool.ErrRange).WithHint("both are numbers from 0 to %d", pool.MaxPerTopic)
	case errors.Is(err, pool.ErrNotRunning):
		return failed("%v", pool.ErrNotRunning).WithHint("discovery is switched off: give boot nodes with --bootnodes, or " +
			"set NoDiscovery to false")
	}
	return err
}

func (a *discoveryAPI) peerStatus(context.Context) (*pool.Status, error) {
	if a.source == nil {
		return nil, errNoDiscoverer()
	}
	return a.source.PeerStatus(), nil
}

// topicList is the result of peer_topics.
type topicList struct {
	Required   []topicLimits     `json:"required"`
	Registered []discovery.Topic `json:"registered"`
}

type topicLimits struct {
	Topic discovery.Topic `json:"topic"`
	Min   int             `json:"min"`
	Max   int             `json:"max"`
}

func (a *discoveryAPI) topics(context.Context) (topicList, error) {
	if a.source == nil {
		return topicList{}, errNoDiscoverer()
	}
	out := topicList{Required: []topicLimits{}, Registered: []discovery.Topic{}}
	for _, t := range a.source.PeerStatus().Topics {
		out.Required = append(out.Required, topicLimits{t.Topic, t.Min, t.Max})
	}
	seen := make(map[discovery.Topic]bool)
	for _, r := range a.source.DiscoveryStatus().Registrations {
		if !seen[r.Topic] {
			seen[r.Topic] = true
			out.Registered = append(out.Registered, r.Topic)
		}
	}
	return out, nil
}

func (a *discoveryAPI) prune(context.Context) (int, error) {
	if a.source == nil {
		return 0, errNoDiscoverer()
	}
	n, err := a.source.PrunePeers()
	return n, poolError(err)
}

func (a *discoveryAPI) status(context.Context) (DiscoveryStatus, error) {
	if a.source == nil {
		return DiscoveryStatus{}, errNoDiscoverer()
	}
	return a.source.DiscoveryStatus(), nil
}

// discoverySignal is what discovery_subscribe pushes, in the shape of
// status-go's signals.
type discoverySignal struct {
	Type  api.EventType    `json:"type"`
	Event api.EventPayload `json:"event"`
}

// signalBytes is what a queued signal is taken to hold on to: a summary of a
// few dozen peers.
const signalBytes = 16 << 10

func (a *discoveryAPI) subscribe(context.Context) (attach, error) {
	if a.source == nil {
		return nil, errNoDiscoverer()
	}
	return func(q *queue) (func(), error) {
		return a.source.OnSignal(func(e api.EventPayload) {
			q.push(discoverySignal{e.EventType(), e}, signalBytes)
		}), nil
	}, nil
}
