package wire

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
)

// randomTopic prefers topics whose bits collide in one byte.
func randomTopic(r *rand.Rand) (t Topic) {
	for i := range t {
		t[i] = byte(r.Uint32())
	}
	if r.IntN(2) == 0 {
		t[1] = t[0] ^ byte(r.IntN(8))
	}
	return t
}

func TestBloomContainsMatchesSample(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var filter, sampled Bloom
		for range r.IntN(40) {
			topic := randomTopic(r)
			filter.Add(topic)
			sample := SampleBloom(topic)
			sampled.Merge(&sample)
			if !filter.Contains(topic) || !sampled.Contains(topic) {
				t.Fatalf("filter of %s does not contain it", topic)
			}
		}
		topic := randomTopic(r)
		sample := SampleBloom(topic)
		for _, b := range []*Bloom{&filter, &sampled} {
			if got, want := b.Contains(topic), b.Covers(&sample); got != want {
				t.Fatalf("%s: contains %t, covers its sample %t", topic, got, want)
			}
		}
	}
	full := FullBloom()
	if !full.IsFull() || full.Ones() != 512 {
		t.Error("the full filter is not full")
	}
}

func testEnvelope(tb testing.TB, dataLen int) *Envelope {
	tb.Helper()
	r := rand.New(rand.NewPCG(3, uint64(dataLen)))
	data := make([]byte, dataLen)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	return NewEnvelope(1_600_000_050, 50, Topic{1, 2, 3, 4}, data, 77)
}

// TestEnvelopeTamper changes one byte of an envelope at a time.
func TestEnvelopeTamper(t *testing.T) {
	env := testEnvelope(t, 60)
	for i := range env.RLP() {
		raw := slices.Clone(env.RLP())
		raw[i] ^= 1
		got, err := DecodeEnvelope(raw)
		if err == nil && got.Hash() == env.Hash() {
			t.Errorf("byte %d: the hash does not change", i)
		}
	}
}

func TestDecodeEnvelopeErrors(t *testing.T) {
	list := func(fields ...[]byte) []byte { return wrapList(slices.Concat(fields...)) }
	num, topic := []byte{0x05}, []byte{0x84, 1, 2, 3, 4}
	for _, c := range []struct {
		name string
		raw  []byte
		want error // nil: any
	}{
		{"empty", nil, nil},
		{"string", []byte{0x83, 1, 2, 3}, nil},
		{"no fields", list(), ErrEnvelopeFields},
		{"four fields", list(num, num, topic, num), ErrEnvelopeFields},
		{"six fields", list(num, num, topic, num, num, num), ErrEnvelopeFields},
		{"three-byte topic", list(num, num, []byte{0x83, 1, 2, 3}, num, num), ErrTopicLength},
		{"five-byte topic", list(num, num, []byte{0x85, 1, 2, 3, 4, 5}, num, num), ErrTopicLength},
		{"expiry of 33 bits", list([]byte{0x85, 1, 0, 0, 0, 0}, num, topic, num, num), ErrUint32},
		{"ttl of 33 bits", list(num, []byte{0x85, 1, 0, 0, 0, 0}, topic, num, num), ErrUint32},
		{"padded expiry", list([]byte{0x82, 0, 1}, num, topic, num, num), nil},
		{"zero written as 00", list([]byte{0}, num, topic, num, num), nil},
		{"nonce of 72 bits", list(num, num, topic, num, []byte{0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0}), nil},
		{"nonce is a list", list(num, num, topic, num, []byte{0xc0}), nil},
		{"data is a list", list(num, num, topic, []byte{0xc0}, num), nil},
		{"long form of short data", list(num, num, topic, []byte{0xb8, 2, 1, 1}, num), nil},
		{"trailing byte", append(list(num, num, topic, num, num), 0), ErrTrailingBytes},
		{"cut", list(num, num, topic, num, num)[:8], nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := DecodeEnvelope(c.raw)
			if err == nil || (c.want != nil && !errors.Is(err, c.want)) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if _, err := DecodeMessages(wrapList(slices.Clone(c.raw))); err == nil && len(c.raw) > 0 {
				t.Error("a packet with this envelope is accepted")
			}
		})
	}
	if _, err := DecodeMessages(nil); !errors.Is(err, ErrEmptyPayload) {
		t.Errorf("empty payload: got %v", err)
	}
	if envs, err := DecodeMessages([]byte{0xc0}); err != nil || len(envs) != 0 {
		t.Errorf("empty list: got %v, %v", envs, err)
	}
}

// TestMessagesSpoiled checks that one bad envelope spoils the whole packet.
func TestMessagesSpoiled(t *testing.T) {
	good := testEnvelope(t, 40).RLP()
	for _, bad := range [][]byte{{0xc0}, {0x80}, good[:len(good)-1], append(slices.Clone(good), 1)} {
		if envs, err := DecodeMessages(wrapList(slices.Concat(good, bad, good))); err == nil {
			t.Errorf("%x: got %d envelopes", bad, len(envs))
		}
	}
	if _, err := DecodeMessages(append(wrapList(good), 0)); !errors.Is(err, ErrTrailingBytes) {
		t.Errorf("bytes after the list: got %v", err)
	}
}

func TestSealTamper(t *testing.T) {
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := SealAsymmetric(&key.PublicKey, key, [ECIESIVLength]byte{1}, []byte("plain"))
	if err != nil {
		t.Fatal(err)
	}
	sym, err := NewSymCipher(crypto.Keccak256(nil))
	if err != nil {
		t.Fatal(err)
	}
	symSealed := sym.Seal([SymNonceLength]byte{1}, []byte("plain"))
	for i := range sealed {
		bad := slices.Clone(sealed)
		bad[i] ^= 1
		if _, err := OpenAsymmetric(key, bad); !errors.Is(err, ErrNotForKey) {
			t.Errorf("asymmetric, byte %d: got %v", i, err)
		}
	}
	for i := range symSealed {
		bad := slices.Clone(symSealed)
		bad[i] ^= 1
		if _, err := sym.Open(bad); !errors.Is(err, ErrNotForKey) {
			t.Errorf("symmetric, byte %d: got %v", i, err)
		}
	}
	for n := range sealed {
		if _, err := OpenAsymmetric(key, sealed[:n]); !errors.Is(err, ErrNotForKey) {
			t.Errorf("asymmetric, %d bytes: got %v", n, err)
		}
	}
	if _, err := SealAsymmetric(&key.PublicKey, key, [ECIESIVLength]byte{}, nil); !errors.Is(err, ErrEmptyPlain) {
		t.Errorf("empty plaintext: got %v", err)
	}
	if _, err := SealAsymmetric(nil, key, [ECIESIVLength]byte{}, []byte{1}); !errors.Is(err, ErrPublicKey) {
		t.Errorf("no public key: got %v", err)
	}
	for _, bad := range [][]byte{nil, make([]byte, 31), make([]byte, 32), make([]byte, 33)} {
		if _, err := NewSymCipher(bad); !errors.Is(err, ErrSymKey) {
			t.Errorf("key of %d bytes: got %v", len(bad), err)
		}
	}
}

func TestPlainSizes(t *testing.T) {
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 188, 254, 255, 256, 65535, 65536, 1 << 20} {
		for _, signed := range []bool{false, true} {
			signer := key
			if !signed {
				signer = nil
			}
			pad := PaddingLength(n, signed)
			plain, err := EncodePlain(make([]byte, n), make([]byte, pad), signer)
			if err != nil {
				t.Fatal(err)
			}
			if pad < 1 || pad > PaddingBlock || len(plain)%PaddingBlock != 0 {
				t.Errorf("%d bytes: padding %d, plaintext %d", n, pad, len(plain))
			}
			got, err := DecodePlain(plain)
			if err != nil || len(got.Payload) != n || len(got.Padding) != pad || (got.Signer != nil) != signed {
				t.Errorf("%d bytes: got %d, %d, %v", n, len(got.Payload), len(got.Padding), err)
			}
		}
	}
	if _, err := EncodePlain(make([]byte, MaxPayload+1), nil, nil); !errors.Is(err, ErrPayloadTooLarge) {
		t.Errorf("too large: got %v", err)
	}
}

func TestTargetBitsBounds(t *testing.T) {
	for _, target := range []float64{0, -1, math.NaN(), math.Inf(-1), math.SmallestNonzeroFloat64} {
		if got := TargetBits(target, 100, 50); got != 1 {
			t.Errorf("target %v: got %d bits", target, got)
		}
	}
	if got := TargetBits(math.Inf(1), 100, 50); got != 256 {
		t.Errorf("infinite target: got %d bits", got)
	}
}

func TestDirectRequestValidate(t *testing.T) {
	ok := DirectRequest{ID: make([]byte, 32), To: 1, Limit: 1000, Bloom: make([]byte, 64)}
	for _, c := range []struct {
		name   string
		change func(*DirectRequest)
		want   error
	}{
		{"fine", func(*DirectRequest) {}, nil},
		{"topics only", func(r *DirectRequest) { r.Bloom, r.Topics = nil, [][]byte{{1, 2, 3, 4}} }, nil},
		{"cursor", func(r *DirectRequest) { r.Cursor = make([]byte, 36) }, nil},
		{"short id", func(r *DirectRequest) { r.ID = r.ID[1:] }, ErrRequestID},
		{"range", func(r *DirectRequest) { r.From = 2 }, ErrRequestRange},
		{"limit", func(r *DirectRequest) { r.Limit = 1001 }, ErrRequestLimit},
		{"nothing to match", func(r *DirectRequest) { r.Bloom = nil }, ErrRequestTopics},
		{"cursor length", func(r *DirectRequest) { r.Cursor = make([]byte, 35) }, ErrCursorLength},
	} {
		r := ok
		c.change(&r)
		if err := r.Validate(); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}
