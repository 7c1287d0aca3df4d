package node

import (
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/api"
)

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

// checks say how the node is.
type checks struct{ *core }

// Health reports the state at once, from values that are known.
func (n *checks) Health() api.Health {
	h := api.Health{
		Alive: n.monitor.alive.Load(), UptimeSeconds: int64(time.Since(n.created).Seconds()),
		Version: n.deps.Version.Version,
	}
	h.ProtocolsHealth = []api.ComponentHealth{
		n.rpcHealth(), n.wakuHealth(), n.finding.discoveryHealth(), n.mailservers.mailHealth(),
		n.mailservers.historyHealth(), n.logins.accountHealth(), n.logins.outboxHealth(), n.logins.databaseHealth(),
		n.clockHealth(), n.diskHealth(), n.loopHealth(),
	}
	switch phase(n.phase.Load()) {
	case phaseNew, phaseStarting:
		h.NodeHealth = api.HealthInitializing
	case phaseStopping, phaseDown:
		h.NodeHealth = api.HealthShuttingDown
	default:
		h.NodeHealth = worst(h.ProtocolsHealth)
	}
	return h
}

// worst returns the level of the node that is up.
func worst(components []api.ComponentHealth) api.HealthLevel {
	level := api.HealthReady
	for _, c := range components {
		switch {
		case !c.Critical || c.Level == api.HealthReady || c.Level == api.HealthNotMounted:
		case c.Level == api.HealthNotReady:
			return api.HealthNotReady
		default:
			level = c.Level
		}
	}
	return level
}

func (n *checks) rpcHealth() api.ComponentHealth {
	c := api.ComponentHealth{Name: "RPC", Level: api.HealthReady, Critical: true}
	switch {
	case n.deps.Frontend == nil:
		c.Level = api.HealthNotMounted
	case phase(n.phase.Load()) < phaseUp:
		c.Level = api.HealthInitializing
	}
	return c
}

// wakuPeers hears from the host which peers finished the Waku handshake.
type wakuPeers struct{ node *core }

// PeerUp implements waku.PeerWatcher.
func (w wakuPeers) PeerUp(id enode.ID) {
	if s := w.node.finding.searching(); s != nil {
		s.pool.Up(w.node.finding.describe(id))
	}
	if stats, ok := w.node.host.PeerStats(id); !ok || !stats.Light {
		w.node.network.everConnected.Store(true)
	}
	w.node.monitor.peersChanged()
	w.node.logins.peersChanged()
}

// PeerDown implements waku.PeerWatcher.
func (w wakuPeers) PeerDown(enode.ID) {
	w.node.monitor.peersChanged()
	w.node.logins.peersChanged()
}

// wakuHealth is READY with one peer that forwards, or without any when the node
// has nobody to connect to and has had none yet. A node that lost all those
// peers is not, whoever they were (spec 07 section 13). Light peers do not
// count: nothing that is sent leaves through them.
func (n *checks) wakuHealth() api.ComponentHealth {
	c := api.ComponentHealth{Name: "Waku", Critical: true}
	if n.host == nil {
		c.Level, c.Desc = api.HealthNotMounted, "switched off"
		return c
	}
	count, light := n.host.Forwarders(), ""
	if others := n.host.PeerCount() - count; others > 0 {
		light = fmt.Sprintf("; %d light, which forward nothing", others)
	}
	switch {
	case phase(n.phase.Load()) < phaseUp:
		c.Level = api.HealthInitializing
	case count == 1:
		c.Level, c.Desc = api.HealthReady, "1 peer"+light
	case count > 0:
		c.Level, c.Desc = api.HealthReady, fmt.Sprintf("%d peers", count)+light
	case n.network.everConnected.Load():
		c.Level, c.Desc = api.HealthNotReady, "lost all peers"+light
	case n.network.dialler.Count() == 0 && n.finding.searching() == nil:
		c.Level, c.Desc = api.HealthReady, "no peers configured, waiting for peers to connect"+light
	default:
		c.Level, c.Desc = api.HealthSynchronizing, "connecting to the first peer"+light
	}
	return c
}

func (n *checks) diskHealth() api.ComponentHealth {
	c := api.ComponentHealth{Name: "Disk", Level: api.HealthReady}
	free := n.monitor.freeDisk.Load()
	switch {
	case free < 0:
		c.Level, c.Desc = api.HealthSynchronizing, "free space not known"
	case n.logins.Messenger() != nil && !n.logins.roomForStrangers():
		c.Level = api.HealthNotReady
		c.Desc = fmt.Sprintf("%d MiB free; what people write who are no contacts is not stored below %d MiB", free>>20,
			n.cfg.WakuConfig.MinFreeDisk>>20)
	case free < minFreeDisk:
		c.Level, c.Desc = api.HealthNotReady, fmt.Sprintf("%d MiB free", free>>20)
	default:
		c.Desc = fmt.Sprintf("%d MiB free", free>>20)
	}
	return c
}

func (n *checks) loopHealth() api.ComponentHealth {
	c := api.ComponentHealth{Name: "Loops", Level: api.HealthReady, Critical: true}
	if stuck := n.monitor.stuckNames(); stuck != "" {
		c.Level, c.Desc = api.HealthNotReady, "no answer from "+stuck
	}
	return c
}
