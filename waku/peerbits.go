package waku

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// inlineWords is how many 64-peer words an entry holds without allocating.
const inlineWords = 1

// peerBits is a set of peer numbers that grows. All methods are safe for
// concurrent use.
type peerBits struct {
	inline [inlineWords]atomic.Uint64
	more   atomic.Pointer[[]atomic.Uint64]
}

func (b *peerBits) has(n int) bool {
	if w := b.word(n, false); w != nil {
		return w.Load()&(1<<(n%64)) != 0
	}
	return false
}

func (b *peerBits) set(n int) { b.word(n, true).Or(1 << (n % 64)) }

func (b *peerBits) clear(n int) {
	if w := b.word(n, false); w != nil {
		w.And(^uint64(1 << (n % 64)))
	}
}

// word returns the word of peer n, or nil when it is not there and grow is
// not set. The extension is made once, for every number that a slot table
// hands out, so that no bit can get lost in copying.
func (b *peerBits) word(n int, grow bool) *atomic.Uint64 {
	if n < 64*inlineWords {
		return &b.inline[n/64]
	}
	more := b.more.Load()
	if more == nil {
		if !grow {
			return nil
		}
		fresh := make([]atomic.Uint64, maxPeerSlots/64-inlineWords)
		if b.more.CompareAndSwap(nil, &fresh) {
			more = &fresh
		} else {
			more = b.more.Load()
		}
	}
	return &(*more)[n/64-inlineWords]
}

// maxPeerSlots bounds the peers of one host.
const maxPeerSlots = 4096

// peerSlot is the small number a connected peer has in every peerBits.
type peerSlot struct{ n int }

// slotTable hands out the lowest free numbers.
type slotTable struct {
	mu   sync.Mutex
	used [maxPeerSlots / 64]uint64
}

// take returns a free number, or nil when all are in use.
func (t *slotTable) take() *peerSlot {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, w := range t.used {
		if w != ^uint64(0) {
			bit := bits.TrailingZeros64(^w)
			t.used[i] |= 1 << bit
			return &peerSlot{64*i + bit}
		}
	}
	return nil
}

func (t *slotTable) release(s *peerSlot) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.used[s.n/64] &^= 1 << (s.n % 64)
}
