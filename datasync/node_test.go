package datasync

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var testStart = time.Unix(1_604_000_000, 0)

// testPeer returns a distinct peer id for each number. It is no point of the
// curve, which this package never looks at.
func testPeer(i int) PeerID {
	p := PeerID{4}
	copy(p[1:], fmt.Sprintf("peer %027d%032d", i, i))
	return p
}

// pair is a node and the means to speak to it as its peer number 1.
type pair struct {
	t    *testing.T
	node *testNode
	now  time.Time
	peer PeerID
}

func newPair(t *testing.T, cfg Config) *pair {
	t.Helper()
	return &pair{t: t, node: newNode(t, cfg), now: testStart, peer: testPeer(1)}
}

func (p *pair) append(body string, to ...PeerID) MessageID {
	p.t.Helper()
	if len(to) == 0 {
		to = []PeerID{p.peer}
	}
	return p.appendAs(Ref(sha256.Sum256([]byte(body))), body, to...)
}

func (p *pair) appendAs(ref Ref, body string, to ...PeerID) MessageID {
	p.t.Helper()
	if len(to) == 0 {
		to = []PeerID{p.peer}
	}
	ids, err := p.node.Append(Outgoing{Ref: ref, Body: []byte(body), To: to}, p.now)
	if err != nil {
		p.t.Fatal(err)
	}
	return ids[0]
}

// message returns a message that the peer sends to the node.
func (p *pair) message(body string) Message {
	g := OneToOne(p.node.cfg.Self, p.peer)
	return Message{Group: g[:], Timestamp: testStart.Unix(), Body: []byte(body)}
}

func (p *pair) handle(in Payload) Effects { return p.node.Handle(p.peer, in, p.now) }

func (p *pair) due() []Send { return p.node.Due(p.now).Sends }

func (p *pair) after(d time.Duration) { p.now = p.now.Add(d) }

// plain is the default schedule without jitter.
func plain() Schedule {
	s := DefaultSchedule()
	s.Jitter = 0
	return s
}

func TestHealthyLinkSendsOnce(t *testing.T) {
	p := newPair(t, Config{})
	id := p.append("hello")
	if got := p.node.Next(); !got.Equal(p.now) {
		t.Fatalf("due at %v, want at once", got)
	}
	sends := p.due()
	if len(sends) != 1 || len(sends[0].Messages) != 1 || sends[0].Messages[0].ID != id {
		t.Fatalf("sent %+v", sends)
	}
	e := p.handle(Payload{Acks: []MessageID{id}})
	if len(e.Receipts) != 1 || !delivered(e.Receipts[0]) {
		t.Fatalf("receipts %+v", e.Receipts)
	}
	if len(p.due()) != 0 || !p.node.Idle() || !p.node.Next().IsZero() {
		t.Errorf("not idle after the ack: next %v", p.node.Next())
	}
	if p.node.st.Peers() != 0 {
		t.Errorf("%d peers kept", p.node.st.Peers())
	}
}

func TestAcksAndMessagesShareAPayload(t *testing.T) {
	p := newPair(t, Config{})
	p.handle(Payload{Messages: []Message{p.message("a"), p.message("b"), p.message("a")}})
	p.append("c")
	p.append("d")
	sends := p.due()
	if len(sends) != 1 || len(sends[0].Acks) != 2 || len(sends[0].Messages) != 2 {
		t.Fatalf("sent %+v", sends)
	}
}

func TestDuplicateIsAckedAndNotDelivered(t *testing.T) {
	p := newPair(t, Config{})
	for i := range 5 {
		e := p.handle(Payload{Messages: []Message{p.message("once")}})
		if want := 1 - min(i, 1); len(e.Deliveries) != want {
			t.Errorf("copy %d: %d deliveries, want %d", i, len(e.Deliveries), want)
		}
		if sends := p.due(); len(sends) != 1 || len(sends[0].Acks) != 1 {
			t.Errorf("copy %d: sent %+v", i, sends)
		}
	}
}

// TestRefusedDeliveryComesAgain: what the layer above does not take is neither
// acknowledged nor remembered, and the others of the payload are.
func TestRefusedDeliveryComesAgain(t *testing.T) {
	p := newPair(t, Config{})
	in := Payload{Messages: []Message{p.message("one"), p.message("two"), p.message("three")}}
	first := p.handle(in)
	if len(first.Deliveries) != 3 {
		t.Fatalf("%d deliveries", len(first.Deliveries))
	}
	refused := first.Deliveries[1].ID
	p.node.Refuse(refused)
	if known, err := p.node.st.Received([]MessageID{refused}); err != nil || known[refused] {
		t.Errorf("still known (%v)", err)
	}
	sends := p.due()
	if len(sends) != 1 || len(sends[0].Acks) != 2 || slices.Contains(sends[0].Acks, refused) {
		t.Errorf("sent %+v", sends)
	}
	if sends := p.due(); len(sends) != 0 {
		t.Errorf("sent again %+v", sends)
	}
	again := p.handle(in)
	if len(again.Deliveries) != 1 || again.Deliveries[0].ID != refused {
		t.Errorf("delivered again: %+v", again.Deliveries)
	}
	for _, d := range again.Deliveries {
		p.node.Refuse(d.ID)
	}
	p.node.Refuse(MessageID{9}) // nothing that was delivered
	if sends := p.due(); len(sends) != 1 || len(sends[0].Acks) != 2 {
		t.Errorf("the two that were taken are acknowledged again: %+v", sends)
	}
	p.handle(in)
	if sends := p.due(); len(sends) != 1 || len(sends[0].Acks) != 3 {
		t.Errorf("taken at last: %+v", sends)
	}
}

func TestGroupReceipts(t *testing.T) {
	p := newPair(t, Config{})
	to := []PeerID{testPeer(1), testPeer(2), testPeer(3)}
	ids, err := p.node.Append(Outgoing{Ref: Ref{7}, Body: []byte("hi"), To: to}, p.now)
	if err != nil {
		t.Fatal(err)
	}
	_, bodies, _ := p.node.st.Counts()
	if bodies != 1 {
		t.Errorf("body stored %d times", bodies)
	}
	if got := len(p.due()); got != 3 {
		t.Errorf("%d payloads, want 3", got)
	}
	for i, order := range []int{2, 0, 1} {
		e := p.node.Handle(to[order], Payload{Acks: []MessageID{ids[order]}}, p.now)
		if len(e.Receipts) != 1 {
			t.Fatalf("ack %d: receipts %+v", i, e.Receipts)
		}
		r := e.Receipts[0]
		if r.Peer != to[order] || r.Outcome != Acked || r.Waiting != 2-i {
			t.Errorf("ack %d: receipt %+v", i, r)
		}
		if i == 0 {
			if waiting := p.node.waitingFor(Ref{7}); !slices.Equal(waiting, to[:2]) {
				t.Errorf("waiting for %v", waiting)
			}
		}
		if again := p.node.Handle(to[order], Payload{Acks: []MessageID{ids[order]}}, p.now); len(again.Receipts) != 0 {
			t.Errorf("second ack %d: receipts %+v", i, again.Receipts)
		}
	}
	if !p.node.Idle() {
		t.Error("not idle after all acks")
	}
}

// TestMessageAppendedAgain sends a message again, as a user does who does not
// believe in it: who has not acknowledged it gets the same one once more, so
// that one ack is enough, and it is counted once.
func TestMessageAppendedAgain(t *testing.T) {
	p := newPair(t, Config{Schedule: plain()})
	ref, body, one, two := Ref{1}, []byte("again"), p.peer, testPeer(7)
	add := func() []MessageID {
		t.Helper()
		ids, err := p.node.Append(Outgoing{Ref: ref, Body: body, To: []PeerID{one, two}}, p.now)
		if err != nil {
			t.Fatal(err)
		}
		p.due()
		return ids
	}
	first := add()
	p.after(time.Second)
	if second := add(); !slices.Equal(first, second) {
		t.Fatal("another id")
	}
	if s := p.node.Stats(); s.Retransmitted != 2 {
		t.Errorf("sent again %d times", s.Retransmitted)
	}
	if waiting := p.node.waitingFor(ref); !slices.Equal(waiting, []PeerID{one, two}) {
		t.Errorf("waiting for %d", len(waiting))
	}
	e := p.handle(Payload{Acks: []MessageID{first[0]}})
	if len(e.Receipts) != 1 || e.Receipts[0].Waiting != 1 {
		t.Errorf("%+v", e.Receipts)
	}
	third := add() // he who has it gets another message, the other the same
	if third[0] == first[0] || third[1] != first[1] {
		t.Errorf("ids %v, then %v", first, third)
	}
	if e := p.handle(Payload{Acks: []MessageID{first[0]}}); len(e.Receipts) != 0 {
		t.Errorf("a late ack: %+v", e.Receipts)
	}
	p.handle(Payload{Acks: []MessageID{third[0]}})
	e = p.node.Handle(two, Payload{Acks: []MessageID{first[1]}}, p.now)
	if len(e.Receipts) != 1 || !delivered(e.Receipts[0]) || !p.node.Idle() {
		t.Errorf("%+v", e.Receipts)
	}
	// A reference names one message.
	add()
	_, err := p.node.Append(Outgoing{Ref: ref, Body: []byte("other"), To: []PeerID{one}}, p.now)
	if !errors.Is(err, ErrRef) {
		t.Errorf("another message of the same reference: %v", err)
	}
}

func TestLifetimeEndsWithReceipt(t *testing.T) {
	p := newPair(t, Config{Schedule: plain()})
	to := []PeerID{testPeer(1), testPeer(2)}
	ids, err := p.node.Append(Outgoing{Ref: Ref{7}, Body: []byte("hi"), To: to}, p.now)
	if err != nil {
		t.Fatal(err)
	}
	p.node.Handle(to[1], Payload{Acks: ids[1:]}, p.now)
	attempts, receipts := 0, []Receipt(nil)
	for !p.node.Next().IsZero() {
		p.now = p.node.Next()
		e := p.node.Due(p.now)
		attempts += len(e.Sends)
		receipts = append(receipts, e.Receipts...)
	}
	if age := p.now.Sub(testStart); age != p.node.cfg.Schedule.Lifetime {
		t.Errorf("ended after %v", age)
	}
	if want := plain().Attempts(p.node.cfg.Schedule.Lifetime); attempts != want {
		t.Errorf("%d attempts, want %d", attempts, want)
	}
	if len(receipts) != 1 || receipts[0].Outcome != Expired || receipts[0].Waiting != 0 {
		t.Errorf("receipts %+v", receipts)
	}
	if !p.node.Idle() {
		t.Error("not idle")
	}
}

func TestOfflineConsumesNothing(t *testing.T) {
	p := newPair(t, Config{Schedule: plain()})
	p.node.SetOnline(false)
	p.append("hello")
	p.after(48 * time.Hour)
	if sends := p.due(); len(sends) != 0 || !p.node.Next().IsZero() {
		t.Fatalf("offline: sent %+v, next %v", sends, p.node.Next())
	}
	p.node.SetOnline(true)
	if sends := p.due(); len(sends) != 1 || sends[0].Messages[0].Again {
		t.Errorf("online: sent %+v", sends)
	}
	if want := p.now.Add(20 * time.Second); !p.node.Next().Equal(want) {
		t.Errorf("next %v, want %v", p.node.Next(), want)
	}
}

func TestInteractiveMode(t *testing.T) {
	a, b := newPair(t, Config{Schedule: plain()}), newPair(t, Config{Self: testPeer(1), Schedule: plain()})
	b.peer = testPeer(0)
	a.node.SetMode(a.peer, Interactive)
	id := a.append("hello")
	offer := a.due()[0]
	if len(offer.Offers) != 1 || len(offer.Messages) != 0 {
		t.Fatalf("first payload %+v", offer)
	}
	for range 3 {
		b.handle(Payload{Offers: offer.Offers})
	}
	request := b.due()
	if len(request) != 1 || !slices.Equal(request[0].Requests, []MessageID{id}) {
		t.Fatalf("answer to the offers %+v", request)
	}
	// The request is repeated like a message while nothing comes.
	b.now = b.node.Next()
	if again := b.due(); b.now.Sub(testStart) != 20*time.Second || len(again) != 1 {
		t.Errorf("request repeated after %v: %+v", b.now.Sub(testStart), again)
	}
	for range 4 {
		a.handle(Payload{Requests: request[0].Requests})
	}
	message := a.due()
	if len(message) != 1 || len(message[0].Messages) != 1 || message[0].Messages[0].Again {
		t.Fatalf("answer to the request %+v", message)
	}
	g := OneToOne(testPeer(0), testPeer(1))
	m := Message{Group: g[:], Timestamp: message[0].Messages[0].Timestamp, Body: []byte("hello")}
	e := b.handle(Payload{Messages: []Message{m}})
	ack := b.due()
	if len(e.Deliveries) != 1 || len(ack) != 1 || b.node.Outstanding() != 0 {
		t.Fatalf("delivered %+v, sent %+v", e.Deliveries, ack)
	}
	a.handle(Payload{Acks: ack[0].Acks})
	if !a.node.Idle() || !b.node.Idle() {
		t.Error("not idle")
	}
	if b.handle(Payload{Offers: []MessageID{id}}); b.node.Outstanding() != 0 || len(b.due()[0].Acks) != 1 {
		t.Error("a late offer is not acknowledged")
	}
}

func TestAppendRefuses(t *testing.T) {
	p := newPair(t, Config{})
	fits := make([]byte, p.node.MaxBodyBytes())
	for name, c := range map[string]struct {
		m    Outgoing
		want error
	}{
		"too large":    {Outgoing{Ref: Ref{1}, Body: append(fits, 0), To: []PeerID{p.peer}}, ErrTooLarge},
		"nobody":       {Outgoing{Ref: Ref{1}, Body: fits}, ErrNoRecipient},
		"no key":       {Outgoing{Ref: Ref{1}, Body: fits, To: []PeerID{p.peer, {}}}, ErrPeerID},
		"no reference": {Outgoing{Body: fits, To: []PeerID{p.peer}}, ErrRef},
		"just allowed": {Outgoing{Ref: Ref{1}, Body: fits, To: []PeerID{p.peer}}, nil},
	} {
		before := p.node.Outstanding()
		_, err := p.node.Append(c.m, p.now)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err != nil && p.node.Outstanding() != before {
			t.Errorf("%s: refused and changed", name)
		}
	}
	for _, s := range p.due() {
		if s.Bytes > DefaultMaxPayloadBytes {
			t.Errorf("payload of %d bytes", s.Bytes)
		}
	}
}

func TestLargeQueueLeavesInBoundedPieces(t *testing.T) {
	p := newPair(t, Config{Schedule: plain(), MaxDueBytes: 5000, MaxPayloadBytes: 2000})
	var want []MessageID
	for i := range 20 {
		want = append(want, p.appendAs(Ref{byte(i), 1}, fmt.Sprintf("%01000d", i)))
	}
	var got []MessageID
	calls := 0
	for !p.node.Next().IsZero() && !p.node.Next().After(p.now) {
		calls++
		for _, s := range p.due() {
			payload, err := s.Encode(func(Ref) ([]byte, error) { return make([]byte, 1000), nil })
			if err != nil || len(payload) != s.Bytes || s.Bytes > 2000 {
				t.Fatalf("payload of %d bytes, planned %d (%v)", len(payload), s.Bytes, err)
			}
			for _, m := range s.Messages {
				got = append(got, m.ID)
			}
		}
	}
	if calls != 4 || !slices.Equal(got, want) {
		t.Errorf("%d calls, %d of %d messages in order", calls, len(got), len(want))
	}
}

func TestCancelForgetRetry(t *testing.T) {
	p := newPair(t, Config{Schedule: plain()})
	to := []PeerID{testPeer(1), testPeer(2), testPeer(3)}
	ids, _ := p.node.Append(Outgoing{Ref: Ref{5}, Body: []byte("x"), To: to}, p.now)
	p.due()
	p.handle(Payload{Acks: ids[:1]})
	e := p.node.Forget(to[1])
	if len(e.Receipts) != 1 || e.Receipts[0].Outcome != Cancelled || e.Receipts[0].Waiting != 1 {
		t.Fatalf("forget: %+v", e.Receipts)
	}
	p.after(time.Second)
	p.node.Retry(Ref{5}, p.now)
	if sends := p.due(); len(sends) != 1 || sends[0].To != to[2] {
		t.Fatalf("retry: %+v", sends)
	}
	e = p.node.Cancel(Ref{5})
	if len(e.Receipts) != 1 || e.Receipts[0].Outcome != Cancelled || e.Receipts[0].Waiting != 0 || !p.node.Idle() {
		t.Errorf("cancel: %+v", e.Receipts)
	}
	if p.node.Cancel(Ref{}); p.node.changes != 0 {
		t.Error("the zero reference cancels something")
	}
}

func TestConfigRefuses(t *testing.T) {
	if _, err := New(Config{}); !errors.Is(err, ErrConfig) {
		t.Errorf("no identity: %v", err)
	}
	for name, change := range map[string]func(*Config){
		"payload limit": func(c *Config) { c.MaxPayloadBytes = 10 },
		"negative":      func(c *Config) { c.MaxDue = -1 },
		"base":          func(c *Config) { c.Schedule = plain(); c.Schedule.Base = 0 },
		"cap":           func(c *Config) { c.Schedule = plain(); c.Schedule.Cap = time.Second },
		"cap time":      func(c *Config) { c.Schedule = plain(); c.Schedule.CapFor = -1 },
		"slow":          func(c *Config) { c.Schedule = plain(); c.Schedule.Slow = time.Minute },
		"jitter":        func(c *Config) { c.Schedule = plain(); c.Schedule.Jitter = 1 },
		"lifetime":      func(c *Config) { c.Schedule = plain(); c.Schedule.Lifetime = 0 },
	} {
		cfg := Config{Self: testPeer(0)}
		change(&cfg)
		if _, err := New(cfg); !errors.Is(err, ErrConfig) && !errors.Is(err, ErrSchedule) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestJitterStaysInBounds(t *testing.T) {
	s := DefaultSchedule()
	rng := rand.New(rand.NewPCG(1, 2))
	for k := 1; k < 60; k++ {
		low, high := s.Delay(k), time.Duration(0)
		for range 500 {
			d := s.spread(k, rng)
			low, high = min(low, d), max(high, d)
		}
		nominal := float64(s.Delay(k))
		if float64(low) < nominal*0.8 || float64(high) >= nominal*1.2 {
			t.Errorf("attempt %d: %v to %v around %v", k, low, high, s.Delay(k))
		}
		if float64(low) > nominal*0.85 || float64(high) < nominal*1.15 {
			t.Errorf("attempt %d: spread only %v to %v around %v", k, low, high, s.Delay(k))
		}
	}
}
