package ratchet

import (
	"bytes"
	"crypto/rand"
	"testing"

	"statusd/accounts/key"
	"statusd/transport/dh"
)

func pair(tb testing.TB) (alice, bob State) {
	tb.Helper()
	shared, err := dh.NewSecret(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		tb.Fatal(err)
	}
	a, b := generate(tb), generate(tb)
	if alice, err = NewInitiator(shared, a, b.Public()); err != nil {
		tb.Fatal(err)
	}
	if bob, err = NewResponder(shared, b); err != nil {
		tb.Fatal(err)
	}
	return alice, bob
}

func generate(tb testing.TB) key.Private {
	tb.Helper()
	k, err := key.Generate()
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// BenchmarkWithinChain is one message of 256 bytes, sealed and opened.
func BenchmarkWithinChain(b *testing.B) {
	alice, bob := pair(b)
	text := make([]byte, 256)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		next, h, payload, err := alice.Encrypt(text, RandomIV(rand.Reader))
		if err != nil {
			b.Fatal(err)
		}
		o, err := bob.Decrypt(h, payload, DefaultLimits(), dh.GenerateKey)
		if err != nil {
			b.Fatal(err)
		}
		alice, bob = next, o.State
	}
}

// BenchmarkWithStep is the same with the sides taking turns, so that each
// message turns the ratchet.
func BenchmarkWithStep(b *testing.B) {
	from, to := pair(b)
	text := make([]byte, 256)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		next, h, payload, err := from.Encrypt(text, RandomIV(rand.Reader))
		if err != nil {
			b.Fatal(err)
		}
		o, err := to.Decrypt(h, payload, DefaultLimits(), dh.GenerateKey)
		if err != nil {
			b.Fatal(err)
		}
		from, to = o.State, next
	}
}
