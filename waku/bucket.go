package waku

import "time"

// bucket is a token bucket with exact fractional refill. It holds no lock and
// no clock. A rate of zero means that it never limits.
type bucket struct {
	rate     float64 // tokens per second
	capacity float64
	tokens   float64
	last     time.Time
}

// newBucket returns a full bucket that holds one second's worth of tokens.
func newBucket(perSecond uint64, now time.Time) bucket {
	r := float64(perSecond)
	return bucket{rate: r, capacity: r, tokens: r, last: now}
}

func (b *bucket) refill(now time.Time) {
	if d := now.Sub(b.last); d > 0 {
		b.tokens = min(b.capacity, b.tokens+d.Seconds()*b.rate)
		b.last = now
	}
}

// slack is how many tokens may be missing. Two buckets of the same rate that
// are refilled at different moments differ by rounding, and a sender who
// waits to the nanosecond must not exceed the limit of the receiver by that.
const slack = 1e-6

// spend takes n tokens and reports whether they were there. When they were
// not, nothing is taken.
func (b *bucket) spend(n float64, now time.Time) bool {
	if b.rate == 0 {
		return true
	}
	b.refill(now)
	if b.tokens < n-slack {
		return false
	}
	b.tokens -= n
	return true
}

// wait returns how long until n tokens, or a full bucket if that is less, are
// there; zero when they are there now.
func (b *bucket) wait(n float64, now time.Time) time.Duration {
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

// holds reports whether n tokens can ever be there at once.
func (b *bucket) holds(n float64) bool { return b.rate == 0 || n <= b.capacity }

// debit takes n tokens whether they are there or not, down to a debt.
func (b *bucket) debit(n float64, now time.Time) {
	if b.rate == 0 {
		return
	}
	b.refill(now)
	b.tokens -= n
}
