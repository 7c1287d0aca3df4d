package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"statusd/fault"
)

// Errors of Run before anything works.
var (
	ErrDataDir      = fault.New(fault.CannotCreate, "data directory cannot be used", "")
	ErrDataDirMode  = fault.New(fault.Config, "data directory is open to others", "")
	ErrLocked       = fault.New(fault.InUse, "data directory is in use", "")
	ErrNewerData    = fault.New(fault.NewerData, "data is newer than this program", "")
	ErrSchemaFile   = fault.New(fault.Config, "schema-version file is damaged", "")
	ErrNodeKey      = fault.New(fault.Config, "node key cannot be used", "")
	ErrListen       = fault.New(fault.CannotCreate, "cannot listen", "")
	ErrAlreadyUsed  = errors.New("already run once")
	ErrNotConnected = errors.New("the peer-to-peer server is not running")
)

// Errors of components.
var (
	ErrEnded = errors.New("component ended unexpectedly")
	ErrStop  = errors.New("not everything stopped in time")
)

// Errors of changes to the set of peers.
var (
	ErrSelf      = errors.New("that is this node itself")
	ErrNoAddress = errors.New("peer has no address to dial")
	ErrNoPeer    = errors.New("no such peer")
)

// StartError is a reason not to start in the words for an operator: what is
// wrong, where, and what to do. It matches its kind, one of the errors above,
// and its cause.
type StartError struct {
	Kind  error
	Text  string
	Cause error // nil: none
}

// Error implements error.
func (e *StartError) Error() string {
	if e.Cause == nil {
		return e.Text
	}
	return e.Text + ": " + e.causeText()
}

// causeText is the cause in the system's words, with the path that it is about
// unless the text names that already.
func (e *StartError) causeText() string {
	if errors.Is(e.Kind, ErrLogin) { // what the errors of accounts add is the way out
		return e.Cause.Error()
	}
	for err := e.Cause; err != nil; err = errors.Unwrap(err) {
		switch about := err.(type) { //nolint:errorlint // the chain is walked here
		case *fs.PathError:
			if strings.Contains(e.Text, about.Path) {
				return about.Err.Error()
			}
			return about.Error()
		case *os.LinkError:
			return about.Error()
		}
	}
	return rootCause(e.Cause).Error()
}

// Unwrap returns the cause, which may know better what to do, and the kind.
func (e *StartError) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Cause, e.Kind}
}

// rootCause strips the layers from a system's error: its own words alone,
// since the text around has the rest.
func rootCause(err error) error {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err
}

// LockedError tells who holds the data directory. It matches ErrLocked.
type LockedError struct {
	Dir  string
	PID  int    // 0: unknown
	Host string // empty: unknown
}

// Error implements error.
func (e *LockedError) Error() string {
	who := "another process"
	if e.PID > 0 {
		who = fmt.Sprintf("process %d", e.PID)
	}
	if host, err := os.Hostname(); e.Host != "" && (err != nil || host != e.Host) {
		who += " on " + e.Host
	}
	return fmt.Sprintf("data directory %s is in use by %s: stop it, or choose another directory with --dir", e.Dir, who)
}

// Unwrap returns ErrLocked.
func (*LockedError) Unwrap() error { return ErrLocked }

// NewerDataError says that a later version of the program wrote the data
// directory. It matches ErrNewerData.
type NewerDataError struct {
	Dir         string
	Have, Known int
}

// Error implements error.
func (e *NewerDataError) Error() string {
	return fmt.Sprintf("data directory %s has schema version %d, this program knows %d: use a newer statusd, "+
		"or restore a backup made before the upgrade", e.Dir, e.Have, e.Known)
}

// Unwrap returns ErrNewerData.
func (*NewerDataError) Unwrap() error { return ErrNewerData }

// ListenError is a peer-to-peer port that cannot be opened. It matches
// ErrListen and the system's error.
type ListenError struct {
	Addr string
	Err  error
}

// Error implements error.
func (e *ListenError) Error() string {
	return fmt.Sprintf("cannot listen for peers on %s: %v; choose another address with --addr", e.Addr,
		rootCause(e.Err))
}

// Unwrap returns ErrListen and the system's error.
func (e *ListenError) Unwrap() []error { return []error{ErrListen, e.Err} }

// StopError names the steps of the shutdown that exceeded their time. It
// matches ErrStop.
type StopError struct{ Steps []string }

// Error implements error.
func (e *StopError) Error() string {
	return "did not stop in time: " + strings.Join(e.Steps, ", ")
}

// Unwrap returns ErrStop.
func (*StopError) Unwrap() error { return ErrStop }

// Limits of the shutdown, one for each step (design: at most 20 s together).
const (
	stopFrontend = 6 * time.Second
	stopDialling = 3 * time.Second
	stopServer   = 6 * time.Second
	stopWaku     = 5 * time.Second
	stopSmall    = time.Second
)
