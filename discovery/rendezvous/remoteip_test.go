package rendezvous

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery"
)

// TestMostServersTellTheAddress: one server that lies does not make a node
// advertise the address of somebody else, and a new address is noticed.
func TestMostServersTellTheAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3, Limits{})
		defer w.end(t)
		key := newKey(t)
		var mu sync.Mutex
		own, at := signed(t, key, 1, "127.0.0.1", 30303), "198.51.100.9:1"
		current := func() (*enode.Node, string) {
			mu.Lock()
			defer mu.Unlock()
			return own, at
		}
		c := w.client(t, 9, func() *enode.Node { n, _ := current(); return n }, func(cfg *ClientConfig) {
			cfg.Dial = func(ctx context.Context, network, server string) (net.Conn, error) {
				_, from := current()
				if server == serverAt(1) {
					from = "192.0.2.66:1" // what the liar tells
				}
				return w.net.dialer(from)(ctx, network, server)
			}
			cfg.OnRemoteIP = func(a netip.Addr) {
				mu.Lock()
				defer mu.Unlock()
				own = signed(t, key, own.Seq()+1, a.String(), 30303)
			}
		})
		defer goAdvertise(t, c, discovery.TopicRelay)()
		wantAddr := func(want string, times uint64) {
			t.Helper()
			synctest.Wait()
			if n, _ := current(); n.IPAddr().String() != want || n.Seq() != times+1 {
				t.Errorf("address %s after %d answers, want %s, %d", n.IPAddr(), n.Seq()-1, want, times)
			}
		}
		wantAddr("198.51.100.9", 1)
		time.Sleep(relearn - renewal)
		mu.Lock()
		at = "198.51.100.10:1" // the provider gives out another one
		mu.Unlock()
		for _, s := range w.servers {
			s.Server.closeAll() // with it the connections end
		}
		wantAddr("198.51.100.9", 1)
		time.Sleep(2 * renewal)
		wantAddr("198.51.100.10", 2)
	})
}
