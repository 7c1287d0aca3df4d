package transport_test

import (
	"runtime"
	"testing"
	"time"

	"statusd/transport"
	"statusd/transport/dh"
	"statusd/transport/memstore"
	"statusd/transport/protocol"
	"statusd/transport/ratchet"
	"statusd/transport/x3dh"
)

// BenchmarkX3DHInitiation is the start of a session: the handshake, the first
// ratchet key and the first chain. Keys are made beforehand.
func BenchmarkX3DHInitiation(b *testing.B) {
	identity, ephemeral, own := generate(b), generate(b), generate(b)
	peer, prekey := generate(b).Public(), generate(b).Public()
	b.ReportAllocs()
	for b.Loop() {
		shared, err := x3dh.Initiate(identity, ephemeral, peer, prekey)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := ratchet.NewInitiator(shared, own, prekey); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkX3DHInitiationWithKeys makes the two keys as well.
func BenchmarkX3DHInitiationWithKeys(b *testing.B) {
	identity, peer, prekey := generate(b), generate(b).Public(), generate(b).Public()
	b.ReportAllocs()
	for b.Loop() {
		ephemeral, err := dh.GenerateKey()
		if err != nil {
			b.Fatal(err)
		}
		own, err := dh.GenerateKey()
		if err != nil {
			b.Fatal(err)
		}
		shared, err := x3dh.Initiate(identity, ephemeral, peer, prekey)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := ratchet.NewInitiator(shared, own, prekey); err != nil {
			b.Fatal(err)
		}
	}
}

// conversation returns two parties past their handshake.
func conversation(b *testing.B) (alice, bob *party) {
	b.Helper()
	alice, bob = pairOfParties(b)
	bob.announce(start, alice)
	alice.deliver(bob, "one", start)
	bob.deliver(alice, "two", start)
	alice.deliver(bob, "three", start)
	return alice, bob
}

// BenchmarkSendDirect is a message of 256 bytes to one installation, with the
// bundle that goes with it, over a store in memory.
func BenchmarkSendDirect(b *testing.B) {
	alice, bob := conversation(b)
	text := string(make([]byte, 256))
	b.ReportAllocs()
	for b.Loop() {
		alice.send(bob, text, start)
	}
}

// BenchmarkReceive is the other side: bundle, ratchet, confirmation.
func BenchmarkReceive(b *testing.B) {
	alice, bob := conversation(b)
	text := string(make([]byte, 256))
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		data := alice.send(bob, text, start).Data
		b.StartTimer()
		if _, err := bob.receive(alice, data, start); err != nil {
			b.Fatal(err)
		}
		bob.confirm(data)
	}
}

// BenchmarkReceiveNotForUs is a message for another device, refused before
// anything is decrypted.
func BenchmarkReceiveNotForUs(b *testing.B) {
	alice, bob := conversation(b)
	data := alice.send(bob, "text", start).Data
	other := edit(b, data, func(m *protocol.Message) {
		m.Direct = map[string]protocol.Direct{"another": m.Direct[bob.dev.Installation()]}
	})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bob.receive(alice, other, start); !transport.NeedsAnswer(err) {
			b.Fatal(err)
		}
	}
}

// skipped fills a store with n skipped keys and returns one of the late
// messages.
func skipped(b *testing.B, n int) (alice, bob *party, late []byte, now time.Time) {
	b.Helper()
	alice, bob = conversation(b)
	const most = 1000 // of one skip
	for now = start; n > 0; {
		for i := range min(n, most) {
			data := alice.send(bob, "skipped", now).Data
			if i == 0 {
				late = data
			}
		}
		n -= most
		alice.deliver(bob, "opened", now)
		if n > 0 && n%(2*most) == 0 { // a session keeps 2000: start another
			now = now.Add(25 * time.Hour)
			bob.announce(now, alice)
			alice.deliver(bob, "new session", now)
			bob.deliver(alice, "reply", now)
		}
	}
	return alice, bob, late, now
}

// BenchmarkSkippedKeys reports what 10 000 stored keys cost in memory, and how
// long one of them takes to find and use.
func BenchmarkSkippedKeys(b *testing.B) {
	alice, bob, late, now := skipped(b, 10_000)
	_, _, sessions, keys := bob.counts()
	held := func(s *memstore.Store) uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		runtime.KeepAlive(s)
		return m.HeapAlloc
	}
	before := held(bob.store)
	clone := bob.store.Clone()
	after := held(clone)
	runtime.KeepAlive(clone)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bob.receive(alice, late, now); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(after-before), "store-bytes")
	b.ReportMetric(float64(keys), "keys")
	b.ReportMetric(float64(sessions), "sessions")
}
