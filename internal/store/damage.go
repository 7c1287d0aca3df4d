package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"statusd/fault"
	"statusd/internal/atomicfile"
)

const (
	// LossKept is how long a damaged write-ahead log is kept, and told of: it holds
	// keys that are deleted elsewhere.
	LossKept = 30 * 24 * time.Hour
	// maxLosses bounds the damaged logs that are kept; the oldest goes first.
	maxLosses = 3

	lossMark = "-wal.damaged-" // then the time and the number of transactions
	lossTime = "20060102T150405Z"
)

// ErrLost is what Check returns when transactions were lost for good, by damage
// that was found when the database was opened.
var ErrLost = fault.New(fault.KeyFile, "a damaged write-ahead log cost committed transactions",
	"what is left is sound; fetch the time before from a mailserver again, or restore a backup; to end this "+
		"message move the damaged log elsewhere")

// Loss is damage of the write-ahead log that was found when the database was
// opened. What was committed behind it cannot be read any more.
type Loss struct {
	Time         time.Time
	Transactions int    // that were lost at least
	Copy         string // the log as it was; removing it ends the telling
}

// String says what was lost.
func (l Loss) String() string {
	return fmt.Sprintf("at least %d transactions that were committed before %s; the damaged log is %s", l.Transactions,
		l.Time.UTC().Format(time.DateTime), l.Copy)
}

// Condition is what is known of the state of the files.
type Condition struct {
	Losses      []Loss // the oldest first
	Damage      string // what was found damaged since the database was opened, or empty
	Unprotected bool   // there was no room for checksums: damage would not be noticed
}

// Condition returns what is known of the state of the files, without reading
// them.
func (db *DB) Condition() Condition {
	c := Condition{Unprotected: db.unprotected.Load()}
	if text := db.damage.Load(); text != nil {
		c.Damage = *text
	}
	c.Losses, _ = losses(db.path) // the folder is there: the database is open
	return c
}

// note remembers damage that a query met.
func (db *DB) note(err error) {
	if err == nil || !errors.Is(err, ErrDamaged) {
		return
	}
	text := err.Error()
	if db.damage.CompareAndSwap(nil, &text) {
		db.log.Error("the database is damaged: check it, and restore a backup", zap.Error(err))
	}
}

// losses returns the damaged logs beside a database.
func losses(path string) (list []Loss, err error) {
	names, err := filepath.Glob(globQuote(path) + lossMark + "*")
	if err != nil {
		return nil, fmt.Errorf("list damaged logs: %w", err)
	}
	for _, name := range names {
		when, count, _ := strings.Cut(strings.TrimPrefix(name, path+lossMark), "-")
		at, err := time.Parse(lossTime, when)
		n, errCount := strconv.Atoi(count)
		if err == nil && errCount == nil {
			list = append(list, Loss{at, n, name})
		}
	}
	slices.SortFunc(list, func(a, b Loss) int { return a.Time.Compare(b.Time) })
	return list, nil
}

// inspectLog looks, before anything is written, whether the log that a kill left
// was damaged since. SQLite takes the damage for the end of the log and drops
// what follows, so the log is kept and the loss told.
func (db *DB) inspectLog() error {
	report, err := db.conn.walk()
	if err != nil || !report.damaged() {
		return err
	}
	loss := Loss{db.now().UTC().Truncate(time.Second), report.lost, ""}
	loss.Copy = fmt.Sprintf("%s%s%s-%d", db.path, lossMark, loss.Time.Format(lossTime), report.lost)
	if err := copyFile(db.path+"-wal", loss.Copy); err != nil {
		return fmt.Errorf("keep damaged write-ahead log: %w", err)
	}
	db.log.Error("the write-ahead log of the database is damaged, committed transactions are lost",
		zap.Int64("frame", report.bad), zap.Int("transactions", report.lost), zap.String("copy", loss.Copy))
	return nil
}

// removeOldLosses removes damaged logs that are too old or too many.
func (db *DB) removeOldLosses() error {
	list, err := losses(db.path)
	if err != nil {
		return err
	}
	for i, loss := range list {
		if len(list)-i <= maxLosses && db.now().Sub(loss.Time) < LossKept {
			continue
		}
		if err := os.Remove(loss.Copy); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove old damaged log: %w", err)
		}
	}
	return nil
}

// copyFile copies a file; the copy appears when it is whole and on disk.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return writeFile(to, func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
}

// writeFile writes a file that appears when it is whole and on disk.
func writeFile(to string, fill func(io.Writer) error) error {
	dir, base := filepath.Split(to)
	f, err := os.CreateTemp(dir, "."+base+".tmp-*") // atomicfile.RemoveTemps knows the name
	if err != nil {
		return diskFull(err)
	}
	defer os.Remove(f.Name()) // in vain after the rename
	if err := fill(f); err != nil {
		_ = f.Close() // the first error says more
		return diskFull(err)
	}
	if err := f.Sync(); err != nil {
		_ = f.Close()
		return diskFull(err)
	}
	if err := f.Close(); err != nil {
		return diskFull(err)
	}
	return atomicfile.Rename(f.Name(), to)
}

// damaged is ErrDamaged where the key is known to be right, with what was found.
type damaged struct{ found string }

func (d damaged) Error() string { return "the database is damaged: " + d.found }
func (d damaged) Unwrap() error { return ErrDamaged }

// Check reads the whole database and its write-ahead log. Errors: ErrDamaged
// with the first findings when they are not sound; ErrLost when they are, but
// transactions were lost before.
func (db *DB) Check(ctx context.Context) error {
	err := db.with(ctx, func() error { return db.check(ctx) })
	db.note(err)
	if err != nil {
		return err
	}
	list, err := losses(db.path)
	if err != nil || len(list) == 0 {
		return err
	}
	texts := make([]string, 0, len(list))
	for _, l := range list {
		texts = append(texts, l.String())
	}
	return fmt.Errorf("%w: %s", ErrLost, strings.Join(texts, "; "))
}

// check is Check for who holds the connection: first the log, then the file
// without what SQLite remembers of it.
func (db *DB) check(ctx context.Context) error {
	if err := db.conn.checkLog(ctx); err != nil {
		return fmt.Errorf("check write-ahead log: %w", err)
	}
	if err := db.conn.checkpoint(ctx); err != nil {
		return fmt.Errorf("empty write-ahead log: %w", err)
	}
	if err := db.conn.verify(ctx); err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	if err := db.conn.forgetPages(); err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	var findings []string
	_, err := db.conn.query(ctx, `PRAGMA integrity_check(10)`, nil, true, func(r Row) (bool, error) {
		findings = append(findings, r.Text(0))
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	if len(findings) != 1 || findings[0] != "ok" {
		return damaged{fmt.Sprintf("%q", findings)}
	}
	broken, err := db.conn.query(ctx, `PRAGMA foreign_key_check`, nil, true, nil)
	if err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	if broken {
		return damaged{"a row refers to one that is missing"}
	}
	return nil
}
