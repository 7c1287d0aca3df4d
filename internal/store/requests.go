package store

import (
	"fmt"
	"time"
)

const (
	// RequestAge is how long it is remembered what a request sent.
	RequestAge = 7 * 24 * time.Hour
	// MaxRequests bounds the remembered requests of one owner; the oldest make
	// room.
	MaxRequests = 10_000
)

// Request is a call that sent something, under the id that its caller gave it.
type Request struct {
	Owner string // who called; each has ids of its own
	ID    string
	// Method, Args and Result are the caller's: what was called, with what, and
	// what came of it.
	Method, Args, Result string
	At                   time.Time
}

// Requests are the remembered requests in a transaction.
type Requests struct{ tx *Tx }

// Requests returns the table of remembered requests.
func (tx *Tx) Requests() Requests { return Requests{tx} }

// ByID returns a request that is not older than RequestAge.
func (s Requests) ByID(owner, id string, now time.Time) (r Request, found bool, err error) {
	found, err = s.tx.Get(`SELECT method, args, result, at FROM request WHERE owner = ? AND id = ? AND at >= ?`,
		[]any{owner, id, now.Add(-RequestAge).UnixMilli()}, func(row Row) {
			r = Request{
				Owner: owner, ID: id, Method: row.Text(0), Args: row.Text(1), Result: row.Text(2),
				At: time.UnixMilli(row.Int64(3)),
			}
		})
	if err != nil {
		return r, false, fmt.Errorf("read request: %w", err)
	}
	return r, found, nil
}

// Put remembers a request in the place of an older one with its id, and
// forgets some that are too old or too many.
func (s Requests) Put(r *Request) error {
	if err := s.tx.Exec(`DELETE FROM request WHERE (owner, id) IN
		(SELECT owner, id FROM request WHERE at < ? ORDER BY at LIMIT ?)`,
		r.At.Add(-RequestAge).UnixMilli(), prunedAtOnce); err != nil {
		return fmt.Errorf("forget requests: %w", err)
	}
	var n int64
	_, err := s.tx.Get(`SELECT coalesce(max(n), 0) + 1 FROM request WHERE owner = ?`, []any{r.Owner},
		func(row Row) { n = row.Int64(0) })
	if err == nil {
		err = s.tx.Exec(`INSERT INTO request (owner, id, n, method, args, result, at) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (owner, id) DO UPDATE SET n = excluded.n, method = excluded.method, args = excluded.args,
				result = excluded.result, at = excluded.at`, r.Owner, r.ID, n, r.Method, r.Args, r.Result, r.At.UnixMilli())
	}
	if err == nil {
		err = s.tx.Exec(`DELETE FROM request WHERE owner = ? AND n <= ?`, r.Owner, n-MaxRequests)
	}
	if err != nil {
		return fmt.Errorf("remember request: %w", err)
	}
	return nil
}
