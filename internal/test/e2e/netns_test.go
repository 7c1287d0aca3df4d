//go:build integration && linux

package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"statusd/api"
)

// internet is a network of hosts with public addresses that exist nowhere else:
// each is a network namespace, all are joined by a bridge in one more.
type internet struct {
	hub   string
	hosts int
}

// newInternet makes an empty network, or skips the test where that is not
// allowed.
func newInternet(t *testing.T) *internet {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("making network namespaces takes root")
	}
	w := &internet{hub: fmt.Sprintf("statusd-%d", os.Getpid())}
	if err := w.space(t, w.hub); err != nil {
		t.Skipf("network namespaces are not to be had: %v", err)
	}
	if err := ip("-n", w.hub, "link", "add", "hub", "type", "bridge"); err != nil {
		t.Skipf("bridges are not to be had: %v", err)
	}
	if err := ip("-n", w.hub, "link", "set", "hub", "up"); err != nil {
		t.Fatal(err)
	}
	return w
}

func ip(args ...string) error {
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

// space makes a namespace that goes with the test.
func (w *internet) space(t *testing.T, name string) error {
	if err := ip("netns", "add", name); err != nil {
		return err
	}
	t.Cleanup(func() {
		if err := ip("netns", "del", name); err != nil {
			t.Error(err)
		}
	})
	return ip("-n", name, "link", "set", "lo", "up")
}

// host makes a host and returns the command that runs others on it.
func (w *internet) host(t *testing.T, address string) []string {
	t.Helper()
	w.hosts++
	name, port := fmt.Sprintf("%s-%d", w.hub, w.hosts), fmt.Sprintf("port%d", w.hosts)
	if err := w.space(t, name); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"link", "add", port, "netns", w.hub, "type", "veth", "peer", "name", "net", "netns", name},
		{"-n", w.hub, "link", "set", port, "master", "hub", "up"},
		{"-n", name, "addr", "add", address + "/16", "dev", "net"},
		{"-n", name, "link", "set", "net", "up"},
	} {
		if err := ip(args...); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"ip", "netns", "exec", name}
}

// quick are constants of topic discovery for hosts of near networks, which
// have to wait for each other: for seconds here.
const quick = "E=10s,fill=1s"

// boot runs a boot node and returns its record.
func (w *internet) boot(t *testing.T, address string) string {
	t.Helper()
	key := filepath.Join(t.TempDir(), "key")
	if out, err := exec.Command(binary, "bootnode", "-genkey", key).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	args := []string{binary, "bootnode", "-nodekey", key, "-addr", address + ":30301", "-topdisc", quick}
	command := append(w.host(t, address), args...)
	cmd := exec.Command(command[0], command[1:]...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for s := bufio.NewScanner(out); s.Scan(); {
		if strings.HasPrefix(s.Text(), "enr:") {
			return s.Text()
		}
	}
	t.Fatal("the boot node printed no record")
	return ""
}

// node runs a node at an address.
func (w *internet) node(t *testing.T, address, boot string, waku settings, args ...string) *node {
	t.Helper()
	n := newNode(t, address, waku)
	n.within = w.host(t, address)
	n.args = append([]string{"--addr", address + ":30303", "--topdisc", quick, "--bootnodes", boot}, args...)
	n.start(t)
	return n
}

// TestFindsPeersOfOtherNetworks: hosts with addresses of their own find each
// other through a boot node, without any leave for private networks. Of one
// network no more than two become peers, however many there are.
func TestFindsPeersOfOtherNetworks(t *testing.T) {
	w := newInternet(t)
	boot := w.boot(t, "11.0.1.1")
	for _, address := range []string{"11.0.2.1", "11.0.2.2", "11.0.2.3", "11.0.3.1"} {
		w.node(t, address, boot, settings{"FullNode": true}, "--register", "--advertise", address)
	}
	mail := w.node(t, "11.0.4.1", boot, settings{"EnableMailServer": true}, "--register", "--advertise", "11.0.4.1")
	client := w.node(t, "11.0.5.1", boot, nil)
	awaitPeers(t, client, 2, 1)
	awaitHistory(t, client, mail)

	client.wants(t, "whisper", 5)
	await(t, "the client knows every relay", func() error {
		status, err := api.PeerStatus.Call(t.Context(), client, api.None{})
		if err != nil {
			return err
		}
		for _, topic := range status.Topics {
			if topic.Topic != "whisper" {
				continue
			}
			crowd := strings.Count(fmt.Sprint(topic.Connected), "@11.0.2.")
			if crowd > 2 {
				t.Fatalf("%d peers of one network: %v", crowd, topic.Connected)
			}
			if crowd == 2 && len(topic.Connected) == 4 && strings.Contains(fmt.Sprint(topic.Pending), "@11.0.2.") {
				return nil
			}
		}
		return fmt.Errorf("%+v", status)
	})
}
