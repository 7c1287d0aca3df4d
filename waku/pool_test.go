package waku

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"statusd/waku/wire"
)

// poolModel is a pool written for obviousness: a list and loops over it.
type poolModel struct {
	maxBytes int64
	maxCount int
	list     []modelEntry
	next     uint64
	evicted  map[wire.Hash]bool
}

type modelEntry struct {
	env *wire.Envelope
	pow float64
	seq uint64
}

func (m *poolModel) index(h wire.Hash) int {
	return slices.IndexFunc(m.list, func(e modelEntry) bool { return e.env.Hash() == h })
}

func (m *poolModel) size() (count int, bytes int64) {
	for _, e := range m.list {
		bytes += cost(e.env)
	}
	return len(m.list), bytes
}

func (m *poolModel) earliest() (second uint32, ok bool) {
	for _, e := range m.list {
		if !ok || e.env.Expiry() < second {
			second, ok = e.env.Expiry(), true
		}
	}
	return second, ok
}

func (m *poolModel) insert(env *wire.Envelope, pow float64) (added bool, evicted int) {
	if m.index(env.Hash()) >= 0 || m.evicted[env.Hash()] {
		return false, 0
	}
	m.list = append(m.list, modelEntry{env, pow, m.next})
	m.next++
	for {
		count, bytes := m.size()
		if count <= m.maxCount && bytes <= m.maxBytes {
			return true, evicted
		}
		worst := 0
		for i, e := range m.list {
			if e.pow < m.list[worst].pow || e.pow == m.list[worst].pow && e.seq < m.list[worst].seq {
				worst = i
			}
		}
		m.evicted[m.list[worst].env.Hash()] = true
		m.list = slices.Delete(m.list, worst, worst+1)
		evicted++
	}
}

func (m *poolModel) expire(now uint32) (removed int) {
	before := len(m.list)
	m.list = slices.DeleteFunc(m.list, func(e modelEntry) bool { return e.env.Expiry() < now })
	return before - len(m.list)
}

// walker reads the pool's log like a peer's writer.
type walker struct {
	cursor uint64
	last   uint64
	seen   map[*entry]bool
}

// walk reads n batches; it checks that no entry comes twice and that they come
// in order.
func (w *walker) walk(t *testing.T, p *pool, batches, size int) {
	t.Helper()
	buf := make([]*entry, 0, size)
	for range batches {
		buf, w.cursor = p.after(w.cursor, buf)
		if len(buf) == 0 {
			return
		}
		for _, e := range buf {
			if w.seen[e] || len(w.seen) > 0 && e.seq <= w.last {
				t.Fatalf("entry %d came after %d, seen before: %t", e.seq, w.last, w.seen[e])
			}
			w.seen[e], w.last = true, e.seq
		}
	}
}

// TestPoolAgainstModel makes random insertions, expiries and walks.
func TestPoolAgainstModel(t *testing.T) {
	for seed := range uint64(6) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		m := &poolModel{maxBytes: 60_000, maxCount: 20 + rnd.IntN(200), evicted: map[wire.Hash]bool{}}
		if seed%3 == 0 {
			m.maxBytes = 1 << 40
		}
		p := newPool(m.maxBytes, m.maxCount)
		walkers := []*walker{{seen: map[*entry]bool{}}, {seen: map[*entry]bool{}}}
		var made []*wire.Envelope
		now := uint32(1_000_000)
		for step := range 1500 {
			switch n := rnd.IntN(100); {
			case n < 80:
				checkInsert(t, p, m, randomEnvelope(rnd, now, &made), float64(rnd.IntN(20)))
			case n < 90:
				now += rnd.Uint32N(4)
				removed, next, more := p.expire(now)
				if want := m.expire(now); removed != want {
					t.Fatalf("seed %d, step %d: expired %d, want %d", seed, step, removed, want)
				}
				// What was evicted may still count as a reason to look again.
				if want, ok := m.earliest(); ok && (!more || next > want) || more && next < now {
					t.Fatalf("seed %d, step %d: next expiry %d %t, want %d %t", seed, step, next, more, want, ok)
				}
			default:
				walkers[n%2].walk(t, p, 1+rnd.IntN(3), 1+rnd.IntN(40))
			}
			comparePool(t, p, m, made)
		}
		for _, w := range walkers {
			w.walk(t, p, 1<<20, 7)
		}
		fresh := &walker{seen: map[*entry]bool{}}
		fresh.walk(t, p, 1<<20, 16)
		for _, e := range m.list {
			entry := p.get(e.env.Hash())
			if !fresh.seen[entry] || !walkers[0].seen[entry] || !walkers[1].seen[entry] {
				t.Errorf("seed %d: a live entry was not seen by every walk", seed)
			}
		}
		if removed, _, more := p.expire(1<<32 - 1); removed != len(m.list) || more {
			t.Errorf("seed %d: expired %d of %d at the end, more %t", seed, removed, len(m.list), more)
		}
		if n, bytes := p.size(); n != 0 || bytes != 0 || len(p.shares.own.byPoW) != 0 || p.shares.own.share != 0 {
			t.Errorf("seed %d: %d entries, %d bytes are left in an empty pool", seed, n, bytes)
		}
	}
}

// randomEnvelope makes a new envelope or, now and then, an old one.
func randomEnvelope(rnd *rand.Rand, now uint32, made *[]*wire.Envelope) *wire.Envelope {
	if len(*made) > 0 && rnd.IntN(8) == 0 {
		return (*made)[rnd.IntN(len(*made))]
	}
	size := rnd.IntN(400)
	if rnd.IntN(50) == 0 {
		size = 20_000
	}
	env := wire.NewEnvelope(now+rnd.Uint32N(60), 60, testTopic(rnd.IntN(5)), make([]byte, size), uint64(len(*made)))
	*made = append(*made, env)
	return env
}

func checkInsert(t *testing.T, p *pool, m *poolModel, env *wire.Envelope, pow float64) {
	t.Helper()
	before, any := m.earliest()
	e, added, evicted, first := p.insert(env, pow, false, nil)
	wantAdded, wantEvicted := m.insert(env, pow)
	if added != wantAdded || evicted != wantEvicted {
		t.Fatalf("insert: got %t %d, want %t %d", added, evicted, wantAdded, wantEvicted)
	}
	if (e == nil) != m.evicted[env.Hash()] && !added || added && (e.pow != pow || e.topic != env.Topic()) {
		t.Fatalf("insert returned entry %+v", e)
	}
	if added && (!any || env.Expiry() < before) && m.index(env.Hash()) >= 0 && !first {
		// It may be the first again of a second whose envelopes were evicted.
		if next, more := p.expiry.seconds[0], len(p.expiry.seconds) > 0; !more || next > env.Expiry() {
			t.Fatalf("insert did not report the new earliest expiry %d", env.Expiry())
		}
	}
}

func comparePool(t *testing.T, p *pool, m *poolModel, made []*wire.Envelope) {
	t.Helper()
	count, bytes := p.size()
	wantCount, wantBytes := m.size()
	if count != wantCount || bytes != wantBytes {
		t.Fatalf("size: got %d, %d bytes, want %d, %d", count, bytes, wantCount, wantBytes)
	}
	if count > m.maxCount || bytes > m.maxBytes {
		t.Fatalf("bounds passed: %d, %d bytes", count, bytes)
	}
	if len(made) == 0 {
		return
	}
	for _, env := range made[max(0, len(made)-50):] {
		if got := p.get(env.Hash()) != nil; got != (m.index(env.Hash()) >= 0) {
			t.Fatalf("%s pooled: got %t", env.Hash(), got)
		}
	}
}

// TestPoolLogStaysSmall: removed entries do not pile up in log and indices.
func TestPoolLogStaysSmall(t *testing.T) {
	p := newPool(1<<40, 100)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range uint64(50_000) {
		env := wire.NewEnvelope(1000+uint32(i%5000), 1, testTopic(0), nil, i)
		p.insert(env, rnd.Float64(), false, nil)
		if i%1000 != 0 {
			continue
		}
		entries := 0
		for _, b := range p.expiry.buckets {
			entries += len(b)
		}
		if len(p.log) > 4096 || entries > 4096 || len(p.expiry.seconds) > 4096 {
			t.Fatalf("after %d: log %d, expiry index %d entries in %d seconds, for 100 live ones",
				i, len(p.log), entries, len(p.expiry.seconds))
		}
	}
}

// TestPoolRemembersEvicted: as many of the latest evicted envelopes as the
// bound says are not taken again.
func TestPoolRemembersEvicted(t *testing.T) {
	p := newPool(1<<40, 1)
	const n = 2*maxEvicted + 5
	for i := range uint64(n) {
		p.insert(wire.NewEnvelope(1000, 1, testTopic(0), nil, i), 1, false, nil)
	}
	if len(p.evicted.set) != maxEvicted || len(p.evicted.ring) != maxEvicted {
		t.Errorf("%d hashes are remembered, want %d", len(p.evicted.set), maxEvicted)
	}
	for _, c := range []struct {
		i    uint64
		want bool
	}{{n - 1, false}, {n - 2, false}, {n - 1 - maxEvicted, false}, {n - 2 - maxEvicted, true}, {0, true}} {
		env := wire.NewEnvelope(1000, 1, testTopic(0), nil, c.i)
		if _, added, _, _ := p.insert(env, 0, false, nil); added != c.want {
			t.Errorf("envelope %d of %d: taken %t, want %t", c.i, n, added, c.want)
		}
	}
}

// TestPoolForgetsPeer: a number that is used again starts knowing nothing.
func TestPoolForgetsPeer(t *testing.T) {
	p := newPool(1<<40, 1<<20)
	var slots slotTable
	var held []*peerSlot
	for range maxPeerSlots {
		held = append(held, slots.take())
	}
	if slots.take() != nil {
		t.Fatal("more peers than numbers")
	}
	var entries []*entry
	for i := range uint64(10) {
		env := wire.NewEnvelope(uint32(time.Now().Unix())+50, 1, testTopic(0), nil, i)
		e, _, _, _ := p.insert(env, 1, false, held[i*400])
		for _, s := range held[:i] {
			e.known.set(s.n)
		}
		entries = append(entries, e)
	}
	for i, e := range entries {
		for n, s := range held {
			if want := n < i || n == i*400; e.known.has(s.n) != want {
				t.Fatalf("entry %d, peer %d: got %t, want %t", i, n, !want, want)
			}
		}
	}
	for _, n := range []int{0, 400, 3600} {
		p.forget(held[n])
		slots.release(held[n])
		again := slots.take()
		if again.n != held[n].n {
			t.Errorf("got number %d, want %d again", again.n, held[n].n)
		}
		for i, e := range entries {
			if e.known.has(again.n) {
				t.Errorf("entry %d is known to a new peer", i)
			}
		}
	}
}

// TestKnownConcurrently sets bits of many peers at once.
func TestKnownConcurrently(t *testing.T) {
	for range 50 {
		var b peerBits
		done := make(chan struct{})
		for w := range 8 {
			go func() {
				for n := w; n < maxPeerSlots; n += 8 {
					b.set(n)
				}
				done <- struct{}{}
			}()
		}
		for range 8 {
			<-done
		}
		for n := range maxPeerSlots {
			if !b.has(n) {
				t.Fatalf("bit %d was lost", n)
			}
		}
	}
}
