// Package storetest makes databases for the tests of other packages.
package storetest

import (
	"context"
	"os"
	"path/filepath"
	"sync"

	"statusd/accounts/secret"
	"statusd/internal/store"
)

// made are the databases that Fresh copies, by key.
var made = struct {
	sync.Mutex

	files map[string][]byte
}{files: make(map[string][]byte)}

// Fresh puts an empty database with all its tables at a path, unless something
// is there: what store.Open makes of nothing. It makes one for each key and
// copies it from then on, since the tables take half a second under the race
// detector, and tests make hundreds of databases.
func Fresh(path string, key secret.Bytes) error {
	if _, err := os.Lstat(path); err == nil {
		return nil
	}
	raw, err := empty(key)
	if err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o600)
}

// empty is the content of an empty database.
func empty(key secret.Bytes) ([]byte, error) {
	made.Lock()
	defer made.Unlock()
	name := string(key.Reveal())
	if raw, ok := made.files[name]; ok {
		return raw, nil
	}
	dir, err := os.MkdirTemp("", "storetest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "client.db")
	db, err := store.Open(context.Background(), store.Config{Path: path, Key: secret.New(key.Reveal()), Create: true})
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil { // which brings the write-ahead log into the file
		return nil, err
	}
	raw, err := os.ReadFile(path)
	if err == nil {
		made.files[name] = raw
	}
	return raw, err
}
