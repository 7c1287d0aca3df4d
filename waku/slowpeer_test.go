package waku

import (
	"io"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"statusd/waku/wire"
)

// liveHeap returns the bytes that are reachable.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestDeafPeer: a peer that reads nothing costs what the pool may cost and no
// more, and gets what is still alive when it reads again.
func TestDeafPeer(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		const bound = 2 << 20
		h := startHost(t, Config{PoolBytes: bound})
		served := newWitness(t, h, version)
		r := dialDeaf(t, h, version, 0, &wire.StatusOptions{PoW: new(float64)})
		synctest.Wait()
		before := liveHeap()
		for i := range uint64(4000) { // 40 MB
			if err := h.Submit(envelopeAt(time.Now(), i, 50, testTopic(5), 10_000)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if grown := liveHeap() - before; grown > 3*bound {
			t.Errorf("heap grew by %d bytes for a pool of %d", grown, bound)
		}
		r.wantOpen()
		served()
		alive, _ := h.pool.size()
		go r.listen()
		got := r.envelopes()
		// One packet was stuck in the connection when its envelopes were evicted.
		if len(got) < alive || len(got) > alive+wire.MaxPacketSent/10_000 {
			t.Errorf("the peer got %d envelopes of the %d in the pool", len(got), alive)
		}
		for hash, n := range hashes(got) {
			if n != 1 {
				t.Errorf("%s arrived %d times", hash, n)
			}
		}
	})
}

// TestDeafPeerWithExpiry: what expires while a peer does not read is not sent
// to it later.
func TestDeafPeerWithExpiry(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		r := dialDeaf(t, h, version, 0, &wire.StatusOptions{PoW: new(float64)})
		synctest.Wait()
		var stuck, dead, alive []*wire.Envelope
		for i := range uint64(30) {
			env := envelopeAt(time.Now(), i, 5+20*uint32(i%2), testTopic(0), 100)
			switch {
			case i == 0: // leaves at once
				stuck = append(stuck, env)
			case i%2 == 0:
				dead = append(dead, env)
			default:
				alive = append(alive, env)
			}
			if err := h.Submit(env); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		time.Sleep(10 * time.Second)
		go r.listen()
		wantHashes(t, "after the pause", r.envelopes(), append(stuck, alive...))
		if len(dead) == 0 || poolLen(h) != len(alive) {
			t.Errorf("pool holds %d, want %d", poolLen(h), len(alive))
		}
	})
}

// TestCloseWhilePacketIsRead: a packet that is being read when the connection
// ends can be read on.
func TestCloseWhilePacketIsRead(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		for i := range uint64(20) {
			if err := h.Submit(testEnvelope(i)); err != nil {
				t.Fatal(err)
			}
		}
		r := dialDeaf(t, h, version, 0, wantAll())
		msg, err := r.rw.ReadMsg()
		if err != nil {
			t.Fatal(err)
		}
		start := make([]byte, 150)
		if _, err := io.ReadFull(msg.Payload, start); err != nil {
			t.Fatal(err)
		}
		r.close()
		synctest.Wait()
		rest, err := io.ReadAll(msg.Payload)
		if err != nil {
			t.Fatal(err)
		}
		if envs, err := wire.DecodeMessages(append(start, rest...)); err != nil || len(envs) != 20 {
			t.Errorf("got %d envelopes (%v), want 20", len(envs), err)
		}
		if !r.gone() {
			t.Error("the connection goes on")
		}
	})
}

// TestDeafPeerFloods: a peer that makes us owe it replies and reads none is
// dropped before they take much memory.
func TestDeafPeerFloods(t *testing.T) {
	old := wire.NewEnvelope(1_000_000, 1, wire.Topic{}, nil, 0).RLP()
	stale := make([]byte, 0, 40_000)
	for len(stale) < 40_000 {
		stale = append(stale, old...)
	}
	stale = append(wire.MessagesHeader(len(stale)), stale...)
	for _, c := range []struct {
		name  string
		batch []byte
	}{{"small replies", []byte{0xc0}}, {"large replies", stale}} {
		t.Run(c.name, func(t *testing.T) {
			bothVersions(t, func(t *testing.T, version uint) {
				h := startHost(t, Config{Confirmations: true})
				served := newWitness(t, h, version)
				r := dialDeaf(t, h, version, 0, nil)
				synctest.Wait()
				before := liveHeap()
				sent := 0
				for sent < 10*maxReplies && r.send(wire.CodeMessages, c.batch) == nil {
					sent++
				}
				r.wantClosed(CloseSlowReader)
				if grown := liveHeap() - before; grown > 4*maxReplyBytes {
					t.Errorf("heap grew by %d bytes", grown)
				}
				if sent > maxReplies/2+1 {
					t.Errorf("dropped after %d packets with two replies each", sent)
				}
				served()
			})
		})
	}
}

// TestJunkOnWantedTopic: envelopes that no key opens cost time, and nothing
// else: what the filter wants comes through, in order.
func TestJunkOnWantedTopic(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		sym, asym := new(recorder), new(recorder)
		topics := []wire.Topic{testTopic(0)}
		if _, err := h.InstallFilter(FilterSpec{SymKey: testKey(0), Topics: topics}, sym); err != nil {
			t.Fatal(err)
		}
		if _, err := h.InstallFilter(FilterSpec{PrivateKey: newKey(t, 0), Topics: topics}, asym); err != nil {
			t.Fatal(err)
		}
		r, honest := dial(t, h, version, 0, nil), dial(t, h, version, 1, nil)
		const junk, good = 1000, 50
		go func() {
			for i := range uint64(junk) {
				// The second form looks like ECIES and costs a point multiplication.
				env := envelopeAt(time.Now(), i, 50, testTopic(0), 200)
				if i%20 == 0 {
					data := append([]byte{4}, newKey(t, 3).X.Bytes()...)
					data = append(append(data, newKey(t, 3).Y.Bytes()...), env.Data()...)
					env = wire.NewEnvelope(env.Expiry(), 50, testTopic(0), data, i)
				}
				if err := r.sendEnvelopes(env); err != nil {
					t.Error(err)
					return
				}
			}
		}()
		for i := range good {
			if err := honest.sendEnvelopes(sealedAt(t, time.Now(), 0, 50, testTopic(0), []byte{byte(i)})); err != nil {
				t.Fatal(err)
			}
		}
		got := sym.take()
		if len(got) != good || len(asym.take()) != 0 {
			t.Fatalf("got %d messages, want %d", len(got), good)
		}
		for i, m := range got {
			if m.Payload[0] != byte(i) {
				t.Fatalf("message %d has payload %d", i, m.Payload[0])
			}
		}
		if n := counted(t, h.metrics.unopened); n != junk {
			t.Errorf("counted %g unopened envelopes, want %d", n, junk)
		}
		r.wantOpen()
	})
}

// TestFilterBehind: while the owner of a filter is stuck, readers of what it
// wants are held back, so that what waits is bounded in bytes; all of it
// arrives in the end.
func TestFilterBehind(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		const size = 700_000
		h := startHost(t, Config{})
		sink := newGate()
		if _, err := h.InstallFilter(FilterSpec{SymKey: testKey(0), Topics: []wire.Topic{testTopic(0)}}, sink); err != nil {
			t.Fatal(err)
		}
		if _, err := h.InstallFilter(FilterSpec{SymKey: testKey(9), Topics: []wire.Topic{testTopic(1)}}, sink); err != nil {
			t.Fatal(err)
		}
		const each, peers = 28, 2
		var sent [peers]int
		done := make(chan struct{})
		for n := range peers {
			r := dial(t, h, version, n, nil)
			env := sealedAt(t, time.Now(), 0, 50, testTopic(0), make([]byte, size))
			go func() {
				defer func() { done <- struct{}{} }()
				for i := range each {
					next := wire.NewEnvelope(env.Expiry(), 50, testTopic(0), env.Data(), uint64(i))
					if err := r.sendEnvelopes(next); err != nil {
						t.Error(err)
					}
					sent[n]++
				}
			}()
		}
		synctest.Wait()
		// Each reader may hold one more, and one may be in the connection.
		if n := sent[0] + sent[1]; n > openMaxBytes/size+2*peers || n < openMaxBytes/size {
			t.Errorf("%d envelopes were taken in", n)
		}
		close(sink.open)
		for range peers {
			<-done
		}
		synctest.Wait()
		if n := sink.count.Load(); n != each*peers {
			t.Errorf("delivered %d, want %d", n, each*peers)
		}
	})
}
