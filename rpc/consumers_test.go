package rpc

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"statusd/api"
	"statusd/internal/store"
)

// consumerNames lists what a caller sees.
func consumerNames(t *testing.T, l link) (out []string) {
	t.Helper()
	for _, c := range must[[]api.Consumer](t, l, "status_listConsumers", `[]`) {
		out = append(out, c.Name)
	}
	return out
}

// asDaemon works on the consumers as the daemon's own components do.
func (f *fixture) asDaemon(do func(*store.Tx) error) {
	f.t.Helper()
	if err := f.files.Current().DB().Update(f.t.Context(), do); err != nil {
		f.t.Fatal(err)
	}
}

// TestConsumersAreOutOfReachOfOthers: neither a token that reads nor one with
// consumers of its own moves, names, sees or removes those of others or of the
// webhook, over any way in. Under the same name it has its own.
func TestConsumersAreOutOfReachOfOthers(t *testing.T) {
	f := start(t, nil)
	f.login()
	f.asDaemon(func(tx *store.Tx) error { return tx.Consumers().Ack(store.Daemon(), "webhook-0123", 1, time.Now()) })
	a, b, reader := f.addToken("a", "read", "events"), f.addToken("b", "read", "events"), f.addToken("reader", "read")
	f.happen("k", `{}`)
	must[any](t, a, "status_ackEvents", `["bot",1]`)
	for _, name := range []string{"bot", "webhook-0123"} {
		for _, c := range []struct{ method, params string }{
			{"status_ackEvents", `["` + name + `",1]`}, {"status_removeConsumer", `["` + name + `"]`},
			{"status_getEvents", `{"consumer":"` + name + `"}`}, {"status_receive", `{"consumer":"` + name + `"}`},
		} {
			if name != "bot" {
				_, e := invoke(t, b, c.method, c.params)
				wantError(t, e, api.CodeInvalidParams, "reserved")
			}
			_, e := invoke(t, reader, c.method, c.params)
			wantError(t, e, api.CodeScope, `lacks the scope "events"`)
			if !strings.Contains(e.Data.Hint, "--scope events") {
				t.Errorf("the hint %q does not say how to get the scope", e.Data.Hint)
			}
		}
		if resp, _ := f.stream("?consumer="+name, reader.headers); resp.StatusCode != http.StatusForbidden {
			t.Errorf("stream as %s: status %d", name, resp.StatusCode)
		}
	}
	for _, call := range []struct{ method, params string }{
		{"status_ackEvents", `["bot",2,"token:a"]`}, {"status_removeConsumer", `["bot","token:a"]`},
	} {
		_, e := invoke(t, b, call.method, call.params)
		wantError(t, e, api.CodeScope, "belongs to another token")
	}
	if got := slices.Concat(consumerNames(t, b), consumerNames(t, reader)); len(got) != 0 {
		t.Errorf("others see %v", got)
	}
	_, e := invoke(t, b, "status_removeConsumer", `["bot"]`)
	wantError(t, e, api.CodeUnknownObject, "no consumer")
	if page := must[api.EventPage](t, b, "status_getEvents", `{"consumer":"bot"}`); len(page.Events) != 2 {
		t.Errorf("under the name of another's consumer the events are %+v", page.Events)
	}
	must[any](t, b, "status_ackEvents", `["bot",2]`)
	f.wantConsumers(map[string]int64{"token:a bot": 1, "token:b bot": 2, "daemon webhook-0123": 1})
	must[any](t, b, "status_removeConsumer", `["bot"]`)
	f.wantConsumers(map[string]int64{"token:a bot": 1, "daemon webhook-0123": 1})
	if got := consumerNames(t, a); !slices.Equal(got, []string{"bot"}) {
		t.Errorf("the owner sees %v", got)
	}
	_, e = invoke(t, a, "status_ackEvents", `["webhook-new",1]`)
	wantError(t, e, api.CodeInvalidParams, "reserved")
	_, e = invoke(t, a, "status_ackEvents", `["bot\u001b[2J",1]`)
	wantError(t, e, api.CodeInvalidParams, "not shown")
}

// wantConsumers compares what an admin sees, by owner and name.
func (f *fixture) wantConsumers(want map[string]int64) {
	f.t.Helper()
	got := make(map[string]int64)
	for _, c := range must[[]api.Consumer](f.t, f.http(), "status_listConsumers", `[]`) {
		got[c.Owner+" "+c.Name] = c.Cursor
	}
	if !maps.Equal(got, want) {
		f.t.Errorf("consumers %v, want %v", got, want)
	}
}

// TestAdminsLookAfterConsumersOfOthers, say whose where several have one of a
// name, and read as themselves.
func TestAdminsLookAfterConsumersOfOthers(t *testing.T) {
	f := start(t, nil)
	f.login()
	f.happen("k", `{}`)
	a, b, admin := f.addToken("a", "events"), f.addToken("b", "events"), f.addToken("admin", "read", "admin")
	must[any](t, a, "status_ackEvents", `["bot",1]`)
	must[any](t, admin, "status_ackEvents", `["bot",2,"token:a"]`)
	f.wantConsumers(map[string]int64{"token:a bot": 2})
	must[any](t, b, "status_ackEvents", `["bot",1]`)
	_, e := invoke(t, admin, "status_removeConsumer", `["bot"]`)
	wantError(t, e, api.CodeInvalidParams, "several others")
	must[any](t, admin, "status_removeConsumer", `["bot","token:a"]`)
	if page := must[api.EventPage](t, admin, "status_getEvents", `{"consumer":"bot"}`); len(page.Events) != 2 {
		t.Errorf("an admin reads %+v", page.Events)
	}
	must[any](t, admin, "status_ackEvents", `["bot",2]`)
	f.wantConsumers(map[string]int64{"token:b bot": 1, "token:admin bot": 2})
	must[any](t, admin, "status_ackEvents", `["bot",2,"token:b"]`)
	must[any](t, admin, "status_removeConsumer", `["bot"]`)
	must[any](t, admin, "status_removeConsumer", `["bot"]`)
	f.wantConsumers(map[string]int64{})
}

// TestMetricsNameConsumersToTheirOwners: a token sees its own, an admin and who
// reads the address of the operator see all.
func TestMetricsNameConsumersToTheirOwners(t *testing.T) {
	f := start(t, func(c *Config, _ *Deps) { c.Metrics = ListenConfig{Enabled: true, Addr: "127.0.0.1:0"} })
	f.login()
	a, b := f.addToken("a", "read", "events"), f.addToken("b", "read", "events")
	must[any](t, a, "status_ackEvents", `["bot",1]`)
	must[any](t, b, "status_ackEvents", `["bot",1]`)
	must[any](t, f.http(), "status_ackEvents", `["mine",1]`)
	f.asDaemon(func(tx *store.Tx) error {
		return tx.Exec(`INSERT INTO event_consumer (name, seq, time, owner) VALUES ('a"b\c'||char(10)||'d', 1, 0, '')`)
	})
	ofA := `statusd_events_lag{consumer="bot",owner="token:a"} 0`
	ofB := `statusd_events_lag{consumer="bot",owner="token:b"} 0`
	mine, old := `statusd_events_lag{consumer="mine"} 0`, `statusd_events_lag{consumer="a\"b\\c\nd",owner="none"} 0`
	lines := func(url string, headers map[string]string) (out []string) {
		_, body := do(t, http.DefaultClient, http.MethodGet, url+"/metrics", "", headers)
		for line := range strings.Lines(body) {
			if strings.HasPrefix(line, "statusd_events_lag") {
				out = append(out, strings.TrimSuffix(line, "\n"))
			}
		}
		slices.Sort(out)
		return out
	}
	all := []string{ofA, ofB, mine, old}
	slices.Sort(all)
	web := f.Endpoints().HTTP
	for _, c := range []struct {
		who       string
		got, want []string
	}{
		{"a token", lines(web, a.headers), []string{ofA}},
		{"a token without consumers", lines(web, f.addToken("c", "read").headers), nil},
		{"an admin", lines(web, f.addToken("admin", "admin").headers), all},
		{"the operator", lines(f.Endpoints().Metrics, nil), all},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s sees %q, want %q", c.who, c.got, c.want)
		}
	}
}

// TestConsumersCannotFillAllPlaces: names that are no text make none, and the
// quota of a token ends before those of others, of the webhook and of the lag
// metric.
func TestConsumersCannotFillAllPlaces(t *testing.T) {
	f := start(t, func(c *Config, _ *Deps) { c.Metrics = ListenConfig{Enabled: true, Addr: "127.0.0.1:0"} })
	f.login()
	greedy := f.addToken("greedy", "read", "events")
	for _, name := range []string{"%ff%fe", "%00", strings.Repeat("x", store.MaxConsumerName+1)} {
		if resp, _ := f.stream("?since=0&consumer="+name, greedy.headers); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("consumer=%s: status %d", name, resp.StatusCode)
		}
	}
	f.asDaemon(func(tx *store.Tx) error {
		return tx.Consumers().Ack(store.Daemon(), "webhook-0123", 1, time.Unix(1, 0))
	})
	for i := range store.TokenConsumers {
		must[any](t, greedy, "status_ackEvents", fmt.Sprintf(`["c%d",1]`, i))
	}
	_, e := invoke(t, greedy, "status_ackEvents", `["one more",1]`)
	wantError(t, e, api.CodeBusy, "a token may have")
	_, e = invoke(t, greedy, "status_getEvents", `{"consumer":"one more","since":0}`)
	wantError(t, e, api.CodeBusy, "a token may have")
	must[any](t, f.addToken("other", "events"), "status_ackEvents", `["mine",1]`)
	for i := range maxLagged + 1 {
		must[any](t, f.ipc(), "status_ackEvents", fmt.Sprintf(`["later %d",1]`, i))
	}
	f.asDaemon(func(tx *store.Tx) error { return tx.Consumers().Ack(store.Daemon(), "webhook-new", 1, time.Unix(1, 0)) })
	_, body := do(t, http.DefaultClient, http.MethodGet, f.Endpoints().Metrics+"/metrics", "", nil)
	for _, name := range []string{"webhook-0123", "webhook-new"} {
		if !strings.Contains(body, `statusd_events_lag{consumer="`+name+`"}`) {
			t.Errorf("%s is not among the lag metrics", name)
		}
	}
}

// TestTokensFromBeforeOwners: those that may send get the scope of consumers,
// and the first that names a consumer without owner gets it.
func TestTokensFromBeforeOwners(t *testing.T) {
	hash := func(c string) string { return strings.Repeat(c, 64) }
	f := prepare(t, nil)
	path := filepath.Join(f.dir, "tokens.json")
	text := fmt.Sprintf(`{"version":1,"tokens":[{"name":"sender","hash":"%s","scopes":["read","send"],`+
		`"created":"2020-11-28T00:00:00Z"},{"name":"reader","hash":"%s","scopes":["read"],`+
		`"created":"2020-11-28T00:00:00Z"}]}`, hash("a"), hash("b"))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := openTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(b *tokenBook) {
		t.Helper()
		all := b.list()
		if s := all[0].scopes.names(); !slices.Equal(s, []api.Scope{"read", "send", "events"}) || !all[0].old {
			t.Errorf("the sender has %v, old %v", s, all[0].old)
		}
		if s := all[1].scopes.names(); !slices.Equal(s, []api.Scope{"read"}) || !all[1].old {
			t.Errorf("the reader has %v, old %v", s, all[1].old)
		}
	}
	check(b)
	if _, err := b.add(&grant{name: "new", scopes: scopeSend}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if b, err = openTokens(path); err != nil {
		t.Fatal(err)
	}
	check(b)
	if g := b.list()[2]; g.old || g.scopes != scopeSend {
		t.Errorf("a new token has %v, old %v", g.scopes.names(), g.old)
	}
	heir := (&caller{grant: b.list()[0], scopes: b.list()[0].scopes}).party()
	late := (&caller{grant: b.list()[2], scopes: scopeSend}).party()
	if !heir.Heir || heir.All || heir.Owner != "token:sender" || late.Heir || late.Owner != "token:new" {
		t.Errorf("%+v, %+v", heir, late)
	}
}

// TestProgramsGoOnWithTheirConsumersAfterTheUpgrade: a bot with rpc-token or an
// old token finds its place; people at the socket do not take it away.
func TestProgramsGoOnWithTheirConsumersAfterTheUpgrade(t *testing.T) {
	f := start(t, nil)
	f.login()
	f.asDaemon(func(tx *store.Tx) error {
		return tx.Exec(`INSERT INTO event_consumer (name, seq, time) VALUES ('bot', 1, 0), ('other', 1, 0)`)
	})
	old := f.addToken("old", "read", "send", "events")
	for _, g := range f.tokens.list() {
		g.old = true
	}
	must[api.EventPage](t, f.ipc(), "status_getEvents", `{"consumer":"bot"}`)
	must[any](t, f.ipc(), "status_ackEvents", `["other",1]`)
	page := must[api.EventPage](t, old, "status_getEvents", `{"consumer":"bot"}`)
	if len(page.Events) > 0 && page.Events[0].Cursor < 2 {
		t.Errorf("the bot lost its place: %+v", page.Events[0])
	}
	must[any](t, f.http(), "status_ackEvents", `["other",1]`)
	owners := map[string]string{}
	for _, c := range must[[]api.Consumer](t, f.ipc(), "status_listConsumers", `[]`) {
		owners[c.Name] = c.Owner
	}
	if owners["bot"] != "token:old" || owners["other"] != ownerLocal {
		t.Errorf("owners %v", owners)
	}
}
