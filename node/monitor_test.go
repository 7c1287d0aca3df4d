package node

import (
	"context"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"statusd/internal/sdnotify"
)

func TestMonitorTellsStuckLoops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMonitor(zap.NewNop(), nil, time.Minute)
		var hang atomic.Bool
		release := make(chan struct{})
		var runs atomic.Int32
		m.probes = []probe{
			{"good", func(context.Context) error { return nil }},
			{"bad", func(context.Context) error {
				runs.Add(1)
				if hang.Load() {
					<-release // deaf to its context, as a deadlock is
				}
				return nil
			}},
			{"patient", func(ctx context.Context) error {
				if hang.Load() {
					<-ctx.Done()
				}
				return ctx.Err()
			}},
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- m.Run(ctx) }()
		check := func(alive bool, stuck string) {
			t.Helper()
			synctest.Wait()
			if m.alive.Load() != alive || m.stuckNames() != stuck {
				t.Errorf("alive %v, stuck %q, want %v, %q", m.alive.Load(), m.stuckNames(), alive, stuck)
			}
		}
		check(true, "")
		hang.Store(true)
		time.Sleep(2 * m.period)
		check(false, "bad, patient")
		before := runs.Load()
		time.Sleep(10 * m.period)
		if runs.Load() != before {
			t.Errorf("%d more probes beside the one that hangs", runs.Load()-before)
		}
		hang.Store(false)
		close(release)
		time.Sleep(2 * m.period)
		check(true, "")
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestMonitorStopsDuringRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMonitor(zap.NewNop(), nil, time.Minute)
		m.probes = []probe{{"slow", func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- m.Run(ctx) }()
		synctest.Wait()
		cancel()
		if err := <-done; err != nil || !m.alive.Load() {
			t.Errorf("got %v, alive %v", err, m.alive.Load())
		}
	})
}

// systemd is the other end of a notification socket.
type systemd struct {
	t    *testing.T
	conn *net.UnixConn
}

// listenAsSystemd opens a notification socket and a notifier that writes to
// it.
func listenAsSystemd(t *testing.T) (*systemd, *sdnotify.Notifier) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	notify, err := sdnotify.Open(func(string) string { return path })
	if err != nil {
		t.Fatal(err)
	}
	return &systemd{t, conn}, notify
}

// read returns the next notification.
func (s *systemd) read() string {
	s.t.Helper()
	buf := make([]byte, 256)
	n, err := s.conn.Read(buf)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(buf[:n])
}

// TestMonitorTalksToSystemd reads what arrives at the notification socket.
func TestMonitorTalksToSystemd(t *testing.T) {
	systemd, notify := listenAsSystemd(t)
	m := newMonitor(zap.NewNop(), notify, time.Hour)
	m.status = func() string { return "peers=3" }
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	if got := systemd.read(); got != "WATCHDOG=1" {
		t.Errorf("got %q", got)
	}
	m.peersChanged()
	if got := systemd.read(); got != "STATUS=peers=3" {
		t.Errorf("got %q", got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
