package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/gorilla/websocket"

	"statusd/api"
	"statusd/waku"
)

// received makes a message whose payload is a number.
func received(n int) *waku.ReceivedMessage {
	return &waku.ReceivedMessage{Payload: []byte(fmt.Sprint(n))}
}

const byKeyPair = `["messages",{"privateKeyID":"` + exampleKeyID + `"}]`

// TestFirstMessagesAreNotLost delivers messages while the subscription is
// being made: they come after its id, in order.
func TestFirstMessagesAreNotLost(t *testing.T) {
	f := start(t, nil)
	f.waku.onInstall = func(s waku.Sink) {
		for i := range 100 {
			s.Deliver(received(i))
		}
	}
	must[string](t, f.ipc(), "waku_addPrivateKey", `["`+examplePrivateKey+`"]`)
	for _, l := range []link{f.ipc(), f.ws()} {
		id := decode(t, l.send(request("waku_subscribe", byKeyPair)))
		if id.Method != "" || id.Error != nil {
			t.Fatalf("the first message is not the answer: %+v", id)
		}
		for i := range 100 {
			a := decode(t, l.push())
			var m api.WakuMessage
			if err := json.Unmarshal(a.Params.Result, &m); err != nil {
				t.Fatal(err)
			}
			if a.Method != "waku_subscription" || `"`+a.Params.Subscription+`"` != string(id.Result) {
				t.Fatalf("notification %+v", a)
			}
			if want := fmt.Sprintf("0x%x", fmt.Sprint(i)); string(m.Payload) != want {
				t.Fatalf("message %d has the payload %s, want %s", i, m.Payload, want)
			}
		}
	}
}

// TestMessagesArePushed posts over HTTP what a subscriber on WebSocket, one on
// the socket and a polling filter get.
func TestMessagesArePushed(t *testing.T) {
	f := start(t, nil)
	ws, ipc, h := f.ws(), f.ipc(), f.http()
	sym := must[string](t, h, "waku_generateSymKeyFromPassword", `["status"]`)
	criteria := `{"symKeyID":"` + sym + `","topics":["0x07678231"]}`
	for _, l := range []link{ws, ipc} {
		must[string](t, l, "waku_subscribe", `["messages",`+criteria+`]`)
	}
	filter := must[string](t, h, "waku_newMessageFilter", `[`+criteria+`]`)
	signer := must[string](t, h, "waku_addPrivateKey", `["`+examplePrivateKey+`"]`)
	hash := must[string](t, h, "waku_post", `[{"symKeyID":"`+sym+`","sig":"`+signer+`","ttl":7,"topic":"0x07678231",`+
		`"payload":"0x68656c6c6f","padding":"AQID","powTime":5,"powTarget":0.001}]`)
	check := func(m api.WakuMessage) {
		t.Helper()
		if string(m.Hash) != hash || m.Payload != "0x68656c6c6f" || m.Padding != "0x010203" || m.Sig != examplePublicKey ||
			m.TTL != 7 || m.Topic.String() != "0x07678231" || m.Dst != "" || m.PoW < 0.001 || m.Timestamp == 0 || m.P2P {
			t.Errorf("message %+v", m)
		}
	}
	for _, l := range []link{ws, ipc} {
		var m api.WakuMessage
		if err := json.Unmarshal(decode(t, l.push()).Params.Result, &m); err != nil {
			t.Fatal(err)
		}
		check(m)
	}
	// The filter is served by the same worker; its order against the sinks is not defined.
	var polled []api.WakuMessage
	for deadline := time.Now().Add(patience); len(polled) == 0 && time.Now().Before(deadline); {
		polled = must[[]api.WakuMessage](t, h, "waku_getFilterMessages", `["`+filter+`"]`)
	}
	if len(polled) != 1 {
		t.Fatalf("%d messages polled", len(polled))
	}
	check(polled[0])
	if i := must[api.WakuState](t, h, "waku_info", `[]`); i.Envelopes != 1 || i.Memory < 100 ||
		i.MaxEnvelopeSize != i.MaxMessageSize || i.MaxMessageSize == 0 {
		t.Errorf("after one message the node says %+v", i)
	}
	again := must[[]api.WakuMessage](t, h, "waku_getFilterMessages", `["`+filter+`"]`)
	if len(again) != 0 || again == nil {
		t.Errorf("polled again: %+v", again)
	}
}

func TestUnsubscribe(t *testing.T) {
	f := start(t, nil)
	var sink waku.Sink
	f.waku.onInstall = func(s waku.Sink) { sink = s }
	l, other := f.ws(), f.ws()
	must[string](t, l, "waku_addPrivateKey", `["`+examplePrivateKey+`"]`)
	id := must[string](t, l, "waku_subscribe", byKeyPair)
	if len(id) != 34 || !strings.HasPrefix(id, "0x") {
		t.Errorf("subscription id %q", id)
	}
	_, e := invoke(t, other, "waku_unsubscribe", `["`+id+`"]`)
	wantError(t, e, api.CodeFailed, "subscription not found")
	if !must[bool](t, l, "waku_unsubscribe", `["`+id+`"]`) {
		t.Error("not unsubscribed")
	}
	sink.Deliver(received(1))
	a := decode(t, l.send(request("waku_unsubscribe", `["`+id+`"]`)))
	wantError(t, a.Error, api.CodeFailed, "subscription not found")

	for range maxSubscriptions {
		must[string](t, l, "waku_subscribe", byKeyPair)
	}
	_, e = invoke(t, l, "waku_subscribe", byKeyPair)
	wantError(t, e, api.CodeBusy, "too many subscriptions")
}

func TestSubscribeErrors(t *testing.T) {
	f := start(t, nil)
	_, e := invoke(t, f.http(), "waku_subscribe", byKeyPair)
	wantError(t, e, api.CodeFailed, "notifications not supported")
	for _, l := range []link{f.ipc(), f.ws()} {
		for params, want := range map[string]struct {
			code api.Code
			text string
		}{
			`[]`:               {api.CodeInvalidParams, "expected subscription name as first argument"},
			`[5]`:              {api.CodeInvalidParams, "expected subscription name as first argument"},
			`["zz"]`:           {api.CodeMethodNotFound, `no "zz" subscription in waku namespace`},
			`["messages"]`:     {api.CodeInvalidParams, "missing value for required argument 1"},
			`["messages",5]`:   {api.CodeInvalidParams, "invalid argument 1"},
			`["messages",{}]`:  {api.CodeFailed, "specify either a symmetric or an asymmetric key"},
			`{"name":"other"}`: {api.CodeMethodNotFound, `no "other" subscription`},
		} {
			_, e := invoke(t, l, "waku_subscribe", params)
			t.Log(params)
			wantError(t, e, want.code, want.text)
		}
	}
}

func TestPeerEvents(t *testing.T) {
	f := start(t, nil)
	l := f.ws()
	must[string](t, l, "admin_subscribe", `{"name":"peerEvents"}`)
	f.node.events.Send(&p2p.PeerEvent{Type: p2p.PeerEventTypeAdd, Peer: enode.ID{1}})
	a := decode(t, l.push())
	if a.Method != "admin_subscription" || !strings.Contains(string(a.Params.Result), `"type":"add"`) {
		t.Errorf("notification %+v %s", a, a.Params.Result)
	}
}

// slowStream is a client that reads when it is told to.
type slowStream struct {
	requests chan string
	answers  chan string // unbuffered: a send waits for the reader
}

func (s *slowStream) next() ([]byte, error) {
	r, ok := <-s.requests
	if !ok {
		return nil, errInterrupted
	}
	return []byte(r), nil
}

func (s *slowStream) send(b []byte) error {
	select {
	case s.answers <- string(b):
		return nil
	case <-time.After(sendTimeout):
		return context.DeadlineExceeded
	}
}

func (s *slowStream) interrupt()   {}
func (s *slowStream) close(ending) {}

// bubble prepares a dispatcher with a subscription to test on a session with
// a slow client, in virtual time.
func bubble(t *testing.T) (*slowStream, *session, *budget, func() *queue) {
	t.Helper()
	m, err := newMetrics(nil)
	if err != nil {
		t.Fatal(err)
	}
	var q *queue
	f := prepare(t, nil)
	b := &budget{max: 1 << 30}
	d := &dispatcher{methods: map[string]*method{}, log: f.log, metrics: m, budget: b}
	own := bindSubscription(
		api.Subscription[api.TopicArgs, string, int]{Name: "test_subscribe", Scope: api.ScopeRead, Topic: "x"},
		func(context.Context, api.TopicArgs) (source, error) {
			return source{attach: func(to *queue) (func(), error) { q = to; return func() {}, nil }}, nil
		})
	d.methods["test_subscribe"] = &own
	st := &slowStream{requests: make(chan string), answers: make(chan string)}
	s := newSession(st, caller{transport: "ws", scopes: scopeAll}, d, b)
	return st, s, b, func() *queue { return q }
}

// TestSlowSubscriber lets a queue overflow: what is dropped is told, once and
// in its place, and everything else arrives in order.
func TestSlowSubscriber(t *testing.T) {
	st, s, b, get := bubble(t)
	synctest.Test(t, func(t *testing.T) {
		st.requests, st.answers = make(chan string), make(chan string)
		done := make(chan struct{})
		go func() { defer close(done); s.run(t.Context()) }()
		st.requests <- request("test_subscribe", `["x"]`)
		decode(t, <-st.answers)
		synctest.Wait()
		q := get()

		q.push(0, 10) // taken by the pump, which waits for the reader
		synctest.Wait()
		for i := 1; i < 1+maxQueued+50; i++ {
			q.push(i, 10)
		}
		next := 0
		for next <= maxQueued {
			a := decode(t, <-st.answers)
			if string(a.Params.Result) != fmt.Sprint(next) {
				t.Fatalf("got %s, want %d", a.Params.Result, next)
			}
			next++
		}
		a := decode(t, <-st.answers)
		if a.Params.Error == nil || a.Params.Error.Data.Kind != "lagged" || a.Params.Error.Data.Dropped != 50 {
			t.Fatalf("after the gap: %+v", a.Params.Error)
		}
		q.push(-1, 10)
		if a := decode(t, <-st.answers); string(a.Params.Result) != "-1" {
			t.Fatalf("after the mark: %s", a.Params.Result)
		}
		q.push(1, 3*maxQueuedBytes) // a single one is taken whatever its size
		if a := decode(t, <-st.answers); string(a.Params.Result) != "1" {
			t.Fatalf("large one: %+v", a)
		}
		close(st.requests)
		<-done
		q.push(2, 10) // after the end: ignored
	})
	if used := b.used.Load(); used != 0 {
		t.Errorf("%d bytes of the budget are not given back", used)
	}
}

// TestClientThatDoesNotRead loses its connection after the time for a write.
func TestClientThatDoesNotRead(t *testing.T) {
	st, s, b, get := bubble(t)
	synctest.Test(t, func(t *testing.T) {
		st.requests, st.answers = make(chan string), make(chan string)
		done := make(chan struct{})
		begin := time.Now()
		go func() { defer close(done); s.run(t.Context()) }()
		st.requests <- request("test_subscribe", `["x"]`)
		<-st.answers
		synctest.Wait()
		for range 10 {
			get().push("x", 10)
		}
		time.Sleep(sendTimeout + time.Second)
		close(st.requests) // what interrupt does to a real connection
		<-done
		if took := time.Since(begin); took > 2*sendTimeout {
			t.Errorf("took %v", took)
		}
	})
	if s.ending != endMisuse {
		t.Errorf("ended with %d", s.ending)
	}
	if used := b.used.Load(); used != 0 {
		t.Errorf("%d bytes of the budget are not given back", used)
	}
}

// TestSharedBudget drops for one subscriber what others have used up.
func TestSharedBudget(t *testing.T) {
	b := &budget{max: 100}
	one, two := newQueue(unread{budget: b}), newQueue(unread{budget: b})
	one.push("a", 90)
	two.push("b", 20)
	if got := two.take(); len(got) != 1 || got[0].lost != 1 {
		t.Errorf("got %+v, want a gap", got)
	}
	one.close()
	two.push("c", 20)
	if got := two.take(); len(got) != 1 || got[0].result != "c" {
		t.Errorf("got %+v", got)
	}
}

// TestStopWhileSubscribed ends connections with subscriptions in good order.
func TestStopWhileSubscribed(t *testing.T) {
	f := start(t, nil)
	ws, ipc := f.ws(), f.ipc()
	for _, l := range []link{ws, ipc} {
		must[string](t, l, "waku_addPrivateKey", `["`+examplePrivateKey+`"]`)
		must[string](t, l, "waku_subscribe", byKeyPair)
		must[string](t, l, "admin_subscribe", `["peerEvents"]`)
	}
	f.cancel()
	if code := closedBy(t, ws.conn); code != websocket.CloseGoingAway {
		t.Errorf("WebSocket closed with %d", code)
	}
	if _, err := ipc.r.ReadString('\n'); err == nil {
		t.Error("the socket connection goes on")
	}
	f.stop()
	if n := f.node.events.Send(&p2p.PeerEvent{}); n != 0 {
		t.Errorf("%d subscriptions to peer events are left", n)
	}
}
