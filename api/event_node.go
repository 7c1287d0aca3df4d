package api

// nodeEvents are the signals of the node.
func nodeEvents() []EventDescription {
	out := []EventDescription{
		told(NodeStartedEvent{}, "the daemon started"),
		told(NodeReadyEvent{}, "the parts of the daemon run"),
		told(NodeStoppedEvent{}, "the daemon stops"),
		told(NodeCrashedEvent{}, "a part of the daemon failed, and the daemon stops"),
		told(NodeLoginEvent{}, "somebody tried to log in"),
		told(DiscoveryStartedEvent{}, "a search for peers began where none was"),
		told(DiscoveryStoppedEvent{}, "nothing is searched for any more"),
		told(DiscoverySummaryEvent{}, "a peer that was searched for came or went"),
		told(EnodeDiscoveredEvent{}, "a mailserver was got to know"),
	}
	for i := range out {
		out[i].Signal = true
	}
	return out
}

// NodeStartedEvent says that the daemon started.
type NodeStartedEvent struct{}

// EventType implements EventPayload.
func (NodeStartedEvent) EventType() EventType { return EventNodeStarted }

// NodeReadyEvent says that the parts of the daemon run.
type NodeReadyEvent struct{}

// EventType implements EventPayload.
func (NodeReadyEvent) EventType() EventType { return EventNodeReady }

// NodeStoppedEvent says that the daemon stops.
type NodeStoppedEvent struct{}

// EventType implements EventPayload.
func (NodeStoppedEvent) EventType() EventType { return EventNodeStopped }

// NodeCrashedEvent says that a part of the daemon failed.
type NodeCrashedEvent struct {
	Error string `json:"error,omitempty"`
}

// EventType implements EventPayload.
func (NodeCrashedEvent) EventType() EventType { return EventNodeCrashed }

// NodeLoginEvent says how an attempt to log in ended.
type NodeLoginEvent struct {
	Error string `json:"error,omitempty"` // empty: it succeeded
}

// EventType implements EventPayload.
func (NodeLoginEvent) EventType() EventType { return EventNodeLogin }

// DiscoveryStartedEvent says that a search for peers began. In JSON it is null.
type DiscoveryStartedEvent struct{ None }

// EventType implements EventPayload.
func (DiscoveryStartedEvent) EventType() EventType { return EventDiscoveryStarted }

// DiscoveryStoppedEvent says that nothing is searched for any more. In JSON it
// is null.
type DiscoveryStoppedEvent struct{ None }

// EventType implements EventPayload.
func (DiscoveryStoppedEvent) EventType() EventType { return EventDiscoveryStopped }

// DiscoverySummaryEvent lists the connected peers when one that was searched
// for came or went.
type DiscoverySummaryEvent []PeerInfo

// EventType implements EventPayload.
func (DiscoverySummaryEvent) EventType() EventType { return EventDiscoverySummary }

// EnodeDiscoveredEvent says that a mailserver was got to know.
type EnodeDiscoveredEvent struct {
	Enode string `json:"enode"` // node id, 64 hex digits
	Topic string `json:"topic"`
}

// EventType implements EventPayload.
func (EnodeDiscoveredEvent) EventType() EventType { return EventEnodeDiscovered }
