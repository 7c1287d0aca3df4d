package topdisc

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/tdtenr"
)

func peer(id uint64, addr string) Peer {
	return Peer{ID: good(id).ID(), Addr: netip.MustParseAddr(addr)}
}

// served counts how many of n requests pass.
func served(r *Registrar, kind Kind, n int, now time.Time, from func(i int) Peer) (passed int, last Reason) {
	for i := range n {
		err := r.Allow(kind, from(i), now)
		if err == nil {
			passed++
			continue
		}
		if refusal, ok := err.(*Refusal); ok { //nolint:errorlint // it is never wrapped
			last = refusal.Reason
		}
	}
	return passed, last
}

func TestLimits(t *testing.T) {
	one := func(int) Peer { return peer(1, "100.0.0.1") }
	for _, c := range []struct {
		name  string
		from  func(i int) Peer
		local bool
		want  int
		why   Reason
	}{
		{name: "one node", from: one, want: 10, why: ReasonNodeLimit},
		{
			name: "one node, many addresses", want: 10, why: ReasonNodeLimit,
			from: func(i int) Peer { return peer(1, fmt.Sprintf("100.0.%d.1", i)) },
		},
		{
			name: "one /24", want: 10, why: ReasonNetLimit,
			from: func(i int) Peer { return peer(uint64(i), fmt.Sprintf("100.0.0.%d", i)) },
		},
		{
			name: "one /64", want: 10, why: ReasonNetLimit,
			from: func(i int) Peer { return peer(uint64(i), fmt.Sprintf("2a00::%x", i)) },
		},
		{
			name: "many networks", want: 200, why: ReasonTotalLimit,
			from: func(i int) Peer { return peer(uint64(i), fmt.Sprintf("100.%d.%d.1", i/250, i%250)) },
		},
		{
			name: "loopback", want: 10, why: ReasonNetLimit,
			from: func(i int) Peer { return peer(uint64(i), "127.0.0.1") },
		},
		{
			name: "loopback allowed", local: true, want: 200, why: ReasonTotalLimit,
			from: func(i int) Peer { return peer(uint64(i), "127.0.0.1") },
		},
		{
			name: "one /24, local allowed", local: true, want: 10, why: ReasonNetLimit,
			from: func(i int) Peer { return peer(uint64(i), fmt.Sprintf("100.0.0.%d", i)) },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			for kind := range Kinds {
				r := newRegistrar(Params{AllowLocal: c.local})
				if got, why := served(r, kind, 250, start, c.from); got != c.want || why != c.why {
					t.Errorf("%d requests pass (%s), want %d (%s)", got, why, c.want, c.why)
				}
			}
		})
	}
}

func TestLimitsRefill(t *testing.T) {
	one := func(int) Peer { return peer(1, "100.0.0.1") }
	for kind, perMinute := range map[Kind]int{KindRegister: 10, KindQuery: 60} {
		r := newRegistrar(Params{})
		served(r, kind, 100, start, one)
		total := 0
		for s := 1; s <= 600; s++ {
			n, _ := served(r, kind, 100, start.Add(time.Duration(s)*time.Second), one)
			total += n
		}
		if want := 10 * perMinute; total < want-1 || total > want {
			t.Errorf("kind %d: %d in ten minutes, want %d", kind, total, want)
		}
		if n, _ := served(r, kind, 100, start.Add(time.Hour), one); n != 10 {
			t.Errorf("kind %d: burst of %d after a pause", kind, n)
		}
	}
}

// TestFloodFromOneNetwork: ten thousand identities in one /24 ask for an hour.
// They get what one network gets, cost no memory, and a newcomer from
// elsewhere is served as if they were not there.
func TestFloodFromOneNetwork(t *testing.T) {
	r := newRegistrar(Params{})
	var flood []*enode.Node
	for i := range 10_000 {
		flood = append(flood, make1(making{
			id: uint64(i + 10), ip: fmt.Sprintf("51.15.7.%d", i%256), version: tdtenr.Version,
		}))
	}
	tickets := make(map[enode.ID][]byte)
	now, passed := start, 0
	for i := 0; now.Before(start.Add(time.Hour)); i++ {
		now = now.Add(100 * time.Millisecond)
		n := flood[i%len(flood)]
		if r.Allow(KindRegister, peerOf(n), now) != nil {
			continue
		}
		passed++
		c := register(t, r, service(byte(i)), n, tickets[n.ID()], now)
		tickets[n.ID()] = c.Ticket
	}
	if passed > 10+60*10+1 {
		t.Errorf("%d requests of one network served in an hour", passed)
	}
	if n := len(r.limit.now) + len(r.limit.old); n > 100 {
		t.Errorf("the limiter remembers %d sources", n)
	}
	if ads, _ := r.Ads(); ads > 20 {
		t.Errorf("%d advertisements of one network", ads)
	}
	honest := good(1)
	if err := r.Allow(KindRegister, peerOf(honest), now); err != nil {
		t.Fatalf("others are refused: %v", err)
	}
	at := admit(t, r, service(1), honest, now)
	if wait := at.Sub(now); wait > time.Minute {
		t.Errorf("others wait %s", wait)
	}
}
