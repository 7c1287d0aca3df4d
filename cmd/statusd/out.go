package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"statusd/fault"
	"statusd/internal/atomicfile"
)

// toStdout is the path that stands for standard output.
const toStdout = "-"

// place is where a command writes a file that its user named: an existing file
// is replaced with --force only, and keeps its mode and owner then.
func (a *app) place(path string, perm fs.FileMode, replace bool) atomicfile.Place {
	return atomicfile.Place{Path: path, Perm: perm, Replace: replace, Waiting: func() {
		fmt.Fprintf(a.err, "statusd: %s is a pipe that nobody reads yet; waiting\n", path)
	}}
}

// keyPlace is a place of a key: what it replaces does not open it to others.
func (a *app) keyPlace(path string, replace bool) atomicfile.Place {
	p := a.place(path, 0o600, replace)
	p.Private = true
	return p
}

// checkOut refuses a place that cannot be written to, before there is something
// to write.
func checkOut(p atomicfile.Place) error {
	if p.Path == toStdout {
		return nil
	}
	return cannotCreate(p.Check())
}

// cannotCreate gives an error of making a file its kind, and the way out.
func cannotCreate(err error) error {
	var path *fs.PathError
	switch {
	case errors.Is(err, atomicfile.ErrNobodyReads):
		return err
	case errors.Is(err, fs.ErrExist) && errors.As(err, &path):
		err = &existsError{path.Path}
	case errors.Is(err, fs.ErrNotExist) && errors.As(err, &path):
		err = fault.WithHint(err, "make its folder first, or give another path")
	}
	return fail(fault.CannotCreate, err)
}

// existsError is a file that is in the way.
type existsError struct{ path string }

func (e *existsError) Error() string {
	return e.path + " exists; give --force to replace it, or another path"
}
func (e *existsError) Unwrap() error { return fs.ErrExist }

// writeFailed gives an error of writing what somebody asked for its code.
func writeFailed(err error) error {
	if errors.Is(err, atomicfile.ErrNobodyReads) || errors.Is(err, fs.ErrExist) {
		return cannotCreate(err)
	}
	return fail(fault.IO, err)
}

// writeOut writes what somebody asked for to a place, whole or not at all.
func (a *app) writeOut(ctx context.Context, p atomicfile.Place, data []byte) error {
	if p.Path == toStdout {
		_, err := a.out.Write(data)
		return fail(fault.IO, err)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	out, err := p.Create(ctx)
	if err != nil {
		return cannotCreate(err)
	}
	defer out.Abort()
	if _, err := out.Write(data); err != nil {
		return writeFailed(err)
	}
	return writeFailed(out.Commit())
}
