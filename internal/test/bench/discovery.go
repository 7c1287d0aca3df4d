package main

import (
	"bufio"
	"context"
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

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/api"
	"statusd/api/client"
)

// The network in which finding peers is measured: 30 nodes on loopback.
const (
	benchRelays  = 27
	benchServers = 2
	benchClients = 7 // measurements, one after the other

	firstPort = 21_000 // of the nodes

	// shrunken are constants of topic discovery for a network that lives for
	// minutes.
	shrunken = "E=60s,fill=5s"

	quietFor = 20 * time.Second // a client with its peers
	relayFor = 60 * time.Second // a relay
)

// found is a process of that network.
type found struct {
	name string
	dir  string
	cmd  *exec.Cmd
	args []string
}

// benchNetwork is the network in which clients are measured.
type benchNetwork struct {
	binary, dir string
	constants   string // of topic discovery; empty: the usual ones
	boot        string // record of the boot node
	ports       int    // tried
	nodes       []*found
}

// measureDiscovery prints how long clients take to find peers, and the traffic
// of nodes that have theirs.
func measureDiscovery(binary string) error {
	fmt.Printf("discovery: %d relays, %d mailservers and a boot node on loopback\n\n", benchRelays, benchServers)
	return errors.Join(
		withNetwork(binary, shrunken, measureFinding),
		withNetwork(binary, "", measureQuiet),
	)
}

// withNetwork starts a network, waits until everybody is findable, measures,
// and stops it.
func withNetwork(binary, constants string, measure func(*benchNetwork) error) error {
	dir, err := os.MkdirTemp("", "statusd-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	n := &benchNetwork{binary: binary, dir: dir, constants: constants}
	defer func() {
		for _, f := range n.nodes {
			f.kill()
		}
	}()
	for name, content := range map[string]string{
		"relay.json":  `{"WakuConfig":{"FullNode":true},"MaxPeers":100}`,
		"nomail.json": `{"MailserversConfig":{"Discover":false}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	boot, url, err := startBootnode(binary, filepath.Join(dir, "boot"), constants)
	if err != nil {
		return err
	}
	n.boot, n.nodes = url, append(n.nodes, boot)
	for i := range benchRelays + benchServers {
		more := []string{"--register", "-c", filepath.Join(dir, "relay.json")}
		if i >= benchRelays {
			more = []string{"--register", "--mailserver"}
		}
		f, err := n.start(fmt.Sprint("node", i), more...)
		if err != nil {
			return err
		}
		n.nodes = append(n.nodes, f)
	}
	if err := settled(n.nodes[1:]); err != nil {
		return err
	}
	return measure(n)
}

// measureFinding prints the times to find peers.
func measureFinding(n *benchNetwork) error {
	var cold, cached, known, unknown []time.Duration
	for i := range benchClients {
		for _, times := range []*[]time.Duration{&cold, &cached} {
			begin := time.Now()
			c, err := n.start(fmt.Sprint("client", i))
			if err != nil {
				return err
			}
			err = c.until(func(v map[string]api.PoolTopic) bool {
				return len(v["whisper"].Connected) >= 2 && len(v["whispermail"].Known) >= 1
			})
			*times = append(*times, time.Since(begin))
			if c.stop(); err != nil {
				return err
			}
		}
		for _, spare := range []bool{true, false} {
			took, err := n.measureReplacement(fmt.Sprint("loser", i, spare), spare)
			if err != nil {
				return err
			}
			if spare {
				known = append(known, took)
			} else {
				unknown = append(unknown, took)
			}
		}
	}
	fmt.Println("| from the start of the process, or the kill of a relay | median | worst |")
	fmt.Println("|---|---|---|")
	for _, row := range []struct {
		name  string
		times []time.Duration
	}{
		{"2 relays and a mailserver, knowing one boot node", cold},
		{"2 relays and a mailserver, from the cache", cached},
		{"relay replaced, another one known", known},
		{"relay replaced, another one has to be found", unknown},
	} {
		slices.Sort(row.times)
		fmt.Printf("| %s | %s | %s |\n", row.name, round(row.times[len(row.times)/2]), round(row.times[len(row.times)-1]))
	}
	fmt.Println()
	return nil
}

// measureReplacement kills a relay that a client uses and returns how long it
// has only one. The relay is started again. Without spare the client looks for
// no more nodes than it needs, so that it knows no other one.
func (n *benchNetwork) measureReplacement(name string, spare bool) (time.Duration, error) {
	// A connection to a mailserver would take the place of the relay.
	more := []string{"-c", filepath.Join(n.dir, "nomail.json")}
	if !spare {
		more = append(more, "--topdisc", shrunken+",F_lookup=2")
	}
	c, err := n.start(name, more...)
	if err != nil {
		return 0, err
	}
	defer c.stop()
	var relays api.PoolTopic
	err = c.until(func(v map[string]api.PoolTopic) bool {
		relays = v["whisper"]
		return len(relays.Connected) == 2 && spare == (len(relays.Pending) > 0)
	})
	if err != nil {
		return 0, err
	}
	time.Sleep(11 * time.Second) // the connection is stable, and discovery has stopped
	gone := relays.Connected[0].ID
	i := slices.IndexFunc(n.nodes, func(f *found) bool { return f.id() == gone })
	if i < 0 {
		return 0, errors.New("the client is connected to a node that nobody started")
	}
	n.nodes[i].kill()
	begin := time.Now()
	err = c.until(func(v map[string]api.PoolTopic) bool {
		list := v["whisper"].Connected
		return len(list) >= 2 && !slices.ContainsFunc(list, func(p api.PoolNode) bool { return p.ID == gone })
	})
	took := time.Since(begin)
	if startErr := n.nodes[i].start(n.binary); err == nil {
		err = startErr
	}
	return took, err
}

// measureQuiet prints the packets of a client that has its peers, and of a
// relay.
func measureQuiet(n *benchNetwork) error {
	c, err := n.start("quiet")
	if err != nil {
		return err
	}
	defer c.stop()
	err = c.until(func(v map[string]api.PoolTopic) bool { return len(v["whisper"].Connected) >= 2 })
	if err != nil {
		return err
	}
	time.Sleep(2 * time.Minute) // the relays are registered everywhere
	client, err := c.packets(quietFor)
	if err != nil {
		return err
	}
	relay, err := n.nodes[1].packets(relayFor)
	if err != nil {
		return err
	}
	fmt.Printf("UDP packets in and out: client with its peers %.2f/s, relay %.2f/s\n\n", client, relay)
	return nil
}

func startBootnode(binary, dir, constants string) (*found, string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, "", err
	}
	key := filepath.Join(dir, "key")
	if out, err := exec.Command(binary, "bootnode", "--genkey", key).CombinedOutput(); err != nil {
		return nil, "", fmt.Errorf("%w: %s", err, out)
	}
	f := &found{name: "boot", dir: dir}
	f.cmd = exec.Command(binary, "bootnode", "--nodekey", key, "--addr", "127.0.0.1:0", "--allow-local", "--topdisc",
		constants, "--verbosity", "1")
	f.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := f.cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := f.cmd.Start(); err != nil {
		return nil, "", err
	}
	for s := bufio.NewScanner(out); s.Scan(); {
		if strings.HasPrefix(s.Text(), "enr:") {
			return f, s.Text(), nil
		}
	}
	f.kill()
	return nil, "", errors.New("the boot node did not print its record")
}

// freeAddress returns an address that nobody uses, of ports that the system does
// not give to outgoing connections.
func (n *benchNetwork) freeAddress() string {
	for {
		addr := fmt.Sprintf("127.0.0.1:%d", firstPort+n.ports)
		n.ports++
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		l.Close()
		return addr
	}
}

// start runs a node of the network with a directory of that name.
func (n *benchNetwork) start(name string, more ...string) (*found, error) {
	dir := filepath.Join(n.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	addr := n.freeAddress()
	f := &found{name: name, dir: dir}
	f.args = append([]string{
		"run", "--dir", dir, "--addr", addr, "--nat", "none", "--log", "error", "--bootnodes", n.boot, "--allow-local",
		"--topdisc", n.constants,
	}, more...)
	return f, f.start(n.binary)
}

func (f *found) start(binary string) error {
	f.cmd = exec.Command(binary, f.args...)
	f.cmd.Env = append(os.Environ(), "STATUSD_ENABLENTPSYNC=false")
	f.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // also when a measurement is interrupted
	return f.cmd.Start()
}

// kill ends the process at once, stop in good order.
func (f *found) kill() {
	f.cmd.Process.Kill()
	f.cmd.Wait()
}

func (f *found) stop() {
	f.cmd.Process.Signal(os.Interrupt)
	f.cmd.Wait()
}

// Call implements api.Caller. The node may still be starting.
func (f *found) Call(ctx context.Context, method api.Spec, args, result any) error {
	conn, err := client.Dial(ctx, client.Config{Target: client.DataDirSocket(f.dir)})
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Call(ctx, method, args, result)
}

func (f *found) id() string {
	info, err := api.AdminNodeInfo.Call(context.Background(), f, api.None{})
	if err != nil {
		return ""
	}
	n, err := enode.ParseV4(info.Enode)
	if err != nil {
		return ""
	}
	return n.ID().String()
}

// until polls the pool until it is as wanted.
func (f *found) until(done func(map[string]api.PoolTopic) bool) error {
	conn, err := client.New(client.Config{Target: client.DataDirSocket(f.dir)}) // connects when it can
	if err != nil {
		return err
	}
	defer conn.Close()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		var status api.PoolStatus
		if status, err = api.PeerStatus.Call(context.Background(), conn, api.None{}); err != nil {
			continue
		}
		topics := make(map[string]api.PoolTopic)
		for _, t := range status.Topics {
			topics[t.Topic] = t
		}
		if done(topics) {
			return nil
		}
	}
	return fmt.Errorf("%s does not get what it wants within a minute (%v)", f.name, err)
}

// settled waits until all nodes are registered somewhere under each topic.
func settled(nodes []*found) error {
	for _, f := range nodes {
		for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
			d, err := api.DiscoveryStatus.Call(context.Background(), f, api.None{})
			active := 0
			if d.TopicDiscovery != nil {
				for _, t := range d.TopicDiscovery.Topics {
					if t.Active > 0 {
						active++
					}
				}
			}
			if err == nil && active >= len(d.Registrations) && active > 0 {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%s is not registered after five minutes (%v)", f.name, err)
			}
		}
	}
	return nil
}

// packets returns the rate of packets over a while.
func (f *found) packets(over time.Duration) (float64, error) {
	before, err := f.exchanged()
	if err != nil {
		return 0, err
	}
	time.Sleep(over)
	after, err := f.exchanged()
	if err != nil {
		return 0, err
	}
	n := after - before
	return float64(n) / over.Seconds(), nil
}

// exchanged returns the packets of the node since its start.
func (f *found) exchanged() (uint64, error) {
	d, err := api.DiscoveryStatus.Call(context.Background(), f, api.None{})
	if err != nil || d.Discv5 == nil {
		return 0, err
	}
	return d.Discv5.PacketsIn + d.Discv5.PacketsOut, nil
}
