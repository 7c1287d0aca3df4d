package wire

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/internal/test/vectors"
)

// TestVectorSections fails when waku.json has a section nobody tests.
func TestVectorSections(t *testing.T) {
	f := vectors.Load(t, "waku")
	f.Unknown(t,
		"topic_bloom", "aggregate_bloom", "password_symkey", "ecies", "ecies_invalid", "symmetric_invalid",
		"envelopes", "pow", "data_field", "status_encode", "status_decode",
		"packets", // encodings and p2p_complete_parsing here, the rest in package waku
		// Covered by package waku.
		"acceptance", "filters", "forwarding", "key_pair_id",
	)
	known := map[string]bool{
		"encodings": true, "p2p_complete_parsing": true,
		"confirmations": true, "handling": true, "update_sequences": true, // package waku
	}
	for name := range vectors.Section[map[string]any](t, f, "packets") {
		if !known[name] {
			t.Errorf("packets.%s: no test covers it", name)
		}
	}
}

// floatBits is the "0x" + 16 hex digits form of a binary64 number.
type floatBits uint64

func (b *floatBits) UnmarshalJSON(raw []byte) error {
	v, err := strconv.ParseUint(strings.TrimPrefix(strings.Trim(string(raw), `"`), "0x"), 16, 64)
	*b = floatBits(v)
	return err
}

func (b floatBits) float() float64 { return math.Float64frombits(uint64(b)) }

type vecEnvelope struct {
	Expiry     uint32
	TTL        uint32
	Topic      Topic
	Nonce      uint64 `json:"nonce,string"`
	Hash       Hash
	Data       vectors.Hex
	RLP        vectors.Hex
	DataSHA256 vectors.Hex `json:"data_sha256"`
	RLPSHA256  vectors.Hex `json:"rlp_sha256"`
}

// check compares an envelope with the vector, whose long fields may be given
// as digests only.
func (v *vecEnvelope) check(t *testing.T, env *Envelope) {
	t.Helper()
	if env.Expiry() != v.Expiry || env.TTL() != v.TTL || env.Topic() != v.Topic || env.Nonce() != v.Nonce {
		t.Errorf("fields: got %d %d %s %d, want %d %d %s %d",
			env.Expiry(), env.TTL(), env.Topic(), env.Nonce(), v.Expiry, v.TTL, v.Topic, v.Nonce)
	}
	if env.Hash() != v.Hash {
		t.Errorf("hash: got %s, want %s", env.Hash(), v.Hash)
	}
	checkLong(t, "data", env.Data(), v.Data, v.DataSHA256)
	checkLong(t, "rlp", env.RLP(), v.RLP, v.RLPSHA256)
}

func checkLong(t *testing.T, what string, got, want, digest []byte) {
	t.Helper()
	if want == nil && digest != nil {
		sum := sha256.Sum256(got)
		got, want = sum[:], digest
	}
	checkBytes(t, what, got, want)
}

func checkBytes(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got %x, want %x", what, got, want)
	}
}

func privateKey(t *testing.T, raw []byte) *ecdsa.PrivateKey {
	t.Helper()
	key, err := crypto.ToECDSA(raw)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func publicKey(t *testing.T, raw []byte) *ecdsa.PublicKey {
	t.Helper()
	key, err := crypto.UnmarshalPubkey(raw)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestVectorTopicBloom(t *testing.T) {
	type entry struct {
		Topic     Topic
		Or        vectors.Hex `json:"bloom_or"`
		Reference vectors.Hex `json:"bloom_reference"`
		Differs   bool
	}
	f := vectors.Load(t, "waku")
	vectors.Each(t, f, "topic_bloom", func(_ int, c entry) string { return c.Topic.String() },
		func(t *testing.T, c entry) {
			var or Bloom
			or.Add(c.Topic)
			sample := SampleBloom(c.Topic)
			checkBytes(t, "or form", or[:], c.Or)
			checkBytes(t, "reference form", sample[:], c.Reference)
			if (or != sample) != c.Differs {
				t.Errorf("differs: got %t, want %t", or != sample, c.Differs)
			}
			if !or.Contains(c.Topic) || !sample.Contains(c.Topic) || !or.Covers(&sample) {
				t.Error("a filter of either form must contain its own topic")
			}
			var none Bloom
			if none.Contains(c.Topic) {
				t.Error("the empty filter contains a topic")
			}
		})
}

func TestVectorAggregateBloom(t *testing.T) {
	type entry struct {
		Topics    []Topic
		Reference vectors.Hex `json:"bloom_reference"`
		Sample    Topic       `json:"sample_topic"`
		Matches   bool        `json:"sample_matches"`
	}
	f := vectors.Load(t, "waku")
	vectors.Each(t, f, "aggregate_bloom", func(_ int, c entry) string { return c.Topics[0].String() },
		func(t *testing.T, c entry) {
			var sum, own Bloom
			for _, topic := range c.Topics {
				sample := SampleBloom(topic)
				sum.Merge(&sample)
			}
			own.Add(c.Topics...)
			checkBytes(t, "union", sum[:], c.Reference)
			if got := sum.Contains(c.Sample); got != c.Matches {
				t.Errorf("contains %s: got %t, want %t", c.Sample, got, c.Matches)
			}
			if !own.Covers(&sum) {
				t.Error("our own filter is not a superset of the reference's")
			}
		})
}

type vecPoW struct {
	Zeros     int         `json:"leading_zero_bits"`
	Bits      floatBits   `json:"pow_bits"`
	Prefix    vectors.Hex `json:"rlp_without_nonce"`
	PrefixLen uint32      `json:"rlp_without_nonce_len"`
	Size      int         `json:"size_for_limit"`
}

func (c *vecPoW) check(t *testing.T, env *Envelope) {
	t.Helper()
	if got := env.PoW(0); math.Float64bits(got) != uint64(c.Bits) {
		t.Errorf("pow: got %v, want %v", got, c.Bits.float())
	}
	if int(env.zeroBits) != c.Zeros || env.prefixLen != c.PrefixLen || env.Size() != c.Size {
		t.Errorf("zero bits, prefix, size: got %d %d %d, want %d %d %d",
			env.zeroBits, env.prefixLen, env.Size(), c.Zeros, c.PrefixLen, c.Size)
	}
	search := NewNonceSearch(env.Expiry(), env.TTL(), env.Topic(), env.Data())
	if got := search.ZeroBits(env.Nonce()); got != c.Zeros {
		t.Errorf("nonce search: got %d zero bits, want %d", got, c.Zeros)
	}
}

func TestVectorPoW(t *testing.T) {
	type entry struct {
		Envelope vecEnvelope
		PoW      vecPoW
		Adjusted []struct {
			Diff uint32    `json:"diff_seconds"`
			Bits floatBits `json:"pow_bits"`
		} `json:"pow_adjusted_for_future"`
		Targets []struct {
			Zeros  int `json:"leading_zero_bits_needed"`
			Target float64
		} `json:"target_bits"`
	}
	f := vectors.Load(t, "waku")
	vectors.Each(t, f, "pow", func(_ int, c entry) string { return c.Envelope.Hash.String()[:10] },
		func(t *testing.T, c entry) {
			env, err := DecodeEnvelope(c.Envelope.RLP)
			if err != nil {
				t.Fatal(err)
			}
			c.Envelope.check(t, env)
			c.PoW.check(t, env)
			for _, a := range c.Adjusted {
				if got := env.PoW(a.Diff); math.Float64bits(got) != uint64(a.Bits) {
					t.Errorf("pow with diff %d: got %v, want %v", a.Diff, got, a.Bits.float())
				}
			}
			for _, x := range c.Targets {
				if got := TargetBits(x.Target, len(env.Data()), env.TTL()); got != x.Zeros {
					t.Errorf("target %v: got %d bits, want %d", x.Target, got, x.Zeros)
				}
			}
		})
}

type vecSealing struct {
	Name string
	Now  uint32
	In   struct {
		Payload     vectors.Hex
		PayloadLen  int         `json:"payload_len"`
		PayloadRule string      `json:"payload_rule"`
		PayloadSHA  vectors.Hex `json:"payload_sha256"`
		Target      float64     `json:"pow_target"`
		SymKey      vectors.Hex
		Symmetric   bool
		Recipient   vectors.Hex `json:"recipient_private_key"`
		Signer      vectors.Hex `json:"signer_private_key"`
		SignerPub   vectors.Hex `json:"signer_public_key"`
		Topic       Topic
	}
	ECIES        *vecECIES
	GCMNonce     vectors.Hex `json:"gcm_nonce"`
	Padding      vectors.Hex
	Plaintext    vectors.Hex
	PlaintextSHA vectors.Hex `json:"plaintext_sha256"`
	Signature    vectors.Hex
	Bloom        vectors.Hex
	Envelope     vecEnvelope
	PoW          vecPoW
	Sent         uint32 `json:"sent_timestamp"`
	TargetBits   *int   `json:"target_leading_zero_bits"`
}

// payload returns the payload, built from its rule when it is not written out:
// SHA256(SHA256(label) || uint64be(i)), concatenated and cut.
func (c *vecSealing) payload(t *testing.T) []byte {
	t.Helper()
	if c.In.Payload != nil {
		return c.In.Payload
	}
	label := regexp.MustCompile(`'([^']*)'`).FindStringSubmatch(c.In.PayloadRule)
	if label == nil {
		t.Fatalf("payload rule not understood: %s", c.In.PayloadRule)
	}
	seed := sha256.Sum256([]byte(label[1]))
	var out []byte
	for i := uint64(0); len(out) < c.In.PayloadLen; i++ {
		block := sha256.Sum256(binary.BigEndian.AppendUint64(seed[:], i))
		out = append(out, block[:]...)
	}
	out = out[:c.In.PayloadLen]
	checkLong(t, "payload", out, nil, c.In.PayloadSHA)
	return out
}

func (c *vecSealing) seal(t *testing.T, plain []byte) []byte {
	t.Helper()
	if !c.In.Symmetric {
		return c.ECIES.check(t, plain)
	}
	key, err := NewSymCipher(c.In.SymKey)
	if err != nil {
		t.Fatal(err)
	}
	return key.Seal([SymNonceLength]byte(c.GCMNonce), plain)
}

func (c *vecSealing) open(t *testing.T, data []byte) Plain {
	t.Helper()
	var plain []byte
	var err error
	if c.In.Symmetric {
		key, keyErr := NewSymCipher(c.In.SymKey)
		if keyErr != nil {
			t.Fatal(keyErr)
		}
		plain, err = key.Open(data)
	} else {
		plain, err = OpenAsymmetric(privateKey(t, c.In.Recipient), data)
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := DecodePlain(plain)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestVectorEnvelopes(t *testing.T) {
	f := vectors.Load(t, "waku")
	vectors.Each(t, f, "envelopes", func(_ int, c vecSealing) string { return c.Name },
		func(t *testing.T, c vecSealing) {
			payload := c.payload(t)
			var signer *ecdsa.PrivateKey
			if c.In.Signer != nil {
				signer = privateKey(t, c.In.Signer)
			}
			plain, err := EncodePlain(payload, c.Padding, signer)
			if err != nil {
				t.Fatal(err)
			}
			checkLong(t, "plaintext", plain, c.Plaintext, c.PlaintextSHA)
			if signer != nil {
				checkBytes(t, "signature", plain[len(plain)-SignatureLength:], c.Signature)
			}
			data := c.seal(t, plain)
			ttl, expiry := c.Envelope.TTL, c.Now+c.Envelope.TTL
			nonce := mineVector(t, &c, expiry, ttl, data)
			env := NewEnvelope(expiry, ttl, c.In.Topic, data, nonce)
			c.Envelope.check(t, env)
			c.PoW.check(t, env)
			if env.Sent() != c.Sent {
				t.Errorf("sent: got %d, want %d", env.Sent(), c.Sent)
			}
			sample := SampleBloom(env.Topic())
			checkBytes(t, "bloom", sample[:], c.Bloom)

			decoded, err := DecodeEnvelope(env.RLP())
			if err != nil {
				t.Fatal(err)
			}
			c.Envelope.check(t, decoded)
			c.PoW.check(t, decoded)
			opened := c.open(t, decoded.Data())
			checkBytes(t, "payload", opened.Payload, payload)
			checkBytes(t, "padding", opened.Padding, c.Padding)
			if (opened.Signer != nil) != (signer != nil) {
				t.Fatalf("signed: got %t, want %t", opened.Signer != nil, signer != nil)
			}
			if signer != nil {
				checkBytes(t, "signer", crypto.FromECDSAPub(opened.Signer), c.In.SignerPub)
			}
		})
}

// mineVector walks nonces from 0 as a miner does.
func mineVector(t *testing.T, c *vecSealing, expiry, ttl uint32, data []byte) uint64 {
	t.Helper()
	if c.In.Target <= 0 {
		return 0
	}
	want := TargetBits(c.In.Target, len(data), ttl)
	if c.TargetBits == nil || *c.TargetBits != want {
		t.Errorf("target bits: got %d, want %v", want, c.TargetBits)
	}
	search := NewNonceSearch(expiry, ttl, c.In.Topic, data)
	for nonce := range uint64(1 << 24) {
		if search.ZeroBits(nonce) >= want {
			return nonce
		}
	}
	t.Fatal("no nonce found")
	return 0
}
