package rpc

import (
	"math/rand/v2"
	"net"
	"net/http"
	"testing"

	"github.com/gorilla/websocket"
)

// TestOneTokenTakesNotAllPlaces: a token that opens as many connections, streams
// and WebSockets as it can keeps no other token from being served, and neither
// do several.
func TestOneTokenTakesNotAllPlaces(t *testing.T) {
	f := start(t, nil)
	greedy := []*httpLink{f.addToken("greedy", "read"), f.addToken("greedier", "read")}
	honest := f.addToken("honest", "read")
	token := func(l *httpLink) map[string]string {
		return map[string]string{"Authorization": l.headers["Authorization"]}
	}
	t.Run("streams", func(t *testing.T) {
		for i := range maxStreams {
			if resp, _ := f.stream("", token(greedy[i%2])); resp.StatusCode != http.StatusOK {
				t.Fatalf("stream %d: status %d", i, resp.StatusCode)
			}
		}
		if resp, _ := f.stream("", token(greedy[0])); resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("one more of who has most: status %d", resp.StatusCode)
		}
		if resp, _ := f.stream("", token(honest)); resp.StatusCode != http.StatusOK {
			t.Errorf("of another token: status %d", resp.StatusCode)
		}
	})
	t.Run("WebSockets", func(t *testing.T) {
		dial := func(l *httpLink) *websocket.Conn {
			t.Helper()
			conn, _, err := f.dialWS("/ws", http.Header{"Authorization": {l.headers["Authorization"]}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
			return conn
		}
		serves := func(conn *websocket.Conn) bool {
			t.Helper()
			if err := conn.WriteMessage(websocket.TextMessage, []byte(request("waku_version", `[]`))); err != nil {
				return false
			}
			_, raw, err := conn.ReadMessage()
			return err == nil && decode(t, string(raw)).Error == nil
		}
		var first *websocket.Conn
		for i := range maxWSSessions {
			conn := dial(greedy[max(i%3-1, 0)]) // the first has more, so that its oldest goes
			if !serves(conn) {
				t.Fatalf("connection %d is not served", i)
			}
			if i == 0 {
				first = conn
			}
		}
		if serves(dial(greedy[0])) {
			t.Error("one more of who has most is served")
		}
		other := dial(honest)
		if !serves(other) {
			t.Error("another token is not served")
		}
		_, _, err := first.ReadMessage()
		if !websocket.IsCloseError(err, websocket.CloseTryAgainLater) {
			t.Errorf("the oldest connection ended with %v", err)
		}
	})
}

// TestBusyConnectionsOfATokenMakeRoom: when all connections are busy, a token
// that has fewer than another gets one of those.
func TestBusyConnectionsOfATokenMakeRoom(t *testing.T) {
	const max = 32
	table := newConnTable(max, func() {})
	greedy, honest := new(grant), new(grant)
	busy := func(g *grant) (*tableConn, bool) {
		c := table.add(new(net.TCPConn))
		c.begin()
		return c, c.prove(g)
	}
	first, ok := busy(greedy)
	for ok {
		_, ok = busy(greedy)
	}
	for i := range table.trustAt / 2 {
		if _, ok := busy(honest); !ok {
			t.Fatalf("connection %d of another token is refused", i)
		}
		if _, ok := busy(greedy); ok {
			t.Fatalf("connection %d: who has most gets one more", i)
		}
	}
	if first.open {
		t.Error("the oldest connection of who has most is open")
	}
	if _, ok := busy(honest); ok {
		t.Error("more than the same share")
	}
	c, _ := busy(greedy)
	if c.prove(new(grant)); !c.proved {
		t.Error("a connection that shows the token of somebody else counts for the first")
	}
}

// TestSeatsKeepCount under random takings, ends and leavings.
func TestSeatsKeepCount(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	all := seats{max: 12}
	tokens := []*grant{nil, new(grant), new(grant), new(grant)}
	type one struct {
		leave func()
		ended int
	}
	var taken []*one
	for step := range 20_000 {
		if rnd.IntN(2) == 0 && len(taken) > 0 {
			i := rnd.IntN(len(taken))
			taken[i].leave()
			taken = append(taken[:i], taken[i+1:]...)
		} else {
			g, s := tokens[rnd.IntN(len(tokens))], new(one)
			before := len(all.held[g])
			leave, ok := all.take(g, func() { s.ended++ })
			if !ok && before < all.max/len(tokens) {
				t.Fatalf("step %d: refused with %d of %d", step, before, all.max)
			}
			if ok {
				s.leave = leave
				taken = append(taken, s)
			}
		}
		open, held := 0, 0
		for _, s := range taken {
			if s.ended > 1 {
				t.Fatalf("step %d: ended %d times", step, s.ended)
			}
			open += 1 - s.ended
		}
		for _, of := range all.held {
			held += len(of)
		}
		if open != held || held != all.taken || held > all.max {
			t.Fatalf("step %d: %d open, %d held, %d counted", step, open, held, all.taken)
		}
	}
}
