package leveldb

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"statusd/mailserver"
	"statusd/mailserver/archivetest"
	"statusd/waku/wire"
)

// benchArchive returns an archive with the workload, which is built once for
// each size and kept in a folder below the system's temporary one.
func benchArchive(b *testing.B, w archivetest.Workload) *Archive {
	b.Helper()
	dir := fmt.Sprintf("%s/statusd-bench-archive-%d-%d", os.TempDir(), schemaVersion, w.Envelopes)
	a, err := Open(dir, Options{MinFree: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { a.Close() })
	if s, _ := a.Stats(b.Context()); s.Envelopes == int64(w.Envelopes) {
		return a
	}
	fill(b, a, w)
	return a
}

// fill stores the workload and returns the time spent in Put.
func fill(b *testing.B, a *Archive, w archivetest.Workload) (took time.Duration) {
	b.Helper()
	err := w.Generate(1024, func(envs []*wire.Envelope) error {
		start := time.Now()
		_, err := a.Put(b.Context(), envs)
		took += time.Since(start)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return took
}

// workload returns the size that STATUSD_BENCH_ENVELOPES names, by default
// small enough for a routine run.
func workload(b *testing.B) archivetest.Workload {
	b.Helper()
	w := archivetest.DefaultWorkload()
	w.Envelopes = 100_000
	if s := os.Getenv("STATUSD_BENCH_ENVELOPES"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		w.Envelopes = n
	}
	return w
}

// BenchmarkIngest stores the workload in synced batches of 1024.
func BenchmarkIngest(b *testing.B) {
	w := workload(b)
	for b.Loop() {
		dir := b.TempDir()
		a, err := Open(dir, Options{MinFree: 1})
		if err != nil {
			b.Fatal(err)
		}
		took := fill(b, a, w)
		s, err := a.Stats(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(w.Envelopes)/took.Seconds(), "envelopes/s")
		b.ReportMetric(float64(s.DiskBytes)/1e6, "MB-disk")
		b.ReportMetric(float64(s.Bytes)/float64(s.Envelopes), "B/envelope")
		b.ReportMetric(peakRSS(b), "MiB-peak")
		if err := a.Close(); err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		if a, err = Open(dir, Options{MinFree: 1}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms-open")
		a.Close()
	}
}

// peakRSS returns the largest resident size of the process so far, in MiB.
func peakRSS(b *testing.B) float64 {
	b.Helper()
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmHWM:" {
			kb, _ := strconv.Atoi(f[1])
			return float64(kb) / 1024
		}
	}
	return 0
}

// drain reads a query to its end.
func drain(b *testing.B, a *Archive, q mailserver.Query) (rows int, last mailserver.Key) {
	b.Helper()
	r, err := a.Select(b.Context(), q)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	for r.Next(b.Context()) {
		if _, err := r.Data(b.Context()); err != nil {
			b.Fatal(err)
		}
		last = r.Row().Key
		rows++
	}
	if r.Err() != nil {
		b.Fatal(r.Err())
	}
	return rows, last
}

func bloomOf(topics ...wire.Topic) *wire.Bloom {
	b := new(wire.Bloom)
	b.Add(topics...)
	return b
}

func BenchmarkQuery(b *testing.B) {
	w := workload(b)
	a := benchArchive(b, w)
	end := w.End()
	for _, c := range []struct {
		name string
		q    mailserver.Query
	}{
		{"one topic, 24 h, bloom", mailserver.Query{Lower: end - 86400, Upper: end}},
		{"one topic, 30 days, bloom", mailserver.Query{Lower: w.Start, Upper: end}},
	} {
		b.Run(c.name, func(b *testing.B) {
			rows, i := 0, 0
			for b.Loop() {
				q := c.q
				q.Bloom, q.Limit = bloomOf(archivetest.Topic(i%w.Topics)), 1001
				n, _ := drain(b, a, q)
				rows += n
				i++
			}
			b.ReportMetric(float64(rows)/float64(b.N), "rows/op")
		})
	}
	b.Run("every topic, 1 h, first 1000", func(b *testing.B) {
		rows := 0
		for b.Loop() {
			rows, _ = drain(b, a, mailserver.Query{Lower: end - 3600, Upper: end, Limit: 1000})
		}
		b.ReportMetric(float64(rows), "rows/op")
	})
	b.Run("50 topics, 30 days, all pages", func(b *testing.B) {
		rows, pages := 0, 0
		for b.Loop() {
			rows, pages = allPages(b, a, w, 50)
		}
		b.ReportMetric(float64(rows), "rows/op")
		b.ReportMetric(float64(pages), "pages/op")
	})
	b.Run("8 parallel, one topic, 30 days", func(b *testing.B) {
		i := 0
		for b.Loop() {
			var wg sync.WaitGroup
			for j := range 8 {
				wg.Go(func() {
					q := mailserver.Query{Lower: w.Start, Upper: end, Limit: 1001}
					q.Bloom = bloomOf(archivetest.Topic((8*i + j) % w.Topics))
					drain(b, a, q)
				})
			}
			wg.Wait()
			i++
		}
	})
	b.Run("1000 topics, 30 days, first 1000", func(b *testing.B) {
		q := mailserver.Query{Lower: w.Start, Upper: end, Limit: 1001}
		for i := range 1000 {
			q.Topics = append(q.Topics, archivetest.Topic(i))
		}
		for b.Loop() {
			drain(b, a, q)
		}
	})
	runtime.GC()
	b.ReportMetric(peakRSS(b), "MiB-peak")
}

func allPages(b *testing.B, a *Archive, w archivetest.Workload, topics int) (rows, pages int) {
	b.Helper()
	q := mailserver.Query{Lower: w.Start, Upper: w.End(), Limit: 1001}
	for i := range topics {
		q.Topics = append(q.Topics, archivetest.Topic(i*7))
	}
	for {
		n, last := drain(b, a, q)
		pages++
		if n < q.Limit {
			return rows + n, pages
		}
		rows += n
		q.After = &last
	}
}
