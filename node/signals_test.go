package node

import (
	"testing"

	"statusd/api"
	"statusd/discovery/pool"
)

// TestSignalsKeepTheirNames: what the pool tells has the name and the form of
// the contract.
func TestSignalsKeepTheirNames(t *testing.T) {
	for kind, event := range map[pool.Signal]any{
		pool.SignalStarted: nil, pool.SignalStopped: nil, pool.SignalSummary: []api.PeerInfo{{ID: "a"}},
		pool.SignalDiscovered: pool.Discovered{Enode: "a", Topic: "whispermail"},
	} {
		e := signalOf(kind, event)
		if string(e.EventType()) != string(kind) {
			t.Errorf("%s became %s", kind, e.EventType())
		}
		switch e := e.(type) {
		case api.DiscoverySummaryEvent:
			if len(e) != 1 || e[0].ID != "a" {
				t.Errorf("summary %+v", e)
			}
		case api.EnodeDiscoveredEvent:
			if e != (api.EnodeDiscoveredEvent{Enode: "a", Topic: "whispermail"}) {
				t.Errorf("discovered %+v", e)
			}
		}
	}
}
