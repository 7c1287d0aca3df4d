package leveldb

import (
	"fmt"
	"os"
	"testing"
	"time"

	"statusd/mailserver/archivetest"
)

// BenchmarkIngest stores the workload in synced batches of 1024.
func BenchmarkIngest(b *testing.B) {
	w := archivetest.BenchWorkload(b)
	defer archivetest.ReportCPU(b)()
	for b.Loop() {
		dir := b.TempDir()
		a, err := Open(dir, Options{MinFree: 1})
		if err != nil {
			b.Fatal(err)
		}
		took := archivetest.Fill(b, a, w)
		s, err := a.Stats(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(w.Envelopes)/took.Seconds(), "envelopes/s")
		b.ReportMetric(float64(s.DiskBytes)/1e6, "MB-disk")
		b.ReportMetric(float64(s.Bytes)/float64(s.Envelopes), "B/envelope")
		b.ReportMetric(archivetest.PeakRSS(), "MiB-peak")
		if err := a.Close(); err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		if a, err = Open(dir, Options{MinFree: 1}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms-open")
		if err := a.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkQuery measures an archive that is built once for each size and kept
// in the system's temporary folder.
func BenchmarkQuery(b *testing.B) {
	w := archivetest.BenchWorkload(b)
	dir := fmt.Sprintf("%s/statusd-bench-archive-%d-%d", os.TempDir(), schemaVersion, w.Envelopes)
	a, err := Open(dir, Options{MinFree: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { a.Close() })
	if s, err := a.Stats(b.Context()); err != nil || s.Envelopes < int64(w.Envelopes) {
		archivetest.Fill(b, a, w)
	}
	archivetest.BenchQueries(b, a, w)
}
