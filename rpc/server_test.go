package rpc

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gethrpc "github.com/ethereum/go-ethereum/rpc"

	"statusd/api"
	"statusd/waku"
	"statusd/waku/wire"
)

func TestAddressInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	for name, change := range map[string]func(*Config){
		"http":    func(c *Config) { c.HTTP.Port = port },
		"metrics": func(c *Config) { c.Metrics = ListenConfig{Enabled: true, Addr: l.Addr().String()} },
		"pprof":   func(c *Config) { c.Pprof = ListenConfig{Enabled: true, Addr: l.Addr().String()} },
	} {
		t.Run(name, func(t *testing.T) {
			f := prepare(t, func(c *Config, _ *Deps) { change(c) })
			err := f.Run(t.Context())
			if !errors.Is(err, ErrAddressInUse) || !strings.Contains(err.Error(), l.Addr().String()) {
				t.Errorf("Run: %v", err)
			}
			if _, err := os.Lstat(filepath.Join(f.dir, "statusd.ipc")); !os.IsNotExist(err) {
				t.Errorf("the socket was left behind")
			}
		})
	}
}

func TestAddressOfAnotherMachine(t *testing.T) {
	const addr = "203.0.113.9:9305" // TEST-NET-3
	f := prepare(t, func(c *Config, _ *Deps) { c.Metrics = ListenConfig{Enabled: true, Addr: addr} })
	err := f.Run(t.Context())
	if !errors.Is(err, ErrListen) {
		t.Fatalf("Run: %v", err)
	}
	if text := err.Error(); strings.Count(text, addr) != 1 || !strings.Contains(text, "choose another") {
		t.Errorf("Run: %v; want the address once, and what to do", err)
	}
}

func TestStopBeforeStart(t *testing.T) {
	f := prepare(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
}

// postOnAll posts over every transport and waits until each post has begun. The
// answers come through the channel.
func postOnAll(f *fixture, started <-chan struct{}) <-chan string {
	links := f.links()
	results := make(chan string, len(links))
	for _, l := range links {
		go func() { results <- l.send(request("waku_post", `[{"pubKey":"`+examplePublicKey+`"}]`)) }()
	}
	for range links {
		<-started
	}
	return results
}

// TestStopWaitsForCalls stops while a post is being mined: it ends, and its
// answer arrives.
func TestStopWaitsForCalls(t *testing.T) {
	started, release := make(chan struct{}, 3), make(chan struct{})
	f := start(t, func(c *Config, _ *Deps) { c.StopTimeout = patience })
	f.waku.onPost = func(ctx context.Context, _ waku.Post) (wire.Hash, error) {
		started <- struct{}{}
		select {
		case <-release:
			return wire.Hash{1}, nil
		case <-ctx.Done():
			return wire.Hash{}, ctx.Err()
		}
	}
	results := postOnAll(f, started)
	f.cancel()
	close(release)
	for range 3 {
		if a := decode(t, <-results); a.Error != nil {
			t.Errorf("answer %+v", a.Error)
		}
	}
	f.stop()
}

// TestStopCancelsCalls stops while a call does not come to its end.
func TestStopCancelsCalls(t *testing.T) {
	started := make(chan struct{}, 3)
	f := start(t, func(c *Config, _ *Deps) { c.StopTimeout = time.Millisecond })
	f.waku.onPost = func(ctx context.Context, _ waku.Post) (wire.Hash, error) {
		started <- struct{}{}
		<-ctx.Done()
		return wire.Hash{}, ctx.Err()
	}
	results := postOnAll(f, started)
	f.stop()
	for range 3 {
		wantError(t, decode(t, <-results).Error, api.CodeFailed, "request cancelled")
	}
}

func TestShutdownByRPC(t *testing.T) {
	f := start(t, nil)
	for _, l := range f.links() {
		if !must[bool](t, l, "admin_shutdown", `[]`) {
			t.Error("not true")
		}
		<-f.stops
	}
}

// TestGethClient talks to the server with go-ethereum's client.
func TestGethClient(t *testing.T) {
	f := start(t, nil)
	ctx, end := f.Endpoints(), t.Context()
	auth := gethrpc.WithHeader("Authorization", "Bearer "+f.token)
	for name, url := range map[string]string{"ipc": ctx.IPC, "http": ctx.HTTP, "ws": ctx.WS} {
		t.Run(name, func(t *testing.T) {
			c, err := gethrpc.DialOptions(end, url, auth)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			var id string
			if err := c.Call(&id, "waku_addPrivateKey", examplePrivateKey); err != nil || id != exampleKeyID {
				t.Fatalf("id %q, %v", id, err)
			}
			batch := []gethrpc.BatchElem{{Method: "net_version", Result: new(string)}, {Method: "no_such", Result: new(string)}}
			if err := c.BatchCall(batch); err != nil || batch[0].Error != nil || batch[1].Error == nil {
				t.Errorf("batch: %v %+v", err, batch)
			}
			err = c.Call(nil, "waku_getPublicKey", "nope")
			var data gethrpc.DataError
			if !errors.As(err, &data) || !strings.Contains(err.Error(), "invalid id") || data.ErrorData() == nil {
				t.Errorf("error %v", err)
			}
			messages := make(chan json.RawMessage, 1)
			sub, err := c.Subscribe(end, "waku", messages, "messages", map[string]string{"privateKeyID": id})
			if name == "http" {
				if err == nil {
					t.Error("subscribed over HTTP")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			post := map[string]any{"pubKey": examplePublicKey, "payload": "0x01", "powTime": 5, "powTarget": 0.001, "ttl": 10}
			if err := c.Call(nil, "waku_post", post); err != nil {
				t.Fatal(err)
			}
			select {
			case m := <-messages:
				if !strings.Contains(string(m), `"payload":"0x01"`) {
					t.Errorf("message %s", m)
				}
			case err := <-sub.Err():
				t.Fatal(err)
			case <-end.Done():
				t.Fatal("no message")
			}
			sub.Unsubscribe()
		})
	}
}

// certFiles writes a self-signed certificate with a serial number.
func certFiles(t *testing.T, dir string, serial int64) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: raw},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	f := start(t, func(c *Config, _ *Deps) { c.HTTP.TLSCert, c.HTTP.TLSKey = certFiles(t, dir, 1) })
	serial := func() int64 {
		t.Helper()
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		defer client.CloseIdleConnections()
		resp, body := do(t, client, http.MethodPost, f.Endpoints().HTTP, request("waku_version", `[]`), f.http().headers)
		if a := decode(t, body); resp.StatusCode != 200 || string(a.Result) != `"1"` {
			t.Fatalf("status %d, %s", resp.StatusCode, body)
		}
		return resp.TLS.PeerCertificates[0].SerialNumber.Int64()
	}
	if !strings.HasPrefix(f.Endpoints().HTTP, "https://") || !strings.HasPrefix(f.Endpoints().WS, "wss://") {
		t.Errorf("endpoints %+v", f.Endpoints())
	}
	if n := serial(); n != 1 {
		t.Errorf("certificate %d", n)
	}
	certFiles(t, dir, 2)
	if err := f.Reload(); err != nil {
		t.Fatal(err)
	}
	if n := serial(); n != 2 {
		t.Errorf("after reload: certificate %d", n)
	}
	os.WriteFile(filepath.Join(dir, "cert.pem"), []byte("broken"), 0o600)
	if err := f.Reload(); !errors.Is(err, ErrTLSFiles) {
		t.Errorf("Reload: %v", err)
	}
	if n := serial(); n != 2 {
		t.Errorf("after a failed reload: certificate %d", n)
	}
}

func TestProbes(t *testing.T) {
	f := start(t, func(c *Config, _ *Deps) { c.Metrics = ListenConfig{Enabled: true, Addr: "127.0.0.1:0"} })
	get := func(base, path, auth string) (int, string) {
		t.Helper()
		resp, body := do(t, http.DefaultClient, http.MethodGet, base+path, "", map[string]string{"Authorization": auth})
		return resp.StatusCode, body
	}
	for _, tt := range []struct {
		health        api.Health
		alive, ready  int
		levelInAnswer string
	}{
		{api.Health{NodeHealth: api.HealthReady, Alive: true}, 200, 200, "READY"},
		{api.Health{NodeHealth: api.HealthNotReady, Alive: true}, 200, 503, "NOT_READY"},
		{api.Health{NodeHealth: api.HealthShuttingDown, Alive: true}, 200, 503, "SHUTTING_DOWN"},
		{api.Health{NodeHealth: api.HealthReady, Alive: false}, 503, 503, "READY"},
	} {
		tt.health.Version, tt.health.UptimeSeconds = "v1", 0
		tt.health.ProtocolsHealth = []api.ComponentHealth{{Name: "Waku", Level: api.HealthReady, Desc: "4 peers"}}
		f.node.setHealth(tt.health)
		for _, base := range []string{f.Endpoints().HTTP, f.Endpoints().Metrics} {
			for path, want := range map[string]int{
				"/health": tt.alive, "/healthz": tt.alive, "/livez": tt.alive, "/ready": tt.ready, "/readyz": tt.ready,
			} {
				status, body := get(base, path, "")
				level := `"nodeHealth":"` + tt.levelInAnswer + `"`
				if status != want || !strings.Contains(body, level) || strings.Contains(body, "4 peers") {
					t.Errorf("%s: status %d, body %s", path, status, body)
				}
			}
		}
	}
	base := f.Endpoints().HTTP
	want := `{"nodeHealth":"READY","protocolsHealth":[{"Waku":"READY","desc":"4 peers"}],"version":"v1","uptimeSeconds":0}`
	if _, body := get(base, "/health", "Bearer "+f.token); strings.TrimSpace(body) != want {
		t.Errorf("with the token: %s", body)
	}
	if status, _ := get(base, "/health", "Bearer wrong"); status != 401 {
		t.Errorf("with a wrong token: status %d", status)
	}
	if _, body := get(base, "/version", ""); strings.TrimSpace(body) !=
		`{"version":"v1","commit":"c0ffee","go":"go1.26","protocols":["waku/1"]}` {
		t.Errorf("version: %s", body)
	}
	raw := must[json.RawMessage](t, f.ipc(), "status_health", `[]`)
	if compact(t, raw) != want {
		t.Errorf("status_health: %s", raw)
	}
}

func TestMetrics(t *testing.T) {
	f := start(t, func(c *Config, _ *Deps) {
		c.Metrics = ListenConfig{Enabled: true, Addr: "127.0.0.1:0"}
		c.Pprof = ListenConfig{Enabled: true, Addr: "localhost:0"}
	})
	l := f.ipc()
	must[string](t, l, "waku_version", `[]`)
	invoke(t, l, "made_up_by_the_client", `[]`)
	invoke(t, l, "web3_sha3", `[]`)
	for url, auth := range map[string]string{
		f.Endpoints().Metrics + "/metrics":                  "",
		f.Endpoints().Metrics + "/debug/metrics/prometheus": "",
		f.Endpoints().HTTP + "/metrics":                     "Bearer " + f.token,
	} {
		resp, body := do(t, http.DefaultClient, http.MethodGet, url, "", map[string]string{"Authorization": auth})
		for _, line := range []string{
			`statusd_rpc_requests_total{code="0",method="waku_version"} 1`,
			`statusd_rpc_requests_total{code="-32601",method="other"} 1`,
			`statusd_rpc_requests_total{code="-32602",method="web3_sha3"} 1`,
			`statusd_rpc_seconds_count{method="waku_version"} 1`, `statusd_rpc_sessions{transport="ipc"} 1`,
		} {
			if resp.StatusCode != 200 || !strings.Contains(body, line+"\n") {
				t.Errorf("%s: status %d, no line %s", url, resp.StatusCode, line)
			}
		}
		if strings.Contains(body, "made_up") {
			t.Errorf("%s: a client can make up labels", url)
		}
	}
	if resp, _ := f.do(http.MethodGet, "/metrics", "", nil); resp.StatusCode != 401 {
		t.Errorf("metrics on the RPC port without token: status %d", resp.StatusCode)
	}
	resp, body := do(t, http.DefaultClient, http.MethodGet, f.Endpoints().Pprof+"/debug/pprof/goroutine?debug=1", "", nil)
	if resp.StatusCode != 200 || !strings.Contains(body, "goroutine profile") {
		t.Errorf("profile: status %d", resp.StatusCode)
	}
	resp, _ = do(t, http.DefaultClient, http.MethodGet, f.Endpoints().Pprof+"/debug/pprof/cmdline", "", nil)
	if resp.StatusCode != 404 {
		t.Errorf("command line: status %d", resp.StatusCode)
	}
}
