package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"statusd/accounts/secret"
	"statusd/fault"
	"statusd/internal/deadline"
)

// hintDatabase is what to do about a database that cannot be used.
const hintDatabase = "look at the disk, and put the database back with statusd restore of a backup; " +
	"without one, delete the account and import its phrase: messages and contacts are lost then"

const (
	// KeySize is the length of a database key in bytes.
	KeySize = 32
	// ForgetDelay is the longest time that deleted keys stay in the write-ahead
	// log while Run is running.
	ForgetDelay = 30 * time.Second
	// CopyKept is how long a copy made before a migration is kept.
	CopyKept = 7 * 24 * time.Hour

	// applicationID marks the file as ours: "STSD".
	applicationID = 0x53545344

	fileMode = 0o600
)

// Errors of Open.
var (
	ErrMissing = fault.New(fault.KeyFile, "there is no database", hintDatabase)
	ErrKey     = errors.New("the database key is not 32 bytes long")
	ErrBusy    = fault.New(fault.InUse, "the database is in use by another process",
		"another process has the database open; end it")
	ErrNewer = fault.New(fault.NewerData, "the database was written by a newer version of this program",
		"use a newer statusd")
	ErrForeign = fault.New(fault.KeyFile, "the file is a database of another program", hintDatabase)
)

// Errors of transactions, and of Open too.
var (
	ErrDamaged = fault.New(fault.KeyFile, "the database is damaged, or the key is not its key", hintDatabase)
	ErrFull    = fault.New(fault.DiskFull, "the disk is full",
		"make room on the disk of the data directory, then try again")
	ErrIO = fault.New(fault.IO, "the database file cannot be read or written",
		"look at the disk of the data directory, and at the permissions there")
	ErrConstraint = errors.New("the change breaks a rule of the database")
	ErrReadOnly   = errors.New("a reading transaction cannot write")
	ErrEnded      = errors.New("the transaction has ended, by itself after an error or with its function")
	ErrClosed     = fault.New(fault.NotLoggedIn, "the account was logged out: its database is closed",
		"log in with account_login, or: statusd account login")
)

// Config says what to open.
type Config struct {
	Path   string       // of the file; beside it lies the write-ahead log
	Key    secret.Bytes // 32 bytes; not kept
	Create bool         // make a new database when there is none
	Keep   bool         // leave the version and copies as they are: for tools that only look or tidy up
	Events EventLimits  // zero for the defaults
	Log    *zap.Logger  // nil for none
	Now    func() time.Time
	// Fault, if not nil, is called before each statement of a transaction and
	// before its commit; its error takes their place. For tests of what keeps
	// its state here.
	Fault func() error

	vfs        string                          // file layer; empty for the encrypting one. For tests
	free       func(dir string) (int64, error) // space on its disk; nil asks the system. For tests
	migrations fs.FS                           // nil for the embedded ones. For tests
}

// DB is an open database.
type DB struct {
	path   string
	log    *zap.Logger
	now    func() time.Time
	limits EventLimits
	fault  func() error
	free   func(dir string) (int64, error)

	unprotected atomic.Bool            // there was no room for checksums
	damage      atomic.Pointer[string] // what was found damaged first

	turn   chan struct{} // holds one token while nobody uses conn
	closed chan struct{} // closed by Close
	conn   *conn         // used by who holds the token
	torn   bool          // a commit failed and may be in the log; for who holds the token

	forget chan struct{} // tells Run that secrets were deleted; capacity 1
	events *eventWake
}

// Open opens the database, takes its lock and brings it up to date. Errors:
// ErrMissing, ErrKey, ErrBusy, ErrNewer, ErrForeign, ErrDamaged, ErrFull,
// ErrIO. A database that is newer, foreign or damaged is not changed.
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.Key.Len() != KeySize {
		return nil, ErrKey
	}
	c.setDefaults()
	if err := c.prepareFile(); err != nil {
		return nil, err
	}
	connection, err := openConn(ctx, c.Path, c.vfs)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db := &DB{
		path: c.Path, log: c.Log.Named("store"), now: c.Now, limits: c.Events, fault: c.Fault, free: c.free,
		turn: make(chan struct{}, 1), closed: make(chan struct{}), conn: connection, forget: make(chan struct{}, 1),
	}
	if err := db.setUp(ctx, c); err != nil {
		return nil, errors.Join(err, connection.abandon())
	}
	db.turn <- struct{}{}
	return db, nil
}

func (c *Config) setDefaults() {
	c.Events.setDefaults()
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.vfs == "" {
		c.vfs = encryptedVFS
	}
	if c.free == nil {
		c.free = freeSpace
	}
	if c.migrations == nil {
		c.migrations = embedded()
	}
}

// prepareFile makes an empty file with the right mode, or says that there is
// none.
func (c *Config) prepareFile() error {
	path, err := filepath.Abs(c.Path)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	c.Path = path
	info, err := os.Stat(path)
	if err == nil && info.Size() == 0 {
		// SQLite would take the log for that of another database and remove it.
		if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 {
			return damaged{path + " is empty, though its write-ahead log is not"}
		}
	}
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if !c.Create {
		return fmt.Errorf("%w: %s", ErrMissing, path)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return fmt.Errorf("make database file: %w", err)
	}
	return f.Close()
}

// setUp configures a connection that was just opened. The order matters: key,
// lock, check whose file it is, look at the log, and only then anything that
// writes.
func (db *DB) setUp(ctx context.Context, c Config) error {
	if c.vfs != plainVFS {
		if err := db.conn.setKey(c.Key); err != nil {
			return err
		}
	}
	if err := db.conn.readHeader(); err != nil {
		return err
	}
	err := db.conn.script(ctx, `PRAGMA locking_mode=EXCLUSIVE; PRAGMA busy_timeout=0; PRAGMA temp_store=MEMORY`)
	if err != nil {
		return fmt.Errorf("configure database: %w", err)
	}
	all, err := readMigrations(c.migrations)
	if err != nil {
		return err
	}
	version, err := db.identify(ctx, len(all))
	if err != nil {
		return err
	}
	if version == 0 && !c.Create {
		if report, err := db.conn.walk(); err != nil || report.damaged() {
			return errors.Join(damaged{"its log does not fit near the beginning"}, err)
		}
		return fmt.Errorf("%w: %s is empty", ErrMissing, c.Path)
	}
	if err := db.conn.addSearch(ctx); err != nil {
		return fmt.Errorf("configure database: %w", err)
	}
	// The transaction takes the lock for good.
	if err := db.conn.script(ctx, `
		PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA foreign_keys=ON;
		PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA cache_size=-4096;
		BEGIN IMMEDIATE; COMMIT`); err != nil {
		return fmt.Errorf("lock database: %w", err)
	}
	if err := db.settle(ctx); err != nil {
		return err
	}
	if !c.Keep {
		if err := db.bringUp(ctx, all, version); err != nil {
			return err
		}
	}
	last, err := db.conn.number(ctx, `SELECT ifnull(max(seq), 0) FROM event_log`)
	if err != nil {
		return fmt.Errorf("read event log: %w", err)
	}
	db.events = newEventWake(last)
	return nil
}

// settle looks at the log that a kill left and empties it into the file: what is
// written from now on does not lie before the rest of something torn, which
// would look like damage.
func (db *DB) settle(ctx context.Context) error {
	if err := db.inspectLog(); err != nil {
		return err
	}
	if err := db.conn.checkpoint(ctx); err != nil {
		return fmt.Errorf("empty write-ahead log: %w", err)
	}
	return nil
}

// bringUp makes a database what this version wants it to be.
func (db *DB) bringUp(ctx context.Context, migrations []string, version int) error {
	if version == 0 { // checksums from the first page on
		if err := db.addChecksums(ctx); err != nil {
			return err
		}
	}
	if err := db.migrate(ctx, migrations, version); err != nil {
		return err
	}
	if version == 0 { // damage to the log must not cost the tables
		if err := db.conn.checkpoint(ctx); err != nil {
			return fmt.Errorf("empty write-ahead log: %w", err)
		}
	}
	if err := errors.Join(db.removeOldCopies(), db.removeOldLosses()); err != nil {
		return err
	}
	return db.addChecksums(ctx)
}

// identify checks whose database it is and returns its version.
func (db *DB) identify(ctx context.Context, newest int) (version int, err error) {
	v, err := db.conn.number(ctx, `PRAGMA user_version`)
	if err != nil {
		return 0, fmt.Errorf("read database: %w", err)
	}
	id, err := db.conn.number(ctx, `PRAGMA application_id`)
	if err != nil {
		return 0, fmt.Errorf("read database: %w", err)
	}
	tables, err := db.conn.number(ctx, `SELECT count(*) FROM sqlite_schema`)
	switch {
	case err != nil:
		return 0, fmt.Errorf("read database: %w", err)
	case tables == 0 && v == 0 && id == 0:
		return 0, nil // new
	case id != applicationID:
		return 0, ErrForeign
	case v > int64(newest):
		return 0, fmt.Errorf("%w: it has version %d, this program knows %d", ErrNewer, v, newest)
	}
	return int(v), nil
}

// acquire waits for the connection.
func (db *DB) acquire(ctx context.Context) error {
	select {
	case <-db.closed:
		return ErrClosed
	default:
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-db.turn:
		return nil
	case <-db.closed:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (db *DB) release() { db.turn <- struct{}{} }

// with runs fn while it holds the connection.
func (db *DB) with(ctx context.Context, fn func() error) error {
	if err := db.acquire(ctx); err != nil {
		return err
	}
	defer db.release()
	return fn()
}

// Update runs fn in a writing transaction. It is committed, and on disk, when
// Update returns nil; after any error nothing of it happened. A cancelled ctx
// interrupts fn's queries, not a commit that has begun. fn must not call
// methods of DB.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	return db.with(ctx, func() error {
		tx := &Tx{db: db, ctx: ctx}
		committed := false
		defer func() { tx.end(committed) }() // also when fn panics
		err := db.transaction(ctx, func() error {
			if err := fn(tx); err != nil {
				return err
			}
			return tx.alive()
		})
		if err != nil {
			return err
		}
		committed = true
		db.events.advance(tx.newest)
		if tx.forget {
			select {
			case db.forget <- struct{}{}:
			default: // Run knows already
			}
		}
		return nil
	})
}

// View runs fn with the connection, for reading. Writers wait meanwhile. fn
// must not call methods of DB.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	return db.with(ctx, func() error {
		tx := &Tx{db: db, ctx: ctx, readOnly: true}
		done := false
		defer func() { tx.end(done) }() // also when fn panics
		err := fn(tx)
		done = err == nil
		return err
	})
}

// transaction runs fn between BEGIN and COMMIT; the caller holds the
// connection.
func (db *DB) transaction(ctx context.Context, fn func() error) (err error) {
	if db.torn { // what follows in the log would look committed, behind something shorter
		db.torn = db.conn.checkpoint(ctx) != nil
	}
	if _, err := db.conn.query(ctx, `BEGIN IMMEDIATE`, nil, false, nil); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	committed := false
	defer func() { // also when fn panics
		if committed || !db.conn.inTransaction() {
			return
		}
		if _, errBack := db.conn.query(context.Background(), `ROLLBACK`, nil, false, nil); errBack != nil {
			err = errors.Join(err, fmt.Errorf("roll back: %w", errBack))
		}
	}()
	if err := fn(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if !db.conn.inTransaction() {
		return ErrEnded
	}
	if db.fault != nil {
		if err := db.fault(); err != nil {
			return fmt.Errorf("commit transaction: %w", err)
		}
	}
	if _, err := db.conn.query(context.Background(), `COMMIT`, nil, false, nil); err != nil {
		db.torn = true
		return fmt.Errorf("commit transaction: %w", err)
	}
	committed = true
	return nil
}

// Run empties the write-ahead log ForgetDelay after secrets were deleted, until
// ctx ends. It returns nil.
func (db *DB) Run(ctx context.Context) error {
	var timer deadline.Timer
	defer timer.Disarm()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-db.closed:
			return nil
		case <-db.forget:
			if timer.At().IsZero() {
				timer.Arm(time.Now().Add(ForgetDelay))
			}
		case <-timer.C():
			timer.Fired()
			if err := db.Checkpoint(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, ErrClosed) {
				db.log.Warn("write-ahead log not emptied, deleted keys remain in it", zap.Error(err))
				timer.Arm(time.Now().Add(ForgetDelay))
			}
		}
	}
}

// Checkpoint moves the write-ahead log into the database and empties it.
func (db *DB) Checkpoint(ctx context.Context) error {
	return db.with(ctx, func() error {
		if err := db.conn.checkpoint(ctx); err != nil {
			return fmt.Errorf("empty write-ahead log: %w", err)
		}
		return nil
	})
}

// Close waits for the transaction that is running, empties the write-ahead log
// and closes the file. Transactions that wait get ErrClosed, as does a second
// Close.
func (db *DB) Close() error {
	select {
	case <-db.turn: // kept: nobody else uses the connection any more
	case <-db.closed:
		return ErrClosed
	}
	close(db.closed)
	db.events.close()
	err := db.conn.checkpoint(context.Background())
	if err := errors.Join(err, db.conn.close()); err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}

// Vacuum rewrites the database without free pages. It needs about twice its
// size in free space; temporary files are encrypted.
func (db *DB) Vacuum(ctx context.Context) error {
	return db.with(ctx, func() error {
		err := db.conn.script(ctx, `PRAGMA temp_store=FILE; VACUUM`) // in memory it would not fit
		err = errors.Join(err, db.conn.script(context.Background(), `PRAGMA temp_store=MEMORY`))
		if err == nil {
			err = db.conn.checkpoint(ctx)
		}
		if err != nil {
			return fmt.Errorf("vacuum database: %w", err)
		}
		return nil
	})
}

// Size returns the bytes of the database file and its write-ahead log.
func (db *DB) Size() (int64, error) {
	var total int64
	for _, name := range []string{db.path, db.path + "-wal"} {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("size of database: %w", err)
		}
		total += info.Size()
	}
	return total, nil
}
