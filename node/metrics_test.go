package node

import (
	"fmt"
	"strings"
	"testing"
)

func TestCountClients(t *testing.T) {
	got := countClients([]string{
		"Statusd/v0.63.12/linux-amd64/go1.13", "Statusd/v0.63.12/linux-amd64/go1.14", "StatusIM", "",
		"Evil/v\n1/" + strings.Repeat("x", 41),
	})
	want := []clientCount{
		{client{"Statusd", "v0.63.12", "linux-amd64"}, 2},
		{client{"Evil", "other", "other"}, 1},
		{client{"StatusIM", "unknown", "unknown"}, 1},
		{client{"unknown", "unknown", "unknown"}, 1},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestClientLabelsAreBounded(t *testing.T) {
	var names []string
	for i := range 500 {
		names = append(names, fmt.Sprintf("a/v%d/linux", i))
	}
	names = append(names, "b/v1/linux", "b/v1/linux", "other/other/other", "other/other/other")
	got := countClients(names)
	total := 0
	seen := make(map[client]bool)
	for _, c := range got {
		total += c.count
		if seen[c.client] {
			t.Errorf("%v twice", c.client)
		}
		seen[c.client] = true
	}
	if len(got) > maxPeerLabels || total != len(names) {
		t.Errorf("%d combinations, %d peers", len(got), total)
	}
	if got[0].client != (client{"b", "v1", "linux"}) || !seen[client{"other", "other", "other"}] {
		t.Errorf("got %v", got)
	}
}
