package leveldb

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/syndtr/goleveldb/leveldb/util"

	"statusd/mailserver"
	"statusd/mailserver/archivetest"
)

// TestRepairLeavesPrunedOut: a repair brings nothing back that retention has
// removed, wherever the removed is still to be found.
func TestRepairLeavesPrunedOut(t *testing.T) {
	const all, kept = 4789, 1906
	envs := testEnvelopes(all, 300)
	stale := t.TempDir()
	for _, c := range []struct {
		name string
		do   func(t *testing.T, a *Archive)
	}{
		{"in the journal", func(*testing.T, *Archive) {}},
		{"in tables", func(t *testing.T, a *Archive) {
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			if err := openTest(t, a.dir).Close(); err != nil { // moves the journal into a table
				t.Fatal(err)
			}
		}},
		{"in tables that the engine has given up", func(t *testing.T, a *Archive) {
			before, err := listTables(a.dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range before {
				if err := os.Link(filepath.Join(a.dir, s.name), filepath.Join(stale, s.name)); err != nil {
					t.Fatal(err)
				}
			}
			if err := a.db.CompactRange(util.Range{}); err != nil {
				t.Fatal(err)
			}
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			for _, s := range before {
				if err := os.Link(filepath.Join(stale, s.name), filepath.Join(a.dir, s.name)); err != nil && !os.IsExist(err) {
					t.Fatal(err)
				}
			}
		}},
		{"and stored again", func(t *testing.T, a *Archive) {
			fillTest(t, a, envs[:3])
			if _, err := a.Prune(t.Context(), mailserver.Limits{Envelopes: kept}); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "archive")
			a := openTest(t, dir)
			fillTest(t, a, envs)
			if _, err := a.Prune(t.Context(), mailserver.Limits{Envelopes: kept}); err != nil {
				t.Fatal(err)
			}
			c.do(t, a)
			a.Close()
			report, err := Repair(t.Context(), dir, testOptions, nil)
			if err != nil || report.Envelopes != kept || report.DamagedFiles != 0 {
				t.Errorf("%+v, %v, want %d envelopes", report, err, kept)
			}
			a = openTest(t, dir)
			if n := checkConsistent(t, a); n != kept {
				t.Errorf("%d envelopes, want %d", n, kept)
			}
			for _, row := range archivetest.Rows(t, a, archivetest.Everything()) {
				if row.Created < envs[all-kept].Sent() {
					t.Fatalf("an envelope of %d is back", row.Created)
				}
			}
		})
	}
}
