package sdnotify

import (
	"errors"
	"net"
	"path/filepath"
	"testing"
	"time"
)

func env(pairs ...string) func(string) string {
	return func(key string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == key {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestMessages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	server, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	n, err := Open(env("NOTIFY_SOCKET", path))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []struct {
		send func() error
		want string
	}{
		{n.Ready, "READY=1"},
		{n.Stopping, "STOPPING=1"},
		{n.Watchdog, "WATCHDOG=1"},
		{func() error { return n.Status("peers=3\nmail=ok") }, "STATUS=peers=3 mail=ok"},
		{func() error { return n.Reloading(1500 * time.Microsecond) }, "RELOADING=1\nMONOTONIC_USEC=1500"},
		{func() error { return n.ExtendTimeout(time.Minute) }, "EXTEND_TIMEOUT_USEC=60000000"},
	} {
		if err := m.send(); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 256)
		size, err := server.Read(buf)
		if err != nil || string(buf[:size]) != m.want {
			t.Errorf("got %q, %v, want %q", buf[:size], err, m.want)
		}
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if err := n.Ready(); err == nil {
		t.Error("a closed notifier sends")
	}
}

func TestWithoutSystemd(t *testing.T) {
	n, err := Open(env())
	if n != nil || err != nil {
		t.Fatalf("got %v, %v", n, err)
	}
	if err := errors.Join(n.Ready(), n.Status("x"), n.Watchdog(), n.Stopping(), n.Close()); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"relative", filepath.Join(t.TempDir(), "absent")} {
		if _, err := Open(env("NOTIFY_SOCKET", bad)); !errors.Is(err, ErrSocket) {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}

func TestWatchdogPeriod(t *testing.T) {
	for _, c := range []struct {
		env  []string
		want time.Duration
	}{
		{nil, 0},
		{[]string{"WATCHDOG_USEC", "60000000"}, time.Minute},
		{[]string{"WATCHDOG_USEC", "60000000", "WATCHDOG_PID", "7"}, time.Minute},
		{[]string{"WATCHDOG_USEC", "60000000", "WATCHDOG_PID", "8"}, 0},
		{[]string{"WATCHDOG_USEC", "-1"}, 0},
		{[]string{"WATCHDOG_USEC", "soon"}, 0},
		{[]string{"WATCHDOG_USEC", "9223372036854775807"}, 0},
	} {
		if got := WatchdogPeriod(env(c.env...), 7); got != c.want {
			t.Errorf("%v: got %v, want %v", c.env, got, c.want)
		}
	}
}
