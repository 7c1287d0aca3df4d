package node

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"statusd/configs"
	"statusd/mailserver/history"
	"statusd/waku/wire"
)

// await polls until the condition holds.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for begin := time.Now(); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > 30*time.Second {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// startMailserver runs a node that archives and returns its address with its
// password.
func startMailserver(t *testing.T) (*running, configs.NodeRef) {
	t.Helper()
	cfg := testConfig(t)
	cfg.WakuConfig.EnableMailServer = true
	cfg.WakuConfig.MailServerPassword = configs.NewSecret("open")
	n := start(t, cfg, Deps{})
	ref, err := configs.ParseNodeRef(strings.Replace(n.Self().URLv4(), "@", ":open@", 1))
	if err != nil {
		t.Fatal(err)
	}
	return n, ref
}

// TestMailserversSetAtRunTime sets mailservers, restarts, and takes them back.
func TestMailserversSetAtRunTime(t *testing.T) {
	one, first := startMailserver(t)
	defer one.finish()
	two, second := startMailserver(t)
	defer two.finish()
	cfg := testConfig(t)
	n := start(t, cfg, Deps{})
	connected := func(want ...configs.NodeRef) func() bool {
		return func() bool {
			for _, ref := range want {
				if !n.host.PeerConnected(ref.Node().ID()) {
					return false
				}
			}
			return n.PeerCount() == len(want)
		}
	}
	bare, err := configs.ParseNodeRef(strings.Repeat("ab", 64))
	if err == nil {
		if err := n.UpdateMailservers([]configs.NodeRef{bare}); !errors.Is(err, ErrMailserverAddress) {
			t.Errorf("without address: %v", err)
		}
	}
	if err := n.UpdateMailservers([]configs.NodeRef{second, first}); err != nil {
		t.Fatal(err)
	}
	await(t, "a connection to a mailserver", func() bool { return n.PeerCount() > 0 })
	request := history.Request{Topics: []wire.Topic{{1}}}
	if _, err := n.History().Fetch(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if got := n.History().Status(); len(got) != 2 || got[0].ID != second.Node().ID() || got[0].LastAnswer.IsZero() {
		t.Errorf("the first is not preferred: %+v", got)
	}
	await(t, "the surplus connection to end", connected(second))
	n.finish()

	n = start(t, cfg, Deps{})
	got := n.History().Status()
	if len(got) != 2 || got[0].ID != second.Node().ID() || got[0].LastAnswer.IsZero() || !got[1].LastAnswer.IsZero() {
		t.Errorf("after a restart: %+v", got)
	}
	if _, err := n.History().Fetch(t.Context(), request); err != nil {
		t.Errorf("with the stored password: %v", err)
	}
	// A mailserver that the operator wants as a peer, too, stays connected.
	if err := n.AddPeer(first.Node()); err != nil {
		t.Fatal(err)
	}
	await(t, "both connections", connected(first, second))
	if err := n.UpdateMailservers(nil); err != nil {
		t.Fatal(err)
	}
	await(t, "the end of the other connection", connected(first))
	if list, err := n.MailRecords().Records(usedTable); err != nil || len(list) != 0 {
		t.Errorf("records left: %v %v", list, err)
	}
	n.finish()
}

func TestConfiguredMailservers(t *testing.T) {
	server, ref := startMailserver(t)
	defer server.finish()
	cfg := testConfig(t)
	raw, err := json.Marshal([]string{ref.Reveal()})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &cfg.ClusterConfig.TrustedMailServers); err != nil {
		t.Fatal(err)
	}
	n := start(t, cfg, Deps{})
	defer n.finish()
	await(t, "a connection to the configured mailserver", func() bool { return n.host.PeerConnected(ref.Node().ID()) })
	cfg = testConfig(t)
	cfg.ClusterConfig.TrustedMailServers = append(configs.NodeList{}, ref)
	cfg.ShhextConfig.EnableConnectionManager = false
	lazy := start(t, cfg, Deps{})
	defer lazy.finish()
	if _, err := lazy.History().Fetch(t.Context(), history.Request{Topics: []wire.Topic{{1}}}); err != nil {
		t.Error(err)
	}
}
