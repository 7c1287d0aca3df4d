package waku

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"statusd/waku/wire"
)

// lowestNonce walks nonces from zero.
func lowestNonce(j *mineJob) uint64 {
	search := wire.NewNonceSearch(j.expiry, j.ttl, j.topic, j.data)
	for nonce := uint64(0); ; nonce++ {
		if search.ZeroBits(nonce) >= j.bits {
			return nonce
		}
	}
}

func TestMinerFindsLowestNonce(t *testing.T) {
	for expiry := range uint32(24) {
		want := uint64(0)
		for _, threads := range []int{1, 2, 7} {
			job := mineJob{
				expiry: expiry, ttl: 15, topic: testTopic(1), data: make([]byte, 20),
				bits: 8 + int(expiry%6), limit: time.Minute, threads: threads,
			}
			if threads == 1 {
				want = lowestNonce(&job)
			}
			got, err := job.run(t.Context())
			if err != nil || got.nonce != want || got.bits < job.bits {
				t.Errorf("expiry %d, %d threads: got nonce %d with %d bits (%v), want %d with %d",
					expiry, threads, got.nonce, got.bits, err, want, job.bits)
			}
			if got.hashes <= want {
				t.Errorf("expiry %d, %d threads: counted %d hashes for nonce %d", expiry, threads, got.hashes, want)
			}
		}
	}
}

// TestMinerLowestOfThreads: a later chunk that beats the target by more must
// not win over an earlier one that reaches it.
func TestMinerLowestOfThreads(t *testing.T) {
	job := mineJob{bits: 8}
	low, high := mined{nonce: 2000, bits: 8}, mined{nonce: 9000, bits: 12}
	short := mined{nonce: 10, bits: 7}
	for _, c := range []struct {
		name       string
		a, b, want mined
	}{
		{"lower nonce", high, low, low},
		{"lower nonce first", low, high, low},
		{"target not reached", short, high, high},
		{"target not reached second", high, short, high},
	} {
		if got := job.better(c.a, c.b); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
	best := mineJob{}
	if got := best.better(low, high); got != high {
		t.Errorf("without a target: got %+v, want %+v", got, high)
	}
	if got := best.better(mined{nonce: 9, bits: 3}, mined{nonce: 4, bits: 3}); got.nonce != 4 {
		t.Errorf("without a target, equal bits: got nonce %d, want 4", got.nonce)
	}
}

func TestMinerDeadline(t *testing.T) {
	job := mineJob{bits: 250, data: make([]byte, 100), limit: 20 * time.Millisecond}
	start := time.Now()
	if _, err := job.run(t.Context()); !errors.Is(err, ErrPoWTargetNotReached) {
		t.Errorf("got %v, want %v", err, ErrPoWTargetNotReached)
	}
	if took := time.Since(start); took < job.limit {
		t.Errorf("gave up after %v of %v", took, job.limit)
	}
	job.limit = 0
	job.bits = 1
	if _, err := job.run(t.Context()); !errors.Is(err, ErrPoWTargetNotReached) {
		t.Errorf("no time: got %v, want %v", err, ErrPoWTargetNotReached)
	}
}

func TestMinerCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := mineJob{bits: 250, data: make([]byte, 100), limit: time.Hour}.run(ctx)
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestPostMines(t *testing.T) {
	h := newHost(t, Config{})
	for _, c := range []struct {
		name   string
		size   int
		ttl    uint32
		target float64
	}{
		{"small", 400, 15, 0.002},
		{"default ttl", 1, 0, 0.01},
		{"large", 60_000, 15, 0.000002},
	} {
		t.Run(c.name, func(t *testing.T) {
			env, err := h.Seal(t.Context(), Post{
				SymKey: testKey(0), Topic: testTopic(0), Payload: make([]byte, c.size),
				TTL: c.ttl, PoWTarget: c.target, PoWTime: time.Minute,
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := env.PoW(0); got < c.target {
				t.Errorf("pow: got %v, want at least %v", got, c.target)
			}
			if c.ttl == 0 && env.TTL() != DefaultTTL {
				t.Errorf("ttl: got %d, want %d", env.TTL(), DefaultTTL)
			}
		})
	}
}

// TestPostMinesLongEncoding: the miner counts 20 bytes beside the data, the
// proof of work the real encoding, which is longer for large data and ttl. A
// target just at the edge needs one bit more.
func TestPostMinesLongEncoding(t *testing.T) {
	h := newHost(t, Config{})
	const ttl = 1 << 24
	data := make([]byte, 70_000)
	env := wire.NewEnvelope(uint32(h.Now().Unix())+ttl, ttl, testTopic(0), data, 0)
	counted := float64(wire.EnvelopeOverhead+len(data)) * ttl
	real := 1 / env.PoW(0) // of zero bits at least: 2^zeros less
	real *= math.Exp2(float64(wire.NewNonceSearch(env.Expiry(), ttl, env.Topic(), data).ZeroBits(0)))
	if real <= counted {
		t.Fatalf("the encoding counts %g, the miner %g: no corner to test", real, counted)
	}
	target := math.Exp2(6) / counted
	if bits := wire.TargetBits(target, len(data), ttl); bits != 6 {
		t.Fatalf("target needs %d bits, want 6", bits)
	}
	m := Post{PoWTarget: target, PoWTime: time.Minute}
	got, err := h.mine(t.Context(), &m, env)
	if err != nil {
		t.Fatal(err)
	}
	if pow := got.PoW(0); pow < target {
		t.Errorf("pow: got %g, want at least %g", pow, target)
	}
	if got.Expiry() != env.Expiry() || got.TTL() != env.TTL() {
		t.Errorf("expiry or ttl changed")
	}
}

// TestPostNegativeTarget uses all the time and adds it to the expiry.
func TestPostNegativeTarget(t *testing.T) {
	h := newHost(t, Config{})
	before := uint32(h.Now().Unix())
	env, err := h.Seal(t.Context(), Post{
		SymKey: testKey(0), Topic: testTopic(0), Payload: []byte{1}, TTL: 15,
		PoWTarget: -1, PoWTime: time.Second,
	})
	after := uint32(h.Now().Unix())
	if err != nil {
		t.Fatal(err)
	}
	if env.TTL() != 15 || env.Expiry() < before+16 || env.Expiry() > after+16 {
		t.Errorf("ttl %d, expiry %d: want 15 and 16 s from %d", env.TTL(), env.Expiry(), before)
	}
	if after <= before {
		t.Error("the time for mining was not used")
	}
}

func TestPostErrors(t *testing.T) {
	bubble(t, func(t *testing.T) {
		minPoW := 0.5
		h := startHost(t, Config{MinPoW: &minPoW})
		ok := Post{SymKey: testKey(0), Topic: testTopic(0), Payload: []byte{1}, PoWTarget: 0.5, PoWTime: time.Minute}
		for _, c := range []struct {
			name   string
			change func(*Post)
			want   error
		}{
			{"no key", func(m *Post) { m.SymKey = nil }, ErrPostKey},
			{"two keys", func(m *Post) { m.PubKey = &newKey(t, 1).PublicKey }, ErrPostKey},
			{"short key", func(m *Post) { m.SymKey = m.SymKey[1:] }, wire.ErrSymKey},
			{"zero key", func(m *Post) { m.SymKey = make([]byte, 32) }, wire.ErrSymKey},
			{"payload of 16 MiB", func(m *Post) { m.Payload = make([]byte, 1<<24) }, wire.ErrPayloadTooLarge},
			{"target below the minimum", func(m *Post) { m.PoWTarget = 0.4 }, ErrPoWTooLow},
			{"no time", func(m *Post) { m.PoWTime = 0 }, ErrPoWTargetNotReached},
			{"nobody there", func(m *Post) { id := testID(9); m.Target = &id }, ErrPeerNotConnected},
		} {
			m := ok
			c.change(&m)
			if _, err := h.Post(t.Context(), m); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", c.name, err, c.want)
			}
		}
		hash, err := h.Post(t.Context(), ok)
		if err != nil || h.pool.get(hash) == nil {
			t.Errorf("a good post: %v", err)
		}
		large := ok
		large.Payload, large.PoWTarget = make([]byte, DefaultMaxMessageSize), 0
		_, err = h.Post(t.Context(), large)
		if reason, ok := IsReject(err); !ok || reason != RejectSize {
			t.Errorf("above the size limit: got %v", err)
		}
		synctest.Wait()
	})
}
