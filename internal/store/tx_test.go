package store

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/fstest"
	"time"
)

func TestFailedTransactionChangesNothing(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	update(t, db, setMeta("a", "old"))
	boom := errors.New("boom")
	ctx, cancel := context.WithCancel(context.Background())
	for name, fn := range map[string]func(*Tx) error{
		"error": func(tx *Tx) error { return errors.Join(boom, tx.SetMeta("a", []byte("new"))) },
		"constraint": func(tx *Tx) error {
			return errors.Join(tx.SetMeta("a", []byte("new")), tx.Exec(`INSERT INTO meta (name, value) VALUES ('a', x'')`))
		},
		"syntax":  func(tx *Tx) error { return errors.Join(tx.SetMeta("a", []byte("new")), tx.Exec(`SELEC`)) },
		"several": func(tx *Tx) error { return tx.Exec(`DELETE FROM meta; DELETE FROM meta`) },
		"count":   func(tx *Tx) error { return tx.Exec(`DELETE FROM meta WHERE name = ?`) },
		"type":    func(tx *Tx) error { return tx.Exec(`DELETE FROM meta WHERE name <> ?`, struct{}{}) },
		"cancelled": func(tx *Tx) error {
			err := tx.SetMeta("a", []byte("new"))
			cancel()
			return err
		},
	} {
		if err := db.Update(ctx, fn); err == nil {
			t.Errorf("%s: no error", name)
		}
		ctx, cancel = context.WithCancel(context.Background())
		if got := meta(t, db, "a"); got != "old" {
			t.Errorf("%s: got %q", name, got)
		}
	}
	cancel()
	if err := db.Update(ctx, setMeta("a", "new")); !errors.Is(err, context.Canceled) {
		t.Errorf("with a dead context: %v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is lost")
			}
		}()
		_ = db.Update(context.Background(), func(tx *Tx) error {
			_ = tx.SetMeta("a", []byte("new"))
			panic("boom")
		})
	}()
	if got := meta(t, db, "a"); got != "old" {
		t.Errorf("after a panic: got %q", got)
	}
	update(t, db, setMeta("a", "new"))
}

func TestLongQueryIsInterrupted(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	endless := `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n`
	err := db.View(ctx, func(tx *Tx) error { return tx.Exec(endless) })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	update(t, db, setMeta("a", "1"))
}

// TestNothingIsWrittenAfterSQLiteEndedTheTransaction goes on after an error
// that rolls back by itself.
func TestNothingIsWrittenAfterSQLiteEndedTheTransaction(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	err := db.Update(context.Background(), func(tx *Tx) error {
		_ = tx.Exec(`INSERT OR ROLLBACK INTO meta (name, value) VALUES ('a', NULL)`)
		if err := tx.SetMeta("b", nil); !errors.Is(err, ErrEnded) {
			t.Errorf("wrote on: %v", err)
		}
		return nil
	})
	if !errors.Is(err, ErrEnded) || !errors.Is(err, ErrConstraint) {
		t.Errorf("committed, or no reason given: %v", err)
	}
	var kept *Tx
	update(t, db, func(tx *Tx) error {
		kept = tx
		return nil
	})
	if err := kept.SetMeta("a", nil); !errors.Is(err, ErrEnded) {
		t.Errorf("use after the end: %v", err)
	}
}

func TestViewDoesNotWrite(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	err := db.View(context.Background(), setMeta("a", "1"))
	if !errors.Is(err, ErrReadOnly) || meta(t, db, "a") != "" {
		t.Errorf("got %v", err)
	}
}

func TestSavepoint(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	boom := errors.New("boom")
	update(t, db, func(tx *Tx) error {
		if err := tx.SetMeta("a", []byte("1")); err != nil {
			return err
		}
		err := tx.Savepoint(func() error {
			inner := tx.Savepoint(setLater(tx, "b"))
			return errors.Join(inner, tx.SetMeta("a", []byte("2")), boom)
		})
		if !errors.Is(err, boom) {
			t.Errorf("got %v", err)
		}
		return tx.Savepoint(setLater(tx, "c"))
	})
	if a, b, c := meta(t, db, "a"), meta(t, db, "b"), meta(t, db, "c"); a != "1" || b != "" || c != "1" {
		t.Errorf("got %q, %q, %q", a, b, c)
	}
}

func setLater(tx *Tx, name string) func() error {
	return func() error { return tx.SetMeta(name, []byte("1")) }
}

func TestQueryInsideAQuery(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	update(t, db, func(tx *Tx) error { return errors.Join(tx.SetMeta("a", nil), tx.SetMeta("b", nil)) })
	all, pairs := `SELECT name FROM meta ORDER BY name`, ""
	update(t, db, func(tx *Tx) error {
		return tx.Query(all, nil, func(outer Row) error {
			left := outer.Text(0)
			return tx.Query(all, nil, func(inner Row) error {
				pairs += left + inner.Text(0) + " "
				return nil
			})
		})
	})
	if pairs != "aa ab ba bb " {
		t.Errorf("got %q", pairs)
	}
	var changed int64
	update(t, db, func(tx *Tx) (err error) {
		if err := tx.Exec(`DELETE FROM meta`); err != nil {
			return err
		}
		changed, err = tx.Changed()
		return err
	})
	if changed != 2 {
		t.Errorf("changed %d rows", changed)
	}
}

func TestValuesComeBack(t *testing.T) {
	files := fstest.MapFS{"0001_v.sql": {Data: []byte(eventTable + `CREATE TABLE v (i, b, f, s, x, n)`)}}
	c := testConfig(t.TempDir())
	c.migrations = files
	db := mustOpen(t, c)
	update(t, db, func(tx *Tx) error {
		return tx.Exec(`INSERT INTO v VALUES (?, ?, ?, ?, ?, ?)`, uint64(1)<<62, true, 0.5, "ä\x00b", []byte{0, 1}, nil)
	})
	err := db.View(context.Background(), func(tx *Tx) error {
		args := []any{int64(1) << 62, 7, uint32(7)}
		found, err := tx.Get(`SELECT * FROM v WHERE i = ? AND i > ? AND i > ?`, args, func(r Row) {
			if r.Int64(0) != 1<<62 || !r.Bool(1) || r.Float64(2) != 0.5 || r.Text(3) != "ä\x00b" ||
				!bytes.Equal(r.Blob(4), []byte{0, 1}) || !r.IsNull(5) || r.IsNull(0) {
				t.Error("a value changed")
			}
		})
		if !found {
			t.Error("no row")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	tooLarge := func(tx *Tx) error { return tx.Exec(`INSERT INTO v (i) VALUES (?)`, ^uint64(0)) }
	if err := db.Update(context.Background(), tooLarge); err == nil {
		t.Error("a number above 2^63 was stored")
	}
}
