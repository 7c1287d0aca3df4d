package pool

import (
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery"
)

// effect is something the core wants done.
type effect interface{ effect() }

type (
	// dialNode connects to a node; the answer is core.dialled.
	dialNode struct {
		node *enode.Node
		// again: earlier dials failed, so its record may be out of date.
		again bool
	}
	// dropPeer disconnects a node that no topic wants any more.
	dropPeer struct {
		id     enode.ID
		reason Reason
	}
	// remember notes in the cache that a node served a topic.
	remember struct {
		topic discovery.Topic
		node  *enode.Node
	}
	// blame counts a failure of a node in the cache.
	blame struct {
		topic discovery.Topic
		id    enode.ID
	}
	// known tells of a node that a cache-only topic got to know.
	known struct {
		topic discovery.Topic
		node  *enode.Node
	}
	// startSource lets a source search for a topic; the answer is
	// core.sourceEnded with the same run.
	startSource struct {
		topic  discovery.Topic
		source int
		run    int
	}
	// stopSources ends the searches for a topic.
	stopSources struct{ topic discovery.Topic }
	// idle says that nothing is searched for any more.
	idle struct{}
	// signal tells the outside; see Sink.
	signal struct {
		kind  Signal
		topic discovery.Topic
		node  *enode.Node
	}
)

func (dialNode) effect()    {}
func (dropPeer) effect()    {}
func (remember) effect()    {}
func (blame) effect()       {}
func (known) effect()       {}
func (startSource) effect() {}
func (stopSources) effect() {}
func (idle) effect()        {}
func (signal) effect()      {}

// Signal is the type of a signal, with the names that status-go gives them.
type Signal string

// Signals.
const (
	// SignalStarted: a search began where none was. Its event is null.
	SignalStarted Signal = "discovery.started"
	// SignalStopped: nothing is searched for any more. Its event is null.
	SignalStopped Signal = "discovery.stopped"
	// SignalSummary: a peer of the pool came or went. Its event is the list of
	// connected peers, as admin_peers has it.
	SignalSummary Signal = "discovery.summary"
	// SignalDiscovered: a mailserver was got to know. Its event is a
	// Discovered.
	SignalDiscovered Signal = "enode.discovered"
)

// Discovered is the event of SignalDiscovered.
type Discovered struct {
	Enode string // node id, 64 hex digits
	Topic discovery.Topic
}
