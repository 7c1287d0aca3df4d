package waku

import (
	"fmt"
	"testing"
	"testing/synctest"

	"statusd/waku/wire"
)

// lightPeer is the interest of a light node that wants everything.
func lightPeer(confirms bool) *wire.StatusOptions {
	o, yes := wantAll(), true
	o.LightNode, o.Confirmations = &yes, &confirms
	return o
}

// TestLightPeersForwardNothing: what a light peer got, confirmed, refused or
// sent back says nothing of whether an own envelope is under way.
func TestLightPeersForwardNothing(t *testing.T) {
	for _, confirms := range []bool{false, true} {
		bothVersions(t, func(t *testing.T, version uint) {
			k := new(tracks)
			h := startHost(t, Config{Tracker: k})
			r := dial(t, h, version, 0, lightPeer(confirms))
			own := testEnvelope(1)
			if err := h.Submit(own); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if s, _ := h.PeerStats(r.id); s.EnvelopesOut != 1 {
				t.Fatalf("the light peer got %d envelopes", s.EnvelopesOut)
			}
			batch := wire.BatchHash(wire.EncodeMessages([]*wire.Envelope{own}))
			_ = r.send(wire.CodeBatchAck, wire.EncodeBatchAck(batch))
			_ = r.sendEnvelopes(own)
			k.want(t, "a light peer")
			if h.Forwarders() != 0 || h.PeerCount() != 1 {
				t.Errorf("%d of %d peers forward", h.Forwarders(), h.PeerCount())
			}
			full := dial(t, h, version, 1, wantAll())
			k.want(t, "a full peer", sent(own, full))
			if h.Forwarders() != 1 {
				t.Errorf("%d peers forward", h.Forwarders())
			}
		})
	}
}

// TestPeerTurnsOutToBeLight: a peer that says so only later is reported once
// more, and stays light whatever it says then.
func TestPeerTurnsOutToBeLight(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		a := new(arrivals)
		h := startHost(t, Config{Watcher: a})
		r := dial(t, h, version, 0, wantAll())
		synctest.Wait()
		for i, light := range []bool{true, false, true} {
			if err := r.update(wire.StatusOptions{LightNode: &light}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if h.Forwarders() != 0 {
				t.Errorf("update %d: the peer forwards", i)
			}
		}
		if got := fmt.Sprint(a.take()); got != "[up 1 up 1]" {
			t.Errorf("got %s", got)
		}
	})
}
