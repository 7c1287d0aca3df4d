package store

import (
	"context"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"statusd/datasync"
)

// scans are the statements of data sync that may look at a whole table: they
// run when the clock was set back.
var scans = regexp.MustCompile(
	`^UPDATE sync_peer SET heard = min|^UPDATE sync_received SET at`)

// harmless are scans of what is small, or of which one row is read: what was
// given as argument, what an index already chose, the one clock, the first of
// the received ids, peers that were heard lately.
var harmless = []string{
	"json_each", "CONSTANT ROW", "(subquery", "sync_clock", "SCAN sync_received", "SCAN sync_peer", "USING INDEX",
	"USING COVERING",
}

// TestSyncTouchesOnlyWhatItNeeds has the database explain each statement of
// data sync: none may scan a table.
func TestSyncTouchesOnlyWhatItNeeds(t *testing.T) {
	o := &witness{
		t: t, dir: t.TempDir(), rng: rand.New(rand.NewPCG(1, 20)),
		sent: make(map[datasync.PeerID][]datasync.MessageID),
	}
	o.boot()
	for range 100 {
		o.offline = false
		o.step()
	}
	update(t, o.db, func(tx *Tx) error {
		in := o.payload(o.peer(1))
		for i := range 2 * fewIDs {
			in.Acks = append(in.Acks, datasync.MessageID{byte(i)})
			in.Offers = append(in.Offers, datasync.MessageID{byte(i)})
		}
		_, err := o.run.Handle(context.Background(), tx, o.peer(1), in, true)
		return err
	})
	statements := 0
	for query := range o.db.conn.prepared {
		if !strings.Contains(query, "sync_") && !strings.Contains(query, "body") || scans.MatchString(query) {
			continue
		}
		statements++
		s, _, err := o.db.conn.sqlite.Prepare("EXPLAIN QUERY PLAN " + query)
		if err != nil {
			t.Fatal(err)
		}
		for s.Step() {
			plan := s.ColumnText(3)
			if strings.HasPrefix(plan, "SCAN") &&
				!slices.ContainsFunc(harmless, func(s string) bool { return strings.Contains(plan, s) }) {
				t.Errorf("%s: %s", plan, query)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if statements < 20 {
		t.Errorf("only %d statements were looked at", statements)
	}
}
