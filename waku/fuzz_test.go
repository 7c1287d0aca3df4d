package waku

import (
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/test/vectors"
	"statusd/waku/wire"
)

// script is a fuzz input: packets of code (1 byte), length (2 bytes, big
// endian) and payload, the first being the Status.
func script(packets ...wirePacket) []byte {
	var b []byte
	for _, pkt := range packets {
		b = append(b, byte(pkt.code))
		b = binary.BigEndian.AppendUint16(b, uint16(len(pkt.payload)))
		b = append(b, pkt.payload...)
	}
	return b
}

// nextPacket takes a packet off a script.
func nextPacket(b []byte) (pkt wirePacket, rest []byte) {
	if len(b) < 3 {
		return wirePacket{code: uint64(b[0])}, nil
	}
	n := min(int(binary.BigEndian.Uint16(b[1:])), len(b)-3)
	return wirePacket{uint64(b[0]), b[3 : 3+n]}, b[3+n:]
}

// FuzzPeer plays arbitrary packets to a host that has every feature on: it
// must not panic and not hang, and either end the connection with a reason or
// go on serving it; another peer is always served.
func FuzzPeer(f *testing.F) {
	for _, c := range vectors.Section[vecPackets](f, vectors.Load(f, "waku"), "packets").Handling {
		if c.Payload == nil {
			continue
		}
		status := wirePacket{wire.CodeStatus, new(wire.StatusOptions).EncodeStatus(c.Version)}
		pkt := wirePacket{c.Code, *c.Payload}
		f.Add(c.Version, c.Trusted, script(status, pkt, pkt, pkt))
	}
	yes := true
	greedy := wantAll()
	greedy.Confirmations, greedy.LightNode, greedy.PacketLimits = &yes, &yes, &wire.Limits{PerIP: 1}
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // when bubbles begin
	for i := range uint64(4) {
		batch := wire.EncodeMessages([]*wire.Envelope{
			envelopeAt(now, i, 50, testTopic(0), 20), envelopeAt(now, 9, 0, wire.Topic{}, 0),
		})
		f.Add(uint(1), false, script(wirePacket{0, greedy.EncodeStatus(1)}, wirePacket{wire.CodeMessages, batch},
			wirePacket{wire.CodeBatchAck, wire.EncodeBatchAck(wire.BatchHash(batch))}, wirePacket{wire.CodeP2PRequest, batch}))
	}
	f.Fuzz(func(t *testing.T, version uint, trusted bool, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		synctest.Test(t, func(t *testing.T) { playScript(t, version%2, trusted, data) })
	})
}

func playScript(t *testing.T, version uint, trusted bool, data []byte) {
	cfg := Config{
		Confirmations: true, Mail: new(mailbox), MailReplies: new(mailLog), Tracker: new(tracks),
		PoolEnvelopes: 10, RateLimits: RateLimits{Enabled: true, PacketsPerPeer: 1000, Tolerance: 10},
	}
	if trusted {
		cfg.Trusted = []enode.ID{testID(0)}
	}
	h := newHost(t, cfg)
	for _, spec := range []FilterSpec{{SymKey: testKey(0), AllowP2P: true}, {PrivateKey: newKey(t, 0)}} {
		if _, err := h.InstallFilter(spec, nil); err != nil {
			t.Fatal(err)
		}
	}
	stop := run(t, h)
	r := connect(t, h, version, 0)
	go r.listen()
	for len(data) > 0 {
		var pkt wirePacket
		pkt, data = nextPacket(data)
		if r.send(pkt.code, pkt.payload) != nil {
			break
		}
		if err := h.Submit(testEnvelope(uint64(len(data)))); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(time.Minute) // envelopes expire, and a handshake that never came times out
	other := dial(t, h, 1-version, 1, wantAll())
	for _, peer := range []*remote{r, other} {
		if peer.gone() {
			continue
		}
		env := testEnvelope(1 << 50)
		if err := peer.sendEnvelopes(env); err != nil || h.pool.get(waitFor(env)) == nil {
			t.Errorf("a peer is connected and not served: %v", err)
		}
	}
	if other.gone() {
		t.Errorf("the other peer was dropped: %s", closeCounts(t, h))
	}
	stop()
	if !r.gone() || r.err == nil {
		t.Errorf("the connection ended without a reason: %v", r.err)
	}
}

// waitFor lets everybody finish with an envelope.
func waitFor(env *wire.Envelope) wire.Hash {
	synctest.Wait()
	return env.Hash()
}
