// Package atomicfile replaces files so that after a crash or a power cut a
// reader finds either the old content or the new one, never a mixture and
// never an empty file.
//
// A write goes to a hidden temporary file in the same folder, is synced,
// renamed over the target, and the folder is synced. A kill between those
// steps can leave a temporary file, which RemoveTemps clears; whoever calls it
// must be the only writer of the folder. The package starts no goroutines.
//
// Every function that puts a file in a place follows one rule. Only regular
// files are replaced. A symbolic link is followed, and what it leads to is
// replaced or made, the link stays; a link that belongs to neither us nor root
// (nor who owns "/") is refused, for somebody else chose where it leads. Devices
// and pipes are never replaced: an Output writes into them, everything else
// refuses them.
//
// Where a person names the path, a Place, more holds: links among its folders
// are judged like the last element, and what exists is replaced only when that
// is asked for; the new file then has the owner and the mode of the old one.
package atomicfile

import (
	"errors"
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
// and the name are on disk. The file has exactly the mode perm. Errors:
// ErrSpecial, ErrForeignLink.
func Write(path string, data []byte, perm fs.FileMode) error {
	target, info, err := replaceable(path)
	if err != nil {
		return err
	}
	if info != nil && info.IsDir() {
		return special(path, info)
	}
	temp, err := writeTemp(target, data, perm)
	if err != nil {
		return err
	}
	if err := put(temp, target); err != nil {
		_ = os.Remove(temp)
		return err
	}
	return nil
}

// New makes a file that must not exist, complete or not at all: of several that
// try, one succeeds. Nothing that is at path is touched, not even a link that
// leads nowhere. Errors: fs.ErrExist.
func New(path string, data []byte, perm fs.FileMode) error {
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	temp, err := writeTemp(path, data, perm)
	if err != nil {
		return err
	}
	if err := putNew(temp, path); err != nil {
		_ = os.Remove(temp)
		return err
	}
	return nil
}

// putNew moves a file to a name that must be free.
func putNew(from, to string) error {
	err := os.Link(from, to)
	switch {
	case err == nil:
		err = os.Remove(from)
	case !errors.Is(err, fs.ErrExist): // a file system without hard links: the name is taken first
		var f *os.File
		if f, err = os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
			err = errors.Join(f.Close(), os.Rename(from, to))
		}
	}
	if err != nil {
		return about("create", to, err)
	}
	return SyncDir(filepath.Dir(to))
}

// writeTemp writes a temporary file beside path and returns its name.
func writeTemp(path string, data []byte, perm fs.FileMode) (temp string, err error) {
	f, err := createTemp(path)
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			_ = f.Close() // an error of a second Close says nothing new
			_ = os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(data); err != nil {
		return "", about("write", path, err)
	}
	return f.Name(), settle(f, path, perm)
}

func createTemp(path string) (*os.File, error) {
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	f, err := os.CreateTemp(dir, "."+base+tempMark+"*")
	if err != nil {
		return nil, about("create", path, err)
	}
	return f, nil
}

// settle ends the writing of a temporary file.
func settle(f *os.File, path string, perm fs.FileMode) error {
	if err := f.Chmod(perm); err != nil {
		return about("set mode of", path, err)
	}
	if err := f.Sync(); err != nil {
		return about("sync", path, err)
	}
	if err := f.Close(); err != nil {
		return about("close", path, err)
	}
	return nil
}

// Rename moves a file or folder within one file system, replacing a regular
// file at the target, and returns once the target's folder is synced. Errors:
// ErrSpecial, ErrForeignLink.
func Rename(from, to string) error {
	target, _, err := replaceable(to)
	if err != nil {
		return err
	}
	return put(from, target)
}

// about names the path that was asked for in an error of the system that is
// about a temporary file.
func about(op, path string, err error) error {
	var onPath *fs.PathError
	var onLink *os.LinkError
	switch {
	case errors.As(err, &onPath):
		err = onPath.Err
	case errors.As(err, &onLink):
		err = onLink.Err
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}

func put(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return about("replace", to, err)
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
