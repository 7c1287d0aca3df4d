package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"statusd/api"
	"statusd/configs"
	"statusd/mailserver/history"
	"statusd/waku/wire"
)

// Now, UpdateMailservers and MailServer are MailControl.
func (f *fakeNode) Now() time.Time { return time.Unix(1_600_000_000, 0) }

func (f *fakeNode) UpdateMailservers(refs []configs.NodeRef) error {
	var texts []string
	for _, r := range refs {
		texts = append(texts, r.Reveal())
	}
	return f.note("mailservers " + strings.Join(texts, " "))
}

func (f *fakeNode) MailServer(context.Context) (api.ArchiveReport, error) {
	return api.ArchiveReport{Health: api.ArchiveHealth{OK: true}}, f.note("mail status")
}

func (f *fakeNode) Backfill(_ context.Context, r history.Request) (history.Result, int, int, error) {
	result := history.Result{Server: peerOf(&r), Envelopes: 3, Cursor: r.Cursor}
	return result, 2, 1, f.note(fmt.Sprintf("backfill %d-%d", r.From, r.To))
}

// fakeHistory answers requests at once, or as a test wants.
type fakeHistory struct {
	answer func(context.Context, history.Request) (history.Result, error) // nil: everything came

	mu     sync.Mutex
	asked  []history.Request
	status []history.ServerStatus
}

func (f *fakeHistory) Fetch(ctx context.Context, r history.Request) (history.Result, error) {
	f.mu.Lock()
	f.asked = append(f.asked, r)
	answer := f.answer
	f.mu.Unlock()
	id := wire.Hash{31: byte(len(f.asked))}
	if r.Sent != nil {
		r.Sent(id, peerOf(&r))
	}
	if answer != nil {
		return answer(ctx, r)
	}
	return history.Result{RequestID: id, Server: peerOf(&r), Pages: 1, Envelopes: 3}, nil
}

func (f *fakeHistory) Status() []history.ServerStatus { return f.status }

func (f *fakeHistory) Outstanding() []history.Outstanding { return []history.Outstanding{} }

// requests are what was asked so far.
func (f *fakeHistory) requests() []history.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]history.Request(nil), f.asked...)
}

// fakeRecords is MailRecords in memory.
type fakeRecords struct {
	mu     sync.Mutex
	tables map[string]map[string][]byte
}

func (f *fakeRecords) Records(table string) ([]history.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []history.Record
	for k, v := range f.tables[table] {
		out = append(out, history.Record{Key: k, Value: v})
	}
	slices.SortFunc(out, func(a, b history.Record) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}

func (f *fakeRecords) PutRecords(table string, records ...history.Record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tables == nil {
		f.tables = make(map[string]map[string][]byte)
	}
	if f.tables[table] == nil {
		f.tables[table] = make(map[string][]byte)
	}
	for _, r := range records {
		if r.Key == "" {
			return history.ErrRecordName
		}
		f.tables[table][r.Key] = r.Value
	}
	return nil
}

func (f *fakeRecords) DeleteRecords(table string, keys ...string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, k := range keys {
		delete(f.tables[table], k)
	}
	return nil
}

const topics = `"topics":["0x07678231"]`

func TestRequestMessagesErrors(t *testing.T) {
	f := start(t, func(c *Config, _ *Deps) { c.RequestsDelay = time.Minute })
	l := f.ipc()
	other := "enode://" + strings.Repeat("0", 127) + "1@192.0.2.9:30303"
	tests := map[string]string{
		`{"from":20,"to":10}`:                "Query range is invalid: from > to (20 > 10)",
		`{"mailServerPeer":"nonsense"}`:      "invalid mailServerPeer value: ",
		`{"symKeyID":"unknown"}`:             "invalid symKeyID value: non-existent key ID",
		`{"cursor":"zz"}`:                    "invalid cursor: ",
		`{"cursor":"0102"}`:                  "invalid cursor size: expected 36 but got 2",
		`{"mailServerPeer":"` + other + `"}`: "invalid mailServerPeer value: ", // not a point of the curve
	}
	for params, want := range tests {
		_, e := invoke(t, l, "wakuext_requestMessages", "["+params+"]")
		wantError(t, e, api.CodeFailed, want)
		_, e = invoke(t, l, "wakuext_requestMessagesSync", `[{"MaxRetries":1},`+params+"]")
		wantError(t, e, api.CodeFailed, want)
	}
	if got := f.mail.requests(); len(got) != 0 {
		t.Errorf("%d requests were made", len(got))
	}
	f.mail.status = nil
	_, e := invoke(t, l, "wakuext_requestMessages", `[{`+topics+`}]`)
	wantError(t, e, api.CodeFailed, "invalid mailServerPeer value: no connected mail servers")
	f.waku.connected[0]++
	_, e = invoke(t, l, "wakuext_requestMessages", `[{`+topics+`,"mailServerPeer":"`+exampleNode+`"}]`)
	wantError(t, e, api.CodeFailed, "could not find peer with ID: ")
}

func TestRequestMessages(t *testing.T) {
	f := start(t, func(c *Config, _ *Deps) { c.RequestsDelay = time.Minute })
	l := f.ipc()
	release := make(chan struct{})
	f.mail.answer = func(ctx context.Context, _ history.Request) (history.Result, error) {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return history.Result{}, ctx.Err()
	}
	const params = `[{"topics":["0x07678231","0x01020304"],"limit":7,"timeout":3}]`
	if id := must[wire.Hash](t, l, "wakuext_requestMessages", params); id != (wire.Hash{31: 1}) {
		t.Errorf("id %s", id)
	}
	r := f.mail.requests()[0]
	if r.To != 1_600_000_000 || r.From != r.To-86400 || r.Limit != 7 || !r.OnePage || r.Tries != 1 ||
		r.Server != f.mail.status[0].ID || r.Timeout != 3*time.Second || len(r.Topics) != 2 {
		t.Errorf("request %+v", r)
	}
	// The same topics in another order are the same request; others are not.
	_, e := invoke(t, l, "wakuext_requestMessages", `[{"topics":["0x01020304","0x07678231"]}]`)
	wantError(t, e, api.CodeFailed, "another request with the same topics was sent less than 1m0s ago. Please wait "+
		"for a bit longer, or set `force` to true in request parameters")
	must[string](t, l, "wakuext_requestMessages", `[{"topics":["0x01020304"]}]`)
	must[string](t, l, "wakuext_requestMessages", `[{"topic":"0x01020305"}]`)
	must[string](t, l, "wakuext_requestMessages", `[{"topics":["0x01020304","0x07678231"],"force":true}]`)
	if r := f.mail.requests()[2]; len(r.Topics) != 1 || r.Topics[0] != (wire.Topic{1, 2, 3, 5}) {
		t.Errorf("topics %v", r.Topics)
	}
	close(release)
	for deadline := time.Now().Add(patience); ; { // the end of the first frees its topics
		if _, e = invoke(t, l, "wakuext_requestMessages", params); e == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(e)
		}
	}
}

// TestStopEndsRequests stops a server while a request goes on.
func TestStopEndsRequests(t *testing.T) {
	f := start(t, nil)
	ended := make(chan struct{})
	f.mail.answer = func(ctx context.Context, _ history.Request) (history.Result, error) {
		<-ctx.Done()
		close(ended)
		return history.Result{}, ctx.Err()
	}
	must[string](t, f.ipc(), "wakuext_requestMessages", `[{`+topics+`}]`)
	f.stop()
	select {
	case <-ended:
	default:
		t.Error("the request outlives the server")
	}
}

func TestRequestMessagesSync(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	results := []error{
		fmt.Errorf("no answer: %w", history.ErrTimeout), nil,
		&history.ServerError{Text: "too many requests"},
		history.ErrTimeout, history.ErrTimeout, history.ErrTimeout,
		fmt.Errorf("gone: %w", history.ErrGone),
	}
	f.mail.answer = func(context.Context, history.Request) (history.Result, error) {
		err := results[0]
		results = results[1:]
		return history.Result{Cursor: []byte{1, 2, 0xff}}, err
	}
	const params = `[{"BaseTimeout":2000000000,"StepTimeout":1500000000,"MaxRetries":2},{` + topics + `}]`
	got := must[api.HistoryPage](t, l, "wakuext_requestMessagesSync", params)
	if got != (api.HistoryPage{Cursor: "0102ff"}) {
		t.Errorf("got %+v", got)
	}
	asked := f.mail.requests()
	if len(asked) != 2 || asked[0].Timeout != 2*time.Second || asked[1].Timeout != 3500*time.Millisecond {
		t.Errorf("%d attempts: %+v", len(asked), asked)
	}
	got = must[api.HistoryPage](t, l, "wakuext_requestMessagesSync", params)
	if got != (api.HistoryPage{Error: "too many requests"}) {
		t.Errorf("got %+v", got)
	}
	_, e := invoke(t, l, "wakuext_requestMessagesSync", params)
	wantError(t, e, api.CodeFailed, "failed to request messages after 2 retries")
	_, e = invoke(t, l, "wakuext_requestMessagesSync", params)
	wantError(t, e, api.CodeNoMailserver, "disconnected")
	for _, config := range []string{`{"MaxRetries":-1}`, `{"MaxRetries":101}`, `{"BaseTimeout":-1}`} {
		_, e := invoke(t, l, "wakuext_requestMessagesSync", `[`+config+`,{`+topics+`}]`)
		wantError(t, e, api.CodeInvalidParams, "config is invalid")
	}
	huge := api.RetryConfig{BaseTimeout: 1<<63 - 1, StepTimeout: 1<<63 - 1, MaxRetries: api.MaxHistoryRetries}
	if got := huge.Attempt(api.MaxHistoryRetries); got != api.MaxTimeout {
		t.Errorf("largest timeout %s", got)
	}
	if got := (api.RetryConfig{}).Attempt(0); got != api.HistoryTimeout {
		t.Errorf("default timeout %s", got)
	}
}

func TestMailserverFetch(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	f.mail.answer = func(_ context.Context, r history.Request) (history.Result, error) {
		return history.Result{Server: f.mail.status[0].ID, Envelopes: 2, Cursor: r.Cursor}, nil
	}
	cursor := strings.Repeat("07", 36)
	got := must[api.FetchedPage](t, l, "mailserver_fetch",
		`[{`+topics+`,"cursor":"`+cursor+`","server":"`+exampleNode+`"}]`)
	if got.Server != exampleNode || got.Envelopes != 2 || got.Cursor != cursor || got.Done {
		t.Errorf("got %+v", got)
	}
	if got = must[api.FetchedPage](t, l, "mailserver_fetch", `[{`+topics+`}]`); !got.Done || got.Cursor != "" {
		t.Errorf("got %+v", got)
	}
	for _, c := range []struct {
		err  error
		code api.Code
		text string
	}{
		{history.ErrNoServer, api.CodeNoMailserver, "no mailserver is configured"},
		{fmt.Errorf("x: %w", history.ErrTimeout), api.CodeNoMailserver, "nothing in time"},
		{history.ErrBadRequest, api.CodeInvalidParams, "invalid request"},
		{&history.ServerError{Text: "failed to decrypt p2p request"}, api.CodeWrongPassword, "failed to decrypt"},
		{&history.ServerError{Text: "busy"}, api.CodeFailed, "busy"},
		{history.ErrUnverified, api.CodeFailed, "does not hold together"},
	} {
		f.mail.answer = func(context.Context, history.Request) (history.Result, error) { return history.Result{}, c.err }
		_, e := invoke(t, l, "mailserver_fetch", `[{`+topics+`}]`)
		wantError(t, e, c.code, c.text)
	}
	_, e := invoke(t, l, "mailserver_fetch", `[{`+topics+`,"server":"x"}]`)
	wantError(t, e, api.CodeInvalidParams, "not a node address")
	f.node.err = errors.New("this node is not a mailserver")
	_, e = invoke(t, l, "mailserver_stats", `[]`)
	wantError(t, e, api.CodeFailed, "this node is not a mailserver")
}

func TestMailserverBackfill(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	cursor := strings.Repeat("07", 36)
	got := must[api.BackfilledPage](t, l, "mailserver_backfill",
		`[{"from":5,"to":9,"cursor":"`+cursor+`","server":"`+exampleNode+`"}]`)
	want := api.BackfilledPage{Server: exampleNode, Envelopes: 3, Archived: 2, Skipped: 1, Cursor: cursor}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if done := f.node.noted(); done[len(done)-1] != "backfill 5-9" {
		t.Errorf("done %v", done)
	}
	if got = must[api.BackfilledPage](t, l, "mailserver_backfill", `[{}]`); !got.Done || got.Cursor != "" {
		t.Errorf("got %+v", got)
	}
	_, e := invoke(t, l, "mailserver_backfill", `[{"server":"x"}]`)
	wantError(t, e, api.CodeInvalidParams, "not a node address")
	_, e = invoke(t, l, "mailserver_backfill", `[{"cursor":"07"}]`)
	wantError(t, e, api.CodeFailed, "invalid cursor size")
	f.node.err = errors.New("this node is not a mailserver")
	_, e = invoke(t, l, "mailserver_backfill", `[{}]`)
	wantError(t, e, api.CodeFailed, "this node is not a mailserver")
}

// TestMailserversKeeps writes, lists and deletes in every table.
func TestMailserversKeeps(t *testing.T) {
	f := start(t, nil)
	l := f.http()
	ok := func(method, params string) {
		t.Helper()
		if got, e := invoke(t, l, "mailservers_"+method, params); e != nil || string(got) != "null" {
			t.Fatalf("%s: %s %v", method, got, e)
		}
	}
	lists := func(method, params, want string) {
		t.Helper()
		got := must[json.RawMessage](t, l, "mailservers_"+method, params)
		if compact(t, got) != want {
			t.Errorf("%s: %s, want %s", method, got, want)
		}
	}
	for _, empty := range []string{"getMailservers", "getMailserverTopics", "getChatRequestRanges"} {
		lists(empty, `[]`, `[]`)
	}
	lists("getMailserverRequestGaps", `["c"]`, `[]`)

	const one = `{"id":"1","name":"n","address":"enode://x","fleet":"f"}`
	ok("addMailserver", `[{"id":"1","name":"old","address":"enode://y","password":"p","fleet":"f"}]`)
	ok("addMailserver", `[`+one+`]`)
	lists("getMailservers", `[]`, `[`+one+`]`)
	ok("deleteMailserver", `["1"]`)
	ok("deleteMailserver", `["1"]`)
	lists("getMailservers", `[]`, `[]`)

	const a, b, c = `{"id":"a","chatId":"c","from":1,"to":2}`, `{"id":"b","chatId":"c","from":3,"to":4}`,
		`{"id":"c","chatId":"d","from":5,"to":6}`
	ok("addMailserverRequestGaps", `[[`+a+`,`+b+`,`+c+`]]`)
	lists("getMailserverRequestGaps", `["c"]`, `[`+a+`,`+b+`]`)
	ok("deleteMailserverRequestGaps", `[["a"]]`)
	ok("deleteMailserverRequestGaps", `[[]]`)
	lists("getMailserverRequestGaps", `["c"]`, `[`+b+`]`)
	ok("deleteMailserverRequestGapsByChatID", `["c"]`)
	lists("getMailserverRequestGaps", `["c"]`, `[]`)
	lists("getMailserverRequestGaps", `["d"]`, `[`+c+`]`)

	ok("addMailserverTopic", `[{"topic":"0x01020304"}]`)
	lists("getMailserverTopics", `[]`,
		`[{"topic":"0x01020304","discovery?":false,"negotiated?":false,"chat-ids":[],"last-request":0}]`)
	const topic = `{"topic":"0x01020304","discovery?":true,"negotiated?":true,"chat-ids":["c"],"last-request":9}`
	ok("addMailserverTopic", `[`+topic+`]`)
	lists("getMailserverTopics", `[]`, `[`+topic+`]`)
	ok("deleteMailserverTopic", `["0x01020304"]`)

	const span = `{"chat-id":"c","lowest-request-from":1,"highest-request-to":2}`
	ok("addChatRequestRange", `[`+span+`]`)
	lists("getChatRequestRanges", `[]`, `[`+span+`]`)
	ok("deleteChatRequestRange", `["c"]`)
	lists("getChatRequestRanges", `[]`, `[]`)

	_, e := invoke(t, l, "mailservers_addMailserver", `[{"name":"without id"}]`)
	wantError(t, e, api.CodeInvalidParams, "invalid id")
	must[any](t, l, "wakuext_updateMailservers", `[["`+exampleNode+`"]]`)
	if done := f.node.noted(); done[len(done)-1] != "mailservers "+exampleNode {
		t.Errorf("done %v", done)
	}
	_, e = invoke(t, l, "wakuext_updateMailservers", `[["`+exampleNode+`","nonsense"]]`)
	wantError(t, e, api.CodeFailed, "mailserver 2: not a node address")
}

func TestPing(t *testing.T) {
	f := start(t, nil)
	open, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	id := strings.TrimSuffix(exampleNode, "192.0.2.7:30303")
	list, err := json.Marshal([]string{id + open.Addr().String(), id + closed.Addr().String(), "x", strings.Trim(id, "@")})
	if err != nil {
		t.Fatal(err)
	}
	got := must[[]api.PingResult](t, f.ipc(), "mailservers_ping", `[{"addresses":`+string(list)+`,"timeoutMs":2000}]`)
	if len(got) != 4 || got[0].RTTMs == nil || got[0].Error != nil {
		t.Fatalf("got %+v", got)
	}
	for _, r := range got[1:] {
		if r.RTTMs != nil || r.Error == nil {
			t.Errorf("got %+v", r)
		}
	}
}
