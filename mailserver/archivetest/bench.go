package archivetest

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"statusd/mailserver"
	"statusd/waku/wire"
)

// EnvEnvelopes is the environment variable with the size of the workload.
const EnvEnvelopes = "STATUSD_BENCH_ENVELOPES"

// BenchWorkload returns the workload with the number of envelopes that the
// environment asks for, else one small enough for a routine run.
func BenchWorkload(b *testing.B) Workload {
	b.Helper()
	envelopes := 100_000
	if s := os.Getenv(EnvEnvelopes); s != "" {
		var err error
		if envelopes, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	return NewWorkload(envelopes)
}

// Fill stores the workload and returns the time spent in Put.
func Fill(b *testing.B, a mailserver.Archive, w Workload) (took time.Duration) {
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

// PeakRSS returns the largest resident size of the process so far, in MiB, or
// zero where the system does not tell.
func PeakRSS() float64 {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmHWM:" {
			kib, err := strconv.Atoi(f[1])
			if err != nil {
				return 0
			}
			return float64(kib) / 1024
		}
	}
	return 0
}

// CPU returns the processor time that the process has used. Unlike the clock
// it does not depend on what else the machine does.
func CPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// ReportCPU adds the processor time of each operation to a benchmark. It is
// called before the loop; what it returns, after.
func ReportCPU(b *testing.B) (done func()) {
	before := CPU()
	return func() { b.ReportMetric(float64((CPU()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op") }
}

// reads returns how often the process has read from files, and how many bytes,
// zero where the system does not tell. Unlike the clock they do not depend on
// what is in which cache.
func reads() (calls, bytes float64) {
	raw, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(raw)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		n, err := strconv.ParseFloat(value, 64)
		switch {
		case err != nil:
		case name == "syscr":
			calls = n
		case name == "rchar":
			bytes = n
		}
	}
	return calls, bytes
}

// Drain reads a query to its end.
func Drain(b *testing.B, a mailserver.Archive, q mailserver.Query) (rows int, last mailserver.Key) {
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

// BenchQueries measures the queries of the performance table on an archive
// that holds the workload.
func BenchQueries(b *testing.B, a mailserver.Archive, w Workload) {
	end := w.End()
	bloomOf := func(i int) *wire.Bloom {
		bloom := new(wire.Bloom)
		bloom.Add(w.Topic(i % w.Topics))
		return bloom
	}
	oneTopic := func(b *testing.B, from uint32) {
		rows, i := 0, 0
		defer ReportCPU(b)()
		calls, bytes := reads()
		for b.Loop() {
			n, _ := Drain(b, a, mailserver.Query{Lower: from, Upper: end, Bloom: bloomOf(i), Limit: 1001})
			rows += n
			i++
		}
		callsAfter, bytesAfter := reads()
		b.ReportMetric(float64(rows)/float64(b.N), "rows/op")
		b.ReportMetric((callsAfter-calls)/float64(b.N), "reads/op")
		b.ReportMetric((bytesAfter-bytes)/float64(b.N)/1024, "KiB-read/op")
	}
	b.Run("one topic, 24 h, bloom", func(b *testing.B) { oneTopic(b, end-86400) })
	b.Run("one topic, 30 days, bloom", func(b *testing.B) { oneTopic(b, w.Start) })
	b.Run("every topic, 1 h, first 1000", func(b *testing.B) {
		rows := 0
		defer ReportCPU(b)()
		for b.Loop() {
			rows, _ = Drain(b, a, mailserver.Query{Lower: end - 3600, Upper: end, Limit: 1000})
		}
		b.ReportMetric(float64(rows), "rows/op")
	})
	b.Run("50 topics, 30 days, all pages", func(b *testing.B) {
		rows, pages := 0, 0
		defer ReportCPU(b)()
		for b.Loop() {
			rows, pages = allPages(b, a, w, 50)
		}
		b.ReportMetric(float64(rows), "rows/op")
		b.ReportMetric(float64(pages), "pages/op")
	})
	b.Run("8 parallel, one topic, 30 days", func(b *testing.B) {
		i := 0
		defer ReportCPU(b)()
		for b.Loop() {
			var wg sync.WaitGroup
			for j := range 8 {
				wg.Go(func() {
					Drain(b, a, mailserver.Query{Lower: w.Start, Upper: end, Bloom: bloomOf(8*i + j), Limit: 1001})
				})
			}
			wg.Wait()
			i++
		}
	})
	b.Run("1000 topics, 30 days, first 1000", func(b *testing.B) {
		q := mailserver.Query{Lower: w.Start, Upper: end, Limit: 1001}
		for i := range 1000 {
			q.Topics = append(q.Topics, w.Topic(i))
		}
		defer ReportCPU(b)()
		for b.Loop() {
			Drain(b, a, q)
		}
	})
	b.ReportMetric(PeakRSS(), "MiB-peak")
}

// allPages follows the cursor to the end.
func allPages(b *testing.B, a mailserver.Archive, w Workload, topics int) (rows, pages int) {
	b.Helper()
	q := mailserver.Query{Lower: w.Start, Upper: w.End(), Limit: 1001}
	for i := range topics {
		q.Topics = append(q.Topics, w.Topic(i*7%w.Topics))
	}
	for {
		n, last := Drain(b, a, q)
		pages++
		if n < q.Limit {
			return rows + n, pages
		}
		rows += n
		q.After = &last
	}
}
