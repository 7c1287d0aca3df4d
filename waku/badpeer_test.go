package waku

import (
	"encoding/binary"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/crypto/ecies"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/waku/wire"
)

// Each test has a second, honest peer, which must not notice anything.

// newWitness connects an honest peer. stillServed checks that it is there and
// that envelopes go both ways.
func newWitness(t *testing.T, h *Host, version uint) (stillServed func()) {
	w := dial(t, h, version, 1000, &wire.StatusOptions{PoW: new(float64), Topics: []wire.Topic{testTopic(0)}})
	seed := uint64(1 << 40)
	return func() {
		t.Helper()
		w.packets()
		seed++
		in, out := testEnvelope(seed), testEnvelope(seed+1<<20)
		if err := w.sendEnvelopes(in); err != nil {
			t.Fatalf("honest peer: %v", err)
		}
		if err := h.Submit(out); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second / paceRate) // after many packets the next may wait so long
		got := hashes(w.envelopes())
		if got[out.Hash()] != 1 || h.pool.get(in.Hash()) == nil {
			t.Error("the honest peer is not served any more")
		}
	}
}

func TestHandshakeTimeout(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		served := newWitness(t, h, version)
		silent, deaf := connect(t, h, version, 0), connect(t, h, version, 1)
		silent.readStatus() // and never sends its own; deaf does not even read
		time.Sleep(handshakeTimeout - time.Millisecond)
		silent.wantOpen()
		deaf.wantOpen()
		time.Sleep(time.Millisecond)
		silent.wantClosed(CloseHandshakeTimeout)
		deaf.wantClosed(CloseHandshakeTimeout)
		served()
	})
}

// TestFirstPacket: anything but a valid Status of bounded size is refused.
func TestFirstPacket(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	negative := -1e-9
	zero := math.Copysign(0, -1)
	topics := make([]wire.Topic, 10_001)
	for i := range topics {
		binary.BigEndian.PutUint32(topics[i][:], uint32(i))
	}
	yes := true
	cases := []struct {
		name    string
		code    uint64
		options wire.StatusOptions
		raw     []byte // instead of options
		want    CloseReason
	}{
		{name: "empty", want: 0},
		{name: "negative zero", options: wire.StatusOptions{PoW: &zero}, want: 0},
		{name: "10 000 topics", options: wire.StatusOptions{Topics: topics[:10_000]}, want: 0},
		{name: "light", options: wire.StatusOptions{LightNode: &yes}, want: CloseLightLight},
		{name: "other packet", code: wire.CodeMessages, raw: []byte{0xc0}, want: CloseHandshake},
		{name: "update", code: wire.CodeStatusUpdate, want: CloseHandshake},
		{name: "unknown code", code: 99, want: CloseHandshake},
		{name: "not a list", raw: []byte{0x83, 1, 2, 3}, want: CloseHandshake},
		{name: "no payload", raw: []byte{}, want: CloseHandshake},
		{name: "NaN", options: wire.StatusOptions{PoW: &nan}, want: CloseHandshake},
		{name: "infinite", options: wire.StatusOptions{PoW: &inf}, want: CloseHandshake},
		{name: "negative", options: wire.StatusOptions{PoW: &negative}, want: CloseHandshake},
		{name: "bloom of 63 bytes", options: wire.StatusOptions{Bloom: make([]byte, 63)}, want: CloseHandshake},
		{name: "10 001 topics", options: wire.StatusOptions{Topics: topics}, want: CloseHandshake},
		{name: "huge", raw: make([]byte, wire.MaxPacketSent+1), want: CloseHandshake},
	}
	bothVersions(t, func(t *testing.T, version uint) {
		// A light node, so that the light-light restriction shows too.
		h := startHost(t, Config{LightNode: true})
		if _, err := h.InstallFilter(FilterSpec{SymKey: testKey(0), Topics: []wire.Topic{testTopic(0)}}, nil); err != nil {
			t.Fatal(err)
		}
		served := newWitness(t, h, version)
		for i, c := range cases {
			r := connect(t, h, version, i)
			r.readStatus()
			payload := c.raw
			if payload == nil {
				payload = c.options.EncodeStatus(version)
			}
			_ = r.send(c.code, payload)
			go r.listen()
			t.Log(c.name)
			if c.want == 0 {
				r.wantOpen()
			} else {
				r.wantClosed(c.want)
			}
			r.close()
		}
		served()
	})
}

// TestMalformedUpdates: nothing of a bad update is applied, the first two are
// forgiven, the third malformed packet of any such code ends the connection.
func TestMalformedUpdates(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		served := newWitness(t, h, version)
		inf := math.Inf(-1)
		for i, bad := range []wire.StatusOptions{
			{PoW: &inf}, {Bloom: make([]byte, 65)}, {Topics: make([]wire.Topic, 10_001)},
		} {
			half := 0.5
			if bad.PoW == nil {
				bad.PoW = &half // valid, and before the bad option
			}
			r := dial(t, h, version, i, nil)
			if err := r.update(bad); err != nil {
				t.Fatal(err)
			}
			r.wantOpen()
			if v := h.peerByID(r.id).view.Load(); v.pow != wire.DefaultPeerPoW || !v.all {
				t.Errorf("update %d was half applied: %+v", i, v)
			}
			if err := r.send(wire.CodeBatchAck, []byte{0x01}); err != nil {
				t.Fatal(err)
			}
			r.wantOpen()
			_ = r.send(wire.CodeMessageResponse, []byte{0xc1, 0xc0})
			r.wantClosed(CloseMalformedOther)
		}
		served()
	})
}

// TestMalformedFromTrusted: the packets of mailservers count too.
func TestMalformedFromTrusted(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		r := dial(t, h, version, 0, nil)
		for range 5 { // dropped undecoded
			if err := r.send(wire.CodeP2PMessage, []byte{1}); err != nil {
				t.Fatal(err)
			}
			if err := r.send(wire.CodeRequestComplete, []byte{0xc0}); err != nil {
				t.Fatal(err)
			}
		}
		r.wantOpen()
		h.TrustPeer(r.id)
		for range 2 {
			if err := r.send(wire.CodeP2PMessage, []byte{1}); err != nil {
				t.Fatal(err)
			}
		}
		r.wantOpen()
		_ = r.send(wire.CodeRequestComplete, []byte{0xc0})
		r.wantClosed(CloseMalformedOther)
	})
}

// TestImpossibleTimes: ttl 0, a ttl above the expiry and what wraps around are
// refused and forgiven.
func TestImpossibleTimes(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		served := newWitness(t, h, version)
		r := dial(t, h, version, 0, nil)
		now := uint32(time.Now().Unix())
		for i, c := range []struct {
			expiry, ttl uint32
			want        RejectReason
		}{
			{now, 0, RejectTTL},
			{now + 5, 0, RejectTTL},
			{now + 50, now + 51, RejectFuture},
			{10, 20, RejectFuture},
			{5, math.MaxUint32, RejectFuture},
			{math.MaxUint32, 1, RejectFuture},
			{0, 1, RejectFuture},
			{1, 1, RejectOld},
			{now - 21, 10, RejectOld},
			{now - 20, 10, RejectExpired},
			{now - 1, now - 1, RejectExpired},
		} {
			env := wire.NewEnvelope(c.expiry, c.ttl, testTopic(0), nil, uint64(i))
			before := counted(t, h.metrics.rejected[c.want])
			if err := r.sendEnvelopes(env); err != nil {
				t.Fatal(err)
			}
			r.wantOpen()
			if h.pool.get(env.Hash()) != nil || counted(t, h.metrics.rejected[c.want]) != before+1 {
				t.Errorf("expiry %d, ttl %d: not refused as %s", c.expiry, c.ttl, c.want)
			}
			err := h.Submit(env)
			if reason, ok := IsReject(err); !ok || reason != c.want {
				t.Errorf("own post, expiry %d, ttl %d: got %v, want %s", c.expiry, c.ttl, err, c.want)
			}
		}
		long := wire.NewEnvelope(math.MaxUint32, math.MaxUint32-now, testTopic(0), nil, 1)
		if err := r.sendEnvelopes(long); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if h.pool.get(long.Hash()) == nil {
			t.Error("a long but possible life was refused")
		}
		served()
	})
}

// TestShortECIES: a valid tag over a body that is too short must not hurt.
func TestShortECIES(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		served := newWitness(t, h, version)
		key := newKey(t, 1)
		sink := new(recorder)
		if _, err := h.InstallFilter(FilterSpec{PrivateKey: key, Topics: []wire.Topic{testTopic(0)}}, sink); err != nil {
			t.Fatal(err)
		}
		r := dial(t, h, version, 0, nil)
		full, err := ecies.Encrypt(zeroReader{}, ecies.ImportECDSAPublic(&key.PublicKey), []byte{1}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(full) {
			env := wire.NewEnvelope(uint32(time.Now().Unix())+50, 50, testTopic(0), full[:n], uint64(n))
			if err := r.sendEnvelopes(env); err != nil {
				t.Fatal(err)
			}
		}
		r.wantOpen()
		if got := sink.take(); len(got) > 0 {
			t.Errorf("%d short messages were delivered", len(got))
		}
		if n := counted(t, h.metrics.unopened); n < float64(len(full)) {
			t.Errorf("%g of %d messages were tried", n, len(full))
		}
		served()
	})
}

// zeroReader gives the one ephemeral key that this test needs.
type zeroReader struct{}

func (zeroReader) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(i) + 1
	}
	return len(b), nil
}

// TestSustainedRejections: a burst of refused envelopes is forgiven up to 300,
// and so are five each second for ever.
func TestSustainedRejections(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		minPoW := 1.0
		h := startHost(t, Config{MinPoW: &minPoW})
		r, steady := dial(t, h, version, 0, nil), dial(t, h, version, 1, nil)
		seed := uint64(0)
		refused := func(r *remote, n int) error {
			envs := make([]*wire.Envelope, n)
			for i := range envs {
				seed++
				envs[i] = testEnvelope(seed)
			}
			return r.sendEnvelopes(envs...)
		}
		for range 120 {
			if err := refused(steady, 5); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		steady.wantOpen()
		if err := refused(r, 300); err != nil {
			t.Fatal(err)
		}
		r.wantOpen()
		time.Sleep(60 * time.Second)
		if err := refused(r, 300); err != nil {
			t.Fatal(err)
		}
		r.wantOpen()
		if s, _ := h.PeerStats(r.id); s.Rejected != 600 || s.EnvelopesIn != 600 {
			t.Errorf("stats: got %+v", s)
		}
		_ = refused(r, 1)
		r.wantClosed(CloseRejections)
		steady.wantOpen()
	})
}

// TestStaleIsForgiven: expired and future envelopes never end a connection.
func TestStaleIsForgiven(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		r := dial(t, h, version, 0, nil)
		for i := range 400 {
			shift := []time.Duration{-time.Hour, time.Hour, -51 * time.Second}[i%3]
			if err := r.sendEnvelopes(envelopeAt(time.Now().Add(shift), uint64(i), 50, testTopic(0), 1)); err != nil {
				t.Fatal(err)
			}
		}
		r.wantOpen()
		if poolLen(h) != 0 {
			t.Errorf("%d stale envelopes were pooled", poolLen(h))
		}
	})
}

// TestSlowClockIsForgiven: envelopes that have just enough proof of work for a
// peer, and too little for us because our clock is a second behind, are not
// held against it: otherwise anybody could part honest nodes with them.
func TestSlowClockIsForgiven(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		peerNow := time.Now().Add(time.Second)
		weakest := math.Inf(1)
		envs := make([]*wire.Envelope, 700)
		for i := range envs {
			envs[i] = envelopeAt(peerNow, uint64(i), 1, testTopic(0), 500)
			weakest = min(weakest, envs[i].PoW(0))
		}
		h := startHost(t, Config{MinPoW: &weakest})
		r := dial(t, h, version, 0, nil)
		if err := r.sendEnvelopes(envs...); err != nil {
			t.Fatal(err)
		}
		r.wantOpen()
		if s, _ := h.PeerStats(r.id); s.Rejected < 500 || poolLen(h) != len(envs)-int(s.Rejected) {
			t.Errorf("%d refused, %d pooled", s.Rejected, poolLen(h))
		}
	})
}

// TestRejectionsAfterChange: for 10 s after our interest or proof of work
// changed, refused envelopes are not held against the peer.
func TestRejectionsAfterChange(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		r := dial(t, h, version, 0, nil)
		time.Sleep(time.Minute)
		send := func(from int) error {
			var envs []*wire.Envelope
			for i := range 1000 {
				envs = append(envs, testEnvelope(uint64(from+i)))
			}
			return r.sendEnvelopes(envs...)
		}
		// The first topic set is in force at once.
		if _, err := h.InstallFilter(FilterSpec{SymKey: testKey(0), Topics: []wire.Topic{testTopic(7)}}, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(settingTolerance - time.Millisecond)
		if err := send(0); err != nil {
			t.Fatal(err)
		}
		r.wantOpen()
		if poolLen(h) != 0 {
			t.Error("envelopes outside the interest were pooled")
		}
		time.Sleep(time.Millisecond)
		_ = send(1000)
		r.wantClosed(CloseRejections)
	})
}

// TestSoftBlacklist: packets of such a peer are ignored and confirmed as if
// clean.
func TestSoftBlacklist(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{Confirmations: true, SoftBlacklist: []enode.ID{testID(0)}})
		served := newWitness(t, h, version)
		r := dial(t, h, version, 0, nil)
		good, old := testEnvelope(1), envelopeAt(time.Now().Add(-time.Hour), 2, 50, testTopic(0), 1)
		batch := wire.EncodeMessages([]*wire.Envelope{good, old})
		if err := r.send(wire.CodeMessages, batch); err != nil {
			t.Fatal(err)
		}
		if got := confirmation(t, r.packets(), r, batch); len(got) > 0 {
			t.Errorf("error entries: %v", got)
		}
		if poolLen(h) != 0 {
			t.Error("the envelope was taken")
		}
		served()
		_ = r.send(wire.CodeMessages, []byte{1})
		r.wantClosed(CloseMalformed)
	})
}

// TestUnknownPackets: codes in between and a second Status are ignored.
func TestUnknownPackets(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		r := dial(t, h, version, 0, nil)
		for code := range uint64(wire.ProtocolLength) {
			switch code {
			case wire.CodeMessages, wire.CodeBatchAck, wire.CodeMessageResponse, wire.CodeStatusUpdate:
				continue
			}
			for _, payload := range [][]byte{nil, {0xff}, make([]byte, 1000)} {
				if err := r.send(code, payload); err != nil {
					t.Fatalf("code %d: %v", code, err)
				}
			}
		}
		status := wire.StatusOptions{Topics: []wire.Topic{}}
		if err := r.send(wire.CodeStatus, status.EncodeStatus(version)); err != nil {
			t.Fatal(err)
		}
		r.wantOpen()
		if v := h.peerByID(r.id).view.Load(); !v.all {
			t.Error("a second status was applied")
		}
		if got := r.packets(); len(got) > 0 {
			t.Errorf("got %d replies", len(got))
		}
	})
}

// TestRefusedListFitsPacket: however many envelopes a packet holds, the
// response about them fits into one.
func TestRefusedListFitsPacket(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{Confirmations: true})
		r := dial(t, h, version, 0, nil)
		old := wire.NewEnvelope(1_000_000, 1, wire.Topic{}, nil, 0).RLP()
		payload := make([]byte, 0, 1<<20)
		for len(payload) < 1<<20 {
			payload = append(payload, old...)
		}
		payload = append(wire.MessagesHeader(len(payload)), payload...)
		if err := r.send(wire.CodeMessages, payload); err != nil {
			t.Fatal(err)
		}
		got := r.packets()
		if len(got) != 2 || len(got[0].payload) > wire.MaxPacketSent {
			t.Fatalf("got %d packets, the first of %d bytes", len(got), len(got[0].payload))
		}
		if list := confirmation(t, got, r, payload); len(list) != maxRefused {
			t.Errorf("%d envelopes are listed, want %d", len(list), maxRefused)
		}
		r.wantOpen()
	})
}
