package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"

	"go.uber.org/zap"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// copyMark and a version end the name of a copy made before a migration.
const copyMark = ".before-v"

// embedded returns the migrations of this program.
func embedded() fs.FS {
	sub, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		panic("store: the embedded folder has another name")
	}
	return sub
}

// readMigrations returns the scripts in their order. They must be named by
// consecutive numbers from 0001 on: migration N makes version N of version N-1.
func readMigrations(files fs.FS) ([]string, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	sort.Strings(names)
	scripts := make([]string, 0, len(names))
	for i, name := range names {
		number, _, _ := strings.Cut(name, "_")
		if n, err := strconv.Atoi(number); err != nil || n != i+1 || len(number) != 4 {
			return nil, fmt.Errorf("migration %s is not number %04d", name, i+1)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		scripts = append(scripts, string(text))
	}
	return scripts, nil
}

// migrate runs the migrations that the database lacks, each in a transaction
// of its own and, unless the database is new, after a copy.
func (db *DB) migrate(ctx context.Context, scripts []string, version int) error {
	for next := version + 1; next <= len(scripts); next++ {
		if next > 1 && version > 0 {
			if err := db.copyBefore(ctx, next); err != nil {
				return fmt.Errorf("copy before migration %d: %w", next, err)
			}
		}
		err := db.transaction(ctx, func() error {
			return db.conn.script(ctx, fmt.Sprintf("%s\n; PRAGMA application_id=%d; PRAGMA user_version=%d",
				scripts[next-1], applicationID, next))
		})
		if err != nil {
			return fmt.Errorf("migrate database to version %d: %w", next, err)
		}
		if version > 0 {
			db.log.Info("database migrated", zap.Int("version", next))
		}
	}
	return nil
}

// copyBefore writes a copy of the database beside it. A copy of an earlier
// attempt is replaced.
func (db *DB) copyBefore(ctx context.Context, next int) error {
	return writeFile(db.path+copyMark+strconv.Itoa(next), func(w io.Writer) error { return db.snapshot(ctx, w) })
}

// diskFull gives an error of the operating system its sentinel.
func diskFull(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// removeOldCopies removes copies that are older than CopyKept.
func (db *DB) removeOldCopies() error {
	copies, err := filepath.Glob(globQuote(db.path) + copyMark + "*")
	if err != nil {
		return fmt.Errorf("list copies: %w", err)
	}
	for _, name := range copies {
		info, err := os.Stat(name)
		if err != nil || db.now().Sub(info.ModTime()) < CopyKept {
			continue
		}
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("remove old copy: %w", err)
		}
	}
	return nil
}

// globQuote quotes a path for filepath.Glob.
func globQuote(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
