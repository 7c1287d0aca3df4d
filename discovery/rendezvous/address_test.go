package rendezvous

import (
	"errors"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/test/vectors"
)

func TestParseServer(t *testing.T) {
	n := signed(t, newKey(t), 1, "203.0.113.1", 30303, Port(30703))
	const peer = "/ethv4/16Uiu2HAmPX9M16EeRpFSiRRtzqJBMkGRCxFFt9HxKyDSWqgVFhSM"
	for text, want := range map[string]string{
		n.String():             "203.0.113.1:30703",
		" " + n.URLv4() + "\n": "203.0.113.1:30303",
	} {
		got, err := ParseServer(text)
		if err != nil || dialAddress(got) != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]error{
		"/ip4/192.0.2.9/tcp/30703" + peer:        ErrLibp2p,
		"/dns4/rdv.example.org/tcp/30703" + peer: ErrLibp2p,
		"":                                       ErrAddress, "x": ErrAddress, "http://x": ErrAddress,
		"enode://00@1.2.3.4:5":                       ErrAddress,
		"enode://" + strings.Repeat("1", maxAddress): ErrAddress,
		strings.Split(n.URLv4(), "@")[0]:             ErrNoEndpoint,
	} {
		if got, err := ParseServer(text); !errors.Is(err, want) {
			t.Errorf("%.80s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"/ip4/192.0.2.9", "/ip4/x/tcp/1" + peer, "enr:-x", "enr:"} {
		if got, err := ParseServer(text); err == nil || errors.Is(err, ErrLibp2p) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	_, err := ParseServer("/ip4/192.0.2.9/tcp/30703" + peer)
	if !strings.Contains(err.Error(), "libp2p rendezvous is not supported") {
		t.Error(err)
	}
}

// TestPortVectors reads the entry rdv of records that have one.
func TestPortVectors(t *testing.T) {
	type vector struct {
		Text   string
		Rdv    int
		Expect struct {
			OK  bool
			TCP int
		}
	}
	with := 0
	for _, v := range vectors.Section[[]vector](t, vectors.Load(t, "discovery"), "enr") {
		if !v.Expect.OK {
			continue
		}
		n, err := enode.Parse(enode.ValidSchemes, v.Text)
		if err != nil {
			t.Fatal(err)
		}
		want := v.Expect.TCP
		if v.Rdv != 0 {
			want = v.Rdv
			with++
		}
		if got := PortOf(n); got != want {
			t.Errorf("%s: port %d, want %d", v.Text, got, want)
		}
	}
	if with == 0 {
		t.Error("no record has the entry")
	}
}
