package rpc

import "statusd/api"

// methods read the event log.
func (a *eventsAPI) methods() []method {
	return []method{
		bind(api.StatusGetEvents, a.get),
		bind(api.StatusAckEvents, a.ack),
		bind(api.StatusListConsumers, a.consumers),
		bind(api.StatusRemoveConsumer, a.removeConsumer),
		bindSubscription(api.StatusSubscribe, a.subscribeSignals),
		bind(api.StatusUnsubscribe, endSubscription),
		bind(api.StatusReceive, a.receive),
		bind(api.Receive, a.receive),
		bindNumbered(api.SubscribeReceive, a.subscribeReceive),
		bind(api.UnsubscribeReceive, a.unsubscribeReceive),
	}
}
