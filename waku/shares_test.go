package waku

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"statusd/waku/wire"
)

// TestFloodPushesOutNobodyElse: whoever brings most loses room first, under
// one identity, under many at a time, and under ever new ones. What others
// brought before and meanwhile, and what is posted here, is relayed to a peer
// that comes afterwards.
func TestFloodPushesOutNobodyElse(t *testing.T) {
	const room, flood, honest = 200, 2500, 10
	for name, identities := range map[string]struct {
		together, n int
	}{
		"one": {1, 1}, "many at a time": {15, 15}, "ever new ones": {1, 50},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := startHost(t, Config{PoolEnvelopes: room})
				good := dial(t, h, 1, 0, &wire.StatusOptions{Topics: []wire.Topic{}})
				var want []*wire.Envelope
				seed := uint64(0)
				bring := func() {
					seed++
					env := envelopeAt(time.Now(), 1<<40+seed, 100, testTopic(0), 400) // less work than the flood's
					want = append(want, env)
					if err := good.sendEnvelopes(env); err != nil {
						t.Fatal(err)
					}
					own := envelopeAt(time.Now(), 1<<50+seed, 100, testTopic(0), 400)
					want = append(want, own)
					if err := h.Submit(own); err != nil {
						t.Fatal(err)
					}
				}
				for range honest / 2 {
					bring()
				}
				each := flood / identities.n
				var bad []*remote
				for i := range identities.n {
					if len(bad) == identities.together {
						bad[0].close()
						bad = bad[1:]
					}
					r := dial(t, h, 1, 1+i, &wire.StatusOptions{Topics: []wire.Topic{}})
					bad = append(bad, r)
					for k := range each {
						if err := r.sendEnvelopes(envelopeAt(time.Now(), uint64(i*flood+k), 50, testTopic(0), 50)); err != nil {
							t.Fatal(err)
						}
					}
					synctest.Wait()
				}
				for range honest / 2 {
					bring()
				}
				got := hashes(dial(t, h, 1, 999, wantAll()).envelopes())
				for i, env := range want {
					if got[env.Hash()] != 1 {
						t.Errorf("envelope %d of %d was not relayed", i, len(want))
					}
				}
				if n := poolLen(h); n != room {
					t.Errorf("pool holds %d, want %d", n, room)
				}
			})
		})
	}
}

// crowd is some peers, their addresses and slots.
type crowd struct {
	p     *pool
	slots slotTable
	open  map[int]*peerSlot
}

func addrOf(n int) netip.Addr {
	if n%3 == 0 {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.AddrFrom4([4]byte{8, 8, byte(n % 4), byte(n)})
}

func (c *crowd) toggle(n int) {
	if slot := c.open[n]; slot != nil {
		c.p.forget(slot)
		c.slots.release(slot)
		delete(c.open, n)
		return
	}
	slot := c.slots.take()
	c.p.greet(slot, testID(n), addrOf(n))
	c.open[n] = slot
}

// check recomputes every part and looks at the order of the heaps.
func (c *crowd) check(t *testing.T, step int) {
	t.Helper()
	parts := make(map[*source]part)
	for _, e := range c.p.byHash {
		if e.by.group == nil || e.by.byPoW[e.powPos] != e {
			t.Fatalf("step %d: an entry is with nobody", step)
		}
		q := parts[e.by]
		q.bytes += cost(e.env.Load())
		q.count++
		parts[e.by] = q
	}
	s, groups := c.p.shares, make(map[*group]part)
	sources := append(slices.Collect(mapValues(s.byID)), s.own)
	for _, src := range sources {
		if parts[src].bytes != src.bytes || parts[src].count != src.count || src.group.members[src.at] != src {
			t.Fatalf("step %d: source %+v, want %+v", step, src.part, parts[src])
		}
		if src.users == 0 && src.count == 0 {
			t.Fatalf("step %d: a source that is gone is remembered", step)
		}
		q := groups[src.group]
		q.bytes += src.bytes
		q.count += src.count
		groups[src.group] = q
	}
	if len(s.groups) != len(groups) || len(s.byKey) != len(groups)-1 {
		t.Fatalf("step %d: %d groups, %d by key, want %d", step, len(s.groups), len(s.byKey), len(groups))
	}
	for _, g := range s.groups {
		if groups[g].bytes != g.bytes || groups[g].count != g.count || g.share > s.groups[0].share {
			t.Fatalf("step %d: group %+v, want %+v, largest %g", step, g.part, groups[g], s.groups[0].share)
		}
		for _, m := range g.members {
			if m.share > g.members[0].share {
				t.Fatalf("step %d: a group's largest member is not first", step)
			}
		}
	}
}

func mapValues[K comparable, V any](m map[K]V) func(func(V) bool) {
	return func(yield func(V) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// TestSharesStayTrue: whoever comes, goes, brings and repeats, what is counted
// is what is there, and nobody with less than an equal part loses anything.
func TestSharesStayTrue(t *testing.T) {
	for seed := range uint64(8) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		c := &crowd{p: newPool(40_000, 60), open: make(map[int]*peerSlot)}
		var made []*wire.Envelope
		now := uint32(1_000_000)
		for step := range 3000 {
			n := rnd.IntN(16)
			switch k := rnd.IntN(100); {
			case k < 8:
				c.toggle(n)
			case k < 12:
				now += rnd.Uint32N(5)
				c.p.expire(now)
			default:
				c.insert(t, rnd, n, randomEnvelope(rnd, now, &made))
			}
			c.check(t, step)
		}
		c.p.expire(1<<32 - 1)
		for n := range c.open {
			c.toggle(n)
		}
		if s := c.p.shares; len(s.byID) != 0 || len(s.byKey) != 0 || len(s.groups) != 1 {
			t.Errorf("seed %d: %d sources, %d groups are left", seed, len(s.byID), len(s.groups))
		}
	}
}

// insert brings an envelope and checks who lost room for it.
func (c *crowd) insert(t *testing.T, rnd *rand.Rand, n int, env *wire.Envelope) {
	t.Helper()
	slot := c.open[n]
	before := make(map[*group]float64)
	for _, g := range c.p.shares.groups {
		before[g] = g.share
	}
	live := make(map[*entry]*group)
	for _, e := range c.p.byHash {
		live[e] = e.by.group
	}
	e, added, evicted, _ := c.p.insert(env, float64(rnd.IntN(9)), slot == nil, slot)
	if e == nil && !added {
		e, evicted, _ = c.p.readmit(env, slot)
		if slot == nil && e != nil {
			t.Fatal("an own envelope was taken again")
		}
	}
	if evicted == 0 {
		return
	}
	by := c.p.shares.own.group
	if slot != nil {
		by = slot.by.group
	}
	equal := 1 / float64(len(before))
	for e, g := range live {
		if e.env.Load() == nil && g != by && before[g] < equal {
			t.Fatalf("a group with %.3f of the pool lost an envelope, an equal part is %.3f", before[g], equal)
		}
	}
}

// TestSecondBringerAnswersForAnEnvelope: an envelope that somebody else brought
// too does not go with the flood of who was first.
func TestSecondBringerAnswersForAnEnvelope(t *testing.T) {
	c := &crowd{p: newPool(1<<40, 10), open: make(map[int]*peerSlot)}
	c.toggle(0)
	c.toggle(3)
	env := wire.NewEnvelope(1000, 1, testTopic(0), nil, 0)
	c.p.insert(env, 1, false, c.open[0])
	c.p.insert(env, 1, false, c.open[3])
	for i := range uint64(50) {
		c.p.insert(wire.NewEnvelope(1000, 1, testTopic(0), nil, i+1), 2, false, c.open[0])
	}
	if e := c.p.get(env.Hash()); e == nil || e.by != c.open[3].by {
		t.Errorf("the envelope is gone, or not with the second peer: %+v", e)
	}
	c.check(t, 0)
}

// TestLeastTakingBringerAnswersForAnEnvelope: two that flood together bring an
// envelope first and second; it does not go with them when a third brought it.
func TestLeastTakingBringerAnswersForAnEnvelope(t *testing.T) {
	c := &crowd{p: newPool(1<<40, 30), open: make(map[int]*peerSlot)}
	for _, n := range []int{0, 3, 6} {
		c.toggle(n)
	}
	nonce := uint64(0)
	flood := func() {
		for range 100 {
			nonce++
			c.p.insert(wire.NewEnvelope(1000, 1, testTopic(0), nil, nonce), 2, false, c.open[3*int(nonce%2)])
		}
	}
	flood()
	var honest []*wire.Envelope
	for i := range uint64(5) {
		env := wire.NewEnvelope(1000, 1, testTopic(0), nil, 1<<40+i)
		honest = append(honest, env)
		for _, n := range []int{0, 3, 6} {
			c.p.insert(env, 5, false, c.open[n])
		}
	}
	for range 20 {
		flood()
		nonce++
		c.p.insert(wire.NewEnvelope(1000, 1, testTopic(0), nil, nonce), 9, false, c.open[0])
	}
	for i, env := range honest {
		if e := c.p.get(env.Hash()); e == nil {
			t.Errorf("envelope %d is gone", i)
		}
	}
	c.check(t, 0)
}

// TestGroupsOfPeers: a network counts as one, peers on this machine or in this
// house do not.
func TestGroupsOfPeers(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"8.8.8.1", "8.8.8.200", true},
		{"8.8.8.1", "8.8.9.1", false},
		{"8.8.8.1", "::ffff:8.8.8.2", true},
		{"2a00:1:2:3::1", "2a00:1:2:ffff::9", true},
		{"2a00:1:2:3::1", "2a00:1:3:3::1", false},
		{"127.0.0.1", "127.0.0.1", false},
		{"192.168.1.1", "192.168.1.2", false},
		{"fe80::1", "fe80::2", false},
	} {
		a, b := groupOf(testID(1), netip.MustParseAddr(c.a)), groupOf(testID(2), netip.MustParseAddr(c.b))
		if (a == b) != c.same {
			t.Errorf("%s and %s: same group %t, want %t", c.a, c.b, a == b, c.same)
		}
	}
}

// TestSharesAreExported: one value for each connected peer, one for those that
// are gone together, one for this node.
func TestSharesAreExported(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := startHost(t, Config{PoolEnvelopes: 10})
		a, b := dial(t, h, 1, 0, nil), dial(t, h, 1, 1, nil)
		for i := range uint64(3) {
			_ = a.sendEnvelopes(testEnvelope(i))
		}
		_ = b.sendEnvelopes(testEnvelope(9))
		_ = h.Submit(testEnvelope(10))
		synctest.Wait()
		b.close()
		synctest.Wait()
		got := fmt.Sprint(h.pool.shared())
		if want := fmt.Sprintf("map[%s:0.3 gone:0.1 own:0.1]", a.id); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
