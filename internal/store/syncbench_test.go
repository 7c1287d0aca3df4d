package store

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"statusd/datasync"
)

// manyOutstanding is how much the benchmarks leave outstanding, with
// manyPeers peers.
const (
	manyOutstanding = 100_000
	manyPeers       = 1000
)

// quiet is a port that sends nowhere.
type quiet struct{}

func (quiet) Send(context.Context, *Tx, datasync.Send, []byte) error  { return nil }
func (quiet) Receipts(context.Context, *Tx, []datasync.Receipt) error { return nil }

func manyRef(i int) datasync.Ref {
	return datasync.Ref{byte(i), byte(i >> 8), byte(i >> 16), 31: 1}
}

// fillOutstanding appends messages and sends each once.
func fillOutstanding(b *testing.B, p *syncParty) {
	b.Helper()
	for first := 0; first < manyOutstanding; first += 1000 {
		update(b, p.db, func(tx *Tx) error {
			for i := first; i < first+1000; i++ {
				m := datasync.Outgoing{
					Body: fmt.Appendf(nil, "%0200d", i), Ref: manyRef(i),
					To: []datasync.PeerID{{0: 4, 1: byte(i % manyPeers), 2: byte(i % manyPeers >> 8), 3: 1}},
				}
				if _, err := p.run.Append(tx, m); err != nil {
					return err
				}
			}
			return p.run.Flush(context.Background(), tx)
		})
	}
}

// heap returns the bytes in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkSyncOutstanding100k measures an account with 100 000 outstanding
// records: how long it takes to start, what it holds in memory then, and a step
// in which 100 of them are due.
func BenchmarkSyncOutstanding100k(b *testing.B) {
	dir := b.TempDir()
	p, err := quietParty(dir)
	if err != nil {
		b.Fatal(err)
	}
	fillOutstanding(b, p)
	closeDB(b, p.db)
	b.Run("start", func(b *testing.B) {
		var before, after int64
		for b.Loop() {
			b.StopTimer()
			before = heap()
			b.StartTimer()
			p, err := quietParty(dir)
			if err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			after = heap()
			closeDB(b, p.db)
			b.StartTimer()
		}
		b.ReportMetric(float64(after-before)/(1<<20), "MiB")
	})
	b.Run("due", func(b *testing.B) {
		p, err := quietParty(dir)
		if err != nil {
			b.Fatal(err)
		}
		p.clock++
		n := 0
		for b.Loop() {
			b.StopTimer()
			update(b, p.db, func(tx *Tx) error {
				for range 100 {
					n++
					if _, err := p.run.Retry(tx, manyRef(n*7919%manyOutstanding)); err != nil {
						return err
					}
				}
				return nil
			})
			b.StartTimer()
			update(b, p.db, func(tx *Tx) error { return p.run.Flush(context.Background(), tx) })
		}
		b.StopTimer()
		closeDB(b, p.db)
	})
	b.Run("time", func(b *testing.B) { // what is due after a second or two
		p, err := quietParty(dir)
		if err != nil {
			b.Fatal(err)
		}
		p.clock += 20
		before := p.node.Stats().Retransmitted
		for b.Loop() {
			p.clock++
			update(b, p.db, func(tx *Tx) error { return p.run.Flush(context.Background(), tx) })
		}
		b.StopTimer()
		if sent := p.node.Stats().Retransmitted - before; sent > 0 {
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(sent), "µs/record")
		}
		closeDB(b, p.db)
	})
}

// BenchmarkSyncMessage is one message in two databases: append and send, handle
// and acknowledge, handle the ack; three commits.
func BenchmarkSyncMessage(b *testing.B) {
	dir := b.TempDir()
	x, err := openParty(dir, 1)
	if err != nil {
		b.Fatal(err)
	}
	y, err := openParty(dir, 2)
	if err != nil {
		b.Fatal(err)
	}
	n := int64(0)
	for b.Loop() {
		n++
		out, err := x.step(y, n, nil)
		if err == nil {
			out, err = y.step(x, 0, out)
		}
		if err == nil {
			_, err = x.step(y, 0, out)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	closeDB(b, x.db)
	closeDB(b, y.db)
}

// BenchmarkSyncGroup is one message to a group of 50 whose acks come one by one.
func BenchmarkSyncGroup(b *testing.B) {
	p, err := quietParty(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	var to []datasync.PeerID
	for i := range 50 {
		to = append(to, datasync.PeerID{0: 4, 1: byte(i), 2: 7})
	}
	n := 0
	for b.Loop() {
		n++
		p.clock++
		m := datasync.Outgoing{Body: fmt.Appendf(nil, "%0200d", n), Ref: manyRef(n), To: to}
		var ids []datasync.MessageID
		update(b, p.db, func(tx *Tx) (err error) {
			if ids, err = p.run.Append(tx, m); err != nil {
				return err
			}
			return p.run.Flush(context.Background(), tx)
		})
		update(b, p.db, func(tx *Tx) error {
			for i, id := range ids {
				in := datasync.Payload{Acks: []datasync.MessageID{id}}
				if _, err := p.run.Handle(context.Background(), tx, to[i], in, true); err != nil {
					return err
				}
			}
			return p.run.Flush(context.Background(), tx)
		})
	}
	closeDB(b, p.db)
}
