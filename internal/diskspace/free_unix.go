//go:build linux || darwin || freebsd

package diskspace

import (
	"fmt"
	"syscall"
)

// Free returns the bytes that an ordinary user can still write to the disk of a
// folder.
func Free(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("free space of the disk of %s: %w", dir, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), nil //nolint:unconvert,gosec // types differ by platform
}
