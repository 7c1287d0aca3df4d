package leveldb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/syndtr/goleveldb/leveldb"
	lderrors "github.com/syndtr/goleveldb/leveldb/errors"
	"github.com/syndtr/goleveldb/leveldb/filter"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/storage"
	"go.uber.org/zap"

	"statusd/fault"
	"statusd/mailserver"
	"statusd/mailserver/topicindex"
	"statusd/waku/wire"
)

// schemaVersion is the layout that this package writes.
const schemaVersion = 1

// DefaultMinFree is the free disk space below which nothing is stored.
const DefaultMinFree = 256 << 20

// Errors of opening.
var (
	ErrLocked  = fault.New(fault.InUse, "archive is in use by another process", "stop the daemon first")
	ErrForeign = fault.New(fault.Config, "directory holds another kind of database", "")
	ErrSchema  = fault.New(fault.NewerData, "archive was written by a newer version", "use a newer statusd")
)

// Options tune an archive. The zero value is a good choice.
type Options struct {
	Logger  *zap.Logger // nil: nothing is logged
	MinFree uint64      // bytes; Put refuses when less is free; 0: DefaultMinFree
	Cache   int         // bytes of cached table indexes; 0: 64 MiB

	writeBuffer int                                   // bytes in memory before a table is written; tests make it small
	wrap        func(storage.Storage) storage.Storage // puts the faults of a test into the files of the engine
}

// Archive is a mailserver.Archive in one directory.
type Archive struct {
	dir    string
	o      Options
	log    *zap.Logger
	free   func(dir string) (uint64, error)
	min    uint64
	topics directory
	damage atomic.Bool // found while in use

	// use is held for reading while the engine is used without mu, and for
	// writing, together with mu, while it is closed and opened again.
	use  sync.RWMutex
	db   *leveldb.DB     // nil: it could not be opened again
	stor storage.Storage // of db
	lost mailserver.Damage

	open map[*scan]struct{} // walks in progress
	reg  sync.Mutex         // guards open

	mu     sync.Mutex // serialises batches: a change is computed, written and applied
	closed bool
	broken error     // what went wrong with a write: the engine has to be opened again
	tried  time.Time // when that was tried last
	noted  time.Time // when the tables were recorded
	tail   []byte    // keys from here on have been pruned; nil: none known
	pruned struct{ rows, bytes, index int64 }
}

var _ mailserver.Archive = (*Archive)(nil)

// Open opens or creates the archive in dir. It refuses a damaged one with
// mailserver.ErrCorrupted; Repair makes such an archive usable again.
func Open(dir string, o Options) (*Archive, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create archive directory: %w", err)
	}
	a := &Archive{dir: dir, o: o, log: o.Logger, free: freeBytes, min: o.MinFree, open: make(map[*scan]struct{})}
	if a.log == nil {
		a.log = zap.NewNop()
	}
	if a.min == 0 {
		a.min = DefaultMinFree
	}
	if err := checkMarker(dir); err != nil {
		return nil, err
	}
	start := time.Now()
	suspect, err := changedTables(dir)
	if err != nil {
		return nil, a.openError(err)
	}
	if err := a.start(suspect); err != nil {
		return nil, a.openError(err)
	}
	stats := a.topics.stats()
	a.log.Info("archive opened", zap.Duration("took", time.Since(start)),
		zap.Int64("envelopes", stats.Envelopes), zap.Int("topics", stats.Topics))
	return a, nil
}

// options are the settings of the engine. Envelopes are ciphertext, so nothing
// is compressed. The write buffer is small enough to be replayed fast on open.
// Blocks are larger than usual: what has to be cached to find an envelope with
// one read is the index of the tables, one entry for each block, and it must
// fit into the cache for archives of many gigabytes.
func options(o Options) *opt.Options {
	cache, buffer := o.Cache, o.writeBuffer
	if cache == 0 {
		cache = 64 * opt.MiB
	}
	if buffer == 0 {
		buffer = 16 * opt.MiB
	}
	return &opt.Options{
		Strict:                 opt.DefaultStrict,
		Compression:            opt.NoCompression,
		Filter:                 filter.NewBloomFilter(10),
		BlockCacheCapacity:     cache,
		WriteBuffer:            buffer,
		BlockSize:              16 * opt.KiB,
		CompactionTableSize:    buffer,
		CompactionTotalSize:    64 * opt.MiB,
		DisableSeeksCompaction: true,
		// A large batch goes through the journal like the others: a transaction
		// of the engine that fails keeps its lock.
		DisableLargeBatchTransaction: true,
		OpenFilesCacheCapacity:       800,
	}
}

// openError says in words what is wrong and what to do.
func (a *Archive) openError(err error) error {
	switch {
	case errors.Is(err, mailserver.ErrCorrupted), errors.Is(err, ErrForeign), errors.Is(err, ErrSchema):
		return fmt.Errorf("open %s: %w", a.dir, err)
	case lderrors.IsCorrupted(err):
		return fmt.Errorf("open %s: %w: %w", a.dir, mailserver.ErrCorrupted, err)
	case errors.Is(err, storage.ErrLocked), errors.Is(err, syscall.EAGAIN):
		return fmt.Errorf("open %s: %w", a.dir, ErrLocked)
	}
	return fmt.Errorf("open archive %s: %w", a.dir, err)
}

// load reads schema, counters and directory.
func (a *Archive) load() error {
	version, err := a.db.Get([]byte(keySchema), nil)
	if errors.Is(err, leveldb.ErrNotFound) {
		return a.create()
	}
	if err != nil {
		return err
	}
	if len(version) != 1 || version[0] > schemaVersion {
		return fmt.Errorf("%w (schema %x, this program knows %d)", ErrSchema, version, schemaVersion)
	}
	var loaded counters
	raw, err := a.db.Get([]byte(keyCounters), nil)
	if err != nil && !errors.Is(err, leveldb.ErrNotFound) {
		return err
	}
	if err == nil {
		totals, ok := parseCounters(raw)
		if !ok {
			return fmt.Errorf("%w: counters: %w", mailserver.ErrCorrupted, errRecord)
		}
		loaded = totals
	}
	topics := new(topicindex.Index[topicInfo])
	iter := a.db.NewIterator(prefixRange(prefixTopic), nil)
	defer iter.Release()
	for iter.Next() {
		info, ok := parseTopicInfo(iter.Value())
		if !ok || len(iter.Key()) != topicKeyLength {
			return fmt.Errorf("%w: topic directory: %w", mailserver.ErrCorrupted, errRecord)
		}
		topics.Set(wire.Topic(iter.Key()[1:]), info)
	}
	if err := iter.Error(); err != nil {
		return err
	}
	a.topics.replace(topics, loaded)
	return nil
}

// create marks an empty database as an archive.
func (a *Archive) create() error {
	iter := a.db.NewIterator(nil, nil)
	defer iter.Release()
	if iter.First() {
		key := iter.Key()
		if len(key) == 36 || len(key) == 40 {
			return fmt.Errorf("%w: it looks like an archive of status-go; "+
				"convert it with: statusd mailserver import --from DIR", ErrForeign)
		}
		return ErrForeign
	}
	if err := iter.Error(); err != nil {
		return err
	}
	return a.db.Put([]byte(keySchema), []byte{schemaVersion}, &opt.WriteOptions{Sync: true})
}

// Stats implements mailserver.Archive. Once damage has been found, it reports
// that too.
func (a *Archive) Stats(context.Context) (mailserver.Stats, error) {
	a.use.RLock()
	s := a.topics.stats()
	if lost := a.lost; lost != (mailserver.Damage{}) {
		s.Damage = &lost
	}
	a.use.RUnlock()
	err := filepath.WalkDir(a.dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return ignoreMissing(err)
		}
		info, err := d.Info()
		if err != nil {
			return ignoreMissing(err)
		}
		s.DiskBytes += info.Size()
		return nil
	})
	if a.damage.Load() {
		err = fmt.Errorf("read archive counters: %w", mailserver.ErrCorrupted)
	}
	return s, err
}

// ignoreMissing drops the error of a file that went while it was looked at.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// fail turns an error of the engine into one of the archive's. Damage is
// remembered on disk, so that the next Open refuses until it is repaired.
func (a *Archive) fail(doing string, err error) error {
	switch {
	case errors.Is(err, leveldb.ErrClosed):
		return fmt.Errorf("%s: %w", doing, mailserver.ErrClosed)
	case lderrors.IsCorrupted(err), errors.Is(err, errRecord):
		a.damage.Store(true)
		if markErr := writeMarker(a.dir, err); markErr != nil {
			a.log.Warn("damage not recorded", zap.Error(markErr))
		}
		return fmt.Errorf("%s: %w: %w", doing, mailserver.ErrCorrupted, err)
	}
	return fmt.Errorf("%s: %w: %w", doing, mailserver.ErrUnavailable, err)
}
