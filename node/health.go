package node

import (
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
)

// Level is a word of the health report (spec 07 section 8, the words of
// nwaku).
type Level string

// Levels of health.
const (
	Initializing  Level = "INITIALIZING"
	Synchronizing Level = "SYNCHRONIZING" // works towards READY for the first time
	Ready         Level = "READY"
	NotReady      Level = "NOT_READY"
	NotMounted    Level = "NOT_MOUNTED" // switched off
	ShuttingDown  Level = "SHUTTING_DOWN"
)

// Health is the state of the node and of its components.
type Health struct {
	// Level is READY when every component that messages need is READY.
	Level Level
	// Alive is false when a loop stopped making progress.
	Alive      bool
	Components []ComponentHealth
	Uptime     time.Duration
}

// ComponentHealth is the state of one component.
type ComponentHealth struct {
	Name  string
	Level Level
	Desc  string // one phrase, may be empty
	// Critical components decide about the level of the node. The others are
	// there for the operator: a wrong clock, for instance, is corrected.
	Critical bool
}

// Thresholds of the health report.
const (
	// minFreeDisk is the free space below which the disk counts as full.
	minFreeDisk = 256 << 20
)

// phase is where a node is in its life.
type phase int32

const (
	phaseNew phase = iota
	phaseStarting
	phaseUp
	phaseStopping
	phaseDown
)

// Health reports the state at once, from values that are known.
func (n *Node) Health() Health {
	h := Health{Alive: n.monitor.alive.Load(), Uptime: time.Since(n.created)}
	h.Components = []ComponentHealth{
		n.rpcHealth(), n.wakuHealth(), n.discoveryHealth(), n.mailHealth(), n.historyHealth(), n.accountHealth(),
		n.outboxHealth(), n.databaseHealth(),
		n.clockHealth(), n.diskHealth(), n.loopHealth(),
	}
	switch phase(n.phase.Load()) {
	case phaseNew, phaseStarting:
		h.Level = Initializing
	case phaseStopping, phaseDown:
		h.Level = ShuttingDown
	default:
		h.Level = worst(h.Components)
	}
	return h
}

// worst returns the level of the node that is up.
func worst(components []ComponentHealth) Level {
	level := Ready
	for _, c := range components {
		switch {
		case !c.Critical || c.Level == Ready || c.Level == NotMounted:
		case c.Level == NotReady:
			return NotReady
		default:
			level = c.Level
		}
	}
	return level
}

func (n *Node) rpcHealth() ComponentHealth {
	c := ComponentHealth{Name: "RPC", Level: Ready, Critical: true}
	switch {
	case n.deps.Frontend == nil:
		c.Level = NotMounted
	case phase(n.phase.Load()) < phaseUp:
		c.Level = Initializing
	}
	return c
}

// wakuPeers hears from the host which peers finished the Waku handshake.
type wakuPeers struct{ node *Node }

// PeerUp implements waku.PeerWatcher.
func (w wakuPeers) PeerUp(id enode.ID) {
	if s := w.node.searching(); s != nil {
		s.pool.Up(w.node.describe(id))
	}
	if stats, ok := w.node.host.PeerStats(id); !ok || !stats.Light {
		w.node.everConnected.Store(true)
	}
	w.node.monitor.peersChanged()
	w.node.peersChanged()
}

// PeerDown implements waku.PeerWatcher.
func (w wakuPeers) PeerDown(enode.ID) {
	w.node.monitor.peersChanged()
	w.node.peersChanged()
}

// wakuHealth is READY with one peer that forwards, or without any when the node
// has nobody to connect to and has had none yet. A node that lost all those
// peers is not, whoever they were (spec 07 section 13). Light peers do not
// count: nothing that is sent leaves through them.
func (n *Node) wakuHealth() ComponentHealth {
	c := ComponentHealth{Name: "Waku", Critical: true}
	if n.host == nil {
		c.Level, c.Desc = NotMounted, "switched off"
		return c
	}
	count, light := n.host.Forwarders(), ""
	if others := n.host.PeerCount() - count; others > 0 {
		light = fmt.Sprintf("; %d light, which forward nothing", others)
	}
	switch {
	case phase(n.phase.Load()) < phaseUp:
		c.Level = Initializing
	case count == 1:
		c.Level, c.Desc = Ready, "1 peer"+light
	case count > 0:
		c.Level, c.Desc = Ready, fmt.Sprintf("%d peers", count)+light
	case n.everConnected.Load():
		c.Level, c.Desc = NotReady, "lost all peers"+light
	case n.dialler.Count() == 0 && n.searching() == nil:
		c.Level, c.Desc = Ready, "no peers configured, waiting for peers to connect"+light
	default:
		c.Level, c.Desc = Synchronizing, "connecting to the first peer"+light
	}
	return c
}

func (n *Node) diskHealth() ComponentHealth {
	c := ComponentHealth{Name: "Disk", Level: Ready}
	free := n.monitor.freeDisk.Load()
	switch {
	case free < 0:
		c.Level, c.Desc = Synchronizing, "free space not known"
	case n.Messenger() != nil && !n.roomForStrangers():
		c.Level = NotReady
		c.Desc = fmt.Sprintf("%d MiB free; what people write who are no contacts is not stored below %d MiB", free>>20,
			n.cfg.WakuConfig.MinFreeDisk>>20)
	case free < minFreeDisk:
		c.Level, c.Desc = NotReady, fmt.Sprintf("%d MiB free", free>>20)
	default:
		c.Desc = fmt.Sprintf("%d MiB free", free>>20)
	}
	return c
}

func (n *Node) loopHealth() ComponentHealth {
	c := ComponentHealth{Name: "Loops", Level: Ready, Critical: true}
	if stuck := n.monitor.stuckNames(); stuck != "" {
		c.Level, c.Desc = NotReady, "no answer from "+stuck
	}
	return c
}
