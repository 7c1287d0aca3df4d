package waku

import (
	"net/netip"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// Limits and defaults (spec 01 section 11).
const (
	// DefaultMaxMessageSize bounds one envelope, in bytes.
	DefaultMaxMessageSize = 1 << 20
	// MaxMessageSizeCeiling is the largest configurable envelope bound.
	MaxMessageSizeCeiling = 10 << 20
	// DefaultMinPoW is the proof of work demanded of an envelope.
	DefaultMinPoW = 0.000002
	// DefaultPoolBytes and DefaultPoolEnvelopes bound the pool.
	DefaultPoolBytes     = 128 << 20
	DefaultPoolEnvelopes = 200_000
	// DefaultTTL replaces a time to live of zero in a post, in seconds.
	DefaultTTL = 50
)

// Config sets up a Host. The zero value of every field is a usable default.
type Config struct {
	Logger  *zap.Logger           // nil: nothing is logged
	Metrics prometheus.Registerer // nil: counted but not exported
	Now     func() time.Time      // NTP-corrected wall clock; nil: time.Now

	MinPoW         *float64 // nil: DefaultMinPoW
	MaxMessageSize uint32   // bytes of one envelope; 0: DefaultMaxMessageSize

	LightNode         bool // announce key 2, never relay, deliver normally
	FullNode          bool // announce a full bloom and accept every topic
	BloomMode         bool // announce a bloom of the filters, not a topic list
	AllowLightToLight bool // accept a light peer although we are light too
	Confirmations     bool // answer Messages with Batch Ack and Response
	PoolBytes         int64
	PoolEnvelopes     int
	OwnPostJitter     time.Duration // random delay of own envelopes, 0 = none
	RateLimits        RateLimits
	Trusted           []enode.ID  // peers whose P2P messages are accepted
	SoftBlacklist     []enode.ID  // peers whose Messages are ignored
	Archive           Archive     // nil: nothing is archived
	Mail              MailServer  // nil: P2P requests are ignored
	Tracker           Tracker     // nil: nobody is told
	Watcher           PeerWatcher // nil: nobody is told
	Witness           TimeWitness // nil: nobody is told
	// WantsMore is called after a peer asked for more than before, at most once
	// in two seconds for each; it must not block. Nil: nobody is told.
	WantsMore   func(enode.ID)
	MailReplies MailClient // nil: what mailservers send goes to the filters unasked
}

// RateLimits are the limits this node enforces and announces, per second.
// Zero means no limit.
type RateLimits struct {
	Enabled        bool
	PacketsPerIP   uint64
	PacketsPerPeer uint64
	BytesPerIP     uint64
	BytesPerPeer   uint64
	Tolerance      uint64 // exceedings of one peer before it is dropped; 0: never
	ExemptIPs      []netip.Addr
	ExemptPeers    []enode.ID
}
