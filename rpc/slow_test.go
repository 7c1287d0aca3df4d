package rpc

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"statusd/api"
	"statusd/waku"
	"statusd/waku/wire"
)

// pipes is a listener without a network, for virtual time.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.conns <- server
	return client
}

// inVirtualTime runs a test against a server that is reached through pipes.
func inVirtualTime(t *testing.T, test func(t *testing.T, f *fixture, web, socket *pipes)) {
	synctest.Test(t, func(t *testing.T) {
		f := prepare(t, nil)
		web, socket := newPipes(), newPipes()
		ctx, cancel := context.WithCancel(context.Background())
		srv := f.httpServer(f.handler(ctx))
		var group sync.WaitGroup
		group.Go(func() { srv.Serve(web) })
		group.Go(func() { f.serveIPC(ctx, socket) })
		t.Cleanup(func() {
			cancel()
			srv.Close()
			socket.Close()
			group.Wait()
			f.conns.Wait()
			f.sessions.wg.Wait()
			time.Sleep(time.Minute) // what drips notices that the connection has gone
			if used := f.budget.used.Load(); used != 0 {
				t.Errorf("%d bytes of the budget are not given back", used)
			}
		})
		test(t, f, web, socket)
	})
}

// drip writes text bit by bit until the other side closes.
func drip(c net.Conn, text string, every time.Duration) {
	for i := range text {
		if _, err := io.WriteString(c, text[i:i+1]); err != nil {
			return
		}
		time.Sleep(every)
	}
}

func TestSlowHTTPHeader(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, _ *fixture, web, _ *pipes) {
		c, begin := web.dial(), time.Now()
		go drip(c, "POST / HTTP/1.1\r\nHost: localhost\r\nX: "+strings.Repeat("x", 10_000), time.Second)
		if _, err := io.ReadAll(c); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took < headerTimeout || took > headerTimeout+2*time.Second {
			t.Errorf("closed after %v", took)
		}
		c.Close()
	})
}

func TestSlowHTTPBody(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, f *fixture, web, _ *pipes) {
		c, begin := web.dial(), time.Now()
		go func() {
			fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
				"Authorization: Bearer %s\r\nContent-Length: 10000\r\n\r\n", f.token)
			drip(c, `{"jsonrpc":"2.0",`+strings.Repeat(" ", 5000), time.Second)
		}()
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusRequestTimeout {
			t.Errorf("status %d", resp.StatusCode)
		}
		wantError(t, decode(t, string(body)).Error, api.CodeTimeout, "did not arrive within 30s")
		if took := time.Since(begin); took > readTimeout+2*time.Second {
			t.Errorf("answered after %v", took)
		}
		c.Close()
	})
}

// TestSlowBodyWithoutToken is refused before anything of the body is read.
func TestSlowBodyWithoutToken(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, _ *fixture, web, _ *pipes) {
		c, begin := web.dial(), time.Now()
		go io.WriteString(c, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
			"Content-Length: 4000000\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || resp.StatusCode != http.StatusUnauthorized || time.Since(begin) > time.Second {
			t.Errorf("%+v, %v after %v", resp, err, time.Since(begin))
		}
		c.Close()
	})
}

// TestHeldBackBody: who announces a body and never sends it holds a connection
// no longer than a header may take, on every address and without a token.
func TestHeldBackBody(t *testing.T) {
	for _, head := range []string{
		"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n", // no token
		"POST / HTTP/1.1\r\nHost: evil.example\r\n",
		"POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n",
		"PUT / HTTP/1.1\r\nHost: localhost\r\n",
		"GET /health HTTP/1.1\r\nHost: localhost\r\n",
		"GET /metrics HTTP/1.1\r\nHost: localhost\r\n",
		"POST /nothing HTTP/1.1\r\nHost: localhost\r\n",
	} {
		line, _, _ := strings.Cut(head, "\r\n")
		t.Run(line, func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T, _ *fixture, web, _ *pipes) {
				c, begin := web.dial(), time.Now()
				go io.WriteString(c, head+"Content-Length: 1000\r\n\r\n")
				closed := make(chan struct{})
				go func() {
					defer close(closed)
					io.Copy(io.Discard, c)
				}()
				select {
				case <-closed:
				case <-time.After(time.Hour):
					t.Error("the connection is still held after an hour")
				}
				if took := time.Since(begin); took > headerTimeout+2*time.Second {
					t.Errorf("closed after %v", took)
				}
				c.Close()
				<-closed
			})
		})
	}
}

func TestSlowSocketMessage(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, _ *fixture, _, socket *pipes) {
		c := socket.dial()
		r := bufio.NewReader(c)
		time.Sleep(24 * time.Hour) // between messages there is no hurry
		io.WriteString(c, request("waku_version", `[]`)+"\n")
		if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, `"result":"1"`) {
			t.Fatalf("after a day: %q, %v", line, err)
		}
		begin := time.Now()
		go drip(c, `{"jsonrpc":"2.0",`+strings.Repeat(" ", 5000), time.Second)
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		wantError(t, decode(t, line).Error, api.CodeTimeout, "did not arrive within 30s")
		if took := time.Since(begin); took > readTimeout+2*time.Second {
			t.Errorf("answered after %v", took)
		}
		if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
			t.Errorf("after the answer: %v", err)
		}
		c.Close()
	})
}

// dialPipe makes a WebSocket connection over a pipe.
func dialPipe(t *testing.T, f *fixture, web *pipes) (*websocket.Conn, net.Conn) {
	t.Helper()
	var raw net.Conn
	d := websocket.Dialer{NetDialContext: func(context.Context, string, string) (net.Conn, error) {
		raw = web.dial()
		return raw, nil
	}}
	conn, _, err := d.DialContext(t.Context(), "ws://localhost/ws", http.Header{"Authorization": {"Bearer " + f.token}})
	if err != nil {
		t.Fatal(err)
	}
	return conn, raw
}

func TestSlowWebSocketMessage(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, f *fixture, web, _ *pipes) {
		conn, raw := dialPipe(t, f, web)
		conn.SetPingHandler(func(string) error { return nil }) // its answer would end up within the message
		begin := time.Now()
		go func() { // a masked text frame of 125 bytes, which do not come
			raw.Write([]byte{0x81, 0x80 | 125, 0, 0, 0, 0})
			drip(raw, strings.Repeat(" ", 125), time.Second)
		}()
		_, got, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		wantError(t, decode(t, string(got)).Error, api.CodeTimeout, "did not arrive within 30s")
		if took := time.Since(begin); took > readTimeout+2*time.Second {
			t.Errorf("answered after %v", took)
		}
		if code := closedBy(t, conn); code != websocket.ClosePolicyViolation {
			t.Errorf("closed with %d", code)
		}
		conn.Close()
	})
}

// TestSilentWebSocket keeps a client that answers pings, and drops one that
// does not.
func TestSilentWebSocket(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, f *fixture, web, _ *pipes) {
		live, _ := dialPipe(t, f, web)
		dead, raw := dialPipe(t, f, web)
		ended := make(chan time.Time, 1)
		go func() { // reads, but answers no ping
			io.Copy(io.Discard, raw)
			ended <- time.Now()
		}()
		begin := time.Now()
		answers := make(chan string)
		go func() {
			for {
				_, got, err := live.ReadMessage()
				if err != nil {
					close(answers)
					return
				}
				answers <- string(got)
			}
		}()
		time.Sleep(time.Hour + pingInterval/2) // not at the time of a ping: pipes have no buffer
		select {
		case at := <-ended:
			if took := at.Sub(begin); took < pongTimeout || took > pongTimeout+pingInterval {
				t.Errorf("silent client dropped after %v", took)
			}
		default:
			t.Error("silent client is still connected")
		}
		live.WriteMessage(websocket.TextMessage, []byte(request("waku_version", `[]`)))
		if a := decode(t, <-answers); string(a.Result) != `"1"` {
			t.Errorf("the live client got %+v", a)
		}
		live.Close()
		<-answers
		dead.Close()
	})
}

// TestLongCalls lets a proof of work take its time, and no longer.
func TestLongCalls(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, f *fixture, web, socket *pipes) {
		f.waku.onPost = func(ctx context.Context, p waku.Post) (wire.Hash, error) {
			select {
			case <-time.After(p.PoWTime + time.Duration(p.PoWTarget)*time.Second):
				return wire.Hash{1}, nil
			case <-ctx.Done():
				return wire.Hash{}, ctx.Err()
			}
		}
		post := func(powTime, late int) string {
			const message = `[{"pubKey":"%s","powTime":%d,"powTarget":%d}]`
			return request("waku_post", fmt.Sprintf(message, examplePublicKey, powTime, late))
		}
		c := socket.dial()
		r := bufio.NewReader(c)
		onSocket := func(message string) answer {
			io.WriteString(c, message)
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			return decode(t, line)
		}
		onHTTP := func(message string) answer {
			h := web.dial()
			defer h.Close()
			fmt.Fprintf(h, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
				"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", f.token, len(message), message)
			resp, err := http.ReadResponse(bufio.NewReader(h), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			return decode(t, string(body))
		}
		for name, send := range map[string]func(string) answer{"socket": onSocket, "http": onHTTP} {
			begin := time.Now()
			if a := send(post(300, 0)); a.Error != nil || time.Since(begin) < 5*time.Minute {
				t.Errorf("%s: five minutes: %+v after %v", name, a.Error, time.Since(begin))
			}
			begin = time.Now()
			wantError(t, send(post(5, 1000)).Error, api.CodeTimeout, "request timed out")
			if took := time.Since(begin); took != callTimeout+5*time.Second {
				t.Errorf("%s: timed out after %v", name, took)
			}
			begin = time.Now()
			wantError(t, send(post(100_000, 0)).Error, api.CodeTimeout, "request timed out")
			if took := time.Since(begin); took != maxCallTime {
				t.Errorf("%s: timed out after %v", name, took)
			}
		}
		c.Close()
	})
}

// TestSlowCallsDoNotHoldUpOthers asks for something quick while posts are
// being mined on the same connection.
func TestSlowCallsDoNotHoldUpOthers(t *testing.T) {
	f := start(t, nil)
	release := make(chan struct{})
	f.waku.onPost = func(context.Context, waku.Post) (wire.Hash, error) { <-release; return wire.Hash{1}, nil }
	for _, l := range []link{f.ipc(), f.ws()} {
		post := request("waku_post", `[{"pubKey":"`+examplePublicKey+`"}]`)
		for range 5 {
			switch c := l.(type) {
			case *ipcLink:
				io.WriteString(c.conn, post)
			case *wsLink:
				c.conn.WriteMessage(websocket.TextMessage, []byte(post))
			}
		}
		must[string](t, l, "waku_version", `[]`)
		for range 5 {
			release <- struct{}{}
			if a := decode(t, l.push()); a.Error != nil {
				t.Error(a.Error)
			}
		}
	}
}

// TestStopDoesNotWaitForSlowClients: who does not read answers, who holds back
// the rest of a request and who is silent hold up no stop.
func TestStopDoesNotWaitForSlowClients(t *testing.T) {
	f := start(t, func(c *Config, _ *Deps) { c.StopTimeout = time.Minute })
	batch := discoverBatch()
	unread := func(c net.Conn, message string) {
		go func() { _, _ = io.WriteString(c, message) }()
		if _, err := c.Read(make([]byte, 1)); err != nil { // the answer has begun
			t.Fatal(err)
		}
	}
	dial := func(network, address string) net.Conn {
		t.Helper()
		c, err := net.Dial(network, address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	web := func() net.Conn { return dial("tcp", strings.TrimPrefix(f.Endpoints().HTTP, "http://")) }
	head := "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer " + f.token +
		"\r\nContent-Length: "
	unread(web(), head+strconv.Itoa(len(batch))+"\r\n\r\n"+batch)
	unread(dial("unix", f.Endpoints().IPC), batch+"\n")
	conn, _, err := f.dialWS("/ws", http.Header{"Authorization": {"Bearer " + f.token}})
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.WriteMessage(websocket.TextMessage, []byte(batch)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.NetConn().Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	for _, begun := range []string{head + "500\r\n\r\n{", "GET /health HTTP/1.1\r\nHo", ""} {
		if _, err := io.WriteString(web(), begun); err != nil {
			t.Fatal(err)
		}
	}
	if got := dialTCP(t, f.Endpoints().HTTP).get("/health", ""); got != http.StatusOK {
		t.Fatalf("status %d", got)
	}
	begin := time.Now()
	f.stop()
	// Not a measurement: without an end to what is waited for it takes as long as
	// an answer may take to be written.
	if took := time.Since(begin); took > sendTimeout/3 {
		t.Errorf("the stop took %v", took)
	}
}
