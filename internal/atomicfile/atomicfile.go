// Package atomicfile replaces files so that after a crash or a power cut a
// reader finds either the old content or the new one, never a mixture and
// never an empty file.
//
// A write goes to a hidden temporary file in the same folder, is synced,
// renamed over the target, and the folder is synced. A kill between those
// steps can leave a temporary file, which RemoveTemps clears; whoever calls it
// must be the only writer of the folder. The package starts no goroutines.
package atomicfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// tempMark is part of the name of every temporary file: "." + target +
// tempMark + random digits. The leading dot hides it from readers that list
// the folder, geth's key store among them.
const tempMark = ".tmp-"

// Write replaces the file at path with data and returns once both the content
// and the name are on disk. The file has exactly the mode perm.
func Write(path string, data []byte, perm fs.FileMode) (err error) {
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	f, err := os.CreateTemp(dir, "."+base+tempMark+"*")
	if err != nil {
		return fmt.Errorf("create temporary file: %w", err)
	}
	temp := f.Name()
	defer func() {
		if err != nil {
			_ = f.Close() // an error of a second Close says nothing new
			_ = os.Remove(temp)
		}
	}()
	if _, err = f.Write(data); err != nil {
		return fmt.Errorf("write %s: %w", base, err)
	}
	if err = f.Chmod(perm); err != nil {
		return fmt.Errorf("set mode of %s: %w", base, err)
	}
	if err = f.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", base, err)
	}
	if err = f.Close(); err != nil {
		return fmt.Errorf("close %s: %w", base, err)
	}
	return Rename(temp, path)
}

// Rename moves a file or folder within one file system, replacing a file at
// the target, and returns once the target's folder is synced.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("put %s in place: %w", filepath.Base(to), err)
	}
	return SyncDir(filepath.Dir(to))
}

// SyncDir makes the names in a folder durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync folder %s: %w", dir, err)
	}
	return nil
}

// RemoveTemps deletes what interrupted writes left in a folder. A folder that
// does not exist has none.
func RemoveTemps(dir string) error {
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list temporary files: %w", err)
	}
	for _, e := range entries {
		if !IsTemp(e.Name()) || !e.Type().IsRegular() {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("remove temporary file: %w", err)
		}
	}
	return nil
}

// IsTemp reports whether name is one that Write gives to a temporary file.
func IsTemp(name string) bool {
	return strings.HasPrefix(name, ".") && strings.Contains(name, tempMark)
}
