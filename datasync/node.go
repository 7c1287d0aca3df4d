package datasync

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Limits and defaults. The payload limit is that of Waku, 1 MiB, less a
// quarter of head room for encryption (spec 04 section 6).
const (
	DefaultMaxPayloadBytes = 1 << 20 / 4 * 3
	// EnvelopeReserve is what Append keeps free for the fields around a body;
	// the real overhead is at most 62 bytes.
	EnvelopeReserve = 128
	// DefaultSeenRetention covers the 30 days during which a sender tries and
	// 30 more during which a mailserver can still hand out a copy.
	DefaultSeenRetention = 62 * 24 * time.Hour
	DefaultMaxSeen       = 1 << 19
	// DefaultMaxRequests and DefaultMaxPeerRequests bound the state that
	// offers of unknown messages create. Status peers never offer.
	DefaultMaxRequests     = 8192
	DefaultMaxPeerRequests = 256
	// DefaultMaxDue and DefaultMaxDueBytes bound the records of one Due and
	// their bodies, and so the transaction.
	DefaultMaxDue      = 4096
	DefaultMaxDueBytes = 8 << 20
)

// Errors of New and Append.
var (
	ErrConfig      = errors.New("bad config")
	ErrTooLarge    = errors.New("message too large")
	ErrNoRecipient = errors.New("message has no recipient")
	ErrRef         = errors.New("message has no reference, or that of another")
)

// Mode says how a new message starts.
type Mode uint8

// Modes of 2/MVDS. Status peers use Batch; Interactive offers the id first and
// sends the message when it is requested.
const (
	Batch Mode = iota
	Interactive
)

// Config configures a Node. Zero values mean the defaults.
type Config struct {
	// Self is the identity key of this account. Required.
	Self     PeerID
	Schedule Schedule
	// MaxPayloadBytes bounds an encoded payload.
	MaxPayloadBytes int
	// Jitter is the source of the spread of deadlines; nil means no spread.
	Jitter rand.Source
	// SeenRetention and MaxSeen bound the memory of received ids.
	SeenRetention time.Duration
	MaxSeen       int
	// MaxRequests and MaxPeerRequests bound the requests of all peers and of
	// one; offers beyond are ignored.
	MaxRequests     int
	MaxPeerRequests int
	// MaxDue and MaxDueBytes bound the records that one Due takes and the
	// sum of their bodies; the rest stays due.
	MaxDue      int
	MaxDueBytes int
}

func (c Config) withDefaults() Config {
	if c.Schedule == (Schedule{}) {
		c.Schedule = DefaultSchedule()
	}
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&c.MaxPayloadBytes, DefaultMaxPayloadBytes)
	def(&c.MaxSeen, DefaultMaxSeen)
	def(&c.MaxRequests, DefaultMaxRequests)
	def(&c.MaxPeerRequests, DefaultMaxPeerRequests)
	def(&c.MaxDue, DefaultMaxDue)
	def(&c.MaxDueBytes, DefaultMaxDueBytes)
	if c.SeenRetention == 0 {
		c.SeenRetention = DefaultSeenRetention
	}
	return c
}

func (c *Config) validate() error {
	if err := c.Schedule.Validate(); err != nil {
		return err
	}
	switch {
	case !c.Self.valid():
		return fmt.Errorf("%w: own key: %w", ErrConfig, ErrPeerID)
	case c.MaxPayloadBytes < 2*EnvelopeReserve:
		return fmt.Errorf("%w: payload limit %d is below %d", ErrConfig, c.MaxPayloadBytes, 2*EnvelopeReserve)
	case min(c.MaxSeen, c.MaxRequests, c.MaxPeerRequests, c.MaxDue, c.MaxDueBytes) < 0 || c.SeenRetention < 0:
		return fmt.Errorf("%w: negative limit", ErrConfig)
	}
	return nil
}

// Node is data sync of one account: how it is configured, and what the calls of
// its methods did so far. What is outstanding is in the Store that they are
// given. It is not safe for concurrent use: whoever holds the write transaction
// of its store holds the node.
type Node struct {
	cfg     Config
	rng     *rand.Rand
	stats   Stats
	offline bool
}

// Stats counts what a Node did since it was made. The counters are not rolled
// back with a transaction.
type Stats struct {
	Sent           uint64 // payloads planned by Due
	SentBytes      uint64
	SentMessages   uint64 // messages in them
	Retransmitted  uint64 // those of them that were sent before
	SentAcks       uint64
	Received       uint64 // messages received, all copies
	Duplicates     uint64 // those received before
	Refused        uint64 // deliveries that the layer above did not take
	Foreign        uint64 // those of another group than the sender's
	UnknownAcks    uint64 // acks without an outstanding record
	RefusedOffers  uint64 // offers beyond the limits
	DelayedResends uint64 // requests answered later because they came too fast
	Expired        uint64 // outgoing records that ended unacknowledged
}

// New returns a node.
func New(cfg Config) (*Node, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	n := &Node{cfg: cfg}
	if cfg.Jitter != nil {
		n.rng = rand.New(cfg.Jitter)
	}
	return n, nil
}

// SetOnline says whether there is a connection to send through. While offline
// Due sends nothing and consumes no attempts, and Next has no deadline. A new
// node is online.
func (n *Node) SetOnline(online bool) { n.offline = !online }

// MaxBodyBytes returns the size of the largest body that Append accepts.
func (n *Node) MaxBodyBytes() int { return n.cfg.MaxPayloadBytes - EnvelopeReserve }

// Outgoing is one application message for one or more recipients. Each gets it
// in the one-to-one group with this account.
type Outgoing struct {
	Ref  Ref
	Body []byte
	// To lists the recipients. Self is allowed: it reaches the other devices
	// of the account.
	To   []PeerID
	Mode Mode
}

// Append queues a message; its records are due at once. It returns the message
// ids in the order of m.To. A recipient that has not acknowledged the message
// with this Ref yet gets that one once more, as with Retry.
func (n *Node) Append(st Store, m Outgoing, now time.Time) ([]MessageID, error) {
	if len(m.Body) > n.MaxBodyBytes() {
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, len(m.Body), n.MaxBodyBytes())
	}
	if len(m.To) == 0 {
		return nil, ErrNoRecipient
	}
	for _, to := range m.To {
		if !to.valid() {
			return nil, ErrPeerID
		}
	}
	if m.Ref.IsZero() {
		return nil, ErrRef
	}
	if same, err := st.PutBody(m.Ref, m.Body); err != nil || !same {
		return nil, cmp.Or(err, ErrRef)
	}
	t := MillisOf(now)
	records, err := st.RecordsOf(m.Ref)
	if err != nil {
		return nil, err
	}
	ids := make([]MessageID, len(m.To))
	for i, to := range m.To {
		if at := slices.IndexFunc(records, func(r State) bool { return r.Peer == to }); at >= 0 {
			ids[i] = records[at].ID
			if err := again(st, &records[at], t); err != nil {
				return nil, err
			}
			continue
		}
		group := OneToOne(n.cfg.Self, to)
		r := State{
			Peer: to, Kind: KindMessage, Ref: m.Ref, BodyBytes: len(m.Body), Timestamp: now.Unix(), Created: t, Deadline: t,
		}
		if m.Mode == Interactive {
			r.Kind = KindOffer
		}
		r.ID = NewMessageID(group[:], r.Timestamp, m.Body)
		if err := st.Insert(&r); err != nil {
			return nil, err
		}
		ids[i], records = r.ID, append(records, r)
	}
	return ids, nil
}

// again makes a record due at once and starts its schedule over.
func again(st Store, r *State, t Millis) error {
	r.Attempts, r.Deadline = 0, min(r.Deadline, t)
	return st.Update(r)
}

// Next returns when Due has something to do, which may lie in the past; zero
// when nothing is outstanding or the node is offline.
func (n *Node) Next(st Store) (time.Time, error) {
	if n.offline {
		return time.Time{}, nil
	}
	status, err := st.Status()
	if err != nil || !status.Owed && !status.Heard {
		return status.Deadline.Time(), err
	}
	return Millis(1).Time(), nil // at once, whatever the clock does
}

// Stats returns the counters.
func (n *Node) Stats() Stats { return n.stats }
