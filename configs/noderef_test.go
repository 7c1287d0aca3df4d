package configs

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"
	"github.com/ethereum/go-ethereum/rlp"

	"statusd/internal/test/vectors"
)

// expected is what a vector says of a node.
type expected struct {
	OK         bool        `json:"ok"`
	Seq        uint64      `json:"seq"`
	NodeID     vectors.Hex `json:"node_id"`
	PublicKey  vectors.Hex `json:"pubkey"`
	IP         string      `json:"ip"`
	TCP        int         `json:"tcp"`
	UDP        int         `json:"udp"`
	Incomplete bool        `json:"incomplete"`
	EnodeURL   string      `json:"enode_url"`
	Canonical  string      `json:"canonical"`
}

func (e expected) check(t *testing.T, r NodeRef) {
	t.Helper()
	n := r.Node()
	ip := ""
	if n.IPAddr().IsValid() {
		ip = n.IPAddr().String()
	}
	if !bytes.Equal(n.ID().Bytes(), e.NodeID) || ip != e.IP || n.TCP() != e.TCP || n.UDP() != e.UDP {
		t.Errorf("%s at %s, TCP %d, UDP %d", n.ID(), ip, n.TCP(), n.UDP())
	}
	if r.HasEndpoint() == e.Incomplete {
		t.Errorf("endpoint %v", r.HasEndpoint())
	}
	if e.PublicKey != nil && !bytes.Equal(crypto.FromECDSAPub(n.Pubkey()), e.PublicKey) {
		t.Error("public key")
	}
}

func TestEnodeVectors(t *testing.T) {
	type vector struct {
		Description string
		Input       string
		Expect      expected
	}
	name := func(_ int, v vector) string { return v.Description }
	vectors.Each(t, vectors.Load(t, "discovery"), "enode", name, func(t *testing.T, v vector) {
		r, err := ParseNodeRef(v.Input)
		if v.Expect.OK != (err == nil) {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		v.Expect.check(t, r)
		if got := r.Node().URLv4(); got != v.Expect.Canonical {
			t.Errorf("written as %s, want %s", got, v.Expect.Canonical)
		}
		again, err := ParseNodeRef(r.Node().URLv4())
		if err != nil {
			t.Fatal(err)
		}
		v.Expect.check(t, again)
	})
}

// TestRecordVectors reads records, and signs them again from key, sequence
// number and entries, which gives the same bytes.
func TestRecordVectors(t *testing.T) {
	type vector struct {
		Description string
		RLP         vectors.Hex
		Text        string
		Size        int
		Key         vectors.Hex `json:"private_key"`
		Expect      expected
	}
	name := func(_ int, v vector) string { return v.Description }
	vectors.Each(t, vectors.Load(t, "discovery"), "enr", name, func(t *testing.T, v vector) {
		r, err := ParseNodeRef(v.Text)
		if v.Expect.OK != (err == nil) {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		v.Expect.check(t, r)
		record := r.Node().Record()
		raw, err := rlp.EncodeToBytes(record)
		if err != nil || !bytes.Equal(raw, v.RLP) || len(raw) != v.Size || r.Node().String() != v.Text {
			t.Errorf("written as %x, %s, %v", raw, r.Node(), err)
		}
		if r.Node().Seq() != v.Expect.Seq || r.Node().URLv4() != v.Expect.EnodeURL {
			t.Errorf("seq %d, %s", r.Node().Seq(), r.Node().URLv4())
		}
		key, err := crypto.ToECDSA(v.Key)
		if err != nil {
			t.Fatal(err)
		}
		var fresh enr.Record
		items := record.AppendElements(nil)
		for i := 1; i+1 < len(items); i += 2 {
			fresh.Set(enr.WithEntry(fmt.Sprint(items[i]), items[i+1]))
		}
		fresh.SetSeq(v.Expect.Seq)
		if err := enode.SignV4(&fresh, key); err != nil {
			t.Fatal(err)
		}
		if again, err := rlp.EncodeToBytes(&fresh); err != nil || !bytes.Equal(again, v.RLP) {
			t.Errorf("signed again as %x, %v", again, err)
		}
	})
}

const (
	nodeID = "2e9772b86c7b16d6cc0975974b1de385fce2a8cab04da6174420f5f142b87d15" +
		"e539e7d1ec2a7af1580e598605394d65537567906313c0f45d7cea6c8180f3a1"
	ethV4    = "/ethv4/16Uiu2HAmPX9M16EeRpFSiRRtzqJBMkGRCxFFt9HxKyDSWqgVFhSM"
	enodeURL = "enode://" + nodeID
)

func TestNodesWithNames(t *testing.T) {
	for text, want := range map[string]string{
		enodeURL + "@relay.example.org:30303":              "relay.example.org:30303",
		enodeURL + "@relay.example.org:443?discport=30303": "relay.example.org:443",
		enodeURL + ":secret@mail.example.org:30303":        "mail.example.org:30303",
		" " + enodeURL + "@[2001:db8::1]:30303\n":          "[2001:db8::1]:30303",
		enodeURL: "", nodeID: "",
	} {
		r, err := ParseNodeRef(text)
		if err != nil || r.Address() != want || strings.Contains(fmt.Sprint(r), "secret") {
			t.Errorf("%s: %s at %q, %v", text, r, r.Address(), err)
		}
	}
}

// advice loads a configuration and returns its warnings.
func advice(t *testing.T, overrides ...string) []string {
	t.Helper()
	in := Input{Dir: t.TempDir()}
	for i := 0; i < len(overrides); i += 2 {
		in.Overrides = append(in.Overrides, Override{overrides[i], overrides[i+1], "test"})
	}
	loaded, err := Load(in)
	if err != nil {
		t.Fatal(err)
	}
	return loaded.Warnings
}

func TestAdvice(t *testing.T) {
	const boot = "ClusterConfig.BootNodes"
	good := enodeURL + "@203.0.113.7:30303"
	for name, c := range map[string]struct {
		set  []string
		want []string // parts of the warnings, in their order
	}{
		"defaults": {nil, nil},
		"good":     {[]string{"NoDiscovery", "false", boot, good}, nil},
		"TCP 443":  {[]string{"NoDiscovery", "false", boot, enodeURL + "@203.0.113.7:443?discport=30303"}, nil},
		"boot node on 443": {
			[]string{"NoDiscovery", "false", boot, enodeURL + "@203.0.113.7:443"}, []string{"UDP port 443"},
		},
		"without discovery":     {[]string{boot, enodeURL + "@203.0.113.7:443"}, nil},
		"boot node without UDP": {[]string{"NoDiscovery", "false", boot, good + "?discport=0"}, []string{"no UDP port"}},
		"bare id":               {[]string{"NoDiscovery", "false", boot, nodeID}, []string{"no address"}},
		"name":                  {[]string{"NoDiscovery", "false", boot, enodeURL + "@boot.example.org:30303"}, nil},
		"mixed": {
			[]string{"NoDiscovery", "false", boot, good + "," + enodeURL + "@10.0.0.1:30303"}, []string{"1 of 2"},
		},
		"local network": {
			[]string{"NoDiscovery", "false", boot, enodeURL + "@127.0.0.1:3030," + enodeURL + "@10.0.0.1:30303"}, nil,
		},
		"own low port": {
			[]string{"NoDiscovery", "false", boot, good, "ListenAddr", ":443"}, []string{"ListenAddr: UDP port 443"},
		},
		"own shifted": {[]string{"NoDiscovery", "false", boot, good, "ListenAddr", ":443", "PortsShift", "1000"}, nil},
		"local address": {
			[]string{"NoDiscovery", "false", boot, good, "AdvertiseAddr", "10.1.2.3"}, []string{"10.1.2.3"},
		},
		"unseen by any":  {[]string{"AdvertiseAddr", "10.1.2.3"}, nil},
		"libp2p, unused": {[]string{"ClusterConfig.RendezvousNodes", "/ip4/192.0.2.9/tcp/30703" + ethV4}, nil},
		"libp2p": {
			[]string{"Rendezvous", "true", "ClusterConfig.RendezvousNodes", "/ip4/192.0.2.9/tcp/30703" + ethV4 + "," + good},
			[]string{"libp2p rendezvous is not supported"},
		},
		"rendezvous": {[]string{"Rendezvous", "true", "ClusterConfig.RendezvousNodes", good}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := advice(t, c.set...)
			if len(got) != len(c.want) {
				t.Fatalf("%q", got)
			}
			for i, part := range c.want {
				if !strings.Contains(got[i], part) {
					t.Errorf("%q lacks %q", got[i], part)
				}
			}
		})
	}
}

func TestRendezvousNodesAreChecked(t *testing.T) {
	for text, want := range map[string]string{
		"x":                            "not a node address",
		enodeURL:                       "where the node listens",
		"/ip4/192.0.2.9/tcp/0" + ethV4: "port from 1 to 65535",
		"/ip4/192.0.2.9":               "want /ip4",
	} {
		in := Input{Dir: t.TempDir(), Overrides: []Override{
			{"Rendezvous", "true", "test"}, {"ClusterConfig.RendezvousNodes", text, "test"},
		}}
		if _, err := Load(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
		in.Overrides = in.Overrides[1:]
		if _, err := Load(in); err != nil {
			t.Errorf("%s: while rendezvous is off: %v", text, err)
		}
	}
}

// TestRelaysAreFullNodes: who registers as a relay is one.
func TestRelaysAreFullNodes(t *testing.T) {
	for topics, full := range map[string]bool{"": false, "whisper": true, "whispermail": false, "x,whisper": true} {
		in := Input{Dir: t.TempDir(), Overrides: []Override{{"RegisterTopics", topics, "test"}}}
		if topics == "" {
			in.Overrides = nil
		}
		loaded, err := Load(in)
		if err != nil || loaded.Config.FullNode() != full {
			t.Errorf("%q: %v", topics, err)
		}
		in.Overrides = append(in.Overrides, Override{"WakuConfig.LightClient", "true", "test"})
		if _, err := Load(in); (err != nil) != full {
			t.Errorf("%q, light: %v", topics, err)
		}
	}
}

func TestDNSTreesAreChecked(t *testing.T) {
	const good = "enrtree://AMHTMFKZDINYYBWV574LF5MVTPU3UU2APQNFB63WEVBTGEO52RVXA@nodes.example.org"
	for key, values := range map[string]map[string]bool{
		"ClusterConfig.DNSTrees": {good: true, good + "," + good: true, "nodes.example.org": false, good + ",x": false},
		"DNSServer":              {"127.0.0.1:53": true, "[::1]:5353": true, "127.0.0.1": false, "x:0": false, ":x": false},
	} {
		for value, ok := range values {
			in := Input{Dir: t.TempDir(), Overrides: []Override{{key, value, "test"}}}
			if _, err := Load(in); (err == nil) != ok || err != nil && !strings.Contains(err.Error(), key) {
				t.Errorf("%s %q: %v", key, value, err)
			}
		}
	}
}
