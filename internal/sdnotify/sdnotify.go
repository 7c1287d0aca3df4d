// Package sdnotify tells systemd how the service is doing, over the datagram
// socket named in NOTIFY_SOCKET (sd_notify(3)).
//
// Without that variable every call does nothing, so callers need not ask. A
// Notifier keeps one socket, is safe for concurrent use and starts no
// goroutines. A message that cannot be sent is an error for the caller to log;
// it never blocks for longer than the write timeout.
package sdnotify

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// writeTimeout bounds one message: systemd's queue may be full.
const writeTimeout = time.Second

// ErrSocket is returned for a NOTIFY_SOCKET that cannot be used.
var ErrSocket = errors.New("cannot use the notification socket")

// Notifier sends messages. A nil Notifier does nothing.
type Notifier struct{ conn *net.UnixConn }

// Open connects to the socket that the environment names; getenv is
// os.Getenv. Without a name it returns nil.
func Open(getenv func(string) string) (*Notifier, error) {
	name := getenv("NOTIFY_SOCKET")
	switch {
	case name == "":
		return nil, nil //nolint:nilnil // a nil Notifier is a working one
	case name[0] != '/' && name[0] != '@':
		return nil, fmt.Errorf("%w %q", ErrSocket, name)
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSocket, err)
	}
	return &Notifier{conn: conn}, nil
}

// Close closes the socket.
func (n *Notifier) Close() error {
	if n == nil {
		return nil
	}
	return n.conn.Close()
}

// Ready says that start-up, or a reload, is complete.
func (n *Notifier) Ready() error { return n.send("READY=1") }

// Stopping says that the service is going down.
func (n *Notifier) Stopping() error { return n.send("STOPPING=1") }

// Watchdog says that the service is alive.
func (n *Notifier) Watchdog() error { return n.send("WATCHDOG=1") }

// Status shows a line in systemctl status. Line breaks are replaced.
func (n *Notifier) Status(text string) error {
	return n.send("STATUS=" + strings.NewReplacer("\n", " ", "\r", " ").Replace(text))
}

// Reloading says that the configuration is read again; Ready ends it. now is
// the monotonic clock, see Monotonic.
func (n *Notifier) Reloading(now time.Duration) error {
	return n.send("RELOADING=1\nMONOTONIC_USEC=" + strconv.FormatInt(now.Microseconds(), 10))
}

// ExtendTimeout asks for more time to start or stop, counted from now.
func (n *Notifier) ExtendTimeout(by time.Duration) error {
	return n.send("EXTEND_TIMEOUT_USEC=" + strconv.FormatInt(by.Microseconds(), 10))
}

func (n *Notifier) send(state string) error {
	if n == nil {
		return nil
	}
	if err := n.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	if _, err := n.conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	return nil
}

// WatchdogPeriod returns the time within which systemd expects a sign of
// life, zero when it expects none or expects it of another process than pid.
func WatchdogPeriod(getenv func(string) string, pid int) time.Duration {
	if owner := getenv("WATCHDOG_PID"); owner != "" && owner != strconv.Itoa(pid) {
		return 0
	}
	usec, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || usec <= 0 || usec > int64(365*24*time.Hour/time.Microsecond) {
		return 0
	}
	return time.Duration(usec) * time.Microsecond
}
