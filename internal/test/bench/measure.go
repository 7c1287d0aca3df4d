package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"statusd/internal/test/rawpeer"
	"statusd/waku/wire"
)

// result is what one workload gave.
type result struct {
	delivered   float64 // share of envelopes times receivers that arrived
	perReceiver float64 // envelopes per second
	cpu         float64 // µs of the relay for an envelope
	generator   float64 // µs of this process for one
	gathered    float64 // envelopes in a packet that arrived, on average
	rss         int64
	p50, p99    time.Duration
}

// ttl of the generated envelopes in seconds, and the proof of work that a
// node demands by default.
const (
	ttl    = 60
	minPoW = 0.000002
)

// settle is how long a receiver waits for more before it gives up.
const settle = 5 * time.Second

// measure runs one workload against a fresh process.
func measure(start func() (*daemon, error), w workload) (result, error) {
	d, err := start()
	if err != nil {
		return result{}, err
	}
	defer d.stop()
	pow := 0.0
	status := &wire.StatusOptions{PoW: &pow}
	sources, err := connect(d, w.senders, &wire.StatusOptions{PoW: &pow, Topics: []wire.Topic{}})
	if err != nil {
		return result{}, err
	}
	sinks, err := connect(d, w.receivers, status)
	if err != nil {
		return result{}, err
	}
	packets := generate(w)
	sent := make([]atomic.Int64, w.count)
	cpu, own := d.cpu(), ownCPU()
	begin := time.Now()
	var g errgroup.Group
	receivers := make([]*receiver, len(sinks))
	for i, c := range sinks {
		receivers[i] = &receiver{conn: c, sent: sent, want: w.count, begin: begin}
		g.Go(receivers[i].run)
	}
	for i, c := range sources {
		g.Go(func() error { return send(c, w, packets, sent, i, begin) })
		go drain(c)
	}
	if err := g.Wait(); err != nil {
		return result{}, err
	}
	each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 / float64(w.count) }
	r := result{cpu: each(d.cpu() - cpu), generator: each(ownCPU() - own), rss: d.rss("VmHWM")}
	var all []time.Duration
	var rate float64
	got, arrived := 0, 0
	for _, rcv := range receivers {
		r.delivered += float64(rcv.got) / float64(w.count) / float64(len(receivers))
		rate += float64(rcv.got) / rcv.last.Sub(begin).Seconds()
		all = append(all, rcv.latency...)
		got, arrived = got+rcv.got, arrived+rcv.packets
		rcv.conn.Close()
	}
	for _, c := range sources {
		c.Close()
	}
	r.perReceiver, r.gathered = rate/float64(len(receivers)), float64(got)/float64(max(arrived, 1))
	if len(all) > 0 {
		slices.Sort(all)
		r.p50, r.p99 = all[len(all)/2], all[len(all)*99/100]
	}
	return r, nil
}

func connect(d *daemon, n int, status *wire.StatusOptions) ([]*rawpeer.Conn, error) {
	conns := make([]*rawpeer.Conn, n)
	for i := range conns {
		c, err := rawpeer.Dial(d.node, nil, 1, status)
		if err != nil {
			return nil, fmt.Errorf("connect peer %d: %w", i, err)
		}
		conns[i] = c
	}
	return conns, nil
}

// generate makes the packets in advance. The data field begins with the
// number of the envelope; the rest is random.
func generate(w workload) [][]byte {
	seed := rand.NewChaCha8([32]byte{1})
	expiry := uint32(time.Now().Unix()) + ttl
	packets := make([][]byte, w.count)
	for i := range packets {
		data := make([]byte, w.size)
		seed.Read(data)
		binary.BigEndian.PutUint64(data, uint64(i))
		topic := wire.Topic{byte(i), byte(i >> 8), 7, 0}
		search, bits := wire.NewNonceSearch(expiry, ttl, topic, data), wire.TargetBits(minPoW, w.size, ttl)
		nonce := uint64(0)
		for search.ZeroBits(nonce) < bits {
			nonce++
		}
		packets[i] = wire.EncodeMessages([]*wire.Envelope{wire.NewEnvelope(expiry, ttl, topic, data, nonce)})
	}
	return packets
}

// send writes every len(senders)-th packet, paced if the workload says so.
func send(c *rawpeer.Conn, w workload, packets [][]byte, sent []atomic.Int64, first int, begin time.Time) error {
	for i := first; i < len(packets); i += w.senders {
		if w.rate > 0 {
			due := begin.Add(time.Duration(i) * time.Second / time.Duration(w.rate))
			time.Sleep(time.Until(due))
		}
		sent[i].Store(int64(time.Since(begin)))
		if err := c.Send(wire.CodeMessages, packets[i]); err != nil {
			return fmt.Errorf("sender %d, envelope %d: %w", first, i, err)
		}
	}
	return nil
}

// drain reads what the relay sends to a sender, until the connection ends.
func drain(c *rawpeer.Conn) {
	for {
		if _, _, err := c.Read(); err != nil {
			return
		}
	}
}

// receiver counts what arrives at one connection.
type receiver struct {
	conn    *rawpeer.Conn
	sent    []atomic.Int64
	want    int
	begin   time.Time
	got     int
	packets int
	last    time.Time
	latency []time.Duration
}

func (r *receiver) run() error {
	for r.last = r.begin; r.got < r.want; {
		if err := r.conn.SetDeadline(time.Now().Add(settle)); err != nil {
			return err
		}
		code, payload, err := r.conn.Read()
		if err != nil {
			return nil //nolint:nilerr // what is missing shows in the delivered share
		}
		if code != wire.CodeMessages {
			continue
		}
		r.packets++
		now := time.Now()
		if err := r.count(payload, now); err != nil {
			return err
		}
		r.last = now
	}
	return nil
}

// count finds the number in each envelope without decoding more than it must.
func (r *receiver) count(payload []byte, now time.Time) error {
	return eachData(payload, func(data []byte) {
		i := binary.BigEndian.Uint64(data)
		r.got++
		r.latency = append(r.latency, now.Sub(r.begin)-time.Duration(r.sent[i].Load()))
	})
}
