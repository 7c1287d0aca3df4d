package wire

import (
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
)

// benchSizes are the data lengths of a chat message and of a picture.
var benchSizes = []struct {
	name string
	data int
}{{"300B", 300}, {"10kB", 10_000}}

// BenchmarkDecodeMessages is what each envelope of the network costs: parse,
// hash and proof of work, one envelope in a packet.
func BenchmarkDecodeMessages(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(size.name, func(b *testing.B) {
			payload := EncodeMessages([]*Envelope{testEnvelope(b, size.data)})
			b.SetBytes(int64(len(payload)))
			b.ReportAllocs()
			for b.Loop() {
				envs, err := DecodeMessages(payload)
				if err != nil || envs[0].PoW(0) < 0 {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDecodeBundle decodes a packet of 100 envelopes.
func BenchmarkDecodeBundle(b *testing.B) {
	envs := make([]*Envelope, 100)
	for i := range envs {
		envs[i] = testEnvelope(b, 300+i)
	}
	payload := EncodeMessages(envs)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeMessages(payload); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(envs)), "ns/envelope")
}

func BenchmarkSymmetric(b *testing.B) {
	c, err := NewSymCipher(crypto.Keccak256(nil))
	if err != nil {
		b.Fatal(err)
	}
	plain := make([]byte, 512)
	sealed := c.Seal([SymNonceLength]byte{}, plain)
	b.Run("seal", func(b *testing.B) {
		b.SetBytes(int64(len(plain)))
		b.ReportAllocs()
		for b.Loop() {
			c.Seal([SymNonceLength]byte{}, plain)
		}
	})
	b.Run("open", func(b *testing.B) {
		b.SetBytes(int64(len(plain)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Open(sealed); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkAsymmetric(b *testing.B) {
	key, err := crypto.GenerateKey()
	if err != nil {
		b.Fatal(err)
	}
	other, err := crypto.GenerateKey()
	if err != nil {
		b.Fatal(err)
	}
	plain := make([]byte, 512)
	seal := func() []byte {
		sealed, err := SealAsymmetric(&key.PublicKey, other, [ECIESIVLength]byte{}, plain)
		if err != nil {
			b.Fatal(err)
		}
		return sealed
	}
	sealed := seal()
	b.Run("seal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			seal()
		}
	})
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := OpenAsymmetric(key, sealed); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open-foreign", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := OpenAsymmetric(other, sealed); err == nil {
				b.Fatal("opens with another key")
			}
		}
	})
}

func BenchmarkPlainSigned(b *testing.B) {
	key, err := crypto.GenerateKey()
	if err != nil {
		b.Fatal(err)
	}
	payload, padding := make([]byte, 400), make([]byte, PaddingLength(400, true))
	plain, err := EncodePlain(payload, padding, key)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := EncodePlain(payload, padding, key); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := DecodePlain(plain); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkBloomContains(b *testing.B) {
	var filter Bloom
	filter.Add(Topic{1, 2, 3, 4}, Topic{5, 6, 7, 0})
	topic := Topic{1, 2, 3, 4}
	b.ReportAllocs()
	for b.Loop() {
		if !filter.Contains(topic) {
			b.Fatal("not contained")
		}
	}
}

// BenchmarkMining is the rate of one core on an envelope of 400 bytes.
func BenchmarkMining(b *testing.B) {
	search := NewNonceSearch(1_600_000_050, 50, Topic{1, 2, 3, 4}, make([]byte, 380))
	b.ReportAllocs()
	nonce := uint64(0)
	for b.Loop() {
		search.ZeroBits(nonce)
		nonce++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "hashes/s")
}
