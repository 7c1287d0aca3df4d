package clock

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// bystander is a peer that brings envelopes.
type bystander struct {
	id      byte
	addr    string
	dialled bool
	ahead   time.Duration // of the machine's clock
}

// street has peers that bring an envelope each, every few seconds.
type street struct {
	c    *Clock
	next uint64
}

func (s *street) hash() (h [32]byte) {
	s.next++
	binary.BigEndian.PutUint64(h[:], s.next)
	return h
}

func (s *street) bring(p bystander, hash [32]byte, age time.Duration) {
	sent := time.Now().Add(p.ahead - age).Truncate(time.Second)
	s.c.Witness(Sample{
		Hash: hash, Sent: sent, Peer: [32]byte{p.id}, Addr: netip.MustParseAddr(p.addr), Dialled: p.dialled,
	})
}

// live has all peers bring envelopes of their own for a while.
func (s *street) live(peers ...bystander) {
	for range 8 {
		for _, p := range peers {
			s.bring(p, s.hash(), 300*time.Millisecond)
		}
		time.Sleep(3 * time.Second)
	}
}

// TestPeersTellTheTime: whether the clock is wrong, and when that is corrected.
func TestPeersTellTheTime(t *testing.T) {
	const off = 30 * time.Second
	a := bystander{1, "192.0.2.1", true, off}
	b := bystander{2, "198.51.100.1", false, off + 2*time.Second}
	c := bystander{3, "203.0.113.1", false, off - 2*time.Second}
	six := bystander{6, "2001:db8::1", false, off}
	same := bystander{4, "192.0.3.1", false, off} // the same /16
	with := func(p bystander, change func(*bystander)) bystander {
		change(&p)
		return p
	}
	undialled := with(a, func(p *bystander) { p.dialled = false })
	shift := func(d time.Duration) (out []bystander) {
		for _, p := range []bystander{a, b, c} {
			p.ahead = d
			out = append(out, p)
		}
		return out
	}
	for _, test := range []struct {
		name      string
		peers     []bystander
		wrong     bool
		corrected bool
	}{
		{"three networks", []bystander{a, b, c}, true, true},
		{"behind", shift(-off), true, true},
		{"one of them IPv6", []bystander{a, b, six}, true, true},
		{"one peer", []bystander{a}, true, false},
		{"two networks", []bystander{a, b, same}, true, false},
		{"nobody dialled", []bystander{undialled, b, c}, true, false},
		{"too far", shift(121 * time.Second), true, false},
		{"just not too far", shift(119 * time.Second), true, true},
		{"what relays take", shift(19 * time.Second), true, false},
		{"right", shift(0), false, false},
		{"a little off", shift(8 * time.Second), false, false},
		{"a majority disagrees", []bystander{
			a, b, c, {7, "10.1.0.1", true, 0}, {8, "10.2.0.1", true, 0}, {9, "10.3.0.1", true, 0}, {10, "10.4.0.1", true, 0},
		}, false, false},
		{"no majority", []bystander{a, b, c, {7, "10.1.0.1", true, 0}, {8, "10.2.0.1", true, time.Minute},
			{9, "10.3.0.1", true, 2 * time.Minute}}, false, false},
		{"many of one network", []bystander{
			{7, "10.1.0.1", true, off}, {8, "10.1.0.2", true, off}, {9, "10.1.0.3", true, off}, {10, "10.1.9.9", true, off},
		}, true, false},
		{"not within five seconds", []bystander{a, with(b, func(p *bystander) { p.ahead += 8 * time.Second }),
			with(c, func(p *bystander) { p.ahead -= 8 * time.Second })}, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &street{c: New(Config{})}
				s.live(test.peers...)
				st := s.c.Status()
				if got := (st.Wrong() != 0) || st.Source == SourcePeers; got != test.wrong {
					t.Errorf("wrong: %t, %+v", got, st)
				}
				if got := st.Source == SourcePeers; got != test.corrected {
					t.Errorf("corrected: %t, %+v", got, st)
				}
				left := time.Until(s.c.Now()) - test.peers[0].ahead
				if test.corrected && left.Abs() > 3*time.Second {
					t.Errorf("off by %v after the correction", left)
				}
				if !test.corrected && time.Until(s.c.Now()) != 0 {
					t.Error("the time was changed")
				}
			})
		})
	}
}

// TestServersGoFirst: what peers say does not correct the time while time
// servers are known to answer, and time servers end a correction.
func TestServersGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{Servers: []string{"a"}, Query: newScripted(map[string]time.Duration{"a": 0}).query})
		s := &street{c: c}
		peers := []bystander{
			{1, "192.0.2.1", true, time.Minute}, {2, "198.51.100.1", true, time.Minute}, {3, "203.0.113.1", true, time.Minute},
		}
		s.live(peers...)
		if st := c.Status(); st.Source != SourcePeers {
			t.Fatalf("%+v", st)
		}
		if err := c.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.live(peers...)
		st := c.Status()
		if st.Source != SourceServers || st.Offset != 0 || st.Wrong() < 50*time.Second {
			t.Errorf("%+v", st)
		}
		time.Sleep(serversLast + time.Second)
		s.live(peers...)
		if st := c.Status(); st.Source != SourcePeers || st.Wrong() != 0 {
			t.Errorf("after the servers have been silent: %+v", st)
		}
		for i := range peers {
			peers[i].ahead = 0
		}
		time.Sleep(window)
		s.live(peers...)
		if st := c.Status(); st.Source != SourceNone || st.Offset != 0 {
			t.Errorf("when the clock is right again: %+v", st)
		}
	})
}

// TestStrangersDoNotTurnTheClock: envelopes that relays pass on count once, old
// ones that a peer had gathered do not count, and nobody fills the memory.
func TestStrangersDoNotTurnTheClock(t *testing.T) {
	peers := []bystander{
		{1, "192.0.2.1", true, 0}, {2, "198.51.100.1", true, 0}, {3, "203.0.113.1", true, 0},
	}
	t.Run("one envelope by many peers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &street{c: New(Config{})}
			for range 20 {
				hash := s.hash()
				for _, p := range peers {
					s.bring(p, hash, -time.Minute)
				}
				time.Sleep(time.Second)
			}
			if o := s.c.Status().Peers; o.Groups > 1 {
				t.Errorf("%+v", o)
			}
		})
	})
	t.Run("a backlog", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &street{c: New(Config{})}
			for i := range 1000 {
				s.bring(peers[i%3], s.hash(), time.Duration(20+i%30)*time.Second)
				time.Sleep(time.Millisecond)
			}
			if st := s.c.Status(); st.Wrong() != 0 || st.Source != SourceNone {
				t.Errorf("%+v", st)
			}
		})
	})
	t.Run("many peers and envelopes", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &street{c: New(Config{})}
			rng := rand.New(rand.NewPCG(1, 2))
			for i := range 20_000 {
				id := [32]byte{byte(i), byte(i >> 8)}
				s.c.Witness(Sample{
					Hash: s.hash(), Sent: time.Unix(rng.Int64N(1<<32), 0), Peer: id,
					Addr: netip.AddrFrom4([4]byte{10, byte(i), byte(i >> 8), 1}),
				})
			}
			w := &s.c.witness
			if len(w.peers) > maxWitnesses || len(w.seen) > maxHashes || len(w.before) > maxHashes {
				t.Errorf("%d peers, %d and %d hashes", len(w.peers), len(w.seen), len(w.before))
			}
			s.c.Witness(Sample{Hash: s.hash(), Sent: time.Now()}) // no address
		})
	})
}

// TestClockThatIsSet: after somebody set the machine's clock, what peers said
// before does not count, and time servers are asked at once.
func TestClockThatIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var off atomic.Int64
		machine := func() time.Time { return time.Now().Add(time.Duration(off.Load())) }
		servers := newScripted(nil)
		c := New(Config{Servers: []string{"a"}, Query: servers.query, Now: machine})
		s := &street{c: c}
		off.Store(int64(-time.Minute)) // the bystanders are right
		peers := []bystander{{1, "192.0.2.1", true, 0}, {2, "198.51.100.1", true, 0}, {3, "203.0.113.1", true, 0}}
		s.live(peers...)
		if st := c.Status(); st.Source != SourcePeers || time.Until(c.Now()).Abs() > 3*time.Second {
			t.Fatalf("off by %v: %+v", time.Until(c.Now()), st)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		time.Sleep(stepPeriod + time.Second)
		asked := servers.asked.Load()
		off.Store(0)
		time.Sleep(stepPeriod)
		synctest.Wait()
		if st := c.Status(); st.Source != SourceNone || st.Offset != 0 || st.Peers.Known {
			t.Errorf("%+v", st)
		}
		if got := servers.asked.Load(); got != asked+1 {
			t.Errorf("asked %d times, want %d", got, asked+1)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestRefusingPeersAreCounted: a peer counts that refuses several envelopes for
// their time, as long as that is not long ago.
func TestRefusingPeersAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{})
		want := func(n int) {
			t.Helper()
			if got := c.Status().Peers.Refusing; got != n {
				t.Errorf("%d peers refuse, want %d", got, n)
			}
		}
		for range 3 {
			c.Refused([32]byte{1}, [32]byte{1}) // the same envelope
		}
		want(0)
		c.Refused([32]byte{1}, [32]byte{2})
		want(1)
		c.Refused([32]byte{2}, [32]byte{3})
		want(1)
		time.Sleep(window + time.Second)
		want(0)
		c.Refused([32]byte{1}, [32]byte{4})
		want(0)
		for i := range 10_000 {
			c.Refused([32]byte{byte(i), byte(i >> 8)}, [32]byte{9})
		}
		if n := len(c.witness.refusals); n > maxWitnesses {
			t.Errorf("%d peers are remembered", n)
		}
	})
}
