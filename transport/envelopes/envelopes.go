// Package envelopes tracks what was posted to waku until it reached a peer, is
// confirmed, or is given up (spec 03 section 12.1).
//
//	queued ── Posted ──> posted ── sent, received back, acknowledged ──> Sent
//	  ^                    │
//	  └── Repost ──────────┴── expired or refused ──> Expired after MaxAttempts
//
// A Tracker is a value in memory, fed with events; it returns effects: records
// to store, messages to post again, outcomes to tell the user. A message is
// posted again with the same payload in a new envelope, never encrypted again.
// After a restart, Load makes everything that was not sent queued again, at no
// cost of attempts.
//
// # Invariants
//
//   - Each tracked post ends with exactly one Sent or Expired, unless Forget
//     ends it.
//   - Events of unknown envelopes and batches have no effect.
//   - Memory is bounded by what is queued or in the pool of waku: a batch that
//     is never acknowledged goes with its last envelope or with its peer.
//
// The package is pure and starts no goroutines; the caller serialises calls.
// It knows no clock: the expiry of an envelope is an event of waku.
package envelopes

import (
	"cmp"
	"maps"
	"slices"

	"statusd/waku/wire"
)

// DefaultMaxAttempts is how often a message is posted unless configured.
const DefaultMaxAttempts = 6

// PostID names a message to post: the row of the outbox, which has its bytes.
type PostID int64

// PeerID names a peer on the network.
type PeerID [32]byte

// MessageID names an application message.
type MessageID [32]byte

// State of a tracked post.
type State uint8

// States. A post that was sent has no record any more.
const (
	Queued State = iota + 1 // to be posted, or posted again
	Posted                  // in the pool of waku
)

// Record is what is stored of a tracked post.
type Record struct {
	Post     PostID
	State    State
	Attempts int       // how often it was posted; the running one counts
	Envelope wire.Hash // while Posted
	IDs      []MessageID
}

// Reason says why a post was given up.
type Reason uint8

// Reasons.
const (
	Connectivity Reason = iota + 1
	TimeSync
)

// String returns the text that users of the reference see.
func (r Reason) String() string {
	switch r {
	case Connectivity:
		return "envelope expired due to connectivity issues"
	case TimeSync:
		return "envelope wasn't delivered due to time sync issues"
	}
	return "envelope was not delivered"
}

// Error codes with which a peer refuses an envelope for its time: the one of
// 10/WAKU-USAGE, and what deployed peers send for every refusal.
const (
	codeTimeSync         = 1
	codeTimeSyncDeployed = 21
)

// Effect is something the caller does, in order: PutRecord, DropRecord, Repost,
// Sent or Expired. The first two belong into the database, before the rest.
type Effect interface{ effect() }

// Effects.
type (
	// PutRecord stores a record in place of the one with the same Post.
	PutRecord struct{ Record Record }
	// DropRecord erases a record and with it the row of the outbox.
	DropRecord struct{ Post PostID }
	// Repost asks to post the message again and to call Posted or Failed.
	Repost struct{ Post PostID }
	// Sent says that a message reached a peer, once.
	Sent struct {
		Post PostID
		IDs  []MessageID
	}
	// Expired says that a message was given up.
	Expired struct {
		Post   PostID
		IDs    []MessageID
		Reason Reason
	}
)

func (PutRecord) effect()  {}
func (DropRecord) effect() {}
func (Repost) effect()     {}
func (Sent) effect()       {}
func (Expired) effect()    {}

// Config of a Tracker.
type Config struct {
	// MaxAttempts is how often a message is posted; 0 is as 1, no retry.
	MaxAttempts int
	// MailServersOnly ignores what peers say that are no known mailservers.
	MailServersOnly bool
}

type batchID struct {
	peer PeerID
	hash wire.Hash
}

// Tracker follows posts. Use New.
type Tracker struct {
	cfg     Config
	records map[PostID]Record
	posted  map[wire.Hash]PostID
	batches map[batchID]map[wire.Hash]bool
}

// New returns a Tracker that follows nothing yet.
func New(cfg Config) *Tracker {
	return &Tracker{
		cfg: cfg, records: make(map[PostID]Record), posted: make(map[wire.Hash]PostID),
		batches: make(map[batchID]map[wire.Hash]bool),
	}
}

// Load takes the stored records after a start. What was in the pool is gone
// and is posted again in the same attempt.
func (t *Tracker) Load(records []Record) []Effect {
	var effects []Effect
	records = slices.Clone(records)
	slices.SortFunc(records, func(a, b Record) int { return cmp.Compare(a.Post, b.Post) })
	for _, r := range records {
		r.State, r.Envelope = Queued, wire.Hash{}
		t.records[r.Post] = r
		effects = append(effects, PutRecord{r}, Repost{r.Post})
	}
	return effects
}

// Queue starts to track a post that the outbox holds. ids may be empty.
func (t *Tracker) Queue(post PostID, ids []MessageID) []Effect {
	if _, ok := t.records[post]; ok {
		return nil
	}
	return t.keep(Record{Post: post, State: Queued, Attempts: 1, IDs: slices.Clone(ids)})
}

// Again starts the attempts of a post over: a person asked for that.
func (t *Tracker) Again(post PostID) []Effect {
	r, ok := t.records[post]
	if !ok || r.Attempts == 1 {
		return nil
	}
	r.Attempts = 1
	return t.keep(r)
}

func (t *Tracker) keep(r Record) []Effect {
	t.records[r.Post] = r
	return []Effect{PutRecord{r}}
}

// Posted notes that waku took a post in an envelope.
func (t *Tracker) Posted(post PostID, envelope wire.Hash) []Effect {
	r, ok := t.records[post]
	if !ok || r.State != Queued || envelope == (wire.Hash{}) {
		return nil
	}
	r.State, r.Envelope = Posted, envelope
	t.records[post] = r
	t.posted[envelope] = post
	return []Effect{PutRecord{r}}
}

// Failed notes that posting did not work. It uses up an attempt.
func (t *Tracker) Failed(post PostID) []Effect {
	r, ok := t.records[post]
	if !ok || r.State != Queued {
		return nil
	}
	return t.fail(r, Connectivity)
}

// Forget ends the tracking of a post without an outcome.
func (t *Tracker) Forget(post PostID) []Effect {
	r, ok := t.records[post]
	if !ok {
		return nil
	}
	t.forget(r)
	return []Effect{DropRecord{post}}
}

// Pending returns how many posts are tracked.
func (t *Tracker) Pending() int { return len(t.records) }

// Records returns the tracked posts in order.
func (t *Tracker) Records() []Record {
	return slices.SortedFunc(maps.Values(t.records), func(a, b Record) int { return cmp.Compare(a.Post, b.Post) })
}

// Peer is who an event comes from.
type Peer struct {
	ID         PeerID
	MailServer bool // a known one
}

func (t *Tracker) ignores(p Peer) bool { return t.cfg.MailServersOnly && !p.MailServer }

// SentToPeer notes that an envelope was written to a peer. batch is the hash
// under which the peer will acknowledge it, nil if it does not.
func (t *Tracker) SentToPeer(envelope wire.Hash, p Peer, batch *wire.Hash) []Effect {
	r, ok := t.find(envelope)
	if !ok || t.ignores(p) {
		return nil
	}
	if batch == nil {
		return t.done(r)
	}
	id := batchID{p.ID, *batch}
	if t.batches[id] == nil {
		t.batches[id] = make(map[wire.Hash]bool)
	}
	t.batches[id][envelope] = true
	return nil
}

// Refusal is an envelope that a peer did not take, with its error code.
type Refusal struct {
	Envelope wire.Hash
	Code     uint
}

// Acknowledged notes the answer of a peer to a batch: all of it arrived but
// what was refused.
func (t *Tracker) Acknowledged(p Peer, batch wire.Hash, refused []Refusal) []Effect {
	id := batchID{p.ID, batch}
	in, ok := t.batches[id]
	if !ok || t.ignores(p) {
		return nil
	}
	delete(t.batches, id)
	codes := make(map[wire.Hash]uint, min(len(refused), len(in)))
	for _, f := range refused {
		if in[f.Envelope] {
			codes[f.Envelope] = f.Code
		}
	}
	var effects []Effect
	order := slices.SortedFunc(maps.Keys(in), func(a, b wire.Hash) int { return slices.Compare(a[:], b[:]) })
	for _, envelope := range order {
		r, ok := t.find(envelope)
		if !ok {
			continue
		}
		code, no := codes[envelope]
		switch {
		case !no:
			effects = append(effects, t.done(r)...)
		case code == codeTimeSync || code == codeTimeSyncDeployed:
			effects = append(effects, t.fail(r, TimeSync)...)
		default:
			effects = append(effects, t.fail(r, Connectivity)...)
		}
	}
	return effects
}

// ReceivedBack notes that a peer sent us our own envelope: it is around.
func (t *Tracker) ReceivedBack(envelope wire.Hash, p Peer) []Effect {
	r, ok := t.find(envelope)
	if !ok || t.ignores(p) {
		return nil
	}
	return t.done(r)
}

// Refused notes that a peer did not take an envelope, for a caller that follows
// batches itself and calls SentToPeer without one once they are acknowledged.
func (t *Tracker) Refused(envelope wire.Hash, p Peer, why Reason) []Effect {
	r, ok := t.find(envelope)
	if !ok || t.ignores(p) {
		return nil
	}
	return t.fail(r, why)
}

// Unheard notes that an envelope left the pool of waku while there was no peer
// that would have forwarded it: it is posted again, which uses up no attempt.
func (t *Tracker) Unheard(envelope wire.Hash) []Effect {
	r, ok := t.find(envelope)
	if !ok {
		return nil
	}
	t.forget(r)
	r.State, r.Envelope = Queued, wire.Hash{}
	t.records[r.Post] = r
	return []Effect{PutRecord{r}, Repost{r.Post}}
}

// Expired notes that an envelope left the pool of waku.
func (t *Tracker) Expired(envelope wire.Hash) []Effect {
	r, ok := t.find(envelope)
	if !ok {
		return nil
	}
	return t.fail(r, Connectivity)
}

// Disconnected forgets the batches of a peer that is gone.
func (t *Tracker) Disconnected(p PeerID) {
	maps.DeleteFunc(t.batches, func(id batchID, _ map[wire.Hash]bool) bool { return id.peer == p })
}

func (t *Tracker) find(envelope wire.Hash) (Record, bool) {
	post, ok := t.posted[envelope]
	return t.records[post], ok
}

func (t *Tracker) done(r Record) []Effect {
	t.forget(r)
	return []Effect{DropRecord{r.Post}, Sent{r.Post, r.IDs}}
}

// fail is the failure path: post again, or give up.
func (t *Tracker) fail(r Record, why Reason) []Effect {
	t.forget(r)
	if r.Attempts >= t.cfg.MaxAttempts {
		return []Effect{DropRecord{r.Post}, Expired{r.Post, r.IDs, why}}
	}
	r.State, r.Envelope = Queued, wire.Hash{}
	r.Attempts++
	t.records[r.Post] = r
	return []Effect{PutRecord{r}, Repost{r.Post}}
}

func (t *Tracker) forget(r Record) {
	delete(t.records, r.Post)
	if r.State != Posted {
		return
	}
	delete(t.posted, r.Envelope)
	for id, in := range t.batches {
		delete(in, r.Envelope)
		if len(in) == 0 {
			delete(t.batches, id)
		}
	}
}
