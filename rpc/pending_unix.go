//go:build linux || darwin || freebsd

package rpc

import (
	"net"
	"syscall"
)

// pending reports whether a connection has sent something that nobody has read
// yet.
func pending(c *net.TCPConn) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	n := 0
	err = raw.Control(func(fd uintptr) {
		n, _, _ = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return err == nil && n > 0
}
