package leveldb

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/storage"
	"github.com/syndtr/goleveldb/leveldb/table"

	"statusd/internal/atomicfile"
	"statusd/mailserver"
)

// Files of this package beside those of the engine.
const (
	markerName = "DAMAGED" // why the archive may not be opened
	tablesName = "TABLES"  // tables that this program wrote
)

// recordEvery is how often the tables are noted while the archive is in use:
// after a crash only those written since have to be read.
const recordEvery = 5 * time.Minute

// checkMarker refuses an archive that was found damaged while it was in use.
func checkMarker(dir string) error {
	raw, err := os.ReadFile(filepath.Join(dir, markerName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open archive: %w", err)
	}
	return fmt.Errorf("open %s: %w: %s", dir, mailserver.ErrCorrupted, strings.TrimSpace(string(raw)))
}

// checkManifest refuses an archive whose list of tables is damaged. The engine
// leaves out what it cannot read of it, and removes tables that it then does not
// know. What a crash left half written at the end is no damage.
func checkManifest(dir string) error {
	current, err := os.ReadFile(filepath.Join(dir, "CURRENT"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a new archive, or the engine tells
	}
	if err != nil {
		return err
	}
	name := strings.TrimSpace(string(current))
	if !strings.HasPrefix(name, "MANIFEST-") || strings.ContainsRune(name, filepath.Separator) {
		return nil // the engine tells
	}
	raw, err := readJournal(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if hit := damaged(raw, readBatches(raw)); len(hit) > 0 {
		return fmt.Errorf("%w: list of tables %s, from byte %d on", mailserver.ErrCorrupted, name, hit[0].from)
	}
	return nil
}

func writeMarker(dir string, reason error) error {
	return atomicfile.Write(filepath.Join(dir, markerName), []byte(reason.Error()+"\n"), 0o600)
}

// tableState identifies the content of a table file: tables never change once
// they are written, so size and time tell whether somebody else wrote to one.
type tableState struct {
	name    string
	size    int64
	modTime int64
}

func (s tableState) String() string { return fmt.Sprintf("%s %d %d", s.name, s.size, s.modTime) }

func listTables(dir string) ([]tableState, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []tableState
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); ext != ".ldb" && ext != ".sst" {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // the engine removes tables at any time
		}
		if err != nil {
			return nil, err
		}
		out = append(out, tableState{e.Name(), info.Size(), info.ModTime().UnixNano()})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].name < out[j].name })
	return out, nil
}

// recordTables notes the tables as they are. One that is being written will
// look different later and be read at the next start.
func recordTables(dir string) error {
	tables, err := listTables(dir)
	if err != nil {
		return fmt.Errorf("record tables: %w", err)
	}
	var b strings.Builder
	for _, t := range tables {
		fmt.Fprintln(&b, t)
	}
	if err := atomicfile.Write(filepath.Join(dir, tablesName), []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("record tables: %w", err)
	}
	return nil
}

// changedTables returns the tables that are not as they were noted. After a
// clean close that is none; after a crash those of the last minutes.
func changedTables(dir string) ([]tableState, error) {
	tables, err := listTables(dir)
	if err != nil {
		return nil, err
	}
	sound := soundTables(dir)
	return slices.DeleteFunc(tables, func(t tableState) bool { return sound[t.String()] }), nil
}

// verifyTables reads tables from end to end. It runs when the engine has
// opened the database and removed the tables that a crash left unfinished. The
// engine works meanwhile, and gives the numbers of those to new tables: what
// is not the file it was before is not looked at.
func verifyTables(dir string, tables []tableState) error {
	for _, t := range tables {
		if !t.unchanged(dir) {
			continue
		}
		if err := verifyTable(dir, t); err != nil && t.unchanged(dir) {
			return err
		}
	}
	return nil
}

// unchanged reports whether the file is there as it was.
func (s tableState) unchanged(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, s.name))
	return err == nil && info.Size() == s.size && info.ModTime().UnixNano() == s.modTime
}

// soundTables returns the tables that were noted. Where there is no telling,
// because the note is missing or cannot be read, all tables are checked.
func soundTables(dir string) map[string]bool {
	f, err := os.Open(filepath.Join(dir, tablesName))
	if err != nil {
		return nil
	}
	defer f.Close()
	sound := make(map[string]bool)
	scanner := bufio.NewScanner(f)
	for scanner.Scan() {
		sound[scanner.Text()] = true
	}
	return sound
}

// verifyTable reads one table and checks the checksum of every block.
func verifyTable(dir string, t tableState) error {
	f, err := os.Open(filepath.Join(dir, t.name))
	if err != nil {
		return err
	}
	defer f.Close()
	damaged := func(err error) error {
		return fmt.Errorf("%w: table %s: %w", mailserver.ErrCorrupted, t.name, err)
	}
	o := &opt.Options{Strict: opt.StrictAll}
	r, err := table.NewReader(f, t.size, storage.FileDesc{Type: storage.TypeTable}, nil, nil, o)
	if err != nil {
		return damaged(err)
	}
	defer r.Release()
	iter := r.NewIterator(nil, &opt.ReadOptions{DontFillCache: true})
	defer iter.Release()
	for iter.Next() {
	}
	if err := iter.Error(); err != nil {
		return damaged(err)
	}
	return nil
}
