package bucket

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestBucketsAgree: what a sender's bucket lets through is never too much for
// the receiver's, however often the sender looks at his.
func TestBucketsAgree(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		rate := uint64(1 + rnd.IntN(20))
		now := time.Unix(1_600_000_000, 0)
		ours, theirs := Second(rate, now), Second(rate, now)
		for i := range 500 {
			n := float64(1 + rnd.IntN(int(rate)))
			for wait := ours.Wait(n, now); wait > 0; wait = ours.Wait(n, now) {
				if rnd.IntN(2) == 0 {
					wait = 1 + time.Duration(rnd.Int64N(int64(wait))) // woken by something else
				}
				now = now.Add(wait)
			}
			ours.Debit(n, now)
			if !theirs.Spend(n, now) {
				t.Fatalf("rate %d, packet %d of %g: %g tokens are there", rate, i, n, theirs.tokens)
			}
		}
	}
}

// TestBucketRefill: refill is exact at any rate and however often it is asked.
func TestBucketRefill(t *testing.T) {
	for _, rate := range []uint64{1, 3, 7, 1000} {
		now := time.Unix(1_600_000_000, 0)
		b := Second(rate, now)
		spent := 0
		const step, seconds = 7 * time.Millisecond, 30
		for range int(seconds * time.Second / step) {
			for b.Spend(1, now) {
				spent++
			}
			now = now.Add(step)
		}
		if most := int(rate) * (seconds + 1); spent > most || spent < most-int(rate*14/1000)-1 {
			t.Errorf("rate %d: spent %d in %d s, want %d", rate, spent, seconds, most)
		}
	}
	b := Second(0, time.Time{})
	if !b.Spend(1e12, time.Time{}) || b.Wait(1e12, time.Time{}) != 0 {
		t.Error("a rate of zero limits")
	}
	now := time.Unix(0, 0)
	b = Second(10, now)
	b.Debit(15, now)
	if got := b.Wait(1, now); got < 600*time.Millisecond || got > 601*time.Millisecond {
		t.Errorf("wait after a debt of 5: got %v, want 600 ms", got)
	}
	if got := b.Wait(1000, now); got < 1500*time.Millisecond || got > 1501*time.Millisecond {
		t.Errorf("wait for more than the capacity: got %v, want 1.5 s", got)
	}
	b.refill(now.Add(-time.Hour)) // a clock that goes back
	if b.tokens != -5 {
		t.Errorf("tokens after a step back: got %v, want -5", b.tokens)
	}
}
