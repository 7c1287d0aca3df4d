// Package clock keeps the offset between the machine's clock and network
// time. Envelopes carry wall time and peers refuse those of a clock that is
// wrong by more than 20 seconds, so a node measures its error and corrects
// for it; it never sets the machine's clock.
//
// A Clock runs one goroutine, in Run, and one short one for each server it
// asks. Now and Offset may be called from anywhere and before Run. The
// package knows nothing about who uses the time.
package clock

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
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
var ErrTooFewAnswers = errors.New("clock: too few time servers answered")

// Query asks one server how far the machine's clock is behind network time.
type Query func(ctx context.Context, server string) (time.Duration, error)

// Config sets up a Clock.
type Config struct {
	Servers []string    // none: Run waits and the offset stays zero
	Query   Query       // nil: QueryNTP
	Logger  *zap.Logger // nil: nothing is logged
}

// Clock corrects the machine's clock by the measured offset.
type Clock struct {
	cfg    Config
	log    *zap.Logger
	offset atomic.Int64 // nanoseconds
	synced atomic.Int64 // Unix seconds of the last success; 0: none
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
	return &Clock{cfg: cfg, log: log}
}

// Now returns network time as far as it is known.
func (c *Clock) Now() time.Time {
	return time.Now().Add(time.Duration(c.offset.Load()))
}

// Offset returns what Now adds to the machine's clock, and whether it was
// measured at all.
func (c *Clock) Offset() (offset time.Duration, measured bool) {
	return time.Duration(c.offset.Load()), c.synced.Load() != 0
}

// Run measures until ctx ends, then returns nil. Failures are logged and
// tried again; the last good offset stays in force.
func (c *Clock) Run(ctx context.Context) error {
	if len(c.cfg.Servers) == 0 {
		<-ctx.Done()
		return nil
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for failures := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
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
		if _, measured := c.Offset(); measured {
			timer.Reset(SyncPeriod)
		} else {
			timer.Reset(RetryPeriod)
		}
	}
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
	old := time.Duration(c.offset.Swap(int64(offset)))
	first := c.synced.Swap(time.Now().Unix()) == 0
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
