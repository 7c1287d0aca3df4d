package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"

	"statusd/configs"
	"statusd/internal/deadline"
	"statusd/mailserver/history"
)

// usedTable holds the mailservers that were set while the node ran: the enode,
// password included, and a savedServer in JSON (spec 02 section 8.3).
const usedTable = "servers"

// rememberPause is the least time between two writes of when servers answered.
const rememberPause = 30 * time.Second

// savedServer is a record of usedTable.
type savedServer struct {
	LastUsed time.Time
	Selected bool `json:",omitempty"`
}

// ErrMailserverAddress is returned for a mailserver that cannot be dialled.
var ErrMailserverAddress = errors.New("this mailserver has no address to connect to")

// mailDialer connects to mailservers for the client. It disconnects only from
// those that nobody else asked for.
type mailDialer struct{ node *core }

// Connect implements history.Dialer.
func (d mailDialer) Connect(server *enode.Node) error {
	n := d.node
	wanted := n.network.dialler.Target(server.ID()) != nil
	n.network.mu.Lock()
	if !wanted {
		n.network.mailPeers[server.ID()] = true
	}
	n.network.mu.Unlock()
	return n.network.keepPeer(server)
}

// Disconnect implements history.Dialer.
func (d mailDialer) Disconnect(server *enode.Node) error {
	n := d.node
	n.network.mu.Lock()
	ours := n.network.mailPeers[server.ID()]
	delete(n.network.mailPeers, server.ID())
	n.network.mu.Unlock()
	if !ours {
		return nil
	}
	if s := n.finding.searching(); s != nil && s.pool.Status().Holds(server.ID()) {
		n.network.dialler.Remove(server.ID()) // the pool chose it as a relay: it stays connected
		s.pool.Kept(server.ID(), n.network.trustedByName(server.ID()))
		return nil
	}
	if err := n.network.RemovePeer(server); err != nil && !errors.Is(err, ErrNoPeer) {
		return err
	}
	return nil
}

// History returns the client of other mailservers, nil when Waku is switched
// off. It is there once Run has started the network.
func (n *mailservers) History() *history.Client { return n.mail.client }

// MailRecords returns the store of small tables about mailservers, nil when
// Waku is switched off. It is there once Run has started the network.
func (n *mailservers) MailRecords() *history.LevelDB { return n.mail.ledger }

// configuredServers are the servers of the configuration.
func configuredServers(cfg *configs.Config) []history.Server {
	var out []history.Server
	for _, ref := range cfg.MailServers() {
		if ref.HasEndpoint() {
			out = append(out, history.Server{Node: ref.Node(), Password: ref.Password().Reveal()})
		}
	}
	return out
}

// UpdateMailservers replaces the mailservers that this node asks, also for its
// next run. The first one is preferred. Without any, those of the
// configuration count again.
func (n *mailservers) UpdateMailservers(refs []configs.NodeRef) error {
	for _, ref := range refs {
		if !ref.HasEndpoint() {
			return fmt.Errorf("%w: %s", ErrMailserverAddress, ref)
		}
	}
	n.mailMu.Lock()
	defer n.mailMu.Unlock()
	old, err := n.savedServers()
	if err != nil {
		return err
	}
	var put []history.Record
	for i, ref := range refs {
		saved := old[ref.Reveal()]
		saved.Selected = i == 0
		delete(old, ref.Reveal())
		record, err := saved.record(ref.Reveal())
		if err != nil {
			return err
		}
		put = append(put, record)
	}
	if err := n.mail.ledger.PutRecords(usedTable, put...); err != nil {
		return err
	}
	gone := make([]string, 0, len(old))
	for key := range old {
		gone = append(gone, key)
	}
	if err := n.mail.ledger.DeleteRecords(usedTable, gone...); err != nil {
		return err
	}
	return n.applyServers()
}

func (s savedServer) record(key string) (history.Record, error) {
	raw, err := json.Marshal(s)
	return history.Record{Key: key, Value: raw}, err
}

// savedServers reads usedTable. Entries that cannot be read count as new.
func (n *mailservers) savedServers() (map[string]savedServer, error) {
	list, err := n.mail.ledger.Records(usedTable)
	if err != nil {
		return nil, err
	}
	out := make(map[string]savedServer, len(list))
	for _, r := range list {
		var s savedServer
		if err := json.Unmarshal(r.Value, &s); err != nil {
			n.log.Warn("record of a mailserver cannot be read", zap.Error(err))
		}
		out[r.Key] = s
	}
	return out, nil
}

// applyServers gives the client the servers that were set, or else those of
// the configuration, and what discovery found.
func (n *mailservers) applyServers() error {
	saved, err := n.savedServers()
	if err != nil {
		return err
	}
	var list []history.Server
	for text, s := range saved {
		ref, err := configs.ParseNodeRef(text)
		if err != nil {
			n.log.Warn("mailserver of an earlier run cannot be used", zap.Error(err))
			continue
		}
		server := history.Server{Node: ref.Node(), Password: ref.Password().Reveal(), Preferred: s.Selected}
		if n.cfg.ShhextConfig.EnableLastUsedMonitor {
			server.LastUsed = s.LastUsed
		}
		list = append(list, server)
	}
	n.mailSet.Store(len(list) > 0)
	if len(list) == 0 {
		list = configuredServers(n.cfg)
	}
	n.mail.client.SetServers(n.addFound(list))
	return nil
}

// rememberServers writes down when servers answered, so that after a restart
// the last one is asked first.
func (n *mailservers) rememberServers(ctx context.Context) error {
	var timer deadline.Timer
	defer timer.Disarm()
	for {
		select {
		case <-ctx.Done():
			n.rememberNow()
			return nil
		case <-n.mail.client.Changed():
			if timer.At().IsZero() {
				timer.Arm(time.Now().Add(rememberPause))
			}
		case <-timer.C():
			timer.Fired()
			n.rememberNow()
		}
	}
}

func (n *mailservers) rememberNow() {
	if err := n.rememberOnce(); err != nil {
		n.log.Warn("last use of mailservers not written", zap.Error(err))
	}
}

func (n *mailservers) rememberOnce() error {
	n.mailMu.Lock()
	defer n.mailMu.Unlock()
	saved, err := n.savedServers()
	if err != nil {
		return err
	}
	status := n.mail.client.Status()
	var put []history.Record
	for text, s := range saved {
		ref, err := configs.ParseNodeRef(text)
		if err != nil {
			continue
		}
		i := slices.IndexFunc(status, func(st history.ServerStatus) bool { return st.ID == ref.Node().ID() })
		if i < 0 || !status[i].LastAnswer.After(s.LastUsed) {
			continue
		}
		s.LastUsed = status[i].LastAnswer
		record, err := s.record(text)
		if err != nil {
			return err
		}
		put = append(put, record)
	}
	return n.mail.ledger.PutRecords(usedTable, put...)
}

// startKeeper stays connected to mailservers and remembers which ones work.
func (n *mailservers) startKeeper(life *lifecycle) {
	c := &n.cfg.ShhextConfig
	if c.EnableConnectionManager {
		keeper := history.NewKeeper(history.KeeperConfig{
			Client: n.mail.client, Dialer: mailDialer{n.core}, Logger: n.root, Target: c.ConnectionTarget,
			MaxFailures: c.MaxServerFailures,
		})
		life.run("mailserver connections", stopSmall, keeper.Run)
		if n.finding.searching() != nil {
			life.run("mailservers that were found", stopSmall, n.watchFound)
		}
	}
	if c.EnableLastUsedMonitor {
		life.run("mailserver records", stopSmall, n.rememberServers)
	}
}
