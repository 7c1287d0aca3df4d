package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"statusd/fault"
)

// hintPath is what to do about a place that is not written to.
const hintPath = "give another path"

// What is not replaced.
var (
	ErrSpecial     = fault.New(fault.CannotCreate, "is no regular file and is not replaced", hintPath)
	ErrForeignLink = fault.New(fault.CannotCreate, "is a symbolic link of another user, which is not followed",
		hintPath)
)

// maxLinks bounds a chain of symbolic links, as the kernel does.
const maxLinks = 40

// Resolve follows symbolic links at path and returns where they lead and what
// is there, nil for nothing: also the target of a link that leads nowhere is
// found. Links below /proc stand for open files and are not followed. Errors:
// ErrForeignLink.
func Resolve(path string) (target string, info fs.FileInfo, err error) {
	for range maxLinks {
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return path, nil, nil
		case err != nil:
			return "", nil, err
		case info.Mode()&fs.ModeSymlink == 0:
			return path, info, nil
		case !ours(info):
			return "", nil, fmt.Errorf("%s %w", path, ErrForeignLink)
		}
		if isOpenFile(path) {
			info, err := os.Stat(path)
			return path, info, err
		}
		if path, err = follow(path); err != nil {
			return "", nil, err
		}
	}
	return "", nil, &fs.PathError{Op: "follow", Path: path, Err: syscall.ELOOP}
}

// follow returns where one link leads.
func follow(path string) (string, error) {
	dest, err := os.Readlink(path)
	if err != nil || filepath.IsAbs(dest) {
		return dest, err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path)) // ".." is meant from there
	return filepath.Join(dir, dest), err
}

// ours reports whether a file belongs to us or to root: also to who owns "/",
// for in a container root's files can have another number.
func ours(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Uid == 0 || int64(stat.Uid) == int64(os.Geteuid()) {
		return ok
	}
	var top syscall.Stat_t
	return syscall.Stat("/", &top) == nil && stat.Uid == top.Uid
}

// checkFolders refuses a path that leads through a link of another user.
func checkFolders(path string) error {
	at := "/"
	if !filepath.IsAbs(path) {
		dir, err := os.Getwd() // without links
		if err != nil {
			return err
		}
		at = dir
	}
	rest := strings.Split(path, "/")
	for links := 0; len(rest) > 1; {
		part := rest[0]
		rest = rest[1:]
		next := filepath.Join(at, part) // at has no links, so ".." is its parent
		info, err := os.Lstat(next)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // whoever makes a file there says so
		case err != nil:
			return err
		case info.Mode()&fs.ModeSymlink == 0:
			at = next
			continue
		case !ours(info):
			return fmt.Errorf("%s %w", next, ErrForeignLink)
		}
		if links++; links > maxLinks {
			return &fs.PathError{Op: "follow", Path: path, Err: syscall.ELOOP}
		}
		dest, err := os.Readlink(next)
		if err != nil {
			return err
		}
		if filepath.IsAbs(dest) {
			at = "/"
		}
		rest = append(strings.Split(dest, "/"), rest...)
	}
	return nil
}

// isOpenFile reports whether path is one of those that stand for open files,
// like /dev/stdout: there is no name to replace.
func isOpenFile(path string) bool {
	abs, err := filepath.Abs(path)
	return err == nil && strings.HasPrefix(abs, "/proc/")
}

// IsStream reports whether an Output at path would write into what is there: a
// device, a pipe, an open file.
func IsStream(path string) bool {
	target, info, err := Resolve(path)
	return err == nil && info != nil && isStream(target, info)
}

func isStream(target string, info fs.FileInfo) bool {
	return info.Mode()&(fs.ModeDevice|fs.ModeNamedPipe) != 0 || info.Mode().IsRegular() && isOpenFile(target)
}

// replaceable returns where to put a file or folder that belongs at path, and
// what is there.
func replaceable(path string) (string, fs.FileInfo, error) {
	target, info, err := Resolve(path)
	if err != nil {
		return "", nil, err
	}
	if info != nil && (!info.Mode().IsRegular() && !info.IsDir() || isOpenFile(target)) {
		return "", nil, special(path, info)
	}
	return target, info, nil
}

func special(path string, info fs.FileInfo) error {
	kind := "a special file"
	switch mode := info.Mode(); {
	case mode.IsDir():
		kind = "a folder"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	}
	return fmt.Errorf("%s: %s %w", path, kind, ErrSpecial)
}
