// Package archivetest tests implementations of mailserver.Archive: a suite
// that every implementation must pass, a naive model to compare with, and the
// deterministic workload of the benchmarks. It is imported by tests only.
package archivetest

import (
	"math/rand/v2"
	"slices"

	"statusd/mailserver"
	"statusd/waku/wire"
)

// Model is the simplest archive that could be right: a sorted list.
type Model struct {
	envs []*wire.Envelope // newest first
}

func newestFirst(a, b *wire.Envelope) int {
	return mailserver.KeyOf(b).Compare(mailserver.KeyOf(a))
}

// Put adds envelopes and returns how many were new.
func (m *Model) Put(envs []*wire.Envelope) (added int) {
	for _, env := range envs {
		i, known := slices.BinarySearchFunc(m.envs, env, newestFirst)
		if !known {
			m.envs = slices.Insert(m.envs, i, env)
			added++
		}
	}
	return added
}

// Select returns the matching envelopes, newest first.
func (m *Model) Select(q mailserver.Query) []*wire.Envelope {
	var out []*wire.Envelope
	for _, env := range m.envs {
		if q.Limit > 0 && len(out) == q.Limit {
			break
		}
		if env.Sent() >= q.Lower && env.Sent() <= q.Upper && matches(q, env.Topic()) &&
			(q.After == nil || mailserver.KeyOf(env).Compare(*q.After) < 0) {
			out = append(out, env)
		}
	}
	return out
}

func matches(q mailserver.Query, t wire.Topic) bool {
	if len(q.Topics) > 0 {
		return slices.Contains(q.Topics, t)
	}
	if q.Bloom == nil {
		return true
	}
	sample := wire.SampleBloom(t)
	return q.Bloom.Covers(&sample)
}

// Prune removes the oldest envelopes until the limits are kept.
func (m *Model) Prune(limits mailserver.Limits) (removed int64) {
	for limits.Exceeded(m.Stats()) {
		m.envs = m.envs[:len(m.envs)-1]
		removed++
	}
	return removed
}

// Stats returns the counters.
func (m *Model) Stats() (s mailserver.Stats) {
	topics := make(map[wire.Topic]bool)
	for _, env := range m.envs {
		s.Envelopes++
		s.Bytes += int64(len(env.RLP()))
		topics[env.Topic()] = true
	}
	s.Topics = len(topics)
	if n := len(m.envs); n > 0 {
		s.Newest, s.Oldest = m.envs[0].Sent(), m.envs[n-1].Sent()
	}
	return s
}

// Envelope makes an envelope of dataLen random bytes.
func Envelope(r *rand.Rand, created uint32, topic wire.Topic, dataLen int) *wire.Envelope {
	data := make([]byte, dataLen)
	for i := 0; i < dataLen; i += 8 {
		x := r.Uint64()
		for j := i; j < min(i+8, dataLen); j++ {
			data[j] = byte(x >> (8 * (j - i)))
		}
	}
	const ttl = 50
	return wire.NewEnvelope(created+ttl, ttl, topic, data, r.Uint64N(1<<20))
}

// Topic makes a topic from a small number. Some of the topics have bits that
// fall into one byte of a bloom filter.
func Topic(i int) wire.Topic {
	x := uint32(i) * 2654435761 // spread neighbours
	t := wire.Topic{byte(x >> 24), byte(x >> 16), byte(x >> 8), byte(x)}
	if i%4 == 0 {
		t[1] = t[0] ^ 1
	}
	return t
}
