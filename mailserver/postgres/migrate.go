package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"statusd/fault"
)

// ErrSchema means that the database was written by a newer version.
var ErrSchema = fault.New(fault.NewerData, "archive was written by a newer version", "use a newer statusd")

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one numbered file.
type migration struct {
	version    int64
	name       string
	statements []string
}

// migrations returns the embedded files in the order of their numbers.
func migrations() ([]migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var out []migration
	for _, name := range names {
		raw, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		number, _, _ := strings.Cut(path.Base(name), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil || version != int64(len(out)+1) {
			return nil, fmt.Errorf("migration %s is out of order", name)
		}
		out = append(out, migration{version, path.Base(name), split(string(raw))})
	}
	return out, nil
}

// split cuts a file into statements: each ends with a semicolon at the end of
// a line. Comments of whole lines are dropped.
func split(sql string) []string {
	var out []string
	var b strings.Builder
	for line := range strings.Lines(sql) {
		if trimmed := strings.TrimSpace(line); trimmed == "" || strings.HasPrefix(trimmed, "--") {
			continue
		}
		b.WriteString(line)
		if strings.HasSuffix(strings.TrimSpace(line), ";") {
			out = append(out, strings.TrimSpace(b.String()))
			b.Reset()
		}
	}
	return out
}

// migrate brings the schema up to date. Several servers may do so at once:
// every statement can be repeated, and the losers of a race try again.
func migrate(ctx context.Context, pool *pgxpool.Pool) error {
	all, err := migrations()
	if err != nil {
		return err
	}
	const create = `CREATE TABLE IF NOT EXISTS schema_migrations (version INT8 PRIMARY KEY, name TEXT NOT NULL)`
	if err := execRacing(ctx, pool, create); err != nil {
		return err
	}
	var current int64
	const read = `SELECT COALESCE(max(version), 0) FROM schema_migrations`
	if err := pool.QueryRow(ctx, read).Scan(&current); err != nil {
		return err
	}
	if current > int64(len(all)) {
		return fmt.Errorf("%w (schema %d, this program knows %d)", ErrSchema, current, len(all))
	}
	for _, m := range all[current:] {
		for _, statement := range m.statements {
			if err := execRacing(ctx, pool, statement); err != nil {
				return fmt.Errorf("migration %s: %w", m.name, err)
			}
		}
		const done = `INSERT INTO schema_migrations (version, name) VALUES ($1, $2) ON CONFLICT DO NOTHING`
		if _, err := pool.Exec(ctx, done, m.version, m.name); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
	}
	return nil
}

// execRacing runs a statement that another server may be running too. The
// loser of such a race sees a duplicate of what it wanted to create.
func execRacing(ctx context.Context, pool *pgxpool.Pool, statement string) error {
	for attempt := 0; ; attempt++ {
		_, err := pool.Exec(ctx, statement, pgx.QueryExecModeSimpleProtocol)
		var pgErr *pgconn.PgError
		if err == nil || attempt == maxAttempts || !errors.As(err, &pgErr) {
			return err
		}
		switch pgErr.Code {
		case "23505", "42P07", "42710", "XX000", "40001", "40P01":
			if err := pauseBeforeRetry(ctx, attempt); err != nil {
				return err
			}
		default:
			return err
		}
	}
}
