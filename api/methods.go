package api

import "slices"

// Methods lists every method of the contract, sorted by room. A server offers
// those whose parts of the daemon are switched on.
func Methods() []Described {
	return slices.Concat(nodeMethods(), eventMethods())
}

func nodeMethods() []Described {
	return []Described{
		AdminDatadir, AdminSetLogLevel, AdminShutdown, NetVersion, NetPeerCount, NetListening, Web3ClientVersion, Web3Sha3,
		StatusHealth, StatusVersion, Version, AdminNodeInfo, AdminPeers, AdminAddPeer, AdminRemovePeer, AdminAddTrustedPeer,
		AdminRemoveTrustedPeer, AdminSubscribe, AdminUnsubscribe,
	}
}

func eventMethods() []Described {
	return []Described{
		StatusGetEvents, StatusAckEvents, StatusListConsumers, StatusRemoveConsumer, StatusSubscribe, StatusUnsubscribe,
		StatusReceive, Receive, SubscribeReceive, UnsubscribeReceive,
	}
}
