package leveldb

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/storage"
	"github.com/syndtr/goleveldb/leveldb/table"

	"statusd/internal/atomicfile"
	"statusd/mailserver"
	"statusd/waku/wire"
)

// RepairReport says what Repair found.
type RepairReport struct {
	Envelopes    int64 // sound envelopes, all kept
	Pruned       int64 // records of envelopes that had been pruned, left out
	Dropped      int64 // envelopes that do not hash to their key
	DamagedFiles int   // tables and journals with unreadable parts
}

// Folders beside the archive that a repair uses.
const (
	repairedSuffix = ".repaired" // the new archive while it is written
	damagedSuffix  = ".damaged"  // the old one, from then until the end
)

// Repair rebuilds a damaged archive: every readable part of every table and
// journal is searched for envelopes, and those that hash to their key go into
// a new archive that takes the place of the old. Envelopes in unreadable
// parts are lost. Pruned ones stay away, unless what says that they were pruned
// is lost too; then they come back until retention removes them again. It needs
// as much free disk space as the archive takes.
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
	// A link to another disk stays, and the new archive is made over there.
	dir, _, err := atomicfile.Resolve(dir)
	if err != nil {
		return RepairReport{}, err
	}
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
	s := &salvage{dir: dir, target: target, progress: progress}
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
	case "CURRENT", "CURRENT.bak", "LOCK", "LOG", "LOG.old", markerName, tablesName, salvageName:
		return true
	}
	ext := filepath.Ext(name)
	return strings.HasPrefix(name, "MANIFEST-") || strings.HasPrefix(name, "CURRENT.") ||
		ext == ".ldb" || ext == ".sst" || ext == ".log" || ext == ".tmp"
}

// salvage moves envelopes from files to a new archive.
type salvage struct {
	dir      string
	target   *Archive
	progress func(RepairReport)
	report   RepairReport
	removed  removals
	pending  []*wire.Envelope
	size     int
	bad      error // damage in the file being read
}

// visitor is shown what is sound in a file. Records that have a sequence number
// replace and remove those of their key with a smaller one.
type visitor struct {
	put  func(seq uint64, key, value []byte) error
	del  func(seq uint64, key []byte)
	lone func(env *wire.Envelope) error // found in a damaged batch, number unknown
}

// run reads everything twice: first what has been removed, then what is left.
func (s *salvage) run(ctx context.Context, source storage.Storage) error {
	files, err := source.List(storage.TypeTable | storage.TypeJournal)
	if err != nil {
		return err
	}
	s.removed.init()
	first := visitor{put: s.removed.put, del: s.removed.del, lone: func(*wire.Envelope) error { return nil }}
	second := visitor{
		put: func(seq uint64, key, value []byte) error { return s.add(ctx, seq, key, value) },
		del: func(uint64, []byte) {},
		lone: func(env *wire.Envelope) error {
			if s.removed.known(appendEnvelopeKey(nil, placeOf(mailserver.KeyOf(env)), env.Topic())) {
				s.report.Pruned++
				return nil
			}
			return s.keep(ctx, env)
		},
	}
	for _, v := range []visitor{first, second} {
		s.report.DamagedFiles = 0
		for _, fd := range files {
			if err := s.file(ctx, source, fd, v); err != nil {
				return err
			}
		}
		if err := s.kept(v); err != nil {
			return err
		}
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	stats, err := s.target.Stats(ctx)
	s.report.Envelopes = stats.Envelopes
	return err
}

// kept shows the damaged journals that a start has kept and not worked through:
// the engine may have removed them since.
func (s *salvage) kept(v visitor) error {
	names, err := notedJournals(s.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		raw, err := readJournal(filepath.Join(s.dir, filepath.Base(name)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := s.journal(bytes.NewReader(raw), v); err != nil {
			return err
		}
	}
	return nil
}

// file shows one file to a visitor.
func (s *salvage) file(ctx context.Context, source storage.Storage, fd storage.FileDesc, v visitor) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := source.Open(fd)
	if err != nil {
		return err
	}
	defer f.Close()
	s.bad = nil
	if fd.Type == storage.TypeTable {
		err = s.table(f, fd, v)
	} else {
		err = s.journal(f, v)
	}
	if s.bad != nil {
		s.report.DamagedFiles++
	}
	return err
}

// table reads the sound blocks of a table.
func (s *salvage) table(f storage.Reader, fd storage.FileDesc, v visitor) error {
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
		// The engine appends kind and sequence number to keys, in 8 bytes.
		key := iter.Key()
		n := len(key) - 8
		if n <= 0 {
			continue
		}
		number := binary.LittleEndian.Uint64(key[n:])
		if byte(number) == 0 {
			v.del(number>>8, key[:n])
		} else if err := v.put(number>>8, key[:n], iter.Value()); err != nil {
			return err
		}
	}
	if err := iter.Error(); err != nil {
		s.bad = err
	}
	return nil
}

// journal reads the batches of a journal, and what is left of damaged ones.
func (s *salvage) journal(f io.Reader, v visitor) (err error) {
	raw, err := io.ReadAll(f)
	if err != nil {
		s.bad = err // what the disk gives back is looked at
	}
	err = nil
	do := func(fn func() error) {
		if err == nil {
			err = fn()
		}
	}
	batches := readBatches(raw)
	if len(damaged(raw, batches)) > 0 {
		s.bad = errRecord
	}
	for _, b := range batches {
		if b.sound && b.records(func(seq uint64, key, value []byte) {
			do(func() error { return v.put(seq, key, value) })
		}, v.del) {
			continue
		}
		s.report.Dropped += b.rescue(func(env *wire.Envelope) {
			do(func() error { return v.lone(env) })
		})
	}
	return err
}

// add keeps a record if it is an envelope that hashes to its key and was not
// pruned.
func (s *salvage) add(ctx context.Context, seq uint64, key, value []byte) error {
	p, _, ok := parseEnvelopeKey(key)
	if !ok {
		return nil
	}
	if s.removed.has(seq, key, p.created()) {
		s.report.Pruned++
		return nil
	}
	env, ok := soundEnvelope(key, value)
	if !ok {
		s.report.Dropped++
		return nil
	}
	return s.keep(ctx, env)
}

func (s *salvage) keep(ctx context.Context, env *wire.Envelope) error {
	s.pending, s.size = append(s.pending, env), s.size+len(env.RLP())
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

// removals knows what has been pruned: by the records of the removing, and,
// where the engine has dropped those together with what they removed, by the
// latest counters, which say from when the oldest envelope was.
type removals struct {
	seed     maphash.Seed
	numbers  map[uint64]uint64 // hash of the key: the latest removal
	counters counters
	counted  uint64 // number of the record of the counters
}

func (r *removals) init() { r.seed, r.numbers = maphash.MakeSeed(), make(map[uint64]uint64) }

func (r *removals) put(seq uint64, key, value []byte) error {
	if string(key) == keyCounters && seq >= r.counted {
		if c, ok := parseCounters(value); ok {
			r.counters, r.counted = c, seq
		}
	}
	return nil
}

func (r *removals) del(seq uint64, key []byte) {
	if _, _, ok := parseEnvelopeKey(key); ok {
		hash := maphash.Bytes(r.seed, key)
		r.numbers[hash] = max(seq, r.numbers[hash])
	}
}

// known reports whether a key was removed at any time.
func (r *removals) known(key []byte) bool {
	_, known := r.numbers[maphash.Bytes(r.seed, key)]
	return known
}

// has reports whether an envelope with that number and time was removed later.
func (r *removals) has(seq uint64, key []byte, created uint32) bool {
	if r.numbers[maphash.Bytes(r.seed, key)] > seq {
		return true
	}
	return seq < r.counted && (r.counters.envelopes == 0 || created < r.counters.oldest)
}
