package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"statusd/datasync"
	"statusd/datasync/runner"
	"statusd/internal/test/crashtest"
)

// syncParty is one end of a conversation: a database with a data sync node on
// it, a clock that goes with the database, and what it was told.
type syncParty struct {
	db     *DB
	node   *datasync.Node
	run    *runner.Runner[*Tx]
	self   datasync.PeerID
	clock  int64 // seconds
	outbox [][]byte
}

// partyTables are the application's part of the transactions.
const partyTables = `
	CREATE TABLE IF NOT EXISTS test_sent (n INTEGER PRIMARY KEY, receipt INTEGER NOT NULL);
	CREATE TABLE IF NOT EXISTS test_got (n INTEGER PRIMARY KEY);
	CREATE TABLE IF NOT EXISTS test_clock (id INTEGER PRIMARY KEY, t INTEGER NOT NULL)`

func openParty(dir string, id byte) (*syncParty, error) {
	p := &syncParty{self: datasync.PeerID{0: 4, 1: id}}
	c := testConfig(dir)
	c.Path = filepath.Join(dir, fmt.Sprintf("party%d.db", id))
	db, err := Open(context.Background(), c)
	if err != nil {
		return nil, err
	}
	p.db = db
	err = db.Update(context.Background(), func(tx *Tx) error {
		for statement := range strings.SplitSeq(partyTables, ";") {
			if err := tx.Exec(statement); err != nil {
				return err
			}
		}
		p.clock = 1_700_000_000
		_, err := tx.Get(`SELECT t FROM test_clock`, nil, func(r Row) { p.clock = r.Int64(0) })
		return err
	})
	if err != nil {
		return nil, err
	}
	p.node, err = datasync.New(datasync.Config{Self: p.self, Jitter: rand.NewPCG(uint64(id), 1)})
	if err != nil {
		return nil, err
	}
	p.run, err = runner.New(runner.Config[*Tx]{
		Node: p.node, Store: SyncStore{db}, Port: p, Now: p.now,
	})
	return p, err
}

// next returns when there is something to send.
func (p *syncParty) next(t testing.TB) (next time.Time) {
	t.Helper()
	err := p.db.View(context.Background(), func(tx *Tx) (err error) {
		next, err = p.node.Next(syncTables{tx})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func (p *syncParty) now() time.Time { return time.Unix(p.clock, 0) }

// Send implements runner.Port: payloads leave after the commit.
func (p *syncParty) Send(_ context.Context, _ *Tx, _ datasync.Send, payload []byte) error {
	p.outbox = append(p.outbox, slices.Clone(payload))
	return nil
}

// Receipts implements runner.Port.
func (p *syncParty) Receipts(_ context.Context, tx *Tx, receipts []datasync.Receipt) error {
	for _, r := range receipts {
		n := int64(binary.BigEndian.Uint64(r.Ref[:]))
		if err := tx.Exec(`UPDATE test_sent SET receipt = receipt + 1 WHERE n = ?`, n); err != nil {
			return err
		}
	}
	return nil
}

// step lets time pass, appends a message if there is one, takes payloads in
// and sends what is due, all in one transaction. It returns what leaves.
func (p *syncParty) step(other *syncParty, message int64, in [][]byte) ([][]byte, error) {
	p.clock += 7
	p.outbox = nil
	err := p.db.Update(context.Background(), func(tx *Tx) error {
		err := tx.Exec(`INSERT INTO test_clock VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET t = excluded.t`, p.clock)
		if err != nil {
			return err
		}
		if message > 0 {
			if err := p.append(tx, other.self, message); err != nil {
				return err
			}
		}
		for _, raw := range in {
			payload, err := datasync.Decode(raw)
			if err != nil {
				return err
			}
			got, err := p.run.Handle(context.Background(), tx, other.self, payload, true)
			if err != nil {
				return err
			}
			for _, d := range got {
				n := int64(binary.BigEndian.Uint64(d.Body))
				if err := tx.Exec(`INSERT INTO test_got VALUES (?)`, n); err != nil {
					return fmt.Errorf("message %d delivered twice: %w", n, err)
				}
			}
		}
		return p.run.Flush(context.Background(), tx)
	})
	return p.outbox, err
}

func (p *syncParty) append(tx *Tx, to datasync.PeerID, n int64) error {
	m := datasync.Outgoing{Body: make([]byte, 40), To: []datasync.PeerID{to}}
	binary.BigEndian.PutUint64(m.Body, uint64(n))
	binary.BigEndian.PutUint64(m.Ref[:], uint64(n))
	m.Ref[31] = 1
	if _, err := p.run.Append(tx, m); err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO test_sent VALUES (?, 0)`, n)
}

// lose drops about a third of the payloads, and doubles some.
func lose(in [][]byte, r *rand.Rand) (out [][]byte) {
	for _, p := range in {
		switch r.IntN(6) {
		case 0, 1:
		case 2:
			out = append(out, p, p)
		default:
			out = append(out, p)
		}
	}
	return out
}

// syncForEver lets one party write to the other until it is killed. It prints
// each message after its transaction.
func syncForEver(dir string, ready func()) error {
	a, err := openParty(dir, 1)
	if err != nil {
		return err
	}
	b, err := openParty(dir, 2)
	if err != nil {
		return err
	}
	ready()
	r := rand.New(rand.NewPCG(uint64(os.Getpid()), 2))
	var next int64
	err = a.db.View(context.Background(), func(tx *Tx) error {
		_, err := tx.Get(`SELECT coalesce(max(n), 0) FROM test_sent`, nil, func(row Row) { next = row.Int64(0) })
		return err
	})
	if err != nil {
		return err
	}
	var toA, toB [][]byte
	for {
		next++
		if toB, err = a.step(b, next, lose(toA, r)); err != nil {
			return err
		}
		fmt.Println(next)
		if toA, err = b.step(a, 0, lose(toB, r)); err != nil {
			return err
		}
	}
}

// TestKillWhileSyncing kills both ends again and again. In the end every
// message that was committed has been delivered once and acknowledged once,
// and nothing is left.
func TestKillWhileSyncing(t *testing.T) {
	dir := t.TempDir()
	var reported int64
	for range kills {
		printed := strings.Fields(string(crashtest.Kill(t, "sync", dir, 2*killWithin)))
		if len(printed) == 0 {
			continue
		}
		n, err := strconv.ParseInt(printed[len(printed)-1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		reported = n
	}
	a, b := reopen(t, dir, 1), reopen(t, dir, 2)
	settle(t, a, b)
	checkSettled(t, a, b, reported)
}

func reopen(t *testing.T, dir string, id byte) *syncParty {
	t.Helper()
	p, err := openParty(dir, id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.db.Close(); err != nil && !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
	return p
}

// settle exchanges payloads without loss until nothing is outstanding.
func settle(t *testing.T, a, b *syncParty) {
	t.Helper()
	var toA, toB [][]byte
	var err error
	for range 100_000 {
		if toB, err = a.step(b, 0, toA); err != nil {
			t.Fatal(err)
		}
		if toA, err = b.step(a, 0, toB); err != nil {
			t.Fatal(err)
		}
		if a.next(t).IsZero() && b.next(t).IsZero() && len(toA) == 0 {
			return
		}
	}
	t.Fatal("never settles")
}

func checkSettled(t *testing.T, a, b *syncParty, reported int64) {
	t.Helper()
	count := func(p *syncParty, query string) (n int64) {
		err := p.db.View(context.Background(), func(tx *Tx) error {
			_, err := tx.Get(query, nil, func(r Row) { n = r.Int64(0) })
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	sent, got := count(a, `SELECT count(*) FROM test_sent`), count(b, `SELECT count(*) FROM test_got`)
	receipts := count(a, `SELECT count(*) FROM test_sent WHERE receipt = 1`)
	if sent < reported || got != sent || receipts != sent {
		t.Errorf("%d reported as committed, %d sent, %d delivered, %d with one receipt", reported, sent, got, receipts)
	}
	for _, p := range []*syncParty{a, b} {
		states, bodies := count(p, `SELECT count(*) FROM sync_record`), count(p, `SELECT count(*) FROM body`)
		if states != 0 || bodies != 0 {
			t.Errorf("%d records and %d bodies are left", states, bodies)
		}
	}
	t.Logf("%d messages", sent)
}

// TestSyncRollback fails transactions now and then: node and database stay
// together, and everything arrives.
func TestSyncRollback(t *testing.T) {
	dir := t.TempDir()
	a, b := reopen(t, dir, 1), reopen(t, dir, 2)
	r := rand.New(rand.NewPCG(3, 4))
	broken := errors.New("broken")
	var toA, toB [][]byte
	var err error
	for n := int64(1); n <= 200; n++ {
		if r.IntN(3) == 0 {
			err := a.db.Update(context.Background(), func(tx *Tx) error {
				if err := a.append(tx, b.self, n); err != nil {
					return err
				}
				if err := a.run.Flush(context.Background(), tx); err != nil {
					return err
				}
				return broken
			})
			if !errors.Is(err, broken) {
				t.Fatal(err)
			}
		}
		if toB, err = a.step(b, n, lose(toA, r)); err != nil {
			t.Fatal(err)
		}
		if toA, err = b.step(a, 0, lose(toB, r)); err != nil {
			t.Fatal(err)
		}
		if r.IntN(20) == 0 { // a restart
			for _, p := range []*syncParty{a, b} {
				if err := p.db.Close(); err != nil {
					t.Fatal(err)
				}
			}
			a, b = reopen(t, dir, 1), reopen(t, dir, 2)
		}
	}
	settle(t, a, b)
	checkSettled(t, a, b, 200)
}
