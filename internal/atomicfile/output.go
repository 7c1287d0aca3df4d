package atomicfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Output is what somebody asked to have written to a path. At a device, a pipe
// or an open file it is written there at once; anywhere else a file appears,
// or is replaced, when it is whole.
type Output struct {
	file   *os.File
	target string // "" for a stream
	perm   fs.FileMode
	done   bool
}

// Create begins an output. At a pipe it waits until somebody reads. The caller
// ends it with Commit or Abort. Errors: ErrSpecial for a folder or a socket,
// ErrForeignLink.
func Create(ctx context.Context, path string, perm fs.FileMode) (*Output, error) {
	target, info, err := Resolve(path)
	switch {
	case err != nil:
		return nil, err
	case info != nil && isStream(target, info):
		f, err := openStream(ctx, target)
		if err != nil {
			return nil, err
		}
		return &Output{file: f}, nil
	case info != nil && !info.Mode().IsRegular():
		return nil, special(path, info)
	}
	f, err := createTemp(target)
	if err != nil {
		return nil, err
	}
	return &Output{file: f, target: target, perm: perm}, nil
}

// pipePoll is how often a pipe is tried that nobody reads: the system has no
// way to wait for a reader that can be given up.
const pipePoll = 50 * time.Millisecond

func openStream(ctx context.Context, path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
		if !errors.Is(err, syscall.ENXIO) {
			return f, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: nobody reads: %w", path, ctx.Err())
		case <-time.After(pipePoll):
		}
	}
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) { return o.file.Write(p) }

// Folder is where the output has room, "" for a stream.
func (o *Output) Folder() string {
	if o.target == "" {
		return ""
	}
	return filepath.Dir(o.target)
}

// Commit ends the output and puts the file in its place.
func (o *Output) Commit() error {
	if o.done {
		return fs.ErrClosed
	}
	if o.target == "" {
		o.done = true
		return o.file.Close()
	}
	if err := settle(o.file, o.target, o.perm); err != nil {
		return err // Abort removes it
	}
	if err := put(o.file.Name(), o.target); err != nil {
		return err
	}
	o.done = true
	return nil
}

// Abort gives the output up: at a path nothing has changed, what a stream took
// it has. After Commit it does nothing.
func (o *Output) Abort() {
	if o.done {
		return
	}
	o.done = true
	_ = o.file.Close() // nothing of it is wanted
	if o.target != "" {
		_ = os.Remove(o.file.Name())
	}
}
