package waku

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"statusd/waku/wire"
)

// wantAll are the options of a peer that takes everything.
func wantAll() *wire.StatusOptions { return &wire.StatusOptions{PoW: new(float64)} }

// TestRelayOnce: an envelope goes to every other peer that wants it, once, and
// never back; from a second peer it is a duplicate and goes to nobody.
func TestRelayOnce(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		sink := new(recorder)
		if _, err := h.InstallFilter(FilterSpec{SymKey: testKey(0)}, sink); err != nil {
			t.Fatal(err)
		}
		a, b, c := dial(t, h, version, 0, wantAll()), dial(t, h, 1-version, 1, wantAll()), dial(t, h, version, 2, wantAll())
		synctest.Wait()
		env := sealedAt(t, time.Now(), 0, 50, testTopic(0), []byte{1})
		if err := a.sendEnvelopes(env, env); err != nil {
			t.Fatal(err)
		}
		wantHashes(t, "first peer", a.envelopes(), nil)
		wantHashes(t, "second peer", b.envelopes(), []*wire.Envelope{env})
		wantHashes(t, "third peer", c.envelopes(), []*wire.Envelope{env})
		if err := b.sendEnvelopes(env); err != nil {
			t.Fatal(err)
		}
		for _, r := range []*remote{a, b, c} {
			wantHashes(t, "after a duplicate", r.envelopes(), nil)
		}
		if n := len(sink.take()); n != 1 {
			t.Errorf("delivered %d times, want once", n)
		}
		if n := counted(t, h.metrics.duplicates); n != 2 {
			t.Errorf("counted %g duplicates, want 2", n)
		}
		late := dial(t, h, version, 3, wantAll())
		wantHashes(t, "late peer", late.envelopes(), []*wire.Envelope{env})
	})
}

// TestEnvelopesThatComeFastSharePackets: a peer gets at most a burst of packets
// and then so many a second, with all the envelopes in them, none of which waits
// for longer than until the next packet.
func TestEnvelopesThatComeFastSharePackets(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		a, b := dial(t, h, version, 0, wantAll()), dial(t, h, version, 1, wantAll())
		synctest.Wait()
		const count, every = 1000, 20 * time.Microsecond
		var sent, got []*wire.Envelope
		packets := 0
		for i := range uint64(count) {
			env := testEnvelope(i)
			if err := a.sendEnvelopes(env); err != nil {
				t.Fatal(err)
			}
			sent = append(sent, env)
			time.Sleep(every)
			synctest.Wait()
			for _, pkt := range b.packets() {
				list, err := wire.DecodeMessages(pkt.payload)
				if err != nil {
					t.Fatal(err)
				}
				packets, got = packets+1, append(got, list...)
			}
			if late := len(sent) - len(got); late > int(time.Second/paceRate/every)+1 {
				t.Fatalf("%d envelopes wait after %d were sent", late, len(sent))
			}
		}
		time.Sleep(time.Second / paceRate)
		synctest.Wait()
		got = append(got, b.envelopes()...)
		wantHashes(t, "the other peer", got, sent)
		if most := paceBurst + int(count*every*paceRate/time.Second) + 1; packets > most || packets < most/2 {
			t.Errorf("%d packets for %d envelopes, want at most %d", packets, count, most)
		}
	})
}

// TestRelayAtOnce: no virtual time passes between arrival and departure.
func TestRelayAtOnce(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		a, b := dial(t, h, version, 0, wantAll()), dialDeaf(t, h, version, 1, wantAll())
		got := clocked(b)
		for i := range uint64(20) {
			time.Sleep(37 * time.Millisecond)
			if err := a.sendEnvelopes(testEnvelope(i)); err != nil {
				t.Fatal(err)
			}
		}
		list := got()
		if len(list) != 20 {
			t.Fatalf("got %d packets, want 20", len(list))
		}
		for i, x := range list {
			if want := time.Duration(i+1) * 37 * time.Millisecond; x.at != want {
				t.Errorf("packet %d came at %v, want %v", i, x.at, want)
			}
		}
	})
}

// TestPacketsAreSplit: what waits for a peer leaves in packets of at most
// 1 MiB, however much it is.
func TestPacketsAreSplit(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		var all []*wire.Envelope
		for i, size := range []int{300_000, 700_000, 90_000, 500_000, 548_000, 1, 1_048_000, 20, 400_000, 600_000} {
			env := envelopeAt(time.Now(), uint64(i), 50, testTopic(0), size)
			all = append(all, env)
			if err := h.Submit(env); err != nil {
				t.Fatal(err)
			}
		}
		for i := range uint64(5000) {
			env := envelopeAt(time.Now(), 1000+i, 50, testTopic(0), 300)
			all = append(all, env)
			if err := h.Submit(env); err != nil {
				t.Fatal(err)
			}
		}
		r := dial(t, h, version, 0, wantAll())
		var got []*wire.Envelope
		packets := r.packets()
		for _, pkt := range packets {
			if pkt.code != wire.CodeMessages {
				t.Fatalf("unexpected packet of code %d", pkt.code)
			}
			if len(pkt.payload) > wire.MaxPacketSent {
				t.Errorf("packet of %d bytes", len(pkt.payload))
			}
			envs, err := wire.DecodeMessages(pkt.payload)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, envs...)
		}
		wantHashes(t, "all", got, all)
		if len(packets) > 12 {
			t.Errorf("%d packets for %d envelopes", len(packets), len(all))
		}
	})
}

// TestLargestEnvelope: one that fills a packet to the byte is sent, one byte
// more is refused to its author and not sent when it comes from a peer.
func TestLargestEnvelope(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		r, sender := dial(t, h, version, 0, wantAll()), dial(t, h, version, 1, wantAll())
		fits := packetOfLength(t, h, wire.MaxPacketSent)
		envs, err := wire.DecodeMessages(slices.Clone(fits))
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Submit(envs[0]); err != nil {
			t.Fatal(err)
		}
		got := r.packets()
		if len(got) != 1 || !slices.Equal(got[0].payload, fits) {
			t.Errorf("the envelope that just fits did not arrive: %d packets", len(got))
		}
		if err := sender.send(wire.CodeMessages, packetOfLength(t, h, wire.MaxPacketSent+1)); err != nil {
			t.Fatal(err)
		}
		if n := len(r.packets()); n != 0 || poolLen(h) != 2 {
			t.Errorf("got %d packets for one that does not fit; pool holds %d", n, poolLen(h))
		}
		if counted(t, h.metrics.unsendable) == 0 {
			t.Error("the unsendable envelope was not counted")
		}
		// The largest payload that can be posted is one that can be sent.
		limit := payloadLimit(t, h, testTopic(3))
		post := Post{SymKey: testKey(0), Topic: testTopic(3), Payload: make([]byte, limit), Padding: []byte{1}}
		hash, err := h.Post(t.Context(), post)
		if err != nil {
			t.Fatal(err)
		}
		if hashes(r.envelopes())[hash] != 1 {
			t.Errorf("a post with %d bytes did not arrive", limit)
		}
		post.Payload = make([]byte, limit+1)
		_, err = h.Post(t.Context(), post)
		if reason, ok := IsReject(err); !ok || reason != RejectSize {
			t.Errorf("a post with %d bytes: got %v", limit+1, err)
		}
	})
}

// payloadLimit finds the largest payload that can be sealed.
func payloadLimit(t *testing.T, h *Host, topic wire.Topic) int {
	t.Helper()
	low, high := 1, 2*DefaultMaxMessageSize
	for high-low > 1 {
		mid := (low + high) / 2
		_, err := h.Seal(t.Context(), Post{SymKey: testKey(0), Topic: topic, Payload: make([]byte, mid), Padding: []byte{1}})
		if err == nil {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// TestLargerMessageSize: a raised limit lets larger envelopes in, but no peer
// gets a packet that would make it close the connection.
func TestLargerMessageSize(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{MaxMessageSize: 4 << 20})
		r, sender := dial(t, h, version, 0, wantAll()), dial(t, h, version, 1, wantAll())
		env := envelopeAt(time.Now(), 0, 50, testTopic(0), 3<<20)
		if err := sender.sendEnvelopes(env); err != nil {
			t.Fatal(err)
		}
		wantHashes(t, "large", r.envelopes(), nil)
		sender.wantOpen()
		if h.pool.get(env.Hash()) == nil {
			t.Error("the large envelope was not taken")
		}
	})
}

// TestReconnectStartsAnew: a peer that comes again is offered all that lives.
func TestReconnectStartsAnew(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		short, long := envelopeAt(time.Now(), 0, 5, testTopic(0), 10), envelopeAt(time.Now(), 1, 50, testTopic(0), 10)
		for _, env := range []*wire.Envelope{short, long} {
			if err := h.Submit(env); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 {
			r := dial(t, h, version, 0, wantAll())
			wantHashes(t, "both", r.envelopes(), []*wire.Envelope{short, long})
			r.close()
			if !r.gone() || h.PeerConnected(r.id) {
				t.Error("the peer is still there")
			}
		}
		time.Sleep(6 * time.Second)
		wantHashes(t, "later", dial(t, h, version, 0, wantAll()).envelopes(), []*wire.Envelope{long})
	})
}

// TestEvictedIsDelivered: an envelope that the full pool cannot keep was still
// archived and matched against the filters.
func TestEvictedIsDelivered(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		archive := new(listArchive)
		h := startHost(t, Config{PoolEnvelopes: 3, Archive: archive})
		sink := new(recorder)
		if _, err := h.InstallFilter(FilterSpec{SymKey: testKey(0)}, sink); err != nil {
			t.Fatal(err)
		}
		r := dial(t, h, version, 0, nil)
		var all []*wire.Envelope
		for i := range 6 { // odd factors: no two proofs of work are equal
			env := sealedAt(t, time.Now(), 0, uint32(1000+2000*i), testTopic(0), []byte{byte(i)})
			all = append(all, wire.NewEnvelope(env.Expiry(), env.TTL(), env.Topic(), env.Data(), bestNonce(env)))
		}
		if err := r.sendEnvelopes(all...); err != nil {
			t.Fatal(err)
		}
		if got := sink.take(); len(got) != len(all) {
			t.Errorf("delivered %d, want %d", len(got), len(all))
		}
		if err := dial(t, h, version, 1, nil).sendEnvelopes(all...); err != nil {
			t.Fatal(err)
		}
		if got := sink.take(); len(got) != 0 {
			t.Errorf("delivered %d again when another peer sent all", len(got))
		}
		wantHashes(t, "archive", archive.take(), all)
		if poolLen(h) != 3 || counted(t, h.metrics.evicted) != 3 {
			t.Errorf("pool holds %d, evicted %g", poolLen(h), counted(t, h.metrics.evicted))
		}
		slices.SortFunc(all, func(a, b *wire.Envelope) int {
			if a.PoW(0) > b.PoW(0) {
				return -1
			}
			return 1
		})
		for i, env := range all {
			if got := h.pool.get(env.Hash()) != nil; got != (i < 3) {
				t.Errorf("envelope with the %d. proof of work pooled: got %t", i+1, got)
			}
		}
	})
}

// bestNonce is the best of a few, so that proofs of work differ.
func bestNonce(env *wire.Envelope) (best uint64) {
	search := wire.NewNonceSearch(env.Expiry(), env.TTL(), env.Topic(), env.Data())
	bits := -1
	for nonce := range uint64(8) {
		if n := search.ZeroBits(nonce); n > bits {
			best, bits = nonce, n
		}
	}
	return best
}

// TestLightNode: it relays its own posts alone, and gets what it wants.
func TestLightNode(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{LightNode: true})
		a, b := dial(t, h, version, 0, wantAll()), dial(t, h, version, 1, wantAll())
		if a.status.LightNode == nil || !*a.status.LightNode || a.status.Topics == nil || len(a.status.Topics) != 0 {
			t.Errorf("announced %+v, want a light node with an empty topic list", a.status)
		}
		sink := new(recorder)
		id, err := h.InstallFilter(FilterSpec{SymKey: testKey(0), Topics: []wire.Topic{testTopic(0)}}, sink)
		if err != nil {
			t.Fatal(err)
		}
		a.packets()
		env := sealedAt(t, time.Now(), 0, 50, testTopic(0), []byte{1})
		if err := a.sendEnvelopes(env, testEnvelope(1), envelopeAt(time.Now(), 2, 50, testTopic(9), 1)); err != nil {
			t.Fatal(err)
		}
		if got := sink.take(); len(got) != 1 || got[0].Hash != env.Hash() {
			t.Errorf("delivered %d messages, want 1", len(got))
		}
		own := testEnvelope(5)
		if err := h.Submit(own); err != nil {
			t.Fatal(err)
		}
		wantHashes(t, "second peer", b.envelopes(), []*wire.Envelope{own})
		wantHashes(t, "first peer", a.envelopes(), []*wire.Envelope{own})
		late := dial(t, h, version, 2, wantAll())
		wantHashes(t, "late peer", late.envelopes(), []*wire.Envelope{own})

		h.SetLightNode(false)
		h.UninstallFilter(id)
		a.packets()
		b.packets()
		next := testEnvelope(6)
		if err := a.sendEnvelopes(next); err != nil {
			t.Fatal(err)
		}
		got := hashes(b.envelopes())
		if got[next.Hash()] != 1 {
			t.Error("a node that is no longer light does not relay")
		}
		if got := dial(t, h, version, 3, wantAll()).status; *got.LightNode || got.Bloom == nil {
			t.Errorf("announced %+v, want no light node and everything", got)
		}
		h.SetLightNode(true)
		if got := dial(t, h, version, 4, wantAll()).status; !*got.LightNode || got.Topics == nil {
			t.Errorf("announced %+v, want a light node without topics", got)
		}
	})
}

// TestLightToLight: two light nodes are of no use to each other.
func TestLightToLight(t *testing.T) {
	yes := true
	bothVersions(t, func(t *testing.T, version uint) {
		for _, allow := range []bool{false, true} {
			h := startHost(t, Config{LightNode: true, AllowLightToLight: allow})
			r := dial(t, h, version, 0, &wire.StatusOptions{LightNode: &yes})
			if allow {
				r.wantOpen()
			} else {
				r.wantClosed(CloseLightLight)
			}
		}
		h := startHost(t, Config{})
		dial(t, h, version, 0, &wire.StatusOptions{LightNode: &yes}).wantOpen()
	})
}

// TestOwnPostJitter: an own post leaves after a random delay within the bound,
// what is relayed leaves at once.
func TestOwnPostJitter(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const jitter = 10 * time.Second
		h := startHost(t, Config{OwnPostJitter: jitter})
		a, b := dial(t, h, 1, 0, wantAll()), dialDeaf(t, h, 1, 1, wantAll())
		got := clocked(b)
		const n = 50
		for i := range uint64(n) {
			if err := h.Submit(testEnvelope(i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.sendEnvelopes(testEnvelope(1000)); err != nil {
			t.Fatal(err)
		}
		if list := got(); len(list) == 0 || list[0].at != 0 || poolLen(h) > 5 {
			t.Errorf("a relayed envelope was delayed, or own ones were not: %v", list)
		}
		time.Sleep(jitter)
		late := 0
		for _, x := range got() {
			if x.at > jitter/2 {
				late++
			}
		}
		if poolLen(h) != n+1 || late < n/5 || late > 4*n/5 {
			t.Errorf("pool holds %d of %d, %d packets came in the second half", poolLen(h), n+1, late)
		}
		err := h.Submit(wire.NewEnvelope(1, 1, testTopic(0), nil, 0))
		if reason, ok := IsReject(err); !ok || reason != RejectOld {
			t.Errorf("a bad post: got %v", err)
		}
	})
}

type listArchive struct{ notes[*wire.Envelope] }

func (a *listArchive) Put(env *wire.Envelope) { a.add(env) }
