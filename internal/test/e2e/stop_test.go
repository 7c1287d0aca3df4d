//go:build integration

package e2e

import (
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
)

// stops is how often each way to stop is tried; STATUSD_STOPS says another
// number.
func stops() int {
	if n, err := strconv.Atoi(os.Getenv("STATUSD_STOPS")); err == nil && n > 0 {
		return n
	}
	return 8
}

// TestStopsDoNotWaitForTheNetwork: a node that looks for a gateway and asks
// peers and boot nodes that do not answer stops soon after its start, in every
// try, without a step that exceeds its time.
func TestStopsDoNotWaitForTheNetwork(t *testing.T) {
	silent, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IP{127, 0, 0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	n, gone := newNode(t, "node", nil), newNode(t, "gone", nil)
	boot := enode.NewV4(gone.enode.Pubkey(), gone.enode.IP(), gone.enode.TCP(), silent.LocalAddr().(*net.UDPAddr).Port)
	n.args = []string{"--nat", "any", "--bootnodes", boot.URLv4(), "--allow-local",
		"--shutdown-timeout", "1s"} // what the README promises: beyond it the process gives up, with another exit code
	var all []time.Duration
	for range stops() {
		n.start(t)
		began := time.Now()
		n.terminate(t)
		all = append(all, time.Since(began).Round(time.Millisecond))
	}
	t.Logf("stopped within %v", all)
	if log := n.log.String(); strings.Contains(log, "exceeded its time") {
		t.Errorf("a step exceeded its time:\n%s", log)
	}
}
