package rpc

import (
	"context"
	"encoding/json"
	"slices"

	"statusd/api"
	"statusd/discovery"
	"statusd/discovery/pool"
)

// Discovery is the search for peers as its methods use it.
type Discovery interface {
	// Discover sets the limits of a topic. Its errors are those of
	// pool.Pool.Discover.
	Discover(discovery.Topic, pool.Limits) error
	PeerStatus() api.PoolStatus
	DiscoveryStatus() api.DiscoveryReport
	// PrunePeers forgets peers of earlier runs and returns how many.
	PrunePeers() (int, error)
	// OnSignal calls f for each signal until stop is called. f must not block.
	OnSignal(f func(api.EventPayload)) (stop func())
}

// discoveryAPI is the namespaces peer and discovery.
type discoveryAPI struct{ source Discovery }

func errNoDiscoverer() error {
	return failed("discoverer not provided").WithHint("this daemon has no peer-to-peer node")
}

func (a *discoveryAPI) discover(_ context.Context, in api.DiscoverArgs) (api.None, error) {
	if a.source == nil {
		return api.None{}, errNoDiscoverer()
	}
	limits := pool.Limits{Min: in.Request.Min, Max: in.Request.Max}
	return api.None{}, a.source.Discover(discovery.Topic(in.Request.Topic), limits)
}

func (a *discoveryAPI) peerStatus(context.Context, api.None) (api.PoolStatus, error) {
	if a.source == nil {
		return api.PoolStatus{}, errNoDiscoverer()
	}
	return a.source.PeerStatus(), nil
}

func (a *discoveryAPI) topics(context.Context, api.None) (api.TopicLists, error) {
	if a.source == nil {
		return api.TopicLists{}, errNoDiscoverer()
	}
	out := api.TopicLists{Required: []api.TopicLimits{}, Registered: []string{}}
	for _, t := range a.source.PeerStatus().Topics {
		out.Required = append(out.Required, api.TopicLimits{Topic: t.Topic, Min: t.Min, Max: t.Max})
	}
	for _, r := range a.source.DiscoveryStatus().Registrations {
		if !slices.Contains(out.Registered, r.Topic) {
			out.Registered = append(out.Registered, r.Topic)
		}
	}
	return out, nil
}

func (a *discoveryAPI) prune(context.Context, api.None) (int, error) {
	if a.source == nil {
		return 0, errNoDiscoverer()
	}
	n, err := a.source.PrunePeers()
	return n, err
}

func (a *discoveryAPI) status(context.Context, api.None) (api.DiscoveryReport, error) {
	if a.source == nil {
		return api.DiscoveryReport{}, errNoDiscoverer()
	}
	return a.source.DiscoveryStatus(), nil
}

func (a *discoveryAPI) subscribe(context.Context, api.TopicArgs) (source, error) {
	if a.source == nil {
		return source{}, errNoDiscoverer()
	}
	return source{attach: func(q *queue) (func(), error) {
		return a.source.OnSignal(func(e api.EventPayload) {
			body, _ := json.Marshal(e) // our own types: they encode
			q.push(api.DiscoverySignal{Type: e.EventType(), Event: body}, int64(len(body))+eventOverhead)
		}), nil
	}}, nil
}
