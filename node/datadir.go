package node

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"statusd/internal/atomicfile"
)

// Files of the data directory (spec 07 section 3).
const (
	lockFile   = "LOCK"
	schemaFile = "schema-version"
)

// SchemaVersion is the layout of the data directory that this program reads
// and writes.
const SchemaVersion = 1

// maxSmallFile bounds the files that are read whole: key, lock, version.
const maxSmallFile = 4096

// dataDir is the data directory while this process holds it.
type dataDir struct {
	path string
	lock *os.File
}

// openDataDir makes the directory if it does not exist, checks it, and takes
// its lock without waiting.
func openDataDir(path string, log *zap.Logger) (*dataDir, error) {
	if path == "" {
		return nil, &StartError{Kind: ErrDataDir, Text: "no data directory is set: give one with --dir"}
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, dirError(path, "make", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, dirError(path, "use", err)
	}
	mode := info.Mode().Perm()
	if mode&0o022 != 0 {
		text := fmt.Sprintf("data directory %s has mode %04o, so others could change the keys in it: run chmod 700 %s",
			path, mode, path)
		return nil, &StartError{Kind: ErrDataDirMode, Text: text}
	}
	if mode&0o055 != 0 {
		log.Warn("data directory can be read by others, mode 0700 is better",
			zap.String("dir", path), zap.String("mode", fmt.Sprintf("%04o", mode)))
	}
	d := &dataDir{path: path}
	if err := d.takeLock(); err != nil {
		return nil, err
	}
	if err := d.prepare(); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// HoldDir takes a data directory that exists, as a daemon does, for a tool that
// works on it while there is none. release gives it back. Errors: as those of
// Run before anything works, ErrLocked and ErrNewerData among them.
func HoldDir(path string, log *zap.Logger) (release func(), err error) {
	if _, err := os.Stat(path); err != nil {
		return nil, dirError(path, "use", err)
	}
	d, err := openDataDir(path, log)
	if err != nil {
		return nil, err
	}
	return d.close, nil
}

// dirError words a directory that cannot be used.
func dirError(path, verb string, err error) error {
	way := "choose another with --dir"
	switch {
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		way = "free some space"
	case errors.Is(err, unix.EIO):
		way = "check the disk"
	}
	text := fmt.Sprintf("cannot %s data directory %s (%s)", verb, path, way)
	return &StartError{Kind: ErrDataDir, Text: text, Cause: err}
}

// prepare clears what a kill left behind and checks the schema version.
func (d *dataDir) prepare() error {
	if err := atomicfile.RemoveTemps(d.path); err != nil {
		return dirError(d.path, "clean", err)
	}
	return d.checkSchema()
}

// takeLock locks the file LOCK and writes process id and host into it. The
// system drops the lock with the process, however that ends.
func (d *dataDir) takeLock() error {
	name := filepath.Join(d.path, lockFile)
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return dirError(d.path, "open the lock of", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		holder := readHolder(f)
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			holder.Dir = d.path
			return holder
		}
		return dirError(d.path, "lock", err)
	}
	host, _ := os.Hostname() // empty when unknown
	if err := rewrite(f, fmt.Sprintf("%d %s\n", os.Getpid(), host)); err != nil {
		_ = f.Close()
		return dirError(d.path, "write to", err)
	}
	d.lock = f
	return nil
}

func rewrite(f *os.File, text string) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

// readHolder reads what the holder of a lock wrote, as far as it can.
func readHolder(f *os.File) *LockedError {
	e := &LockedError{}
	line, _ := bufio.NewReaderSize(f, maxSmallFile).ReadString('\n')
	pid, host, _ := strings.Cut(strings.TrimSpace(line), " ")
	if n, err := strconv.Atoi(pid); err == nil && n > 0 {
		e.PID, e.Host = n, strings.TrimSpace(host)
	}
	return e
}

// close gives the directory back. The lock file stays: removing it would let
// two processes lock two files of one name.
func (d *dataDir) close() {
	_ = rewrite(d.lock, "") // a stale holder misleads nobody but readers
	_ = d.lock.Close()      // drops the lock
}

// checkSchema writes the version into a new directory and refuses a newer
// one.
func (d *dataDir) checkSchema() error {
	name := filepath.Join(d.path, schemaFile)
	raw, err := readSmall(name)
	if errors.Is(err, fs.ErrNotExist) {
		if err := atomicfile.Write(name, fmt.Appendf(nil, "%d\n", SchemaVersion), 0o600); err != nil {
			return dirError(d.path, "write to", err)
		}
		return nil
	}
	if err != nil {
		return dirError(d.path, "read", err)
	}
	have, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	switch {
	case err != nil || have < 1:
		text := fmt.Sprintf("%s does not hold a number: restore it from a backup, or delete it if this version "+
			"made the directory", name)
		return &StartError{Kind: ErrSchemaFile, Text: text}
	case have > SchemaVersion:
		return &NewerDataError{Dir: d.path, Have: have, Known: SchemaVersion}
	}
	return nil
}

// readSmall reads a file of at most maxSmallFile bytes.
func readSmall(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxSmallFile {
		return nil, fmt.Errorf("%s is not a small regular file", name)
	}
	raw := make([]byte, info.Size())
	n, err := f.ReadAt(raw, 0)
	if n < len(raw) {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return raw, nil
}
