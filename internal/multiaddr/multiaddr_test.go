package multiaddr

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/test/vectors"
)

type vectorAddr struct {
	Binary vectors.Hex `json:"binary"`
	PeerID string      `json:"ethv4_value"`
	NodeID vectors.Hex `json:"node_id"`
	Text   string      `json:"text"`
	Usable *bool       `json:"usable"`
}

func vectorAddrs(tb testing.TB) []vectorAddr {
	tb.Helper()
	return vectors.Section[struct {
		Multiaddrs []vectorAddr `json:"multiaddrs"`
	}](tb, vectors.Load(tb, "discovery"), "rendezvous").Multiaddrs
}

func TestVectors(t *testing.T) {
	for _, v := range vectorAddrs(t) {
		t.Run(v.Text, func(t *testing.T) {
			a, err := Parse(v.Text)
			if err != nil {
				t.Fatal(err)
			}
			b, err := Decode(v.Binary)
			if err != nil {
				t.Fatal(err)
			}
			for name, got := range map[string]Addr{"text": a, "binary": b} {
				if got.String() != v.Text || !bytes.Equal(got.Encode(), v.Binary) || got.PeerID() != v.PeerID {
					t.Errorf("from %s: %s, %x, peer %s", name, got, got.Encode(), got.PeerID())
				}
			}
			if usable := v.Usable == nil || *v.Usable; usable != (a.Key() != nil) {
				t.Fatalf("usable %v, key %v", usable, a.Key())
			}
			if a.Key() != nil && !bytes.Equal(enode.PubkeyToIDV4(a.Key()).Bytes(), v.NodeID) {
				t.Errorf("node id %s, want %x", enode.PubkeyToIDV4(a.Key()), v.NodeID)
			}
		})
	}
}

const peer = "16Uiu2HAmPX9M16EeRpFSiRRtzqJBMkGRCxFFt9HxKyDSWqgVFhSM"

func TestSynonymAndOtherHosts(t *testing.T) {
	for text, want := range map[string]string{
		"/ip4/192.0.2.9/tcp/1/p2p/" + peer:             "/ip4/192.0.2.9/tcp/1/ethv4/" + peer,
		"/ip6/2001:db8::0:1/tcp/30703/ethv4/" + peer:   "/ip6/2001:db8::1/tcp/30703/ethv4/" + peer,
		"/dns/rdv.example.org/tcp/30703/ethv4/" + peer: "/dns/rdv.example.org/tcp/30703/ethv4/" + peer,
		"/dns6/x/tcp/65535":                            "/dns6/x/tcp/65535",
	} {
		a, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if a.String() != want {
			t.Errorf("%s: got %s", text, a)
		}
		if b, err := Decode(a.Encode()); err != nil || b.String() != want {
			t.Errorf("%s: binary gives %s, %v", text, b, err)
		}
	}
	a, err := Parse("/ip6/2001:db8::1/tcp/30703")
	if err != nil || a.HostPort() != "[2001:db8::1]:30703" {
		t.Errorf("%s, %v", a.HostPort(), err)
	}
	id := mustHex("360178" + "06" + "7531" + "a50327" +
		"00250802122103a16e149808fd7f480250b64eb62b74689a0762b3715d8aff62ecadcdf834682e")
	if a, err := Decode(id); err != nil || a.String() != "/dns4/x/tcp/30001/ethv4/"+peer {
		t.Errorf("p2p in binary: %s, %v", a, err)
	}
}

func mustHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func TestRefused(t *testing.T) {
	for text, want := range map[string]error{
		"":                                ErrForm,
		"192.0.2.9:30703":                 ErrForm,
		"/ip4/192.0.2.9":                  ErrForm,
		"/ip4/192.0.2.9/udp/1":            ErrForm,
		"/unix/x/tcp/1":                   ErrForm,
		"/ip4/192.0.2.9/tcp/1/ws/" + peer: ErrForm,
		"/ip4/192.0.2.9/tcp/1/ethv4":      ErrForm,
		"/ip4/192.0.2.9/tcp/1/ethv4/" + peer + "/x":    ErrForm,
		"/ip4/rdv.example.org/tcp/1":                   ErrHost,
		"/ip4/2001:db8::1/tcp/1":                       ErrHost,
		"/ip6/192.0.2.9/tcp/1":                         ErrHost,
		"/ip6/fe80::1%eth0/tcp/1":                      ErrHost,
		"/dns4//tcp/1":                                 ErrHost,
		"/dns4/a b/tcp/1":                              ErrHost,
		"/dns4/" + strings.Repeat("a", 254) + "/tcp/1": ErrHost,
		"/ip4/192.0.2.9/tcp/0":                         ErrPort,
		"/ip4/192.0.2.9/tcp/65536":                     ErrPort,
		"/ip4/192.0.2.9/tcp/x":                         ErrPort,
		"/ip4/192.0.2.9/tcp/1/ethv4/":                  ErrPeerID,
		"/ip4/192.0.2.9/tcp/1/ethv4/0OIl":              ErrPeerID,
		"/ip4/192.0.2.9/tcp/1/ethv4/" + peer[:50]:      ErrPeerID,
		"/ip4/192.0.2.9/tcp/1/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N": ErrPeerID,
	} {
		if a, err := Parse(text); !errors.Is(err, want) {
			t.Errorf("%q: got %v, %v, want %v", text, a, err, want)
		}
	}
	for _, b := range []string{
		"", "80", "04c000", "04c0000209", "04c00002090600", "04c000020906000000", "04c0000209117788", "36ff",
		"360078", "99010203", "04c00002090677efea03", "04c00002090677efa50326", "3603612f62067788",
	} {
		if a, err := Decode(mustHex(b)); err == nil {
			t.Errorf("%s: got %v", b, a)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, v := range vectorAddrs(f) {
		f.Add([]byte(v.Binary))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := Decode(b)
		if err != nil {
			return
		}
		again, err := Parse(a.String())
		if err != nil || again.String() != a.String() || !bytes.Equal(again.Encode(), a.Encode()) {
			t.Errorf("%s: read again %s, %v", a, again, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, v := range vectorAddrs(f) {
		f.Add(v.Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := Parse(text)
		if err != nil {
			return
		}
		if b, err := Decode(a.Encode()); err != nil || b.String() != a.String() {
			t.Errorf("%s: binary gives %s, %v", a, b, err)
		}
	})
}
