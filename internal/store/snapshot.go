package store

import (
	"context"
	"fmt"
	"io"
	"os"
)

// Snapshot writes a consistent copy of the database file, encrypted as it is,
// to w. Transactions wait until it is done. It verifies what it copies: a
// damaged database makes no copy that looks sound, but ErrDamaged.
func (db *DB) Snapshot(ctx context.Context, w io.Writer) error {
	err := db.with(ctx, func() error {
		if err := db.conn.checkLog(ctx); err != nil {
			return fmt.Errorf("copy database: %w", err)
		}
		if err := db.snapshot(ctx, w); err != nil {
			return err
		}
		return db.conn.verify(ctx)
	})
	db.note(err)
	return err
}

// snapshot is Snapshot for who holds the connection. With an empty log the
// file alone is the database.
func (db *DB) snapshot(ctx context.Context, w io.Writer) error {
	if err := db.conn.checkpoint(ctx); err != nil {
		return fmt.Errorf("empty write-ahead log: %w", err)
	}
	f, err := os.Open(db.path)
	if err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	defer f.Close()
	if _, err := io.Copy(w, readerUntil{ctx, f}); err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	return nil
}

// readerUntil reads until a context ends.
type readerUntil struct {
	ctx context.Context //nolint:containedctx // lives for one copy
	r   io.Reader
}

func (r readerUntil) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
