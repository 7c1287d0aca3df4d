package waku

import (
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/waku/wire"
)

// testimonies is a TimeWitness that takes notes.
type testimonies struct {
	mu   sync.Mutex
	list []wire.Hash
	from map[enode.ID]bool
}

func (w *testimonies) Witness(env *wire.Envelope, peer enode.ID, _ netip.Addr, _ bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.from == nil {
		w.from = make(map[enode.ID]bool)
	}
	w.list, w.from[peer] = append(w.list, env.Hash()), true
}

// TestWitnessIsToldOfNewAndUntimely: of envelopes that are new and of those
// refused for their time, not of copies, of our own, of those without work, and
// not of every one of a flood.
func TestWitnessIsToldOfNewAndUntimely(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		w := new(testimonies)
		least := DefaultMinPoW
		h := startHost(t, Config{Witness: w, MinPoW: &least})
		r := dial(t, h, version, 0, wantAll())
		now := time.Now()
		at := func(age time.Duration, seed uint64) *wire.Envelope {
			return envelopeAt(now.Add(-age), seed, 10, testTopic(0), 100)
		}
		fresh, future, expired := at(0, 1), at(-40*time.Second, 2), at(40*time.Second, 3)
		lazy := at(-time.Minute, 1000)
		for seed := uint64(1001); lazy.PoW(0) >= DefaultMinPoW; seed++ { // its work is too little
			lazy = envelopeAt(now.Add(time.Minute), seed, 50, testTopic(0), 100_000)
		}
		if err := h.Submit(at(0, 5)); err != nil {
			t.Fatal(err)
		}
		for _, env := range []*wire.Envelope{fresh, fresh, future, lazy, expired, fresh} {
			_ = r.sendEnvelopes(env)
			time.Sleep(testifyRefusedGap)
		}
		synctest.Wait()
		w.mu.Lock()
		got := w.list
		w.mu.Unlock()
		if len(got) != 3 || got[0] != fresh.Hash() || got[1] != future.Hash() || got[2] != expired.Hash() {
			t.Errorf("told of %d envelopes: %v", len(got), got)
		}
		if _, ok := w.from[r.id]; !ok {
			t.Error("the wrong peer")
		}
		for i := range uint64(200) {
			_ = r.sendEnvelopes(at(40*time.Second, 100+i))
		}
		time.Sleep(time.Second)
		w.mu.Lock()
		defer w.mu.Unlock()
		if n := len(w.list) - 3; n < 1 || n > 4 {
			t.Errorf("told of %d envelopes of a flood", n)
		}
	})
}
