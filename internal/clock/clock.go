// Package clock keeps the offset between the machine's clock and network
// time. Envelopes carry wall time and peers refuse those of a clock that is
// wrong by more than 20 seconds, so a node measures its error and corrects
// for it; it never sets the machine's clock.
//
// Time servers go first. Where they do not answer, or are switched off, what
// peers bring tells whether the machine's clock is wrong, and under strict
// conditions by how much to correct it; see Witness.
//
// A Clock runs one goroutine, in Run, and one short one for each server it
// asks. All other methods may be called from anywhere and before Run. The
// package knows nothing about who uses the time.
package clock

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// Periods of the reference (status-go v0.63.12, timesource).
const (
	// RetryPeriod passes between attempts until the first that succeeds.
	RetryPeriod = 2 * time.Minute
	// SyncPeriod passes after a success.
	SyncPeriod = time.Hour
	// QueryTimeout bounds one question to one server.
	QueryTimeout = 2 * time.Second
)

// jump is the change of the offset above which a log line is worth it.
const jump = time.Second

// ErrTooFewAnswers is returned when fewer than half of the servers answered.
var ErrTooFewAnswers = errors.New("too few time servers answered")

// Query asks one server how far the machine's clock is behind network time.
type Query func(ctx context.Context, server string) (time.Duration, error)

// Config sets up a Clock.
type Config struct {
	Servers []string    // none: Run waits and the offset stays zero
	Query   Query       // nil: QueryNTP
	Logger  *zap.Logger // nil: nothing is logged
	// Now is the machine's clock; nil: time.Now.
	Now func() time.Time
}

// Clock corrects the machine's clock by the measured offset.
type Clock struct {
	cfg    Config
	log    *zap.Logger
	offset atomic.Int64 // nanoseconds

	mu       sync.Mutex
	witness  witness
	source   Source
	synced   time.Time // of the last success; zero: none
	start    time.Time // of the machine's clock, when the monotonic one had began
	began    time.Time
	reviewed time.Time // when the peers' opinion was looked at last
}

// Source says where the offset comes from.
type Source int

// Sources.
const (
	SourceNone    Source = iota // the machine's clock as it is
	SourceServers               // time servers
	SourcePeers                 // the word of peers
)

// Status is what is known of the machine's clock.
type Status struct {
	Source Source
	Offset time.Duration // network time minus the machine's, as it is corrected
	Peers  Opinion       // Offset of it is against the machine's clock, too
}

// Wrong returns by how much the corrected time differs from that of most peers,
// zero where they do not say or it is less than Doubt. Positive: we are behind.
func (s *Status) Wrong() time.Duration {
	if d := s.Peers.Offset - s.Offset; s.Peers.Known && d.Abs() >= Doubt {
		return d
	}
	return 0
}

// New returns a clock with offset zero. It starts nothing.
func New(cfg Config) *Clock {
	if cfg.Query == nil {
		cfg.Query = QueryNTP
	}
	log := cfg.Logger
	if log == nil {
		log = zap.NewNop()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Clock{cfg: cfg, log: log, witness: newWitness(), start: cfg.Now(), began: time.Now()}
}

// Now returns network time as far as it is known.
func (c *Clock) Now() time.Time {
	return c.cfg.Now().Add(time.Duration(c.offset.Load()))
}

// Offset returns what Now adds to the machine's clock, and whether time servers
// measured it.
func (c *Clock) Offset() (offset time.Duration, measured bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(c.offset.Load()), c.source == SourceServers
}

// Status returns what is known of the machine's clock.
func (c *Clock) Status() Status {
	now := c.cfg.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	return Status{Source: c.source, Offset: time.Duration(c.offset.Load()), Peers: c.witness.opinion(now)}
}

// reviewEvery is how often the opinion of peers is looked at, at most.
const reviewEvery = time.Second

// Witness takes an envelope that a peer brought, also one that was refused for
// its time. Without time servers the time is corrected by what peers say when
// CorrectGroups networks or more, and most of all that say something, agree
// within Agreement, we dialled a peer in one of them, and the error is between
// CorrectFrom and CorrectUpTo.
func (c *Clock) Witness(s Sample) {
	now := c.cfg.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noticeStep(now)
	c.witness.add(s, now)
	if now.Sub(c.reviewed) < reviewEvery {
		return
	}
	c.reviewed = now
	if c.source == SourceServers && now.Sub(c.synced) < serversLast {
		return
	}
	c.follow(c.witness.opinion(now))
}

// Refused notes that a peer refused an envelope of ours for its time.
func (c *Clock) Refused(peer, hash [32]byte) {
	now := c.cfg.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.witness.refuse(peer, hash, now)
}

// follow corrects the time by the word of peers, or stops doing so.
func (c *Clock) follow(o Opinion) {
	if !o.Known || !o.Dialled || o.Groups < CorrectGroups {
		return
	}
	old := time.Duration(c.offset.Load())
	least := CorrectFrom
	if c.source == SourcePeers {
		least = Doubt
	}
	offset := o.Offset
	if offset.Abs() < least {
		offset = 0
	}
	switch {
	case offset.Abs() > CorrectUpTo || (offset-old).Abs() < jump:
		return
	case offset == 0 && c.source == SourceServers:
		return // what they said last still holds
	case offset == 0:
		c.source = SourceNone
	default:
		c.source = SourcePeers
	}
	c.offset.Store(int64(offset))
	c.log.Warn("no time servers, the time is corrected by what peers say: set the computer's clock",
		zap.Duration("offset", offset), zap.Int("peers", o.Peers), zap.Int("networks", o.Groups))
}

// noticeStep forgets what peers said when somebody set the machine's clock, and
// reports whether that was so.
func (c *Clock) noticeStep(now time.Time) bool {
	wall, passed := now.Round(0).Sub(c.start.Round(0)), time.Since(c.began)
	if (wall - passed).Abs() <= maxStep {
		return false
	}
	c.start, c.began, c.witness = now, time.Now(), newWitness()
	if c.source == SourcePeers {
		c.source = SourceNone
		c.offset.Store(0)
	}
	c.log.Info("the computer's clock was set, or it slept", zap.Duration("by", wall-passed))
	return true
}

// wasSet is noticeStep for Run.
func (c *Clock) wasSet() bool {
	now := c.cfg.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.noticeStep(now)
}

// Run measures until ctx ends, then returns nil. Failures are logged and
// tried again; the last good offset stays in force.
func (c *Clock) Run(ctx context.Context) error {
	if len(c.cfg.Servers) == 0 {
		<-ctx.Done()
		return nil
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for failures := 0; ; {
		err := c.Sync(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			failures++
			if failures == 1 {
				c.log.Warn("network time unknown, using the machine's clock", zap.Error(err))
			}
		default:
			failures = 0
		}
		wait := RetryPeriod
		if _, measured := c.Offset(); measured {
			wait = SyncPeriod
		}
		if !c.sleep(ctx, timer, wait) {
			return nil
		}
	}
}

// stepPeriod is how often Run looks whether somebody set the machine's clock.
const stepPeriod = 15 * time.Second

// sleep waits until time servers are to be asked again: after a while, or when
// the machine's clock was set. It reports whether ctx is still alive.
func (c *Clock) sleep(ctx context.Context, timer *time.Timer, wait time.Duration) bool {
	for ; wait > 0; wait -= stepPeriod {
		timer.Reset(min(wait, stepPeriod))
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
		}
		if c.wasSet() {
			return true
		}
	}
	return true
}

// Sync asks every server once and takes the median of the answers. At least
// half of the servers have to answer.
func (c *Clock) Sync(ctx context.Context) error {
	type answer struct {
		offset time.Duration
		err    error
	}
	answers := make(chan answer, len(c.cfg.Servers)) // holds all: no sender waits
	for _, server := range c.cfg.Servers {
		go func() { // ends with the query, which ctx and its own timeout end
			ctx, cancel := context.WithTimeout(ctx, QueryTimeout)
			defer cancel()
			offset, err := c.cfg.Query(ctx, server)
			if err != nil {
				err = fmt.Errorf("ask %s: %w", server, err)
			}
			answers <- answer{offset, err}
		}()
	}
	var offsets []time.Duration
	var failed []error // not empty when too few answered
	for range c.cfg.Servers {
		a := <-answers
		if a.err != nil {
			failed = append(failed, a.err)
			continue
		}
		offsets = append(offsets, a.offset)
	}
	if 2*len(offsets) < len(c.cfg.Servers) || len(offsets) == 0 {
		return fmt.Errorf("%w: %d of %d: %w", ErrTooFewAnswers, len(offsets), len(c.cfg.Servers), failed[0])
	}
	c.apply(median(offsets), len(offsets))
	return nil
}

func (c *Clock) apply(offset time.Duration, answers int) {
	c.mu.Lock()
	old := time.Duration(c.offset.Swap(int64(offset)))
	first := c.synced.IsZero()
	c.source, c.synced = SourceServers, c.cfg.Now()
	c.mu.Unlock()
	level := zap.DebugLevel
	if first || (offset-old).Abs() >= jump {
		level = zap.InfoLevel
	}
	if ce := c.log.Check(level, "network time measured"); ce != nil {
		ce.Write(zap.Duration("offset", offset), zap.Int("servers", answers))
	}
}

// median returns the middle value, or the mean of the middle two. It sorts
// its argument, which must not be empty.
func median(offsets []time.Duration) time.Duration {
	slices.SortFunc(offsets, cmp.Compare[time.Duration])
	mid := len(offsets) / 2
	if len(offsets)%2 == 1 {
		return offsets[mid]
	}
	low, high := offsets[mid-1], offsets[mid]
	return low + (high-low)/2
}
