package testnet

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"statusd/waku"
	"statusd/waku/wire"
)

// TestLightNodes: a light node sends nothing but its own posts, gets what it
// wants, and is not joined to another light node.
func TestLightNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const nodes = 60
		light := func(node int) bool { return node%3 == 1 }
		var own [nodes]map[wire.Hash]bool
		sent := make(map[string]int)
		check := func(way Edge, code uint64, payload []byte) {
			if code != wire.CodeMessages {
				return
			}
			for _, env := range decode(t, payload) {
				sent[fmt.Sprintf("%v %s", way, env.Hash())]++
				if light(way.A) && !own[way.A][env.Hash()] {
					t.Errorf("light node %d relayed %s", way.A, env.Hash())
				}
			}
		}
		n := New(t, Config{
			Link: LinkConfig{Latency: 15 * time.Millisecond}, Observe: check,
			Host: func(node int) waku.Config {
				return waku.Config{LightNode: light(node), FullNode: !light(node), OwnPostJitter: 100 * time.Millisecond}
			},
		})
		for i := range nodes {
			n.Add()
			own[i] = make(map[wire.Hash]bool)
		}
		n.Connect(Random(nodes, 9, 31)...)
		n.Settle(time.Second)
		boxes := subscribeAll(n)
		n.Settle(time.Second)
		for _, l := range n.links {
			joined := n.Node(l.A).Host().PeerConnected(n.Node(l.B).ID)
			if both := light(l.A) && light(l.B); joined == both {
				t.Errorf("nodes %v: connected %t, both light %t", l.Edge, joined, both)
			}
		}
		for i := range nodes {
			hash := n.Node(i).Post(key(), topic(0), 50, []byte{byte(i)}) // leaves a moment later
			n.mu.Lock()
			own[i][hash] = true
			n.mu.Unlock()
			n.Settle(time.Second)
			wantReached(t, fmt.Sprintf("post of node %d", i), boxes, hash, everybody)
		}
		for what, times := range sent {
			if times > 1 {
				t.Errorf("%s: sent %d times", what, times)
			}
		}
	})
}

// TestRateLimits: with every node enforcing narrow limits and dropping who
// exceeds them once, a burst passes the network slowly, and nobody exceeds.
func TestRateLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const nodes, posts = 50, 60
		limits := waku.RateLimits{Enabled: true, PacketsPerPeer: 3, BytesPerPeer: 4000, Tolerance: 1}
		n := Build(t, Config{
			Link: LinkConfig{Latency: 35 * time.Millisecond},
			Host: func(int) waku.Config {
				return waku.Config{FullNode: true, RateLimits: limits, Confirmations: true}
			},
		}, nodes, Random(nodes, 4, 41))
		boxes := subscribeAll(n)
		n.Settle(time.Second)
		start := time.Now()
		var hashes []wire.Hash
		for i := range posts {
			hashes = append(hashes, n.Node(i%5).Post(key(), topic(0), 3600, make([]byte, 700)))
		}
		n.Settle(5 * time.Minute)
		var last time.Time
		for _, hash := range hashes {
			wantReached(t, "burst", boxes, hash, everybody)
			for _, box := range boxes {
				for _, at := range box.Arrivals(hash) {
					if at.After(last) {
						last = at
					}
				}
			}
		}
		for i := range nodes {
			for j := range nodes {
				if s, ok := n.Node(i).Host().PeerStats(n.Node(j).ID); ok && s.RateExceeded > 0 {
					t.Errorf("node %d exceeded the limits of node %d %d times", j, i, s.RateExceeded)
				}
			}
		}
		for _, l := range n.links {
			if !n.Node(l.A).Host().PeerConnected(n.Node(l.B).ID) {
				t.Errorf("link %v was closed", l.Edge)
			}
		}
		t.Logf("%d envelopes of about 1 kB reached %d nodes after %v", posts, nodes, last.Sub(start))
	})
}

// TestInterestOnly: nodes that ask for topics get those alone, also when they
// change their mind; what they no longer want stops coming.
func TestInterestOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const nodes = 50
		var unwanted atomic.Int64
		var settled atomic.Bool
		check := func(way Edge, code uint64, payload []byte) {
			if code != wire.CodeMessages || !settled.Load() || way.B == 0 {
				return
			}
			for _, env := range decode(t, payload) {
				if env.Topic() != topic(byte(way.B%5)) {
					unwanted.Add(1)
				}
			}
		}
		// A full relay in the middle, clients around it.
		n := Build(t, Config{
			Link: LinkConfig{Latency: 15 * time.Millisecond}, Observe: check,
			Host: func(node int) waku.Config { return waku.Config{FullNode: node == 0, BloomMode: node%2 == 0} },
		}, nodes, Star(nodes))
		var boxes []*Inbox
		for i := 1; i < nodes; i++ {
			boxes = append(boxes, n.Node(i).Subscribe(key(), topic(byte(i%5))))
		}
		n.Settle(time.Second)
		settled.Store(true)
		for i := range 25 {
			hash := n.Node(i+1).Post(key(), topic(byte(i%5)), 50, []byte{byte(i)})
			n.Settle(time.Second)
			wantReached(t, fmt.Sprint("post ", i), boxes, hash, func(box int) bool { return (box+1)%5 == i%5 })
		}
		if got := unwanted.Load(); got > 0 {
			t.Errorf("%d envelopes went to nodes that did not ask for them", got)
		}
	})
}
