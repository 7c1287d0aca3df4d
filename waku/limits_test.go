package waku

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/bucket"
	"statusd/waku/wire"
)

// arrival is a packet with the time at which a remote read it.
type arrival struct {
	at   time.Duration
	code uint64
	size int
}

// clocked reads all packets and notes when they came. It returns what came so
// far.
func clocked(r *remote) func() []arrival {
	start, list := time.Now(), make(chan []arrival, 1)
	list <- nil
	go func() {
		for {
			pkt, err := r.read()
			if err != nil {
				return
			}
			list <- append(<-list, arrival{time.Since(start), pkt.code, len(pkt.payload)})
		}
	}()
	return func() []arrival {
		synctest.Wait()
		got := <-list
		list <- nil
		return got
	}
}

// TestSenderKeepsByteLimit: as long as each envelope fits into one second's
// worth of bytes, no packet exceeds what the peer allows, however much waits.
func TestSenderKeepsByteLimit(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		const limit = 5000
		h := startHost(t, Config{})
		for i := range 100 {
			if err := h.Submit(envelopeAt(time.Now(), uint64(i), 1000, testTopic(i%3), 900)); err != nil {
				t.Fatal(err)
			}
		}
		r := dialDeaf(t, h, version, 0, &wire.StatusOptions{
			PoW: new(float64), ByteLimits: &wire.Limits{PerIP: 2 * limit, PerPeer: limit},
			PacketLimits: &wire.Limits{PerPeer: 1000},
		})
		got := clocked(r)
		time.Sleep(60 * time.Second)
		start, total := time.Now().Add(-60*time.Second), 0
		allowed := bucket.Second(limit, start)
		for _, a := range got() {
			total += a.size
			if version == 0 {
				continue // waku/0 has no byte limits
			}
			if !allowed.Spend(float64(a.size), start.Add(a.at)) {
				t.Errorf("%d bytes at %v are above the limit", a.size, a.at)
			}
		}
		if total < 100*900 {
			t.Errorf("only %d bytes arrived within a minute", total)
		}
	})
}

// TestSenderKeepsPacketLimit counts confirmations and updates too, since the
// peer does.
func TestSenderKeepsPacketLimit(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		const limit = 4
		h := startHost(t, Config{Confirmations: true})
		r := dialDeaf(t, h, version, 0, &wire.StatusOptions{
			PoW: new(float64), PacketLimits: &wire.Limits{PerIP: limit, PerPeer: 10},
		})
		got := clocked(r)
		start := time.Now()
		for i := range 40 {
			if i%10 == 0 {
				if err := h.SetMinPoW(float64(i) * 1e-9); err != nil {
					t.Fatal(err)
				}
			}
			if i%8 == 0 {
				if err := r.sendEnvelopes(testEnvelope(uint64(1000 + i))); err != nil {
					t.Fatal(err)
				}
			}
			if err := h.Submit(testEnvelope(uint64(i))); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(20 * time.Second)
		allowed := bucket.Second(limit, start)
		bundles, others := 0, 0
		for _, a := range got() {
			if !allowed.Spend(1, start.Add(a.at)) {
				t.Errorf("packet of code %d at %v is above the limit", a.code, a.at)
			}
			if a.code == wire.CodeMessages {
				bundles++
			} else {
				others++
			}
		}
		if bundles == 0 || bundles >= 40 || others != 3+2*5 {
			t.Errorf("got %d bundles and %d other packets", bundles, others)
		}
		if n := r.host.peerByID(r.id).stats().EnvelopesOut; n != 40 {
			t.Errorf("%d envelopes were sent, want 40", n)
		}
	})
}

// TestLimitsAnnounced: keys 4 and 6 say what we enforce, in both versions.
func TestLimitsAnnounced(t *testing.T) {
	limits := RateLimits{PacketsPerIP: 10, PacketsPerPeer: 5, BytesPerIP: 1 << 20, BytesPerPeer: 1 << 19}
	bothVersions(t, func(t *testing.T, version uint) {
		for _, on := range []bool{false, true} {
			limits.Enabled = on
			h := startHost(t, Config{RateLimits: limits})
			got := dial(t, h, version, 0, nil).status
			var packets, bytes wire.Limits
			if on {
				packets, bytes = wire.Limits{PerIP: 10, PerPeer: 5}, wire.Limits{PerIP: 1 << 20, PerPeer: 1 << 19}
			}
			if got.PacketLimits == nil || *got.PacketLimits != packets {
				t.Errorf("packet limits: got %v, want %v", got.PacketLimits, packets)
			}
			if version == 0 {
				if got.ByteLimits != nil {
					t.Errorf("waku/0 byte limits: got %v", got.ByteLimits)
				}
			} else if got.ByteLimits == nil || *got.ByteLimits != bytes {
				t.Errorf("byte limits: got %v, want %v", got.ByteLimits, bytes)
			}
		}
	})
}

// TestFloodIsCountedThenClosed: each packet above the limit is still used; the
// connection ends when the tolerance is used up; another peer is not touched.
func TestFloodIsCountedThenClosed(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{RateLimits: RateLimits{Enabled: true, PacketsPerPeer: 10, Tolerance: 30}})
		r, other := dial(t, h, version, 0, nil), dial(t, h, version, 1, nil)
		for i := range 39 {
			env := testEnvelope(uint64(i))
			if err := r.sendEnvelopes(env); err != nil {
				t.Fatalf("packet %d: %v", i, err)
			}
			synctest.Wait()
			if h.pool.get(env.Hash()) == nil {
				t.Fatalf("packet %d above the limit was dropped", i)
			}
		}
		r.wantOpen()
		if s, _ := h.PeerStats(r.id); s.RateExceeded != 29 {
			t.Errorf("counted %d packets above the limit, want 29", s.RateExceeded)
		}
		_ = r.sendEnvelopes(testEnvelope(1000))
		r.wantClosed(CloseRateLimit)
		other.wantOpen()
		if s, _ := h.PeerStats(other.id); s.RateExceeded != 0 {
			t.Errorf("the other peer exceeded %d times", s.RateExceeded)
		}
	})
}

// TestToleranceDecays: who exceeds rarely is not dropped.
func TestToleranceDecays(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := startHost(t, Config{RateLimits: RateLimits{Enabled: true, PacketsPerPeer: 2, Tolerance: 10}})
		r := dial(t, h, 1, 0, nil)
		for range 50 { // 7 exceedings a minute
			for range 9 {
				if err := r.send(99, nil); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Minute)
		}
		r.wantOpen()
	})
}

func TestLimiterAddresses(t *testing.T) {
	now := time.Now()
	ip, free := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.9")
	l := newLimiter(RateLimits{
		Enabled: true, PacketsPerIP: 10, PacketsPerPeer: 8, BytesPerIP: 1000,
		ExemptIPs: []netip.Addr{free}, ExemptPeers: []enode.ID{testID(7)},
	})
	a, b := l.open(testID(1), ip, now), l.open(testID(2), netip.AddrFrom16(ip.As16()), now)
	exempt := []*peerUsage{l.open(testID(3), free, now), l.open(testID(7), ip, now)}
	for i := range 12 {
		for _, u := range exempt {
			if over, drop := l.count(u, 1<<20, now); over != (excess{}) || drop {
				t.Errorf("exempt peer: got %v %t", over, drop)
			}
		}
		u := []*peerUsage{a, b}[i%2]
		over, drop := l.count(u, 10, now)
		if want := (excess{ip: i >= 10}); over != want || drop {
			t.Errorf("packet %d: got %v %t, want %v", i, over, drop, want)
		}
	}
	now = now.Add(time.Second) // one more second's worth
	if over, _ := l.count(a, 1001, now); over != (excess{ip: true}) {
		t.Errorf("packet above the byte rate: got %v", over)
	}
	for i := range 9 {
		over, _ := l.count(b, 1, now)
		if want := (excess{peer: i >= 8}); over != want {
			t.Errorf("packet %d of one peer: got %v, want %v", i, over, want)
		}
	}
	l.close(a)
	if len(l.ips) != 1 {
		t.Errorf("%d addresses are remembered, want 1", len(l.ips))
	}
	l.close(b)
	for _, u := range exempt {
		l.close(u)
	}
	if len(l.ips) != 0 {
		t.Errorf("%d addresses are remembered after all have gone", len(l.ips))
	}
}
