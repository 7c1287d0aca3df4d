package archivetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"statusd/mailserver"
	"statusd/waku/wire"
)

// testRandom compares an archive with the model over random operations.
func testRandom(t *testing.T, open Open) {
	steps := 400
	if testing.Short() {
		steps = 80
	}
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			a, m, r := open(t), new(Model), rand.New(rand.NewPCG(seed, 99))
			var past []mailserver.Key // cursors, also of what was pruned
			for range steps {
				switch op := r.IntN(10); {
				case op < 3:
					envs := randomEnvelopes(r)
					got, want := put(t, a, envs...), m.Put(envs)
					if got != want {
						t.Fatalf("added %d, want %d", got, want)
					}
					for _, env := range envs {
						past = append(past, mailserver.KeyOf(env))
					}
				case op < 4 && len(m.envs) > 0:
					limits := randomLimits(r, m)
					got, want := prune(t, a, limits), m.Prune(limits)
					if got != want {
						t.Fatalf("%+v: removed %d, want %d", limits, got, want)
					}
					checkCounters(t, a, m)
				default:
					q := randomQuery(r, past)
					checkRows(t, fmt.Sprintf("%+v", q), Rows(t, a, q), rowsOf(m.Select(q)))
				}
			}
			checkCounters(t, a, m)
		})
	}
}

const randomTopics, randomSpan = 50, 2000

func randomEnvelopes(r *rand.Rand) []*wire.Envelope {
	envs := make([]*wire.Envelope, 1+r.IntN(60))
	for i := range envs {
		// A third of the topics get most of the envelopes.
		topic := r.IntN(randomTopics / 3)
		if r.IntN(4) == 0 {
			topic = r.IntN(randomTopics)
		}
		envs[i] = Envelope(r, 1_600_000_000+r.Uint32N(randomSpan), Topic(topic), r.IntN(300))
		if i > 0 && r.IntN(10) == 0 {
			envs[i] = envs[r.IntN(i)]
		}
	}
	return envs
}

func randomLimits(r *rand.Rand, m *Model) mailserver.Limits {
	s := m.Stats()
	var l mailserver.Limits
	if r.IntN(2) == 0 {
		l.Before = s.Oldest + r.Uint32N(randomSpan/8)
	}
	if r.IntN(3) == 0 {
		l.Envelopes = 1 + s.Envelopes - r.Int64N(s.Envelopes/4+1)
	}
	if r.IntN(3) == 0 {
		l.Bytes = 1 + s.Bytes - r.Int64N(s.Bytes/4+1)
	}
	return l
}

func randomQuery(r *rand.Rand, past []mailserver.Key) mailserver.Query {
	q := mailserver.Query{Lower: 1_600_000_000 + r.Uint32N(randomSpan)}
	q.Upper = q.Lower + r.Uint32N(randomSpan)
	switch r.IntN(6) {
	case 0:
		q.Lower = 0
	case 1:
		q.Upper = math.MaxUint32
	case 2:
		q.Lower, q.Upper = 0, math.MaxUint32
	}
	switch r.IntN(4) {
	case 0:
		for range 1 + r.IntN(20) {
			q.Topics = append(q.Topics, Topic(r.IntN(2*randomTopics)))
		}
	case 1:
		q.Bloom = new(wire.Bloom)
		for range r.IntN(30) {
			q.Bloom.Add(Topic(r.IntN(randomTopics)))
		}
	case 2:
		full := wire.FullBloom()
		q.Bloom = &full
	}
	if len(past) > 0 && r.IntN(3) > 0 {
		after := past[r.IntN(len(past))]
		switch r.IntN(5) {
		case 0:
			after.Hash[r.IntN(32)]++
		case 1:
			after.Created += r.Uint32N(20) - 10
		}
		q.After = &after
	}
	if r.IntN(3) > 0 {
		q.Limit = 1 + r.IntN(40)
	}
	return q
}

// testPagesWhileChanging pages through an archive while envelopes arrive and
// the oldest are pruned: what was there all the time comes exactly once.
func testPagesWhileChanging(t *testing.T, open Open) {
	a, r := open(t), rand.New(rand.NewPCG(11, 1))
	const stay, old = 600, 300
	var envs []*wire.Envelope
	for i := range old + stay {
		envs = append(envs, Envelope(r, 10_000+uint32(i/3), Topic(i%6), 60))
	}
	put(t, a, envs...)
	kept := envs[old:]
	var wg sync.WaitGroup
	wg.Go(func() { // younger ones arrive, in between and at the top
		r := rand.New(rand.NewPCG(12, 1))
		for i := range 60 {
			if _, err := a.Put(t.Context(), []*wire.Envelope{
				Envelope(r, 20_000+uint32(i), Topic(i%6), 60), Envelope(r, 10_100+uint32(i), Topic(i%6), 60),
			}); err != nil {
				t.Errorf("put: %v", err)
				return
			}
		}
	})
	wg.Go(func() { // the oldest go
		for i := range 10 {
			limits := mailserver.Limits{Before: 10_000 + uint32(10*(i+1))}
			if _, err := a.Prune(t.Context(), limits); err != nil {
				t.Errorf("prune: %v", err)
				return
			}
		}
	})
	for _, topics := range [][]wire.Topic{nil, {Topic(0), Topic(1), Topic(2), Topic(3), Topic(4), Topic(5)}, {Topic(2)}} {
		seen := make(map[wire.Hash]int)
		q := Everything()
		q.Limit, q.Topics = 20, topics
		var last *mailserver.Key
		for {
			q.After = last
			page := Rows(t, a, q)
			for _, row := range page {
				if seen[row.Hash]++; seen[row.Hash] > 1 {
					t.Fatalf("topics %v: %x came twice", topics, row.Hash)
				}
				if last != nil && row.Key.Compare(*last) >= 0 {
					t.Fatalf("topics %v: out of order", topics)
				}
				key := row.Key
				last = &key
			}
			if len(page) < q.Limit {
				break
			}
		}
		for _, env := range kept {
			wanted := topics == nil || slices.Contains(topics, env.Topic())
			if wanted && seen[env.Hash()] != 1 {
				t.Fatalf("topics %v: %d/%s came %d times", topics, env.Sent(), env.Hash(), seen[env.Hash()])
			}
		}
	}
	wg.Wait()
}
