package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"statusd/datasync"
	"statusd/datasync/runner"
)

// ErrNoBody is returned for the body of an outgoing message that is not stored.
var ErrNoBody = errors.New("no such message body")

// ErrChange is wrapped by errors for a change of data sync that does not fit
// what is stored: the node and the database have come apart.
var ErrChange = errors.New("data sync does not match the database")

// SyncStore is the database as the runner of data sync sees it.
type SyncStore struct{ *DB }

var _ runner.Store[*Tx] = SyncStore{}

// Records implements runner.Store.
func (SyncStore) Records(tx *Tx) runner.Records { return syncRecords{tx} }

// LoadSync fills a new node with what is outstanding and what was received.
func (db *DB) LoadSync(ctx context.Context, n *datasync.Node, now time.Time) error {
	return db.View(ctx, func(tx *Tx) error { return n.Load(tx.syncStates(), tx.syncSeen(), now) })
}

// SyncCounts returns how many records, bodies and received ids are stored.
func (tx *Tx) SyncCounts() (states, bodies, seen int64, err error) {
	_, err = tx.Get(`SELECT (SELECT count(*) FROM mvds_state), (SELECT count(*) FROM mvds_body),
		(SELECT count(*) FROM mvds_seen)`, nil,
		func(r Row) { states, bodies, seen = r.Int64(0), r.Int64(1), r.Int64(2) })
	return states, bodies, seen, err
}

// syncRecords are the tables of data sync in a transaction.
type syncRecords struct{ tx *Tx }

// OnFinish implements runner.Records.
func (s syncRecords) OnFinish(fn func(committed bool)) { s.tx.OnFinish(fn) }

// Body implements runner.Records.
func (s syncRecords) Body(id datasync.BodyID) (body []byte, err error) {
	found, err := s.tx.Get(`SELECT body FROM mvds_body WHERE id = ?`, []any{id[:]}, func(r Row) { body = r.Blob(0) })
	if err == nil && !found {
		err = ErrNoBody
	}
	return body, err
}

// Apply implements runner.Records.
func (s syncRecords) Apply(changes []datasync.Change) error {
	for _, c := range changes {
		if err := s.apply(c); err != nil {
			return fmt.Errorf("apply %T: %w", c, err)
		}
	}
	return nil
}

func (s syncRecords) apply(c datasync.Change) error {
	switch c := c.(type) {
	case datasync.PutBody:
		return s.tx.Exec(`INSERT INTO mvds_body (id, body) VALUES (?, ?)`, c.ID[:], c.Body)
	case datasync.DeleteBody:
		return s.one(`DELETE FROM mvds_body WHERE id = ?`, c.ID[:])
	case datasync.PutState:
		return s.putState(&c.State)
	case datasync.DeleteState:
		return s.one(`DELETE FROM mvds_state WHERE peer = ? AND id = ?`, c.Peer[:], c.ID[:])
	case datasync.PutSeen:
		return s.tx.Exec(`INSERT INTO mvds_seen (id, at) VALUES (?, ?)`, c.Seen.ID[:], int64(c.Seen.At))
	case datasync.DropSeen:
		return s.one(`DELETE FROM mvds_seen WHERE id = ?`, c.ID[:])
	case datasync.ForgetSeen:
		return s.tx.Exec(`DELETE FROM mvds_seen WHERE at < ?`, int64(c.Before))
	default:
		return fmt.Errorf("%w: unknown kind", ErrChange)
	}
}

// one runs a statement that must change exactly one row.
func (s syncRecords) one(query string, args ...any) error {
	if err := s.tx.Exec(query, args...); err != nil {
		return err
	}
	n, err := s.tx.Changed()
	if err == nil && n != 1 {
		err = fmt.Errorf("%w: %d rows", ErrChange, n)
	}
	return err
}

func (s syncRecords) putState(st *datasync.State) error {
	return s.tx.Exec(`INSERT INTO mvds_state (peer, id, kind, seq, ref, body, body_bytes, timestamp, outcome,
			attempts, created, last_sent, deadline) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (peer, id) DO UPDATE SET kind = excluded.kind, seq = excluded.seq, ref = excluded.ref,
			body = excluded.body, body_bytes = excluded.body_bytes, timestamp = excluded.timestamp,
			outcome = excluded.outcome, attempts = excluded.attempts, created = excluded.created,
			last_sent = excluded.last_sent, deadline = excluded.deadline`,
		st.Peer[:], st.ID[:], int64(st.Kind), int64(st.Seq), st.Ref[:], st.Body[:], int64(st.BodyBytes), st.Timestamp,
		int64(st.Outcome), int64(st.Attempts), int64(st.Created), int64(st.LastSent), int64(st.Deadline))
}

// syncStates yields the records in the order of Append.
func (tx *Tx) syncStates() iter.Seq2[datasync.State, error] {
	return rows(tx, `SELECT peer, id, kind, seq, ref, body, body_bytes, timestamp, outcome, attempts, created,
		last_sent, deadline FROM mvds_state ORDER BY seq, peer`, func(r Row) (datasync.State, error) {
		st := datasync.State{
			Kind: datasync.Kind(r.Int64(2)), Seq: uint64(r.Int64(3)), BodyBytes: int(r.Int64(6)),
			Timestamp: r.Int64(7), Outcome: datasync.Outcome(r.Int64(8)), Attempts: int(r.Int64(9)),
			Created: datasync.Millis(r.Int64(10)), LastSent: datasync.Millis(r.Int64(11)),
			Deadline: datasync.Millis(r.Int64(12)),
		}
		return st, errors.Join(copyBlob(st.Peer[:], r, 0), copyBlob(st.ID[:], r, 1),
			copyBlob(st.Ref[:], r, 4), copyBlob(st.Body[:], r, 5))
	})
}

// syncSeen yields the received ids, oldest first.
func (tx *Tx) syncSeen() iter.Seq2[datasync.Seen, error] {
	return rows(tx, `SELECT id, at FROM mvds_seen ORDER BY at, id`, func(r Row) (datasync.Seen, error) {
		seen := datasync.Seen{At: datasync.Millis(r.Int64(1))}
		return seen, copyBlob(seen.ID[:], r, 0)
	})
}

// copyBlob copies a blob of exactly the length of dst.
func copyBlob(dst []byte, r Row, column int) error {
	b := r.Blob(column)
	if len(b) != len(dst) {
		return fmt.Errorf("%w: column %d has %d bytes", ErrChange, column, len(b))
	}
	copy(dst, b)
	return nil
}

// errStopped ends a query whose reader has had enough.
var errStopped = errors.New("reader stopped")

// rows makes an iterator of a query.
func rows[T any](tx *Tx, query string, scan func(Row) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := tx.Query(query, nil, func(r Row) error {
			v, err := scan(r)
			if err != nil {
				return err
			}
			if !yield(v, nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			var none T
			yield(none, err)
		}
	}
}
