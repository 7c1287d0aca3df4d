package datasync

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// ErrSchedule is wrapped by the errors of Schedule.Validate.
var ErrSchedule = errors.New("bad schedule")

// Schedule says when a record that nobody answered is sent again: after the
// k-th transmission it waits min(Base * 2^(k-1), Cap), spread by Jitter; after
// CapFor at the cap it waits Slow each time; after Lifetime it ends. Timing is
// local and never on the wire (spec 04 section 4.2).
type Schedule struct {
	// Base is the wait after the first transmission. It must exceed the
	// envelope lifetime of 15 s plus a round trip, or healthy links duplicate.
	Base time.Duration
	// Cap bounds the exponential growth.
	Cap time.Duration
	// CapFor is the time spent at the cap before Slow applies.
	CapFor time.Duration
	// Slow is the wait after that; 0 stays at the cap.
	Slow time.Duration
	// Jitter spreads each wait by a factor in [1-Jitter, 1+Jitter).
	Jitter float64
	// Lifetime ends an outgoing message, counted from Append.
	Lifetime time.Duration
	// RequestLifetime ends a request for an offered message. It is short: an
	// offerer that still wants us to have the message offers it again.
	RequestLifetime time.Duration
}

// DefaultSchedule returns the schedule for Status peers.
func DefaultSchedule() Schedule {
	return Schedule{
		Base:            20 * time.Second,
		Cap:             time.Hour,
		CapFor:          24 * time.Hour,
		Slow:            6 * time.Hour,
		Jitter:          0.2,
		Lifetime:        30 * 24 * time.Hour,
		RequestLifetime: 24 * time.Hour,
	}
}

// Validate reports the first field that is out of range.
func (s Schedule) Validate() error {
	switch {
	case s.Base < time.Millisecond:
		return fmt.Errorf("%w: base %v is below 1ms", ErrSchedule, s.Base)
	case s.Cap < s.Base:
		return fmt.Errorf("%w: cap %v is below base %v", ErrSchedule, s.Cap, s.Base)
	case s.CapFor < 0:
		return fmt.Errorf("%w: time at the cap is negative", ErrSchedule)
	case s.Slow != 0 && s.Slow < s.Cap:
		return fmt.Errorf("%w: slow interval %v is below cap %v", ErrSchedule, s.Slow, s.Cap)
	case s.Jitter < 0 || s.Jitter > 0.9:
		return fmt.Errorf("%w: jitter %v is outside 0..0.9", ErrSchedule, s.Jitter)
	case s.Lifetime < s.Base || s.RequestLifetime < s.Base:
		return fmt.Errorf("%w: lifetimes must be at least base %v", ErrSchedule, s.Base)
	}
	return nil
}

// Delay returns the wait after the k-th transmission, without jitter. k counts
// from 1.
func (s Schedule) Delay(k int) time.Duration {
	d, atCap := s.Base, 1
	for ; atCap < k && d < s.Cap; atCap++ {
		d *= 2
	}
	if d < s.Cap {
		return d
	}
	if s.Slow > 0 && time.Duration(k-atCap)*s.Cap >= s.CapFor {
		return s.Slow
	}
	return s.Cap
}

// Attempts returns the number of transmissions in a period that starts with
// the first one, without jitter.
func (s Schedule) Attempts(period time.Duration) int {
	n := 0
	for at := time.Duration(0); at <= period && at < s.Lifetime; at += s.Delay(n) {
		n++
	}
	return n
}

// spread returns the k-th delay with jitter; rng nil means none.
func (s Schedule) spread(k int, rng *rand.Rand) time.Duration {
	d := s.Delay(k)
	if rng == nil || s.Jitter == 0 {
		return d
	}
	return time.Duration(float64(d) * (1 - s.Jitter + 2*s.Jitter*rng.Float64()))
}
