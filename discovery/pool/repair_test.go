package pool

import (
	"net"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery"
)

// The next tests are named after the points of spec 08 section 5.3.

// TestRepair01 retries: a client that found nobody searches again after 10 s,
// 20 s, … up to 5 min, at once when told.
func TestRepair01RetriesWithBackOff(t *testing.T) {
	w := newWorld(t, true, "disc")
	w.limits(relays, 2, 2)
	for _, want := range []time.Duration{10, 20, 40, 80, 160, 300, 300} {
		w.pass(3 * time.Minute)
		if w.topic(relays).search.on {
			t.Fatal("searches after 3 min in vain")
		}
		w.pass(want*time.Second - 1)
		if w.topic(relays).search.on {
			t.Fatalf("searches again before %d s", want)
		}
		w.pass(1)
		if !w.topic(relays).search.on {
			t.Fatalf("does not search again after %d s", want)
		}
	}
	w.pass(4 * time.Minute)
	w.kick(w.now)
	if !w.topic(relays).search.on {
		t.Fatal("does not search at once when told")
	}
	w.collect()
	w.pass(3*time.Minute + 10*time.Second)
	if !w.topic(relays).search.on {
		t.Error("the back-off did not start anew")
	}
}

// TestRepair02 keeps topics apart although one name begins with the other.
func TestRepair02TopicsAreApart(t *testing.T) {
	w := newWorld(t, true, "disc")
	w.limits(relays, 1, 1)
	w.limits(mails, 1, 1)
	w.find(relays, node(1))
	w.find(mails, node(2))
	w.comeUp(node(1))
	w.comeUp(node(2))
	if w.saved[key(relays, node(1).ID())] != 1 || w.saved[key(mails, node(2).ID())] != 1 || len(w.saved) != 2 {
		t.Errorf("saved %v", w.saved)
	}
}

// TestRepair03 does not blame peers for an outage of the own network.
func TestRepair03OutageKeepsTheCache(t *testing.T) {
	w := newWorld(t, true, "disc")
	w.limits(relays, 2, 2)
	w.find(relays, node(1), node(2), node(3))
	w.comeUp(node(1))
	w.comeUp(node(2))
	w.pass(time.Hour / 2)
	w.goDown(node(1), ReasonHandshake)
	if len(w.blamed) != 0 {
		t.Errorf("one drop counts: %v", w.blamed)
	}
	w.goDown(node(2), ReasonHandshake)
	for range 20 { // everybody fails for a while
		for _, n := range w.asked() {
			w.refuse(node(n), ReasonUnreachable)
		}
		w.pass(time.Minute)
	}
	if len(w.blamed) != 0 {
		t.Errorf("blamed during the outage: %v", w.blamed)
	}
	w.find(relays, node(4))
	w.comeUp(node(4))
	for who, n := range w.blamed {
		if n != 1 {
			t.Errorf("%s is blamed %d times for one outage", who, n)
		}
	}
	if len(w.blamed) != 3 {
		t.Errorf("blamed %v", w.blamed)
	}
}

// TestRepair04 passes over a candidate that is too old and takes another.
func TestRepair04LoopsOverTheQueue(t *testing.T) {
	w := newWorld(t, true, "disc")
	w.limits(relays, 1, 1)
	w.find(relays, node(1), node(2), node(3))
	w.comeUp(node(1))
	w.pass(59 * time.Minute)
	w.find(relays, node(2)) // seen again
	w.asked()
	w.pass(2 * time.Minute) // now node 3 is too old
	w.goDown(node(1), ReasonHandshake)
	w.wantDials(2)
	w.refuse(node(2), ReasonUnreachable)
	w.wantDials()
}

// TestRepair05 follows limits that change.
func TestRepair05LimitsMayChange(t *testing.T) {
	w := newWorld(t, true, "disc")
	w.limits(relays, 1, 1)
	for n := 1; n <= 20; n++ {
		w.find(relays, node(n))
	}
	if got := len(w.topic(relays).candidates); got != 2 {
		t.Errorf("%d candidates for 1 peer", got)
	}
	w.limits(relays, 4, 4)
	for n := 1; n <= 20; n++ {
		w.find(relays, node(n))
	}
	if got := len(w.topic(relays).candidates); got != 8 {
		t.Errorf("%d candidates for 4 peers", got)
	}
	for len(w.dials) > 0 {
		for _, n := range w.asked() {
			w.comeUp(node(n))
		}
	}
	w.wantCount(relays, 4)
	w.limits(relays, 1, 2)
	w.wantCount(relays, 2)
	if len(w.drops) != 2 {
		t.Errorf("drops %v", w.drops)
	}
	for id := range w.drops {
		w.dropped(id, ReasonHandshake, w.now)
	}
	w.collect()
	w.limits(relays, 4, 4) // those that were too many are welcome again, without a rest
	if got := len(w.asked()); got != 2 {
		t.Errorf("%d dials for 2 missing peers", got)
	}
	w.limits(relays, 0, 0)
	w.wantCount(relays, 0)
	w.find(relays, node(30))
	w.wantDials()
}

// TestRepair07 lets the first source search without a pause.
func TestRepair07SearchesAtOnce(t *testing.T) {
	w := newWorld(t, true, "rendezvous")
	w.limits(relays, 2, 2)
	if !slices.Equal(w.started, []string{"whisper/rendezvous"}) {
		t.Errorf("started %v", w.started)
	}
}

// TestRepair08 lets nodes rest by what went wrong.
func TestRepair08BackOffByReason(t *testing.T) {
	for _, tt := range []struct {
		reason Reason
		rests  []time.Duration
	}{
		{ReasonHandshake, []time.Duration{35, 60, 120, 300, 900, 900}},
		{ReasonTooMany, []time.Duration{35, 60, 120, 300, 900, 900}},
		{ReasonUnreachable, []time.Duration{35, 60, 120}},
		{ReasonUseless, []time.Duration{6 * 3600}},
	} {
		t.Run(string(tt.reason), func(t *testing.T) {
			w := newWorld(t, false, "disc")
			w.limits(relays, 1, 1)
			w.limits("other", 1, 1)
			w.find(relays, node(1))
			for _, rest := range tt.rests {
				w.wantDials(1)
				w.refuse(node(1), tt.reason)
				for left := rest * time.Second; left > 0; left -= min(left, 30*time.Minute) {
					w.find(relays, node(1)) // found again: it rests all the same
					w.now = w.now.Add(-time.Millisecond)
					w.wantDials()
					w.pass(min(left, 30*time.Minute) - time.Nanosecond)
					w.wantDials()
					w.now = w.now.Add(time.Nanosecond)
				}
				w.tick(w.now)
				w.collect()
			}
			if tt.reason == ReasonUseless {
				w.refuse(node(1), tt.reason)
				w.asked()
				w.find("other", node(1)) // for another topic it may be of use
			}
			w.wantDials(1)
		})
	}
}

// TestRepair08StableFirst: a peer that was stable is tried again soon, since
// most likely it restarts.
func TestRepair08StablePeerRestarts(t *testing.T) {
	w := newWorld(t, true, "disc")
	w.limits(relays, 1, 1)
	w.find(relays, node(1))
	w.comeUp(node(1))
	w.pass(time.Minute)
	w.asked()
	w.goDown(node(1), ReasonHandshake)
	for _, rest := range []time.Duration{2, 5, 15, 35, 60} {
		w.wantDials()
		w.pass(rest * time.Second)
		w.wantDials(1)
		w.refuse(node(1), ReasonUnreachable)
	}
}

// TestRepair09 takes at most two peers of one network.
func TestRepair09Diversity(t *testing.T) {
	in := func(net4 byte) func(int) *enode.Node {
		return func(n int) *enode.Node { return nodeAt(n, net.IPv4(9, 9, net4, byte(n))) }
	}
	a, b := in(1), in(2)
	w := newWorld(t, true, "disc")
	w.limits(relays, 4, 4)
	w.find(relays, a(1), a(2), a(3), b(4))
	w.wantDials(1, 2, 4)
	w.comeUp(a(1))
	w.comeUp(a(2))
	w.comeUp(b(4))
	w.find(relays, a(3))
	w.wantDials()
	w.comeUp(a(3)) // it came by itself: not counted either
	w.wantCount(relays, 3)
	w.goDown(a(3), ReasonHandshake)
	w.pass(time.Minute)
	w.goDown(a(1), ReasonHandshake)
	w.wantDials(3)

	local := newWorld(t, true, "disc")
	local.limits(relays, 4, 4)
	for n := 1; n <= 4; n++ {
		local.find(relays, nodeAt(n, net.IPv4(127, 0, 0, 1)))
	}
	local.wantDials(1, 2, 3, 4) // networks of one's own are exempt
}

// TestRepair10 never drops peers that others asked for, and counts them.
func TestRepair10KeptPeersStay(t *testing.T) {
	kept := func(p *Peer) { p.Kept, p.Serves = true, []discovery.Topic{relays} }
	w := newWorld(t, true, "disc")
	w.limits(relays, 2, 2)
	w.comeUp(node(1), kept)
	w.comeUp(node(2), func(p *Peer) { p.Kept = true }) // serves nothing we know of
	w.comeUp(node(3))                                  // inbound
	w.wantCount(relays, 1)
	w.find(relays, node(4), node(5))
	w.wantDials(4)
	w.comeUp(node(4))
	w.wantCount(relays, 2)
	w.limits(relays, 0, 1)
	if w.drops[node(4).ID()] != ReasonSurplus || len(w.drops) != 1 {
		t.Errorf("drops %v", w.drops)
	}
	w.goDown(node(4), ReasonHandshake)
	w.limits(relays, 0, 0)
	if len(w.drops) != 1 {
		t.Errorf("drops %v", w.drops)
	}
	w.limits(relays, 2, 2)
	w.find(relays, node(5))
	w.comeUp(node(5))
	w.keep(node(5).ID(), true, w.now)
	w.limits(relays, 0, 0)
	if len(w.drops) != 1 {
		t.Errorf("a peer was dropped that became kept: %v", w.drops)
	}
}

// TestRepair11 starts sources one after the other and stops them once there
// are enough peers.
func TestRepair11SourcesTakeTurns(t *testing.T) {
	w := newWorld(t, true, "cache", "dns", "rendezvous", "topics")
	w.limits(relays, 1, 1)
	want := []string{"whisper/cache", "whisper/dns", "whisper/rendezvous", "whisper/topics"}
	for i := range want {
		if !slices.Equal(w.started, want[:i+1]) {
			t.Fatalf("after %d steps: %v", i, w.started)
		}
		if i == len(want)-1 {
			break
		}
		w.pass(2*time.Second - 1)
		if len(w.started) != i+1 {
			t.Fatalf("%s came too early", w.started[i+1])
		}
		w.pass(1)
	}

	w = newWorld(t, true, "cache", "dns", "rendezvous", "topics")
	w.limits(relays, 1, 1)
	w.finish("whisper/cache", nil)
	if !slices.Equal(w.started, want[:2]) {
		t.Fatalf("the cache is empty, but: %v", w.started)
	}
	w.find(relays, node(1))
	w.finish("whisper/dns", nil)
	if len(w.started) != 2 {
		t.Fatalf("a node is being dialled, but: %v", w.started)
	}
	w.comeUp(node(1))
	w.pass(time.Minute)
	if len(w.started) != 2 || w.stops != 1 {
		t.Errorf("enough peers, but: %v, %d stops", w.started, w.stops)
	}
}

// TestOneNetworkDoesNotPushOthersOut: whoever has a /24 can show as many nodes
// as it likes, which must not make the pool forget those of others.
func TestOneNetworkDoesNotPushOthersOut(t *testing.T) {
	w := newWorld(t, true, "disc")
	w.limits(relays, 2, 2)
	w.find(relays, node(1), node(2))
	w.asked()
	w.comeUp(node(1))
	w.comeUp(node(2))
	w.find(relays, node(3), node(4))
	for i := range 100 {
		w.find(relays, nodeAt(1000+i, net.IPv4(9, 9, 9, byte(i))))
	}
	for i := 3; i <= 4; i++ {
		if w.topic(relays).candidates[node(i).ID()] == nil {
			t.Errorf("node %d was pushed out", i)
		}
	}
	if n := len(w.topic(relays).candidates) - 2; n != 4 {
		t.Errorf("%d candidates wait", n)
	}
}

// TestKnownMailserversAreOfSeveralNetworks: one network does not take all
// places for mailservers.
func TestKnownMailserversAreOfSeveralNetworks(t *testing.T) {
	w := newWorld(t, true, "disc")
	w.setLimits(mails, TopicConfig{Limits: Limits{Min: 3, Max: 3}, CacheOnly: true}, w.now)
	in := func(n int) *enode.Node { return nodeAt(n, net.IPv4(9, 9, 9, byte(n))) }
	w.find(mails, in(1), in(2), in(3))
	for n := 1; n <= 3; n++ {
		if slices.ContainsFunc(w.dials, func(d *enode.Node) bool { return d.ID() == in(n).ID() }) {
			w.comeUp(in(n))
			w.goDown(in(n), ReasonHandshake)
		}
	}
	w.wantCount(mails, 2)
	w.comeUp(in(3)) // by itself
	w.find(mails, in(3))
	w.wantCount(mails, 2)
	w.find(mails, nodeAt(1, net.IPv4(9, 9, 9, 77))) // a known one moved
	w.comeUp(in(1))
	if n := w.topic(mails).known[in(1).ID()]; n == nil || n.IPAddr().String() != "9.9.9.77" {
		t.Errorf("known as %v", n)
	}
	w.find(mails, node(4))
	w.comeUp(node(4))
	w.wantCount(mails, 3)
}
