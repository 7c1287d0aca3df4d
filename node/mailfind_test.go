package node

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/api"
	"statusd/configs"
	"statusd/discovery"
	"statusd/discovery/pool"
	"statusd/mailserver/history"
)

// TestWhichMailserversAreTrusted: the ones that are listed, or any when nobody
// listed some, unless the configuration says otherwise.
func TestWhichMailserversAreTrusted(t *testing.T) {
	listed, err := configs.ParseNodeRef(bareID(t))
	if err != nil {
		t.Fatal(err)
	}
	withAddress, err := configs.ParseNodeRef("enode://" + bareID(t) + "@192.0.2.4:30303")
	if err != nil {
		t.Fatal(err)
	}
	stranger := enode.ID{1}
	for _, tt := range []struct {
		name                    string
		discover                configs.Tri
		servers                 configs.NodeList
		set                     bool // mailservers were set while the node ran
		wants, listed, stranger bool
	}{
		{"auto, none listed", configs.Auto, nil, false, true, true, true},
		{"auto, none listed, some set", configs.Auto, nil, true, true, false, false},
		{"auto, an id listed", configs.Auto, configs.NodeList{listed}, false, true, true, false},
		{"auto, an enode listed", configs.Auto, configs.NodeList{withAddress}, false, false, false, false},
		{"on", configs.On, configs.NodeList{withAddress}, false, true, true, true},
		{"off, none listed", configs.Off, nil, false, false, false, false},
		{"off, an id listed", configs.Off, configs.NodeList{listed}, false, true, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := testConfig(t)
			cfg.MailserversConfig.Discover, cfg.ClusterConfig.TrustedMailServers = tt.discover, tt.servers
			n, err := New(cfg, Deps{})
			if err != nil {
				t.Fatal(err)
			}
			n.mailservers.mailSet.Store(tt.set)
			if n.wantsMailservers() != tt.wants || n.trustsMailserver(listed.Node().ID()) != tt.listed ||
				n.trustsMailserver(stranger) != tt.stranger {
				t.Errorf("looks for some %v, trusts the listed one %v, any %v", n.wantsMailservers(),
					n.trustsMailserver(listed.Node().ID()), n.trustsMailserver(stranger))
			}
		})
	}
}

func bareID(t *testing.T) string {
	t.Helper()
	url := someNode(t).URLv4()
	return strings.Split(strings.TrimPrefix(url, "enode://"), "@")[0]
}

func someNode(t *testing.T) *enode.Node {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return enode.NewV4(&key.PublicKey, net.IP{192, 0, 2, 7}, 30303, 0)
}

// TestFoundMailserversAreAdded beside those that are configured, a few at most.
func TestFoundMailserversAreAdded(t *testing.T) {
	n, err := New(testConfig(t), Deps{})
	if err != nil {
		t.Fatal(err)
	}
	own := history.Server{Node: someNode(t)}
	n.mailservers.mailFound = []*enode.Node{own.Node, someNode(t)}
	if list := n.addFound([]history.Server{own}); len(list) != 2 {
		t.Errorf("%d servers", len(list))
	}
	n.cfg.MailserversConfig.Discover = configs.Off
	if list := n.addFound([]history.Server{own}); len(list) != 1 {
		t.Errorf("%d servers although none is wanted", len(list))
	}
}

// TestNoSearch: without any way to find others there is no pool, and calls say
// so in the order of status-go's errors.
func TestNoSearch(t *testing.T) {
	n, err := New(testConfig(t), Deps{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		topic discovery.Topic
		l     pool.Limits
		want  error
	}{
		{"", pool.Limits{Min: 2, Max: 1}, pool.ErrTopic},
		{"whisper", pool.Limits{Min: 2, Max: 1}, pool.ErrRange},
		{"whisper", pool.Limits{Min: 1, Max: 2}, pool.ErrNotRunning},
	} {
		if err := n.Discover(tt.topic, tt.l); !errors.Is(err, tt.want) {
			t.Errorf("%q %v: %v", tt.topic, tt.l, err)
		}
	}
	if _, err := n.PrunePeers(); !errors.Is(err, pool.ErrNotRunning) {
		t.Errorf("prune: %v", err)
	}
	if st := n.DiscoveryStatus(); st.Running || len(n.PeerStatus().Topics) != 0 {
		t.Errorf("status %+v", st)
	}
	if h := n.discoveryHealth(); h.Level != api.HealthNotMounted {
		t.Errorf("health %+v", h)
	}
	n.OnSignal(func(api.EventPayload) {})()
}
