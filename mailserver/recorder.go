package mailserver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"statusd/internal/broadcast"
	"statusd/waku"
	"statusd/waku/wire"
)

// Defaults of a Recorder.
const (
	DefaultPendingBytes = 32 << 20
	DefaultSpillBytes   = 1 << 30
	// DefaultLinger is how long the first envelope of a batch waits for others.
	DefaultLinger = 5 * time.Millisecond
	// DefaultPruneEvery is the time between two looks at retention.
	DefaultPruneEvery = time.Minute
	// DefaultPutTimeout ends an attempt to store a batch.
	DefaultPutTimeout = 10 * time.Second

	// commitRows and commitBytes bound one batch.
	commitRows  = 2048
	commitBytes = 4 << 20
	// Pauses between attempts to reach an archive that is down.
	retryMin = 500 * time.Millisecond
	retryMax = 15 * time.Second
	// stopTimeout is for the last batches when the recorder ends, stopSpilling
	// where they can go to the spill file, from which the next start takes them.
	stopTimeout  = 5 * time.Second
	stopSpilling = 300 * time.Millisecond
)

// RecorderConfig sets up a Recorder. Archive is required.
type RecorderConfig struct {
	Archive  Archive
	Logger   *zap.Logger           // nil: nothing is logged
	Metrics  prometheus.Registerer // nil: counted but not exported
	Database string                // name in metrics: directory or database
	Now      func() time.Time      // corrected wall clock; nil: time.Now

	Retention    time.Duration // age at which envelopes go; 0: never
	MaxEnvelopes int64         // 0: no limit
	MaxBytes     int64         // of encoded envelopes; 0: no limit
	PruneEvery   time.Duration

	PendingBytes int64 // envelopes in memory that are not stored yet
	Linger       time.Duration
	PutTimeout   time.Duration

	// SpillPath is the file that keeps envelopes while the archive is down.
	// What the archive refuses is put aside in SpillPath.refused. Empty: what
	// waits is kept in memory alone, what is refused nowhere.
	SpillPath  string
	SpillBytes int64 // bound of that file
	// RepairHint says what the operator has to do about a damaged archive;
	// empty: what the embedded one needs.
	RepairHint string
	// SpillRoom reports whether the disk has room for the spill file; nil: it
	// always has. Without room the file counts as full.
	SpillRoom func() bool
}

// Recorder stores what enters the pool: it collects envelopes for a few
// milliseconds, makes each batch durable, keeps to the limits, and bridges
// times in which the archive cannot be reached. It implements waku.Archive.
//
// Put blocks while PendingBytes wait and can still be stored or spilled: the
// peers that send are held back. When neither works it does not block, so that
// the live relay goes on: what does not fit is dropped and counted.
type Recorder struct {
	cfg     RecorderConfig
	log     *zap.Logger
	metrics *metrics
	wake    chan struct{} // something is pending
	back    chan struct{} // the archive stores again: look at it at once

	mu      sync.Mutex
	pending []*wire.Envelope
	bytes   int64
	full    bool              // a batch is complete: no more lingering
	room    broadcast.Waiters // there may be room, or a batch is settled
	state   Health            // of storing
	reading Health            // of what the last look at retention found
	damage  damages
	failing bool // envelopes go nowhere now
	stopped bool
	status  RecorderStatus
	queued  int64 // envelopes ever put, but for those dropped at once
	settled int64 // of those, the ones stored, spilled or dropped since

	spill   *spillFile // owned by the committing goroutine, like refused
	refused *spillFile // what the archive refuses; nil: nothing was, or it has no file
}

var _ waku.Archive = (*Recorder)(nil)

// Health says whether the archive does its work.
type Health struct {
	OK     bool
	Reason string // what is wrong, for the operator
}

// RecorderStatus are the counters of a recorder since it was made.
type RecorderStatus struct {
	Stored     int64 // envelopes that were new to the archive
	Dropped    int64
	Refused    int64 // by the archive, and put aside
	Damaged    int64 // lost to damage of files, at least
	Pruned     int64
	Pending    int
	SpillBytes int64
}

// NewRecorder makes a recorder, which works while Run does. It opens the spill
// file.
func NewRecorder(cfg RecorderConfig) (*Recorder, error) {
	if cfg.Archive == nil {
		return nil, errors.New("a recorder needs an archive")
	}
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.RepairHint == "" {
		cfg.RepairHint = defaultRepairHint
	}
	setDefault(&cfg.PendingBytes, DefaultPendingBytes)
	setDefault(&cfg.Linger, DefaultLinger)
	setDefault(&cfg.PruneEvery, DefaultPruneEvery)
	setDefault(&cfg.PutTimeout, DefaultPutTimeout)
	setDefault(&cfg.SpillBytes, DefaultSpillBytes)
	r := &Recorder{
		cfg: cfg, log: cfg.Logger, metrics: newMetrics(cfg.Metrics, cfg.Database),
		wake: make(chan struct{}, 1), back: make(chan struct{}, 1),
		state: Health{OK: true}, reading: Health{OK: true},
	}
	if cfg.SpillPath != "" {
		spill, err := openSpill(cfg.SpillPath, cfg.SpillBytes)
		if err != nil {
			return nil, err
		}
		r.spill = spill
		r.status.SpillBytes = spill.pending()
		r.metrics.spilled.Set(float64(spill.pending()))
		if spill.torn > 0 {
			r.log.Info("spill file ended with a write that was interrupted; it was cut off",
				zap.String("file", cfg.SpillPath), zap.Int64("bytes", spill.torn))
		}
		r.spillDamaged()
	}
	return r, nil
}

func setDefault[T ~int64](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

// Put implements waku.Archive. After Run has ended envelopes are dropped.
func (r *Recorder) Put(env *wire.Envelope) {
	size := int64(len(env.RLP()))
	r.mu.Lock()
	for !r.stopped && len(r.pending) > 0 && r.bytes+size > r.cfg.PendingBytes {
		if r.failing {
			r.dropLocked(1)
			r.mu.Unlock()
			return
		}
		room := r.room.Next()
		r.mu.Unlock()
		<-room
		r.mu.Lock()
	}
	defer r.mu.Unlock()
	if r.stopped {
		r.dropLocked(1)
		return
	}
	r.pending = append(r.pending, env)
	r.queued++
	r.bytes += size
	r.full = r.full || len(r.pending) >= commitRows || r.bytes >= commitBytes
	if len(r.pending) == 1 || r.full {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
}

// Flush waits until everything that was put before is stored, in the spill file
// or dropped. It fails when the recorder has ended.
func (r *Recorder) Flush(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for until := r.queued; r.settled < until; {
		if r.stopped {
			return ErrClosed
		}
		changed := r.room.Next()
		r.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		r.mu.Lock()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// settle counts a batch that needs no more work.
func (r *Recorder) settle(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settled += int64(n)
	r.room.Wake()
}

// CountSync counts a page of a backfill; failure is empty when it went well.
func (r *Recorder) CountSync(failure SyncFailure) {
	r.metrics.syncs.Inc()
	if failure != "" {
		r.metrics.syncFailed.WithLabelValues(string(failure)).Inc()
	}
}

func (r *Recorder) dropLocked(n int) {
	r.status.Dropped += int64(n)
	r.metrics.dropped.Add(float64(n))
}

// Health tells whether envelopes are being stored and can be read, and whether
// some that were stored have been lost since the start.
func (r *Recorder) Health() Health {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !r.state.OK:
		return r.state
	case !r.reading.OK:
		return r.reading
	}
	return r.damage.health()
}

// Status returns the counters.
func (r *Recorder) Status() RecorderStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.status
	s.Pending, s.Damaged = len(r.pending), r.damage.envelopes()
	return s
}

// Run stores until ctx ends, then stores what is pending and returns.
func (r *Recorder) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { r.prune(ctx) })
	defer wg.Wait()
	c := committer{Recorder: r}
	err := c.run(ctx)
	r.mu.Lock()
	r.stopped = true
	r.dropLocked(len(r.pending))
	r.pending, r.bytes = nil, 0
	r.room.Wake()
	r.mu.Unlock()
	for _, f := range []*spillFile{r.spill, r.refused} {
		if f != nil {
			err = errors.Join(err, f.close())
		}
	}
	return err
}

// take removes a batch from what is pending.
func (r *Recorder) take() []*wire.Envelope {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, size := 0, int64(0)
	for n < len(r.pending) && n < commitRows && size < commitBytes {
		size += int64(len(r.pending[n].RLP()))
		n++
	}
	batch := r.pending[:n:n]
	r.pending = r.pending[n:]
	r.bytes -= size
	r.full = len(r.pending) >= commitRows || r.bytes >= commitBytes
	if len(r.pending) == 0 {
		r.pending = nil
	}
	r.room.Wake()
	return batch
}

func (r *Recorder) waiting() (some, full bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.pending) > 0, r.full
}

// report changes the health and logs the change. failing says that envelopes
// go nowhere, so that Put must not wait for room.
func (r *Recorder) report(h Health, failing bool, err error) {
	r.mu.Lock()
	old := r.state
	r.state, r.failing = h, failing
	r.room.Wake()
	r.mu.Unlock()
	if old == h {
		return
	}
	if h.OK {
		r.log.Info("archive works again")
		select {
		case r.back <- struct{}{}:
		default:
		}
	} else {
		r.log.Error("archive does not store envelopes", zap.String("reason", h.Reason), zap.Error(err))
	}
}

// prune keeps to the limits: at the start, and then now and again.
func (r *Recorder) prune(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-r.back:
		}
		next := r.cfg.PruneEvery
		if err := r.pruneOnce(ctx); ctx.Err() == nil {
			r.judge(err)
			if err != nil {
				next = min(next, retryMax)
			}
		}
		timer.Reset(next)
	}
}

// defaultRepairHint is for the embedded archive.
const defaultRepairHint = "stop the node and run: statusd mailserver repair"

// damagedText tells the operator what to do about a damaged archive.
func (r *Recorder) damagedText() string { return "archive is damaged; " + r.cfg.RepairHint }

// judge draws conclusions about the health from how a look at retention went.
func (r *Recorder) judge(err error) {
	h := Health{OK: err == nil}
	switch {
	case errors.Is(err, ErrCorrupted):
		h.Reason = r.damagedText()
	case err != nil:
		h.Reason = "archive cannot be read"
	}
	r.mu.Lock()
	old := r.reading
	r.reading = h
	r.mu.Unlock()
	switch {
	case old == h:
	case h.OK:
		r.log.Info("archive can be read again")
	default:
		r.log.Error("archive cannot be used", zap.String("reason", h.Reason), zap.Error(err))
	}
}

func (r *Recorder) pruneOnce(ctx context.Context) error {
	limits := Limits{Envelopes: r.cfg.MaxEnvelopes, Bytes: r.cfg.MaxBytes}
	if r.cfg.Retention > 0 {
		limits.Before = uint32(max(0, r.cfg.Now().Add(-r.cfg.Retention).Unix()))
	}
	if limits != (Limits{}) {
		removed, err := r.cfg.Archive.Prune(ctx, limits)
		r.metrics.pruned.Add(float64(removed))
		r.mu.Lock()
		r.status.Pruned += removed
		r.mu.Unlock()
		if err != nil {
			return fmt.Errorf("prune archive: %w", err)
		}
		if removed > 0 {
			r.log.Info("old envelopes removed", zap.Int64("envelopes", removed))
		}
	}
	stats, err := r.cfg.Archive.Stats(ctx)
	if err != nil {
		return fmt.Errorf("read archive counters: %w", err)
	}
	r.archiveDamaged(stats.Damage)
	m := r.metrics
	m.archived.Set(float64(stats.Envelopes))
	m.bytes.Set(float64(stats.Bytes))
	m.oldest.Set(float64(stats.Oldest))
	if stats.DiskBytes >= 0 {
		m.disk.Set(float64(stats.DiskBytes))
	}
	return nil
}
