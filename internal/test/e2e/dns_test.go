//go:build integration

package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"statusd/api"

	"golang.org/x/net/dns/dnsmessage"
)

// nameServer answers questions for TXT records over UDP.
type nameServer struct {
	addr string

	mu  sync.Mutex
	txt map[string]string
}

func newNameServer(t *testing.T) *nameServer {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	s := &nameServer{addr: conn.LocalAddr().String()}
	go func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(s.answer(buf[:n]), from)
		}
	}()
	return s
}

func (s *nameServer) answer(raw []byte) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(raw); err != nil || len(m.Questions) != 1 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := m.Questions[0]
	text, ok := s.txt[strings.TrimSuffix(q.Name.String(), ".")]
	m.Response, m.Additionals = true, nil
	if !ok {
		m.RCode = dnsmessage.RCodeNameError
	}
	txt := new(dnsmessage.TXTResource)
	for ; len(text) > 0; text = text[min(255, len(text)):] {
		txt.TXT = append(txt.TXT, text[:min(255, len(text))])
	}
	if ok {
		header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60}
		m.Answers = []dnsmessage.Resource{{Header: header, Body: txt}}
	}
	out, err := m.Pack()
	if err != nil {
		return nil
	}
	return out
}

// publish serves a list with what statusd dns txt prints.
func (s *nameServer) publish(t *testing.T, zone string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.txt = nil
	if err := json.Unmarshal([]byte(zone), &s.txt); err != nil {
		t.Fatal(err)
	}
}

// must runs a command that has to succeed and returns what it prints.
func must(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errOut := cli(t, "", args...)
	if code != 0 {
		t.Fatalf("%q: exit code %d: %s", args, code, errOut)
	}
	return out
}

// TestListInDNS: a client that knows the URL of a list alone finds its relays;
// when somebody serves an old version of the list, it says so and stays away.
func TestListInDNS(t *testing.T) {
	dir := t.TempDir()
	nodes, tree, key := filepath.Join(dir, "nodes"), filepath.Join(dir, "tree"), filepath.Join(dir, "key")
	var records []string
	for i := range 2 {
		relay := newNode(t, fmt.Sprintf("relay %d", i), settings{"FullNode": true})
		relay.start(t)
		records = append(records, call(t, relay, api.AdminNodeInfo, api.None{}).ENR)
	}
	if err := os.WriteFile(nodes, []byte(strings.Join(records, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "key", "gen", key)
	zone := func(seq int) (url, txt string) {
		must(t, "dns", "make", tree, nodes, "--domain", "nodes.test", "--seq", strconv.Itoa(seq))
		url = strings.TrimSpace(must(t, "dns", "sign", tree, "--key", key))
		return url, must(t, "dns", "txt", "-o", "json", tree)
	}
	server := newNameServer(t)
	url, old := zone(1)
	_, newer := zone(2)
	server.publish(t, newer)
	client := newNode(t, "client", nil)
	t.Setenv("STATUSD_DNSSERVER", server.addr)
	client.args = []string{"--dns-tree", url, "--allow-local"}
	client.start(t)
	client.awaitPeers(t, 2)
	client.terminate(t)

	server.publish(t, old)
	if err := os.Remove(filepath.Join(client.dir, "peers.json")); err != nil {
		t.Fatal(err)
	}
	client.start(t)
	await(t, "the client refuses the old list", func() error {
		level, desc := component(t, client, "Discovery")
		if !strings.Contains(desc, "sequence number 1 after 2") {
			return fmt.Errorf("%s: %s", level, desc)
		}
		return nil
	})
	if peers := call(t, client, api.AdminPeers, api.None{}); len(peers) != 0 {
		t.Errorf("%d peers from an old list", len(peers))
	}
	client.terminate(t)

	server.publish(t, newer)
	client.start(t)
	client.awaitPeers(t, 2)
	client.terminate(t)
}
