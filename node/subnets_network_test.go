//go:build integration

package node

import (
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/test/rawpeer"
	"statusd/waku/wire"
)

// TestIdentitiesOfOneAddressLeavePlaces connects with one identity after the
// other from one address, and then with one that is trusted.
func TestIdentitiesOfOneAddressLeavePlaces(t *testing.T) {
	cfg := testConfig(t)
	cfg.MaxPeers = 10 // 7 of them inbound, 3 of one local network
	full := start(t, cfg, Deps{})
	defer full.finish()
	pow, bloom := 0.0, wire.FullBloom()
	status := &wire.StatusOptions{PoW: &pow, Bloom: bloom[:]}
	in := 0
	for range 7 {
		conn, err := rawpeer.Dial(full.Self(), nil, 1, status)
		if err != nil {
			continue
		}
		defer conn.Close()
		in++
	}
	if in != 3 || full.PeerCount() != 3 {
		t.Errorf("%d got in, %d peers, want 3", in, full.PeerCount())
	}
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := full.AddTrustedPeer(enode.NewV4(&key.PublicKey, nil, 0, 0)); err != nil {
		t.Fatal(err)
	}
	conn, err := rawpeer.Dial(full.Self(), key, 1, status)
	if err != nil {
		t.Fatalf("trusted peer: %v", err)
	}
	conn.Close()
}
