package node

import (
	"context"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery"
	"statusd/internal/deadline"
	"statusd/mailserver/history"
)

// silentFor is how long none of the mailservers may work before those that
// discovery found are doubted; repeatDoubt is the least time between two
// doubts of the same one.
const (
	silentFor   = 30 * time.Second
	repeatDoubt = 10 * time.Minute
)

// doubts watches over mailservers that discovery found.
type doubts struct {
	since time.Time // nothing works; zero: something does
	last  map[enode.ID]time.Time
}

// due returns the found mailservers to doubt now, and when to look again, zero
// for when something changes.
func (d *doubts) due(
	servers []history.ServerStatus, found []enode.ID, now time.Time,
) (doubt []enode.ID, next time.Time) {
	works := len(servers) == 0
	for _, s := range servers {
		works = works || s.Connected && s.GivenUp == 0
	}
	switch {
	case works:
		d.since = time.Time{}
		return nil, time.Time{}
	case d.since.IsZero():
		d.since = now
	}
	if at := d.since.Add(silentFor); now.Before(at) {
		return nil, at
	}
	for _, id := range found {
		if last, ok := d.last[id]; !ok || now.Sub(last) >= repeatDoubt {
			d.last[id] = now
			doubt = append(doubt, id)
		}
		next = deadline.Earliest(next, d.last[id].Add(repeatDoubt))
	}
	return doubt, next
}

// watchFound has the pool look for other mailservers when those that it found
// do not work.
func (n *mailservers) watchFound(ctx context.Context) error {
	d := doubts{last: make(map[enode.ID]time.Time)}
	var timer deadline.Timer
	defer timer.Disarm()
	for {
		changed := n.mail.client.Changed()
		doubt, next := d.due(n.mail.client.Status(), n.foundServers(), time.Now())
		for _, id := range doubt {
			n.finding.searching().pool.Doubt(discovery.TopicMail, id)
		}
		timer.Arm(next)
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-timer.C():
			timer.Fired()
		}
	}
}

// foundServers are the mailservers that discovery found.
func (n *mailservers) foundServers() []enode.ID {
	n.mailMu.Lock()
	defer n.mailMu.Unlock()
	ids := make([]enode.ID, len(n.mailFound))
	for i, found := range n.mailFound {
		ids[i] = found.ID()
	}
	return ids
}
