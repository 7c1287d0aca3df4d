// Package statusgo reads the mail archives of status-go, so that an operator
// can take history along.
//
// Such an archive is a goleveldb directory with
//
//	created 4, big endian | envelope hash 32 | topic 4  ->  envelope RLP
//
// and, from older versions, keys without the topic. It is opened read-only and
// never changed; the program that wrote it must not run.
package statusgo

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/iterator"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/util"

	"statusd/fault"
	"statusd/internal/atomicfile"
	"statusd/mailserver"
	"statusd/waku/wire"
)

const (
	// keyLength is that of keys with a topic; older ones end before it.
	keyLength = wire.CursorLength + wire.TopicLength
	// batchRows and batchBytes bound what is stored at once.
	batchRows  = 2048
	batchBytes = 4 << 20
)

// Errors of Import.
var (
	ErrNoArchive = fault.New(fault.NoInput, "no archive of status-go in this directory", "")
	ErrInUse     = fault.New(fault.InUse, "archive is in use; stop the program that runs on it", "")
)

// Options tune an import. The zero value is a good choice.
type Options struct {
	// State is a file that remembers how far an import of this directory got,
	// so that it can be interrupted and run again. Empty: it starts anew, which
	// is safe too, since envelopes that are there already are skipped.
	State string
	// Progress, which may be nil, is called after each batch.
	Progress func(Report)
}

// Report says how far an import is.
type Report struct {
	Read    int64   // records of the source, in this run
	Added   int64   // envelopes that were new
	Invalid int64   // records that are no envelope of their key; skipped
	Share   float64 // done of the whole source, 0 to 1
	Resumed bool    // an earlier run was continued
}

// Import copies the archive in directory from.
func Import(ctx context.Context, from string, to mailserver.Archive, o Options) (Report, error) {
	db, err := open(from)
	if err != nil {
		return Report{}, fmt.Errorf("import %s: %w", from, err)
	}
	defer db.Close()
	im := &importer{db: db, to: to, o: o}
	if im.source, err = filepath.Abs(from); err != nil {
		return Report{}, err
	}
	if err := im.run(ctx); err != nil {
		return im.report, fmt.Errorf("import %s: %w", from, err)
	}
	return im.report, nil
}

func open(dir string) (*leveldb.DB, error) {
	if _, err := os.Stat(filepath.Join(dir, "CURRENT")); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, ErrNoArchive
		}
		return nil, err
	}
	db, err := leveldb.OpenFile(dir, &opt.Options{ReadOnly: true, ErrorIfMissing: true})
	if errors.Is(err, syscall.EAGAIN) {
		return nil, ErrInUse
	}
	if err != nil {
		return nil, err
	}
	iter := db.NewIterator(nil, nil)
	defer iter.Release()
	if iter.First() && len(iter.Key()) != keyLength && len(iter.Key()) != wire.CursorLength {
		db.Close()
		return nil, ErrNoArchive
	}
	return db, nil
}

// importer is the state of one run.
type importer struct {
	db      *leveldb.DB
	to      mailserver.Archive
	o       Options
	source  string
	report  Report
	total   int64 // bytes of the source
	pending []*wire.Envelope
	size    int
}

func (im *importer) run(ctx context.Context) error {
	start, err := im.loadState()
	if err != nil {
		return err
	}
	im.report.Resumed = start != nil
	sizes, err := im.db.SizeOf([]util.Range{{}})
	if err != nil {
		return err
	}
	im.total = sizes.Sum()
	iter := im.db.NewIterator(&util.Range{Start: start}, &opt.ReadOptions{DontFillCache: true})
	defer iter.Release()
	for iter.Next() {
		im.report.Read++
		env := decode(iter)
		if env == nil {
			im.report.Invalid++
			continue
		}
		im.pending, im.size = append(im.pending, env), im.size+len(env.RLP())
		if len(im.pending) >= batchRows || im.size >= batchBytes {
			if err := im.flush(ctx, iter.Key()); err != nil {
				return err
			}
		}
	}
	if err := iter.Error(); err != nil {
		return err
	}
	if err := im.flush(ctx, nil); err != nil {
		return err
	}
	im.report.Share = 1
	if im.o.Progress != nil {
		im.o.Progress(im.report)
	}
	if im.o.State != "" {
		if err := os.Remove(im.o.State); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// decode returns the envelope of a record if it is what the key says.
func decode(iter iterator.Iterator) *wire.Envelope {
	key, topic, ok := parseKey(iter.Key())
	if !ok {
		return nil
	}
	env, err := wire.DecodeEnvelope(iter.Value())
	if err != nil || mailserver.KeyOf(env) != key || topic != nil && *topic != env.Topic() {
		return nil
	}
	return env
}

// parseKey reads a key; the topic is nil in one of an older version.
func parseKey(raw []byte) (key mailserver.Key, topic *wire.Topic, ok bool) {
	switch len(raw) {
	case keyLength:
		t := wire.Topic(raw[wire.CursorLength:])
		topic = &t
	case wire.CursorLength:
	default:
		return key, nil, false
	}
	return mailserver.Key{Created: binary.BigEndian.Uint32(raw), Hash: wire.Hash(raw[4:])}, topic, true
}

// flush stores what is pending and remembers the last key.
func (im *importer) flush(ctx context.Context, last []byte) error {
	added, err := im.to.Put(ctx, im.pending)
	im.report.Added += int64(added)
	if err != nil {
		return err
	}
	im.pending, im.size = im.pending[:0], 0
	if last == nil {
		return nil
	}
	if err := im.saveState(last); err != nil {
		return err
	}
	if im.o.Progress == nil {
		return nil
	}
	if im.total > 0 {
		sizes, err := im.db.SizeOf([]util.Range{{Limit: last}})
		if err != nil {
			return err
		}
		im.report.Share = min(1, float64(sizes.Sum())/float64(im.total))
	}
	im.o.Progress(im.report)
	return nil
}

// state is the file that lets an import go on.
type state struct {
	Source string `json:"source"`
	Last   []byte `json:"last"` // key of the last record that is stored
}

// loadState returns the key to start at, nil for the beginning.
func (im *importer) loadState() ([]byte, error) {
	if im.o.State == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(im.o.State)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var s state
	if err := json.Unmarshal(raw, &s); err != nil || s.Source != im.source || len(s.Last) == 0 {
		return nil, nil // of another import: start anew
	}
	return append(s.Last, 0), nil
}

func (im *importer) saveState(last []byte) error {
	if im.o.State == "" {
		return nil
	}
	raw, err := json.Marshal(state{Source: im.source, Last: last})
	if err != nil {
		return err
	}
	return atomicfile.Write(im.o.State, raw, 0o600)
}
