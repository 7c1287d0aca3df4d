package archivetest

import (
	"math/rand/v2"

	"statusd/waku/wire"
)

// Workload is the deterministic stream of envelopes that the benchmarks use:
// evenly over a number of days and topics, sizes of text messages with few
// larger ones, 653 bytes on average.
type Workload struct {
	Envelopes int
	Topics    int
	Days      int
	Start     uint32 // Unix seconds of the oldest envelope
}

// NewWorkload spreads envelopes over 30 days and so many topics that each has
// 200 of them. That of the performance table has a million, of 5000 topics.
func NewWorkload(envelopes int) Workload {
	return Workload{Envelopes: envelopes, Topics: max(1, envelopes/200), Days: 30, Start: 1_600_000_000}
}

// End returns the creation time of the newest envelope.
func (w Workload) End() uint32 { return w.Start + uint32(w.Days)*86400 - 1 }

// Topic returns the i-th topic. The bits are spread as those of real topics,
// which are hashes.
func (w Workload) Topic(i int) wire.Topic {
	x := rand.New(rand.NewPCG(uint64(i), 32)).Uint32()
	return wire.Topic{byte(x >> 24), byte(x >> 16), byte(x >> 8), byte(x)}
}

// dataSizes are lengths of the data field, padded plaintext and overhead, and
// how many of 1000 envelopes have them.
var dataSizes = []struct{ bytes, share int }{{284, 460}, {540, 294}, {796, 120}, {1308, 66}, {2332, 40}, {3356, 20}}

// Generate calls fn with batches of envelopes in the order of their creation.
// A batch is valid only during the call.
func (w Workload) Generate(batch int, fn func([]*wire.Envelope) error) error {
	r := rand.New(rand.NewPCG(653, 5000))
	noise := make([]byte, 1<<20)
	for i := 0; i < len(noise); i += 8 {
		x := r.Uint64()
		for j := range 8 {
			noise[i+j] = byte(x >> (8 * j))
		}
	}
	topics := make([]wire.Topic, w.Topics)
	for i := range topics {
		topics[i] = w.Topic(i)
	}
	envs := make([]*wire.Envelope, 0, batch)
	span := uint64(w.Days) * 86400
	for i := range w.Envelopes {
		created := w.Start + uint32(uint64(i)*span/uint64(w.Envelopes))
		size, pick := 0, r.IntN(1000)
		for _, s := range dataSizes {
			if size = s.bytes; pick < s.share {
				break
			}
			pick -= s.share
		}
		from := r.IntN(len(noise) - size)
		const ttl = 50
		topic := topics[r.IntN(w.Topics)]
		envs = append(envs, wire.NewEnvelope(created+ttl, ttl, topic, noise[from:from+size], uint64(i)))
		if len(envs) == batch || i == w.Envelopes-1 {
			if err := fn(envs); err != nil {
				return err
			}
			envs = envs[:0]
		}
	}
	return nil
}
