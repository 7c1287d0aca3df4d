package mailserver_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"statusd/mailserver"
	"statusd/mailserver/archivetest"
	"statusd/waku/wire"
)

// pickyArchive refuses some envelopes, and with them whatever comes together.
type pickyArchive struct {
	archivetest.Memory
	mu      sync.Mutex
	refuses map[wire.Hash]bool
	all     bool
	calls   int
}

var errPicky = errors.New("value violates a constraint")

func (a *pickyArchive) Put(ctx context.Context, envs []*wire.Envelope) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls++
	for _, env := range envs {
		if a.all || a.refuses[env.Hash()] {
			return 0, fmt.Errorf("%w: %w", mailserver.ErrRefused, errPicky)
		}
	}
	return a.Memory.Put(ctx, envs)
}

func (a *pickyArchive) refuse(all bool, envs ...*wire.Envelope) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all, a.refuses = all, make(map[wire.Hash]bool)
	for _, env := range envs {
		a.refuses[env.Hash()] = true
	}
}

func observed() (*zap.Logger, *observer.ObservedLogs) {
	core, logs := observer.New(zapcore.InfoLevel)
	return zap.New(core), logs
}

// TestRecorderPutsRefusedEnvelopesAside: what the archive refuses does not hold
// up the rest, live or out of the spill file, and the log names it.
func TestRecorderPutsRefusedEnvelopesAside(t *testing.T) {
	a, path := new(pickyArchive), filepath.Join(t.TempDir(), "spill")
	envs := newEnvelopes(3000, 100, 1000)
	bad := []*wire.Envelope{envs[0], envs[1], envs[700], envs[2999]}
	a.refuse(false, bad...)
	log, logs := observed()
	cfg := mailserver.RecorderConfig{Archive: a, SpillPath: path, Logger: log}
	recording(t, cfg, func(t *testing.T, r *mailserver.Recorder) {
		for _, env := range envs[:1500] {
			r.Put(env)
		}
		time.Sleep(time.Second)
		a.Fail(mailserver.ErrUnavailable, nil, nil, 0)
		a.refuse(false)
		for _, env := range envs[1500:] {
			r.Put(env)
		}
		time.Sleep(time.Second)
		a.refuse(false, bad...)
		a.Fail(nil, nil, nil, 0)
		time.Sleep(time.Minute)
		s := r.Status()
		if got := count(t, a); got != 2996 || s.Refused != 4 || s.Dropped != 0 || s.SpillBytes != 0 || !r.Health().OK {
			t.Errorf("%d stored, %+v, %+v", got, s, r.Health())
		}
	})
	named := logs.FilterMessageSnippet("refused").All()
	if len(named) != 4 {
		t.Fatalf("%d lines about refused envelopes", len(named))
	}
	for i, line := range named {
		fields := line.ContextMap()
		if fields["hash"] != bad[i].Hash().String() || !strings.Contains(fmt.Sprint(fields["error"]), errPicky.Error()) ||
			fields["file"] != path+".refused" {
			t.Errorf("%v", fields)
		}
	}
	// The file can be taken for a spill file once the archive takes them.
	if err := os.Rename(path+".refused", path); err != nil {
		t.Fatal(err)
	}
	a.refuse(false)
	recording(t, cfg, func(t *testing.T, r *mailserver.Recorder) {
		time.Sleep(time.Second)
		if got := count(t, a); got != 3000 {
			t.Errorf("%d stored", got)
		}
	})
}

// TestRecorderSpillsWhenEverythingIsRefused: an archive that refuses all, or
// most, is at fault itself; nothing is put aside, and few attempts are made.
func TestRecorderSpillsWhenEverythingIsRefused(t *testing.T) {
	for name, before := range map[string]int{"from the start": 0, "later": 100} {
		t.Run(name, func(t *testing.T) {
			a := new(pickyArchive)
			envs := newEnvelopes(4000, 100, 1000)
			cfg := mailserver.RecorderConfig{Archive: a, SpillPath: filepath.Join(t.TempDir(), "spill")}
			recording(t, cfg, func(t *testing.T, r *mailserver.Recorder) {
				for _, env := range envs[:before] {
					r.Put(env)
				}
				time.Sleep(time.Second)
				a.refuse(true)
				for _, env := range envs[before:] {
					r.Put(env)
				}
				time.Sleep(10 * time.Second)
				if s := r.Status(); s.SpillBytes == 0 || s.Refused != 0 || s.Dropped != 0 || r.Health().OK || a.calls > 400 {
					t.Errorf("%+v, %+v, %d attempts", s, r.Health(), a.calls)
				}
				a.refuse(false, envs[before:before+2000]...)
				time.Sleep(time.Minute)
				if s := r.Status(); s.Refused != 0 || s.Dropped != 0 {
					t.Errorf("half of the envelopes refused: %+v", s)
				}
				a.refuse(false)
				time.Sleep(time.Minute)
				if got, s := count(t, a), r.Status(); got != 4000 || s.SpillBytes != 0 || !r.Health().OK {
					t.Errorf("%d stored, %+v, %+v", got, s, r.Health())
				}
			})
		})
	}
}

// TestRecorderRefusedAlone: a single envelope is refused while there is nothing
// else to store.
func TestRecorderRefusedAlone(t *testing.T) {
	a := new(pickyArchive)
	envs := newEnvelopes(2, 100, 1000)
	cfg := mailserver.RecorderConfig{Archive: a, SpillPath: filepath.Join(t.TempDir(), "spill")}
	a.refuse(false, envs[1])
	recording(t, cfg, func(t *testing.T, r *mailserver.Recorder) {
		for _, env := range envs {
			r.Put(env)
			time.Sleep(time.Second)
		}
		if s := r.Status(); s.Stored != 1 || s.Refused != 1 || s.SpillBytes != 0 || !r.Health().OK {
			t.Errorf("%+v, %+v", s, r.Health())
		}
	})
}

// tardyArchive takes a time for each row, and stores nothing of a batch that
// does not become ready.
type tardyArchive struct {
	archivetest.Memory
	mu  sync.Mutex
	row time.Duration
}

func (a *tardyArchive) Put(ctx context.Context, envs []*wire.Envelope) (int, error) {
	a.mu.Lock()
	took := time.Duration(len(envs)) * a.row
	a.mu.Unlock()
	select {
	case <-time.After(took):
		return a.Memory.Put(ctx, envs)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (a *tardyArchive) pace(row time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.row = row
}

// TestRecorderSlowDatabase: a database that needs 30 ms for a row gets smaller
// pieces, so that the spill file drains, also while envelopes come in, and
// large ones again when it is fast.
func TestRecorderSlowDatabase(t *testing.T) {
	a := &tardyArchive{row: 30 * time.Millisecond}
	envs := newEnvelopes(6000, 1000, 1000)
	cfg := mailserver.RecorderConfig{Archive: a, SpillPath: filepath.Join(t.TempDir(), "spill")}
	a.Fail(mailserver.ErrUnavailable, nil, nil, 0)
	recording(t, cfg, func(t *testing.T, r *mailserver.Recorder) {
		for _, env := range envs[:3000] {
			r.Put(env)
		}
		if err := r.Flush(t.Context()); err != nil || r.Status().SpillBytes == 0 {
			t.Fatalf("%v, %+v", err, r.Status())
		}
		a.Fail(nil, nil, nil, 0)
		for _, env := range envs[3000:4000] { // 10 each second, a third of what it can take
			r.Put(env)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(5 * time.Minute)
		if got, s := count(t, a), r.Status(); got != 4000 || s.SpillBytes != 0 || s.Dropped != 0 || !r.Health().OK {
			t.Errorf("%d stored, %+v, %+v", got, s, r.Health())
		}
		a.pace(time.Millisecond)
		for _, env := range envs[4000:] {
			r.Put(env)
		}
		time.Sleep(10 * time.Second)
		if got := count(t, a); got != 6000 {
			t.Errorf("%d stored", got)
		}
	})
}

// TestRecorderStopsWithSlowDatabase spills what a database does not take in
// time at the end.
func TestRecorderStopsWithSlowDatabase(t *testing.T) {
	a := &tardyArchive{row: time.Hour}
	envs := newEnvelopes(300, 100, 1000)
	cfg := mailserver.RecorderConfig{Archive: a, SpillPath: filepath.Join(t.TempDir(), "spill")}
	recording(t, cfg, func(t *testing.T, r *mailserver.Recorder) {
		for _, env := range envs {
			r.Put(env)
		}
		time.Sleep(time.Second)
	})
	a.pace(0)
	recording(t, cfg, func(t *testing.T, r *mailserver.Recorder) {
		time.Sleep(time.Second)
		if got := count(t, a); got != 300 {
			t.Errorf("%d stored", got)
		}
	})
}

// TestRecorderTellsOfDamagedSpill: a flipped bit in the first record costs that
// envelope; it is counted, logged and in health, and the rest is stored.
func TestRecorderTellsOfDamagedSpill(t *testing.T) {
	a, path := new(archivetest.Memory), filepath.Join(t.TempDir(), "spill")
	log, logs := observed()
	cfg := mailserver.RecorderConfig{Archive: a, SpillPath: path, Logger: log}
	a.Fail(mailserver.ErrUnavailable, nil, nil, 0)
	recording(t, cfg, func(_ *testing.T, r *mailserver.Recorder) {
		for _, env := range newEnvelopes(500, 100, 1000) {
			r.Put(env)
		}
	})
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	raw[60] ^= 4
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	a.Fail(nil, nil, nil, 0)
	recording(t, cfg, func(t *testing.T, r *mailserver.Recorder) {
		time.Sleep(time.Minute)
		s, h := r.Status(), r.Health()
		if got := count(t, a); got != 499 || s.Damaged != 1 || s.SpillBytes != 0 || h.OK ||
			!strings.Contains(h.Reason, "lost") {
			t.Errorf("%d stored, %+v, %+v", got, s, h)
		}
	})
	if lines := logs.FilterMessageSnippet("damaged").All(); len(lines) != 1 || lines[0].ContextMap()["file"] != path {
		t.Errorf("log: %v", lines)
	}
}
