package store

import (
	"context"
	"fmt"
)

// Tx is a transaction. It is valid until the function that got it returns, and
// for one goroutine. Exec, Query and Get are for the packages that keep tables
// here; others use the methods of the subjects.
type Tx struct {
	db       *DB
	ctx      context.Context //nolint:containedctx // lives for one transaction
	readOnly bool
	forget   bool
	ended    bool
	depth    int   // of savepoints
	cause    error // that made SQLite end the transaction
	newest   int64 // number of the last event it appended; 0: none
	finish   []func(committed bool)
}

// run is what every query of a transaction goes through. SQLite ends a
// transaction by itself after some errors; a query that followed would be one
// of its own.
func (tx *Tx) run(query string, args []any, fn func(Row) (bool, error)) (found bool, err error) {
	if tx.ended {
		return false, ErrEnded
	}
	if err := tx.alive(); err != nil {
		return false, err
	}
	if tx.db.fault != nil {
		if err := tx.db.fault(); err != nil {
			return false, err
		}
	}
	found, err = tx.db.conn.query(tx.ctx, query, args, tx.readOnly, fn)
	tx.db.note(err)
	if err != nil && tx.alive() != nil && tx.cause == nil {
		tx.cause = err
	}
	return found, err
}

// alive returns ErrEnded, with the reason, when SQLite has ended the
// transaction.
func (tx *Tx) alive() error {
	switch {
	case tx.readOnly || tx.db.conn.inTransaction():
		return nil
	case tx.cause != nil:
		return fmt.Errorf("%w: %w", ErrEnded, tx.cause)
	}
	return ErrEnded
}

// end makes the transaction useless for who kept it, and tells who wanted to
// know.
func (tx *Tx) end(committed bool) {
	tx.ended = true
	for _, fn := range tx.finish {
		fn(committed)
	}
}

// Exec runs one statement. Arguments are nil, numbers, bool, string and []byte.
func (tx *Tx) Exec(query string, args ...any) error {
	_, err := tx.run(query, args, nil)
	return err
}

// Query runs one statement and calls fn for each row.
func (tx *Tx) Query(query string, args []any, fn func(Row) error) error {
	_, err := tx.run(query, args, func(r Row) (bool, error) { return true, fn(r) })
	return err
}

// Get runs one statement and calls fn for its first row. found tells whether
// there was one.
func (tx *Tx) Get(query string, args []any, fn func(Row)) (found bool, err error) {
	return tx.run(query, args, func(r Row) (bool, error) {
		fn(r)
		return false, nil
	})
}

// OnFinish registers fn to be called once the transaction has ended, before
// another can begin. committed says that it is on disk: what was waiting for
// that may leave, for instance a queue be woken or an event be published. fn
// must neither use the database nor block. Functions run in the order in which
// they were registered, also those of a savepoint that was undone. A reading
// transaction counts as committed when its function returned nil.
func (tx *Tx) OnFinish(fn func(committed bool)) { tx.finish = append(tx.finish, fn) }

// Changed returns how many rows the last statement that writes changed.
func (tx *Tx) Changed() (n int64, err error) {
	_, err = tx.Get(`SELECT changes()`, nil, func(r Row) { n = r.Int64(0) })
	return n, err
}

// Forget notes that the transaction deletes secrets, which must leave the disk
// soon: see ForgetDelay.
func (tx *Tx) Forget() { tx.forget = true }

// Savepoint runs fn such that its changes are undone when it fails, while the
// transaction goes on. It serves several messages in one transaction.
func (tx *Tx) Savepoint(fn func() error) (err error) {
	name := fmt.Sprintf("s%d", tx.depth)
	if err := tx.Exec("SAVEPOINT " + name); err != nil {
		return err
	}
	tx.depth++
	done, newest := false, tx.newest
	defer func() {
		tx.depth--
		if done || !tx.db.conn.inTransaction() {
			return
		}
		tx.newest = newest
		undo := &Tx{db: tx.db, ctx: context.Background()} // also when the context has ended
		for _, step := range []string{"ROLLBACK TO " + name, "RELEASE " + name} {
			if errUndo := undo.Exec(step); errUndo != nil {
				err = fmt.Errorf("undo savepoint: %w", errUndo)
			}
		}
	}()
	if err := fn(); err != nil {
		return err
	}
	if err := tx.Exec("RELEASE " + name); err != nil {
		return err
	}
	done = true
	return nil
}

// Meta returns a small named value. found is false when it was never set.
func (tx *Tx) Meta(name string) (value []byte, found bool, err error) {
	found, err = tx.Get(`SELECT value FROM meta WHERE name = ?`, []any{name}, func(r Row) { value = r.Blob(0) })
	return value, found, err
}

// SetMeta sets a small named value.
func (tx *Tx) SetMeta(name string, value []byte) error {
	return tx.Exec(`INSERT INTO meta (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
}
