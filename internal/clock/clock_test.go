package clock

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var errDown = errors.New("down")

// scripted answers by server name; a missing name fails.
type scripted struct {
	asked   atomic.Int32
	offsets atomic.Pointer[map[string]time.Duration]
}

func newScripted(offsets map[string]time.Duration) *scripted {
	s := &scripted{}
	s.offsets.Store(&offsets)
	return s
}

func (s *scripted) query(_ context.Context, server string) (time.Duration, error) {
	s.asked.Add(1)
	offset, ok := (*s.offsets.Load())[server]
	if !ok {
		return 0, errDown
	}
	return offset, nil
}

func TestSyncTakesMedian(t *testing.T) {
	tests := []struct {
		name    string
		servers []string
		answers map[string]time.Duration
		want    time.Duration
		err     error
	}{
		{"one", []string{"a"}, map[string]time.Duration{"a": 3 * time.Second}, 3 * time.Second, nil},
		{
			"liar is outvoted",
			[]string{"a", "b", "c"},
			map[string]time.Duration{"a": time.Second, "b": 2 * time.Second, "c": 1000 * time.Hour},
			2 * time.Second, nil,
		},
		{"even", []string{"a", "b"}, map[string]time.Duration{"a": -time.Second, "b": 2 * time.Second}, time.Second / 2, nil},
		{"one of two fails", []string{"a", "b"}, map[string]time.Duration{"b": time.Second}, time.Second, nil},
		{"two of three fail", []string{"a", "b", "c"}, map[string]time.Duration{"b": time.Second}, 0, ErrTooFewAnswers},
		{"all fail", []string{"a"}, nil, 0, errDown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := New(Config{Servers: tt.servers, Query: newScripted(tt.answers).query})
			if err := c.Sync(t.Context()); !errors.Is(err, tt.err) {
				t.Fatalf("got %v, want %v", err, tt.err)
			}
			if got, measured := c.Offset(); got != tt.want || measured != (tt.err == nil) {
				t.Errorf("got %v, %v, want %v", got, measured, tt.want)
			}
		})
	}
}

func TestRunRetriesThenSyncsHourly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		servers := newScripted(nil)
		c := New(Config{Servers: []string{"a", "b"}, Query: servers.query})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()

		steps := []struct {
			after time.Duration
			asked int32 // in all
			want  time.Duration
		}{
			{0, 2, 0},
			{RetryPeriod, 4, 0},
			{RetryPeriod, 6, 5 * time.Second}, // both answer from now on
			{RetryPeriod, 6, 5 * time.Second},
			{SyncPeriod - RetryPeriod, 8, 5 * time.Second}, // both silent again
			{SyncPeriod, 10, 5 * time.Second},
		}
		for i, s := range steps {
			switch i {
			case 2:
				servers.offsets.Store(&map[string]time.Duration{"a": 4 * time.Second, "b": 6 * time.Second})
			case 4:
				servers.offsets.Store(&map[string]time.Duration{})
			}
			time.Sleep(s.after)
			synctest.Wait()
			got, _ := c.Offset()
			if asked := servers.asked.Load(); asked != s.asked || got != s.want {
				t.Errorf("step %d: asked %d, offset %v, want %d, %v", i, asked, got, s.asked, s.want)
			}
		}
		if got := time.Until(c.Now()); got != 5*time.Second {
			t.Errorf("now is off by %v", got)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestRunStops(t *testing.T) {
	hang := func(ctx context.Context, _ string) (time.Duration, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	for name, cfg := range map[string]Config{
		"without servers": {}, "while asking": {Servers: []string{"a"}, Query: hang},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- New(cfg).Run(ctx) }()
				synctest.Wait()
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
		})
	}
	t.Run("a server that hangs is given up", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			err := New(Config{Servers: []string{"a"}, Query: hang}).Sync(t.Context())
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != QueryTimeout {
				t.Errorf("got %v after %v", err, time.Since(start))
			}
		})
	})
}

// TestQueryNTP asks a server of our own on loopback.
func TestQueryNTP(t *testing.T) {
	const ahead = 90 * time.Second
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		serveNTP(conn, ahead)
	}()
	defer func() {
		_ = conn.Close()
		<-done
	}()
	got, err := QueryNTP(t.Context(), conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	if diff := (got - ahead).Abs(); diff > 5*time.Second {
		t.Errorf("got %v, want about %v", got, ahead)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := QueryNTP(ctx, conn.LocalAddr().String()); err == nil {
		t.Error("a cancelled query succeeded")
	}
}

// serveNTP answers requests with a clock that runs ahead.
func serveNTP(conn net.PacketConn, ahead time.Duration) {
	stamp := func(at time.Time) uint64 {
		const toUnix = 2208988800 // seconds from 1900 to 1970
		nano := uint64(at.Nanosecond())
		return uint64(at.Unix()+toUnix)<<32 | nano<<32/1_000_000_000
	}
	request := make([]byte, 1024)
	for {
		n, from, err := conn.ReadFrom(request)
		if err != nil {
			return
		}
		if n < 48 {
			continue
		}
		now := time.Now().Add(ahead)
		reply := make([]byte, 48)
		reply[0] = 0<<6 | 4<<3 | 4 // version 4, server
		reply[1] = 1               // stratum
		binary.BigEndian.PutUint64(reply[16:], stamp(now.Add(-time.Second)))
		copy(reply[24:32], request[40:48])
		binary.BigEndian.PutUint64(reply[32:], stamp(now))
		binary.BigEndian.PutUint64(reply[40:], stamp(now))
		_, _ = conn.WriteTo(reply, from)
	}
}
