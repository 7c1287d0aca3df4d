package waku

import (
	"testing"
	"time"

	"statusd/waku/wire"
)

// TestResync: a peer that widens its interest, or wants less proof of work,
// gets what is pooled and what it did not get before.
func TestResync(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		var byTopic [4][]*wire.Envelope
		for i := range uint64(600) {
			env := envelopeAt(time.Now(), i, 50, testTopic(int(i%4)), 10)
			byTopic[i%4] = append(byTopic[i%4], env)
			if err := h.Submit(env); err != nil {
				t.Fatal(err)
			}
		}
		high := 1e6
		r := dial(t, h, version, 0, &wire.StatusOptions{PoW: &high, Topics: []wire.Topic{testTopic(0)}})
		send := func(o wire.StatusOptions) {
			t.Helper()
			time.Sleep(walkPause)
			if err := r.update(o); err != nil {
				t.Fatal(err)
			}
		}
		wantHashes(t, "too much proof of work wanted", r.envelopes(), nil)
		send(wire.StatusOptions{PoW: new(float64)})
		wantHashes(t, "less proof of work", r.envelopes(), byTopic[0])
		send(wire.StatusOptions{Topics: []wire.Topic{testTopic(0), testTopic(1)}})
		wantHashes(t, "second topic", r.envelopes(), byTopic[1])
		send(wire.StatusOptions{Topics: []wire.Topic{}})
		send(wire.StatusOptions{})
		wantHashes(t, "no topic", r.envelopes(), nil)
		var bloom wire.Bloom
		bloom.Add(testTopic(2))
		send(wire.StatusOptions{Bloom: bloom[:]})
		wantHashes(t, "bloom", r.envelopes(), byTopic[2])
		full := wire.FullBloom()
		send(wire.StatusOptions{Bloom: full[:]})
		wantHashes(t, "full bloom", r.envelopes(), byTopic[3])
		send(wire.StatusOptions{Bloom: []byte{}})
		wantHashes(t, "everything again", r.envelopes(), nil)
	})
}

// TestResyncIsBounded: a peer that changes its interest all the time makes us
// walk through the pool every two seconds, and misses nothing: neither what is
// pooled nor what comes meanwhile.
func TestResyncIsBounded(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		const n, pause = 990, 10 * time.Millisecond // not quite 10 s
		h := startHost(t, Config{})
		var all []*wire.Envelope
		for i := range n {
			all = append(all, envelopeAt(time.Now(), uint64(i), 50, testTopic(i), 10))
			if err := h.Submit(all[i]); err != nil {
				t.Fatal(err)
			}
		}
		r := dial(t, h, version, 0, &wire.StatusOptions{PoW: new(float64), Topics: []wire.Topic{}})
		var topics []wire.Topic
		for i := range n {
			topics = append(topics, testTopic(i))
			for range 1 + (i%10)/9 { // now and then with nothing new, so no reason to walk
				if err := r.update(wire.StatusOptions{Topics: topics}); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(pause)
			if i == 0 {
				wantHashes(t, "at once", r.envelopes(), all[:1])
			}
		}
		if got := counted(t, h.metrics.walks); got != 5 {
			t.Errorf("%g walks in 10 s, want 5", got)
		}
		got := r.envelopes()
		fresh := envelopeAt(time.Now(), n, 50, testTopic(n-1), 10)
		if err := h.Submit(fresh); err != nil {
			t.Fatal(err)
		}
		wantHashes(t, "meanwhile", r.envelopes(), []*wire.Envelope{fresh})
		time.Sleep(walkPause)
		wantHashes(t, "in the end", append(got, r.envelopes()...), all[1:])
		time.Sleep(time.Minute)
		if got := counted(t, h.metrics.walks); got != 6 {
			t.Errorf("%g walks at the end, want 6", got)
		}
	})
}

// TestNarrowerInterestNeedsNoWalk: who wants less than before has been offered
// everything already.
func TestNarrowerInterestNeedsNoWalk(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		r := dial(t, h, version, 0, wantAll())
		var wide, narrow wire.Bloom
		for i := range 20 {
			wide.Add(testTopic(i))
		}
		narrow.Add(testTopic(3))
		full := wire.FullBloom()
		for i, c := range []struct {
			o     wire.StatusOptions
			walks float64
		}{
			{wire.StatusOptions{Bloom: full[:]}, 0},
			{wire.StatusOptions{Bloom: wide[:]}, 0},
			{wire.StatusOptions{Bloom: narrow[:]}, 0},
			{wire.StatusOptions{Topics: []wire.Topic{testTopic(3)}}, 0},
			{wire.StatusOptions{Topics: []wire.Topic{}}, 0},
			{wire.StatusOptions{Topics: []wire.Topic{testTopic(3), testTopic(4)}}, 1},
			{wire.StatusOptions{Topics: []wire.Topic{testTopic(4)}}, 0},
			{wire.StatusOptions{Bloom: narrow[:]}, 1},
			{wire.StatusOptions{Bloom: wide[:]}, 1},
			{wire.StatusOptions{Bloom: full[:]}, 1},
		} {
			before := counted(t, h.metrics.walks)
			if err := r.update(c.o); err != nil {
				t.Fatal(err)
			}
			time.Sleep(walkPause)
			if got := counted(t, h.metrics.walks) - before; got != c.walks {
				t.Errorf("update %d: %g walks, want %g", i, got, c.walks)
			}
		}
	})
}
