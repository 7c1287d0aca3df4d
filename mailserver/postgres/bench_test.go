package postgres

import (
	"testing"

	"statusd/mailserver/archivetest"
	"statusd/mailserver/postgres/pgtest"
)

// BenchmarkArchive stores the workload in batches of 1024, durably, and then
// measures the queries.
func BenchmarkArchive(b *testing.B) {
	server := pgtest.Start(b, true)
	w := archivetest.BenchWorkload(b)
	a := openTest(b, server.Database())
	took := archivetest.Fill(b, a, w)
	b.Logf("ingest: %.0f envelopes/s", float64(w.Envelopes)/took.Seconds())
	if _, err := a.pool.Exec(b.Context(), `VACUUM ANALYZE`); err != nil {
		b.Fatal(err)
	}
	archivetest.BenchQueries(b, a, w)
}
