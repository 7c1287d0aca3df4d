package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net/url"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/ext/fts5"
	_ "github.com/ncruces/go-sqlite3/vfs/adiantum" // registers the encrypting file layer

	"statusd/accounts/secret"
)

// File layers: the one that encrypts, and the plain one, which tests use to
// look at what would be encrypted.
const (
	encryptedVFS = "adiantum"
	plainVFS     = "os"
)

// maxStatements bounds the prepared statements that are kept. The program has
// a fixed set of queries, far fewer.
const maxStatements = 512

// conn is the connection with its prepared statements.
type conn struct {
	sqlite   *sqlite3.Conn
	prepared map[string]*sqlite3.Stmt
}

// openConn opens a file. vfs names the file layer. Nothing is read yet.
func openConn(ctx context.Context, path, vfs string) (*conn, error) {
	query := url.Values{"mode": {"rw"}, "vfs": {vfs}, "modeof": {path}} // the log gets the mode of the file
	name := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: query.Encode()}
	c, err := sqlite3.OpenContext(ctx, name.String())
	if err != nil {
		return nil, classify(ctx, err)
	}
	return &conn{c, make(map[string]*sqlite3.Stmt)}, nil
}

// setKey gives the encrypting layer its key. It is in no name, from where it
// could get into texts, and the error of the driver is not passed on: it could
// quote the statement.
func (c *conn) setKey(key secret.Bytes) error {
	if err := c.sqlite.Exec("PRAGMA hexkey='" + hex.EncodeToString(key.Reveal()) + "'"); err != nil {
		return ErrKey
	}
	return nil
}

// addSearch registers the full-text index. It reads the file, so the key has to
// be set.
func (c *conn) addSearch(ctx context.Context) error { return classify(ctx, fts5.Register(c.sqlite)) }

// close finalises the statements and closes the file, which empties and
// removes the write-ahead log.
func (c *conn) close() error {
	for _, s := range c.prepared {
		_ = s.Close() // the error is that of the statement's last run, reported then
	}
	clear(c.prepared)
	return classify(context.Background(), c.sqlite.Close())
}

// script runs several statements without arguments or results.
func (c *conn) script(ctx context.Context, sql string) error {
	c.sqlite.SetInterrupt(ctx)
	return classify(ctx, c.sqlite.Exec(sql))
}

// number runs a statement that returns one number.
func (c *conn) number(ctx context.Context, sql string) (n int64, err error) {
	_, err = c.query(ctx, sql, nil, false, func(r Row) (bool, error) {
		n = r.Int64(0)
		return false, nil
	})
	return n, err
}

// inTransaction reports whether a transaction is open. SQLite ends one by
// itself after some errors.
func (c *conn) inTransaction() bool { return !c.sqlite.GetAutocommit() }

// checkpoint moves the write-ahead log into the file and empties it.
func (c *conn) checkpoint(ctx context.Context) error {
	c.sqlite.SetInterrupt(ctx)
	_, _, err := c.sqlite.WALCheckpoint("main", sqlite3.CHECKPOINT_TRUNCATE)
	return classify(ctx, err)
}

// statement returns a prepared statement that is not running. keep is false
// for one that the caller closes: the kept one is in use by an outer query.
func (c *conn) statement(sql string) (s *sqlite3.Stmt, keep bool, err error) {
	s, known := c.prepared[sql]
	if known && !s.Busy() {
		return s, true, nil
	}
	s, tail, err := c.sqlite.Prepare(sql)
	if err != nil {
		return nil, false, err
	}
	if s == nil || tail != "" {
		_ = s.Close() // it never ran
		return nil, false, errors.New("query is not exactly one statement")
	}
	if known || len(c.prepared) >= maxStatements {
		return s, false, nil
	}
	c.prepared[sql] = s
	return s, true, nil
}

// query runs one statement and calls fn, which may be nil, for each row until
// it returns false. readOnly refuses statements that write. found tells
// whether there was a row.
func (c *conn) query(
	ctx context.Context, sql string, args []any, readOnly bool, fn func(Row) (bool, error),
) (found bool, err error) {
	c.sqlite.SetInterrupt(ctx)
	s, keep, err := c.statement(sql)
	if err != nil {
		return false, classify(ctx, err)
	}
	defer func() {
		errEnd := s.Reset() // repeats an error of Step
		if !keep {
			errEnd = s.Close()
		} else if len(args) > 0 {
			errEnd = errors.Join(errEnd, s.ClearBindings()) // keeps no secret alive
		}
		if err == nil {
			err = classify(ctx, errEnd)
		}
	}()
	if readOnly && !s.ReadOnly() {
		return false, ErrReadOnly
	}
	if s.BindCount() != len(args) {
		return false, fmt.Errorf("query wants %d arguments, got %d", s.BindCount(), len(args))
	}
	for i, arg := range args {
		if err := bind(s, i+1, arg); err != nil {
			return false, classify(ctx, err)
		}
	}
	for s.Step() {
		found = true
		if fn == nil {
			continue
		}
		if more, err := fn(Row{s}); err != nil || !more {
			return true, err
		}
	}
	return found, classify(ctx, s.Err())
}

// bind sets an argument of a statement. A nil []byte is an empty blob; NULL is
// the value nil.
func bind(s *sqlite3.Stmt, at int, arg any) error {
	switch v := arg.(type) {
	case nil:
		return s.BindNull(at)
	case int:
		return s.BindInt64(at, int64(v))
	case int64:
		return s.BindInt64(at, v)
	case uint32:
		return s.BindInt64(at, int64(v))
	case uint64:
		if v > math.MaxInt64 {
			return fmt.Errorf("argument %d is above 2^63", at)
		}
		return s.BindInt64(at, int64(v))
	case bool:
		return s.BindBool(at, v)
	case float64:
		return s.BindFloat(at, v)
	case string:
		return s.BindText(at, v)
	case []byte:
		if len(v) == 0 {
			return s.BindZeroBlob(at, 0)
		}
		return s.BindBlob(at, v)
	}
	return fmt.Errorf("argument %d has type %T", at, arg)
}

// Row is a row of a query. It is valid until the function that got it returns.
type Row struct {
	s *sqlite3.Stmt
}

// Int64 returns a number, 0 for NULL. Columns count from 0.
func (r Row) Int64(column int) int64 { return r.s.ColumnInt64(column) }

// Bool returns whether a number is not 0.
func (r Row) Bool(column int) bool { return r.s.ColumnBool(column) }

// Float64 returns a floating-point number, 0 for NULL.
func (r Row) Float64(column int) float64 { return r.s.ColumnFloat(column) }

// Text returns a text, empty for NULL.
func (r Row) Text(column int) string { return r.s.ColumnText(column) }

// Blob returns a copy of a blob, empty for NULL.
func (r Row) Blob(column int) []byte { return r.s.ColumnBlob(column, nil) }

// IsNull reports whether a column is NULL.
func (r Row) IsNull(column int) bool { return r.s.ColumnType(column) == sqlite3.NULL }

// classify gives an error of the driver its sentinel.
func classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if full := diskFull(err); full != err { // what the driver calls an I/O error
		return full
	}
	switch { // here the key is known to be right
	case errors.Is(err, sqlite3.CORRUPT):
		return damaged{err.Error()}
	case errors.Is(err, sqlite3.IOERR_DATA): // of the many errors of reading, the one of a checksum
		return damaged{"the checksum of a page does not fit"}
	}
	for _, class := range []struct {
		code sqlite3.ErrorCode
		as   error
	}{
		{sqlite3.FULL, ErrFull},
		{sqlite3.BUSY, ErrBusy},
		{sqlite3.LOCKED, ErrBusy},
		{sqlite3.NOTADB, ErrDamaged},
		{sqlite3.IOERR, ErrIO},
		{sqlite3.CANTOPEN, ErrIO},
		{sqlite3.READONLY, ErrIO},
		{sqlite3.CONSTRAINT, ErrConstraint},
	} {
		if errors.Is(err, class.code) {
			return fmt.Errorf("%w: %w", class.as, err)
		}
	}
	if errors.Is(err, sqlite3.INTERRUPT) && ctx.Err() != nil {
		return fmt.Errorf("interrupted: %w", context.Cause(ctx))
	}
	return err
}
