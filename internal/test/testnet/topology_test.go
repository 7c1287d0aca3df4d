package testnet

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"statusd/waku"
	"statusd/waku/wire"
)

func key() []byte { return []byte("0123456789abcdef0123456789abcdef") }

func topic(n byte) wire.Topic { return wire.TopicFromName(string('a' + rune(n))) }

// relays configures every node as one that relays all topics.
func relays(int) waku.Config { return waku.Config{FullNode: true} }

// shape is a network to try things in.
type shape struct {
	name  string
	nodes int
	edges []Edge
}

func shapes() []shape {
	clusters, bridge := Clusters(60, 4, 5)
	return []shape{
		{"line", 50, Line(50)},
		{"ring", 51, Ring(51)},
		{"star", 50, Star(50)},
		{"random", 120, Random(120, 4, 7)},
		{"clusters", 60, append(clusters, bridge)},
	}
}

func TestTopologies(t *testing.T) {
	for _, s := range shapes() {
		for from, d := range Distances(s.nodes, s.edges, 0) {
			if d < 0 {
				t.Errorf("%s: node %d is not connected", s.name, from)
			}
		}
		seen := make(map[Edge]bool)
		for _, e := range s.edges {
			if e.A == e.B || seen[e] || seen[Edge{e.B, e.A}] {
				t.Errorf("%s: bad link %v", s.name, e)
			}
			seen[e] = true
		}
	}
	if d := Distances(50, Line(50), 0); d[49] != 49 {
		t.Errorf("line: %d links to the end", d[49])
	}
	if d := Distances(50, Star(50), 1); d[0] != 1 || d[2] != 2 {
		t.Errorf("star: %v", d)
	}
	degree := make([]int, 100)
	for _, e := range Random(100, 5, 1) {
		degree[e.A]++
		degree[e.B]++
	}
	for i, n := range degree {
		if n < 5 {
			t.Errorf("random: node %d has %d links", i, n)
		}
	}
}

// TestDelivery: in every shape each envelope reaches each subscriber of its
// topic exactly once, goes over each link at most once each way, and costs no
// more than 5 ms per hop above the latency of the links.
func TestDelivery(t *testing.T) {
	const latency, perHop = 40 * time.Millisecond, 5 * time.Millisecond
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				carried := make(map[string]int)
				n := Build(t, Config{Host: relays, Link: LinkConfig{Latency: latency}, Observe: countEnvelopes(t, carried)},
					s.nodes, s.edges)
				var boxes [2][]*Inbox // by topic; node i subscribes to topic i%3, and not at all for 2
				for i := range s.nodes {
					if i%3 < 2 {
						boxes[i%3] = append(boxes[i%3], n.Node(i).Subscribe(key(), topic(byte(i%3))))
					}
				}
				var worst time.Duration
				for i := range 10 {
					from := i * 7 % s.nodes
					start := time.Now()
					hash := n.Node(from).Post(key(), topic(byte(i%2)), 50, []byte{byte(i)})
					n.Settle(time.Duration(s.nodes) * (latency + perHop))
					distances := Distances(s.nodes, s.edges, from)
					for at, box := range boxes[i%2] {
						hops := distances[3*at+i%2]
						worst = max(worst, checkArrival(t, box, hash, start, hops, latency, perHop))
					}
					for _, box := range boxes[1-i%2] {
						if len(box.Arrivals(hash)) > 0 {
							t.Error("delivered to a subscriber of another topic")
						}
					}
				}
				for what, times := range carried {
					if times > 1 {
						t.Errorf("%s: sent %d times", what, times)
					}
				}
				if len(carried) < 10*(s.nodes-1) {
					t.Errorf("only %d transmissions were seen", len(carried))
				}
				t.Logf("%d nodes, %d links: at most %v added per hop", s.nodes, len(s.edges), worst)
			})
		})
	}
}

// countEnvelopes counts each envelope on each way.
func countEnvelopes(t *testing.T, carried map[string]int) func(Edge, uint64, []byte) {
	return func(way Edge, code uint64, payload []byte) {
		if code != wire.CodeMessages {
			return
		}
		for _, env := range decode(t, payload) {
			carried[fmt.Sprintf("%v %s", way, env.Hash())]++
		}
	}
}

func decode(t *testing.T, payload []byte) []*wire.Envelope {
	t.Helper()
	if len(payload) > wire.MaxPacketSent {
		t.Errorf("packet of %d bytes", len(payload))
	}
	envs, err := wire.DecodeMessages(append([]byte{}, payload...))
	if err != nil {
		t.Errorf("malformed packet: %v", err)
	}
	return envs
}

// checkArrival checks that an envelope came once and in time. It returns what
// each hop added.
func checkArrival(
	t *testing.T, box *Inbox, hash wire.Hash, start time.Time, hops int, latency, perHop time.Duration,
) time.Duration {
	t.Helper()
	arrivals := box.Arrivals(hash)
	if len(arrivals) != 1 {
		t.Errorf("delivered %d times at %d hops, want once", len(arrivals), hops)
		return 0
	}
	if hops == 0 {
		return 0
	}
	added := (arrivals[0].Sub(start) - time.Duration(hops)*latency) / time.Duration(hops)
	if added < 0 || added > perHop {
		t.Errorf("%d hops added %v each", hops, added)
	}
	return added
}
