package waku

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/waku/wire"
)

// TestReasonsHaveTexts: each reason has a text of its own, and a close reason
// one of devp2p's that is not zero, so that metrics and peers can tell.
func TestReasonsHaveTexts(t *testing.T) {
	seen := make(map[string]bool)
	check := func(text string) {
		if strings.Contains(text, " ") || seen[text] {
			t.Errorf("text %q is missing or used twice", text)
		}
		seen[text] = true
	}
	for r := CloseReason(1); r < closeReasons; r++ {
		check(r.String())
		if r.disc() == p2p.DiscRequested || !strings.HasSuffix(r.Error(), r.String()) {
			t.Errorf("%s: disc %v, error %q", r, r.disc(), r.Error())
		}
		var as CloseReason
		if !errors.As(fmt.Errorf("wrapped: %w", r), &as) || as != r {
			t.Errorf("%s cannot be found in an error", r)
		}
	}
	for r := RejectReason(1); r < rejectReasons; r++ {
		check(r.String())
	}
	for _, text := range []string{CloseReason(0).String(), closeReasons.String(), rejectReasons.String()} {
		if !strings.HasPrefix(text, "reason ") {
			t.Errorf("unknown reason is called %q", text)
		}
	}
}

// TestNoMorePeers: a host that tracks as many peers as it can turns others
// away.
func TestNoMorePeers(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		r := dial(t, h, version, 0, nil)
		r.wantOpen()
		for h.slots.take() != nil { // all that are left
		}
		connect(t, h, version, 1).wantClosed(CloseFull)
		r.close()
		synctest.Wait()
		dial(t, h, version, 1, nil).wantOpen()
	})
}

func TestProtocols(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		minPoW := 0.25
		h := startHost(t, Config{MinPoW: &minPoW})
		r := dial(t, h, version, 0, &wire.StatusOptions{Topics: []wire.Topic{testTopic(0), testTopic(1)}})
		r.wantOpen()
		list := h.Protocols()
		if len(list) != 2 || list[0].Version != 1 || list[1].Version != 0 {
			t.Fatalf("got protocols %v", list)
		}
		for _, p := range list {
			if p.Name != "waku" || p.Length != 128 {
				t.Errorf("got %s/%d of length %d", p.Name, p.Version, p.Length)
			}
			info, err := json.Marshal(p.NodeInfo())
			if want := `{"version":"1","maxMessageSize":1048576,"minimumPoW":0.25}`; err != nil || string(info) != want {
				t.Errorf("node info: got %s (%v), want %s", info, err, want)
			}
			s, ok := p.PeerInfo(r.id).(PeerStats)
			if !ok || s.Version != version || s.Topics != 2 || s.BloomFill != 0 || s.PoW != wire.DefaultPeerPoW {
				t.Errorf("peer info: got %+v", s)
			}
			if p.PeerInfo(testID(9)) != nil {
				t.Error("peer info of a stranger")
			}
		}
	})
}

// TestPeerStats counts both ways, and describes the interest.
func TestPeerStats(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		r := dial(t, h, version, 0, wantAll())
		time.Sleep(time.Second)
		if err := r.sendEnvelopes(testEnvelope(1), testEnvelope(2)); err != nil {
			t.Fatal(err)
		}
		in := len(wire.EncodeMessages([]*wire.Envelope{testEnvelope(1), testEnvelope(2)}))
		if err := h.Submit(testEnvelope(3)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		s, _ := h.PeerStats(r.id)
		if s.EnvelopesIn != 2 || s.EnvelopesOut != 1 || s.BytesIn != uint64(in) || s.BytesOut == 0 ||
			!s.LastSeen.Equal(time.Now()) || s.Topics != -1 || s.BloomFill != 1 || s.PoW != 0 {
			t.Errorf("got %+v", s)
		}
		var bloom wire.Bloom
		bloom[0] = 0xff
		if err := r.update(wire.StatusOptions{Bloom: bloom[:]}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if s, _ := h.PeerStats(r.id); s.Topics != -1 || s.BloomFill != 8.0/512 {
			t.Errorf("bloom of 8 bits: got %+v", s)
		}
		if _, ok := h.PeerStats(testID(9)); ok || h.PeerConnected(testID(9)) || !h.PeerConnected(r.id) {
			t.Error("connected peers are wrong")
		}
	})
}

// arrivals is a PeerWatcher.
type arrivals struct{ notes[string] }

func (a *arrivals) PeerUp(id enode.ID)   { a.add(fmt.Sprintf("up %d", id[31])) }
func (a *arrivals) PeerDown(id enode.ID) { a.add(fmt.Sprintf("down %d", id[31])) }

// TestWatcher: it is told of peers whose handshake succeeded, and once of
// their end.
func TestWatcher(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		a := new(arrivals)
		h := startHost(t, Config{Watcher: a})
		r := dial(t, h, version, 0, nil)
		bad := connect(t, h, version, 1)
		bad.readStatus()
		_ = bad.send(wire.CodeStatus, []byte{1})
		bad.wantClosed(CloseHandshake)
		if got := a.take(); !slices.Equal(got, []string{"up 1"}) {
			t.Errorf("got %q", got)
		}
		r.close()
		if got := a.take(); !slices.Equal(got, []string{"down 1"}) {
			t.Errorf("got %q", got)
		}
	})
}
