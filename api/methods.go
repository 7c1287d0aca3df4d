package api

import "slices"

// Methods lists every method of the contract; each file lists its own. A server offers
// those whose parts of the daemon are switched on.
func Methods() []Described {
	return slices.Concat(
		accountMethods(),
		chatMethods(),
		contactMethods(),
		deviceMethods(),
		discoveryMethods(),
		eventLogMethods(),
		groupMethods(),
		historyMethods(),
		keyMethods(),
		mailserversMethods(),
		messageMethods(),
		nodeMethods(),
		reactionMethods(),
		sendMethods(),
		settingMethods(),
		tokenMethods(),
		transactionMethods(),
		wakuMethods(),
	)
}
