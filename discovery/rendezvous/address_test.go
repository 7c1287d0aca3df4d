package rendezvous

import (
	"errors"
	"strings"
	"testing"
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
