package rpc

import "statusd/api"

// nodeMethods are those of the daemon itself.
func (s *Server) nodeMethods() []method {
	a := &nodeAPI{server: s}
	peers := s.deps.Peers
	return []method{
		bind(api.AdminDatadir, a.datadir),
		bind(api.AdminSetLogLevel, a.setLogLevel),
		bind(api.AdminShutdown, a.shutdown),
		bind(api.NetVersion, a.netVersion),
		bind(api.NetPeerCount, a.peerCount),
		bind(api.NetListening, a.listening),
		bind(api.Web3ClientVersion, a.clientVersion),
		bind(api.Web3Sha3, a.sha3),
		bind(api.StatusHealth, a.health),
		bind(api.StatusVersion, a.version),
		bind(api.Version, a.version),
		bind(api.AdminNodeInfo, a.nodeInfo),
		bind(api.AdminPeers, a.peers),
		bind(api.AdminAddPeer, onPeer(peers.AddPeer)),
		bind(api.AdminRemovePeer, onPeer(peers.RemovePeer)),
		bind(api.AdminAddTrustedPeer, onPeer(peers.AddTrustedPeer)),
		bind(api.AdminRemoveTrustedPeer, onPeer(peers.RemoveTrustedPeer)),
		bindSubscription(api.AdminSubscribe, a.subscribePeerEvents),
		bind(api.AdminUnsubscribe, endSubscription),
	}
}
