package store

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"statusd/datasync"
	"statusd/datasync/runner"
)

// oldSync is what a version with a mirror in memory left in its tables: a
// message to two of whom one acknowledged, one to a third that never left, one
// that was sent long ago, a request, and received ids.
const oldSync = `
INSERT INTO mvds_body VALUES (x'%[1]s', x'6f6e65'), (x'%[2]s', x'74776f'), (x'%[3]s', x'7468726565');
INSERT INTO mvds_state (peer, id, kind, seq, ref, body, body_bytes, timestamp, outcome, attempts, created, last_sent,
	deadline) VALUES
	(x'%[4]s', x'%[8]s', 2, 1, x'%[9]s', zeroblob(32), 0, 1700000000, 1, 1, 1700000000000, 1700000000000, 0),
	(x'%[5]s', x'%[10]s', 2, 2, x'%[9]s', x'%[1]s', 3, 1700000000, 0, 2, 1700000000000, 1700000020000, 1700000060000),
	(x'%[6]s', x'%[11]s', 2, 3, x'%[12]s', x'%[2]s', 3, 1700000050, 0, 0, 1700000050000, 0, 1700000050000),
	(x'%[6]s', x'%[13]s', 2, 4, x'%[14]s', x'%[3]s', 5, 1700000001, 0, 9, 1700000001000, 1700000040000, 1700003640000),
	(x'%[6]s', x'%[7]s', 1, 5, zeroblob(32), zeroblob(32), 0, 0, 0, 1, 1700000050000, 1700000050000, 1700000070000);
INSERT INTO mvds_seen VALUES (x'%[15]s', 1700000000000), (x'%[16]s', 1700000030000);
INSERT INTO sent (id, chat, route, wrapper, recipients, at) VALUES
	(x'%[9]s', 'chat', 2, x'6f6e65', x'%[4]s%[5]s', 1700000000000),
	(x'%[17]s', 'other', 1, x'666f7572', x'', 1700000000000)`

func hexOf(b []byte) string { return fmt.Sprintf("%x", b) }

// sends is a port that keeps what is sent and reported.
type sends struct {
	messages map[byte][]string // bodies by the peer's number
	receipts []datasync.Receipt
}

func (s *sends) Send(_ context.Context, _ *Tx, send datasync.Send, payload []byte) error {
	p, err := datasync.Decode(payload)
	for _, m := range p.Messages {
		s.messages[send.To[1]] = append(s.messages[send.To[1]], string(m.Body))
	}
	return err
}

func (s *sends) Receipts(_ context.Context, _ *Tx, receipts []datasync.Receipt) error {
	s.receipts = append(s.receipts, receipts...)
	return nil
}

// TestWhatWaitedInAnOldDatabaseIsSentAndAcknowledged: what was outstanding when
// data sync still mirrored its tables goes on under the same ids, so that no
// receiver takes it for something new; what was received stays known, and
// wrappers can be sent again.
func TestWhatWaitedInAnOldDatabaseIsSentAndAcknowledged(t *testing.T) {
	self := datasync.PeerID{0: 4, 1: 9}
	peer := func(i byte) datasync.PeerID { return datasync.PeerID{0: 4, 1: i} }
	id := func(i byte, seconds int64, body string) datasync.MessageID {
		g := datasync.OneToOne(self, peer(i))
		return datasync.NewMessageID(g[:], seconds, []byte(body))
	}
	ref := func(i byte) datasync.Ref { return datasync.Ref{i, 31: 1} }
	fill := func(i byte) string { return hexOf(slices.Repeat([]byte{i}, 32)) }
	p1, p2, p3 := peer(1), peer(2), peer(3)
	one1, one2, two, three := id(1, 1_700_000_000, "one"), id(2, 1_700_000_000, "one"), id(3, 1_700_000_050, "two"),
		id(3, 1_700_000_001, "three")
	r1, r2, r3, r4 := ref(1), ref(2), ref(3), ref(4)
	script := fmt.Sprintf(oldSync, fill(1), fill(2), fill(3), hexOf(p1[:]), hexOf(p2[:]), hexOf(p3[:]), fill(7),
		hexOf(one1[:]), hexOf(r1[:]), hexOf(one2[:]), hexOf(two[:]), hexOf(r2[:]), hexOf(three[:]), hexOf(r3[:]),
		fill(8), fill(9), hexOf(r4[:]))
	c, db := beforeMigration(t, "sync_rows.sql")
	if err := db.conn.script(context.Background(), script); err != nil {
		t.Fatal(err)
	}
	closeDB(t, db)
	db = mustOpen(t, c)
	node, err := datasync.New(datasync.Config{Self: self})
	if err != nil {
		t.Fatal(err)
	}
	port, now := &sends{messages: make(map[byte][]string)}, time.Unix(1_700_000_065, 0)
	run, err := runner.New(runner.Config[*Tx]{
		Node: node, Store: SyncStore{db}, Port: port, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	flush := func(tx *Tx) error { return run.Flush(context.Background(), tx) }
	update(t, db, flush)
	if got := fmt.Sprint(port.messages); got != "map[2:[one] 3:[two]]" {
		t.Errorf("sent %s", got)
	}
	now = now.Add(time.Hour)
	update(t, db, flush)
	if got := port.messages[3]; len(got) != 3 || !slices.Contains(got, "three") {
		t.Errorf("sent %s", got)
	}
	update(t, db, func(tx *Tx) error {
		for from, acks := range map[datasync.PeerID][]datasync.MessageID{p2: {one2}, p3: {two, three}} {
			if _, err := run.Handle(context.Background(), tx, from, datasync.Payload{Acks: acks}, true); err != nil {
				return err
			}
		}
		known, err := syncTables{tx}.Received([]datasync.MessageID{
			datasync.MessageID(slices.Repeat([]byte{8}, 32)), datasync.MessageID(slices.Repeat([]byte{9}, 32)), {1},
		})
		if err == nil && len(known) != 2 {
			t.Errorf("%d received ids are known", len(known))
		}
		return err
	})
	if len(port.receipts) != 3 || slices.ContainsFunc(port.receipts, func(r datasync.Receipt) bool {
		return r.Outcome != datasync.Acked || r.Waiting != 0
	}) {
		t.Errorf("receipts %+v", port.receipts)
	}
	checkWrappers(t, db, map[datasync.Ref]string{r1: "one", r4: "four"})
}

// checkWrappers checks that nothing is left but a request and wrappers to be
// sent again, which go with what Sent keeps.
func checkWrappers(t *testing.T, db *DB, want map[datasync.Ref]string) {
	t.Helper()
	update(t, db, func(tx *Tx) error {
		states, bodies, _, err := syncCounts(tx)
		if err != nil {
			return err
		}
		if states != 1 || bodies != 2 { // the request, and what can be sent again
			t.Errorf("%d records and %d wrappers are left", states, bodies)
		}
		for ref, text := range want {
			p, found, errRead := tx.Sent().ByID(MessageID(ref))
			if !found || string(p.Wrapper) != text {
				t.Errorf("wrapper %q, found %v, want %q", p.Wrapper, found, text)
			}
			if err = errRead; err == nil {
				err = tx.Sent().Forget(MessageID(ref))
			}
			if err != nil {
				return err
			}
		}
		if _, bodies, _, err = syncCounts(tx); bodies != 0 {
			t.Errorf("%d wrappers are left", bodies)
		}
		return err
	})
}

// TestMigrationOfManyToOnePeer has 20 000 messages that one peer never
// acknowledged, some of them twice: a migration that looked at all of a peer for
// each of them would take minutes.
func TestMigrationOfManyToOnePeer(t *testing.T) {
	c, db := beforeMigration(t, "sync_rows.sql")
	err := db.conn.script(context.Background(), `INSERT INTO mvds_body VALUES (zeroblob(32), x'6f6e65');
		WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 20000)
		INSERT INTO mvds_state (peer, id, kind, seq, ref, body, body_bytes, timestamp, outcome, attempts, created,
			last_sent, deadline)
		SELECT CAST(x'04' || zeroblob(64) AS BLOB), randomblob(32), 2, i, CAST(printf('%032d', i % 19000) AS BLOB),
			zeroblob(32), 3, 1700000000, 0, 2, 1700000000000, 1700000020000, 1700000060000 FROM c`)
	if err != nil {
		t.Fatal(err)
	}
	closeDB(t, db)
	db = mustOpen(t, c)
	update(t, db, func(tx *Tx) error {
		records, _, _, err := syncCounts(tx)
		if records != 19000 {
			t.Errorf("%d records", records)
		}
		return err
	})
}
