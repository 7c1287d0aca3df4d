package history

import (
	"bytes"
	"fmt"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/util"

	"statusd/fault"
)

// ErrRecordName is returned for names that records cannot have.
var ErrRecordName = fault.New(fault.InvalidParams,
	"table or key of a record is empty, too long or has a zero byte", "")

// maxRecordName bounds table names and keys of records, in bytes.
const maxRecordName = 1024

// Record is an entry of a table: what callers keep beside the ledger, in their
// own encoding.
type Record struct {
	Key   string
	Value []byte
}

// recordKey is 'r' | table | 0 | key.
func recordKey(table, key string) ([]byte, error) {
	for _, name := range []string{table, key} {
		if name == "" || len(name) > maxRecordName || bytes.IndexByte([]byte(name), 0) >= 0 {
			return nil, ErrRecordName
		}
	}
	return append(tablePrefix(table), key...), nil
}

func tablePrefix(table string) []byte { return append(append([]byte{'r'}, table...), 0) }

// Records returns a table in the order of its keys.
func (l *LevelDB) Records(table string) ([]Record, error) {
	prefix := tablePrefix(table)
	it := l.db.NewIterator(util.BytesPrefix(prefix), nil)
	defer it.Release()
	var out []Record
	for it.Next() {
		out = append(out, Record{string(it.Key()[len(prefix):]), bytes.Clone(it.Value())})
	}
	if err := it.Error(); err != nil {
		return nil, fmt.Errorf("read table %s: %w", table, err)
	}
	return out, nil
}

// PutRecords writes records, over those that have the same key, all or none.
func (l *LevelDB) PutRecords(table string, records ...Record) error {
	batch := new(leveldb.Batch)
	for _, r := range records {
		key, err := recordKey(table, r.Key)
		if err != nil {
			return err
		}
		batch.Put(key, r.Value)
	}
	return l.writeRecords(table, batch)
}

// DeleteRecords removes records, all or none. Keys that are not there do not
// matter.
func (l *LevelDB) DeleteRecords(table string, keys ...string) error {
	batch := new(leveldb.Batch)
	for _, k := range keys {
		if key, err := recordKey(table, k); err == nil { // else it cannot be there
			batch.Delete(key)
		}
	}
	return l.writeRecords(table, batch)
}

func (l *LevelDB) writeRecords(table string, batch *leveldb.Batch) error {
	if batch.Len() == 0 {
		return nil
	}
	if err := l.db.Write(batch, syncWrite); err != nil {
		return fmt.Errorf("write table %s: %w", table, err)
	}
	return nil
}
