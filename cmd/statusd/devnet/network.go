package devnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"statusd/api"
	"statusd/api/client"
)

// Times.
const (
	startTime = 30 * time.Second // until a process answers
	stopTime  = 20 * time.Second
	callTime  = 30 * time.Second
)

// relayPeers is how many peers those take that serve.
const relayPeers = 200

// Config says where the network lives.
type Config struct {
	Program string // the statusd to run
	Dir     string // folder of the directories; must exist
	Login   string // password of every account
}

// Node is a process of the network.
type Node struct {
	Name  string
	Dir   string
	Enode string
	HTTP  string // address of its HTTP endpoint; "" for the boot node
	Log   string // path of its log
	// Key is the chat key of its account, "" for those that serve.
	Key string

	phrase string
	args   []string
	cmd    *exec.Cmd
	ended  chan struct{}
	failed error // of the process; read after ended
	client *client.Client
}

// Network is a set of processes. It belongs to one goroutine.
type Network struct {
	cfg   Config
	nodes []*Node
}

// New returns a network without nodes.
func New(cfg Config) *Network { return &Network{cfg: cfg} }

// Nodes returns the nodes in the order in which they were added.
func (n *Network) Nodes() []*Node { return n.nodes }

// Node returns a node by name, nil if there is none.
func (n *Network) Node(name string) *Node {
	for _, node := range n.nodes {
		if node.Name == name {
			return node
		}
	}
	return nil
}

// Start adds the boot node, two relays, the mailserver and the people, and runs
// them. They find each other.
func (n *Network) Start(ctx context.Context, people ...string) error {
	if err := n.addBoot(ctx); err != nil {
		return err
	}
	for _, name := range []string{"relay", "relay2"} {
		if _, err := n.Add(ctx, name, map[string]any{"MaxPeers": relayPeers}, "--register"); err != nil {
			return err
		}
	}
	if _, err := n.Add(ctx, "mail", map[string]any{"MaxPeers": relayPeers}, "--register", "--mailserver"); err != nil {
		return err
	}
	for _, name := range people {
		person, err := n.AddPerson(ctx, name)
		if err != nil {
			return err
		}
		if err := person.create(ctx, n.cfg.Login); err != nil {
			return fmt.Errorf("create the account of %s: %w", name, err)
		}
	}
	return nil
}

// AddPerson adds a node of a person, without an account.
func (n *Network) AddPerson(ctx context.Context, name string) (*Node, error) {
	return n.Add(ctx, name, nil, "--light-kdf")
}

// Add makes the directory of a node and runs it.
func (n *Network) Add(ctx context.Context, name string, config map[string]any, args ...string) (*Node, error) {
	node := &Node{Name: name, Dir: filepath.Join(n.cfg.Dir, name)}
	node.Log = filepath.Join(n.cfg.Dir, name+".log")
	if err := os.Mkdir(node.Dir, 0o700); err != nil {
		return nil, err
	}
	p2p, err := freePort()
	if err != nil {
		return nil, err
	}
	http, err := freePort()
	if err != nil {
		return nil, err
	}
	full := map[string]any{
		"ListenAddr": fmt.Sprintf("127.0.0.1:%d", p2p), "EnableNTPSync": false, "NoDiscovery": false, "AllowLocal": true,
		"ClusterConfig": map[string]any{"BootNodes": []string{n.Node(boot).Enode}},
		"HTTPEnabled":   true, "HTTPHost": "127.0.0.1", "HTTPPort": http,
	}
	for key, value := range config {
		full[key] = value
	}
	raw, err := json.MarshalIndent(full, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(node.Dir, "config.json"), raw, 0o600); err != nil {
		return nil, err
	}
	node.HTTP = fmt.Sprintf("http://127.0.0.1:%d", http)
	node.args = append([]string{"run", "--dir", node.Dir, "--nat", "none"}, args...)
	n.nodes = append(n.nodes, node)
	if err := n.Run(ctx, node); err != nil {
		return nil, err
	}
	return node, nil
}

// Run starts the process of a node and waits until it answers.
func (n *Network) Run(ctx context.Context, node *Node) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	log, err := os.OpenFile(node.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	ready, notify, err := listenReady(n.cfg.Dir)
	if err != nil {
		return err
	}
	defer ready.Close()
	cmd := exec.Command(n.cfg.Program, node.args...) //nolint:noctx // stopped by signal, see Stop
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+notify)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", node.Name, err)
	}
	node.cmd, node.ended = cmd, make(chan struct{})
	go func() { // ends with the process, which Stop and Close wait for
		node.failed = cmd.Wait()
		close(node.ended)
		_ = ready.Close()
	}()
	release := context.AfterFunc(ctx, func() { _ = ready.Close() })
	defer release()
	err = awaitReady(ready)
	if err == nil && node.Name != boot {
		err = node.connect(ctx)
	}
	if err != nil {
		return fmt.Errorf("%s does not answer: %w; its log ends with: %s", node.Name, errors.Join(ctx.Err(), err),
			lastLine(node.Log))
	}
	return nil
}

// listenReady makes the socket on which a process says that it is ready, in
// the manner of systemd.
func listenReady(dir string) (*net.UnixConn, string, error) {
	path := filepath.Join(dir, "notify")
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, "", err
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	return conn, path, err
}

// awaitReady waits for the word. Closing the socket ends it.
func awaitReady(conn *net.UnixConn) error {
	message := make([]byte, 4096)
	for {
		size, err := conn.Read(message)
		if err != nil {
			return err
		}
		if slices.Contains(strings.Split(string(message[:size]), "\n"), "READY=1") {
			return nil
		}
	}
}

// connect asks who the node is.
func (node *Node) connect(ctx context.Context) error {
	conn, err := client.Dial(ctx, client.Config{Target: client.DataDirSocket(node.Dir)})
	if err != nil {
		return err
	}
	node.client = conn
	info, err := api.AdminNodeInfo.Call(ctx, node, api.None{})
	node.Enode = info.Enode
	return err
}

// lastLine is what a process said last.
func lastLine(path string) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return lines[len(lines)-1]
}

// Call implements api.Caller.
func (node *Node) Call(ctx context.Context, method api.Spec, args, result any) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return node.client.Call(ctx, method, args, result)
}

// Client is the connection to the node's socket, nil while it is stopped.
func (node *Node) Client() *client.Client { return node.client }

// PID is the process id, 0 while the node is stopped.
func (node *Node) PID() int {
	if node.cmd == nil {
		return 0
	}
	return node.cmd.Process.Pid
}

// Login logs the account of a node in again, after a start.
func (n *Network) Login(ctx context.Context, node *Node) error { return node.login(ctx, n.cfg.Login) }

// create makes an account and logs in.
func (node *Node) create(ctx context.Context, password string) error {
	made, err := api.AccountCreate.Call(ctx, node, api.CreateAccountArgs{Password: secret(password), Name: &node.Name})
	if err != nil {
		return err
	}
	node.phrase, node.Key = made.Mnemonic, made.CompressedKey
	return node.open(ctx, made.KeyUID, password)
}

// adopt makes the account of another node here, as a second device.
func (node *Node) adopt(ctx context.Context, other *Node, password string) error {
	made, err := api.AccountImportMnemonic.Call(ctx, node, api.ImportMnemonicArgs{
		Mnemonic: secret(other.phrase), Password: secret(password), Name: &node.Name,
	})
	if err != nil {
		return err
	}
	node.Key = made.CompressedKey
	return node.open(ctx, made.KeyUID, password)
}

// login logs the account of the node in again, after a start.
func (node *Node) login(ctx context.Context, password string) error {
	all, err := api.AccountList.Call(ctx, node, api.None{})
	if err != nil {
		return err
	}
	if len(all) != 1 {
		return fmt.Errorf("%s has %d accounts", node.Name, len(all))
	}
	return node.open(ctx, all[0].KeyUID, password)
}

func (node *Node) open(ctx context.Context, keyUID, password string) error {
	_, err := api.AccountLogin.Call(ctx, node, api.OpenAccountArgs{KeyUID: keyUID, Password: secret(password)})
	return err
}

func secret(text string) api.Secret { return api.NewSecret([]byte(text)) }

// installation returns the id of the node's own device.
func (node *Node) installation(ctx context.Context) (string, error) {
	all, err := api.WakuextGetOurInstallations.Call(ctx, node, api.None{}) // the own one first
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", fmt.Errorf("%s does not know its own device", node.Name)
	}
	return all[0].ID, nil
}

// awaitDevice waits until the node knows another device of its account by
// name.
func (node *Node) awaitDevice(ctx context.Context, id, name string) error {
	return node.await(ctx, "the device "+name, func() (bool, error) {
		all, err := api.WakuextGetOurInstallations.Call(ctx, node, api.None{})
		return slices.ContainsFunc(all, func(d api.Installation) bool {
			return d.ID == id && d.Metadata != nil && d.Metadata.Name == name
		}), err
	})
}

// awaitJoined waits until so many people have joined the node's only group.
func (node *Node) awaitJoined(ctx context.Context, count int) error {
	return node.await(ctx, "all who joined the group", func() (bool, error) {
		chats, err := api.WakuextChats.Call(ctx, node, api.None{})
		joined := 0
		for _, c := range chats {
			for _, m := range c.Members {
				if m.Joined {
					joined++
				}
			}
		}
		return joined == count, err
	})
}

// await looks whether something has happened, again after each event.
func (node *Node) await(ctx context.Context, what string, happened func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	for since := int64(0); ; {
		ok, err := happened()
		if ok || err != nil {
			return err
		}
		query := api.EventsQuery{Since: &since, Wait: new(10.0)}
		page, err := api.StatusGetEvents.Call(ctx, node, api.GetEventsArgs{Query: &query})
		if err != nil {
			return fmt.Errorf("%s did not hear of %s: %w", node.Name, what, err)
		}
		since = page.Next
	}
}

// Stop ends the process of a node gracefully.
func (n *Network) Stop(node *Node) error {
	if node.cmd == nil {
		return nil
	}
	if node.client != nil {
		node.client.Close()
	}
	if err := node.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	limit := time.NewTimer(stopTime)
	defer limit.Stop()
	select {
	case <-node.ended:
	case <-limit.C:
		_ = node.cmd.Process.Kill()
		<-node.ended
		return fmt.Errorf("%s did not stop in %s; see %s", node.Name, stopTime, node.Log)
	}
	node.cmd, node.client = nil, nil
	return node.failed
}

// Close ends all processes, the people first.
func (n *Network) Close() error {
	var failures []error
	for i := len(n.nodes) - 1; i >= 0; i-- {
		if err := n.Stop(n.nodes[i]); err != nil {
			failures = append(failures, fmt.Errorf("stop %s: %w", n.nodes[i].Name, err))
		}
	}
	return errors.Join(failures...)
}

// freePort returns a port that nobody listens on now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // returns at once
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
