package fault

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"syscall"
)

// Of finds the kind of an error and what to do about it, "" if nobody says.
// The outermost Error of its chain that has a kind says which, and the
// outermost that has a hint says what to do: it knows best what was tried. A
// disk that is full or fails outranks them, since nothing else helps then. An
// error that nobody has declared has the kind that the system gives it, and
// Failed if that says nothing. The kind of nil is "".
func Of(err error) (kind Kind, hint string) {
	if err == nil {
		return "", ""
	}
	var disk Error
	walk(err, func(e *Error) {
		kind, hint = cmp.Or(kind, e.Kind), cmp.Or(hint, e.Hint)
		if disk.Kind == "" && (e.Kind == DiskFull || e.Kind == IO) {
			disk = *e
		}
	})
	if broken := find(err, diskErrors()); broken.Kind != "" && disk.Kind != DiskFull {
		disk = Error{Kind: broken.Kind, Hint: cmp.Or(disk.Hint, broken.Hint)}
	}
	if disk.Kind != "" {
		kind, hint = disk.Kind, cmp.Or(disk.Hint, hint)
	}
	other := find(err, otherErrors())
	kind = cmp.Or(kind, other.Kind, Failed)
	if other.Kind == kind {
		hint = cmp.Or(hint, other.Hint)
	}
	return kind, hint
}

// Undeclared tells whether nobody gave an error a kind, so that its text may
// not say what it is about.
func Undeclared(err error) bool {
	declared := false
	walk(err, func(e *Error) { declared = declared || e.Kind != "" })
	return !declared
}

// walk visits the Errors of a chain, the outer ones first.
func walk(err error, visit func(*Error)) {
	if e, ok := err.(*Error); ok { //nolint:errorlint // the chain is walked here
		visit(e)
	}
	switch e := err.(type) { //nolint:errorlint // the chain is walked here
	case interface{ Unwrap() error }:
		if next := e.Unwrap(); next != nil {
			walk(next, visit)
		}
	case interface{ Unwrap() []error }:
		for _, next := range e.Unwrap() {
			walk(next, visit)
		}
	}
}

// class are errors of the system that mean the same.
type class struct {
	errors []error
	means  Error
}

// find returns what the first class that fits means, else nothing.
func find(err error, classes []class) Error {
	for _, c := range classes {
		if slices.ContainsFunc(c.errors, func(target error) bool { return errors.Is(err, target) }) {
			return c.means
		}
	}
	return Error{}
}

const lookAtDisk = "look at the disk, and at the permissions there"

// diskErrors are those after which nothing works before the disk does.
func diskErrors() []class {
	return []class{
		{[]error{syscall.ENOSPC, syscall.EDQUOT}, Error{Kind: DiskFull, Hint: "make room on the disk, then try again"}},
		{[]error{syscall.EIO, syscall.EROFS}, Error{Kind: IO, Hint: lookAtDisk}},
	}
}

// otherErrors have a kind if nobody gave them one.
func otherErrors() []class {
	return []class{
		{[]error{syscall.EISDIR, syscall.ENOTDIR, syscall.ELOOP}, Error{Kind: IO, Hint: lookAtDisk}},
		{[]error{context.DeadlineExceeded}, Error{Kind: Timeout}},
		{[]error{fs.ErrPermission}, Error{Kind: Permission}},
		{[]error{fs.ErrNotExist}, Error{Kind: NoInput}},
	}
}
