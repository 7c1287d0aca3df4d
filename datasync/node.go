package datasync

import (
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
	// maxAcks bounds the acks queued for one peer between two calls of Due.
	maxAcks = 1 << 16
	// clockTolerance is how far time may run backwards unnoticed.
	clockTolerance = Millis(60_000)
)

// Errors of New and Append.
var (
	ErrConfig      = errors.New("bad config")
	ErrTooLarge    = errors.New("message too large")
	ErrNoRecipient = errors.New("message has no recipient")
)

// Mode says how new messages to a group start.
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

// Node is the state of data sync of one account. It is not safe for concurrent
// use: whoever holds the write transaction of its store holds the node.
type Node struct {
	cfg   Config
	rng   *rand.Rand
	stats Stats

	peers    map[PeerID]*peer
	modes    map[PeerID]Mode
	due      deadlines
	refs     map[Ref][]*record
	bodies   map[BodyID]int // records that need the body
	seen     seenSet
	ackers   []*peer // peers with queued acks
	requests int     // records of KindRequest
	seq      uint64
	last     Millis // latest time seen
	offline  bool

	journal journal
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

// New returns a node without records.
func New(cfg Config) (*Node, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	n := &Node{
		cfg:    cfg,
		peers:  make(map[PeerID]*peer),
		modes:  make(map[PeerID]Mode),
		refs:   make(map[Ref][]*record),
		bodies: make(map[BodyID]int),
		seen:   seenSet{retention: cfg.SeenRetention, limit: cfg.MaxSeen},
	}
	if cfg.Jitter != nil {
		n.rng = rand.New(cfg.Jitter)
	}
	return n, nil
}

// SetMode selects how messages appended from now on to the group with peer
// start. What is already outstanding keeps its way. Not durable: the owner
// sets it again after a restart.
func (n *Node) SetMode(peer PeerID, mode Mode) {
	if mode == Batch {
		delete(n.modes, peer)
		return
	}
	n.modes[peer] = mode
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
	// Ref groups the recipients for receipts; zero asks for none.
	Ref  Ref
	Body []byte
	// To lists the recipients. Self is allowed: it reaches the other devices
	// of the account.
	To []PeerID
}

// Append queues a message; its records are due at once. It returns the message
// ids in the order of m.To. Appending the same body to the same recipient
// twice within one second is one message; later it is another one of the same
// Ref, and one ack ends both. An error changes nothing. The changes refer to
// m.Body.
func (n *Node) Append(m Outgoing, now time.Time) ([]MessageID, Effects, error) {
	var e Effects
	if len(m.Body) > n.MaxBodyBytes() {
		return nil, e, fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, len(m.Body), n.MaxBodyBytes())
	}
	if len(m.To) == 0 {
		return nil, e, ErrNoRecipient
	}
	for _, to := range m.To {
		if !to.valid() {
			return nil, e, ErrPeerID
		}
	}
	t := n.observe(now)
	body, seconds := NewBodyID(m.Body), now.Unix()
	stored := n.bodies[body] > 0
	ids := make([]MessageID, len(m.To))
	for i, to := range m.To {
		p := n.peer(to)
		ids[i] = NewMessageID(p.group[:], seconds, m.Body)
		if old := p.records[ids[i]]; old != nil && old.outcome == Waiting {
			continue
		} else if old != nil {
			n.drop(old, &e)
		}
		if !stored {
			stored = true
			e.Changes = append(e.Changes, PutBody{ID: body, Body: m.Body})
		}
		n.seq++
		r := &record{
			peer: p, id: ids[i], kind: KindMessage, seq: n.seq,
			ref: m.Ref, body: body, bodyBytes: len(m.Body), timestamp: seconds,
			created: t, deadline: t,
		}
		if n.modes[to] == Interactive {
			r.kind = KindOffer
		}
		n.insert(r, &e)
	}
	n.sweep()
	return ids, e, nil
}

// Next returns when Due has something to do, which may lie in the past; zero
// when nothing is outstanding or the node is offline.
func (n *Node) Next() time.Time {
	if n.offline {
		return time.Time{}
	}
	if len(n.ackers) > 0 {
		return Millis(1).Time() // at once, whatever the clock does
	}
	if len(n.due) == 0 {
		return time.Time{}
	}
	return n.due[0].deadline.Time()
}

// Due takes what is due: it plans one payload or more per peer for the queued
// acks and due records, schedules those records again, and ends what is too
// old. It takes at most Config.MaxDue records; Next says when there are more.
func (n *Node) Due(now time.Time) Effects {
	var e Effects
	t := n.observe(now)
	if before := n.seen.prune(t); before > 0 {
		e.Changes = append(e.Changes, ForgetSeen{Before: before})
	}
	if n.offline {
		return e
	}
	touched := n.takeAckers()
	records, bytes := 0, 0
	for records < n.cfg.MaxDue && bytes < n.cfg.MaxDueBytes && len(n.due) > 0 && n.due[0].deadline <= t {
		r := n.due[0]
		records++
		if r.created.add(n.lifetime(r)) <= t {
			n.expire(r, &e)
			continue
		}
		if !r.peer.touched {
			r.peer.touched = true
			touched = append(touched, r.peer)
		}
		bytes += r.bodyBytes
		r.peer.batch = append(r.peer.batch, r)
		n.transmit(r, t)
		e.Changes = append(e.Changes, PutState{r.state()})
	}
	for _, p := range touched {
		n.plan(p, &e)
		p.touched, p.batch = false, nil
	}
	n.sweep()
	return e
}

// transmit counts a transmission and schedules the next.
func (n *Node) transmit(r *record, t Millis) {
	n.save(r)
	r.attempts++
	r.lastSent = t
	wait := max(n.cfg.Schedule.spread(r.attempts, n.rng), time.Millisecond)
	n.reschedule(r, min(t.add(wait), r.created.add(n.lifetime(r))))
}

func (n *Node) lifetime(r *record) time.Duration {
	if r.kind == KindRequest {
		return n.cfg.Schedule.RequestLifetime
	}
	return n.cfg.Schedule.Lifetime
}

// expire ends a record that nobody answered in its lifetime.
func (n *Node) expire(r *record, e *Effects) {
	if r.kind == KindRequest {
		n.drop(r, e)
		return
	}
	n.stats.Expired++
	n.finish(r, Expired, e)
}

// finish gives an outgoing record its outcome and reports it. An ack ends the
// other records of the same body at that recipient, which exist when a message
// was appended again. When nobody waits for the same Ref any more, all its
// records go.
func (n *Node) finish(r *record, o Outcome, e *Effects) {
	if r.ref.IsZero() {
		n.drop(r, e)
		return
	}
	body := r.body
	last := body
	if !n.settle(r, o) {
		last = BodyID{}
	}
	for _, g := range slices.Clone(n.refs[r.ref]) {
		if o == Acked && g.peer == r.peer && g.outcome == Waiting && g.body == body {
			n.drop(g, e)
		}
	}
	receipt := Receipt{Ref: r.ref, Peer: r.peer.id, ID: r.id, Outcome: o}
	recipients, outcomes := n.standing(r.ref)
	for _, p := range recipients {
		switch outcomes[p] {
		case Waiting:
			receipt.Waiting++
		case Acked:
			receipt.Acked = append(receipt.Acked, p.id)
		default:
			receipt.Missed++
		}
	}
	e.Receipts = append(e.Receipts, receipt)
	if receipt.Waiting > 0 {
		e.Changes = append(e.Changes, PutState{r.state()})
	} else {
		for len(n.refs[r.ref]) > 0 {
			n.drop(n.refs[r.ref][0], e)
		}
	}
	if last != (BodyID{}) {
		e.Changes = append(e.Changes, DeleteBody{ID: last})
	}
}

// plan turns the acks and the batch of a peer into payloads. Messages go in
// the order of Append.
func (n *Node) plan(p *peer, e *Effects) {
	acks := n.takeAcks(p)
	offers, requests, messages := p.sorted()
	one := entry{size: idEntrySize(IDSize)}
	entries := make([]entry, 0, len(acks)+len(p.batch))
	for range len(acks) + len(offers) + len(requests) {
		entries = append(entries, one)
	}
	for _, r := range messages {
		entries = append(entries, entry{messageEntrySize(IDSize, r.timestamp, r.bodyBytes), true})
	}
	start := 0
	for _, end := range split(entries, n.cfg.MaxPayloadBytes) {
		s := Send{To: p.id, Group: p.group}
		for _, en := range entries[start:end] {
			s.Bytes += en.size
			switch {
			case len(acks) > 0:
				s.Acks, acks = append(s.Acks, acks[0]), acks[1:]
			case len(offers) > 0:
				s.Offers, offers = append(s.Offers, offers[0].id), offers[1:]
			case len(requests) > 0:
				s.Requests, requests = append(s.Requests, requests[0].id), requests[1:]
			default:
				s.Messages, messages = append(s.Messages, n.outbound(messages[0])), messages[1:]
			}
		}
		start = end
		n.stats.Sent++
		n.stats.SentBytes += uint64(s.Bytes)
		n.stats.SentMessages += uint64(len(s.Messages))
		n.stats.SentAcks += uint64(len(s.Acks))
		e.Sends = append(e.Sends, s)
	}
}

// outbound describes a message for a Send and notes that it has been in one.
func (n *Node) outbound(r *record) Outbound {
	o := Outbound{
		ID: r.id, Ref: r.ref, Timestamp: r.timestamp,
		Body: r.body, BodyBytes: r.bodyBytes, Again: r.carried,
	}
	if r.carried {
		n.stats.Retransmitted++
	}
	r.carried = true
	return o
}

// Stats returns the counters.
func (n *Node) Stats() Stats { return n.stats }

// Outstanding returns the number of records that wait for an answer.
func (n *Node) Outstanding() int { return len(n.due) }

// Idle reports whether the node has no record and no queued ack.
func (n *Node) Idle() bool { return len(n.due) == 0 && len(n.ackers) == 0 && len(n.refs) == 0 }
