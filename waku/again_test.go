package waku

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"statusd/waku/wire"
)

// shelf is an Archive that counts.
type shelf struct {
	mu  sync.Mutex
	got map[wire.Hash]int
}

func (s *shelf) Put(env *wire.Envelope) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got[env.Hash()]++
}

// TestFirstBringerCannotTakeAnEnvelopeAway: hostile peers bring honest envelopes
// before anybody else does and flood at once, also with what honest peers bring,
// in every order. Others who bring an honest envelope, before the flood or after
// it, make it available again: a peer that comes later gets it. Nobody gets an
// envelope twice, and the archive has each once.
func TestFirstBringerCannotTakeAnEnvelopeAway(t *testing.T) {
	const room, flood, rounds = 200, 400, 6
	for seed := range uint64(12) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 16))
			archive := &shelf{got: make(map[wire.Hash]int)}
			h := startHost(t, Config{PoolEnvelopes: room, Archive: archive})
			deaf := &wire.StatusOptions{Topics: []wire.Topic{}}
			watcher := dial(t, h, 1, 90, wantAll())
			var bad, good []*remote
			for i := range 1 + int(seed%2) {
				bad = append(bad, dial(t, h, 1, 1+i, deaf))
			}
			for i := range 3 {
				good = append(good, dial(t, h, 1, 10+i, deaf))
			}
			var want, nonsense []*wire.Envelope
			bring := func(r *remote, env *wire.Envelope) {
				t.Helper()
				if err := r.sendEnvelopes(env); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
			}
			next := uint64(0)
			for range rounds {
				next++
				honest := envelopeAt(time.Now(), 1<<40+next, 100, testTopic(0), 400) // less work than the flood's
				want = append(want, honest)
				early := rnd.IntN(2) == 0
				bring(bad[rnd.IntN(len(bad))], honest)
				if early {
					bring(good[0], honest)
				}
				for range flood {
					next++
					env := envelopeAt(time.Now(), next, 50, testTopic(0), 50)
					nonsense = append(nonsense, env)
					if err := bad[rnd.IntN(len(bad))].sendEnvelopes(env); err != nil {
						t.Fatal(err)
					}
				}
				synctest.Wait()
				bring(good[1], honest)
				for range 20 { // honest peers pass on what they get
					bring(good[2], nonsense[rnd.IntN(len(nonsense))])
				}
			}
			got := hashes(dial(t, h, 1, 99, wantAll()).envelopes())
			for i, env := range want {
				if got[env.Hash()] != 1 {
					t.Errorf("seed %d: honest envelope %d of %d came %d times", seed, i, len(want), got[env.Hash()])
				}
				if n := archive.got[env.Hash()]; n != 1 {
					t.Errorf("seed %d: envelope %d is archived %d times", seed, i, n)
				}
			}
			for hash, n := range hashes(watcher.envelopes()) {
				if n != 1 {
					t.Errorf("seed %d: %x came %d times", seed, hash[:4], n)
				}
			}
			if n := poolLen(h); n > room {
				t.Errorf("seed %d: pool holds %d", seed, n)
			}
		})
	}
}

// TestFloodByWayOfHonestPeersCostsThemNothing: what somebody brings that was
// evicted before makes room before anything he brought first.
func TestFloodByWayOfHonestPeersCostsThemNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const room = 100
		h := startHost(t, Config{PoolEnvelopes: room})
		deaf := &wire.StatusOptions{Topics: []wire.Topic{}}
		bad, good := dial(t, h, 1, 1, deaf), dial(t, h, 1, 2, deaf)
		var nonsense, want []*wire.Envelope
		for i := range uint64(1000) {
			env := envelopeAt(time.Now(), i, 50, testTopic(0), 50)
			nonsense = append(nonsense, env)
			if err := bad.sendEnvelopes(env); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		for i := range uint64(room / 4) {
			if err := good.sendEnvelopes(nonsense[:200]...); err != nil {
				t.Fatal(err)
			}
			own := envelopeAt(time.Now(), 1<<40+i, 100, testTopic(0), 400)
			want = append(want, own)
			if err := good.sendEnvelopes(own); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		got := hashes(dial(t, h, 1, 99, wantAll()).envelopes())
		for i, env := range want {
			if got[env.Hash()] != 1 {
				t.Errorf("envelope %d is gone", i)
			}
		}
	})
}
