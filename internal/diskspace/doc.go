// Package diskspace says how much can still be written to a disk.
//
// No goroutines, no state.
package diskspace

import "errors"

// ErrUnknown is returned on systems that do not tell.
var ErrUnknown = errors.New("this system does not tell the free space of a disk")
