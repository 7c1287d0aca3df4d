package node

import (
	"fmt"
	"net/netip"
	"testing"
)

// TestOneNetworkCannotTakeEveryPlace fills the places of one network after the
// other, and gives them back.
func TestOneNetworkCannotTakeEveryPlace(t *testing.T) {
	for _, c := range []struct {
		maxPeers, limit int
		address         string // with the number of a host in it
		hosts           int    // different ones
		want            int
	}{
		{25, 0, "198.51.100.%d", 17, 4},
		{25, 0, "198.51.100.7", 1, 4},
		{25, 0, "::ffff:198.51.100.%d", 17, 4},
		{25, 0, "2001:db8:1:%x::1", 17, 4},
		{25, 0, "2001:db8:%x::1", 2, 8}, // two networks
		{25, 0, "127.0.0.1", 1, 8},
		{25, 0, "10.1.2.%d", 17, 8},
		{25, 0, "fe80::%x%%eth0", 17, 8},
		{3, 0, "198.51.100.%d", 17, 2},
		{25, 1, "198.51.100.%d", 17, 1},
		{25, 1, "127.0.0.1", 1, 1},
		{25, 10_000, "198.51.100.7", 1, 100},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			s := newSubnets(c.maxPeers, c.limit)
			var leave []func()
			for i := range 100 {
				text := c.address
				if c.hosts > 1 {
					text = fmt.Sprintf(c.address, i%c.hosts+1)
				}
				if out, ok := s.count(netip.MustParseAddr(text)); ok {
					leave = append(leave, out)
				}
			}
			if len(leave) != c.want {
				t.Errorf("%d places, want %d", len(leave), c.want)
			}
			if other, ok := s.count(netip.MustParseAddr("203.0.113.9")); !ok {
				t.Error("no place for another network")
			} else {
				leave = append(leave, other)
			}
			for _, out := range leave {
				out()
			}
			if len(s.peers) != 0 {
				t.Errorf("still counted: %v", s.peers)
			}
		})
	}
}
