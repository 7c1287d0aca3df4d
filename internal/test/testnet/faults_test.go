package testnet

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"statusd/waku"
	"statusd/waku/wire"
)

// subscribeAll subscribes every node to topic 0.
func subscribeAll(n *Net) []*Inbox {
	var boxes []*Inbox
	for i := range n.Nodes() {
		boxes = append(boxes, n.Node(i).Subscribe(key(), topic(0)))
	}
	return boxes
}

// wantPools checks that every pool keeps its bounds now.
func wantPools(t *testing.T, n *Net, maxEnvelopes int, maxBytes int64) {
	t.Helper()
	for i := range n.Nodes() {
		if info := n.Node(i).Host().Info(); info.Envelopes > maxEnvelopes || info.PoolBytes > maxBytes {
			t.Errorf("node %d holds %d envelopes of %d bytes", i, info.Envelopes, info.PoolBytes)
		}
	}
}

// TestLossyLinks: loss, duplication, reordering and jitter cost nothing but
// time in a network with enough links: each envelope arrives exactly once, and
// when all have expired the pools are empty.
func TestLossyLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const nodes, posts = 60, 50
		n := Build(t, Config{
			Seed: 1, Host: relays,
			Link: LinkConfig{
				Latency: 30 * time.Millisecond, Jitter: 50 * time.Millisecond,
				Loss: 0.05, Duplicate: 0.05, Reorder: 0.1, Bandwidth: 200_000,
			},
		}, nodes, Random(nodes, 7, 3))
		boxes := subscribeAll(n)
		n.Settle(time.Second)
		var hashes []wire.Hash
		for i := range posts {
			hashes = append(hashes, n.Node(i*13%nodes).Post(key(), topic(0), 50, make([]byte, 10+20*i)))
			n.Settle(100 * time.Millisecond)
		}
		for range 60 {
			n.Settle(time.Second)
			wantPools(t, n, posts, 1<<20)
		}
		for node, box := range boxes {
			for i, hash := range hashes {
				if times := len(box.Arrivals(hash)); times != 1 {
					t.Errorf("post %d was delivered %d times to node %d", i, times, node)
				}
			}
		}
		wantPools(t, n, 0, 0)
		var sum Traffic
		for _, l := range n.links {
			there, back := l.Traffic()
			for _, x := range []Traffic{there, back} {
				sum.Packets += x.Packets
				sum.Lost += x.Lost
				sum.Duplicated += x.Duplicated
				sum.Reordered += x.Reordered
			}
		}
		if sum.Lost < sum.Packets/40 || sum.Duplicated < sum.Packets/40 || sum.Reordered < sum.Packets/20 {
			t.Errorf("the links were too good: %+v", sum)
		}
	})
}

// TestBrokenBridge: what was posted while two halves were apart arrives when
// they are joined again, unless it has expired.
func TestBrokenBridge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const nodes = 50
		edges, bridge := Clusters(nodes, 4, 9)
		n := Build(t, Config{Host: relays, Link: LinkConfig{Latency: 20 * time.Millisecond}}, nodes, append(edges, bridge))
		boxes := subscribeAll(n)
		n.Settle(time.Second)
		n.Link(bridge).Close()
		n.Settle(time.Second)
		short := n.Node(0).Post(key(), topic(0), 10, []byte("short"))
		long := n.Node(0).Post(key(), topic(0), 100, []byte("long"))
		back := n.Node(nodes-1).Post(key(), topic(0), 100, []byte("back"))
		n.Settle(5 * time.Second)
		wantReached(t, "apart", boxes, long, func(node int) bool { return node < nodes/2 })
		wantReached(t, "apart", boxes, back, func(node int) bool { return node >= nodes/2 })
		n.Settle(10 * time.Second)
		n.Connect(bridge)
		n.Settle(2 * time.Second)
		wantReached(t, "joined", boxes, short, func(node int) bool { return node < nodes/2 })
		wantReached(t, "joined", boxes, long, everybody)
		wantReached(t, "joined", boxes, back, everybody)
	})
}

// TestSilentBridge: when packets vanish on a connection that stays up, the
// sender believes they arrived. They come again only over another connection.
func TestSilentBridge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const nodes = 50
		edges, bridge := Clusters(nodes, 4, 9)
		n := Build(t, Config{Host: relays, Link: LinkConfig{Latency: 20 * time.Millisecond}}, nodes, append(edges, bridge))
		boxes := subscribeAll(n)
		n.Settle(time.Second)
		n.Link(bridge).Silence(true)
		lost := n.Node(3).Post(key(), topic(0), 100, []byte("lost"))
		n.Settle(5 * time.Second)
		n.Link(bridge).Silence(false)
		next := n.Node(3).Post(key(), topic(0), 100, []byte("next"))
		n.Settle(5 * time.Second)
		wantReached(t, "speaking again", boxes, lost, func(node int) bool { return node < nodes/2 })
		wantReached(t, "speaking again", boxes, next, everybody)
		n.Connect(bridge)
		n.Settle(5 * time.Second)
		wantReached(t, "connected anew", boxes, lost, everybody)
	})
}

func everybody(int) bool { return true }

func wantReached(t *testing.T, when string, boxes []*Inbox, hash wire.Hash, who func(node int) bool) {
	t.Helper()
	for node, box := range boxes {
		times, want := len(box.Arrivals(hash)), 0
		if who(node) {
			want = 1
		}
		if times != want {
			t.Errorf("%s: delivered %d times to node %d, want %d", when, times, node, want)
		}
	}
}

// TestChurn: nodes crash, leave, come back and join while others post. Those
// that stay get everything once; those that come back get what lives, once in
// each life.
func TestChurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const stable, restless, rounds = 25, 30, 30
		rnd := rand.New(rand.NewPCG(5, 6))
		n := Build(t, Config{
			Seed: 2, Host: relays, Link: LinkConfig{Latency: 10 * time.Millisecond, Jitter: 5 * time.Millisecond},
		}, stable+restless, Random(stable, 4, 11))
		boxes := subscribeAll(n)
		attach := func(node int) {
			for range 3 {
				n.Connect(Edge{node, rnd.IntN(stable)})
			}
		}
		for i := range restless {
			attach(stable + i)
		}
		n.Settle(time.Second)
		lives := make([]int, stable+restless)
		var hashes []wire.Hash
		for round := range rounds {
			hashes = append(hashes, n.Node(rnd.IntN(stable)).Post(key(), topic(0), 200, []byte{byte(round)}))
			node := stable + rnd.IntN(restless)
			switch d := n.Node(node); {
			case !d.Running():
				d.Start()
				lives[node]++
				boxes[node] = d.Subscribe(key(), topic(0))
				attach(node)
			case rnd.IntN(2) == 0:
				d.Crash()
			default:
				d.Leave()
			}
			n.Settle(time.Duration(rnd.IntN(2000)) * time.Millisecond)
		}
		n.Settle(time.Second)
		restarted := 0
		for node, box := range boxes {
			for _, hash := range hashes {
				times := len(box.Arrivals(hash))
				if times > 1 || times == 0 && n.Node(node).Running() {
					t.Errorf("delivered %d times to node %d, up %t, started again %d times",
						times, node, n.Node(node).Running(), lives[node])
				}
			}
			restarted += lives[node]
			if peers := n.Node(node).Host().PeerCount(); !n.Node(node).Running() && peers > 0 {
				t.Errorf("node %d is down and has %d peers", node, peers)
			}
		}
		if restarted == 0 {
			t.Error("no node came back")
		}
	})
}

// TestWrongClocks: a few seconds are forgiven. A node whose clock is far ahead
// or behind is cut off from what others post, but not disconnected, and works
// again when its clock is right.
func TestWrongClocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const nodes = 50
		n := Build(t, Config{Host: relays, Link: LinkConfig{Latency: 10 * time.Millisecond}}, nodes, Random(nodes, 8, 21))
		boxes := subscribeAll(n)
		for i := range nodes {
			n.Node(i).Skew(time.Duration(i%7-3) * time.Second)
		}
		const ahead, behind, slightly = 10, 30, 20
		n.Node(ahead).Skew(2 * time.Minute)
		n.Node(behind).Skew(-2 * time.Minute)
		n.Node(slightly).Skew(9 * time.Second)
		n.Settle(time.Second)
		good := n.Node(0).Post(key(), topic(0), 50, []byte("good"))
		early := n.Node(slightly).Post(key(), topic(0), 50, []byte("early"))
		future := n.Node(ahead).Post(key(), topic(0), 50, []byte("future"))
		past := n.Node(behind).Post(key(), topic(0), 50, []byte("past"))
		n.Settle(5 * time.Second)
		inTime := func(node int) bool { return node != ahead && node != behind }
		wantReached(t, "good", boxes, good, inTime)
		wantReached(t, "9 s early", boxes, early, func(node int) bool {
			return inTime(node) && n.Node(slightly).Now().Sub(n.Node(node).Now()) <= 10*time.Second
		})
		wantReached(t, "future", boxes, future, func(node int) bool { return node == ahead })
		wantReached(t, "past", boxes, past, func(node int) bool { return node == behind })
		for i := range nodes {
			n.Node(i).Skew(0)
			if n.Node(i).Host().PeerCount() < 8 {
				t.Errorf("node %d has lost peers", i)
			}
		}
		late := n.Node(behind).Post(key(), topic(0), 50, []byte("late"))
		n.Settle(time.Second)
		wantReached(t, "clocks set right", boxes, late, everybody)
	})
}

// TestBusyNetwork: large and many envelopes over thin links: pools keep their
// bounds at every second, packets their size, and nothing is lost.
func TestBusyNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const nodes, posts, poolBytes = 50, 16, 1 << 20
		host := func(int) waku.Config { return waku.Config{FullNode: true, PoolBytes: poolBytes} }
		observe := func(_ Edge, code uint64, payload []byte) {
			if code == wire.CodeMessages {
				decode(t, payload)
			}
		}
		n := Build(t, Config{
			Host: host, Observe: observe,
			Link: LinkConfig{Latency: 25 * time.Millisecond, Bandwidth: 1_000_000, Window: 64_000},
		}, nodes, Random(nodes, 3, 2))
		boxes := subscribeAll(n)
		n.Settle(time.Second)
		var hashes []wire.Hash
		for i := range posts {
			size := []int{100, 2000, 20_000, 150_000}[i%4]
			hashes = append(hashes, n.Node(i%nodes).Post(key(), topic(0), 120, make([]byte, size)))
			n.Settle(300 * time.Millisecond)
			wantPools(t, n, posts, poolBytes)
		}
		n.Settle(60 * time.Second)
		for _, hash := range hashes {
			wantReached(t, "in the end", boxes, hash, everybody)
		}
		n.Settle(2 * time.Minute)
		wantPools(t, n, 0, 0)
	})
}
