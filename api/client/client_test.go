package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"statusd/api"
)

// daemon stands for a daemon: it answers by a function, which gets the method
// and the parameters and returns what to send, lines without ids having none.
type daemon struct {
	t      *testing.T
	answer func(id, method, params string) []string // nothing: the connection is closed

	mu    sync.Mutex
	conns []net.Conn
}

func (d *daemon) lines(raw []byte) []string {
	var m struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		d.t.Errorf("%s: %v", raw, err)
	}
	return d.answer(string(m.ID), m.Method, string(m.Params))
}

func (d *daemon) serve(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		d.mu.Lock()
		d.conns = append(d.conns, conn)
		d.mu.Unlock()
		go func() {
			defer conn.Close()
			in := bufio.NewScanner(conn)
			for in.Scan() {
				out := d.lines(in.Bytes())
				if out == nil {
					return
				}
				for _, line := range out {
					fmt.Fprintln(conn, line)
				}
			}
		}()
	}
}

func (d *daemon) drop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.conns {
		c.Close()
	}
}

// targets makes one daemon reachable in every way.
func targets(t *testing.T, d *daemon) map[string]Config {
	t.Helper()
	dir, err := os.MkdirTemp("", "api") // t.TempDir gives paths too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go d.serve(l)
	up := websocket.Upgrader{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if websocket.IsWebSocketUpgrade(r) {
			conn, err := up.Upgrade(w, r, nil)
			if err != nil {
				return
			}
			defer conn.Close()
			for {
				_, raw, err := conn.ReadMessage()
				if err != nil {
					return
				}
				out := d.lines(raw)
				if out == nil {
					return
				}
				for _, line := range out {
					conn.WriteMessage(websocket.TextMessage, []byte(line))
				}
			}
		}
		var raw json.RawMessage
		json.NewDecoder(r.Body).Decode(&raw)
		out := d.lines(raw)
		if out == nil {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprintln(w, out[0])
	}))
	t.Cleanup(web.Close)
	return map[string]Config{
		"unix": {Target: path},
		"http": {Target: web.URL, Token: "token"},
		"ws":   {Target: strings.Replace(web.URL, "http", "ws", 1), Token: "token"},
	}
}

func result(id, value string) []string {
	return []string{`{"jsonrpc":"2.0","id":` + id + `,"result":` + value + `}`}
}

func TestCalls(t *testing.T) {
	d := &daemon{t: t, answer: func(id, method, params string) []string {
		switch method {
		case "web3_sha3":
			var in api.DataArgs
			if err := json.Unmarshal([]byte(params), &in); err != nil {
				t.Errorf("parameters %s: %v", params, err)
			}
			return result(id, `"`+in.Data.String()+`"`)
		case "admin_setLogLevel":
			return []string{`{"jsonrpc":"2.0","id":` + id + `,"error":{"code":-32602,"message":"no such module",` +
				`"data":{"kind":"invalid_params","hint":"try waku","requestId":"r1"}}}`}
		case "net_version":
			return result(id, `"`+params+`"`)
		case "net_listening":
			return result(id, `"not a bool"`)
		}
		return result(id, "null")
	}}
	for name, cfg := range targets(t, d) {
		t.Run(name, func(t *testing.T) {
			c, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			ctx := t.Context()
			got, err := api.Web3Sha3.Call(ctx, c, api.DataArgs{Data: api.Bytes{0x12, 0x34}})
			if err != nil || got.String() != "0x1234" {
				t.Errorf("%s, %v", got, err)
			}
			if got, err := api.NetVersion.Call(ctx, c, api.None{}); err != nil || got != "" {
				t.Errorf("parameters %q of a method without, %v", got, err)
			}
			level := api.LogInfo
			_, err = api.AdminSetLogLevel.Call(ctx, c, api.SetLogLevelArgs{Level: &level})
			var answer *api.Error
			if !errors.As(err, &answer) || answer.Code != api.CodeInvalidParams || answer.Data.Hint != "try waku" ||
				answer.Data.RequestID != "r1" || IsConnection(err) {
				t.Errorf("error %#v", err)
			}
			_, err = api.NetListening.Call(ctx, c, api.None{})
			if err == nil || !strings.Contains(err.Error(), "net_listening") {
				t.Errorf("an answer of another type: %v", err)
			}
			ended, cancel := context.WithCancel(ctx)
			cancel()
			if _, err := api.NetVersion.Call(ended, c, api.None{}); !errors.Is(err, context.Canceled) {
				t.Errorf("ended context: %v", err)
			}
			if _, err := api.NetVersion.Call(ctx, c, api.None{}); err != nil {
				t.Errorf("after a call that was given up: %v", err)
			}
		})
	}
}

func TestConnectionsThatBreakAreMadeAnew(t *testing.T) {
	d := &daemon{t: t, answer: func(id, method, _ string) []string {
		if method == "admin_shutdown" {
			return nil
		}
		return result(id, `"1"`)
	}}
	for name, cfg := range targets(t, d) {
		t.Run(name, func(t *testing.T) {
			c, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for range 3 {
				if _, err := api.NetVersion.Call(t.Context(), c, api.None{}); err != nil {
					t.Fatal(err)
				}
				_, err := api.AdminShutdown.Call(t.Context(), c, api.None{})
				var broken *ConnectionError
				if !errors.As(err, &broken) || broken.Refused {
					t.Fatalf("a connection that broke: %v", err)
				}
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	c, err := New(Config{Target: filepath.Join(t.TempDir(), "none")})
	if err != nil {
		t.Fatal(err)
	}
	var broken *ConnectionError
	if _, err := api.NetVersion.Call(t.Context(), c, api.None{}); !errors.As(err, &broken) || !broken.Refused {
		t.Errorf("%v", err)
	}
	c.Close()
	if _, err := api.NetVersion.Call(t.Context(), c, api.None{}); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	for _, target := range []string{"", "ftp://x", "http://[::1"} {
		if _, err := New(Config{Target: target}); err == nil {
			t.Errorf("target %q is accepted", target)
		}
	}
}

func TestTokenThatIsWrong(t *testing.T) {
	d := &daemon{t: t, answer: func(id, _, _ string) []string { return result(id, "1") }}
	for name, cfg := range targets(t, d) {
		if name == "unix" {
			continue
		}
		cfg.Token = "other"
		_, err := Dial(t.Context(), cfg)
		var answer *api.Error
		if !errors.As(err, &answer) || answer.Code != api.CodeUnauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSubscriptions(t *testing.T) {
	event := func(id, peer string) string {
		return `{"jsonrpc":"2.0","method":"admin_subscription","params":{"subscription":"` + id +
			`","result":{"type":"add","peer":"` + peer + `"}}}`
	}
	d := &daemon{t: t, answer: func(id, method, params string) []string {
		if method == "admin_unsubscribe" {
			if params != `["0x1"]` {
				t.Errorf("ended %s", params)
			}
			return result(id, "true")
		}
		return append(append([]string{event("0x1", "early"), event("0x2", "other")}, result(id, `"0x1"`)...),
			event("0x1", "late"), `{"jsonrpc":"2.0","method":"admin_subscription","params":{"subscription":"0x1",`+
				`"error":{"code":-32000,"message":"gap","data":{"kind":"lagged","dropped":3}}}}`, event("0x1", "last"))
	}}
	for name, cfg := range targets(t, d) {
		t.Run(name, func(t *testing.T) {
			c, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			sub, err := Subscribe(ctx, c, api.AdminSubscribe, api.TopicArgs{Name: "peerEvents"})
			if name == "http" {
				if err == nil {
					t.Fatal("subscribed over http")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"early", "late", "", "last"} {
				got, err := sub.Next(ctx)
				var gap *api.Error
				if want == "" {
					if !errors.As(err, &gap) || gap.Data.Dropped != 3 {
						t.Errorf("the gap: %v", err)
					}
				} else if err != nil || got.Peer != want {
					t.Errorf("%+v, %v; want %s", got, err, want)
				}
			}
			if err := sub.Close(ctx); err != nil {
				t.Error(err)
			}
			if _, err := sub.Next(ctx); !errors.Is(err, ErrClosed) {
				t.Errorf("after Close: %v", err)
			}
		})
	}
	cfg := targets(t, d)["unix"]
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	sub, err := Subscribe(t.Context(), c, api.AdminSubscribe, api.TopicArgs{Name: "peerEvents"})
	if err != nil {
		t.Fatal(err)
	}
	d.drop()
	for err == nil || !IsConnection(err) {
		_, err = sub.Next(t.Context())
	}
}

// TestAnswersAreBounded: a daemon that answers without end, or more than was
// agreed, takes no more memory than MaxAnswer.
func TestAnswersAreBounded(t *testing.T) {
	const most = 1 << 20
	d := &daemon{t: t, answer: func(id, method, _ string) []string {
		size := most / 2
		if method == "web3_clientVersion" {
			size = 2 * most
		}
		return result(id, `"`+strings.Repeat("x", size)+`"`)
	}}
	for name, cfg := range targets(t, d) {
		t.Run(name, func(t *testing.T) {
			cfg.MaxAnswer = most
			c, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for range 5 { // each is bounded, not all together
				if got, err := api.NetVersion.Call(t.Context(), c, api.None{}); err != nil || len(got) != most/2 {
					t.Fatalf("%d bytes, %v", len(got), err)
				}
			}
			if got, err := api.Web3ClientVersion.Call(t.Context(), c, api.None{}); err == nil {
				t.Errorf("an answer of %d bytes is taken", len(got))
			}
			if _, err := api.NetVersion.Call(t.Context(), c, api.None{}); err != nil {
				t.Errorf("the next call: %v", err)
			}
		})
	}
}
