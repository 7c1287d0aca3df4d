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

	"statusd/fault"
)

// ErrOwner says that a file of another user is not replaced by one of ours.
var ErrOwner = fault.New(fault.CannotCreate, "belongs to another user, and a new file could not", "give another path")

// Place is where a person wants a file.
type Place struct {
	Path string
	// Perm is the mode of a new file. One that is replaced keeps its own.
	Perm fs.FileMode
	// Replace an existing regular file. Without it whatever has the name is in the
	// way, also a link, except for what is written into.
	Replace bool
	// Private keeps the mode of what is replaced from being wider than Perm: for
	// keys.
	Private bool
	// Waiting, if not nil, is told that a pipe is there that nobody reads yet.
	Waiting func()
}

// spot is where a file goes.
type spot struct {
	target string
	old    fs.FileInfo // what is replaced; nil for nothing
	stream bool        // what is there is written into
}

// find looks at a place. Errors: fs.ErrExist, ErrSpecial, ErrForeignLink,
// ErrOwner.
func (p Place) find() (spot, error) {
	if err := checkFolders(p.Path); err != nil {
		return spot{}, err
	}
	target, info, err := Resolve(p.Path)
	if err != nil {
		return spot{}, err
	}
	if err := checkFolders(target); err != nil {
		return spot{}, err
	}
	if info != nil && isStream(target, info) {
		return spot{target: target, stream: true}, nil
	}
	_, errLink := os.Lstat(p.Path)
	switch {
	case info != nil && !info.Mode().IsRegular():
		return spot{}, special(p.Path, info)
	case errLink == nil && !p.Replace:
		return spot{}, &fs.PathError{Op: "create", Path: p.Path, Err: fs.ErrExist}
	case info != nil && !canOwn(info):
		return spot{}, fmt.Errorf("%s %w", p.Path, ErrOwner)
	}
	return spot{target: target, old: info}, nil
}

// Check reports early what would be in the way. Errors: fs.ErrExist, ErrSpecial
// for a folder or a socket, ErrForeignLink, ErrOwner.
func (p Place) Check() error {
	_, err := p.find()
	return err
}

// canOwn reports whether we can make a file of the same owner.
func canOwn(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && (os.Geteuid() == 0 || int64(stat.Uid) == int64(os.Geteuid()))
}

// dress gives a file that is to be put in a spot the owner and the mode of what
// it replaces.
func (p Place) dress(file string, s spot) error {
	if s.old == nil {
		return os.Chmod(file, p.Perm)
	}
	stat, ok := s.old.Sys().(*syscall.Stat_t)
	if !ok {
		return ErrOwner
	}
	if err := os.Chown(file, int(stat.Uid), int(stat.Gid)); err != nil && os.Geteuid() == 0 {
		return about("keep the owner of", p.Path, err)
	} // a group that we do not belong to is all that others can fail to keep
	mode := s.old.Mode().Perm()
	if p.Private {
		mode &= p.Perm
	}
	return os.Chmod(file, mode)
}

// put moves a whole file into a spot.
func (p Place) put(from string, s spot) error {
	if s.old == nil && !p.Replace {
		return putNew(from, s.target)
	}
	return put(from, s.target)
}

// Move puts a whole file that exists in a place of the same file system. Where
// something is written into that is there, it moves nothing: ErrSpecial. Errors:
// as Check, syscall.EXDEV.
func (p Place) Move(from string) error {
	s, err := p.find()
	if err != nil {
		return err
	}
	if s.stream {
		return fmt.Errorf("%s %w", p.Path, ErrSpecial)
	}
	if err := p.dress(from, s); err != nil {
		return err
	}
	return p.put(from, s)
}

// Output is what somebody asked to have written to a place. At a device, a pipe
// or an open file it is written there at once; anywhere else a file appears, or
// is replaced, when it is whole.
type Output struct {
	ctx   context.Context //nolint:containedctx // ends what waits for a reader
	file  *os.File
	place Place
	spot  spot
	done  bool
	stop  func() bool
}

// Create begins an output. At a pipe it waits until somebody reads; it ends with
// ctx, and so does all writing to one. The caller ends it with Commit or Abort.
// Errors: as Check, ErrNobodyReads.
func (p Place) Create(ctx context.Context) (*Output, error) {
	s, err := p.find()
	if err != nil {
		return nil, err
	}
	o := &Output{ctx: ctx, place: p, spot: s, stop: func() bool { return true }}
	if !s.stream {
		o.file, err = createTemp(s.target)
		return o, err
	}
	if o.file, err = p.openStream(ctx, s.target); err != nil {
		return nil, err
	}
	o.stop = context.AfterFunc(ctx, func() { _ = o.file.SetWriteDeadline(time.Unix(1, 0)) }) // files have none
	return o, nil
}

// ErrNobodyReads ends the wait for somebody who reads a pipe.
var ErrNobodyReads = fault.New(fault.Timeout, "is a pipe that nobody read until the end of this command", "")

// stopped is an output that ended with its context.
type stopped struct {
	path  string
	what  error
	cause error
}

func (s *stopped) Error() string   { return s.path + " " + s.what.Error() }
func (s *stopped) Unwrap() []error { return []error{s.what, s.cause} }

// pipePoll is how often a pipe is tried that nobody reads: the system has no
// way to wait for a reader that can be given up.
const pipePoll = 50 * time.Millisecond

func (p Place) openStream(ctx context.Context, target string) (*os.File, error) {
	for told := false; ; {
		f, err := os.OpenFile(target, os.O_WRONLY|os.O_APPEND|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
		if !errors.Is(err, syscall.ENXIO) {
			return f, err
		}
		if !told && p.Waiting != nil {
			p.Waiting()
		}
		told = true
		select {
		case <-ctx.Done():
			return nil, &stopped{p.Path, ErrNobodyReads, ctx.Err()}
		case <-time.After(pipePoll):
		}
	}
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) {
	n, err := o.file.Write(p)
	if err != nil && o.spot.stream && o.ctx.Err() != nil {
		return n, &stopped{o.place.Path, ErrNobodyReads, o.ctx.Err()}
	}
	if err != nil {
		return n, about("write", o.place.Path, err)
	}
	return n, nil
}

// Folder is where the output has room, "" for a stream.
func (o *Output) Folder() string {
	if o.spot.stream {
		return ""
	}
	return filepath.Dir(o.spot.target)
}

// Commit ends the output and puts the file in its place.
func (o *Output) Commit() error {
	if o.done {
		return fs.ErrClosed
	}
	if o.spot.stream {
		o.done = true
		o.stop()
		return o.file.Close()
	}
	err := o.place.dress(o.file.Name(), o.spot)
	if err == nil {
		err = o.file.Sync()
	}
	if err == nil {
		err = o.file.Close()
	}
	if err == nil {
		err = o.place.put(o.file.Name(), o.spot)
	}
	if err != nil {
		return about("write", o.place.Path, err) // Abort removes it
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
	o.stop()
	_ = o.file.Close() // nothing of it is wanted
	if !o.spot.stream {
		_ = os.Remove(o.file.Name())
	}
}
