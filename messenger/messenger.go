package messenger

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"statusd/accounts/key"
	"statusd/internal/store"
	"statusd/messenger/courier"
)

// Names gives people the three-word names by which others show them.
type Names interface{ Name(p key.Public) string }

// Policy says what strangers may do: people who were neither added nor
// written to.
type Policy struct {
	// ContactsOnly refuses one-to-one messages, invitations and groups of
	// everybody who was not added. Requests to become a contact still come.
	ContactsOnly bool
	// MaxStrangers bounds the chats that strangers began: for a new one the
	// oldest that is unread makes room. 0 means DefaultMaxStrangers.
	MaxStrangers int
	// MaxStrangerMessages bounds the messages of one stranger, and
	// MaxStrangerBytes their size together: the oldest make room for new ones.
	// 0 means the defaults.
	MaxStrangerMessages int
	MaxStrangerBytes    int
	// GuestTexts, GuestMedia and GuestReactions bound what people who were not
	// added keep in public chats: the oldest make room for new ones. Zero fields
	// mean the defaults.
	GuestTexts, GuestMedia, GuestReactions store.GuestLimits
	// Room reports whether the disk has room for what people write who were
	// neither added nor written to; nil means always. It must not block.
	Room func() bool
}

// Defaults of Policy.
const (
	DefaultMaxStrangers        = 2000
	DefaultMaxStrangerMessages = 500
	DefaultMaxStrangerBytes    = 2 << 20

	DefaultGuestTexts        = 8 << 20 // of one author; four bytes for each of a text, and 512
	DefaultAllGuestTexts     = 256 << 20
	DefaultGuestMedia        = 4 << 20
	DefaultAllGuestMedia     = 64 << 20
	DefaultGuestReactions    = 1 << 20 // 256 each
	DefaultAllGuestReactions = 32 << 20
)

func (p *Policy) setDefaults() {
	if p.MaxStrangers <= 0 {
		p.MaxStrangers = DefaultMaxStrangers
	}
	if p.MaxStrangerMessages <= 0 {
		p.MaxStrangerMessages = DefaultMaxStrangerMessages
	}
	if p.MaxStrangerBytes <= 0 {
		p.MaxStrangerBytes = DefaultMaxStrangerBytes
	}
	for _, limits := range []struct {
		of          *store.GuestLimits
		author, all int64
	}{
		{&p.GuestTexts, DefaultGuestTexts, DefaultAllGuestTexts},
		{&p.GuestMedia, DefaultGuestMedia, DefaultAllGuestMedia},
		{&p.GuestReactions, DefaultGuestReactions, DefaultAllGuestReactions},
	} {
		if limits.of.Author <= 0 {
			limits.of.Author = limits.author
		}
		if limits.of.All <= 0 {
			limits.of.All = limits.all
		}
	}
	if p.Room == nil {
		p.Room = func() bool { return true }
	}
}

// Config is what a Messenger works with.
type Config struct {
	Identity key.Private // the chat key
	DB       *store.DB
	Courier  Courier
	Now      func() time.Time // nil for time.Now
	Log      *zap.Logger      // nil for none
	Names    Names            // nil for no names
	Meter    Meter            // nil: nothing is counted
	Policy   Policy
	// Extensions sends and accepts edits, deletions and pins, which peers of
	// 2020 do not know.
	Extensions bool
}

// ErrConfig is returned by New for a Config without identity, database or
// courier.
var ErrConfig = errors.New("configuration needs an identity, a database and a courier")

// Messenger is the chats of one account: what the courier hands received
// payloads to (courier.Chats, by embedding), and the services for users. It
// has no goroutines and no state besides the database. All methods are safe
// for concurrent use.
type Messenger struct{ *inbox }

var _ courier.Chats = (*Messenger)(nil)

// New returns the messenger of an account. It handles what earlier versions of
// the program kept because they did not understand it. What was held otherwise
// waits for Retry, which the courier calls at its start.
func New(ctx context.Context, cfg Config) (*Messenger, error) {
	if cfg.Identity.IsZero() || cfg.DB == nil || cfg.Courier == nil {
		return nil, ErrConfig
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	cfg.Policy.setDefaults()
	self := cfg.Identity.Public()
	c := &core{
		identity: cfg.Identity, self: self, id: self.ContactID(), db: cfg.DB, courier: cfg.Courier, now: cfg.Now,
		log: cfg.Log.Named("messenger"), names: cfg.Names, meter: cfg.Meter, policy: cfg.Policy, extensions: cfg.Extensions,
		drops: newDrops(), faces: newFaces(), signers: newSigners(),
	}
	c.parts = newParts(c)
	m := &Messenger{newInbox(c)}
	if err := m.inbox.release(ctx); err != nil {
		return nil, err
	}
	if !cfg.Policy.ContactsOnly { // it may have been set before
		if err := c.update(ctx, func(tx *store.Tx) error {
			return tx.Quarantine().WakeAll(store.ReasonContact, c.now())
		}); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Chats returns the service for conversations.
func (m *Messenger) Chats() *Chats { return m.chats }

// Messages returns the service for messages.
func (m *Messenger) Messages() *Messages { return m.messages }

// Mail returns the service that sends to whom a person names.
func (m *Messenger) Mail() *Mail { return m.mail }

// Groups returns the service for private groups.
func (m *Messenger) Groups() *Groups { return m.groups }

// Contacts returns the service for people.
func (m *Messenger) Contacts() *Contacts { return m.contacts }

// Reactions returns the service for reactions.
func (m *Messenger) Reactions() *Reactions { return m.reactions }

// Devices returns the service for the account's devices.
func (m *Messenger) Devices() *Devices { return m.devices }

// Transactions returns the service for transaction commands.
func (m *Messenger) Transactions() *Transactions { return m.transactions }

// Settings returns the service for what frontends keep with the account.
func (m *Messenger) Settings() *Settings { return m.settings }

// Drops returns how many received payloads were refused, by reason.
func (m *Messenger) Drops() map[string]uint64 { return m.drops.snapshot() }
