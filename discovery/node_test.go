package discovery_test

import (
	"net"
	"net/netip"
	"testing"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"

	"statusd/discovery"
	"statusd/internal/test/vectors"
	"statusd/internal/wakuenr"
)

// TestVectorSections names the packages that cover each section of the vectors.
func TestVectorSections(t *testing.T) {
	vectors.Load(t, "discovery").Unknown(t,
		"enr", "enode", // configs
		"rendezvous",                                        // discovery/rendezvous, internal/multiaddr
		"dns",                                               // discovery/dns
		"topics", "topdisc_talk", "ip_tree", "waiting_time", // topic discovery
	)
}

func node(ip string, tcp uint16, entries ...enr.Entry) *enode.Node {
	var r enr.Record
	if ip != "" {
		r.Set(enr.IP(net.ParseIP(ip)))
	}
	if tcp != 0 {
		r.Set(enr.TCP(tcp))
	}
	for _, e := range entries {
		r.Set(e)
	}
	return enode.SignNull(&r, enode.ID{1})
}

func TestMayServe(t *testing.T) {
	for _, c := range []struct {
		name        string
		node        *enode.Node
		relay, mail bool
	}{
		{"nothing said", node("192.0.2.1", 1), true, true},
		{"relay", node("192.0.2.1", 1, wakuenr.Entry{Version: 1, Caps: wakuenr.Relay}), true, false},
		{
			"mailserver", node("192.0.2.1", 1, wakuenr.Entry{Version: 1, Caps: wakuenr.Relay | wakuenr.Mailserver}),
			true, true,
		},
		{"light", node("192.0.2.1", 1, wakuenr.Entry{Version: 1, Caps: wakuenr.Light}), false, false},
		{"later version", node("192.0.2.1", 1, wakuenr.Entry{Version: 2, Caps: wakuenr.Relay | 1<<40}), true, false},
		{"entry of another form", node("192.0.2.1", 1, enr.WithEntry("waku", "x")), true, true},
	} {
		if got := discovery.MayServe(c.node, discovery.TopicRelay); got != c.relay {
			t.Errorf("%s: relay %v", c.name, got)
		}
		if got := discovery.MayServe(c.node, discovery.TopicMail); got != c.mail {
			t.Errorf("%s: mail %v", c.name, got)
		}
		if !discovery.MayServe(c.node, "other") {
			t.Errorf("%s: other topic refused", c.name)
		}
	}
}

func TestPlausible(t *testing.T) {
	const (
		loop, lan, lan6, shared = "127.0.0.1", "192.168.1.2", "fd00::1", "100.64.0.1"
		pub, pub6               = "203.0.113.7", "2001:db8::1"
	)
	for _, c := range []struct {
		from string
		addr string
		want bool
	}{
		{pub, pub6, true}, {pub6, pub, true}, {loop, pub, true}, {lan, pub, true},
		{pub, loop, false}, {lan, loop, false}, {loop, "127.9.9.9", true}, {"::1", loop, true},
		{"::ffff:127.0.0.1", loop, true},
		{pub, lan, false}, {pub, lan6, false}, {pub, shared, false}, {lan, lan6, true}, {loop, lan, true},
		{shared, lan, true},
		{pub, "fe80::1", false}, {pub, "0.0.0.0", false}, {loop, "::", false}, {loop, "224.0.0.1", false},
	} {
		if got := discovery.Plausible(netip.MustParseAddr(c.from), netip.MustParseAddr(c.addr)); got != c.want {
			t.Errorf("%s from %s: %v", c.addr, c.from, got)
		}
	}
	if discovery.Plausible(netip.MustParseAddr(pub), netip.Addr{}) {
		t.Error("no address is plausible")
	}
}

func TestReachable(t *testing.T) {
	for _, c := range []struct {
		ip              string
		tcp             uint16
		internet, local bool
	}{
		{"203.0.113.7", 30303, true, true}, {"2001:db8::1", 30303, true, true},
		{"203.0.113.7", 0, false, false}, {"", 30303, false, false}, {"0.0.0.0", 30303, false, false},
		{"127.0.0.1", 30303, false, true}, {"10.0.0.1", 30303, false, true}, {"100.100.0.1", 30303, false, true},
		{"224.0.0.1", 30303, false, false},
	} {
		n := node(c.ip, c.tcp)
		if got := discovery.Reachable(n, false); got != c.internet {
			t.Errorf("%s:%d: %v", c.ip, c.tcp, got)
		}
		if got := discovery.Reachable(n, true); got != c.local {
			t.Errorf("%s:%d with local addresses: %v", c.ip, c.tcp, got)
		}
	}
}
