package rpc

import "statusd/api"

// discoveryMethods look at and steer the search for peers.
func (s *Server) discoveryMethods() []method {
	a := &discoveryAPI{s.deps.Discovery}
	return []method{
		bind(api.PeerDiscover, a.discover),
		bind(api.PeerStatus, a.peerStatus),
		bind(api.PeerTopics, a.topics),
		bind(api.PeerPrune, a.prune),
		bind(api.DiscoveryStatus, a.status),
		bindSubscription(api.DiscoverySubscribe, a.subscribe),
		bind(api.DiscoveryUnsubscribe, endSubscription),
	}
}
