//go:build integration

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"statusd/api"
	"statusd/api/client"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"
)

// patience bounds every wait for another process.
const patience = 60 * time.Second

var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "statusd-e2e")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "statusd")
		build := exec.Command("go", "build", "-o", binary, "statusd/cmd/statusd")
		build.Stdout, build.Stderr = os.Stderr, os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "build statusd:", err)
			return 1
		}
		return m.Run()
	}())
}

// settings are what a test node's configuration file says.
type settings map[string]any

// node is a statusd process that can be killed and started again with the same
// directory, identity and ports.
type node struct {
	name     string
	dir      string
	enode    *enode.Node
	httpPort int
	args     []string // more arguments
	within   []string // a command that runs the command after it, somewhere else
	log      *lockedBuffer
	cmd      *exec.Cmd
	exited   chan error
}

// newNode prepares a directory, identity and ports.
func newNode(t *testing.T, name string, waku settings, static ...*node) *node {
	t.Helper()
	n := &node{name: name, dir: t.TempDir(), log: new(lockedBuffer)}
	if err := os.Chmod(n.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := crypto.SaveECDSA(filepath.Join(n.dir, "nodekey"), key); err != nil {
		t.Fatal(err)
	}
	p2pPort := freePort(t)
	n.httpPort = freePort(t)
	n.enode = enode.NewV4(&key.PublicKey, net.IPv4(127, 0, 0, 1), p2pPort, 0)
	conf := settings{
		"ListenAddr": fmt.Sprintf("127.0.0.1:%d", p2pPort), "EnableNTPSync": false, "NoDiscovery": true,
		"HTTPEnabled": true, "HTTPHost": "127.0.0.1", "HTTPPort": n.httpPort,
	}
	if waku == nil {
		waku = settings{}
	}
	waku["Enabled"] = true
	conf["WakuConfig"] = waku
	if len(static) > 0 {
		var urls []string
		for _, s := range static {
			urls = append(urls, s.enode.URLv4())
		}
		conf["ClusterConfig"] = settings{"Enabled": true, "StaticNodes": urls}
	}
	raw, err := json.Marshal(conf)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(n.dir, "config.json"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if n.cmd != nil {
			n.cmd.Process.Kill()
			<-n.exited
		}
		if t.Failed() {
			t.Logf("log of %s:\n%s", n.name, n.log.String())
		}
	})
	return n
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (n *node) socket() string { return filepath.Join(n.dir, "statusd.ipc") }

// start runs the process and waits until its socket answers.
func (n *node) start(t *testing.T) {
	t.Helper()
	command := slices.Concat(n.within, []string{binary, "run", "--dir", n.dir, "--nat", "none", "--log", "debug"}, n.args)
	n.cmd = exec.Command(command[0], command[1:]...)
	n.cmd.Stdout, n.cmd.Stderr = n.log, n.log
	if err := n.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", n.name, err)
	}
	exited, cmd := make(chan error, 1), n.cmd
	n.exited = exited
	go func() { exited <- cmd.Wait() }()
	await(t, n.name+" answers on its socket", func() error {
		select {
		case err := <-exited:
			exited <- err
			t.Fatalf("%s ended at once: %v\n%s", n.name, err, n.log.String())
		default:
		}
		_, err := api.WakuVersion.Call(t.Context(), n, api.None{})
		return err
	})
}

// kill ends the process without warning.
func (n *node) kill(t *testing.T) {
	t.Helper()
	if err := n.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-n.exited
	n.cmd = nil
}

// terminate sends SIGTERM and checks that the process ends well.
func (n *node) terminate(t *testing.T) {
	t.Helper()
	if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-n.exited:
		if err != nil {
			t.Errorf("%s after SIGTERM: %v", n.name, err)
		}
	case <-time.After(patience):
		t.Fatalf("%s does not end after SIGTERM", n.name)
	}
	n.cmd = nil
	if _, err := os.Lstat(n.socket()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s left its socket behind: %v", n.name, err)
	}
}

// Call implements api.Caller over a connection of its own, with a limit of its
// own: the socket takes a bounded number of connections, and a node that is
// killed does not answer.
func (n *node) Call(ctx context.Context, method api.Spec, args, result any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := client.Dial(ctx, client.Config{Target: n.socket()})
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Call(ctx, method, args, result)
}

// dial connects over "ipc", "http" or "ws".
func (n *node) dial(t *testing.T, via string) *client.Client {
	t.Helper()
	cfg := client.Config{Target: n.socket()}
	if via != "ipc" {
		cfg.Target = fmt.Sprintf("%s://127.0.0.1:%d/", via, n.httpPort)
		cfg.TokenFile = filepath.Join(n.dir, "rpc-token")
	}
	conn, err := client.Dial(t.Context(), cfg)
	if err != nil {
		t.Fatalf("dial %s by %s: %v", n.name, via, err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// call makes a call that has to succeed.
func call[A, R any](t *testing.T, c api.Caller, method api.Method[A, R], args A) R {
	t.Helper()
	out, err := method.Call(t.Context(), c, args)
	if err != nil {
		t.Fatalf("%s: %v", method.Name, err)
	}
	return out
}

// awaitPeers waits until the node has at least count peers.
func (n *node) awaitPeers(t *testing.T, count int) {
	t.Helper()
	await(t, fmt.Sprintf("%s has %d peers", n.name, count), func() error {
		peers, err := api.AdminPeers.Call(t.Context(), n, api.None{})
		if err != nil {
			return err
		}
		ready := 0
		for _, p := range peers {
			if p.Protocols.Waku != nil {
				ready++
			}
		}
		if ready < count {
			return fmt.Errorf("%d peers", ready)
		}
		return nil
	})
}

// await polls until fn succeeds.
func await(t *testing.T, what string, fn func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		err := fn()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s: %v", what, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// lockedBuffer gathers the log of a process.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
