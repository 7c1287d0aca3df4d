package node

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"statusd/api"
	"statusd/configs"
	"statusd/mailserver"
	"statusd/mailserver/history"
	"statusd/mailserver/leveldb"
	"statusd/mailserver/postgres"
	"statusd/waku"
	"statusd/waku/wire"
)

// ErrArchive is returned by Run when the mail archive cannot be opened.
var ErrArchive = errors.New("mail archive cannot be used")

// startDatabase is how long the start waits for the answer of a database.
const startDatabase = 10 * time.Second

// Times of the shutdown for serving and recording mail.
const (
	stopMailServer = 3 * time.Second
	stopRecorder   = 6 * time.Second
)

// mail is the serving and fetching of history. The Waku host is built before
// the archive is opened; mail stands between them. Its fields are set by
// startMail, before any peer can connect, and not changed after.
type mail struct {
	peers    waku.PeerWatcher
	hold     func()               // waits while the messenger is behind
	archive  mailserver.Archive   // nil: no mailserver here
	recorder *mailserver.Recorder // with archive
	server   *mailserver.Server   // with archive
	client   *history.Client
	ledger   *history.LevelDB
}

// attach names mail as the host's partner for history.
func (m *mail) attach(cfg *waku.Config, n *core) {
	m.peers = wakuPeers{n}
	cfg.Watcher, cfg.MailReplies, cfg.Tracker = m, m, postTracker{n}
	cfg.WantsMore = func(enode.ID) { n.logins.peersChanged() }
	m.hold = func() {
		if c := n.logins.Courier(); c != nil {
			c.Hold(n.stopping)
		}
	}
	if n.cfg.WakuConfig.EnableMailServer {
		cfg.Archive, cfg.Mail = m, m
	}
}

// Put implements waku.Archive.
func (m *mail) Put(env *wire.Envelope) { m.recorder.Put(env) }

// HandleRequest implements waku.MailServer.
func (m *mail) HandleRequest(peer waku.MailPeer, payload []byte) error {
	return m.server.HandleRequest(peer, payload)
}

// Accept implements waku.MailClient. What trusted peers that are not
// mailservers send goes to the filters as it is. A messenger that is behind
// holds the peer back.
func (m *mail) Accept(peer enode.ID, env *wire.Envelope) bool {
	if m.client.Knows(peer) && !m.client.Accept(peer, env) {
		return false
	}
	m.hold()
	return true
}

// Complete implements waku.MailClient.
func (m *mail) Complete(peer enode.ID, end *wire.RequestComplete) { m.client.Complete(peer, end) }

// PeerUp implements waku.PeerWatcher.
func (m *mail) PeerUp(id enode.ID) {
	m.peers.PeerUp(id)
	m.client.PeerUp(id)
}

// PeerDown implements waku.PeerWatcher.
func (m *mail) PeerDown(id enode.ID) {
	m.peers.PeerDown(id)
	m.client.PeerDown(id)
}

// mailservers is history: the own server, and those that are asked.
type mailservers struct {
	*core
	mail mail

	mailMu    sync.Mutex    // one change of the mailservers at a time; guards what follows
	mailFound []*enode.Node // by discovery, the latest last
	mailSet   atomic.Bool   // mailservers were set while the node ran
}

// startMail opens the archive, if this is a mailserver, and the ledger of what
// has been fetched from others.
func (n *mailservers) startMail(ctx context.Context, life *lifecycle, key *ecdsa.PrivateKey) error {
	if n.cfg.WakuConfig.EnableMailServer {
		if err := n.startMailServer(ctx, life, key); err != nil {
			return err
		}
	}
	ledger, err := history.OpenLevelDB(filepath.Join(n.cfg.DataDir, historyDir))
	if err != nil {
		return cacheError("the ledger of fetched history", filepath.Join(n.cfg.DataDir, historyDir), err)
	}
	n.finding.warnOfDamage("the ledger of fetched history", ledger.Damage())
	life.onStop("history ledger", stopSmall, func() { n.warnOnError("history ledger", ledger.Close()) })
	client, err := history.New(history.Config{
		Logger: n.root, Now: n.clock.Now, NodeKey: key, Store: ledger, Dialer: mailDialer{n.core},
		Ended: n.requestEnded,
	})
	if err != nil {
		return fmt.Errorf("build history client: %w", err)
	}
	client.Attach(n.host)
	n.mail.client, n.mail.ledger = client, ledger
	return n.applyServers()
}

// startMailServer opens the archive and runs recorder and server on it.
func (n *mailservers) startMailServer(ctx context.Context, life *lifecycle, key *ecdsa.PrivateKey) error {
	w := &n.cfg.WakuConfig
	archive, name, err := OpenArchive(ctx, n.cfg, n.root.Named("mailserver"))
	if err != nil {
		text := "cannot open the mail archive"
		if errors.Is(err, mailserver.ErrCorrupted) && !w.DatabaseConfig.PGConfig.Enabled {
			text += "; what can be read of it is saved by: statusd mailserver repair --dir " + n.cfg.DataDir
		}
		return &StartError{Kind: ErrArchive, Text: text, Cause: err}
	}
	life.onStop("mail archive", stopRecorder, func() { n.warnOnError("mail archive", archive.Close()) })
	keep := n.cfg.Retention()
	hint := "stop the node and run: statusd mailserver repair --dir " + n.cfg.DataDir
	if w.DatabaseConfig.PGConfig.Enabled {
		hint = "the database reports it; its own tools and backups are the way to repair it"
	}
	recorder, err := mailserver.NewRecorder(mailserver.RecorderConfig{
		Archive: archive, Logger: n.root.Named("mailserver"), Metrics: n.deps.Registry, Database: name,
		Now: n.clock.Now, Retention: keep.Age, MaxBytes: keep.Bytes, MaxEnvelopes: keep.Envelopes,
		SpillPath: filepath.Join(n.cfg.MailServerPath(), "spill"), SpillRoom: n.spillRoom, RepairHint: hint,
	})
	if err != nil {
		return &StartError{Kind: ErrArchive, Text: "cannot open the spill file of the mail archive", Cause: err}
	}
	server, err := mailserver.NewServer(mailserver.ServerConfig{
		Archive: archive, Logger: n.root.Named("mailserver"), Metrics: n.deps.Registry, Database: name,
		Now: n.clock.Now, Password: w.MailServerPassword.Reveal(), NodeKey: key, MinPoW: w.MinimumPoW,
		RateLimits:  mailRates(w),
		AllowDirect: n.cfg.DirectRequests(), AllowForeign: w.AllowForeignSigner,
	})
	if err != nil {
		return fmt.Errorf("build mailserver: %w", err)
	}
	n.mail.archive, n.mail.recorder, n.mail.server = archive, recorder, server
	life.run("mail recorder", stopRecorder, recorder.Run)
	life.run("mailserver", stopMailServer, server.Run)
	return nil
}

// spillRoom reports whether more may be written to the disk of the spill file.
func (n *mailservers) spillRoom() bool {
	var st unix.Statfs_t
	if err := unix.Statfs(n.cfg.MailServerPath(), &st); err != nil {
		return true // the write itself will tell
	}
	free := int64(st.Bavail) * int64(st.Bsize) //nolint:unconvert,gosec // types differ by platform
	return free >= n.cfg.WakuConfig.MinFreeDisk
}

// mailRates are the limits of one peer and one address.
func mailRates(w *configs.Waku) mailserver.RateLimits {
	rate := func(r configs.MailRate) mailserver.Rate {
		return mailserver.Rate{Volume: float64(r.Volume), Period: r.Period}
	}
	set := w.MailServerRateLimits
	if set.Requests == (configs.MailRate{}) && w.MailServerRateLimit > 0 {
		set.Requests = configs.MailRate{Volume: 1, Period: time.Duration(w.MailServerRateLimit) * time.Second}
	}
	return mailserver.NewRateLimits(mailserver.RateLimit{
		Requests: rate(set.Requests), Pages: rate(set.Pages), Bytes: rate(set.Bytes),
	})
}

// OpenArchive opens the archive that the configuration names. It returns its
// name in metrics, too. log may be nil. ctx ends the wait for a database.
func OpenArchive(ctx context.Context, cfg *configs.Config, log *zap.Logger) (mailserver.Archive, string, error) {
	if pg := cfg.WakuConfig.DatabaseConfig.PGConfig; pg.Enabled {
		ctx, cancel := context.WithTimeout(ctx, startDatabase)
		defer cancel()
		archive, err := postgres.Open(ctx, pg.URI.Reveal(), postgres.Options{Logger: log})
		if err != nil {
			return nil, "", err
		}
		return archive, archive.Name(), nil
	}
	dir := cfg.MailServerPath()
	archive, err := leveldb.Open(dir, leveldb.Options{Logger: log, MinFree: uint64(cfg.WakuConfig.MinFreeDisk)})
	if err != nil {
		return nil, "", err // not a nil *Archive in the interface
	}
	return archive, filepath.Base(dir), nil
}

// statsTimeout is how long MailServer waits for the archive: long enough for
// one that works, and short enough to tell of one that does not.
const statsTimeout = 5 * time.Second

// ErrNoMailServer is returned for questions about a mailserver that is off.
var ErrNoMailServer = errors.New("this node is not a mailserver")

// MailServer describes the mailserver of this node.
func (n *mailservers) MailServer(ctx context.Context) (api.ArchiveReport, error) {
	if n.mail.recorder == nil {
		return api.ArchiveReport{}, ErrNoMailServer
	}
	ctx, cancel := context.WithTimeout(ctx, statsTimeout)
	defer cancel()
	out := api.ArchiveReport{
		Health:   api.ArchiveHealth(n.mail.recorder.Health()),
		Recorder: api.RecorderCounts(n.mail.recorder.Status()),
	}
	stats, err := n.mail.archive.Stats(ctx)
	if err != nil {
		n.log.Warn("counters of the mail archive not read", zap.Error(err))
		if out.Health.OK {
			out.Health = api.ArchiveHealth{Reason: "archive cannot be read"}
		}
		return out, nil
	}
	out.Archive = &api.ArchiveStats{
		Envelopes: stats.Envelopes, Bytes: stats.Bytes, DiskBytes: stats.DiskBytes, Topics: stats.Topics,
		Oldest: stats.Oldest, Newest: stats.Newest, Damage: (*api.ArchiveDamage)(stats.Damage),
	}
	return out, nil
}

// mailHealth is about the mailserver that this node is.
func (n *mailservers) mailHealth() api.ComponentHealth {
	c := api.ComponentHealth{Name: "Mailserver service", Level: api.HealthNotMounted, Desc: "switched off"}
	if !n.cfg.WakuConfig.EnableMailServer || n.host == nil {
		return c
	}
	if phase(n.phase.Load()) < phaseUp || n.mail.recorder == nil { // nil: the start failed
		c.Level, c.Desc = api.HealthInitializing, ""
		return c
	}
	c.Level, c.Desc = api.HealthReady, ""
	if h := n.mail.recorder.Health(); !h.OK {
		c.Level, c.Desc = api.HealthNotReady, h.Reason
	}
	return c
}

// historyHealth is about the mailservers of others that this node asks.
func (n *mailservers) historyHealth() api.ComponentHealth {
	c := api.ComponentHealth{Name: "Mailserver client", Level: api.HealthNotMounted, Desc: "no mailserver configured"}
	if n.host == nil || phase(n.phase.Load()) < phaseUp || n.mail.client == nil { // nil: the start failed
		return c
	}
	servers := n.mail.client.Status()
	if len(servers) == 0 {
		return c
	}
	c.Level, c.Desc = api.HealthNotReady, servers[0].LastError
	for _, s := range servers {
		if s.Streak == 0 {
			c.Level, c.Desc = api.HealthReady, fmt.Sprintf("%d mailservers", len(servers))
		}
	}
	return c
}

// warnOnError logs what went wrong in a step of the shutdown.
func (n *mailservers) warnOnError(step string, err error) {
	if err != nil {
		n.log.Warn("not closed cleanly", zap.String("what", step), zap.Error(err))
	}
}
