//go:build integration

package e2e

import (
	"bufio"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/rpc"
)

// shrunken are constants of topic discovery for a network that lives for
// seconds.
const shrunken = "E=20s,fill=2s"

// startBootnode runs a boot node with a registry, and returns its record and
// the address of the registry.
func startBootnode(t *testing.T) (record, registry string) {
	t.Helper()
	key := filepath.Join(t.TempDir(), "key")
	if out, err := exec.Command(binary, "bootnode", "-genkey", key).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	id, err := exec.Command(binary, "bootnode", "-nodekey", key, "-writeaddress").Output()
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	cmd := exec.Command(binary, "bootnode", "-nodekey", key, "-addr", "127.0.0.1:0", "-allow-local", "-topdisc", shrunken,
		"-rendezvous", fmt.Sprintf("127.0.0.1:%d", port))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	log := new(lockedBuffer)
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("log of the boot node:\n%s", log)
		}
	})
	for s := bufio.NewScanner(out); s.Scan(); {
		if strings.HasPrefix(s.Text(), "enr:") {
			at := net.JoinHostPort("127.0.0.1", fmt.Sprint(port))
			return s.Text(), fmt.Sprintf("enode://%s@%s", strings.TrimSpace(string(id)), at)
		}
	}
	t.Fatal("the boot node printed no record")
	return "", ""
}

// pooled is what peer_status tells.
type pooled struct {
	Searching bool
	Topics    []struct {
		Topic            string
		Connected, Known []struct{ ID, Source string }
	}
}

func (p pooled) count(topic string) (connected, known int) {
	for _, t := range p.Topics {
		if t.Topic == topic {
			return len(t.Connected), len(t.Known)
		}
	}
	return 0, 0
}

// awaitPeers waits until a client has so many relays and mailservers.
func awaitPeers(t *testing.T, n *node, relays, servers int) {
	t.Helper()
	c := n.dial(t, "ipc")
	defer c.Close()
	await(t, fmt.Sprintf("%s has %d relays and %d mailservers", n.name, relays, servers), func() error {
		var status pooled
		if err := c.Call(&status, "peer_status"); err != nil {
			return err
		}
		connected, _ := status.count("whisper")
		_, known := status.count("whispermail")
		if connected < relays || known < servers {
			return fmt.Errorf("%d and %d", connected, known)
		}
		return nil
	})
}

// awaitQuiet waits until a client has closed its UDP port.
func awaitQuiet(t *testing.T, n *node) {
	t.Helper()
	c := n.dial(t, "ipc")
	defer c.Close()
	await(t, n.name+" stops its discovery", func() error {
		var status struct {
			Searching bool
			Discv5    struct{ Open bool }
		}
		if err := c.Call(&status, "discovery_status"); err != nil {
			return err
		}
		if status.Searching || status.Discv5.Open {
			return fmt.Errorf("%+v", status)
		}
		return nil
	})
}

// network is a boot node, relays and a mailserver that find each other by the
// given flags.
func network(t *testing.T, find []string) (relays []*node, mail *node) {
	t.Helper()
	for i := range 3 {
		waku := settings{"FullNode": true}
		name := fmt.Sprintf("relay %d", i)
		if i == 2 {
			waku, name = settings{"EnableMailServer": true}, "mailserver"
		}
		n := newNode(t, name, waku)
		n.args = append([]string{"--allow-local", "--topdisc", shrunken, "--register"}, find...)
		n.start(t)
		relays = append(relays, n)
	}
	return relays[:2], relays[2]
}

// TestFindsPeersFromOneBootNode: a client that knows a boot node alone finds
// relays and a mailserver, closes its port, remembers them, replaces a relay
// that is killed, and takes it back.
func TestFindsPeersFromOneBootNode(t *testing.T) {
	boot, _ := startBootnode(t)
	find := []string{"--bootnodes", boot}
	relays, mail := network(t, find)
	client := newNode(t, "client", nil)
	client.args = append([]string{"--allow-local", "--topdisc", shrunken}, find...)
	client.start(t)
	awaitPeers(t, client, 2, 1)
	awaitHistory(t, client, mail)
	awaitQuiet(t, client)

	client.terminate(t)
	client.args = []string{"--allow-local", "--bootnodes", deadBootnode} // from now on the cache has to do
	client.start(t)
	awaitPeers(t, client, 2, 1)
	c := client.dial(t, "ipc")
	call(t, c, nil, "peer_discover", map[string]any{"topic": "whisper", "min": 3, "max": 3})
	awaitPeers(t, client, 3, 1) // remembered relays stand in for the boot node
	c.Close()
	client.terminate(t)
	client.args = append([]string{"--allow-local", "--topdisc", shrunken}, find...)
	client.start(t)
	awaitPeers(t, client, 2, 1)

	relays[0].kill(t)
	awaitPeers(t, client, 2, 1)
	relays[0].start(t)
	awaitPeers(t, client, 2, 1)
	mail.kill(t)
	awaitPeers(t, client, 2, 0)
	mail.start(t)
	awaitPeers(t, client, 2, 1)
	awaitHistory(t, client, mail)
}

// deadBootnode is a boot node that does not answer.
const deadBootnode = "enode://dc9769d8a639b50b49d8880e97f07ae55232b0deacccddc489dbc34bac8134018e372d263d175cbd0b6d57e" +
	"b82b53f1330b77a4f444606a180a674ff6be874a8@127.0.0.1:0?discport=9"

// awaitHistory waits until a node is connected to a mailserver that it found.
func awaitHistory(t *testing.T, n, mail *node) {
	t.Helper()
	c := n.dial(t, "ipc")
	defer c.Close()
	await(t, n.name+" is connected to the mailserver", func() error {
		var peers []struct{ ID string }
		if err := c.Call(&peers, "admin_peers"); err != nil {
			return err
		}
		if !slices.ContainsFunc(peers, func(p struct{ ID string }) bool { return p.ID == mail.enode.ID().String() }) {
			return fmt.Errorf("peers %v", peers)
		}
		return nil
	})
}

// TestUDPBlocked: the boot node does not answer over UDP, rendezvous does, and
// health tells both.
func TestUDPBlocked(t *testing.T) {
	_, registry := startBootnode(t)
	find := []string{"--bootnodes", deadBootnode, "--rendezvous", registry}
	network(t, find)
	client := newNode(t, "client", nil)
	client.args = append([]string{"--allow-local", "--topdisc", shrunken}, find...)
	client.start(t)
	awaitPeers(t, client, 2, 1)
	c := client.dial(t, "ipc")
	defer c.Close()
	limits := map[string]any{"topic": "whisper", "min": 9, "max": 9} // more than there are: it goes on searching
	call(t, c, nil, "peer_discover", limits)
	await(t, "health tells of the blocked port", func() error { return healthSays(c, "degraded: discv5: ") })
	awaitPeers(t, client, 3, 1)
}

// healthSays looks for a text in the description of the component Discovery.
func healthSays(c *rpc.Client, want string) error {
	var health struct{ ProtocolsHealth []map[string]string }
	if err := c.Call(&health, "status_health"); err != nil {
		return err
	}
	for _, h := range health.ProtocolsHealth {
		if _, ok := h["Discovery"]; ok && strings.Contains(h["desc"], want) {
			return nil
		}
	}
	return fmt.Errorf("health: %v", health.ProtocolsHealth)
}

// TestNoDiscovery has the errors of status-go.
func TestNoDiscovery(t *testing.T) {
	n := newNode(t, "alone", nil)
	n.start(t)
	c := n.dial(t, "ipc")
	defer c.Close()
	for _, tt := range []struct {
		topic  string
		lo, hi int
		want   string
	}{
		{"", 2, 1, "topic not valid"},
		{"whisper", 2, 1, "invalid range, Min should be lower or equal to Max"},
		{"whisper", 1, 2, "peerPool not running"},
	} {
		err := c.Call(nil, "peer_discover", map[string]any{"topic": tt.topic, "min": tt.lo, "max": tt.hi})
		if err == nil || err.Error() != tt.want {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}
