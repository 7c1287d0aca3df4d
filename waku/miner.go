package waku

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"statusd/waku/wire"
)

// mineChunk is how many nonces are tried between two looks at the clock.
const mineChunk = 1024

// mineJob is one proof-of-work search.
type mineJob struct {
	expiry, ttl uint32
	topic       wire.Topic
	data        []byte
	bits        int           // stop here; 0: use all the time for the best nonce
	limit       time.Duration // most time spent
	threads     int           // 0: GOMAXPROCS
}

// mined is the outcome of a search.
type mined struct {
	nonce  uint64
	bits   int
	hashes uint64
}

// run searches nonces from zero upwards. With a bit target it returns the
// lowest nonce that reaches it, or ErrPoWTargetNotReached; otherwise the best
// found in the time. It returns early when ctx ends.
func (j mineJob) run(ctx context.Context) (mined, error) {
	if j.bits > 0 && j.limit <= 0 {
		return mined{}, ErrPoWTargetNotReached
	}
	deadline := time.Now().Add(j.limit)
	search := wire.NewNonceSearch(j.expiry, j.ttl, j.topic, j.data)
	// Most targets need a handful of hashes: the first chunk is not worth a
	// thread.
	best := scanChunk(search, 0, j.bits, mined{bits: -1})
	if j.bits > 0 && best.bits >= j.bits {
		return best, nil
	}
	best = j.runThreads(ctx, deadline, best)
	switch {
	case ctx.Err() != nil:
		return mined{}, ctx.Err()
	case best.bits < j.bits:
		return best, ErrPoWTargetNotReached
	}
	return best, nil
}

// runThreads goes on after the first chunk. Threads take chunks in turn; after
// a find, those with lower chunks still finish theirs, so that the lowest
// nonce wins whatever the number of threads.
func (j mineJob) runThreads(ctx context.Context, deadline time.Time, first mined) mined {
	threads := j.threads
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	var (
		wg     sync.WaitGroup
		next   atomic.Uint64 // chunk number
		found  atomic.Bool
		mu     sync.Mutex
		best   = first
		hashes = first.hashes
	)
	next.Store(1)
	for range threads {
		wg.Go(func() {
			search := wire.NewNonceSearch(j.expiry, j.ttl, j.topic, j.data)
			own := mined{bits: -1}
			for !found.Load() && ctx.Err() == nil && time.Now().Before(deadline) {
				own = scanChunk(search, (next.Add(1)-1)*mineChunk, j.bits, own)
				if j.bits > 0 && own.bits >= j.bits {
					found.Store(true)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			hashes += own.hashes
			best = j.better(best, own)
		})
	}
	wg.Wait()
	best.hashes = hashes
	return best
}

// better returns the better of two finds: of those that reach the target the
// one with the lower nonce, otherwise the one with more zero bits.
func (j mineJob) better(a, b mined) mined {
	enough := func(m mined) bool { return j.bits > 0 && m.bits >= j.bits }
	switch {
	case enough(a) != enough(b):
		if enough(a) {
			return a
		}
		return b
	case !enough(a) && a.bits != b.bits:
		if a.bits > b.bits {
			return a
		}
		return b
	case b.nonce < a.nonce:
		return b
	}
	return a
}

// scanChunk tries mineChunk nonces and returns the better of best and what it
// found: strictly more bits win. It stops at the target.
func scanChunk(search *wire.NonceSearch, from uint64, bits int, best mined) mined {
	for nonce := from; nonce < from+mineChunk; nonce++ {
		best.hashes++
		if n := search.ZeroBits(nonce); n > best.bits {
			best.nonce, best.bits = nonce, n
			if bits > 0 && n >= bits {
				break
			}
		}
	}
	return best
}
