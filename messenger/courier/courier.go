package courier

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"statusd/accounts/key"
	"statusd/datasync"
	"statusd/datasync/runner"
	"statusd/internal/store"
	"statusd/mailserver/history"
	"statusd/transport"
	"statusd/transport/envelopes"
	"statusd/waku"
	"statusd/waku/wire"
)

// Host is the Waku host as the courier uses it; *waku.Host implements it.
type Host interface {
	Seal(context.Context, waku.Post) (*wire.Envelope, error)
	Submit(*wire.Envelope) error
	InstallFilter(waku.FilterSpec, waku.Sink) (waku.FilterID, error)
	UninstallFilter(waku.FilterID) bool
	Rescan(
		ctx context.Context, ids []waku.FilterID, want func(wire.Hash) bool,
		fn func(*waku.ReceivedMessage, []waku.FilterID) error,
	) error
	Info() waku.Info
	// Forwarders is how many peers pass on what is sent to them, Takers how many
	// of these would be sent an envelope with this topic and proof of work.
	Forwarders() int
	Takers(topic wire.Topic, pow float64) int
}

// History fetches what mailservers keep; *history.Client implements it.
type History interface {
	SyncLedger(
		ctx context.Context, l history.Ledger, topics []wire.Topic, from, to uint32, progress func(history.Result),
	) (history.Result, error)
	Status() []history.ServerStatus
	Changed() <-chan struct{}
}

// Defaults of a Config.
const (
	DefaultMaxEnvelope   = waku.DefaultMaxMessageSize
	DefaultHistoryPeriod = 9 * 24 * time.Hour // spec 02 section 9
)

// Config sets up a Courier. Identity, Installation, DB and Host are required.
type Config struct {
	Identity     key.Private // the chat key
	Installation string      // id of this device
	DB           *store.DB
	Host         Host
	History      History          // nil: no history is fetched
	Now          func() time.Time // network time; nil: time.Now
	Log          *zap.Logger      // nil: nothing is logged

	MaxEnvelope     int  // bytes that an envelope may have; 0: DefaultMaxEnvelope
	MaxAttempts     int  // how often a message is posted; 0: envelopes.DefaultMaxAttempts
	MailServersOnly bool // what other peers say does not make a message sent
	NoDataSync      bool // nothing is acknowledged or sent again
	// Schedule of data sync; zero for the default. Jitter spreads its times;
	// nil: no spread.
	Schedule datasync.Schedule
	Jitter   rand.Source
	// HistoryPeriod is how far back history is fetched; 0: DefaultHistoryPeriod.
	HistoryPeriod time.Duration
}

// Errors of New and of sending.
var (
	ErrConfig   = errors.New("identity, installation id, database and Waku host are required")
	ErrTooLarge = errors.New("message too large")
	ErrNoChats  = errors.New("runs without chats")
)

// Courier carries the payloads of one account. Its methods are safe for
// concurrent use; those with a transaction are called inside it, by its holder.
type Courier struct {
	cfg    Config
	log    *zap.Logger
	own    key.Public
	signer *ecdsa.PrivateKey
	device *transport.Device
	sync   *runner.Runner[*store.Tx]
	max    int // bytes of the largest payload of a waku message
	body   int // bytes of the largest body that data sync takes

	inbox     *inbox
	outbox    *outbox
	filters   *filters
	keys      *keyCache
	historian *historian
	code      chan struct{} // capacity 1: when to publish the contact code has changed

	chats  Chats
	online atomic.Bool // a peer that forwards is connected
	peers  sync.Mutex  // held while PeersChanged looks and tells: the last call knows best
	inTx   bool        // the inbox holds the transaction; belongs to the holder

	mu     sync.Mutex
	drops  map[string]uint64
	warned map[key.Public]time.Time // of whom a message could not be opened lately
	down   time.Time                // since when there has been no peer that forwards; zero: there is one
}

// reserve is what an envelope needs beside the payload of the waku message:
// fields, signature, padding and encryption, generously. The reserve for the
// message of the secure transport with its bundle comes on top.
const (
	reserveEnvelope = 1024
	reserveMessage  = 2048
)

// New makes a courier on the state in the database. It starts nothing. If the
// database is a copy of another installation, what only that one may use is
// erased first.
func New(ctx context.Context, cfg Config) (*Courier, error) {
	if cfg.Identity.IsZero() || cfg.Installation == "" || cfg.DB == nil || cfg.Host == nil {
		return nil, ErrConfig
	}
	cfg.setDefaults()
	c := &Courier{
		cfg: cfg, log: cfg.Log.Named("courier"), own: cfg.Identity.Public(), code: make(chan struct{}, 1),
		max: cfg.MaxEnvelope - reserveEnvelope, drops: make(map[string]uint64), warned: make(map[key.Public]time.Time),
	}
	var err error
	if c.signer, err = cfg.Identity.ECDSA(); err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	c.device, err = transport.New(transport.Config{Identity: cfg.Identity, Installation: cfg.Installation})
	if err != nil {
		return nil, fmt.Errorf("%w", err)
	}
	if err := c.settleCopy(ctx); err != nil {
		return nil, fmt.Errorf("settle restored copy: %w", err)
	}
	if err := c.makeSync(); err != nil {
		return nil, fmt.Errorf("data sync: %w", err)
	}
	c.inbox, c.filters, c.historian = newInbox(c), newFilters(c), newHistorian(c)
	c.keys = newKeyCache(cfg.DB)
	if c.outbox, err = newOutbox(ctx, c); err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	c.PeersChanged()
	return c, nil
}

func (cfg *Config) setDefaults() {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	if cfg.MaxEnvelope <= 0 {
		cfg.MaxEnvelope = DefaultMaxEnvelope
	}
	if cfg.MaxAttempts <= 0 {
		cfg.MaxAttempts = envelopes.DefaultMaxAttempts
	}
	if cfg.HistoryPeriod <= 0 {
		cfg.HistoryPeriod = DefaultHistoryPeriod
	}
}

func (c *Courier) makeSync() error {
	self := c.own.Uncompressed()
	batch := min(transport.MaxBatch(c.cfg.MaxEnvelope), c.max-reserveMessage)
	node, err := datasync.New(datasync.Config{
		Self: self, Schedule: c.cfg.Schedule, Jitter: c.cfg.Jitter, MaxPayloadBytes: max(batch, 2*datasync.EnvelopeReserve),
	})
	if err != nil {
		return err
	}
	c.body = node.MaxBodyBytes()
	c.sync, err = runner.New(runner.Config[*store.Tx]{
		Node: node, Store: store.SyncStore{DB: c.cfg.DB}, Port: syncPort{c}, Now: c.cfg.Now, Logger: c.cfg.Log,
	})
	return err
}

// settleCopy erases what this copy of the account must not use: everything of
// the installation it was copied from, or, if it is to go on as that, the
// right to send on its sessions, which may lag behind what peers saw.
func (c *Courier) settleCopy(ctx context.Context) error {
	return c.cfg.DB.Update(ctx, func(tx *store.Tx) error {
		_, previous, err := tx.Installation().IDs()
		if err != nil {
			return err
		}
		st := tx.Transport()
		if previous == "" {
			restored, err := tx.Installation().Restored()
			if err != nil || !restored {
				return err
			}
			if err := c.device.Restored(st, c.cfg.Now()); err != nil {
				return err
			}
			return tx.Installation().ForgetRestored()
		}
		prekey, found, err := st.CurrentPrekey()
		if err != nil {
			return err
		}
		if found && previous != c.cfg.Installation {
			err := st.PutInstallation(transport.Installation{
				Identity: c.own, ID: previous, Protocol: 1, LastSeen: prekey.Created, Prekey: prekey.ID(),
				Version: prekey.Version, PrekeySeen: prekey.Created,
			})
			if err != nil {
				return err
			}
		}
		self, err := st.Self()
		if err != nil {
			return err
		}
		c.log.Info("restored as a new installation", zap.String("previous", previous))
		return errors.Join(st.PutSelf(transport.Self{Metadata: self.Metadata}), tx.Installation().Erase(),
			tx.Installation().ForgetPrevious(), tx.Installation().ForgetRestored())
	})
}

// Serve gives the courier the layer above. It must be called before Run.
func (c *Courier) Serve(chats Chats) { c.chats = chats }

// Run carries payloads until ctx ends. Then it stops listening, processes what
// has arrived, for a few seconds at most, and returns. It runs once.
func (c *Courier) Run(ctx context.Context) error {
	if c.chats == nil {
		return ErrNoChats
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, run := range []func(context.Context) error{
		c.filters.run, c.inbox.run, c.outbox.run, c.historian.run, c.runContactCode, c.sync.Run,
	} {
		g.Go(func() error { return run(ctx) })
	}
	return g.Wait()
}

// PeersChanged has to be called after a peer came or went, said that it is
// light, or asked for more than before. A light peer does not count: it passes
// nothing on.
func (c *Courier) PeersChanged() {
	c.peers.Lock()
	defer c.peers.Unlock()
	up := c.cfg.Host.Forwarders() > 0
	defer poke(c.outbox.wake) // somebody may take what waits
	if c.online.Swap(up) == up && up {
		return
	}
	c.sync.SetOnline(up)
	now := c.cfg.Now().Round(0) // also the time that the machine slept counts
	c.mu.Lock()
	was := c.down
	switch {
	case up:
		c.down = time.Time{}
	case was.IsZero():
		c.down = now
	}
	c.mu.Unlock()
	if !up {
		return
	}
	if !was.IsZero() && now.Sub(was) >= outage {
		c.historian.everything()
	}
	poke(c.historian.wake)
	poke(c.code)
}

// afterCommit has fn called once the transaction is durable.
func afterCommit(tx *store.Tx, fn func()) {
	tx.OnFinish(func(committed bool) {
		if committed {
			fn()
		}
	})
}

// poke wakes the receiver of a channel with capacity 1.
func poke(wake chan struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// drop counts what was not taken.
func (c *Courier) drop(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops[reason]++
}

// Stats describes the courier for metrics and health.
type Stats struct {
	Drops  map[string]uint64 // messages that were not taken, by reason
	Inbox  int               // messages that wait to be processed
	Outbox int               // posts that wait for a peer that takes and forwards them
	Oldest time.Time         // since when the oldest of them waits; zero: none
	Places int               // filters
}

// Stats returns the state at once.
func (c *Courier) Stats() Stats {
	s := Stats{Inbox: c.inbox.waiting(), Places: c.filters.count(), Drops: make(map[string]uint64)}
	s.Outbox, s.Oldest = c.outbox.state()
	c.mu.Lock()
	defer c.mu.Unlock()
	for reason, n := range c.drops {
		s.Drops[reason] = n
	}
	return s
}

// MaxWrapper returns the size of the largest wrapper that fits an envelope: in
// public, and pairwise.
func (c *Courier) MaxWrapper(public bool) int {
	if public {
		return c.max - reserveMessage
	}
	return c.body
}

// general reports whether an error is one of the machine or the moment, which
// every message would meet, and not of one message.
func general(err error) bool {
	for _, is := range []error{
		store.ErrFull, store.ErrIO, store.ErrClosed, store.ErrEnded, store.ErrBusy, store.ErrDamaged,
		context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}
