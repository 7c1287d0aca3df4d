package leveldb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/journal"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/storage"
	"github.com/syndtr/goleveldb/leveldb/table"

	"statusd/mailserver"
	"statusd/waku/wire"
)

// RepairReport says what Repair found.
type RepairReport struct {
	Envelopes    int64 // sound envelopes, all kept
	Dropped      int64 // envelopes that do not hash to their key
	DamagedFiles int   // tables and journals with unreadable parts
}

// Folders beside the archive that a repair uses.
const (
	repairedSuffix = ".repaired" // the new archive while it is written
	damagedSuffix  = ".damaged"  // the old one, from then until the end
)

// Repair rebuilds a damaged archive: every readable block of every table and
// journal is searched for envelopes, and those that hash to their key go into
// a new archive that takes the place of the old. Envelopes in unreadable
// blocks are lost; already pruned ones may come back until retention removes
// them again. It needs as much free disk space as the archive takes.
//
// The archive must be closed. progress, which may be nil, is called now and
// then. A Repair that was interrupted can be run again.
func Repair(ctx context.Context, dir string, o Options, progress func(RepairReport)) (RepairReport, error) {
	report, err := repair(ctx, dir, o, progress)
	if err != nil {
		err = fmt.Errorf("repair archive %s: %w", dir, err)
	}
	return report, err
}

func repair(ctx context.Context, dir string, o Options, progress func(RepairReport)) (RepairReport, error) {
	fresh, old := dir+repairedSuffix, dir+damagedSuffix
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		// Interrupted between the two renames below.
		if err := os.Rename(old, dir); err != nil {
			return RepairReport{}, err
		}
	}
	// What an interrupted swap had taken along goes back.
	if err := takeAlong(fresh, dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return RepairReport{}, err
	}
	if err := os.RemoveAll(fresh); err != nil {
		return RepairReport{}, err
	}
	source, err := storage.OpenFile(dir, false)
	if err != nil {
		return RepairReport{}, (&Archive{dir: dir}).openError(err)
	}
	defer source.Close()
	target, err := Open(fresh, o)
	if err != nil {
		return RepairReport{}, err
	}
	defer target.Close()
	s := &salvage{target: target, progress: progress}
	if err := s.run(ctx, source); err != nil {
		return s.report, err
	}
	if err := errors.Join(target.Close(), source.Close()); err != nil {
		return s.report, err
	}
	return s.report, swap(dir, fresh, old)
}

// swap puts the new archive in the place of the old one. Files in the folder
// that are not of the engine are taken along.
func swap(dir, fresh, old string) error {
	if err := os.RemoveAll(old); err != nil {
		return err
	}
	if err := takeAlong(dir, fresh); err != nil {
		return err
	}
	if err := os.Rename(dir, old); err != nil {
		return err
	}
	if err := os.Rename(fresh, dir); err != nil {
		return err
	}
	return os.RemoveAll(old)
}

// takeAlong moves the files that are not of the engine.
func takeAlong(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !engineFile(e.Name()) {
			if err := os.Rename(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// engineFile reports whether a file belongs to the database.
func engineFile(name string) bool {
	switch name {
	case "CURRENT", "CURRENT.bak", "LOCK", "LOG", "LOG.old", markerName, tablesName:
		return true
	}
	ext := filepath.Ext(name)
	return strings.HasPrefix(name, "MANIFEST-") || strings.HasPrefix(name, "CURRENT.") ||
		ext == ".ldb" || ext == ".sst" || ext == ".log" || ext == ".tmp"
}

// salvage moves envelopes from files to a new archive.
type salvage struct {
	target   *Archive
	progress func(RepairReport)
	report   RepairReport
	pending  []*wire.Envelope
	size     int
	bad      error // damage in the file being read
}

func (s *salvage) run(ctx context.Context, source storage.Storage) error {
	files, err := source.List(storage.TypeTable | storage.TypeJournal)
	if err != nil {
		return err
	}
	for _, fd := range files {
		f, err := source.Open(fd)
		if err != nil {
			return err
		}
		s.bad = nil
		if fd.Type == storage.TypeTable {
			err = s.table(ctx, f, fd)
		} else {
			err = s.journal(ctx, f)
		}
		f.Close()
		if err != nil {
			return err
		}
		if s.bad != nil {
			s.report.DamagedFiles++
		}
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
	stats, err := s.target.Stats(ctx)
	s.report.Envelopes = stats.Envelopes
	return err
}

// table reads the sound blocks of a table.
func (s *salvage) table(ctx context.Context, f storage.Reader, fd storage.FileDesc) error {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	r, err := table.NewReader(f, size, fd, nil, nil, &opt.Options{Strict: opt.StrictBlockChecksum})
	if err != nil {
		s.bad = err
		return nil
	}
	defer r.Release()
	iter := r.NewIterator(nil, &opt.ReadOptions{DontFillCache: true})
	defer iter.Release()
	if cb, ok := iter.(interface{ SetErrorCallback(func(error)) }); ok {
		cb.SetErrorCallback(func(err error) { s.bad = err })
	}
	for iter.Next() {
		// The engine appends 7 bytes of sequence number and the kind to keys.
		key := iter.Key()
		if n := len(key) - 8; n > 0 && key[n] == 1 {
			if err := s.add(ctx, key[:n], iter.Value()); err != nil {
				return err
			}
		}
	}
	if err := iter.Error(); err != nil {
		s.bad = err
	}
	return nil
}

// journal reads the sound batches of a journal.
func (s *salvage) journal(ctx context.Context, f io.Reader) error {
	r := journal.NewReader(f, s, false, true)
	for {
		chunk, err := r.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				s.bad = err
			}
			return nil
		}
		raw, err := io.ReadAll(chunk)
		if err != nil {
			continue // a part of it was dropped
		}
		const header = 12 // sequence number and count
		var batch leveldb.Batch
		if len(raw) < header || batch.Load(raw[header:]) != nil {
			s.bad = errRecord
			continue
		}
		replay := &replay{ctx: ctx, s: s}
		if err := batch.Replay(replay); err != nil {
			s.bad = err
		}
		if replay.err != nil {
			return replay.err
		}
	}
}

// Drop implements journal.Dropper.
func (s *salvage) Drop(err error) { s.bad = err }

// replay takes the envelopes out of one batch.
type replay struct {
	ctx context.Context
	s   *salvage
	err error
}

func (r *replay) Put(key, value []byte) {
	if r.err == nil {
		r.err = r.s.add(r.ctx, key, value)
	}
}

func (r *replay) Delete([]byte) {}

// add keeps a record if it is an envelope that hashes to its key.
func (s *salvage) add(ctx context.Context, key, value []byte) error {
	p, topic, ok := parseEnvelopeKey(key)
	if !ok {
		return nil
	}
	env, err := wire.DecodeEnvelope(value)
	if err != nil || env.Topic() != topic || placeOf(mailserver.KeyOf(env)) != p {
		s.report.Dropped++
		return nil
	}
	s.pending, s.size = append(s.pending, env), s.size+len(value)
	if len(s.pending) < maxBatchRows && s.size < maxBatchBytes {
		return nil
	}
	return s.flush(ctx)
}

func (s *salvage) flush(ctx context.Context) error {
	added, err := s.target.Put(ctx, s.pending)
	s.report.Envelopes += int64(added)
	s.pending, s.size = s.pending[:0], 0
	if s.progress != nil {
		s.progress(s.report)
	}
	return err
}
