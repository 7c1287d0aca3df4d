package rpc

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"statusd/api"
	"statusd/internal/feed"
)

// discoverBatch asks a thousand times for the whole description.
func discoverBatch() string {
	one := request("rpc.discover", `[]`)
	return "[" + strings.Repeat(one+",", maxBatchItems-1) + one + "]"
}

// reader makes a token that may read, and tells it.
func (f *fixture) reader() string {
	f.t.Helper()
	token, err := f.tokens.add(&grant{name: "reader", scopes: scopeRead}, time.Now())
	if err != nil {
		f.t.Fatal(err)
	}
	return token
}

// postOver writes a request over HTTP and does not read the answer. A connection
// that ends is seen where it is read from.
func postOver(c net.Conn, token, body string) {
	_, _ = fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
		"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", token, len(body), body)
}

// answerOver reads an answer over HTTP.
func answerOver(t *testing.T, c net.Conn) answer {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, string(body))
}

// TestUnreadAnswersAreBounded: whoever asks for much and does not read it gets
// no more than its part of the memory, on every transport, and keeps nobody
// else from being served.
func TestUnreadAnswersAreBounded(t *testing.T) {
	const clients = 20
	for _, transport := range []string{"http", "ws", "ipc"} {
		t.Run(transport, func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T, f *fixture, web, socket *pipes) {
				token, root := f.reader(), f.token
				// What one connection may hold beside the part of its owner, and a
				// quarter more, since buffers grow before they are full.
				largest := int64(keptUnread + keptUnread/4)
				bound := int64(maxUnreadToken)
				var conns []net.Conn
				for range clients {
					var c net.Conn
					switch transport {
					case "http":
						c = web.dial()
						go postOver(c, token, discoverBatch())
					case "ws":
						f.token = token
						conn, raw := dialPipe(t, f, web)
						f.token, c = root, raw
						go func() { _ = conn.WriteMessage(websocket.TextMessage, []byte(discoverBatch())) }()
					case "ipc":
						c = socket.dial()
						go func() { _, _ = io.WriteString(c, discoverBatch()+"\n") }()
					}
					conns = append(conns, c)
				}
				synctest.Wait()
				if used := f.budget.used.Load(); used > bound+clients*largest || used < bound/2 {
					t.Errorf("%d clients that do not read hold %d bytes, want at most %d", clients, used, bound)
				}
				c := web.dial()
				if transport == "ipc" { // another connection is served as before
					c := socket.dial()
					go func() { _, _ = io.WriteString(c, request("rpc.discover", `[]`)+"\n") }()
					line, err := bufio.NewReader(c).ReadString('\n')
					if err != nil {
						t.Fatal(err)
					}
					if a := decode(t, line); a.Error != nil || len(a.Result) <= maxRisk {
						t.Errorf("another connection to the socket: %d bytes, %+v", len(a.Result), a.Error)
					}
					c.Close()
				} else { // the reader's token has had enough; nobody else notices
					go postOver(c, token, request("waku_version", `[]`))
					wantError(t, answerOver(t, c).Error, api.CodeBusy, "wait to be read")
					go postOver(c, root, request("rpc.discover", `[]`))
					if a := answerOver(t, c); a.Error != nil {
						t.Errorf("another token: %+v", a.Error)
					}
				}
				c.Close()
				for _, c := range conns {
					c.Close()
				}
				time.Sleep(time.Minute)
				c = web.dial()
				go postOver(c, token, request("waku_version", `[]`))
				if a := answerOver(t, c); a.Error != nil {
					t.Errorf("when all is over: %+v", a.Error)
				}
				c.Close()
			})
		})
	}
}

// TestUnreadBatchIsCutShort: a batch goes on while there is room for answers.
// What was not run says so.
func TestUnreadBatchIsCutShort(t *testing.T) {
	f := start(t, nil)
	token := f.reader()
	g := f.tokens.find(token, time.Now())
	g.unread.Add(maxUnreadToken - 1)
	defer g.unread.Add(1 - maxUnreadToken)
	one := request("rpc.discover", `[]`)
	var all []answer
	if err := json.Unmarshal([]byte(f.with(token).send("["+one+","+one+"]")), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].Error != nil {
		t.Fatalf("got %d answers, the first %+v", len(all), all[0].Error)
	}
	wantError(t, all[1].Error, api.CodeBusy, "wait to be read")
	if got := g.unread.Load(); got != maxUnreadToken-1 {
		t.Errorf("%d bytes are not given back", got-maxUnreadToken+1)
	}
}

// TestUnreadEventsAreBounded: batches of events count until they are written;
// without room for them a subscription ends and says so.
func TestUnreadEventsAreBounded(t *testing.T) {
	b := &budget{max: maxBuffered}
	g := new(grant)
	u := b.unreadOf(&caller{transport: "ws", grant: g})
	batch := feed.Batch{Events: []api.Event{{Event: make([]byte, 1<<20)}}}
	var held []func()
	for {
		release, err := u.hold(&batch)
		if err != nil {
			break
		}
		held = append(held, release)
	}
	got := g.unread.Load()
	if got > maxUnreadToken+2<<20 || len(held) == 0 || b.unread.Load() != got || b.used.Load() != got {
		t.Errorf("%d batches hold %d bytes", len(held), got)
	}
	other := b.unreadOf(&caller{transport: "http", grant: new(grant)})
	if _, err := other.hold(&batch); err != nil {
		t.Errorf("another token: %v", err)
	}
	for _, release := range held {
		release()
	}
	if !u.room() || g.unread.Load() != 0 {
		t.Errorf("%d bytes are not given back", g.unread.Load())
	}
}

// TestTokensThatDoNotReadMuteNobody: several tokens that use up what all may
// leave unread keep others neither from calls nor from events.
func TestTokensThatDoNotReadMuteNobody(t *testing.T) {
	f := start(t, nil)
	token := f.reader()
	for range 4 {
		hostile := f.budget.unreadOf(&caller{transport: "http", grant: new(grant)})
		for hostile.take(1 << 20) {
		}
	}
	if f.budget.unread.Load() < maxUnread {
		t.Fatal("there is room left")
	}
	must[string](t, f.with(token), "waku_version", `[]`)
	honest := f.budget.unreadOf(&caller{transport: "http", grant: f.tokens.find(token, time.Now())})
	if !honest.take(2 << 20) {
		t.Error("a token that holds nothing gets no events")
	}
	if honest.take(1) {
		t.Error("a token that does not read gets more")
	}
	honest.add(-2 << 20)
	wantError(t, decode(t, f.with(token).send(request("rpc.discover", `[]`))).Error, api.CodeBusy, "wait to be read")
}
