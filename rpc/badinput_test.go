package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"

	"statusd/api"
	"statusd/waku"
	"statusd/waku/wire"
)

// TestBadInput sends what is no proper request over every transport.
func TestBadInput(t *testing.T) {
	f := start(t, nil)
	big := `[` + strings.Repeat(`{"jsonrpc":"2.0","id":1,"method":"waku_version"},`, 9_999) +
		`{"jsonrpc":"2.0","id":1,"method":"waku_version"}]`
	tests := []struct {
		name, in string
		code     api.Code
		id       string
		text     string
	}{
		{"word", `hello`, api.CodeParse, `null`, "parse error: invalid character 'h'"},
		{"broken", `{"jsonrpc":"2.0","id":1,"method":}`, api.CodeParse, `null`, "parse error"},
		{"not UTF-8", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}", api.CodeParse, `null`, "UTF-8"},
		{"number", `42`, api.CodeInvalidRequest, `null`, "want a JSON object"},
		{"no version", `{"id":7,"method":"waku_version"}`, api.CodeInvalidRequest, `7`, `"jsonrpc" must be "2.0"`},
		{"no method", `{"jsonrpc":"2.0","id":7}`, api.CodeInvalidRequest, `7`, `"method" is missing`},
		{"id object", `{"jsonrpc":"2.0","id":{},"method":"waku_version"}`, api.CodeInvalidRequest, `null`, "id must be"},
		{"empty batch", `[]`, api.CodeInvalidRequest, `null`, "empty batch"},
		{"params text", `{"jsonrpc":"2.0","id":7,"method":"waku_version","params":"x"}`,
			api.CodeInvalidParams, `7`, "params must be"},
		{"no such method", `{"jsonrpc":"2.0","id":7,"method":"a_b"}`,
			api.CodeMethodNotFound, `7`, "the method a_b does not exist"},
		{"missing", `{"jsonrpc":"2.0","id":7,"method":"waku_setMinPoW"}`, api.CodeInvalidParams, `7`,
			"missing value for required argument 0"},
		{"null", `{"jsonrpc":"2.0","id":7,"method":"waku_setMinPoW","params":[null]}`, api.CodeInvalidParams, `7`,
			"missing value for required argument 0"},
		{"too many", `{"jsonrpc":"2.0","id":7,"method":"waku_setMinPoW","params":[1,2]}`, api.CodeInvalidParams, `7`,
			"too many arguments, want at most 1"},
		{"wrong type", `{"jsonrpc":"2.0","id":7,"method":"waku_setMinPoW","params":["x"]}`, api.CodeInvalidParams, `7`,
			"invalid argument 0: json: cannot unmarshal string into Go value of type float64"},
		{"negative", `{"jsonrpc":"2.0","id":7,"method":"waku_setMaxMessageSize","params":[-1]}`,
			api.CodeInvalidParams, `7`,
			"invalid argument 0: json: cannot unmarshal number -1 into Go value of type uint32"},
		{"hex without 0x", `{"jsonrpc":"2.0","id":7,"method":"web3_sha3","params":["abcd"]}`, api.CodeInvalidParams, `7`,
			"invalid argument 0: json: cannot unmarshal hex string without 0x prefix into Go value of type hexutil.Bytes"},
		{"odd hex", `{"jsonrpc":"2.0","id":7,"method":"web3_sha3","params":["0xabc"]}`, api.CodeInvalidParams, `7`,
			"invalid argument 0: json: cannot unmarshal hex string of odd length into Go value of type hexutil.Bytes"},
		{"short topic", `{"jsonrpc":"2.0","id":7,"method":"waku_post","params":[{"topic":"0x0102"}]}`,
			api.CodeInvalidParams, `7`,
			"hex string has length 4, want 8 for Topic"},
		{"bad bytes", `{"jsonrpc":"2.0","id":7,"method":"waku_post","params":[{"payload":"***"}]}`,
			api.CodeInvalidParams, `7`,
			"illegal base64 data at input byte 0"},
		{"bytes number", `{"jsonrpc":"2.0","id":7,"method":"waku_post","params":[{"payload":5}]}`,
			api.CodeInvalidParams, `7`,
			"0x hex or base64"},
		{"unknown parameter", `{"jsonrpc":"2.0","id":7,"method":"web3_sha3","params":{"dat":"0x"}}`,
			api.CodeInvalidParams, `7`,
			`unknown parameter "dat"`},
		{"large batch", big, api.CodeInvalidRequest, `1`, "batch too large"},
	}
	for transport, l := range f.links() {
		for _, tt := range tests {
			t.Run(transport+"/"+tt.name, func(t *testing.T) {
				raw := l.send(tt.in)
				if tt.name == "large batch" {
					raw = strings.TrimSuffix(strings.TrimPrefix(raw, "["), "]")
				}
				a := decode(t, raw)
				wantError(t, a.Error, tt.code, tt.text)
				if string(a.ID) != tt.id {
					t.Errorf("id %q, want %q", a.ID, tt.id)
				}
				if v := must[string](t, l, "waku_version", `[]`); v != "1" {
					t.Errorf("the connection is not usable afterwards")
				}
			})
		}
	}
}

func TestIDsAreEchoed(t *testing.T) {
	f := start(t, nil)
	for transport, l := range f.links() {
		for _, id := range []string{`0`, `-1`, `1.50`, `1e3`, `9007199254740993123`, `""`, `"a\u0041\""`, `null`} {
			a := decode(t, l.send(`{"jsonrpc":"2.0","id":`+id+`,"method":"waku_version"}`))
			if string(a.ID) != id || string(a.Result) != `"1"` {
				t.Errorf("%s: sent id %s, got %s %s", transport, id, a.ID, a.Result)
			}
		}
	}
}

// TestNotificationsAreNotAnswered sends notifications, good and bad, and then
// a call: the next answer is that of the call.
func TestNotificationsAreNotAnswered(t *testing.T) {
	f := start(t, nil)
	for _, n := range []string{
		`{"jsonrpc":"2.0","method":"waku_setMinPoW","params":[0.5]}`,
		`{"jsonrpc":"2.0","method":"no_such"}`,
		`{"jsonrpc":"2.0","method":"waku_setMinPoW","params":7}`,
		`{"jsonrpc":"2.0","method":"waku_subscribe","params":["messages",{}]}`,
		`[{"jsonrpc":"2.0","method":"waku_version"},{"jsonrpc":"2.0","method":"waku_version"}]`,
	} {
		resp, body := f.do(http.MethodPost, "/", n, f.http().headers)
		if resp.StatusCode != http.StatusNoContent || body != "" {
			t.Errorf("HTTP %s: status %d, body %q", n, resp.StatusCode, body)
		}
		for _, l := range []link{f.ipc(), f.ws()} {
			switch c := l.(type) {
			case *ipcLink:
				c.conn.Write([]byte(n))
			case *wsLink:
				c.conn.WriteMessage(websocket.TextMessage, []byte(n))
			}
			must[string](t, l, "waku_version", `[]`)
		}
	}
	if i := must[api.WakuState](t, f.ipc(), "waku_info", `[]`); i.MinPoW != 0.5 {
		t.Errorf("the notification was not run: minPow %v", i.MinPoW)
	}
}

func TestBatch(t *testing.T) {
	f := start(t, nil)
	in := `[{"jsonrpc":"2.0","id":"a","method":"waku_version"},7,` +
		`{"jsonrpc":"2.0","method":"waku_version"},{"jsonrpc":"2.0","id":2,"method":"no_such"},` +
		`{"jsonrpc":"2.0","id":3,"method":"waku_generateSymKeyFromPassword","params":{"password":"x"}}]`
	for transport, l := range f.links() {
		var got []answer
		if err := json.Unmarshal([]byte(l.send(in)), &got); err != nil {
			t.Fatalf("%s: %v", transport, err)
		}
		if len(got) != 4 {
			t.Fatalf("%s: %d answers, want 4", transport, len(got))
		}
		for i, id := range []string{`"a"`, `null`, `2`, `3`} {
			if string(got[i].ID) != id {
				t.Errorf("%s: answer %d has id %s, want %s", transport, i, got[i].ID, id)
			}
		}
		if string(got[0].Result) != `"1"` || got[3].Error != nil {
			t.Errorf("%s: %+v", transport, got)
		}
		wantError(t, got[1].Error, api.CodeInvalidRequest, "want a JSON object")
		wantError(t, got[2].Error, api.CodeMethodNotFound, "no_such")
	}
}

// TestBatchAnswerIsBounded makes answers of a fifth of the bound: after five the
// rest of the batch is refused.
func TestBatchAnswerIsBounded(t *testing.T) {
	f := start(t, nil)
	f.dispatch.maxAnswer = 250_000
	runs := 0
	addMethod(f, "test_big", func() string { runs++; return strings.Repeat("x", 50_000) })
	one := `{"jsonrpc":"2.0","id":1,"method":"test_big"}`
	var got []answer
	raw := f.ipc().send(`[` + strings.Repeat(one+`,`, 9) + one + `]`)
	if err := json.Unmarshal([]byte(raw), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 10 || runs != 5 {
		t.Fatalf("%d answers after %d runs, want 10 after 5", len(got), runs)
	}
	for i, a := range got {
		if i < 5 {
			if a.Error != nil {
				t.Errorf("answer %d: %v", i, a.Error)
			}
			continue
		}
		wantError(t, a.Error, api.CodeTooLargeReply, "response too large")
	}
}

// TestBodyLimits sends requests just within the limits and just above.
func TestBodyLimits(t *testing.T) {
	const limit = 10_000
	f := start(t, func(c *Config, _ *Deps) { c.HTTP.BodyLimit, c.IPC.BodyLimit = limit, limit })
	fit := request("waku_version", `[]`)
	fit += strings.Repeat(" ", limit-len(fit))

	for transport, l := range f.links() {
		if a := decode(t, l.send(fit)); string(a.Result) != `"1"` {
			t.Errorf("%s: request of the limit's size: %+v", transport, a)
		}
	}
	over := request("web3_sha3", `["0x`+strings.Repeat("ab", limit)+`"]`)
	resp, body := f.do(http.MethodPost, "/", over, f.http().headers)
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("HTTP: status %d", resp.StatusCode)
	}
	wantError(t, decode(t, body).Error, api.CodeInvalidRequest, "request too large: more than 10000 bytes")

	ipc := f.ipc()
	wantError(t, decode(t, ipc.send(over)).Error, api.CodeInvalidRequest, "request too large")
	if rest, err := ipc.r.ReadString('\n'); err == nil {
		t.Errorf("the socket connection goes on: %q", rest)
	}

	ws := f.ws()
	wantError(t, decode(t, ws.send(over)).Error, api.CodeInvalidRequest, "request too large")
	if code := closedBy(t, ws.conn); code != websocket.CloseMessageTooBig {
		t.Errorf("WebSocket closed with %d", code)
	}
}

// TestManyMistakes ends a connection that sends nothing but nonsense.
func TestManyMistakes(t *testing.T) {
	f := start(t, nil)
	l := f.ws()
	for range maxMistakes {
		wantError(t, decode(t, l.send("nonsense")).Error, api.CodeParse, "parse error")
	}
	if code := closedBy(t, l.conn); code != websocket.ClosePolicyViolation {
		t.Errorf("closed with %d", code)
	}
}

func TestPanic(t *testing.T) {
	f := start(t, nil)
	addMethod(f, "test_panic", func() string { panic("secret") })
	addMethod(f, "test_odd", func() chan int { return make(chan int) })
	for _, l := range f.links() {
		for _, name := range []string{"test_panic", "test_odd"} {
			_, e := invoke(t, l, name, `[]`)
			wantError(t, e, api.CodeInternal, "internal error")
			if strings.Contains(e.Message+e.Data.Hint, "secret") || strings.Contains(e.Message, "crashed") {
				t.Errorf("answer %+v", e)
			}
		}
		must[string](t, l, "waku_version", `[]`)
	}
}

// TestCallErrors maps what handlers return.
func TestCallErrors(t *testing.T) {
	f := start(t, nil)
	for transport, l := range f.links() {
		for name, tt := range map[string]struct {
			err  error
			code api.Code
			text string
		}{
			"plain":   {errors.New("no luck"), api.CodeFailed, "no luck"},
			"ours":    {fmt.Errorf("wrapped: %w", api.NewError(api.CodeBusy, "full")), api.CodeBusy, "full"},
			"foreign": {context.DeadlineExceeded, api.CodeFailed, "deadline"}, // not of this call
			"full":    {fmt.Errorf("commit: %w", syscall.ENOSPC), api.CodeFailed, "the disk is full: commit: "},
		} {
			f.waku.onPost = func(context.Context, waku.Post) (wire.Hash, error) { return wire.Hash{}, tt.err }
			_, e := invoke(t, l, "waku_post", `[{"pubKey":"`+examplePublicKey+`"}]`)
			t.Log(transport, name)
			wantError(t, e, tt.code, tt.text)
		}
	}
}

// TestMemoryIsBounded refuses bodies when all that may be buffered is in use.
func TestMemoryIsBounded(t *testing.T) {
	f := start(t, nil)
	f.budget.used.Store(maxBuffered - 100_000)
	large := request("web3_sha3", `["0x`+strings.Repeat("ab", 300_000)+`"]`)
	resp, body := f.do(http.MethodPost, "/", large, f.http().headers)
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("HTTP: status %d", resp.StatusCode)
	}
	wantError(t, decode(t, body).Error, api.CodeBusy, "too much")
	for name, l := range map[string]link{"ipc": f.ipc(), "ws": f.ws()} {
		t.Log(name)
		wantError(t, decode(t, l.send(large)).Error, api.CodeBusy, "too much")
	}
	must[string](t, f.http(), "waku_version", `[]`) // small ones go on
	f.budget.used.Store(0)
	must[string](t, f.ws(), "web3_sha3", `["0x`+strings.Repeat("ab", 300_000)+`"]`)
}

// FuzzServe sends bytes to the whole table of methods: whatever they are, what
// comes back is JSON and no defect of ours shows.
func FuzzServe(f *testing.F) {
	fix := prepareFuzz(f)
	for name, m := range fix.dispatch.methods {
		f.Add([]byte(request(name, m.Example.Params)))
		f.Add([]byte(`[{"jsonrpc":"2.0","id":"x","method":"` + name +
			`","params":{"` + strings.Join(m.names, `":1,"`) + `":{}}}]`))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		c := &caller{transport: "ipc", scopes: scopeAll, private: true}
		r := fix.serveBody(t.Context(), c, in)
		defer r.release()
		if r.code == api.CodeInternal {
			t.Fatalf("internal error on %q", in)
		}
		if r.body != nil && !json.Valid(r.body) {
			t.Fatalf("%q answered with %q", in, r.body)
		}
	})
}

// prepareFuzz builds a server for a fuzz target. Nothing is mined.
func prepareFuzz(f *testing.F) *Server {
	host, err := waku.New(waku.Config{})
	if err != nil {
		f.Fatal(err)
	}
	node := &fakeNode{}
	w := &fakeWaku{Waku: host, host: host}
	w.onPost = func(context.Context, waku.Post) (wire.Hash, error) { return wire.Hash{}, nil }
	s, err := New(Config{}, Deps{
		Node: node, Peers: node, Logs: node, Health: node, Waku: w, Guest: w.guest, Shutdown: func() {},
	})
	if err != nil {
		f.Fatal(err)
	}
	return s
}

// addMethod gives a server one more method, without arguments.
func addMethod[R any](f *fixture, name string, do func() R) {
	m := bind(api.Method[api.None, R]{Name: name, Scope: api.ScopeRead},
		func(context.Context, api.None) (R, error) { return do(), nil })
	f.dispatch.methods[name] = &m
}
