package waku

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// blockWords is how many words of 64 peers a peerBits grows by.
const blockWords = 7

// peerBits is a set of peer numbers that grows. The first 64 peers cost no
// allocation, the next 448 one of 64 bytes. All methods are safe for
// concurrent use.
type peerBits struct {
	first atomic.Uint64
	more  atomic.Pointer[bitBlock]
}

type bitBlock struct {
	words [blockWords]atomic.Uint64
	next  atomic.Pointer[bitBlock]
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

// add sets all that is set in other.
func (b *peerBits) add(other *peerBits) {
	b.first.Or(other.first.Load())
	to := &b.more
	for from := other.more.Load(); from != nil; from = from.next.Load() {
		to.CompareAndSwap(nil, new(bitBlock))
		block := to.Load()
		for i := range from.words {
			block.words[i].Or(from.words[i].Load())
		}
		to = &block.next
	}
}

// word returns the word of peer n, or nil when it is not there and grow is
// not set. Blocks are only ever added, so that no bit can get lost in copying.
func (b *peerBits) word(n int, grow bool) *atomic.Uint64 {
	if n < 64 {
		return &b.first
	}
	at := n/64 - 1
	for link := &b.more; ; at -= blockWords {
		block := link.Load()
		if block == nil {
			if !grow {
				return nil
			}
			link.CompareAndSwap(nil, new(bitBlock)) // or somebody else was faster
			block = link.Load()
		}
		if at < blockWords {
			return &block.words[at]
		}
		link = &block.next
	}
}

// maxPeerSlots bounds the peers of one host.
const maxPeerSlots = 4096

// peerSlot is the small number a connected peer has in every peerBits.
type peerSlot struct {
	n  int
	by *source // in the pool's shares; nil: counted as our own
}

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
			return &peerSlot{n: 64*i + bit}
		}
	}
	return nil
}

func (t *slotTable) release(s *peerSlot) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.used[s.n/64] &^= 1 << (s.n % 64)
}
