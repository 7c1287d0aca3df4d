package rpc

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"statusd/api"
)

// with is an HTTP client that has a token.
func (f *fixture) with(token string) *httpLink {
	return &httpLink{f: f, path: "/", headers: map[string]string{
		"Authorization": "Bearer " + token, "Content-Type": "application/json",
	}}
}

func TestTokens(t *testing.T) {
	f := start(t, nil)
	f.login()
	l := f.ipc()
	reader := must[api.NewToken](t, l, "admin_tokenAdd", `["reader",["read"]]`).Token
	bot := must[api.NewToken](t, l, "admin_tokenAdd",
		`{"name":"bot","scopes":["read","send"],"account":"`+exampleAccount+`","expiresInSeconds":3600}`).Token
	if len(reader) != 64 || reader == bot {
		t.Fatalf("tokens %q and %q", reader, bot)
	}
	must[string](t, f.with(reader), "net_version", `[]`)
	_, e := invoke(t, f.with(reader), "send", `["#tea","x"]`)
	wantError(t, e, api.CodeScope, `the token lacks the scope "send"`)
	must[api.EventPage](t, f.with(bot), "status_getEvents", `[]`)
	_, e = invoke(t, f.with(bot), "admin_tokenList", `[]`)
	wantError(t, e, api.CodeScope, "admin")

	list := must[[]api.TokenInfo](t, l, "admin_tokenList", `[]`)
	if len(list) != 2 || list[0].Name != "reader" || list[0].Expires != nil || list[1].Account != exampleAccount ||
		joined(list[1].Scopes) != "read, send" || time.Until(*list[1].Expires) > time.Hour {
		t.Errorf("%+v", list)
	}
	raw, err := os.ReadFile(filepath.Join(f.dir, "tokens.json"))
	if err != nil || strings.Contains(string(raw), bot) || strings.Contains(string(raw), reader) {
		t.Errorf("the file holds a token, or cannot be read: %v", err)
	}
	if info, err := os.Stat(filepath.Join(f.dir, "tokens.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	// A token of another account, or of one that is not logged in.
	if err := f.files.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, e = invoke(t, f.with(bot), "status_getEvents", `[]`)
	wantError(t, e, api.CodeNotLoggedIn, "which the token is for")
	must[string](t, f.with(bot), "net_version", `[]`)

	// Revocation is immediate, on connections too.
	conn, _, err := f.dialWS("/ws", http.Header{"Authorization": {"Bearer " + bot}})
	if err != nil {
		t.Fatal(err)
	}
	stream, r := f.stream("", map[string]string{"Authorization": "Bearer " + bot})
	if stream.StatusCode != 200 {
		t.Errorf("stream: %d", stream.StatusCode)
	}
	must[any](t, l, "admin_tokenRevoke", `["bot"]`)
	if code := closedBy(t, conn); code != websocket.ClosePolicyViolation {
		t.Errorf("closed with %d", code)
	}
	for {
		if _, err := r.ReadString('\n'); err != nil {
			break // the stream ended
		}
	}
	if resp, _ := f.do(http.MethodPost, "/", "{}", f.with(bot).headers); resp.StatusCode != 401 {
		t.Errorf("revoked: status %d", resp.StatusCode)
	}
	must[string](t, f.with(reader), "net_version", `[]`)
	must[string](t, f.http(), "net_version", `[]`)
	// The file is what counts: what is taken out of it ends.
	if err := os.WriteFile(filepath.Join(f.dir, "tokens.json"), []byte(`{"version":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Reload(); err != nil {
		t.Fatal(err)
	}
	if resp, _ := f.do(http.MethodPost, "/", "{}", f.with(reader).headers); resp.StatusCode != 401 {
		t.Errorf("taken out: status %d", resp.StatusCode)
	}
}

func TestTokensThatAreRefused(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	must[api.NewToken](t, l, "admin_tokenAdd", `["taken",["read"]]`)
	for _, tt := range []struct {
		params string
		code   api.Code
		text   string
	}{
		{`["",["read"]]`, api.CodeInvalidParams, "name of a token"},
		{`["x",[]]`, api.CodeInvalidParams, "needs a scope"},
		{`["x",["write"]]`, api.CodeInvalidParams, `unknown scope "write"`},
		{`["taken",["read"]]`, api.CodeExists, "a token of this name"},
		{`["x",["read"],"ana"]`, api.CodeInvalidParams, "not a key-uid"},
		{`["x",["admin"],"` + exampleAccount + `"]`, api.CodeInvalidParams, "a token of one account"},
		{`["x",["read"],null,0]`, api.CodeInvalidParams, "expiresInSeconds is 0"},
	} {
		_, e := invoke(t, l, "admin_tokenAdd", tt.params)
		wantError(t, e, tt.code, tt.text)
	}
	_, e := invoke(t, f.http(), "admin_tokenAdd", `["x",["debug"]]`)
	wantError(t, e, api.CodeScope, "the caller lacks")
	_, e = invoke(t, l, "admin_tokenRevoke", `["x"]`)
	wantError(t, e, api.CodeUnknownObject, "no token of this name")
	for i := range maxTokens - 1 {
		must[api.NewToken](t, l, "admin_tokenAdd", `["t`+strings.Repeat("x", i%50)+string(rune('a'+i/50))+`",["read"]]`)
	}
	_, e = invoke(t, l, "admin_tokenAdd", `["one too many",["read"]]`)
	wantError(t, e, api.CodeBusy, "tokens already")
}

func TestTokensFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.json")
	now := time.Unix(1_600_000_000, 0)
	b, err := openTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	token, err := b.add(&grant{name: "a", scopes: scopeRead, expires: now.Add(time.Hour)}, now)
	if err != nil {
		t.Fatal(err)
	}
	if b, err = openTokens(path); err != nil {
		t.Fatal(err)
	}
	if g := b.find(token, now); g == nil || g.name != "a" || g.scopes != scopeRead {
		t.Errorf("%+v", g)
	}
	if b.find(token, now.Add(time.Hour)) != nil || b.find("x", now) != nil {
		t.Error("an expired or unknown token is valid")
	}
	if _, err := b.add(&grant{name: "a", scopes: scopeRead}, now.Add(time.Hour)); err != nil {
		t.Errorf("the name of an expired token is taken: %v", err)
	}
	for _, text := range []string{
		`{`, `{"version":2}`, `{"version":1,"tokens":[{"name":"a","hash":"00","scopes":["read"]}]}`,
		`{"version":1,"tokens":[{"name":"a","hash":"` + strings.Repeat("00", 32) + `","scopes":["x"]}]}`,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := b.reload(); !errors.Is(err, ErrTokenFile) || len(b.list()) != 1 {
			t.Errorf("%s: %v", text, err)
		}
	}
}
