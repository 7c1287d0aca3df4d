package pool

import (
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"

	"statusd/discovery"
)

const (
	relays = discovery.TopicRelay
	mails  = discovery.TopicMail
)

// node makes node number n, each in a network of its own.
func node(n int) *enode.Node { return nodeAt(n, net.IPv4(8, byte(n>>8), byte(n), 1)) }

func nodeAt(n int, ip net.IP) *enode.Node {
	var r enr.Record
	r.Set(enr.IP(ip))
	r.Set(enr.TCP(30303))
	return enode.SignNull(&r, enode.ID{byte(n >> 8), byte(n), 1})
}

// world drives a core: time passes, and the test plays the network.
type world struct {
	*testing.T
	*core
	now     time.Time
	dials   []*enode.Node
	drops   map[enode.ID]Reason
	started []string
	runs    map[string]startSource // the latest
	stops   int
	signals []Signal
	saved   map[string]int // topic/id
	blamed  map[string]int
	told    []enode.ID
}

func newWorld(t *testing.T, mayStop bool, sources ...string) *world {
	t.Helper()
	var states []sourceState
	for _, s := range sources {
		states = append(states, sourceState{name: s, once: s == "cache"})
	}
	return &world{
		T: t, core: newCore(node(0).ID(), Times{}, mayStop, states), now: time.Unix(1_700_000_000, 0),
		drops: map[enode.ID]Reason{}, runs: map[string]startSource{}, saved: map[string]int{}, blamed: map[string]int{},
	}
}

// collect sorts the effects so far.
func (w *world) collect() {
	w.Helper()
	for _, e := range w.take() {
		switch e := e.(type) {
		case dialNode:
			w.dials = append(w.dials, e.node)
		case dropPeer:
			w.drops[e.id] = e.reason
		case startSource:
			name := string(e.topic) + "/" + w.sources[e.source].name
			w.started = append(w.started, name)
			w.runs[name] = e
		case stopSources:
			w.stops++
		case signal:
			w.signals = append(w.signals, e.kind)
		case remember:
			w.saved[key(e.topic, e.node.ID())]++
		case blame:
			w.blamed[key(e.topic, e.id)]++
		case known:
			w.told = append(w.told, e.node.ID())
		case idle:
		}
	}
	if next := w.next(w.now); !next.IsZero() && !next.After(w.now) {
		w.Fatalf("a deadline %v ago is still to come", w.now.Sub(next))
	}
}

func key(t discovery.Topic, id enode.ID) string { return fmt.Sprintf("%s/%x", t, id[:2]) }

// pass lets time pass with a tick at each deadline.
func (w *world) pass(d time.Duration) {
	w.Helper()
	end := w.now.Add(d)
	for range 100_000 {
		next := w.next(w.now)
		if next.IsZero() || next.After(end) {
			w.now = end
			w.tick(w.now)
			w.collect()
			return
		}
		w.now = next
		w.tick(w.now)
		w.collect()
	}
	w.Fatal("the deadlines do not end")
}

func (w *world) find(t discovery.Topic, nodes ...*enode.Node) {
	w.Helper()
	for _, n := range nodes {
		w.now = w.now.Add(time.Millisecond) // the order of arrival
		w.found(t, n, "test", w.now)
		w.collect()
	}
}

// comeUp plays a connection with a complete handshake.
func (w *world) comeUp(n *enode.Node, change ...func(*Peer)) {
	w.Helper()
	w.now = w.now.Add(time.Millisecond)
	w.connected(n.ID(), w.now)
	p := Peer{ID: n.ID(), IP: n.IPAddr()}
	for _, f := range change {
		f(&p)
	}
	w.up(p, w.now)
	w.dialled(n.ID(), true, "", w.now)
	w.collect()
}

func (w *world) goDown(n *enode.Node, reason Reason) {
	w.Helper()
	w.dropped(n.ID(), reason, w.now)
	w.collect()
}

func (w *world) refuse(n *enode.Node, reason Reason) {
	w.Helper()
	w.dialled(n.ID(), false, reason, w.now)
	w.collect()
}

func (w *world) finish(source string, err error) {
	w.Helper()
	e, ok := w.runs[source]
	if !ok {
		w.Fatalf("source %s never ran", source)
	}
	w.sourceEnded(e.topic, e.source, e.run, err, w.now)
	w.collect()
}

func (w *world) limits(t discovery.Topic, lo, hi int) {
	w.Helper()
	w.setLimits(t, TopicConfig{Limits: Limits{lo, hi}, CacheOnly: t == mails}, w.now)
	w.collect()
}

// dialled lists and forgets the dials since the last call.
func (w *world) asked() []int {
	var out []int
	for _, n := range w.dials {
		id := n.ID()
		out = append(out, int(id[0])<<8+int(id[1]))
	}
	w.dials = nil
	return out
}

func (w *world) wantDials(want ...int) {
	w.Helper()
	got := w.asked()
	slices.Sort(got)
	if !slices.Equal(got, want) {
		w.Fatalf("dialled %v, want %v", got, want)
	}
}

func (w *world) wantCount(t discovery.Topic, want int) {
	w.Helper()
	if got := w.count(w.topic(t)); got != want {
		w.Fatalf("%s has %d peers, want %d", t, got, want)
	}
}
