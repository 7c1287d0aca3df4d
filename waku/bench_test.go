package waku

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p"

	"statusd/waku/wire"
)

// benchBatch is how many envelopes a benchmark prepares before it takes time.
const benchBatch = 20_000

// prepare makes n envelopes of a chat message's size that differ.
func prepare(n int, first uint64) []*wire.Envelope {
	envs := make([]*wire.Envelope, n)
	for i := range envs {
		envs[i] = envelopeAt(time.Now(), first+uint64(i), 300+uint32(i%50), testTopic(i%100), 240)
	}
	return envs
}

// refill calls prepare outside the time measured whenever a batch is used up.
type refill struct {
	b    *testing.B
	envs []*wire.Envelope
	made uint64
}

func (r *refill) next() (env *wire.Envelope, fresh bool) {
	if len(r.envs) == 0 {
		r.b.StopTimer()
		r.envs, fresh = prepare(benchBatch, r.made), true
		r.made += benchBatch
		r.b.StartTimer()
	}
	env, r.envs = r.envs[0], r.envs[1:]
	return env, fresh
}

// BenchmarkPoolInsert inserts into a pool with room and into a full one, which
// evicts an envelope for each.
func BenchmarkPoolInsert(b *testing.B) {
	for _, full := range []bool{false, true} {
		b.Run(map[bool]string{false: "room", true: "full"}[full], func(b *testing.B) {
			b.ReportAllocs()
			bound := 1 << 30
			if full {
				bound = benchBatch / 2
			}
			p := newPool(1<<40, bound)
			r := refill{b: b}
			for b.Loop() {
				env, fresh := r.next()
				if fresh && !full {
					p = newPool(1<<40, bound)
				}
				p.insert(env, env.PoW(0), false, nil)
			}
		})
	}
}

// BenchmarkPoolExpire empties a pool second by second.
func BenchmarkPoolExpire(b *testing.B) {
	b.ReportAllocs()
	envs := prepare(benchBatch, 0)
	removed := 0
	for b.Loop() {
		b.StopTimer()
		p := newPool(1<<40, 1<<30)
		for _, env := range envs {
			p.insert(env, env.PoW(0), false, nil)
		}
		b.StartTimer()
		for second := range uint32(60) {
			n, _, _ := p.expire(envs[0].Expiry() + second)
			removed += n
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(removed), "ns/envelope")
}

// BenchmarkWants is the question whether a peer wants a topic.
func BenchmarkWants(b *testing.B) {
	topics, bloom := make(map[wire.Topic]struct{}), new(wire.Bloom)
	for i := range 100 {
		topics[testTopic(i)] = struct{}{}
		bloom.Add(testTopic(i))
	}
	for _, c := range []struct {
		name string
		in   interest
	}{{"everything", interest{all: true}}, {"topics", interest{topics: topics}}, {"bloom", interest{bloom: bloom}}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			i, yes := 0, 0
			for b.Loop() {
				i++
				if c.in.wants(testTopic(i % 200)) {
					yes++
				}
			}
		})
	}
}

// stub is a connection to a peer that takes everything and says nothing but
// its Status.
type stub struct {
	status []byte
	quit   chan struct{}
	bytes  *atomic.Int64
}

func (s *stub) ReadMsg() (p2p.Msg, error) {
	if s.status != nil {
		msg := p2p.Msg{Code: wire.CodeStatus, Size: uint32(len(s.status)), Payload: bytes.NewReader(s.status)}
		s.status = nil
		return msg, nil
	}
	<-s.quit
	return p2p.Msg{}, io.EOF
}

func (s *stub) WriteMsg(msg p2p.Msg) error {
	n, err := io.Copy(io.Discard, msg.Payload)
	if msg.Code == wire.CodeMessages {
		s.bytes.Add(n)
	}
	return err
}

// attach connects n stubs and returns their byte counter.
func attach(b *testing.B, h *Host, n int) *atomic.Int64 {
	b.Helper()
	written, quit := new(atomic.Int64), make(chan struct{})
	done := make(chan struct{}, n)
	for i := range n {
		pp := p2p.NewPeer(testID(i), "stub", []p2p.Cap{{Name: wire.ProtocolName, Version: 1}})
		go func() {
			_ = h.Protocols()[0].Run(pp, &stub{wantAll().EncodeStatus(1), quit, written})
			done <- struct{}{}
		}()
	}
	b.Cleanup(func() {
		close(quit)
		for range n {
			<-done
		}
	})
	for h.PeerCount() < n {
		time.Sleep(time.Millisecond)
	}
	return written
}

// BenchmarkFanOut is what one envelope costs from the moment it is decoded
// until it was written to every peer; up to 100 are under way at a time.
func BenchmarkFanOut(b *testing.B) {
	for _, peers := range []int{1, 50, 500} {
		b.Run(fmt.Sprintf("peers=%d", peers), func(b *testing.B) {
			b.ReportAllocs()
			h := newHost(b, Config{})
			written := attach(b, h, peers)
			r := refill{b: b}
			var owed int64
			settle := func() {
				for written.Load() < owed {
					runtime.Gosched()
				}
			}
			n := 0
			for b.Loop() {
				env, fresh := r.next()
				if fresh { // a full pool would evict what is not sent yet
					b.StopTimer()
					settle()
					h.pool.expire(math.MaxUint32)
					b.StartTimer()
				}
				if err := h.Submit(env); err != nil {
					b.Fatal(err)
				}
				owed += int64(peers * len(env.RLP()))
				if n++; n%100 == 0 {
					settle()
				}
			}
			settle()
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*peers), "ns/peer")
		})
	}
}

// BenchmarkHandleMessages is the reader's work for a packet of one envelope
// that nobody here wants to open.
func BenchmarkHandleMessages(b *testing.B) {
	b.ReportAllocs()
	h := newHost(b, Config{PoolEnvelopes: 1000})
	p := &peer{host: h, slot: h.slots.take(), log: h.log, quit: make(chan struct{})}
	r := refill{b: b}
	var payloads [][]byte
	for b.Loop() {
		if len(payloads) == 0 {
			b.StopTimer()
			for range benchBatch {
				env, _ := r.next()
				b.StopTimer()
				payloads = append(payloads, wire.EncodeMessages([]*wire.Envelope{env}))
			}
			b.StartTimer()
		}
		if reason := p.handleMessages(payloads[0]); reason != 0 {
			b.Fatal(reason)
		}
		payloads = payloads[1:]
	}
}

// BenchmarkOpenByTopic finds the filter of an envelope among 1000 and opens
// it.
func BenchmarkOpenByTopic(b *testing.B) {
	for _, kind := range []string{"symmetric", "asymmetric", "not ours"} {
		b.Run(kind, func(b *testing.B) {
			b.ReportAllocs()
			h := newHost(b, Config{})
			key := newKey(b, 1)
			for i := range 1000 {
				spec := FilterSpec{SymKey: append([]byte{1}, testKey(byte(i))[1:]...), Topics: []wire.Topic{testTopic(i)}}
				binary.BigEndian.PutUint16(spec.SymKey[4:], uint16(i))
				if kind == "asymmetric" && i == 500 {
					spec.SymKey, spec.PrivateKey = nil, key
				}
				if kind == "symmetric" && i == 500 {
					spec.SymKey = testKey(7)
				}
				if _, err := h.InstallFilter(spec, new(recorder)); err != nil {
					b.Fatal(err)
				}
			}
			post := Post{SymKey: testKey(7), Payload: make([]byte, 150), Signer: key}
			if kind == "asymmetric" {
				post.SymKey, post.PubKey = nil, &key.PublicKey
			}
			data, err := sealData(&post)
			if err != nil {
				b.Fatal(err)
			}
			env := wire.NewEnvelope(uint32(time.Now().Unix())+50, 50, testTopic(500), data, 0)
			for b.Loop() {
				listed, wildcard := h.filters.candidates(env.Topic())
				fits, _ := match(env, 1, false, listed, wildcard)
				if len(fits) == 0 == (kind != "not ours") {
					b.Fatal("match is wrong")
				}
			}
		})
	}
}
