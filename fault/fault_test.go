package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"statusd/fault"
)

var (
	errTaken = fault.New(fault.InUse, "the place is taken", "take another one")
	errFull  = fault.New(fault.DiskFull, "full", "tidy up")
	errPlain = fault.New(fault.NotFound, "there is nothing", "")
)

func TestOf(t *testing.T) {
	path := func(err error) error { return &fs.PathError{Op: "open", Path: "/x", Err: err} }
	const look, room = "look at the disk, and at the permissions there", "make room on the disk, then try again"
	for name, c := range map[string]struct {
		err  error
		kind fault.Kind
		hint string
	}{
		"nil":                     {nil, "", ""},
		"undeclared":              {errors.New("x"), fault.Failed, ""},
		"declared":                {errTaken, fault.InUse, "take another one"},
		"with details":            {fmt.Errorf("%w: by ana", errTaken), fault.InUse, "take another one"},
		"the outer one":           {fmt.Errorf("%w: %w", errTaken, errPlain), fault.InUse, "take another one"},
		"the outer one, no hint":  {fmt.Errorf("%w: %w", errPlain, errTaken), fault.NotFound, "take another one"},
		"given another kind":      {fault.As(fault.Usage, errTaken), fault.Usage, "take another one"},
		"given another hint":      {fault.WithHint(errTaken, "wait"), fault.InUse, "wait"},
		"a hint for undeclared":   {fault.WithHint(errors.New("x"), "wait"), fault.Failed, "wait"},
		"full":                    {path(syscall.ENOSPC), fault.DiskFull, room},
		"quota":                   {path(syscall.EDQUOT), fault.DiskFull, room},
		"full below a kind":       {fmt.Errorf("%w: %w", errTaken, path(syscall.ENOSPC)), fault.DiskFull, room},
		"declared full":           {fault.As(fault.NotFound, errFull), fault.DiskFull, "tidy up"},
		"full, declared as I/O":   {fault.As(fault.IO, path(syscall.ENOSPC)), fault.DiskFull, room},
		"I/O":                     {path(syscall.EIO), fault.IO, look},
		"I/O below a kind":        {fault.As(fault.CannotCreate, path(syscall.EROFS)), fault.IO, look},
		"a folder":                {path(syscall.EISDIR), fault.IO, look},
		"a folder, declared":      {fault.As(fault.IO, path(syscall.EISDIR)), fault.IO, look},
		"a folder below a kind":   {fault.As(fault.CannotCreate, path(syscall.ENOTDIR)), fault.CannotCreate, ""},
		"time":                    {fmt.Errorf("wait: %w", context.DeadlineExceeded), fault.Timeout, ""},
		"time below a kind":       {fault.As(fault.NoMailserver, context.DeadlineExceeded), fault.NoMailserver, ""},
		"a permission":            {path(fs.ErrPermission), fault.Permission, ""},
		"missing":                 {path(syscall.ENOENT), fault.NoInput, ""},
		"joined":                  {errors.Join(errors.New("x"), errTaken), fault.InUse, "take another one"},
		"a cause without a chain": {&fault.Error{Text: "x"}, fault.Failed, ""},
	} {
		if kind, hint := fault.Of(c.err); kind != c.kind || hint != c.hint {
			t.Errorf("%s: %q, %q, want %q, %q", name, kind, hint, c.kind, c.hint)
		}
	}
}

func TestError(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{errTaken, "the place is taken"},
		{fmt.Errorf("%w: by ana", errTaken), "the place is taken: by ana"},
		{&fault.Error{Kind: fault.IO, Text: "cannot read", Cause: os.ErrClosed}, "cannot read: file already closed"},
		{fault.As(fault.IO, os.ErrClosed), "file already closed"},
		{fault.WithHint(errTaken, "wait"), "the place is taken"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	if err := fault.As(fault.IO, fmt.Errorf("x: %w", errTaken)); !errors.Is(err, errTaken) || errors.Is(err, errPlain) {
		t.Error("an error does not match its cause alone")
	}
	if fault.As(fault.IO, nil) != nil || fault.WithHint(nil, "x") != nil {
		t.Error("no error became one")
	}
}
