package waku

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

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

// TestTakersWantTheEnvelopeAndForwardIt: neither light peers nor those that ask
// for other topics or for more work would pass an envelope on; who asks for more
// later is reported.
func TestTakersWantTheEnvelopeAndForwardIt(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		asked := new(arrivals)
		h := startHost(t, Config{WantsMore: asked.PeerUp})
		narrow := dial(t, h, version, 0, &wire.StatusOptions{Topics: []wire.Topic{testTopic(1)}})
		dial(t, h, version, 1, lightPeer(false))
		demanding := wantAll()
		pow := 5.0
		demanding.PoW = &pow
		dial(t, h, version, 2, demanding)
		synctest.Wait()
		want := func(topic int, pow float64, n int) {
			t.Helper()
			if got := h.Takers(testTopic(topic), pow); got != n {
				t.Errorf("topic %d, work %g: %d take it, want %d", topic, pow, got, n)
			}
		}
		want(0, 4, 0)
		want(0, 5, 1)
		want(1, 4, 1)
		want(1, 5, 2)
		if err := narrow.update(wire.StatusOptions{Topics: []wire.Topic{testTopic(0), testTopic(1)}}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		want(0, 4, 1)
		if got := fmt.Sprint(asked.take()); got != "[up 1]" {
			t.Errorf("reported was %s", got)
		}
		full := wire.FullBloom()
		for range 100 { // to and fro
			for _, o := range []wire.StatusOptions{{Topics: []wire.Topic{}}, {Bloom: full[:]}} {
				_ = narrow.update(o)
			}
			synctest.Wait()
		}
		time.Sleep(2 * walkPause)
		synctest.Wait()
		if got := asked.take(); len(got) == 0 || len(got) > 3 {
			t.Errorf("reported was %v", got)
		}
	})
}
