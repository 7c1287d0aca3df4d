package waku

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/waku/wire"
)

// mailbox is a MailServer that writes down what it is asked.
type mailbox struct {
	mu    sync.Mutex
	peers []MailPeer
	asked [][]byte
	err   error
}

func (m *mailbox) HandleRequest(peer MailPeer, payload []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.peers, m.asked = append(m.peers, peer), append(m.asked, payload)
	return m.err
}

// mailLog is a MailClient that writes down, together with a Sink, what comes
// in which order.
type mailLog struct {
	notes[string]
	refuse wire.Topic
}

func (m *mailLog) Deliver(r *ReceivedMessage) {
	m.add(fmt.Sprintf("message %s %t", r.Payload, r.P2P))
}

func (m *mailLog) Accept(_ enode.ID, env *wire.Envelope) bool { return env.Topic() != m.refuse }

func (m *mailLog) Complete(peer enode.ID, c *wire.RequestComplete) {
	m.add(fmt.Sprintf("complete %x %x", peer[31], c.ID[0]))
}

// TestHistory: envelopes of a trusted mailserver skip every check and the
// pool, and the end of its answer comes after all of them.
func TestHistory(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		mail := &mailLog{refuse: testTopic(66)}
		minPoW := 1e9
		h := startHost(t, Config{MinPoW: &minPoW, MailReplies: mail, Trusted: []enode.ID{testID(0)}})
		server, other := dial(t, h, version, 0, nil), dial(t, h, version, 1, wantAll())
		topics := []wire.Topic{testTopic(0), testTopic(66)}
		for _, p2p := range []bool{true, false} {
			if _, err := h.InstallFilter(FilterSpec{SymKey: testKey(0), Topics: topics, AllowP2P: p2p}, mail); err != nil {
				t.Fatal(err)
			}
		}
		other.packets()
		long := time.Now().Add(-24 * time.Hour)
		var want []string
		for i := range 40 {
			envs := []*wire.Envelope{
				sealedAt(t, long, 0, 10, testTopic(0), []byte(fmt.Sprint(i))),
				sealedAt(t, long, 0, 10, testTopic(66), []byte("refused by the client")),
				sealedAt(t, long, 0, 10, testTopic(5), []byte("nobody wants this topic")),
			}
			if err := server.send(wire.CodeP2PMessage, wire.EncodeMessages(envs)); err != nil {
				t.Fatal(err)
			}
			want = append(want, fmt.Sprintf("message %d true", i))
			if i%10 == 9 {
				c := wire.RequestComplete{ID: wire.Hash{byte(i)}}
				if err := server.send(wire.CodeRequestComplete, c.Encode()); err != nil {
					t.Fatal(err)
				}
				want = append(want, fmt.Sprintf("complete 1 %x", i))
			}
		}
		if got := mail.take(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if poolLen(h) != 0 || len(other.envelopes()) != 0 {
			t.Error("history was pooled or relayed")
		}
	})
}

// TestTrustStays: trust is by node id: from before the connection, across
// reconnects, until it is taken back; nobody else has it.
func TestTrustStays(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		mail := new(mailLog)
		h := startHost(t, Config{})
		if _, err := h.InstallFilter(FilterSpec{SymKey: testKey(0), AllowP2P: true}, mail); err != nil {
			t.Fatal(err)
		}
		seed := 0
		arrives := func(r *remote) bool {
			t.Helper()
			seed++
			env := sealedAt(t, time.Now(), 0, 10, testTopic(0), []byte(fmt.Sprint(seed)))
			if err := r.send(wire.CodeP2PMessage, wire.EncodeMessages([]*wire.Envelope{env})); err != nil {
				t.Fatal(err)
			}
			r.wantOpen()
			return len(mail.take()) == 1
		}
		h.TrustPeer(testID(0))
		for round := range 3 {
			r, other := dial(t, h, version, 0, nil), dial(t, h, version, 1, nil)
			if !arrives(r) || arrives(other) {
				t.Errorf("connection %d: trust is wrong", round)
			}
			s, _ := h.PeerStats(r.id)
			o, _ := h.PeerStats(other.id)
			if !s.Trusted || o.Trusted {
				t.Errorf("stats say trusted %t and %t", s.Trusted, o.Trusted)
			}
			r.close()
			other.close()
			synctest.Wait()
		}
		h.UntrustPeer(testID(0))
		if arrives(dial(t, h, version, 0, nil)) {
			t.Error("trust was not taken back")
		}
	})
}

// TestMailServer: requests reach it with the way back; without one they are
// ignored; what it calls malformed counts against the peer.
func TestMailServer(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		m := new(mailbox)
		h := startHost(t, Config{Mail: m})
		r := dial(t, h, version, 0, nil)
		if err := r.send(wire.CodeP2PRequest, []byte{0xc0}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(m.asked) != 1 || string(m.asked[0]) != "\xc0" {
			t.Fatalf("the server was asked %x", m.asked)
		}
		peer := m.peers[0]
		if peer.ID() != r.id {
			t.Errorf("peer %s, want %s", peer.ID(), r.id)
		}
		old := wire.NewEnvelope(1000, 10, testTopic(0), []byte{1}, 0)
		payload := wire.EncodeMessages([]*wire.Envelope{old, old})
		if err := errors.Join(peer.SendMessages(payload), peer.SendComplete([]byte{0x80})); err != nil {
			t.Fatal(err)
		}
		got := r.packets()
		if len(got) != 2 || got[0].code != wire.CodeP2PMessage || got[1].code != wire.CodeRequestComplete ||
			string(got[0].payload) != string(wire.EncodeMessages([]*wire.Envelope{old, old})) {
			t.Errorf("got packets %v", got)
		}
		m.err = errors.New("bad request")
		for range 2 {
			if err := r.send(wire.CodeP2PRequest, []byte{1}); err != nil {
				t.Fatal(err)
			}
		}
		r.wantOpen()
		_ = r.send(wire.CodeP2PRequest, []byte{1})
		r.wantClosed(CloseMalformedOther)
		select {
		case <-peer.Done():
		default:
			t.Error("the server does not learn that the peer has gone")
		}
		if err := peer.SendMessages(wire.EncodeMessages(nil)); !errors.Is(err, ErrPeerNotConnected) {
			t.Errorf("sending to a peer that has gone: got %v", err)
		}
	})
}

// TestMailPeerBlocked: what a server sends to a peer that does not read ends
// with the connection.
func TestMailPeerBlocked(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		m := new(mailbox)
		h := newHost(t, Config{Mail: m})
		stop := run(t, h)
		r := dialDeaf(t, h, version, 0, nil)
		if err := r.send(wire.CodeP2PRequest, []byte{1}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		done := make(chan error)
		go func() {
			for {
				if err := m.peers[0].SendMessages(wire.EncodeMessages([]*wire.Envelope{testEnvelope(1)})); err != nil {
					done <- err
					return
				}
			}
		}()
		synctest.Wait()
		stop()
		if err := <-done; !errors.Is(err, ErrPeerNotConnected) {
			t.Errorf("got %v, want %v", err, ErrPeerNotConnected)
		}
		r.wantClosed(CloseStopped)
	})
}

// TestDirectSends: posts with a target and requests go to one peer alone.
func TestDirectSends(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		minPoW := 1e9
		h := startHost(t, Config{MinPoW: &minPoW})
		r, other := dial(t, h, version, 0, wantAll()), dial(t, h, version, 1, wantAll())
		synctest.Wait()
		hash, err := h.Post(t.Context(), Post{SymKey: testKey(0), Payload: []byte{1}, Target: &r.id})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.SendP2PRequest(r.id, []byte{0xc1, 1}); err != nil {
			t.Fatal(err)
		}
		got := r.packets()
		if len(got) != 2 || got[0].code != wire.CodeP2PMessage || got[1].code != wire.CodeP2PRequest {
			t.Fatalf("got packets %v", got)
		}
		envs, err := wire.DecodeMessages(got[0].payload)
		if err != nil || len(envs) != 1 || envs[0].Hash() != hash {
			t.Errorf("got envelopes %v (%v)", envs, err)
		}
		if len(other.packets()) != 0 || poolLen(h) != 0 {
			t.Error("a direct message was pooled or sent to another peer")
		}
		if err := h.SendP2PRequest(testID(9), nil); !errors.Is(err, ErrPeerNotConnected) {
			t.Errorf("request to nobody: got %v", err)
		}
	})
}
