package node

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/api"
	"statusd/internal/clock"
	"statusd/waku/wire"
)

// maxClockOffset is the error of the machine's clock from which on other
// programs on it would fail to talk to Waku peers.
const maxClockOffset = 20 * time.Second

// timeWitness shows the clock what peers bring: waku.TimeWitness.
type timeWitness struct{ clock *clock.Clock }

// Witness implements waku.TimeWitness.
func (t timeWitness) Witness(env *wire.Envelope, peer enode.ID, addr netip.Addr, dialled bool) {
	t.clock.Witness(clock.Sample{
		Hash: env.Hash(), Sent: time.Unix(int64(env.Sent()), 0), Peer: peer, Addr: addr, Dialled: dialled,
	})
}

// clockHealth says whether the computer's time is right, and what to do. A
// wrong time that is corrected concerns other programs only. One that is not
// keeps messages from passing in both directions; that decides about the level
// of the node when peers that we chose say so.
func (n *checks) clockHealth() api.ComponentHealth {
	forwarders := 0
	if n.host != nil {
		forwarders = n.host.Forwarders()
	}
	return clockHealth(n.clock.Status(), n.cfg.EnableNTPSync, forwarders)
}

// setClock is what to do about a wrong clock.
const setClock = "set the computer's clock, for instance with: timedatectl set-ntp true"

func clockHealth(s clock.Status, servers bool, forwarders int) api.ComponentHealth {
	c := api.ComponentHealth{Name: "Clock", Level: api.HealthNotReady}
	wrong := s.Wrong()
	switch {
	case wrong != 0 && s.Source == clock.SourceServers:
		c.Desc = fmt.Sprintf("%d peers are %s the time servers: check NTPServers, and %s",
			s.Peers.Peers, aside(wrong), setClock)
	case wrong != 0:
		c.Critical = s.Peers.Dialled && wrong.Abs() >= maxClockOffset
		c.Desc = fmt.Sprintf("%d peers are %s this computer, messages may not pass: %s",
			s.Peers.Peers, aside(wrong), setClock)
	case s.Source == clock.SourcePeers:
		c.Desc = fmt.Sprintf("%d peers are %s this computer, corrected for messages: %s",
			s.Peers.Peers, aside(s.Offset), setClock)
	case s.Source == clock.SourceServers && s.Offset.Abs() >= maxClockOffset:
		c.Desc = fmt.Sprintf("time servers are %s this computer, corrected for messages: %s", aside(s.Offset), setClock)
	case !s.Peers.Known && 2*s.Peers.Refusing > forwarders && s.Peers.Refusing > 0:
		c.Critical = s.Peers.Refusing >= forwarders
		c.Desc = fmt.Sprintf("%d of %d peers refuse what is sent because of its time: %s",
			s.Peers.Refusing, forwarders, setClock)
	case s.Source == clock.SourceServers:
		c.Level, c.Desc = api.HealthReady, fmt.Sprintf("off by %v", s.Offset.Round(time.Millisecond))
	case s.Peers.Known:
		c.Level, c.Desc = api.HealthReady, fmt.Sprintf("%d peers agree", s.Peers.Peers)
	case !servers:
		c.Level, c.Desc = api.HealthNotMounted, "network time is switched off"
	default:
		c.Level, c.Desc = api.HealthSynchronizing, "network time not known yet"
	}
	return c
}

// aside words how far the time of others is from ours.
func aside(d time.Duration) string {
	if d < 0 {
		return fmt.Sprintf("%v behind", (-d).Round(time.Second))
	}
	return fmt.Sprintf("%v ahead of", d.Round(time.Second))
}
