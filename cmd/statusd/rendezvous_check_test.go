package main

import (
	"context"
	"encoding/json"
	"net"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/api"
	"statusd/discovery/rendezvous"
	"statusd/mailserver/canary"
)

// urlHead is as long as an enode URL without the address.
var urlHead = "enode://" + strings.Repeat("0", 128)

// rendezvousServer runs a server on the loopback and returns its enode.
func rendezvousServer(t *testing.T, limits rendezvous.Limits) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	server := rendezvous.NewServer(rendezvous.ServerConfig{Key: key, Listener: listener, Limits: limits})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	addr := listener.Addr().(*net.TCPAddr)
	return enode.NewV4(&key.PublicKey, addr.IP, addr.Port, 0).URLv4()
}

func TestRendezvousCheck(t *testing.T) {
	good, strict := rendezvousServer(t, rendezvous.Limits{}), rendezvousServer(t, rendezvous.Limits{RequestsPerMinute: 1})
	for _, c := range []struct {
		server string
		code   int
		steps  int
		text   string
	}{
		{good, canary.CodeOK, 3, ""},
		{strict, canary.CodeRequest, 3, "remoteip: server answered with status 300"},
		{strict[:len(urlHead)] + good[len(urlHead):], canary.CodeConnect, 1, "handshake"}, // another key
		{someNode + "127.0.0.1:1", canary.CodeConnect, 1, "connection refused"},
	} {
		code, out, errOut := statusd(t, "", "mailserver", "check", "-o", "json", "--timeout", "5", "--rendezvous", c.server)
		var r api.NodeCheck
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err, out, errOut)
		}
		if code != c.code || r.Code != code || r.OK != (code == 0) || len(r.Steps) != c.steps || r.Kind != "rendezvous" ||
			!strings.Contains(r.Error, c.text) || r.OK && r.SeenAs != "127.0.0.1" {
			t.Errorf("%s: exit code %d: %s%s", c.server, code, out, errOut)
		}
	}
	code, out, _ := statusd(t, "", "mailserver", "check", "--rendezvous", good, "--rendezvous", someNode+"127.0.0.1:1")
	if code != canary.CodeConnect || !strings.Contains(out, "sees us at 127.0.0.1") ||
		!strings.Contains(out, "FAILED: connect") {
		t.Errorf("exit code %d: %s", code, out)
	}
	for arg, want := range map[string]string{
		"x": "want enode://", "/ip4/192.0.2.9/tcp/1": "libp2p rendezvous is not supported",
		someNode[:len(urlHead)]: "listens",
	} {
		if text := run(t, exitUsage, "mailserver", "check", "--rendezvous", arg); !strings.Contains(text, want) {
			t.Errorf("%s: %s", arg, text)
		}
	}
}
