package node

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"statusd/internal/deadline"
	"statusd/internal/sdnotify"
)

// Times of the monitor.
const (
	// probePeriod passes between two rounds when no watchdog asks for more.
	probePeriod = 15 * time.Second
	// statusPause is the least time between two status lines for systemd.
	statusPause = time.Second
)

// probe asks a loop for a sign of life. run returns once the loop answered;
// ctx bounds how long the answer is of interest.
type probe struct {
	name string
	run  func(ctx context.Context) error
}

// monitor checks in rounds that every loop still turns, and feeds systemd's
// watchdog only then. Between rounds it passes status lines on.
type monitor struct {
	log    *zap.Logger
	notify *sdnotify.Notifier
	period time.Duration
	limit  time.Duration // for one round
	probes []probe
	status func() string

	alive    atomic.Bool
	freeDisk atomic.Int64 // bytes; negative: unknown
	changed  chan struct{}

	mu      sync.Mutex // guards what follows
	pending map[string]bool
	stuck   []string
}

// newMonitor builds a monitor; watchdog is what systemd asked for, or zero.
func newMonitor(log *zap.Logger, notify *sdnotify.Notifier, watchdog time.Duration) *monitor {
	m := &monitor{
		log: log, notify: notify, period: probePeriod, status: func() string { return "" },
		changed: make(chan struct{}, 1), pending: make(map[string]bool),
	}
	if watchdog > 0 {
		m.period = watchdog / 2
	}
	m.limit = m.period / 2
	m.alive.Store(true)
	m.freeDisk.Store(-1)
	return m
}

// peersChanged has the status line written anew. It does not block.
func (m *monitor) peersChanged() {
	select {
	case m.changed <- struct{}{}:
	default: // already asked for
	}
}

// stuckNames lists the loops that did not answer in the last round.
func (m *monitor) stuckNames() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.stuck, ", ")
}

// Run makes rounds until ctx ends. A probe that never returns keeps its
// goroutine; there is never a second one of the same name.
func (m *monitor) Run(ctx context.Context) error {
	var round, line deadline.Timer
	defer round.Disarm()
	defer line.Disarm()
	var shown string
	var shownAt time.Time
	next := time.Now()
	for {
		round.Arm(next)
		select {
		case <-ctx.Done():
			return nil
		case <-round.C():
			round.Fired()
			next = time.Now().Add(m.period)
			m.round(ctx)
		case <-m.changed:
			line.Arm(deadlineAfter(shownAt, statusPause))
		case <-line.C():
			line.Fired()
			if text := m.status(); text != shown {
				shown, shownAt = text, time.Now()
				m.report(m.notify.Status(text))
			}
		}
	}
}

// deadlineAfter is the later of now and the moment a pause after since ends.
func deadlineAfter(since time.Time, pause time.Duration) time.Time {
	now := time.Now()
	if at := since.Add(pause); at.After(now) {
		return at
	}
	return now
}

// round runs every probe at once and judges the answers.
func (m *monitor) round(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, m.limit)
	defer cancel()
	answers := make(chan string, len(m.probes)) // holds all: no probe waits
	waiting := 0
	for _, p := range m.probes {
		if m.begin(p.name) {
			waiting++
			go func() { // ends with the probe; see Run
				err := p.run(ctx)
				m.end(p.name)
				if err == nil {
					answers <- p.name
				}
			}()
		}
	}
	answered := make(map[string]bool, waiting)
	for range waiting {
		select {
		case name := <-answers:
			answered[name] = true
			continue
		case <-ctx.Done():
		}
		break
	}
	if ctx.Err() == context.Canceled { //nolint:errorlint // the bare value, from our own context
		return // the node stops; loops end and may not answer
	}
	m.judge(answered)
}

func (m *monitor) begin(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pending[name] {
		return false
	}
	m.pending[name] = true
	return true
}

func (m *monitor) end(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.pending, name)
}

// judge compares the answers with the last round's and feeds the watchdog.
func (m *monitor) judge(answered map[string]bool) {
	var stuck []string
	for _, p := range m.probes {
		if !answered[p.name] {
			stuck = append(stuck, p.name)
		}
	}
	m.mu.Lock()
	before := m.stuck
	m.stuck = stuck
	m.mu.Unlock()
	m.alive.Store(len(stuck) == 0)
	switch {
	case len(stuck) == 0:
		if len(before) > 0 {
			m.log.Info("every loop answers again")
		}
		m.report(m.notify.Watchdog())
	case !slices.Equal(stuck, before):
		m.log.Error("loops do not answer, watchdog is not fed", zap.Strings("loops", stuck))
	}
}

// report logs what systemd could not be told.
func (m *monitor) report(err error) {
	if err != nil {
		m.log.Debug("systemd not told", zap.Error(err))
	}
}
