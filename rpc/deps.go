package rpc

import (
	"context"
	"time"

	"github.com/ethereum/go-ethereum/event"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/prometheus/client_golang/prometheus"

	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/mnemonic"
	"statusd/accounts/secret"
	"statusd/api"
	"statusd/configs"
	"statusd/internal/feed"
	"statusd/internal/profile"
	"statusd/internal/store"
	"statusd/mailserver/history"
	"statusd/messenger"
	"statusd/messenger/courier"
	"statusd/waku"
	"statusd/waku/wire"
)

// Deps are the parts of the daemon that methods work on. Waku may be nil when
// Waku is switched off: its methods then do not exist.
type Deps struct {
	Node      Node
	Peers     PeerManager
	Logs      LogControl
	Health    HealthSource
	Waku      Waku
	Guest     func() WakuGuest    // with Waku: lets another owner of filters and keys in
	History   History             // nil: the methods about mailservers do not exist
	Mail      MailControl         // with History
	Records   MailRecords         // with History
	Discovery Discovery           // nil: peers cannot be searched for
	Accounts  Accounts            // nil: there are no methods for accounts
	Events    Events              // nil: nothing is told of events
	Names     Names               // nil: no three-word names
	Gatherer  prometheus.Gatherer // nil: /metrics answers 404
	// Messenger and Courier return those of the account that is logged in, nil
	// while nobody is. nil: there are no methods about messages.
	Messenger func() *messenger.Messenger
	Courier   func() *courier.Courier

	// Shutdown asks the daemon to stop (admin_shutdown). It must return at
	// once; the stop includes this server.
	Shutdown func()
}

// Node describes the running node (admin_nodeInfo, net_*).
type Node interface {
	NodeInfo() api.NodeInfo
	PeersInfo() []api.PeerInfo
	PeerCount() int
	// Listening tells whether the peer-to-peer port accepts connections.
	Listening() bool
	NetworkID() uint64
	// DataDir is the absolute path of the data directory.
	DataDir() string
}

// PeerManager changes the set of wanted peers while the node runs. Calls must
// not wait for a connection to be made.
type PeerManager interface {
	AddPeer(*enode.Node) error
	RemovePeer(*enode.Node) error
	AddTrustedPeer(*enode.Node) error
	RemoveTrustedPeer(*enode.Node) error
	// SubscribeEvents has the contract of p2p.Server.SubscribeEvents: the
	// subscriber keeps receiving until it has unsubscribed.
	SubscribeEvents(chan *p2p.PeerEvent) event.Subscription
}

// LogControl changes levels at run time.
type LogControl interface {
	// SetLogLevel sets the level (error, warn, info, debug or trace in lower
	// case) of a module, or of all of them when module is empty. The error
	// text of an unknown module is shown to the caller.
	SetLogLevel(module, level string) error
}

// HealthSource reports the state of the daemon. Health must answer at once,
// from values that are already known, also when a component hangs.
type HealthSource interface {
	Health() api.Health
}

// Accounts are the accounts of the data directory; *profile.Manager implements
// it.
type Accounts interface {
	AccountMaker
	AccountKeeper
	AccountUser
}

// AccountMaker makes accounts.
type AccountMaker interface {
	Create(context.Context, profile.Options, int, secret.Bytes) (profile.Summary, mnemonic.Phrase, error)
	ImportPhrase(context.Context, profile.Options, profile.Import) (profile.Summary, error)
	ImportKey(context.Context, profile.Options, key.Private) (profile.Summary, error)
	ImportKeyFile(context.Context, profile.Options, []byte, secret.Bytes) (profile.Summary, error)
}

// AccountKeeper looks at accounts and changes them, logged in or not.
type AccountKeeper interface {
	List(context.Context) ([]profile.Listed, error)
	Find(context.Context, string) (key.UID, error)
	Verify(context.Context, key.UID, kdf.Password) (bool, error)
	ChangePassword(context.Context, key.UID, kdf.Password, profile.Options) error
	KeyFiles(context.Context, key.UID, kdf.Password) ([][]byte, error)
	Phrase(context.Context, key.UID, kdf.Password) (secret.Bytes, error)
	Delete(context.Context, key.UID, string) error
}

// AccountUser opens an account and works on the one that is open.
type AccountUser interface {
	Login(context.Context, key.UID, kdf.Password) (*profile.Account, error)
	Logout(context.Context) error
	ConfirmBackup(context.Context, key.UID) error
	Backup(context.Context, kdf.Password, bool) (profile.Backup, error)
	CheckDatabase(context.Context) error
	VacuumDatabase(context.Context) (int64, error)
	// Current returns the account that is logged in, nil while nobody is.
	Current() *profile.Account
}

// Events are what programs are told; *feed.Feed implements it.
type Events interface {
	Read(ctx context.Context, q feed.Query, limit int, wait time.Duration, stop <-chan struct{}) (api.EventPage, error)
	Ack(ctx context.Context, by store.Party, consumer string, cursor int64) error
	Open(context.Context, feed.Query) (*feed.Reader, error)
	Consumers(ctx context.Context, by store.Party) (all []store.Consumer, last int64, err error)
	Forget(ctx context.Context, by store.Party, consumer string) error
	Tidy(ctx context.Context, ended func(owner string) bool)
}

// Names gives public keys their three-word names; *names.Lists implements it.
type Names interface {
	Name(key.Public) string
}

// Waku is the Waku host as its methods use it; *waku.Host implements it.
type Waku interface {
	WakuSettings
	Post(context.Context, waku.Post) (wire.Hash, error)
	TrustPeer(enode.ID)
	PeerConnected(enode.ID) bool
}

// WakuSettings reads and changes the node's own announced values.
type WakuSettings interface {
	Info() waku.Info
	SetMinPoW(float64) error
	SetMaxMessageSize(uint32) error
	SetBloomFilter([]byte) error
	SetLightNode(bool)
}

// WakuGuest is what one owner has in the Waku host; *waku.Guest implements it.
// With a nil sink the host keeps the messages until FilterMessages takes them.
type WakuGuest interface {
	InstallFilter(waku.FilterSpec, waku.Sink) (waku.FilterID, error)
	UninstallFilter(waku.FilterID) bool
	FilterMessages(waku.FilterID) ([]*waku.ReceivedMessage, error)
	Waiting() int
	Keys() *waku.Keys
	// Close removes all of it.
	Close()
}

// History asks mailservers; *history.Client implements it.
type History interface {
	Fetch(context.Context, history.Request) (history.Result, error)
	// Status lists the mailservers, the best one first.
	Status() []history.ServerStatus
	// Outstanding lists the requests that wait for an answer.
	Outstanding() []history.Outstanding
}

// MailControl is the node as the methods about mailservers use it.
type MailControl interface {
	// Now is network time.
	Now() time.Time
	// UpdateMailservers replaces the mailservers that are asked; the first is
	// preferred.
	UpdateMailservers([]configs.NodeRef) error
	// MailServer describes the mailserver that this node is. It fails when it
	// is none.
	MailServer(context.Context) (api.ArchiveReport, error)
	// Backfill archives one page of what another mailserver has: archived counts
	// what was handed to the archive, which may have had it already, skipped what
	// no peer would have taken. It fails when this node is no mailserver.
	Backfill(context.Context, history.Request) (page history.Result, archived, skipped int, err error)
}

// MailRecords stores what clients want remembered; *history.LevelDB
// implements it.
type MailRecords interface {
	Records(table string) ([]history.Record, error)
	PutRecords(table string, records ...history.Record) error
	DeleteRecords(table string, keys ...string) error
}
