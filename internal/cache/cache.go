// Package cache opens files and folders that can be made again: what is damaged
// is put aside, under the same name with the suffix .damaged, and the cache
// begins with what could be saved, or empty. A program that does not start for
// the sake of a cache would be worse off than without one. The package starts no
// goroutines besides those of goleveldb, which end with the database.
package cache

import (
	"fmt"
	"os"

	"statusd/fault"
	"statusd/internal/atomicfile"
)

// Suffix is what PutAside adds to a name.
const Suffix = ".damaged"

// ErrInUse is returned for a cache that another process has open.
var ErrInUse = fault.New(fault.InUse, "in use by another process", "")

// Damage says that a cache could not be used as it was. The cache works.
type Damage struct {
	Path  string
	Aside string // where what was there is now; empty: it was mended in place, or could not be moved
	Kept  bool   // what could be read of it is in the new cache
	Err   error  // what was wrong
}

// Error implements error.
func (d *Damage) Error() string {
	text := fmt.Sprintf("cache %s is damaged: %v", d.Path, d.Err)
	if d.Aside != "" {
		text += "; it was moved to " + d.Aside
	}
	return text
}

// Unwrap returns what was wrong.
func (d *Damage) Unwrap() error { return d.Err }

// PutAside moves a file or folder out of the way, over one that was moved
// before, and returns its new name.
func PutAside(path string) (aside string, err error) {
	aside = path + Suffix
	if err := os.RemoveAll(aside); err != nil {
		return "", err
	}
	if err := atomicfile.Rename(path, aside); err != nil {
		return "", err
	}
	return aside, nil
}
