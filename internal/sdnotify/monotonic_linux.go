package sdnotify

import (
	"time"

	"golang.org/x/sys/unix"
)

// Monotonic reads the clock that systemd compares with (CLOCK_MONOTONIC).
func Monotonic() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
