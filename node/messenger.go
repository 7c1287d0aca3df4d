package node

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/api"
	"statusd/configs"
	"statusd/internal/diskspace"
	"statusd/internal/profile"
	"statusd/messenger"
	"statusd/messenger/courier"
	"statusd/transport/envelopes"
	"statusd/waku/wire"
)

// maxOutboxAge is how long a message may wait for a peer until that is a case
// for the operator.
const maxOutboxAge = 10 * time.Minute

// session is what works for the account that is logged in.
type session struct {
	node      *core
	account   *profile.Account
	courier   *courier.Courier
	messenger *messenger.Messenger
}

// attachSession makes the messenger of an account that was just opened:
// profile.Config.Attach. It waits for nothing on the network.
func (n *logins) attachSession(a *profile.Account) (profile.Service, error) {
	ctx := context.Background() // the database is open and local
	c, err := courier.New(ctx, n.courierConfig(a))
	if err != nil {
		return nil, err
	}
	cfg := messenger.Config{
		Identity: a.ChatKey(), DB: a.DB(), Courier: c, Now: n.clock.Now, Log: n.root, Meter: n.metrics,
		Policy: messenger.Policy{
			ContactsOnly: n.cfg.Strangers == configs.StrangersContacts, Room: n.roomForStrangers,
		},
		Extensions: n.cfg.LaterExtensions,
	}
	if lists := n.Names(); lists != nil {
		cfg.Names = lists
	}
	m, err := messenger.New(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("build messenger: %w", err)
	}
	c.Serve(m)
	s := &session{n.core, a, c, m}
	n.session.Store(s)
	c.PeersChanged()
	return s, nil
}

// roomForStrangers reports whether what people write whom we do not know is
// stored: on a disk that is nearly full the room is for the others.
func (n *logins) roomForStrangers() bool {
	free, err := diskspace.Free(n.cfg.DataDir)
	return err != nil || free >= n.cfg.WakuConfig.MinFreeDisk // without an answer the write itself will tell
}

func (n *logins) courierConfig(a *profile.Account) courier.Config {
	w, s := &n.cfg.WakuConfig, &n.cfg.ShhextConfig
	cfg := courier.Config{
		Identity: a.ChatKey(), Installation: a.InstallationID(), DB: a.DB(), Host: n.host, Now: n.clock.Now, Log: n.root,
		MaxEnvelope: int(w.MaxMessageSize), MaxAttempts: max(s.MaxMessageDeliveryAttempts, 1),
		MailServersOnly: s.MailServerConfirmations, NoDataSync: !s.DataSyncEnabled,
		Jitter: rand.NewPCG(rand.Uint64(), rand.Uint64()),
	}
	if n.mailservers.mail.client != nil {
		cfg.History = n.mailservers.mail.client
	}
	return cfg
}

// Run implements profile.Service.
func (s *session) Run(ctx context.Context) error {
	err := s.courier.Run(ctx)
	s.node.logins.session.CompareAndSwap(s, nil)
	return err
}

// Messenger returns the messenger of the account that is logged in, nil when
// nobody is or Waku is switched off.
func (n *logins) Messenger() *messenger.Messenger {
	if s := n.session.Load(); s != nil {
		return s.messenger
	}
	return nil
}

// Courier returns the courier of the account that is logged in, nil when nobody
// is or Waku is switched off.
func (n *logins) Courier() *courier.Courier {
	if s := n.session.Load(); s != nil {
		return s.courier
	}
	return nil
}

// postTracker passes on what becomes of own envelopes: waku.Tracker.
type postTracker struct{ node *core }

func (t postTracker) with(peer enode.ID, fn func(*courier.Courier, envelopes.Peer)) {
	if c := t.node.logins.Courier(); c != nil {
		known := t.node.mailservers.mail.client != nil && t.node.mailservers.mail.client.Knows(peer)
		fn(c, envelopes.Peer{ID: envelopes.PeerID(peer), MailServer: known})
	}
}

// Sent implements waku.Tracker.
func (t postTracker) Sent(hash wire.Hash, peer enode.ID) {
	t.with(peer, func(c *courier.Courier, p envelopes.Peer) { c.Sent(hash, p) })
}

// Refused implements waku.Tracker.
func (t postTracker) Refused(hash wire.Hash, peer enode.ID, timeError bool, _ string) {
	if timeError {
		t.node.clock.Refused(peer, hash)
	}
	t.with(peer, func(c *courier.Courier, p envelopes.Peer) { c.Refused(hash, p, timeError) })
}

// ReceivedBack implements waku.Tracker.
func (t postTracker) ReceivedBack(hash wire.Hash, peer enode.ID) {
	t.with(peer, func(c *courier.Courier, p envelopes.Peer) { c.ReceivedBack(hash, p) })
}

// Expired implements waku.Tracker.
func (t postTracker) Expired(hash wire.Hash) {
	if c := t.node.logins.Courier(); c != nil {
		c.Expired(hash)
	}
}

// peersChanged tells the courier that a peer came or went.
func (n *logins) peersChanged() {
	if c := n.Courier(); c != nil {
		c.PeersChanged()
	}
}

// outboxHealth is about messages that wait to leave.
func (n *logins) outboxHealth() api.ComponentHealth {
	h := api.ComponentHealth{Name: "Outbox", Level: api.HealthNotMounted, Desc: "nobody is logged in"}
	c := n.Courier()
	if c == nil {
		return h
	}
	h.Level, h.Desc = api.HealthReady, "empty"
	s := c.Stats()
	if s.Outbox == 0 {
		return h
	}
	age := max(n.clock.Now().Sub(s.Oldest), 0).Round(time.Second)
	h.Desc = fmt.Sprintf("%d waiting, the oldest for %v", s.Outbox, age)
	if age > maxOutboxAge {
		h.Level = api.HealthNotReady
	}
	return h
}
