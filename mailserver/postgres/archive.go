package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/zap"

	"statusd/fault"
	"statusd/internal/blocking"
	"statusd/mailserver"
)

const (
	// maxAttempts is how often a transaction is tried that the database asks
	// to try again.
	maxAttempts = 8
	// callTimeout bounds one statement.
	callTimeout = 30 * time.Second
	// connectTimeout bounds the making of a connection, unless the address
	// says otherwise.
	connectTimeout = 5 * time.Second
	// closeTimeout is how long connections may take to end.
	closeTimeout = 300 * time.Millisecond
	// counterShards is the number of rows in table counters.
	counterShards = 8
)

// ErrAddress means that the database is there and does not let this program in:
// its address, name, user or password is wrong.
var ErrAddress = fault.New(fault.Config, "the database cannot be used with this address", "")

var errParse = errors.New("it cannot be parsed")

// Options tune an archive. The zero value is a good choice.
type Options struct {
	Logger *zap.Logger // nil: nothing is logged
}

// Archive is a mailserver.Archive in a database.
type Archive struct {
	pool   *pgxpool.Pool
	log    *zap.Logger
	shard  int32
	topics topicCache

	mu       sync.Mutex
	migrated bool
	closed   bool
}

var _ mailserver.Archive = (*Archive)(nil)

// Open prepares an archive at a database address in the form of a URI or of
// key=value pairs. It waits for no database: one that is down now is used when
// it is there. An address, name or password that is wrong is an error.
func Open(ctx context.Context, uri string, o Options) (*Archive, error) {
	cfg, err := pgxpool.ParseConfig(uri)
	if err != nil {
		// The parser's error may repeat the address with its password.
		return nil, fmt.Errorf("%w: %w", ErrAddress, errParse)
	}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = connectTimeout
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	a := &Archive{pool: pool, log: o.Logger, shard: rand.Int32N(counterShards)}
	a.topics.reading = make(chan struct{}, 1)
	if a.log == nil {
		a.log = zap.NewNop()
	}
	if err := a.ready(ctx); err != nil {
		if !errors.Is(err, mailserver.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) {
			shut(pool)
			return nil, err
		}
		a.log.Warn("database is not available yet", zap.Error(err))
	}
	return a, nil
}

// Name returns the name of the database, for metrics.
func (a *Archive) Name() string { return a.pool.Config().ConnConfig.Database }

// ready migrates the schema the first time the database is there.
func (a *Archive) ready(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return mailserver.ErrClosed
	}
	if a.migrated {
		return nil
	}
	if err := migrate(ctx, a.pool); err != nil {
		return fail("prepare archive schema", err)
	}
	a.migrated = true
	return nil
}

// Close ends all connections. Those of a database that hangs are left to end by
// themselves.
func (a *Archive) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.closed = true
		shut(a.pool)
	}
	return nil
}

// shut closes a pool. The driver says goodbye to the database and waits for what
// it answers: five seconds, for each connection.
func shut(pool *pgxpool.Pool) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_, _ = blocking.Call(ctx, func() (struct{}, error) {
		pool.Close()
		return struct{}{}, nil
	})
}

// do runs a statement or transaction until the database does not ask for
// another attempt.
func (a *Archive) do(ctx context.Context, doing string, fn func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := a.ready(ctx); err != nil {
		return err
	}
	for attempt := 0; ; attempt++ {
		err := a.once(ctx, fn)
		if err == nil {
			return nil
		}
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			// Our own bound, not the caller's: the database hangs.
			return fmt.Errorf("%s: %w: %w", doing, mailserver.ErrUnavailable, err)
		}
		if attempt == maxAttempts || !mayRetry(err) {
			return fail(doing, err)
		}
		if err := pauseBeforeRetry(ctx, attempt); err != nil {
			return fail(doing, err)
		}
	}
}

func (a *Archive) once(ctx context.Context, fn func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return fn(ctx)
}

// transaction runs fn in a transaction.
func (a *Archive) transaction(ctx context.Context, doing string, fn func(context.Context, pgx.Tx) error) error {
	return a.do(ctx, doing, func(ctx context.Context) error {
		return pgx.BeginFunc(ctx, a.pool, func(tx pgx.Tx) error { return fn(ctx, tx) })
	})
}

// pauseBeforeRetry waits longer from attempt to attempt, by chance, so that
// those who got in each other's way do not meet again.
func pauseBeforeRetry(ctx context.Context, attempt int) error {
	longest := time.Millisecond << min(attempt+2, 9)
	timer := time.NewTimer(rand.N(longest) + time.Millisecond)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Stats implements mailserver.Archive.
func (a *Archive) Stats(ctx context.Context) (s mailserver.Stats, err error) {
	err = a.do(ctx, "read archive counters", func(ctx context.Context) (err error) {
		s, err = readStats(ctx, a.pool)
		return err
	})
	return s, err
}

// readStats reads the counters through a pool or in a transaction.
func readStats(ctx context.Context, db interface {
	QueryRow(context.Context, string, ...any) pgx.Row
}) (s mailserver.Stats, err error) {
	s.DiskBytes = -1
	var oldest, newest int64
	const query = `SELECT
		(SELECT COALESCE(sum(envelopes), 0)::INT8 FROM counters),
		(SELECT COALESCE(sum(bytes), 0)::INT8 FROM counters),
		(SELECT count(*) FROM topics),
		COALESCE((SELECT created FROM envelopes ORDER BY created, hash LIMIT 1), 0),
		COALESCE((SELECT created FROM envelopes ORDER BY created DESC, hash DESC LIMIT 1), 0)`
	err = db.QueryRow(ctx, query).Scan(&s.Envelopes, &s.Bytes, &s.Topics, &oldest, &newest)
	s.Oldest, s.Newest = uint32(oldest), uint32(newest)
	return s, err
}
