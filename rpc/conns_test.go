package rpc

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// webConn is an HTTP/1.1 connection that is kept open.
type webConn struct {
	t *testing.T
	c net.Conn
	r *bufio.Reader
}

func dialTCP(t *testing.T, url string) *webConn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return &webConn{t, c, bufio.NewReader(c)}
}

// get makes a request and returns the status; 0: the connection is closed.
func (w *webConn) get(path, token string) int {
	w.t.Helper()
	head := "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n"
	if token != "" {
		head += "Authorization: Bearer " + token + "\r\n"
	}
	if _, err := io.WriteString(w.c, head+"\r\n"); err != nil {
		return 0
	}
	resp, err := http.ReadResponse(w.r, nil)
	if err != nil {
		return 0
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp.StatusCode
}

// TestIdleConnectionsSilenceNobody: however many connections are open without a
// token, new ones are answered, and those that have shown one stay.
func TestIdleConnectionsSilenceNobody(t *testing.T) {
	f := start(t, func(c *Config, _ *Deps) { c.Metrics = ListenConfig{Enabled: true, Addr: "127.0.0.1:0"} })
	for _, c := range []struct {
		url  string
		max  int
		http bool
	}{{f.Endpoints().HTTP, maxHTTPConns, true}, {f.Endpoints().Metrics, maxProbeConns, false}} {
		var known *webConn
		if c.http {
			known = dialTCP(t, c.url)
			if got := known.get("/metrics", f.token); got != http.StatusOK {
				t.Fatalf("with a token: status %d", got)
			}
		}
		var idle []*webConn
		for i := range c.max + c.max/4 {
			w := dialTCP(t, c.url)
			if i%2 == 0 {
				if got := w.get("/health", ""); got != http.StatusOK {
					t.Fatalf("connection %d: status %d", i, got)
				}
			}
			idle = append(idle, w)
		}
		for range 3 {
			if got := dialTCP(t, c.url).get("/health", ""); got != http.StatusOK {
				t.Errorf("a new connection: status %d", got)
			}
		}
		if got := idle[0].get("/health", ""); got != 0 {
			t.Errorf("the idlest connection is open: status %d", got)
		}
		if got := idle[len(idle)-2].get("/health", ""); got != http.StatusOK && c.max%2 == 0 {
			t.Errorf("the latest connection: status %d", got)
		}
		if known != nil {
			if got := known.get("/metrics", f.token); got != http.StatusOK {
				t.Errorf("a connection that showed a token: status %d", got)
			}
		}
		for _, w := range idle {
			w.c.Close()
		}
	}
}

// TestAFloodOfConnectionsSparesOtherAddresses: however many connections an
// address opens, idle or held in the middle of a request, one of another address
// that came before them all is still answered.
func TestAFloodOfConnectionsSparesOtherAddresses(t *testing.T) {
	f := start(t, func(c *Config, _ *Deps) { c.Metrics = ListenConfig{Enabled: true, Addr: "127.0.0.1:0"} })
	elsewhere := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IP{127, 0, 0, 2}}}
	if c, err := elsewhere.Dial("tcp", strings.TrimPrefix(f.Endpoints().HTTP, "http://")); err != nil {
		t.Skip("this machine has one loopback address: ", err)
	} else {
		c.Close()
	}
	for _, c := range []struct {
		url string
		max int
	}{{f.Endpoints().HTTP, maxHTTPConns}, {f.Endpoints().Metrics, maxProbeConns}} {
		probe := dialTCP(t, c.url)
		for i := range 2 * c.max {
			conn, err := elsewhere.Dial("tcp", strings.TrimPrefix(c.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			begun := []string{"", "GET /hea", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"}[i%3]
			_, _ = io.WriteString(conn, begun) // may be closed already
		}
		if got := probe.get("/health", ""); got != http.StatusOK {
			t.Errorf("a probe of another address: status %d", got)
		}
		if got := dialTCP(t, c.url).get("/health", ""); got != http.StatusOK {
			t.Errorf("a new probe: status %d", got)
		}
	}
}

// TestRequestsThatCameAreServed: of one address, those that say nothing go
// before those that wait to be read.
func TestRequestsThatCameAreServed(t *testing.T) {
	const max = 16
	table := newConnTable(max, func() {})
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IP{127, 0, 0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accept := func(text string) *tableConn {
		t.Helper()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		conn, err := l.AcceptTCP()
		if err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(patience); text != "" && !pending(conn); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Skip("what waits to be read cannot be seen here")
			}
		}
		return table.add(conn)
	}
	probe := accept("GET /health HTTP/1.1\r\n\r\n")
	for range 3 * max {
		accept("")
	}
	if !probe.open {
		t.Error("a connection whose request has come was closed for one that says nothing")
	}
	for range max {
		accept("GET")
	}
	if len(table.conns) != max || probe.open {
		t.Errorf("%d connections, the oldest of those that came is open: %v", len(table.conns), probe.open)
	}
}

// TestTokensLeaveRoom: connections with a token do not take all places either.
// When too many are busy, more are refused; one that waits makes room.
func TestTokensLeaveRoom(t *testing.T) {
	const max = 32
	gone := 0
	table := newConnTable(max, func() { gone++ })
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IP{127, 0, 0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accept := func() *tableConn {
		t.Helper()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		conn, err := l.AcceptTCP()
		if err != nil {
			t.Fatal(err)
		}
		return table.add(conn)
	}
	var busy []*tableConn
	for range max - max/reserveShare {
		c := accept()
		c.begin()
		if !c.prove(nil) {
			t.Fatal("refused too early")
		}
		busy = append(busy, c)
	}
	for range 2 * max {
		if c := accept(); c.prove(nil) {
			t.Fatal("a caller with a token took a place of those without")
		}
	}
	if len(table.conns) != max || gone == 0 {
		t.Errorf("%d connections, %d closed", len(table.conns), gone)
	}
	for i, c := range busy {
		if !c.open {
			t.Errorf("connection %d, which is being served, was closed", i)
		}
	}
	busy[3].rest(false)
	if c := accept(); !c.prove(nil) || busy[3].open || !busy[4].open {
		t.Error("a connection with a token that waits did not make room")
	}
}

// TestConnTableKeepsCount under random openings, ends and calls.
func TestConnTableKeepsCount(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	table := newConnTable(16, func() {})
	tokens := []*grant{nil, new(grant), new(grant)}
	var all []*tableConn
	for step := range 20_000 {
		if len(all) == 0 || rnd.IntN(3) == 0 {
			c := table.add(new(net.TCPConn))
			if !c.open {
				t.Fatal("a new connection was not taken")
			}
			all = append(all, c)
		}
		c := all[rnd.IntN(len(all))]
		switch rnd.IntN(4) {
		case 0:
			c.Close()
		case 1:
			c.begin()
			c.prove(tokens[rnd.IntN(len(tokens))])
		case 2:
			c.rest(rnd.IntN(2) == 0)
		}
		proved, shares, peers := 0, make(map[*grant]int), make(map[netip.Addr]int)
		for c := range table.conns {
			if c.proved {
				proved++
				shares[c.grant]++
			} else {
				peers[c.peer]++
			}
		}
		if len(table.conns) > table.max || proved != table.proved || proved > table.trustAt ||
			!maps.Equal(shares, table.shares) || !maps.Equal(peers, table.peers) {
			t.Fatalf("step %d: %s", step, fmt.Sprint(len(table.conns), proved, table.proved))
		}
	}
}

// TestStopKnowsWhenConnectionsAreGone: it need not look for that now and then.
func TestStopKnowsWhenConnectionsAreGone(t *testing.T) {
	table := newConnTable(16, func() {})
	empty := func() bool {
		select {
		case <-table.empty:
			return true
		default:
			return false
		}
	}
	one, two := table.add(new(net.TCPConn)), table.add(new(net.TCPConn))
	one.Close()
	two.Close()
	if empty() {
		t.Error("it stops without being told to")
	}
	one = table.add(new(net.TCPConn))
	if table.hasten(); empty() {
		t.Error("there is a connection")
	}
	one.Close()
	if !empty() {
		t.Error("the last one is gone, and nobody told")
	}
	table.add(new(net.TCPConn)).Close() // it came in the last moment
	idle := newConnTable(16, func() {})
	idle.hasten()
	select {
	case <-idle.empty:
	default:
		t.Error("there are none, and nobody told")
	}
}
