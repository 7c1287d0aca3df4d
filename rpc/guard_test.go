package rpc

import (
	"errors"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"statusd/api"
)

func TestAuthentication(t *testing.T) {
	const version = `{"jsonrpc":"2.0","id":1,"method":"waku_version"}`
	for _, tt := range []struct {
		name          string
		noAuth        bool
		authorization string // %: the right token
		status        int
	}{
		{"right", false, "Bearer %", http.StatusOK},
		{"other case", false, "bearer %", http.StatusOK},
		{"none", false, "", http.StatusUnauthorized},
		{"wrong", false, "Bearer " + strings.Repeat("0", 64), http.StatusUnauthorized},
		{"prefix", false, "Bearer %x", http.StatusUnauthorized},
		{"empty", false, "Bearer ", http.StatusUnauthorized},
		{"no scheme", false, "%", http.StatusUnauthorized},
		{"other scheme", false, "Basic %", http.StatusUnauthorized},
		{"off", true, "", http.StatusOK},
		{"off, right", true, "Bearer %", http.StatusOK},
		{"off, wrong", true, "Bearer wrong", http.StatusUnauthorized},
		{"off, other scheme", true, "Basic %", http.StatusOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := start(t, func(c *Config, _ *Deps) { c.HTTP.NoAuth = tt.noAuth })
			auth := strings.ReplaceAll(tt.authorization, "%", f.token)
			for _, path := range []string{"/", "/api/v1/rpc"} {
				resp, body := f.do(http.MethodPost, path, version, map[string]string{
					"Authorization": auth, "Content-Type": "application/json",
				})
				a := decode(t, body)
				if resp.StatusCode != tt.status || (a.Error == nil) != (tt.status == http.StatusOK) {
					t.Errorf("%s: status %d, body %s; want %d", path, resp.StatusCode, body, tt.status)
				}
				if tt.status == http.StatusUnauthorized {
					wantError(t, a.Error, api.CodeUnauthenticated, "")
					if !strings.HasPrefix(resp.Header.Get("WWW-Authenticate"), "Bearer") {
						t.Errorf("WWW-Authenticate %q", resp.Header.Get("WWW-Authenticate"))
					}
					if strings.Contains(body, f.dir) {
						t.Errorf("the answer names the data directory: %s", body)
					}
				}
			}
			h := http.Header{}
			if auth != "" {
				h.Set("Authorization", auth)
			}
			want := tt.status
			if want == http.StatusOK {
				want = http.StatusSwitchingProtocols
			}
			for _, path := range []string{"/", "/ws"} {
				if _, resp, _ := f.dialWS(path, h); resp == nil || resp.StatusCode != want {
					t.Errorf("WebSocket on %s: %+v, want status %d", path, resp, want)
				}
			}
		})
	}
}

func TestTokenInTheURLIsNotRead(t *testing.T) {
	f := start(t, nil)
	resp, body := f.do(http.MethodPost, "/?token="+f.token, request("waku_version", `[]`), map[string]string{
		"Content-Type": "application/json",
	})
	if resp.StatusCode != http.StatusUnauthorized || !strings.Contains(body, "URL") || strings.Contains(body, f.token) {
		t.Errorf("status %d, body %s", resp.StatusCode, body)
	}
}

func TestTokenInTheSubprotocol(t *testing.T) {
	f := start(t, nil)
	for _, tt := range []struct{ offered, chosen string }{
		{"bearer." + f.token, "bearer." + f.token},
		{"jsonrpc, bearer." + f.token, "jsonrpc"},
	} {
		conn, resp, err := f.dialWS("/ws", http.Header{"Sec-WebSocket-Protocol": {tt.offered}})
		if err != nil {
			t.Fatalf("%v (%+v)", err, resp)
		}
		if conn.Subprotocol() != tt.chosen {
			t.Errorf("subprotocol %q, want %q", conn.Subprotocol(), tt.chosen)
		}
		must[string](t, &wsLink{t: t, conn: conn}, "waku_version", `[]`)
	}
	_, resp, _ := f.dialWS("/ws", http.Header{"Sec-WebSocket-Protocol": {"bearer.wrong"}})
	if resp == nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("wrong token: %+v", resp)
	}
}

func TestTooManyFailures(t *testing.T) {
	f := start(t, nil)
	bad := map[string]string{"Authorization": "Bearer nope", "Content-Type": "application/json"}
	for i := range 12 {
		want := http.StatusUnauthorized
		if i >= maxFailures {
			want = http.StatusTooManyRequests
		}
		resp, body := f.do(http.MethodPost, "/", "{}", bad)
		if resp.StatusCode != want {
			t.Fatalf("attempt %d: status %d, want %d", i+1, resp.StatusCode, want)
		}
		if want == http.StatusTooManyRequests && (resp.Header.Get("Retry-After") == "" ||
			decode(t, body).Error.Data.RetryAfterSeconds == 0) {
			t.Errorf("nothing says when to try again: %s", body)
		}
	}
	must[string](t, f.http(), "waku_version", `[]`) // who has the token is not locked out
}

func TestAttempts(t *testing.T) {
	var a attempts
	now := time.Unix(1_700_000_000, 0)
	ip := netip.MustParseAddr("192.0.2.1")
	for i := range maxFailures {
		if wait, _ := a.fail(ip, now.Add(time.Duration(i)*time.Second)); wait != 0 {
			t.Fatalf("failure %d has to wait %v", i+1, wait)
		}
	}
	if wait, _ := a.fail(ip, now.Add(30*time.Second)); wait != 30*time.Second {
		t.Errorf("wait %v, want 30s", wait)
	}
	if wait, _ := a.fail(netip.MustParseAddr("192.0.2.2"), now.Add(30*time.Second)); wait != 0 {
		t.Errorf("another address has to wait %v", wait)
	}
	if wait, _ := a.fail(ip, now.Add(60*time.Second)); wait != 0 {
		t.Errorf("after a minute: wait %v", wait)
	}
	one, two := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
	for range maxFailures {
		a.fail(one, now)
	}
	if wait, first := a.fail(two, now); wait == 0 || !first {
		t.Errorf("hosts of one IPv6 network are counted apart")
	}
	if _, first := a.fail(one, now); first {
		t.Errorf("told twice")
	}
	for i := range 3 * maxAddresses {
		a.fail(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), now)
	}
	if len(a.failed) > maxAddresses {
		t.Errorf("%d addresses remembered", len(a.failed))
	}
}

func TestHostHeader(t *testing.T) {
	f := start(t, func(c *Config, _ *Deps) {
		c.HTTP.VirtualHosts = []string{"localhost", "Node.example"}
		c.Metrics = ListenConfig{Enabled: true, Addr: "127.0.0.1:0"}
	})
	for host, status := range map[string]int{
		"127.0.0.1": 200, "127.0.0.1:8545": 200, "[::1]": 200, "[::1]:8545": 200, "localhost": 200, "LOCALHOST:1": 200,
		"localhost.": 200, "node.example:8545": 200, "evil.example": 403, "localhost.evil.example": 403,
		"127.0.0.1.evil.example": 403,
	} {
		ends := f.Endpoints()
		for _, url := range []string{ends.HTTP + "/", ends.HTTP + "/health", ends.Metrics + "/metrics"} {
			resp, body := do(t, http.DefaultClient, http.MethodGet, url, "", map[string]string{"Host": host})
			if resp.StatusCode != status {
				t.Errorf("%s with host %s: status %d (%s), want %d", url, host, resp.StatusCode, body, status)
			}
		}
	}
	open := start(t, func(c *Config, _ *Deps) { c.HTTP.VirtualHosts = []string{"*"} })
	if resp, _ := open.do(http.MethodGet, "/", "", map[string]string{"Host": "any.example"}); resp.StatusCode != 200 {
		t.Errorf("with *: status %d", resp.StatusCode)
	}
}

func TestOrigin(t *testing.T) {
	f := start(t, func(c *Config, _ *Deps) { c.HTTP.Cors = []string{"https://app.example"} })
	for origin, allowed := range map[string]bool{
		"https://app.example": true, "https://APP.example": true, "http://app.example": false,
		"https://app.example.evil": false, "null": false, "http://localhost": false, "http://127.0.0.1:8545": false,
	} {
		h := f.http().headers
		h["Origin"] = origin
		resp, body := f.do(http.MethodPost, "/", request("waku_version", `[]`), h)
		if (resp.StatusCode == 200) != allowed {
			t.Errorf("origin %s: status %d, %s", origin, resp.StatusCode, body)
		}
		got := resp.Header.Get("Access-Control-Allow-Origin")
		if (got == origin) != allowed || resp.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("origin %s: allowed %q", origin, got)
		}
		_, ws, err := f.dialWS("/", http.Header{"Authorization": {"Bearer " + f.token}, "Origin": {origin}})
		if (err == nil) != allowed {
			t.Errorf("WebSocket with origin %s: %v %+v", origin, err, ws)
		}
		resp, _ = f.do(http.MethodOptions, "/", "", map[string]string{
			"Origin": origin, "Access-Control-Request-Method": "POST",
		})
		headers := resp.Header.Get("Access-Control-Allow-Headers")
		if (resp.StatusCode == http.StatusNoContent && strings.Contains(headers, "Authorization")) != allowed {
			t.Errorf("preflight from %s: status %d", origin, resp.StatusCode)
		}
	}
}

func TestHTTPMethodsAndTypes(t *testing.T) {
	f := start(t, nil)
	const version = `{"jsonrpc":"2.0","id":1,"method":"waku_version"}`
	for _, tt := range []struct {
		method, path, contentType string
		status                    int
	}{
		{"GET", "/", "", 200}, {"HEAD", "/", "", 200}, {"GET", "/api/v1/rpc", "", 200}, {"GET", "/api/v1/check", "", 200},
		{"POST", "/api/v1/check", "", 405}, {"GET", "/?x=1", "", 405}, {"PUT", "/", "application/json", 405},
		{"DELETE", "/", "", 405}, {"PATCH", "/api/v1/rpc", "", 405}, {"OPTIONS", "/", "", 204}, {"GET", "/ws", "", 426},
		{"GET", "/nothing", "", 404}, {"POST", "/rpc", "application/json", 404},
		{"POST", "/", "application/json", 200}, {"POST", "/", "application/json; charset=utf-8", 200},
		{"POST", "/", "application/json-rpc", 200}, {"POST", "/", "application/jsonrequest", 200},
		{"POST", "/", "text/plain", 415}, {"POST", "/", "", 415}, {"POST", "/", "application/x-www-form-urlencoded", 415},
	} {
		h := map[string]string{"Authorization": "Bearer " + f.token}
		if tt.contentType != "" {
			h["Content-Type"] = tt.contentType
		}
		body := ""
		if tt.method == "POST" {
			body = version
		}
		resp, got := f.do(tt.method, tt.path, body, h)
		if resp.StatusCode != tt.status {
			t.Errorf("%s %s (%s): status %d, want %d", tt.method, tt.path, tt.contentType, resp.StatusCode, tt.status)
		}
		if tt.status >= 400 && tt.method != "HEAD" && decode(t, got).Error == nil {
			t.Errorf("%s %s: body %q says nothing", tt.method, tt.path, got)
		}
		if tt.status == 405 && resp.Header.Get("Allow") == "" {
			t.Errorf("%s %s: no Allow header", tt.method, tt.path)
		}
	}
	h := f.http().headers
	h["Content-Encoding"] = "gzip"
	if resp, _ := f.do("POST", "/", version, h); resp.StatusCode != 415 {
		t.Errorf("compressed body: status %d", resp.StatusCode)
	}
}

// TestSecrets asks for key material over every kind of connection.
func TestSecrets(t *testing.T) {
	f := start(t, nil)
	must[string](t, f.ipc(), "waku_addPrivateKey", `["`+examplePrivateKey+`"]`)
	if k := must[string](t, f.ipc(), "waku_getPrivateKey", `["`+exampleKeyID+`"]`); k != examplePrivateKey {
		t.Errorf("over the socket: %s", k)
	}
	for name, l := range map[string]link{"http": f.http(), "ws": f.ws()} {
		for _, m := range []string{"waku_getPrivateKey", "waku_getSymKey"} {
			_, e := invoke(t, l, m, `["`+exampleKeyID+`"]`)
			wantError(t, e, api.CodeScope, `lacks the scope "debug"`)
			if e.Data.Hint == "" {
				t.Errorf("%s over %s: no hint", m, name)
			}
		}
	}
	resp, _ := f.do(http.MethodPost, "/", request("waku_getPrivateKey", `["x"]`), f.http().headers)
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("status %d, want 403", resp.StatusCode)
	}

	m := f.dispatch.methods["waku_getPrivateKey"]
	for _, tt := range []struct {
		scopes  scope
		private bool
		allowed bool
	}{{scopeAll, true, true}, {scopeAll, false, false}, {scopeToken, true, false}, {scopeToken, false, false}} {
		if e := permitted(&caller{scopes: tt.scopes, private: tt.private}, m); (e == nil) != tt.allowed {
			t.Errorf("scopes %b, private %v: %v", tt.scopes, tt.private, e)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return p
	}
	good := file("token", strings.Repeat("ab", 32)+"\n", 0o600)
	http := func(h HTTPConfig, token string) Config { h.Enabled = true; return Config{HTTP: h, TokenFile: token} }
	for name, tt := range map[string]struct {
		cfg  Config
		want error
	}{
		"off":                 {Config{}, nil},
		"token":               {http(HTTPConfig{Host: "0.0.0.0"}, good), nil},
		"no auth on loopback": {http(HTTPConfig{Host: "localhost", NoAuth: true}, ""), nil},
		"no auth on ::1":      {http(HTTPConfig{Host: "::1", NoAuth: true}, ""), nil},
		"no auth on all":      {http(HTTPConfig{Host: "0.0.0.0", NoAuth: true}, ""), ErrNoAuthNotLoopback},
		"no auth on empty":    {http(HTTPConfig{NoAuth: true}, ""), ErrNoAuthNotLoopback},
		"no auth on a name":   {http(HTTPConfig{Host: "node.example", NoAuth: true}, ""), ErrNoAuthNotLoopback},
		"no auth, every origin": {
			http(HTTPConfig{Host: "127.0.0.1", NoAuth: true, Cors: []string{"*"}}, ""), ErrNoAuthAnyOrigin,
		},
		"no token":        {http(HTTPConfig{Host: "127.0.0.1"}, ""), ErrNoToken},
		"token too short": {http(HTTPConfig{Host: "127.0.0.1"}, file("short", "abc", 0o600)), ErrTokenFile},
		"token of two words": {
			http(HTTPConfig{Host: "127.0.0.1"}, file("two", strings.Repeat("ab ", 32), 0o600)), ErrTokenFile,
		},
		"token is a folder":  {http(HTTPConfig{Host: "127.0.0.1"}, dir), ErrTokenFile},
		"token nowhere":      {http(HTTPConfig{Host: "127.0.0.1"}, dir+"/no/token"), ErrTokenFile},
		"half a certificate": {http(HTTPConfig{Host: "127.0.0.1", TLSCert: good}, good), ErrTLSFiles},
		"no certificate":     {http(HTTPConfig{Host: "127.0.0.1", TLSCert: good, TLSKey: good}, good), ErrTLSFiles},
		"public profiles":    {Config{Pprof: ListenConfig{Enabled: true, Addr: ":52525"}}, ErrPprofNotLoopback},
		"long socket path":   {Config{IPC: IPCConfig{Enabled: true, Path: strings.Repeat("x", 105)}}, ErrIPCPathTooLong},
		"unknown group":      {Config{IPC: IPCConfig{Enabled: true, Path: "x", Group: "no-such-group"}}, ErrIPCGroup},
	} {
		t.Run(name, func(t *testing.T) {
			node := &fakeNode{}
			_, err := New(tt.cfg, Deps{Node: node, Peers: node, Logs: node, Health: node})
			if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

func TestTokenFile(t *testing.T) {
	f := start(t, nil)
	info, err := os.Stat(filepath.Join(f.dir, "rpc-token"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("token file: %v, %v", info, err)
	}
	if len(f.token) != 64 {
		t.Errorf("token of %d characters", len(f.token))
	}

	// Another token: the old one is refused at once, its connections are closed.
	ws, ipc := f.ws(), f.ipc()
	must[string](t, ws, "waku_version", `[]`)
	must[string](t, ipc, "waku_version", `[]`)
	other := strings.Repeat("cd", 32)
	if err := os.WriteFile(filepath.Join(f.dir, "rpc-token"), []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Reload(); err != nil {
		t.Fatal(err)
	}
	if code := closedBy(t, ws.conn); code != websocket.ClosePolicyViolation {
		t.Errorf("closed with %d", code)
	}
	must[string](t, ipc, "waku_version", `[]`)
	if resp, _ := f.do(http.MethodPost, "/", "{}", f.http().headers); resp.StatusCode != 401 {
		t.Errorf("old token: status %d", resp.StatusCode)
	}
	f.token = other
	must[string](t, f.http(), "waku_version", `[]`)

	// A file that cannot be used is reported, and changes nothing.
	if err := os.WriteFile(filepath.Join(f.dir, "rpc-token"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Reload(); !errors.Is(err, ErrTokenFile) {
		t.Errorf("Reload: %v", err)
	}
	must[string](t, f.http(), "waku_version", `[]`)
}
