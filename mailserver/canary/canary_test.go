package canary

import (
	"context"
	"crypto/ecdsa"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	gethlog "github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/mailserver"
	"statusd/mailserver/archivetest"
	"statusd/waku"
	"statusd/waku/wire"
)

// mailbox answers requests in the way of a test.
type mailbox func(peer waku.MailPeer, payload []byte) error

func (m mailbox) HandleRequest(peer waku.MailPeer, payload []byte) error { return m(peer, payload) }

// serve runs a node on loopback. mail may be nil.
func serve(t *testing.T, key *ecdsa.PrivateKey, mail waku.MailServer) *enode.Node {
	t.Helper()
	host, err := waku.New(waku.Config{FullNode: true, Mail: mail})
	if err != nil {
		t.Fatal(err)
	}
	srv := &p2p.Server{Config: p2p.Config{
		PrivateKey: key, Name: "test", MaxPeers: 5, NoDiscovery: true, NoDial: true, ListenAddr: "127.0.0.1:0",
		Protocols: host.Protocols(), Logger: gethlog.NewLogger(gethlog.DiscardHandler()),
	}}
	run(t, host.Run)
	if err := srv.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Stop)
	addr, err := net.ResolveTCPAddr("tcp", srv.ListenAddr)
	if err != nil {
		t.Fatal(err)
	}
	return enode.NewV4(&key.PublicKey, addr.IP, addr.Port, 0)
}

// run runs a component until the test ends.
func run(t *testing.T, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func examine(t *testing.T, node *enode.Node, change func(*Config)) Report {
	t.Helper()
	at, _ := node.TCPEndpoint()
	cfg := Config{Node: node, Address: at.String(), Timeout: 20 * time.Second, Stay: time.Millisecond}
	if change != nil {
		change(&cfg)
	}
	r := Check(t.Context(), cfg)
	if r.OK != (r.Code == CodeOK) || r.OK != (r.Error == "") || len(r.Steps) == 0 {
		t.Errorf("report contradicts itself: %+v", r)
	}
	return r
}

// TestMailserver checks a real mailserver, with and without history.
func TestMailserver(t *testing.T) {
	key, archive := newKey(t), new(archivetest.Memory)
	server, err := mailserver.NewServer(mailserver.ServerConfig{Archive: archive, NodeKey: key, Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	run(t, server.Run)
	node := serve(t, key, server)
	password := func(c *Config) { c.Password = "secret" }
	r := examine(t, node, password)
	if !r.OK || r.Envelopes != 0 || r.More || r.Kind != "mailserver" || r.Client != "test" {
		t.Errorf("empty archive: %+v", r)
	}
	var topic wire.Topic
	copy(topic[:], crypto.Keccak256([]byte(DefaultChannel)))
	now := uint32(time.Now().Unix())
	envs := []*wire.Envelope{
		wire.NewEnvelope(now-90, 10, topic, []byte{1}, 0), wire.NewEnvelope(now-80, 10, topic, []byte{2}, 0),
	}
	if _, err := archive.Put(t.Context(), envs); err != nil {
		t.Fatal(err)
	}
	r = examine(t, node, password)
	names := make([]string, len(r.Steps))
	for i, s := range r.Steps {
		names[i] = s.Name
	}
	want := []string{"connect", "handshake", "waku", "request", "answer"}
	if !r.OK || r.Envelopes != 1 || !r.More || !slices.Equal(names, want) {
		t.Errorf("two envelopes: %+v", r)
	}
	if r = examine(t, node, nil); r.Code != CodeRequest {
		t.Errorf("wrong password: %+v", r)
	}
	if r = examine(t, node, func(c *Config) { c.Static = true }); !r.OK || r.Kind != "static" {
		t.Errorf("as a static node: %+v", r)
	}
}

func TestFailures(t *testing.T) {
	fail := func(end wire.RequestComplete) mailbox {
		return func(peer waku.MailPeer, payload []byte) error {
			env, err := wire.DecodeEnvelope(payload)
			if err != nil {
				return err
			}
			end.ID = env.Hash()
			return peer.SendComplete(end.Encode())
		}
	}
	for name, tt := range map[string]struct {
		mail waku.MailServer
		code int
	}{
		"relay":            {nil, CodeSilent},
		"error":            {fail(wire.RequestComplete{Failed: true, Text: "out of order"}), CodeRequest},
		"missing envelope": {fail(wire.RequestComplete{Last: wire.Hash{1}}), CodeMissing},
		"empty":            {fail(wire.RequestComplete{}), CodeOK},
	} {
		t.Run(name, func(t *testing.T) {
			node := serve(t, newKey(t), tt.mail)
			r := examine(t, node, func(c *Config) {
				if tt.code == CodeSilent {
					c.Timeout = time.Second
				}
			})
			if r.Code != tt.code {
				t.Errorf("got %+v, want code %d", r, tt.code)
			}
		})
	}
	node := serve(t, newKey(t), nil)
	other := enode.NewV4(&newKey(t).PublicKey, node.IP(), node.TCP(), 0)
	if r := examine(t, other, nil); r.Code != CodeConnect {
		t.Errorf("other identity: %+v", r)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r := examine(t, node, func(c *Config) { c.Address, c.Timeout = l.Addr().String(), 200*time.Millisecond })
	if r.Code != CodeConnect || r.Steps[len(r.Steps)-1].Name != "handshake" {
		t.Errorf("silent port: %+v", r)
	}
}

func TestCancelled(t *testing.T) {
	node := serve(t, newKey(t), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	at, _ := node.TCPEndpoint()
	if r := Check(ctx, Config{Node: node, Address: at.String()}); r.OK {
		t.Errorf("got %+v", r)
	}
}
