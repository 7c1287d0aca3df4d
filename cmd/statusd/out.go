package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"statusd/internal/atomicfile"
)

// toStdout is the path that stands for standard output.
const toStdout = "-"

// checkOut refuses a path that cannot be written to, before there is something
// to write. A file is in the way unless it may be replaced; devices, pipes and
// open files are written into.
func checkOut(path string, replace bool) error {
	if path == toStdout || atomicfile.IsStream(path) {
		return nil
	}
	if _, err := os.Lstat(path); err == nil && !replace {
		return fail(exitCantCreate, fmt.Errorf("%s exists; give --force to replace it", path))
	}
	_, info, err := atomicfile.Resolve(path)
	if err == nil && info != nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s %w", path, atomicfile.ErrSpecial)
	}
	return cannotCreate(err)
}

// cannotCreate gives an error of making a file its code: a disk that is full
// or fails is another matter than a path that cannot be.
func cannotCreate(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EIO) {
		return fail(exitIO, err)
	}
	return fail(exitCantCreate, err)
}

// writeOut writes what somebody asked for to a path, whole or not at all.
func (a *app) writeOut(ctx context.Context, path string, data []byte, perm fs.FileMode, replace bool) error {
	if err := checkOut(path, replace); err != nil {
		return err
	}
	if path == toStdout {
		_, err := a.out.Write(data)
		return fail(exitIO, err)
	}
	if !replace && !atomicfile.IsStream(path) {
		return cannotCreate(atomicfile.New(path, data, perm))
	}
	out, err := atomicfile.Create(ctx, path, perm)
	if err != nil {
		return cannotCreate(err)
	}
	defer out.Abort()
	if _, err := out.Write(data); err != nil {
		return fail(exitIO, err)
	}
	return fail(exitIO, out.Commit())
}
