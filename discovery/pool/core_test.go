package pool

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery"
)

func TestFillsToTheMaximumAndStops(t *testing.T) {
	w := newWorld(t, true, "disc")
	w.limits(relays, 2, 2)
	w.find(relays, node(0)) // the node itself
	w.wantDials()
	w.find(relays, node(1), node(2), node(3), node(4), node(5))
	w.wantDials(1, 2)
	w.comeUp(node(1))
	w.comeUp(node(2))
	w.wantCount(relays, 2)
	if w.stops != 1 || len(w.saved) != 2 {
		t.Errorf("stops %d, saved %v", w.stops, w.saved)
	}
	if pending := len(w.topic(relays).candidates) - 2; pending != 2 {
		t.Errorf("%d candidates wait", pending)
	}
	w.pass(9 * time.Second)
	if slices.Contains(w.signals, SignalStopped) {
		t.Error("stopped at once")
	}
	w.pass(time.Second)
	want := []Signal{SignalStarted, SignalSummary, SignalSummary, SignalStopped}
	if !slices.Equal(w.signals, want) {
		t.Errorf("signals %v, want %v", w.signals, want)
	}
}

// TestSlowDialGetsCompany: a node that does not answer holds up nobody, and
// one too many is sent away again.
func TestSlowDialGetsCompany(t *testing.T) {
	w := newWorld(t, true, "disc")
	w.limits(relays, 1, 1)
	w.find(relays, node(1), node(2))
	w.wantDials(1)
	w.pass(time.Second)
	w.wantDials(2)
	w.comeUp(node(2))
	w.comeUp(node(1))
	w.wantCount(relays, 1)
	if w.drops[node(1).ID()] != ReasonSurplus || len(w.drops) != 1 {
		t.Errorf("drops %v", w.drops)
	}
	w.goDown(node(1), ReasonHandshake)
	w.wantDials() // dismissed: no replacement
	w.wantCount(relays, 1)
}

// TestReplacesALostPeerAtOnce uses the newest candidate that waits.
func TestReplacesALostPeerAtOnce(t *testing.T) {
	w := newWorld(t, true, "disc")
	w.limits(relays, 2, 2)
	w.find(relays, node(1), node(2), node(3), node(4))
	w.asked()
	w.comeUp(node(1))
	w.comeUp(node(2))
	w.pass(time.Minute)
	w.started = nil
	w.goDown(node(1), ReasonHandshake)
	w.wantDials(4)
	if len(w.started) != 1 {
		t.Errorf("started %v", w.started)
	}
	w.comeUp(node(4))
	w.wantCount(relays, 2)
}

func TestFailedSourceDoesNotHoldUpOthers(t *testing.T) {
	w := newWorld(t, false, "dns", "topics")
	w.limits(relays, 1, 1)
	w.finish("whisper/dns", errors.New("no such domain"))
	if len(w.started) != 2 {
		t.Fatalf("started %v", w.started)
	}
	if f := w.status(w.now).Failing(); len(f) != 1 || f[0].Source != "dns" || f[0].Error != "no such domain" {
		t.Errorf("failing %+v", f)
	}
	for _, rest := range []time.Duration{2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
		w.started = nil
		w.pass(rest*time.Second - 1)
		if slices.Contains(w.started, "whisper/dns") {
			t.Fatalf("again before %d s", rest)
		}
		w.pass(1)
		if !slices.Contains(w.started, "whisper/dns") {
			t.Fatalf("not again after %d s", rest)
		}
		w.finish("whisper/dns", errors.New("no such domain"))
	}
	w.pass(5 * time.Minute)
	w.finish("whisper/dns", nil)
	if f := w.status(w.now).Failing(); len(f) != 0 {
		t.Errorf("failing %+v", f)
	}
}

// TestPace: searches repeat after 3 s, after half a minute every 30 s.
func TestPace(t *testing.T) {
	w := newWorld(t, false, "cache", "topics")
	w.limits(relays, 1, 1)
	count := 0
	for end := w.now.Add(time.Minute + 32*time.Second); w.now.Before(end); {
		w.finish("whisper/cache", nil)
		w.finish("whisper/topics", nil)
		count++
		before := len(w.started)
		for len(w.started) == before {
			w.pass(100 * time.Millisecond)
		}
	}
	if count != 13 {
		t.Errorf("%d searches in one and a half minutes", count)
	}
	if n := len(slices.DeleteFunc(w.started, func(s string) bool { return s != "whisper/cache" })); n != 1 {
		t.Errorf("the cache was read %d times", n)
	}
}

func TestServingNodeNeverStops(t *testing.T) {
	w := newWorld(t, false, "topics")
	w.limits(relays, 1, 2)
	w.pass(time.Hour)
	if !w.topic(relays).search.on {
		t.Error("gave up")
	}
	w.find(relays, node(1))
	w.comeUp(node(1))
	w.pass(time.Hour)
	if slices.Contains(w.signals, SignalStopped) || w.stops != 1 {
		t.Errorf("signals %v, stops %d", w.signals, w.stops)
	}
}

func TestMailserversAreKnownAndLetGo(t *testing.T) {
	w := newWorld(t, true, "topics")
	w.setLimits(mails, TopicConfig{
		Limits: Limits{3, 3}, CacheOnly: true, Accept: func(n *enode.Node) bool { return n.ID() != node(9).ID() },
	}, w.now)
	w.find(mails, node(9)) // not trusted
	w.wantDials()
	w.find(mails, node(1), node(2))
	w.wantDials(1, 2)
	w.comeUp(node(1))
	w.wantCount(mails, 1)
	if w.drops[node(1).ID()] != ReasonKnown || len(w.told) != 1 || w.saved[key(mails, node(1).ID())] != 1 ||
		!slices.Contains(w.signals, SignalDiscovered) {
		t.Errorf("drops %v, told %v, saved %v, signals %v", w.drops, w.told, w.saved, w.signals)
	}
	w.goDown(node(1), ReasonHandshake)
	w.find(mails, node(1)) // known
	w.wantDials()
	w.refuse(node(2), ReasonHandshake)
	if !w.topic(mails).search.on {
		t.Fatal("stopped with 1 of 3")
	}
	w.finish("whispermail/topics", nil)
	if w.topic(mails).search.on {
		t.Fatal("goes on although nobody knows more")
	}
	w.pass(20 * time.Second)
	if w.signals[len(w.signals)-1] != SignalStopped {
		t.Errorf("signals %v", w.signals)
	}
	w.doubt(mails, node(1).ID(), w.now)
	w.collect()
	if !w.topic(mails).search.on || w.count(w.topic(mails)) != 0 {
		t.Error("the only mailserver is silent, and no other is searched for")
	}
}

func TestCachedMailserversCountAtOnce(t *testing.T) {
	w := newWorld(t, true, "topics")
	w.limits(mails, 0, 3)
	w.restore(mails, []*enode.Node{node(1), node(2), node(3), node(4)}, w.now)
	w.limits(mails, 3, 3)
	w.wantCount(mails, 3)
	if len(w.started) != 0 || len(w.told) != 3 || len(w.dials) != 0 {
		t.Errorf("started %v, told %v", w.started, w.told)
	}
}

// TestMailserverThatIsAlsoARelayStays: one connection may serve two topics.
func TestMailserverThatIsAlsoARelayStays(t *testing.T) {
	w := newWorld(t, true, "topics")
	w.limits(relays, 1, 1)
	w.limits(mails, 1, 1)
	w.find(relays, node(1))
	w.find(mails, node(1))
	w.wantDials(1)
	w.comeUp(node(1))
	w.wantCount(relays, 1)
	w.wantCount(mails, 1)
	if len(w.drops) != 0 {
		t.Errorf("drops %v", w.drops)
	}
}

func TestInboundPeersDoNotCountUnlessChosen(t *testing.T) {
	w := newWorld(t, true, "topics")
	w.limits(relays, 2, 2)
	w.comeUp(node(1))
	w.wantCount(relays, 0)
	w.find(relays, node(1))
	w.wantDials() // it is there
	w.wantCount(relays, 1)
	w.limits(relays, 0, 0)
	if len(w.drops) != 0 {
		t.Errorf("an inbound peer was dropped: %v", w.drops)
	}
}

func TestSilentDialIsGivenUp(t *testing.T) {
	w := newWorld(t, true, "topics")
	w.limits(relays, 1, 1)
	w.find(relays, node(1))
	w.connected(node(1).ID(), w.now)
	w.dialled(node(1).ID(), true, "", w.now)
	w.pass(20 * time.Second)
	if w.drops[node(1).ID()] != ReasonSlow {
		t.Errorf("drops %v", w.drops)
	}
}

// TestEventsInTheWrongOrder: the end of an old connection is told after the
// begin of a new one.
func TestEventsInTheWrongOrder(t *testing.T) {
	w := newWorld(t, true, "topics")
	w.limits(relays, 1, 1)
	w.find(relays, node(1))
	w.comeUp(node(1))
	w.comeUp(node(1))
	w.goDown(node(1), ReasonHandshake)
	w.wantCount(relays, 1)
	w.goDown(node(1), ReasonHandshake)
	w.wantCount(relays, 0)
}

func TestFailuresAreRememberedWithinBounds(t *testing.T) {
	w := newWorld(t, false, "topics")
	w.limits(relays, 2, 2)
	for n := 1; n < 3*maxRecords; n++ {
		w.find(relays, node(n))
		for _, d := range w.asked() {
			w.refuse(node(d), ReasonUnreachable)
		}
	}
	if len(w.records) > maxRecords || len(w.accused) > maxRecords || len(w.topic(relays).candidates) > 4 {
		t.Errorf("%d records, %d accused, %d candidates", len(w.records), len(w.accused), len(w.topic(relays).candidates))
	}
}

// TestEndlessSourceHasItsSay: a source that never comes to an end has said
// what it knows after half a minute.
func TestEndlessSourceHasItsSay(t *testing.T) {
	w := newWorld(t, true, "rendezvous", "topics")
	w.limits(mails, 3, 3)
	w.find(mails, node(1))
	w.comeUp(node(1))
	w.pass(2 * time.Second)
	w.finish("whispermail/topics", nil)
	w.pass(25 * time.Second)
	if !w.topic(mails).search.on {
		t.Fatal("stopped early")
	}
	w.pass(5 * time.Second)
	if w.topic(mails).search.on {
		t.Error("goes on with a mailserver known")
	}
}

// TestHandshakeTellsMoreThanTheRecord: a node that turns out not to serve the
// topic is let go and left alone.
func TestHandshakeTellsMoreThanTheRecord(t *testing.T) {
	w := newWorld(t, true, "topics")
	w.limits(relays, 1, 1)
	w.find(relays, node(1))
	w.comeUp(node(1), func(p *Peer) { p.Lacks = []discovery.Topic{relays} })
	w.wantCount(relays, 0)
	if len(w.drops) != 1 {
		t.Errorf("drops %v", w.drops)
	}
	w.find(relays, node(1))
	w.goDown(node(1), ReasonHandshake)
	w.asked()
	w.pass(time.Hour)
	w.find(relays, node(1))
	w.wantDials()
}

// TestPeerThatServesNoLonger: a peer that says only later that it does not
// serve is let go, and replaced.
func TestPeerThatServesNoLonger(t *testing.T) {
	w := newWorld(t, true, "disc")
	w.limits(relays, 1, 1)
	w.find(relays, node(1), node(2))
	w.wantDials(1)
	w.comeUp(node(1))
	w.wantCount(relays, 1)
	w.up(Peer{ID: node(1).ID(), Lacks: []discovery.Topic{relays}}, w.now)
	w.collect()
	w.wantCount(relays, 0)
	if w.drops[node(1).ID()] != ReasonKnown {
		t.Errorf("drops %v", w.drops)
	}
	w.wantDials(2)
}
