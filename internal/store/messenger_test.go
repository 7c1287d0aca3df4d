package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"statusd/datasync"
	"statusd/datasync/runner"
)

// mailbox is a messenger in miniature: one transaction holds the state of the
// secure transport, that of data sync, the rows of messages, and what leaves.
type mailbox struct {
	db     *DB
	run    *runner.Runner[*Tx]
	self   datasync.PeerID
	woken  int                       // times that the outbox was woken
	refuse map[datasync.PeerID]error // peers that cannot be written to
}

const mailboxTables = `CREATE TABLE ratchet (id INTEGER PRIMARY KEY, step INTEGER NOT NULL);
	INSERT INTO ratchet VALUES (1, 0);
	CREATE TABLE box_message (ref BLOB PRIMARY KEY NOT NULL, body TEXT NOT NULL, acked INTEGER NOT NULL,
		done INTEGER NOT NULL);
	CREATE TABLE box_out (id INTEGER PRIMARY KEY, peer BLOB NOT NULL, sealed BLOB NOT NULL)`

func newMailbox(t *testing.T, self datasync.PeerID, now func() time.Time) *mailbox {
	t.Helper()
	m := &mailbox{db: mustOpen(t, testConfig(t.TempDir())), self: self, refuse: make(map[datasync.PeerID]error)}
	if err := m.db.conn.script(context.Background(), mailboxTables); err != nil {
		t.Fatal(err)
	}
	node, err := datasync.New(datasync.Config{Self: self})
	if err != nil {
		t.Fatal(err)
	}
	m.run, err = runner.New(runner.Config[*Tx]{Node: node, Store: SyncStore{m.db}, Port: m, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// turn advances the ratchet.
func turn(tx *Tx) error { return tx.Exec(`UPDATE ratchet SET step = step + 1`) }

// Send implements runner.Port: it seals into the outbox, which is woken by the
// commit.
func (m *mailbox) Send(_ context.Context, tx *Tx, s datasync.Send, payload []byte) error {
	return tx.Savepoint(func() error {
		if err := turn(tx); err != nil {
			return err
		}
		if err := m.refuse[s.To]; err != nil {
			return err
		}
		tx.OnFinish(func(committed bool) {
			if committed {
				m.woken++
			}
		})
		return tx.Exec(`INSERT INTO box_out (peer, sealed) VALUES (?, ?)`, s.To[:], payload)
	})
}

// Receipts implements runner.Port.
func (m *mailbox) Receipts(_ context.Context, tx *Tx, receipts []datasync.Receipt) error {
	for _, r := range receipts {
		err := tx.Exec(`UPDATE box_message SET acked = acked + 1, done = ? WHERE ref = ?`, r.Waiting == 0, r.Ref[:])
		if err != nil {
			return err
		}
	}
	return nil
}

// compose stores a message and appends it to data sync.
func (m *mailbox) compose(tx *Tx, ref datasync.Ref, body string, to ...datasync.PeerID) error {
	err := tx.Exec(`INSERT INTO box_message (ref, body, acked, done) VALUES (?, ?, 0, 0)`, ref[:], body)
	if err != nil {
		return err
	}
	_, err = m.run.Append(tx, datasync.Outgoing{Ref: ref, Body: []byte(body), To: to})
	return err
}

// receive opens one payload: the ratchet moves, data sync takes it, its bodies
// become messages.
func (m *mailbox) receive(tx *Tx, from datasync.PeerID, sealed []byte, fault error) error {
	return tx.Savepoint(func() error {
		if err := turn(tx); err != nil {
			return err
		}
		p, err := datasync.Decode(sealed)
		if err != nil {
			return err
		}
		got, err := m.run.Handle(context.Background(), tx, from, p, true)
		if err != nil {
			return err
		}
		for _, d := range got {
			err := tx.Exec(`INSERT INTO box_message (ref, body, acked, done) VALUES (?, ?, 0, 0)`, d.ID[:], string(d.Body))
			if err != nil {
				return err
			}
		}
		return fault
	})
}

// take empties the outbox.
func (m *mailbox) take(t *testing.T) (sealed [][]byte, to []datasync.PeerID) {
	t.Helper()
	update(t, m.db, func(tx *Tx) error {
		err := tx.Query(`SELECT peer, sealed FROM box_out ORDER BY id`, nil, func(r Row) error {
			to, sealed = append(to, datasync.PeerID(r.Blob(0))), append(sealed, r.Blob(1))
			return nil
		})
		return errors.Join(err, tx.Exec(`DELETE FROM box_out`))
	})
	return sealed, to
}

// state describes everything that a transaction changes.
func (m *mailbox) state(t *testing.T) (s string) {
	t.Helper()
	err := m.db.View(context.Background(), func(tx *Tx) error {
		states, bodies, seen, err := syncCounts(tx)
		if err != nil {
			return err
		}
		_, err = tx.Get(`SELECT (SELECT step FROM ratchet), (SELECT count(*) FROM box_message),
			(SELECT count(*) FROM box_out),
			(SELECT coalesce(sum(acked), 0) FROM box_message),
			(SELECT coalesce(sum(done), 0) FROM box_message)`, nil, func(r Row) {
			s = fmt.Sprintf("ratchet %d, messages %d, outbox %d, acked %d, done %d, records %d, bodies %d, seen %d", r.Int64(0),
				r.Int64(1), r.Int64(2), r.Int64(3), r.Int64(4), states, bodies, seen)
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (m *mailbox) expect(t *testing.T, when, want string) {
	t.Helper()
	if got := m.state(t); got != want {
		t.Errorf("%s: %s\n\twant %s", when, got, want)
	}
}

// TestOneTransactionForAll runs data sync in the transactions of a messenger:
// what belongs together is there together or not at all, acks wait for the
// commit of what they acknowledge, and one message that fails takes nothing
// else with it.
func TestOneTransactionForAll(t *testing.T) {
	clock := time.Unix(1_700_000_000, 0)
	now := func() time.Time { return clock }
	ana, bo, cy := datasync.PeerID{0: 4, 1: 1}, datasync.PeerID{0: 4, 1: 2}, datasync.PeerID{0: 4, 1: 3}
	a, b := newMailbox(t, ana, now), newMailbox(t, bo, now)
	broken, ctx := errors.New("broken"), context.Background()
	compose := func(ref byte, fault error, to ...datasync.PeerID) error {
		return a.db.Update(ctx, func(tx *Tx) error {
			if err := a.compose(tx, datasync.Ref{ref}, fmt.Sprint("message ", ref), to...); err != nil {
				return err
			}
			return errors.Join(a.run.Flush(ctx, tx), fault)
		})
	}
	if err := compose(1, broken, bo, cy); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	a.expect(t, "after a rollback", "ratchet 0, messages 0, outbox 0, acked 0, done 0, records 0, bodies 0, seen 0")
	a.refuse[cy] = broken
	for ref := range byte(3) {
		if err := compose(ref+1, nil, bo, cy); err != nil {
			t.Fatal(err)
		}
	}
	a.expect(t, "written", "ratchet 3, messages 3, outbox 3, acked 0, done 0, records 6, bodies 3, seen 0")
	if a.woken != 3 {
		t.Errorf("outbox woken %d times", a.woken)
	}
	sealed, to := a.take(t)
	if !slices.Equal(to, []datasync.PeerID{bo, bo, bo}) {
		t.Fatalf("payloads for %v", to)
	}
	// Three messages arrive together, the second cannot be processed.
	receive := func(fault error) error {
		return b.db.Update(ctx, func(tx *Tx) error {
			for i, s := range sealed {
				if err := b.receive(tx, ana, s, map[int]error{1: broken}[i]); (err != nil) != (i == 1) {
					return fmt.Errorf("message %d: %w", i, err)
				}
			}
			return errors.Join(b.run.Flush(ctx, tx), fault)
		})
	}
	if err := receive(broken); !errors.Is(err, broken) || b.woken != 0 {
		t.Fatal(err, b.woken)
	}
	b.expect(t, "rolled back", "ratchet 0, messages 0, outbox 0, acked 0, done 0, records 0, bodies 0, seen 0")
	if err := receive(nil); err != nil {
		t.Fatal(err)
	}
	b.expect(t, "received", "ratchet 3, messages 2, outbox 1, acked 0, done 0, records 0, bodies 0, seen 2")
	acks, _ := b.take(t)
	err := a.db.Update(ctx, func(tx *Tx) error { return a.receive(tx, bo, acks[0], nil) })
	if err != nil {
		t.Fatal(err)
	}
	a.expect(t, "acknowledged", "ratchet 4, messages 3, outbox 0, acked 2, done 0, records 4, bodies 3, seen 0")
	checkWaiting(t, a, datasync.Ref{1}, cy)
	checkWaiting(t, a, datasync.Ref{2}, bo, cy)
}

// checkWaiting checks who has not acknowledged a message.
func checkWaiting(t *testing.T, m *mailbox, ref datasync.Ref, want ...datasync.PeerID) {
	t.Helper()
	err := m.db.View(context.Background(), func(tx *Tx) error {
		list, err := syncTables{tx}.RecordsOf(ref)
		if !slices.EqualFunc(list, want, func(r datasync.State, p datasync.PeerID) bool { return r.Peer == p }) {
			t.Errorf("message %v waits for %+v", ref, list)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestNodeInAReadingTransaction asks data sync in a reading transaction, and
// then fails a writing one: node and database stay together.
func TestNodeInAReadingTransaction(t *testing.T) {
	clock, ctx, broken := time.Unix(1_700_000_000, 0), context.Background(), errors.New("broken")
	bo, ref := datasync.PeerID{0: 4, 1: 2}, datasync.Ref{1}
	m := newMailbox(t, datasync.PeerID{0: 4, 1: 1}, func() time.Time { return clock })
	for range 2 {
		for _, end := range []error{nil, broken} {
			err := m.db.View(ctx, func(tx *Tx) error {
				if n, err := (syncTables{tx}).CountOf(ref); err != nil || n != 0 {
					t.Errorf("%d records (%v)", n, err)
				}
				return end
			})
			if !errors.Is(err, end) {
				t.Error(err)
			}
		}
		err := m.db.Update(ctx, func(tx *Tx) error { return errors.Join(m.compose(tx, ref, "message", bo), broken) })
		if !errors.Is(err, broken) {
			t.Error(err)
		}
	}
	err := m.db.View(ctx, func(tx *Tx) error { return m.compose(tx, ref, "message", bo) })
	if !errors.Is(err, ErrReadOnly) {
		t.Errorf("written in a reading transaction: %v", err)
	}
	checkWaiting(t, m, ref)
	update(t, m.db, func(tx *Tx) error { return m.compose(tx, ref, "message", bo) })
	checkWaiting(t, m, ref, bo)
}
