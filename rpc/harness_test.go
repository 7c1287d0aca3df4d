package rpc

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/event"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"statusd/accounts/kdf"
	"statusd/api"
	"statusd/configs"
	"statusd/internal/feed"
	"statusd/internal/profile"
	"statusd/mailserver/history"
	"statusd/waku"
)

// fakeNode stands for the rest of the daemon.
type fakeNode struct {
	events event.Feed

	mu     sync.Mutex
	done   []string // what was asked for
	health api.Health
	err    error // returned by what can fail
}

func (f *fakeNode) note(what string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done = append(f.done, what)
	return f.err
}

func (f *fakeNode) noted() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.done...)
}

func (f *fakeNode) NodeInfo() api.NodeInfo {
	return api.NodeInfo{
		ID: exampleID, Enode: exampleNode, Protocols: api.NodeProtocols{Waku: &api.WakuProtocol{Version: "1"}},
	}
}

func (f *fakeNode) PeersInfo() []api.PeerInfo {
	return []api.PeerInfo{{
		Enode: exampleNode, Caps: []string{"waku/1"}, Protocols: api.PeerProtocols{Waku: &api.WakuPeer{}},
	}}
}

func (f *fakeNode) PeerCount() int    { return 4 }
func (f *fakeNode) Listening() bool   { return true }
func (f *fakeNode) NetworkID() uint64 { return 1 }
func (f *fakeNode) DataDir() string   { return "/data" }

func (f *fakeNode) AddPeer(n *enode.Node) error        { return f.note("add " + n.ID().String()) }
func (f *fakeNode) RemovePeer(n *enode.Node) error     { return f.note("remove " + n.ID().String()) }
func (f *fakeNode) AddTrustedPeer(n *enode.Node) error { return f.note("trust " + n.ID().String()) }
func (f *fakeNode) RemoveTrustedPeer(n *enode.Node) error {
	return f.note("untrust " + n.ID().String())
}

func (f *fakeNode) SubscribeEvents(ch chan *p2p.PeerEvent) event.Subscription {
	return f.events.Subscribe(ch)
}

func (f *fakeNode) SetLogLevel(module, level string) error {
	return f.note("log " + module + " " + level)
}

func (f *fakeNode) Health() api.Health {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.health
}

func (f *fakeNode) setHealth(h api.Health) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.health = h
}

// fixture is a running server with everything around it.
type fixture struct {
	*Server
	t      *testing.T
	dir    string
	node   *fakeNode
	waku   *fakeWaku
	mail   *fakeHistory
	files  *profile.Manager
	ring   *feed.Signals
	token  string
	cancel context.CancelFunc
	done   chan error // what Run returned
	stops  chan struct{}
}

// prepare builds a server that is not running yet. change may be nil.
func prepare(t *testing.T, change func(*Config, *Deps)) *fixture {
	t.Helper()
	dir, err := os.MkdirTemp("", "rpc") // t.TempDir gives paths too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	host, err := waku.New(waku.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ref, err := configs.ParseNodeRef(exampleNode)
	if err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewRegistry()
	f := &fixture{
		t: t, dir: dir, node: &fakeNode{}, waku: &fakeWaku{Waku: host, host: host, connected: ref.Node().ID()},
		mail: &fakeHistory{}, stops: make(chan struct{}, 1), done: make(chan error, 1),
	}
	f.mail.status = []history.ServerStatus{{ID: ref.Node().ID(), Enode: exampleNode, Connected: true}}
	f.node.health = api.Health{NodeHealth: api.HealthReady, Alive: true, Version: "v1", UptimeSeconds: 60,
		ProtocolsHealth: []api.ComponentHealth{{Name: "Waku", Level: api.HealthReady, Desc: "4 peers"}}}
	cfg := Config{
		Logger: zap.NewNop(), Registerer: reg,
		Name: "statusd/v1/test", Version: api.VersionInfo{
			Version: "v1", Commit: "c0ffee", Go: "go1.26", Protocols: []string{"waku/1"},
		},
		IPC:       IPCConfig{Enabled: true, Path: filepath.Join(dir, "statusd.ipc")},
		HTTP:      HTTPConfig{Enabled: true, Host: "127.0.0.1", VirtualHosts: []string{"localhost"}},
		TokenFile: filepath.Join(dir, "rpc-token"), TokensFile: filepath.Join(dir, "tokens.json"),
		StopTimeout: time.Second,
	}
	desk := &office{host: host}
	files, err := profile.Open(profile.Config{
		Dir: dir, Cost: kdf.Cost{N: 2, R: 8, P: 1}, BackupCost: kdf.Cost{N: 2, R: 8, P: 1},
		Attach: desk.attach, InstallationID: exampleInstall,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := files.Close(); err != nil {
			t.Error(err)
		}
	})
	f.files, f.ring = files, feed.NewSignals(time.Now)
	deps := Deps{
		Accounts: files, Events: feed.New(files, f.ring, time.Now), Messenger: desk.theMessenger, Courier: desk.theCourier,
		Node: f.node, Peers: f.node, Logs: f.node, Health: f.node, Waku: f.waku, Guest: f.waku.guest, Gatherer: reg,
		History: f.mail, Mail: f.node, Records: &fakeRecords{}, Discovery: &fakeDiscovery{},
		Shutdown: func() { f.stops <- struct{}{} },
	}
	if change != nil {
		change(&cfg, &deps)
	}
	if f.Server, err = New(cfg, deps); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(cfg.TokenFile); err == nil {
		f.token = strings.TrimSpace(string(raw))
	}
	ctx, cancel := context.WithCancel(context.Background())
	hostDone := make(chan struct{})
	go func() {
		defer close(hostDone)
		host.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-hostDone
	})
	return f
}

// start builds and runs a server until the test ends.
func start(t *testing.T, change func(*Config, *Deps)) *fixture {
	t.Helper()
	f := prepare(t, change)
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel = cancel
	go func() { f.done <- f.Run(ctx) }()
	select {
	case <-f.Ready():
	case err := <-f.done:
		t.Fatalf("Run: %v", err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-f.done; err != nil {
			t.Errorf("Run: %v", err)
		}
		f.done <- nil
	})
	return f
}

// stop ends the server and waits for it.
func (f *fixture) stop() {
	f.cancel()
	err := <-f.done
	if err != nil {
		f.t.Errorf("Run: %v", err)
	}
	f.done <- nil // for the cleanup
}

// link is a client over one of the transports.
type link interface {
	// send sends a message and returns the answer to it; "" if the transport
	// says that there is none.
	send(message string) string
	// push waits for what comes without being asked for.
	push() string
}

// links are all transports, each with a fresh connection.
func (f *fixture) links() map[string]link {
	return map[string]link{"ipc": f.ipc(), "http": f.http(), "ws": f.ws()}
}

const patience = 30 * time.Second // of tests; not a measurement

type ipcLink struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

func (f *fixture) ipc() *ipcLink {
	f.t.Helper()
	conn, err := net.Dial("unix", f.Endpoints().IPC)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return &ipcLink{t: f.t, conn: conn, r: bufio.NewReader(conn)}
}

func (l *ipcLink) send(message string) string {
	l.t.Helper()
	if _, err := io.WriteString(l.conn, message+"\n"); err != nil {
		l.t.Fatalf("write: %v", err)
	}
	return l.push()
}

func (l *ipcLink) push() string {
	l.t.Helper()
	line, err := l.r.ReadString('\n')
	if err != nil {
		l.t.Fatalf("read: %v", err)
	}
	return strings.TrimSuffix(line, "\n")
}

type httpLink struct {
	f       *fixture
	headers map[string]string
	path    string
}

func (f *fixture) http() *httpLink {
	return &httpLink{f: f, path: "/", headers: map[string]string{
		"Authorization": "Bearer " + f.token, "Content-Type": "application/json",
	}}
}

func (l *httpLink) send(message string) string {
	l.f.t.Helper()
	_, body := l.f.do(http.MethodPost, l.path, message, l.headers)
	return strings.TrimSuffix(body, "\n")
}

func (l *httpLink) push() string { panic("HTTP does not push") }

// do sends one HTTP request with the given headers. "Host" sets the host.
func (f *fixture) do(method, path, body string, headers map[string]string) (*http.Response, string) {
	f.t.Helper()
	return do(f.t, http.DefaultClient, method, f.Endpoints().HTTP+path, body, headers)
}

func do(t *testing.T, c *http.Client, method, url, body string, headers map[string]string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range headers {
		if k == "Host" {
			req.Host = v
		} else {
			req.Header.Set(k, v)
		}
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(raw)
}

type wsLink struct {
	t    *testing.T
	conn *websocket.Conn
}

func (f *fixture) ws() *wsLink {
	f.t.Helper()
	conn, _, err := f.dialWS("/ws", http.Header{"Authorization": {"Bearer " + f.token}})
	if err != nil {
		f.t.Fatal(err)
	}
	return &wsLink{t: f.t, conn: conn}
}

func (f *fixture) dialWS(path string, h http.Header) (*websocket.Conn, *http.Response, error) {
	conn, resp, err := websocket.DefaultDialer.DialContext(f.t.Context(), f.Endpoints().WS+path, h)
	if err == nil {
		f.t.Cleanup(func() { conn.Close() })
		conn.SetReadDeadline(time.Now().Add(patience))
	}
	return conn, resp, err
}

func (l *wsLink) send(message string) string {
	l.t.Helper()
	if err := l.conn.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
		l.t.Fatalf("write: %v", err)
	}
	return l.push()
}

func (l *wsLink) push() string {
	l.t.Helper()
	_, raw, err := l.conn.ReadMessage()
	if err != nil {
		l.t.Fatalf("read: %v", err)
	}
	return string(raw)
}

// answer is a decoded answer or notification.
type answer struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  json.RawMessage `json:"result"`
	Error   *api.Error      `json:"error"`
	Method  string          `json:"method"`
	Params  struct {
		Subscription string          `json:"subscription"`
		Result       json.RawMessage `json:"result"`
		Error        *api.Error      `json:"error"`
	} `json:"params"`
}

func decode(t *testing.T, raw string) answer {
	t.Helper()
	var a answer
	dec := json.NewDecoder(strings.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&a); err != nil {
		t.Fatalf("answer %q: %v", raw, err)
	}
	if a.JSONRPC != "2.0" {
		t.Fatalf("answer %q: version %q", raw, a.JSONRPC)
	}
	return a
}

// request makes a call with the id 1. params is JSON.
func request(method, params string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":` + params + `}`
}

// invoke makes a call and returns its result or error.
func invoke(t *testing.T, l link, method, params string) (json.RawMessage, *api.Error) {
	t.Helper()
	a := decode(t, l.send(request(method, params)))
	for a.Method != "" { // a notification came in between
		a = decode(t, l.push())
	}
	if string(a.ID) != "1" {
		t.Fatalf("%s: answer has the id %q", method, a.ID)
	}
	if (a.Error == nil) == (a.Result == nil) {
		t.Fatalf("%s: answer has both or neither of result and error", method)
	}
	return a.Result, a.Error
}

// must makes a call that has to succeed and decodes its result.
func must[R any](t *testing.T, l link, method, params string) R {
	t.Helper()
	raw, e := invoke(t, l, method, params)
	if e != nil {
		t.Fatalf("%s: %d %s (%s)", method, e.Code, e.Message, e.Data.Hint)
	}
	var r R
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	return r
}

// wantError checks code, text and the common parts of an error.
func wantError(t *testing.T, e *api.Error, code api.Code, text string) {
	t.Helper()
	if e == nil {
		t.Fatalf("no error, want %d %q", code, text)
	}
	if e.Code != code || !strings.Contains(e.Message, text) {
		t.Errorf("error %d %q, want %d and %q", e.Code, e.Message, code, text)
	}
	if e.Data.Kind == "" || e.Data.RequestID == "" {
		t.Errorf("error data %+v lacks kind or request id", e.Data)
	}
}

// closedBy waits for the end of a WebSocket connection and returns its code.
func closedBy(t *testing.T, conn *websocket.Conn) int {
	t.Helper()
	for {
		_, _, err := conn.ReadMessage()
		var ce *websocket.CloseError
		if errors.As(err, &ce) {
			return ce.Code
		}
		if err != nil {
			t.Fatalf("connection ended without a close frame: %v", err)
		}
	}
}

func compact(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var buf bytes.Buffer
	if err := json.Compact(&buf, raw); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}
