package node

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Groups of netlink messages that tell of addresses and routes (rtnetlink(7)).
const netGroups = unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR | unix.RTMGRP_IPV4_ROUTE

// watchAddresses calls changed, often several times for one event, when
// addresses or routes of this machine change. It blocks until ctx ends; an
// error says that the kernel does not tell.
func watchAddresses(ctx context.Context, changed func()) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("open netlink: %w", err)
	}
	socket := os.NewFile(uintptr(fd), "netlink") //nolint:gosec // a file descriptor
	defer socket.Close()
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: netGroups}); err != nil {
		return fmt.Errorf("bind netlink: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = socket.Close() })
	defer stop()
	buf := make([]byte, os.Getpagesize())
	for {
		_, err := socket.Read(buf)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read netlink: %w", err)
		}
		changed()
	}
}
