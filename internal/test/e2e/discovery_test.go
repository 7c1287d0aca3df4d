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

	"statusd/api"
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

// counted are the nodes that a pool has of a topic.
func counted(p api.PoolStatus, topic string) (connected, known int) {
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
	await(t, fmt.Sprintf("%s has %d relays and %d mailservers", n.name, relays, servers), func() error {
		status, err := api.PeerStatus.Call(t.Context(), n, api.None{})
		if err != nil {
			return err
		}
		connected, _ := counted(status, "whisper")
		_, known := counted(status, "whispermail")
		if connected < relays || known < servers {
			return fmt.Errorf("%d and %d", connected, known)
		}
		return nil
	})
}

// awaitQuiet waits until a client has closed its UDP port.
func awaitQuiet(t *testing.T, n *node) {
	t.Helper()
	await(t, n.name+" stops its discovery", func() error {
		status, err := api.DiscoveryStatus.Call(t.Context(), n, api.None{})
		if err != nil {
			return err
		}
		if status.Searching || status.Discv5 != nil && status.Discv5.Open {
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
	client.wants(t, "whisper", 3)
	awaitPeers(t, client, 3, 1) // remembered relays stand in for the boot node
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
	await(t, n.name+" is connected to the mailserver", func() error {
		peers, err := api.AdminPeers.Call(t.Context(), n, api.None{})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(peers, func(p api.PeerInfo) bool { return p.ID == mail.enode.ID().String() }) {
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
	client.wants(t, "whisper", 9) // more than there are: it goes on searching
	await(t, "health tells of the blocked port", func() error { return healthSays(t, client, "degraded: discv5: ") })
	awaitPeers(t, client, 3, 1)
}

// wants has the node look for so many peers of a topic.
func (n *node) wants(t *testing.T, topic string, count int) {
	t.Helper()
	call(t, n, api.PeerDiscover, discover(topic, count, count))
}

func discover(topic string, lowest, highest int) api.DiscoverArgs {
	return api.DiscoverArgs{Request: api.DiscoverRequest{Topic: topic, Min: lowest, Max: highest}}
}

// healthSays looks for a text in the description of the component Discovery.
func healthSays(t *testing.T, n *node, want string) error {
	health, err := api.StatusHealth.Call(t.Context(), n, api.None{})
	if err != nil {
		return err
	}
	for _, c := range health.ProtocolsHealth {
		if c.Name == "Discovery" && strings.Contains(c.Desc, want) {
			return nil
		}
	}
	return fmt.Errorf("health: %v", health.ProtocolsHealth)
}

// TestNoDiscovery has the errors of status-go.
func TestNoDiscovery(t *testing.T) {
	n := newNode(t, "alone", nil)
	n.start(t)
	for _, tt := range []struct {
		topic  string
		lo, hi int
		want   string
	}{
		{"", 2, 1, "topic not valid"},
		{"whisper", 2, 1, "invalid range, Min should be lower or equal to Max"},
		{"whisper", 1, 2, "peerPool not running"},
	} {
		_, err := api.PeerDiscover.Call(t.Context(), n, discover(tt.topic, tt.lo, tt.hi))
		if err == nil || err.Error() != tt.want {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}
