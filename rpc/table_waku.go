package rpc

import "statusd/api"

// methods of the namespace waku.
func (a *wakuAPI) methods() []method {
	return []method{
		bind(api.WakuVersion, a.version),
		bind(api.WakuInfo, asGuest(a, (*guestAPI).info)),
		bind(api.WakuSetMaxMessageSize, a.setMaxMessageSize),
		bind(api.WakuSetMaxEnvelopeSize, a.setMaxMessageSize),
		bind(api.WakuSetMinPoW, a.setMinPoW),
		bind(api.WakuSetBloomFilter, a.setBloomFilter),
		bind(api.WakuMarkTrustedPeer, a.markTrustedPeer),
		bind(api.WakuMakeLightClient, a.makeLightClient),
		bind(api.WakuCancelLightClient, a.cancelLightClient),

		bind(api.WakuNewKeyPair, asGuest(a, (*guestAPI).newKeyPair)),
		bind(api.WakuAddPrivateKey, asGuest(a, (*guestAPI).addPrivateKey)),
		bind(api.WakuDeleteKeyPair, asGuest(a, (*guestAPI).deleteKeyPair)),
		bind(api.WakuHasKeyPair, asGuest(a, (*guestAPI).hasKeyPair)),
		bind(api.WakuGetPublicKey, asGuest(a, (*guestAPI).getPublicKey)),
		bind(api.WakuGetPrivateKey, asGuest(a, (*guestAPI).getPrivateKey)),
		bind(api.WakuNewSymKey, asGuest(a, (*guestAPI).newSymKey)),
		bind(api.WakuAddSymKey, asGuest(a, (*guestAPI).addSymKey)),
		bind(api.WakuGenerateSymKeyFromPassword, asGuest(a, (*guestAPI).generateSymKey)),
		bind(api.WakuHasSymKey, asGuest(a, (*guestAPI).hasSymKey)),
		bind(api.WakuGetSymKey, asGuest(a, (*guestAPI).getSymKey)),
		bind(api.WakuDeleteSymKey, asGuest(a, (*guestAPI).deleteSymKey)),

		bind(api.WakuPost, asGuest(a, (*guestAPI).post)),
		bind(api.WakuNewMessageFilter, asGuest(a, (*guestAPI).newMessageFilter)),
		bind(api.WakuGetFilterMessages, asGuest(a, (*guestAPI).getFilterMessages)),
		bind(api.WakuDeleteMessageFilter, asGuest(a, (*guestAPI).deleteMessageFilter)),
		bind(api.WakuUninstallFilter, asGuest(a, (*guestAPI).uninstallFilter)),
		bindSubscription(api.WakuSubscribe, asGuest(a, (*guestAPI).subscribeMessages)),
		bind(api.WakuUnsubscribe, endSubscription),
	}
}
