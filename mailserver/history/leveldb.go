package history

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/syndtr/goleveldb/leveldb"
	lderrors "github.com/syndtr/goleveldb/leveldb/errors"
	"github.com/syndtr/goleveldb/leveldb/opt"

	"statusd/internal/cache"
	"statusd/waku/wire"
)

// LevelDB is a Store in a directory of its own. Every write is synced.
//
//	'b' | key            JSON Bookmark
//	't' | topic(4)       JSON Spans
//	'r' | table | 0 | key   a record of that table
type LevelDB struct {
	db     *cache.DB
	damage *cache.Damage // found when it was opened; nil: none
}

var _ Store = (*LevelDB)(nil)

// OpenLevelDB opens or creates the store. One process at a time can have it;
// others get cache.ErrInUse. From a damaged one it saves what can be read: what
// is lost is fetched again. Damage tells of that.
func OpenLevelDB(dir string) (*LevelDB, error) {
	options := &opt.Options{WriteBuffer: 1 << 20, BlockCacheCapacity: 1 << 20, OpenFilesCacheCapacity: 16}
	db, damage, err := cache.OpenDB(dir, options)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	return &LevelDB{db, damage}, nil
}

// Damage returns what was wrong with the store when it was opened, nil for
// nothing.
func (l *LevelDB) Damage() *cache.Damage { return l.damage }

// Close releases the directory.
func (l *LevelDB) Close() error { return l.db.Close() }

var syncWrite = &opt.WriteOptions{Sync: true}

func topicKey(t wire.Topic) []byte  { return append([]byte{'t'}, t[:]...) }
func bookmarkKey(key string) []byte { return append([]byte{'b'}, key...) }

// read decodes a value into v and reports whether it was there. One that is
// damaged is not: it says no more than what need not be fetched again.
func (l *LevelDB) read(key []byte, v any) (bool, error) {
	raw, err := l.db.Get(key, nil)
	if errors.Is(err, leveldb.ErrNotFound) || lderrors.IsCorrupted(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return json.Unmarshal(raw, v) == nil, nil
}

// Spans implements Store.
func (l *LevelDB) Spans(t wire.Topic) (s Spans, err error) {
	if ok, err := l.read(topicKey(t), &s); err != nil || !ok {
		return nil, err
	}
	return s, nil
}

// SaveSpans implements Store.
func (l *LevelDB) SaveSpans(all map[wire.Topic]Spans, key string) error {
	batch := new(leveldb.Batch)
	for t, s := range all {
		raw, err := json.Marshal(s)
		if err != nil {
			return err
		}
		batch.Put(topicKey(t), raw)
	}
	if key != "" {
		batch.Delete(bookmarkKey(key))
	}
	return l.db.Write(batch, syncWrite)
}

// Resume implements Store.
func (l *LevelDB) Resume(key string) (*Bookmark, error) {
	b := new(Bookmark)
	if ok, err := l.read(bookmarkKey(key), b); err != nil || !ok {
		return nil, err
	}
	return b, nil
}

// SaveBookmark implements Store.
func (l *LevelDB) SaveBookmark(key string, b Bookmark) error {
	raw, err := json.Marshal(b)
	if err != nil {
		return err
	}
	return l.db.Put(bookmarkKey(key), raw, syncWrite)
}
