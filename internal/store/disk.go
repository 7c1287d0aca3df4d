package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
	"go.uber.org/zap"

	"statusd/internal/diskspace"
)

// checksumSize is what the checksum takes of every page.
const checksumSize = 8

// lockPage is the offset of the page that SQLite never writes: it locks bytes
// there.
const lockPage = 1 << 30

// file returns the database file, and log the write-ahead log, as the driver
// sees them: decrypted. log is nil while there is none.
func (c *conn) file() (vfs.File, error) { return c.pointer(sqlite3.FCNTL_FILE_POINTER) }

func (c *conn) log() (vfs.File, error) { return c.pointer(sqlite3.FCNTL_JOURNAL_POINTER) }

func (c *conn) pointer(op sqlite3.FcntlOpcode) (vfs.File, error) {
	p, err := c.sqlite.FileControl("main", op)
	if err != nil {
		return nil, classify(context.Background(), err)
	}
	f, _ := p.(vfs.File)
	return f, nil
}

// readHeader has the layer that verifies checksums read the header of the file.
// SQLite itself reads it out of the log first, after a kill, and would take
// pages of the file unverified until the log is emptied.
func (c *conn) readHeader() error {
	f, err := c.file()
	if err != nil || f == nil {
		return err
	}
	var head [100]byte
	if _, err := f.ReadAt(head[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read header: %w", classify(context.Background(), err))
	}
	return nil
}

// abandon closes the connection and leaves the files as they are: closing would
// empty the log into the file.
func (c *conn) abandon() error {
	_, err := c.sqlite.Config(sqlite3.DBCONFIG_NO_CKPT_ON_CLOSE, true)
	return errors.Join(classify(context.Background(), err), c.close())
}

// walk reads the write-ahead log, if there is one.
func (c *conn) walk() (logReport, error) {
	none := logReport{bad: -1}
	f, err := c.log()
	if err != nil || f == nil {
		return none, err
	}
	size, err := f.Size()
	if err != nil {
		return none, fmt.Errorf("size of write-ahead log: %w", err)
	}
	return walkLog(f, size, int64(f.SectorSize()), c.applied)
}

// applied reports whether a page of the file has a content, but for the
// checksum.
func (c *conn) applied(page uint32, content []byte) (bool, error) {
	f, err := c.file()
	if err != nil || f == nil {
		return false, err
	}
	have := make([]byte, len(content))
	if _, err := f.ReadAt(have, int64(page-1)*int64(len(content))); err != nil {
		return false, nil //nolint:nilerr // a page that is missing or damaged has another content
	}
	end := len(content) - checksumSize
	return bytes.Equal(have[:end], content[:end]), nil
}

// checksums reports whether every page that is read out of the file has a
// checksum, and is verified.
func (c *conn) checksums(ctx context.Context) (bool, error) {
	on, err := c.number(ctx, `PRAGMA checksum_verification`)
	return on == 1, err
}

// addChecksums rewrites the database with a checksum in every page. A kill
// leaves it as it was, or with all of them.
func (c *conn) addChecksums(ctx context.Context) error {
	if err := c.script(ctx, `PRAGMA temp_store=FILE`); err != nil { // in memory it would not fit
		return err
	}
	c.sqlite.SetInterrupt(ctx)
	err := classify(ctx, c.sqlite.EnableChecksums("main"))
	err = errors.Join(err, c.script(context.Background(), `PRAGMA temp_store=MEMORY`))
	if err == nil {
		err = c.checkpoint(ctx)
	}
	return err
}

// checksumError recognises the error of a checksum as the file layer returns it:
// a number, of a type that the driver does not export.
func checksumError(err error) bool {
	v := reflect.ValueOf(err)
	return v.IsValid() && v.CanUint() && v.Uint() == uint64(sqlite3.IOERR_DATA)
}

// pageError is what a page whose checksum does not fit is reported as.
func pageError(page int64) error {
	return damaged{fmt.Sprintf("the checksum of page %d does not fit", page)}
}

// verify reads every page of the file, also those that nothing uses. The log
// must be empty. Without checksums there is nothing to verify.
func (c *conn) verify(ctx context.Context) error {
	on, err := c.checksums(ctx)
	if err != nil || !on {
		return err
	}
	f, err := c.file()
	if err != nil || f == nil {
		return err
	}
	size, err := f.Size()
	if err != nil {
		return fmt.Errorf("size of database: %w", err)
	}
	page := make([]byte, pageSize)
	for at := int64(0); at+pageSize <= size; at += pageSize {
		if at == lockPage {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		_, err := f.ReadAt(page, at)
		switch {
		case checksumError(err):
			return pageError(at/pageSize + 1)
		case err != nil:
			return fmt.Errorf("verify database: %w", classify(ctx, err))
		}
	}
	return nil
}

// checkLog verifies the frames of the log that the connection reads from.
// SQLite itself does so only when it opens a log.
func (c *conn) checkLog(ctx context.Context) error {
	c.sqlite.SetInterrupt(ctx)
	frames, _, err := c.sqlite.WALCheckpoint("main", sqlite3.CHECKPOINT_NOOP)
	if err != nil {
		return classify(ctx, err)
	}
	report, err := c.walk()
	if err != nil {
		return err
	}
	if report.sound < int64(frames) {
		return damaged{fmt.Sprintf("frame %d of %d of its log does not fit", report.bad, frames)}
	}
	return nil
}

// forgetPages has the pages read from disk again.
func (c *conn) forgetPages() error {
	_, err := c.sqlite.FileControl("main", sqlite3.FCNTL_RESET_CACHE)
	return classify(context.Background(), err)
}

// needsRoom is the space that rewriting a database of a size needs: in the
// folder for the log and the file, and in that of temporary files.
func needsRoom(size int64) (folder, temporary int64) {
	const slack = 16 << 20
	return 2*size + slack, size + slack
}

// addChecksums gives a database of an earlier version its checksums. When there
// is no room for that, it goes on without, and says so.
func (db *DB) addChecksums(ctx context.Context) error {
	on, err := db.conn.checksums(ctx)
	if err != nil || on {
		return err
	}
	size, err := db.Size()
	if err != nil {
		return err
	}
	folder, temporary := needsRoom(size)
	for _, need := range []struct {
		dir   string
		bytes int64
	}{{filepath.Dir(db.path), folder}, {temporaryFolder(), temporary}} {
		free, err := db.free(need.dir)
		if err == nil && free < need.bytes {
			db.unprotected.Store(true)
			db.log.Warn("the database gets no checksums, so damage on the disk would not be noticed: there is no room; "+
				"they are added at a login with enough", zap.String("folder", need.dir), zap.Int64("free", free),
				zap.Int64("needed", need.bytes))
			return nil
		}
	}
	err = db.conn.addChecksums(ctx)
	if errors.Is(err, ErrFull) {
		if on, err := db.conn.checksums(ctx); err != nil || on { // only the log could not be emptied
			return err
		}
		db.unprotected.Store(true)
		db.log.Warn("the database gets no checksums, so damage on the disk would not be noticed: the disk is full",
			zap.Error(err))
		return nil
	}
	if err != nil {
		return fmt.Errorf("add checksums: %w", err)
	}
	db.log.Info("the database has checksums now", zap.Int64("bytes", size))
	return nil
}

// temporaryFolder is where the driver makes temporary files.
func temporaryFolder() string {
	if dir := os.Getenv("SQLITE_TMPDIR"); dir != "" {
		return dir
	}
	return os.TempDir()
}

// freeSpace is the default of Config.free.
func freeSpace(dir string) (int64, error) { return diskspace.Free(dir) }
