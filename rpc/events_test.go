package rpc

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"statusd/api"
	"statusd/internal/feed"
	"statusd/internal/store"
)

// login logs the example account in: the log has one event then.
func (f *fixture) login() {
	f.t.Helper()
	for _, s := range withLogin() {
		if _, e := invoke(f.t, f.http(), s.Method, string(s.Params)); e != nil && e.Code != api.CodeExists {
			f.t.Fatalf("%s: %s", s.Method, e.Message)
		}
	}
}

// happen appends an event to the log of who is logged in.
func (f *fixture) happen(kind, body string) {
	f.t.Helper()
	var chats []string
	if e, err := (api.Event{Type: api.EventType(kind), Event: []byte(body)}).Decode(); err == nil {
		chats = api.ChatsOf(e)
	}
	err := f.files.Current().DB().Update(f.t.Context(), func(tx *store.Tx) error {
		_, err := tx.EventLog().Append(kind, []byte(body), time.Now(), chats...)
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// seen lists events as type and cursor.
func seen(events []api.Event) (out []string) {
	for _, e := range events {
		out = append(out, fmt.Sprint(e.Type, " ", e.Cursor))
	}
	return out
}

const inChatA = `{"messages":[{"id":"0x01","from":"0x04aa","alias":"A B C","text":"hi","new":true,"localChatId":"a"}]}`

func TestEventsByCursorAndConsumer(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	for _, call := range []string{"status_getEvents", "status_receive", "receive", "status_listConsumers"} {
		_, e := invoke(t, l, call, `[]`)
		wantError(t, e, api.CodeNotLoggedIn, "no account is logged in")
	}
	f.login()
	f.happen("history.synced", `{}`)
	f.happen("messages.new", inChatA)
	for name, l := range map[string]link{"ipc": l, "http": f.http(), "ws": f.ws()} {
		for params, want := range map[string][]string{
			`[]`:                                     {"account.login 1", "history.synced 2", "messages.new 3"},
			`[{"since":1,"limit":1}]`:                {"history.synced 2"},
			`{"since":2}`:                            {"messages.new 3"},
			`{"query":{"types":["history.synced"]}}`: {"history.synced 2"},
			`[{"chats":["#a"]}]`:                     {"messages.new 3"},
			`[{"since":-1}]`:                         nil,
		} {
			p := must[api.EventPage](t, l, "status_getEvents", params)
			if !slices.Equal(seen(p.Events), want) || p.Gap {
				t.Errorf("%s %s: %v", name, params, seen(p.Events))
			}
		}
	}
	for _, call := range []string{"status_receive", "receive"} {
		p := must[api.EventPage](t, l, call, `{"since":0,"chat":"a","maxMessages":5}`)
		if !slices.Equal(seen(p.Events), []string{"messages.new 3"}) || p.Next != 3 {
			t.Errorf("%s: %+v", call, p)
		}
	}
	// Two consumers at different places, one that never acknowledges.
	must[any](t, l, "status_ackEvents", `["one",1]`)
	must[any](t, l, "status_ackEvents", `{"consumer":"two","cursor":2}`)
	f.stop()
	if err := f.files.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Another server, after another login, goes on in the middle.
	g := start(t, func(_ *Config, d *Deps) { d.Accounts, d.Events = f.files, feed.New(f.files, f.ring, time.Now) })
	l = g.ipc()
	must[any](t, l, "account_login", `["`+exampleAccount+`","`+examplePassword+`"]`)
	for consumer, want := range map[string][]string{
		"one":   {"history.synced 2", "messages.new 3", "account.logout 4", "account.login 5"},
		"two":   {"messages.new 3", "account.logout 4", "account.login 5"},
		"never": {"account.login 1", "history.synced 2", "messages.new 3", "account.logout 4", "account.login 5"},
	} {
		p := must[api.EventPage](t, l, "status_getEvents", `{"consumer":"`+consumer+`"}`)
		if !slices.Equal(seen(p.Events), want) || p.Next != 5 {
			t.Errorf("%s: %v", consumer, seen(p.Events))
		}
	}
	all := must[[]api.Consumer](t, l, "status_listConsumers", `[]`)
	_, text := g.do(http.MethodGet, "/metrics", "", g.http().headers)
	for _, line := range []string{`statusd_events_lag{consumer="one"} 4`, `statusd_events_lag{consumer="two"} 3`} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("metrics lack %s", line)
		}
	}
	if len(all) != 2 || all[0].Name != "one" || all[0].Cursor != 1 || all[0].Behind != 4 || all[1].Behind != 3 {
		t.Errorf("consumers %+v", all)
	}
}

func TestBadEventQueries(t *testing.T) {
	f := start(t, nil)
	f.login()
	l := f.ipc()
	long := strings.Repeat("x", 600)
	many := `"a"` + strings.Repeat(`,"a"`, maxEventNames)
	for _, tt := range []struct{ method, params, text string }{
		{"status_getEvents", `[{"since":-2}]`, "since is -2"},
		{"status_getEvents", `[{"since":"x"}]`, "invalid argument 0"},
		{"status_getEvents", `[{"limit":0}]`, "limit of 0"},
		{"status_getEvents", `[{"wait":-1}]`, "cannot be negative"},
		{"status_getEvents", `[{"types":["` + long + `"]}]`, "too long"},
		{"status_getEvents", `[{"chats":[` + many + `]}]`, "too many"},
		{"status_getEvents", `[{"consumer":"` + long + `"}]`, "name of a consumer"},
		{"status_getEvents", `{"sinc":1}`, "unknown parameter"},
		{"status_receive", `{"timeoutSeconds":-1}`, "cannot be negative"},
		{"status_ackEvents", `["",1]`, "name of a consumer"},
		{"status_ackEvents", `["a",99]`, "has not happened"},
		{"status_subscribe", `["signals",{"since":-2}]`, "since is -2"},
	} {
		_, e := invoke(t, l, tt.method, tt.params)
		wantError(t, e, api.CodeInvalidParams, tt.text)
	}
	_, e := invoke(t, l, "status_removeConsumer", `["nobody"]`)
	wantError(t, e, api.CodeUnknownObject, "no consumer")
	_, e = invoke(t, l, "status_subscribe", `["events"]`)
	wantError(t, e, api.CodeMethodNotFound, "no \"events\" subscription")
	_, e = invoke(t, f.http(), "status_subscribe", `["signals"]`)
	wantError(t, e, api.CodeFailed, "notifications not supported")
	_, e = invoke(t, f.http(), "subscribeReceive", `[]`)
	wantError(t, e, api.CodeFailed, "notifications not supported")
	_, e = invoke(t, l, "unsubscribeReceive", `[3]`)
	wantError(t, e, api.CodeFailed, "subscription not found")
}

// TestUnknownTypesOfEventsAreRefused: who misspells a type would wait for ever.
func TestUnknownTypesOfEventsAreRefused(t *testing.T) {
	f := start(t, nil)
	f.login()
	l := f.ipc()
	for _, tt := range []struct{ method, params string }{
		{"status_getEvents", `[{"types":["messages.new","message.new"]}]`},
		{"status_getEvents", `{"types":["message.new"]}`},
		{"status_subscribe", `["signals",{"types":["message.new"]}]`},
		{"status_subscribe", `{"name":"signals","types":["message.new"]}`},
	} {
		_, e := invoke(t, l, tt.method, tt.params)
		wantError(t, e, api.CodeInvalidParams, `no events of the type "message.new"`)
		if !strings.HasPrefix(e.Data.Hint, "types like it: messages.new") {
			t.Errorf("%s: hint %q", tt.method, e.Data.Hint)
		}
	}
	resp, _ := f.stream("?types=message.new", nil)
	body, err := io.ReadAll(resp.Body)
	if resp.StatusCode != 400 || err != nil || !strings.Contains(string(body), "messages.new") {
		t.Errorf("stream: %d, %s, %v", resp.StatusCode, body, err)
	}
}

// TestLongPoll waits for an event, and for the end of the daemon.
func TestLongPoll(t *testing.T) {
	f := start(t, nil)
	f.login()
	l := f.ipc()
	poll := func(since int) {
		t.Helper()
		fmt.Fprintf(l.conn, `{"jsonrpc":"2.0","id":1,"method":"status_getEvents","params":[{"since":%d,"wait":60}]}`, since)
		l.send(`{"jsonrpc":"2.0","id":2,"method":"waku_version"}`) // answered first
	}
	result := func() (p api.EventPage) {
		t.Helper()
		a := decode(t, l.push())
		if err := json.Unmarshal(a.Result, &p); err != nil || string(a.ID) != "1" {
			t.Fatalf("%+v %v", a, err)
		}
		return p
	}
	poll(1)
	f.happen("history.synced", `{}`)
	if p := result(); !slices.Equal(seen(p.Events), []string{"history.synced 2"}) || p.Next != 2 {
		t.Errorf("%+v", p)
	}
	poll(2)
	f.cancel() // a daemon that stops does not wait for a minute
	if p := result(); len(p.Events) != 0 || p.Next != 2 {
		t.Errorf("%+v", p)
	}
}

// signal reads a notification of status_subscribe.
func signal(t *testing.T, l link, id string) (api.Event, answer) {
	t.Helper()
	a := decode(t, l.push())
	var e api.Event
	if a.Method != "status_subscription" || a.Params.Subscription != id {
		t.Fatalf("notification %+v", a)
	}
	if a.Params.Error == nil {
		if err := json.Unmarshal(a.Params.Result, &e); err != nil {
			t.Fatal(err)
		}
	}
	return e, a
}

func TestSubscribeToSignals(t *testing.T) {
	f := start(t, nil)
	for name, l := range map[string]link{"ipc": f.ipc(), "ws": f.ws()} {
		id := must[string](t, l, "status_subscribe", `["signals",{"types":["node.ready","account.login","history.synced"]}]`)
		f.ring.Emit(api.NodeStartedEvent{})
		f.ring.Emit(api.NodeReadyEvent{})
		e, a := signal(t, l, id)
		if want := fmt.Sprintf(`{"time":%d,"type":"node.ready","event":{}}`, e.Time); string(a.Params.Result) != want {
			t.Errorf("%s: %s, want %s", name, a.Params.Result, want)
		}
		f.login()
		e, _ = signal(t, l, id)
		if e.Type != "account.login" || e.Account != exampleAccount || e.Cursor == 0 {
			t.Errorf("%s: %+v", name, e)
		}
		begin := e.Cursor
		for i := range 300 { // more than one page
			f.happen("history.synced", fmt.Sprint(i))
		}
		for i := range 300 {
			if e, _ = signal(t, l, id); string(e.Event) != fmt.Sprint(i) || e.Cursor != begin+int64(i)+1 {
				t.Fatalf("%s: event %d: %+v", name, i, e)
			}
		}
		if !must[bool](t, l, "status_unsubscribe", `["`+id+`"]`) {
			t.Error("not unsubscribed")
		}
		f.happen("history.synced", `"late"`)
		// A consumer goes on after its acknowledgement, on another connection.
		must[any](t, l, "status_ackEvents", fmt.Sprintf(`["bot-%s",%d]`, name, e.Cursor-1))
		id = must[string](t, l, "status_subscribe",
			`{"name":"signals","options":{"consumer":"bot-`+name+`","types":["history.synced"]}}`)
		for _, want := range []string{"299", `"late"`} {
			if e, _ = signal(t, l, id); string(e.Event) != want {
				t.Errorf("%s: %+v, want %s", name, e, want)
			}
		}
		if err := f.files.Logout(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSubscriberIsToldOfGaps subscribes with a cursor that the log has left
// behind, and to more signals than wait.
func TestSubscriberIsToldOfGaps(t *testing.T) {
	f := start(t, nil)
	f.login()
	l := f.ipc()
	id := must[string](t, l, "status_subscribe", `["signals",{"since":999}]`)
	_, a := signal(t, l, id)
	if string(a.Params.Result) != `{"gap":true,"from":1}` {
		t.Errorf("gap: %s", a.Params.Result)
	}
	if e, _ := signal(t, l, id); e.Cursor != 1 {
		t.Errorf("after the gap: %+v", e)
	}
}

// stream opens /api/v1/events.
func (f *fixture) stream(query string, headers map[string]string) (*http.Response, *bufio.Reader) {
	f.t.Helper()
	ctx, cancel := context.WithCancel(f.t.Context())
	f.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.Endpoints().HTTP+"/api/v1/events"+query, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+f.token)
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { resp.Body.Close() })
	return resp, bufio.NewReader(resp.Body)
}

// frame reads one server-sent event.
func frame(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	var text string
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("after %q: %v", text, err)
		}
		if line == "\n" {
			return text
		}
		text += line
	}
}

func TestEventStream(t *testing.T) {
	f := start(t, nil)
	f.login()
	f.happen("history.synced", `{}`)
	f.happen("messages.new", inChatA)
	want := func(text string, cursor int, kind string) {
		t.Helper()
		id, data, _ := strings.Cut(text, "\ndata: ")
		var e api.Event
		if json.Unmarshal([]byte(data), &e) != nil || id != fmt.Sprint("id: ", cursor) || e.Cursor != int64(cursor) ||
			string(e.Type) != kind || e.Account != exampleAccount {
			t.Errorf("frame %q, want %s with the id %d", text, kind, cursor)
		}
	}
	resp, r := f.stream("?since=1", nil)
	if resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("content type %q", resp.Header.Get("Content-Type"))
	}
	want(frame(t, r), 2, "history.synced")
	want(frame(t, r), 3, "messages.new")
	f.happen("history.synced", `{}`)
	want(frame(t, r), 4, "history.synced")
	resp.Body.Close()
	// It goes on where it broke off; the header beats the query.
	_, r = f.stream("?since=0&account="+exampleAccount, map[string]string{"Last-Event-ID": "3"})
	want(frame(t, r), 4, "history.synced")
	f.ring.Emit(api.NodeReadyEvent{})
	if text := frame(t, r); !strings.HasPrefix(text, `data: {"time":`) {
		t.Errorf("signal %q", text)
	}
	_, r = f.stream("?since=0&types=account.login,history.synced&types=messages.new&chats=a", nil)
	want(frame(t, r), 3, "messages.new")
	_, r = f.stream("?since=99", nil)
	if text := frame(t, r); text != "event: gap\ndata: {\"gap\":true,\"from\":1}\n" {
		t.Errorf("gap %q", text)
	}
	// It ends with the server.
	f.cancel()
	for {
		if _, err := r.ReadString('\n'); err != nil {
			break
		}
	}
}

func TestEventStreamRefuses(t *testing.T) {
	f := start(t, nil)
	for query, status := range map[string]int{
		"?since=x": 400, "?since=-2": 400, "?account=x": 400, "?types=" + strings.Repeat("x", 600): 400,
	} {
		if resp, _ := f.stream(query, nil); resp.StatusCode != status {
			t.Errorf("%s: status %d", query, resp.StatusCode)
		}
	}
	if resp, _ := f.stream("", map[string]string{"Authorization": "Bearer x"}); resp.StatusCode != 401 {
		t.Errorf("wrong token: %d", resp.StatusCode)
	}
	resp, _ := f.do(http.MethodPost, "/api/v1/events", "", f.http().headers)
	if resp.StatusCode != 405 || resp.Header.Get("Allow") != "GET" {
		t.Errorf("POST: %d", resp.StatusCode)
	}
	for range maxStreams {
		if resp, _ := f.stream("", nil); resp.StatusCode != 200 {
			t.Fatalf("status %d", resp.StatusCode)
		}
	}
	if resp, _ := f.stream("", nil); resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("one too many: %d", resp.StatusCode)
	}
	g := start(t, func(c *Config, _ *Deps) { c.Modules = []string{"net"} })
	if resp, _ := g.stream("", nil); resp.StatusCode != 404 {
		t.Errorf("namespace not on offer: %d", resp.StatusCode)
	}
}
