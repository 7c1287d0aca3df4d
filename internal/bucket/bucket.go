// Package bucket is the token bucket that all limits of rates are made of. It
// holds neither a lock nor a clock.
package bucket

import "time"

// Bucket is a token bucket with exact fractional refill. The zero value, as any
// with a rate of zero, never limits. It is not safe for concurrent use.
type Bucket struct {
	rate     float64 // tokens per second
	capacity float64
	tokens   float64 // below zero: a debt
	last     time.Time
}

// New returns a full bucket: how many tokens it gets in a second, and how many
// it holds.
func New(perSecond, capacity float64, now time.Time) Bucket {
	return Bucket{rate: perSecond, capacity: capacity, tokens: capacity, last: now}
}

// Second returns a full bucket that holds one second's worth of tokens.
func Second(perSecond uint64, now time.Time) Bucket {
	return New(float64(perSecond), float64(perSecond), now)
}

// refill adds what has come since the last look. A clock that went back adds
// nothing.
func (b *Bucket) refill(now time.Time) {
	if d := now.Sub(b.last); d > 0 {
		b.tokens = min(b.capacity, b.tokens+d.Seconds()*b.rate)
		b.last = now
	}
}

// slack is how many tokens may be missing. Two buckets of the same rate that
// are refilled at different moments differ by rounding, and a sender who
// waits to the nanosecond must not exceed the limit of the receiver by that.
const slack = 1e-6

// Has reports whether n tokens are there now.
func (b *Bucket) Has(n float64, now time.Time) bool {
	if b.rate == 0 {
		return true
	}
	b.refill(now)
	return b.tokens >= n-slack
}

// Spend takes n tokens and reports whether they were there. When they were
// not, nothing is taken.
func (b *Bucket) Spend(n float64, now time.Time) bool {
	if !b.Has(n, now) {
		return false
	}
	if b.rate != 0 {
		b.tokens -= n
	}
	return true
}

// Debit takes n tokens whether they are there or not, down to a debt.
func (b *Bucket) Debit(n float64, now time.Time) {
	if b.rate == 0 {
		return
	}
	b.refill(now)
	b.tokens -= n
}

// Wait returns how long until n tokens, or a full bucket if that is less, are
// there; zero when they are there now.
func (b *Bucket) Wait(n float64, now time.Time) time.Duration {
	if b.rate == 0 {
		return 0
	}
	b.refill(now)
	missing := min(n, b.capacity) - b.tokens
	if missing <= 0 {
		return 0
	}
	return time.Duration(missing/b.rate*float64(time.Second)) + 1
}

// Fits reports whether n tokens can ever be there at once.
func (b *Bucket) Fits(n float64) bool { return b.rate == 0 || n <= b.capacity }

// Full reports whether nothing is missing: the bucket is as good as a new one.
func (b *Bucket) Full(now time.Time) bool { return b.Has(b.capacity, now) }
