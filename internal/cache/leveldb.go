package cache

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/syndtr/goleveldb/leveldb"
	lderrors "github.com/syndtr/goleveldb/leveldb/errors"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/storage"
)

// errNotDir says that something else is where a database should be.
var errNotDir = errors.New("not a folder")

// surroundings are errors that making a cache anew would not cure, or that the
// operator has to see.
var surroundings = []error{
	os.ErrPermission, ErrInUse, syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EMFILE, syscall.ENFILE,
	syscall.ENOMEM,
}

func damaged(err error) bool {
	for _, other := range surroundings {
		if errors.Is(err, other) {
			return false
		}
	}
	return err != nil
}

// DB is an open database, and the storage that has to be closed after it.
type DB struct {
	*leveldb.DB
	stor storage.Storage
}

// Close releases the folder.
func (d *DB) Close() error { return errors.Join(d.DB.Close(), d.stor.Close()) }

// OpenDB opens or creates a database in a folder and reads all of it. From a
// damaged one it saves what can be read; if nothing can, it begins empty. damage
// tells of that and is nil otherwise. Errors name the folder: ErrInUse, and
// those of the system that a new database would have as well.
func OpenDB(dir string, o *opt.Options) (db *DB, damage *Damage, err error) {
	db, err = open(dir, o, leveldb.Open)
	if !damaged(err) {
		return db, nil, wrap(dir, err)
	}
	damage = &Damage{Path: dir, Err: err}
	if lderrors.IsCorrupted(err) {
		if db, err := open(dir, o, leveldb.Recover); err == nil {
			damage.Kept = true
			return db, damage, nil
		}
	}
	if damage.Aside, err = PutAside(dir); err != nil {
		return nil, nil, wrap(dir, errors.Join(damage.Err, err))
	}
	db, err = open(dir, o, leveldb.Open)
	if err != nil {
		return nil, nil, wrap(dir, err)
	}
	return db, damage, nil
}

// MendDB does the same to a database that somebody else opens next.
func MendDB(dir string) (*Damage, error) {
	db, damage, err := OpenDB(dir, nil)
	if err != nil {
		return nil, err
	}
	return damage, wrap(dir, db.Close())
}

func wrap(dir string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("database in %s: %w", dir, err)
}

// open opens a database in one of the engine's ways and reads every record, so
// that damage shows now and not in use.
func open(
	dir string, o *opt.Options, way func(storage.Storage, *opt.Options) (*leveldb.DB, error),
) (db *DB, err error) {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, errNotDir
	}
	stor, err := storage.OpenFile(dir, false)
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, storage.ErrLocked) {
		return nil, ErrInUse
	}
	if err != nil {
		return nil, err
	}
	inner, err := way(stor, o)
	if err != nil {
		return nil, errors.Join(err, stor.Close())
	}
	db = &DB{inner, stor}
	iter := db.NewIterator(nil, &opt.ReadOptions{DontFillCache: true, Strict: opt.StrictReader})
	for iter.Next() {
	}
	err = iter.Error()
	iter.Release()
	if err != nil {
		_ = db.Close() // err says more
		return nil, err
	}
	return db, nil
}
