package mailserver_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"statusd/mailserver"
	"statusd/mailserver/archivetest"
	"statusd/waku/wire"
)

// recording runs a recorder in virtual time.
func recording(t *testing.T, cfg mailserver.RecorderConfig, fn func(t *testing.T, r *mailserver.Recorder)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r, stop := startRecorder(t, cfg)
		fn(t, r)
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func startRecorder(t *testing.T, cfg mailserver.RecorderConfig) (r *mailserver.Recorder, stop func() error) {
	t.Helper()
	r, err := mailserver.NewRecorder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	return r, func() error { cancel(); return <-ended }
}

func newEnvelopes(n, size int, created uint32) []*wire.Envelope {
	r := rand.New(rand.NewPCG(uint64(n), uint64(created)))
	envs := make([]*wire.Envelope, n)
	for i := range envs {
		envs[i] = archivetest.Envelope(r, created+uint32(i), archivetest.Topic(i%9), size)
	}
	return envs
}

func count(t *testing.T, a mailserver.Archive) int64 {
	t.Helper()
	s, err := a.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s.Envelopes
}

// slowArchive counts batches, and waits before each.
type slowArchive struct {
	archivetest.Memory
	wait time.Duration

	mu      sync.Mutex
	batches int
}

func (a *slowArchive) Put(ctx context.Context, envs []*wire.Envelope) (int, error) {
	a.mu.Lock()
	a.batches++
	a.mu.Unlock()
	select {
	case <-time.After(a.wait):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	return a.Memory.Put(ctx, envs)
}

func TestRecorderGroupsEnvelopes(t *testing.T) {
	a := &slowArchive{wait: time.Millisecond}
	recording(t, mailserver.RecorderConfig{Archive: a}, func(t *testing.T, r *mailserver.Recorder) {
		for _, env := range newEnvelopes(5000, 10, 1000) {
			r.Put(env)
		}
		time.Sleep(time.Second)
		if got := count(t, a); got != 5000 {
			t.Errorf("%d stored, want 5000", got)
		}
		if a.batches > 5 {
			t.Errorf("%d batches", a.batches)
		}
		if s := r.Status(); s.Stored != 5000 || s.Dropped != 0 || s.Pending != 0 || !r.Health().OK {
			t.Errorf("status %+v, health %+v", s, r.Health())
		}
	})
}

func TestRecorderHoldsBackTheSender(t *testing.T) {
	a := &slowArchive{wait: time.Second}
	cfg := mailserver.RecorderConfig{Archive: a, PendingBytes: 100_000}
	recording(t, cfg, func(t *testing.T, r *mailserver.Recorder) {
		start := time.Now()
		for _, env := range newEnvelopes(1000, 1000, 1000) {
			r.Put(env)
		}
		if took := time.Since(start); took < 5*time.Second {
			t.Errorf("a megabyte was taken in %s with room for a tenth", took)
		}
		time.Sleep(time.Minute)
		if got, s := count(t, a), r.Status(); got != 1000 || s.Dropped != 0 {
			t.Errorf("%d stored, %+v", got, s)
		}
	})
}

func TestRecorderSpills(t *testing.T) {
	a, path := new(archivetest.Memory), filepath.Join(t.TempDir(), "spill")
	envs := newEnvelopes(30_000, 100, 1000)
	cfg := mailserver.RecorderConfig{Archive: a, SpillPath: path, PendingBytes: 10_000}
	recording(t, cfg, func(t *testing.T, r *mailserver.Recorder) {
		a.Fail(fmt.Errorf("dial: %w", mailserver.ErrUnavailable), nil, nil, 0)
		for i, env := range envs[:20_000] {
			r.Put(env)
			if i%1000 == 0 {
				time.Sleep(time.Second)
			}
		}
		time.Sleep(time.Second)
		if s := r.Status(); s.Dropped != 0 || s.SpillBytes == 0 || r.Health().OK {
			t.Fatalf("while down: %+v, %+v", s, r.Health())
		}
		a.Fail(nil, nil, nil, 0)
		for i, env := range envs[20_000:] {
			r.Put(env)
			if i%1000 == 0 {
				time.Sleep(100 * time.Millisecond)
			}
		}
		time.Sleep(time.Minute)
		if got, s := count(t, a), r.Status(); got != int64(len(envs)) || s.SpillBytes != 0 || !r.Health().OK {
			t.Errorf("after: %d stored, %+v, %+v", got, s, r.Health())
		}
		if info, err := os.Stat(path); err != nil || info.Size() != 0 {
			t.Errorf("spill file: %v, %v", info.Size(), err)
		}
	})
}

// TestRecorderSpillSurvives: what was spilled is stored by the next process,
// also if the last record is torn.
func TestRecorderSpillSurvives(t *testing.T) {
	a, path := new(archivetest.Memory), filepath.Join(t.TempDir(), "spill")
	envs := newEnvelopes(500, 100, 1000)
	cfg := mailserver.RecorderConfig{Archive: a, SpillPath: path}
	a.Fail(mailserver.ErrUnavailable, nil, nil, 0)
	recording(t, cfg, func(_ *testing.T, r *mailserver.Recorder) {
		for _, env := range envs {
			r.Put(env)
		}
	})
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw[:len(raw)-7], 0o600); err != nil {
		t.Fatal(err)
	}
	a.Fail(nil, nil, nil, 0)
	recording(t, cfg, func(t *testing.T, r *mailserver.Recorder) {
		time.Sleep(time.Second)
		if got := count(t, a); got != int64(len(envs)-1) {
			t.Errorf("%d stored, want all but the torn one", got)
		}
		r.Put(envs[len(envs)-1])
		time.Sleep(time.Second)
		if got := count(t, a); got != int64(len(envs)) {
			t.Errorf("%d stored", got)
		}
	})
}

func TestRecorderSpillIsBounded(t *testing.T) {
	a, path := new(archivetest.Memory), filepath.Join(t.TempDir(), "spill")
	cfg := mailserver.RecorderConfig{Archive: a, SpillPath: path, SpillBytes: 50_000, PendingBytes: 10_000}
	a.Fail(mailserver.ErrUnavailable, nil, nil, 0)
	recording(t, cfg, func(t *testing.T, r *mailserver.Recorder) {
		for _, env := range newEnvelopes(1000, 100, 1000) {
			r.Put(env)
			synctest.Wait()
		}
		time.Sleep(time.Second)
		s := r.Status()
		if s.SpillBytes > 50_000 || s.Dropped == 0 || r.Health().OK {
			t.Errorf("%+v, %+v", s, r.Health())
		}
		a.Fail(nil, nil, nil, 0)
		time.Sleep(time.Minute)
		if got := count(t, a); got+s.Dropped != 1000 {
			t.Errorf("%d stored, %d dropped", got, s.Dropped)
		}
	})
}

// TestRecorderWithoutSpill keeps a bounded number in memory and does not block.
func TestRecorderWithoutSpill(t *testing.T) {
	a := new(archivetest.Memory)
	cfg := mailserver.RecorderConfig{Archive: a, PendingBytes: 20_000}
	a.Fail(mailserver.ErrUnavailable, nil, nil, 0)
	recording(t, cfg, func(t *testing.T, r *mailserver.Recorder) {
		start := time.Now()
		for i, env := range newEnvelopes(1000, 100, 1000) {
			r.Put(env)
			if i == 0 {
				time.Sleep(time.Second)
			}
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("putting took %s", took)
		}
		dropped := r.Status().Dropped
		if dropped == 0 || dropped > 950 {
			t.Errorf("%d dropped", dropped)
		}
		a.Fail(nil, nil, nil, 0)
		time.Sleep(time.Minute)
		if got := count(t, a); got+dropped != 1000 || !r.Health().OK {
			t.Errorf("%d stored, %d dropped, %+v", got, dropped, r.Health())
		}
	})
}

func TestRecorderLowDisk(t *testing.T) {
	a := new(archivetest.Memory)
	recording(t, mailserver.RecorderConfig{Archive: a}, func(t *testing.T, r *mailserver.Recorder) {
		envs := newEnvelopes(20, 10, 1000)
		a.Fail(fmt.Errorf("put: %w", mailserver.ErrDiskLow), nil, nil, 0)
		for _, env := range envs[:10] {
			r.Put(env)
		}
		time.Sleep(time.Second)
		if s := r.Status(); s.Dropped != 10 || r.Health().OK {
			t.Errorf("%+v, %+v", s, r.Health())
		}
		a.Fail(nil, nil, nil, 0)
		for _, env := range envs[10:] {
			r.Put(env)
		}
		time.Sleep(time.Second)
		if got := count(t, a); got != 10 || !r.Health().OK {
			t.Errorf("%d stored, %+v", got, r.Health())
		}
	})
}

func TestRecorderRetention(t *testing.T) {
	a := new(archivetest.Memory)
	synctest.Test(t, func(t *testing.T) {
		now := uint32(time.Now().Unix())
		if _, err := a.Put(t.Context(), newEnvelopes(100, 10, now-1000)); err != nil {
			t.Fatal(err)
		}
		cfg := mailserver.RecorderConfig{Archive: a, Retention: 950 * time.Second, MaxEnvelopes: 40}
		r, stop := startRecorder(t, cfg)
		synctest.Wait() // the first run is at the start
		if got := count(t, a); got != 40 {
			t.Errorf("%d kept by number", got)
		}
		time.Sleep(30 * time.Second)
		for _, env := range newEnvelopes(10, 10, now) {
			r.Put(env)
		}
		time.Sleep(40 * time.Second)
		if got := count(t, a); got != 10 {
			t.Errorf("%d kept by age after a minute", got)
		}
		time.Sleep(time.Hour)
		if got := count(t, a); got != 0 {
			t.Errorf("%d kept after an hour", got)
		}
		if r.Status().Pruned != 110 {
			t.Errorf("%d pruned", r.Status().Pruned)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestRecorderShutdown stops while idle, with envelopes pending, with a Put
// that waits, and with an archive that hangs.
func TestRecorderShutdown(t *testing.T) {
	t.Run("pending", func(t *testing.T) {
		a := new(archivetest.Memory)
		recording(t, mailserver.RecorderConfig{Archive: a}, func(_ *testing.T, r *mailserver.Recorder) {
			for _, env := range newEnvelopes(50, 10, 1000) {
				r.Put(env)
			}
		})
		if got := count(t, a); got != 50 {
			t.Errorf("%d stored", got)
		}
	})
	t.Run("waiting put", func(t *testing.T) {
		a := &slowArchive{wait: time.Hour}
		synctest.Test(t, func(t *testing.T) {
			r, stop := startRecorder(t, mailserver.RecorderConfig{
				Archive: a, PendingBytes: 100, PutTimeout: 2 * time.Hour,
			})
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				for _, env := range newEnvelopes(50, 100, 1000) {
					r.Put(env)
				}
			}()
			time.Sleep(time.Minute)
			if err := stop(); !errors.Is(err, mailserver.ErrUnavailable) {
				t.Errorf("got %v, want %v", err, mailserver.ErrUnavailable)
			}
			<-ended
			if s := r.Status(); s.Dropped != 50 || s.Pending != 0 {
				t.Errorf("%+v", s)
			}
		})
	})
}

// TestRecorderStopsWithoutTheArchive: an archive that hangs does not hold up the
// stop where there is a spill file, and nothing is lost by that.
func TestRecorderStopsWithoutTheArchive(t *testing.T) {
	a := &slowArchive{wait: time.Hour}
	cfg := mailserver.RecorderConfig{Archive: a, SpillPath: filepath.Join(t.TempDir(), "spill")}
	synctest.Test(t, func(t *testing.T) {
		r, stop := startRecorder(t, cfg)
		for _, env := range newEnvelopes(50, 10, 1000) {
			r.Put(env)
		}
		time.Sleep(time.Second)
		before := time.Now()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if took := time.Since(before); took > 500*time.Millisecond {
			t.Errorf("the stop took %v", took)
		}
	})
	a.wait = 0
	recording(t, cfg, func(*testing.T, *mailserver.Recorder) { time.Sleep(time.Minute) })
	if got := count(t, a); got != 50 {
		t.Errorf("%d stored", got)
	}
}

// TestRecorderReportsUnreadable: health tells of an archive that cannot be
// read, also while nothing is being stored.
func TestRecorderReportsUnreadable(t *testing.T) {
	a := new(archivetest.Memory)
	recording(t, mailserver.RecorderConfig{Archive: a}, func(t *testing.T, r *mailserver.Recorder) {
		for _, err := range []error{mailserver.ErrUnavailable, mailserver.ErrCorrupted} {
			a.Fail(nil, err, nil, 0)
			time.Sleep(2 * time.Minute)
			if r.Health().OK {
				t.Errorf("%v: healthy", err)
			}
			a.Fail(nil, nil, nil, 0)
			time.Sleep(2 * time.Minute)
			if !r.Health().OK {
				t.Errorf("after %v: %+v", err, r.Health())
			}
		}
	})
}

// TestRecorderFlush waits for what was put before, wherever it ends, and for no
// longer than the recorder runs.
func TestRecorderFlush(t *testing.T) {
	a := &slowArchive{wait: time.Second}
	cfg := mailserver.RecorderConfig{Archive: a, SpillPath: filepath.Join(t.TempDir(), "spill")}
	recording(t, cfg, func(t *testing.T, r *mailserver.Recorder) {
		if err := r.Flush(t.Context()); err != nil { // of nothing
			t.Error(err)
		}
		for _, env := range newEnvelopes(5000, 10, 1000) {
			r.Put(env)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := r.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("before the archive has anything: %v", err)
		}
		if err := r.Flush(t.Context()); err != nil || count(t, a) != 5000 {
			t.Errorf("%v, %d stored", err, count(t, a))
		}
		a.Fail(mailserver.ErrUnavailable, nil, nil, 0)
		r.Put(newEnvelopes(1, 10, 9000)[0])
		if err := r.Flush(t.Context()); err != nil || r.Status().SpillBytes == 0 {
			t.Errorf("%v, %+v", err, r.Status())
		}
		a.Fail(nil, nil, nil, 0)
	})
	synctest.Test(t, func(t *testing.T) {
		down := new(archivetest.Memory)
		down.Fail(mailserver.ErrUnavailable, nil, nil, 0)
		r, stop := startRecorder(t, mailserver.RecorderConfig{Archive: down})
		r.Put(newEnvelopes(1, 10, 1000)[0])
		waited := make(chan error)
		go func() { waited <- r.Flush(context.Background()) }()
		synctest.Wait()
		if err := stop(); !errors.Is(err, mailserver.ErrUnavailable) {
			t.Errorf("stop: %v", err)
		}
		if err := <-waited; !errors.Is(err, mailserver.ErrClosed) {
			t.Errorf("flush of a recorder that ends: %v", err)
		}
	})
}

// TestRecorderLeavesDiskFree spills nothing when the disk is nearly full.
func TestRecorderLeavesDiskFree(t *testing.T) {
	a, room := new(archivetest.Memory), true
	cfg := mailserver.RecorderConfig{
		Archive: a, SpillPath: filepath.Join(t.TempDir(), "spill"), SpillRoom: func() bool { return room },
	}
	recording(t, cfg, func(t *testing.T, r *mailserver.Recorder) {
		a.Fail(mailserver.ErrUnavailable, nil, nil, 0)
		envs := newEnvelopes(3, 10, 1000)
		put := func(env *wire.Envelope) mailserver.RecorderStatus {
			t.Helper()
			r.Put(env)
			if err := r.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			return r.Status()
		}
		one := put(envs[0])
		room = false
		two := put(envs[1])
		if one.SpillBytes == 0 || two.SpillBytes != one.SpillBytes || two.Dropped != 1 ||
			!strings.Contains(r.Health().Reason, "too little disk") {
			t.Errorf("%+v, then %+v, %+v", one, two, r.Health())
		}
		room = true
		if three := put(envs[2]); three.SpillBytes <= one.SpillBytes || three.Dropped != 1 {
			t.Errorf("with room again: %+v", three)
		}
		a.Fail(nil, nil, nil, 0)
		time.Sleep(time.Minute)
		if got := count(t, a); got != 2 || !r.Health().OK {
			t.Errorf("%d stored, %+v", got, r.Health())
		}
	})
}
