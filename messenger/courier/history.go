package courier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"statusd/internal/store"
	"statusd/mailserver/history"
	"statusd/waku/wire"
)

// outage is how long there must have been no peer until history is fetched
// again: an envelope lives that long in the pools of others, less a margin.
const outage = 10 * time.Second

// Waits after history could not be fetched, doubling from the first to the
// second. Coming online, and a server that comes or goes, end them.
const (
	minHistoryRetry = 15 * time.Second
	maxHistoryRetry = 15 * time.Minute
)

// Waits between fetches because the inbox had to give up something, doubling
// from the first to the second, and back to none after as long a time without.
// Whoever floods the inbox causes these fetches, of all places, and most of what
// they bring is the flood.
const (
	minMissedWait = time.Minute
	maxMissedWait = time.Hour
)

// historian fetches what was missed: of all places at the start, after an
// outage and when the inbox had to give up something; of new places when asked.
type historian struct {
	c    *Courier
	wake chan struct{} // capacity 1

	mu   sync.Mutex
	all  bool
	jobs []historyJob

	missedAt   time.Time     // when the inbox gave something up last
	missedWait time.Duration // from the latest fetch because of that to the next
	missedNext time.Time     // when that may be
	missedDue  bool          // one waits for it
}

// historyJob is the history of some topics.
type historyJob struct {
	topics []wire.Topic
	from   time.Time
}

// maxJobs bounds the jobs that wait: beyond, everything is fetched.
const maxJobs = 64

func newHistorian(c *Courier) *historian {
	return &historian{c: c, wake: make(chan struct{}, 1), all: true}
}

// everything asks for the history of all places.
func (h *historian) everything() {
	h.mu.Lock()
	h.all = true
	h.mu.Unlock()
	poke(h.wake)
}

// missed asks for the history of all places because the inbox had to give up
// something. The first time that is at once, later ones wait and are joined.
func (h *historian) missed() {
	now := h.c.cfg.Now()
	h.mu.Lock()
	if now.Sub(h.missedAt) >= maxMissedWait {
		h.missedWait, h.missedNext = 0, now
	}
	waits := h.missedDue
	h.missedAt, h.missedDue = now, true
	h.mu.Unlock()
	if !waits { // else run knows
		poke(h.wake)
	}
}

// untilMissed returns how long to wait until what was missed may be fetched,
// negative when nothing was. h.mu is held.
func (h *historian) untilMissed(now time.Time) time.Duration {
	if !h.missedDue {
		return -1
	}
	return min(max(h.missedNext.Sub(now), 0), maxMissedWait)
}

// fetch asks for the history of some topics.
func (h *historian) fetch(list []wire.Topic, from time.Time) {
	h.mu.Lock()
	if h.jobs = append(h.jobs, historyJob{list, from}); len(h.jobs) > maxJobs {
		h.all, h.jobs = true, nil
	}
	h.mu.Unlock()
	poke(h.wake)
}

// next returns what is to be fetched, nil when nothing is.
func (h *historian) next() *historyJob {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := h.c.cfg.Now(); h.untilMissed(now) == 0 {
		h.missedWait = min(max(2*h.missedWait, minMissedWait), maxMissedWait)
		h.all, h.missedDue, h.missedNext = true, false, now.Add(h.missedWait)
	}
	switch {
	case h.all:
		h.all = false
		return &historyJob{nil, h.c.cfg.Now().Add(-h.c.cfg.HistoryPeriod)}
	case len(h.jobs) > 0:
		job := h.jobs[0]
		h.jobs = h.jobs[1:]
		return &job
	}
	return nil
}

// putBack keeps a job that failed.
func (h *historian) putBack(job *historyJob) {
	if job.topics == nil {
		h.mu.Lock()
		h.all = true
		h.mu.Unlock()
		return
	}
	h.mu.Lock()
	h.jobs = append(h.jobs, *job)
	h.mu.Unlock()
}

// run fetches until ctx ends.
func (h *historian) run(ctx context.Context) error {
	if h.c.cfg.History == nil {
		return nil
	}
	select {
	case <-h.c.filters.ready:
	case <-ctx.Done():
		return nil
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var retry time.Duration
	for {
		changed := h.c.cfg.History.Changed()
		able := h.c.online.Load() && len(h.c.cfg.History.Status()) > 0
		failed := able && !h.round(ctx)
		h.mu.Lock()
		wait := h.untilMissed(h.c.cfg.Now())
		h.mu.Unlock()
		if !able {
			wait = -1 // what makes it able wakes it
		}
		if failed {
			retry = min(max(2*retry, minHistoryRetry), maxHistoryRetry)
			wait = retry
		} else {
			retry = 0
		}
		var again <-chan time.Time
		if wait >= 0 {
			timer.Reset(wait)
			again = timer.C
		}
		if !h.idle(ctx, changed, again, failed) {
			return nil
		}
	}
}

// idle waits for something to do. While a failure is fresh, changes at servers
// alone do not count: a failure is one.
func (h *historian) idle(ctx context.Context, changed <-chan struct{}, again <-chan time.Time, failed bool) bool {
	if failed {
		changed = nil
	}
	for {
		select {
		case <-ctx.Done():
			return false
		case <-h.wake:
			return true
		case <-again:
			return true
		case <-changed:
			h.mu.Lock()
			waiting := h.all || len(h.jobs) > 0 || h.missedDue
			h.mu.Unlock()
			if waiting {
				return true
			}
			changed = h.c.cfg.History.Changed()
		}
	}
}

// round fetches everything that waits and reports whether that worked.
func (h *historian) round(ctx context.Context) bool {
	for job := h.next(); job != nil; job = h.next() {
		if err := h.do(ctx, job); err != nil {
			h.putBack(job)
			if ctx.Err() == nil && !errors.Is(err, history.ErrNoServer) {
				h.c.log.Warn("history not fetched, it is tried again", zap.Error(err))
			}
			return false
		}
	}
	return true
}

// do fetches one job and tells the chats.
func (h *historian) do(ctx context.Context, job *historyJob) error {
	list := job.topics
	if list == nil {
		list = h.c.filters.topics()
	}
	to := h.c.cfg.Now()
	ledger := history.Ledger{Store: ledgerStore{ctx, h.c.cfg.DB}, Settled: h.c.inbox.settled}
	got, err := h.c.cfg.History.SyncLedger(ctx, ledger, list, uint32(job.from.Unix()), uint32(to.Unix()), nil)
	if err != nil {
		return err
	}
	return h.c.cfg.DB.Update(ctx, func(tx *store.Tx) error {
		return h.c.tell(tx, func() error {
			return h.c.chats.HistorySynced(ctx, tx, time.Unix(to.Unix(), 0), got.Envelopes)
		})
	})
}

// SyncHistory has the history of all places fetched, as after an outage.
func (c *Courier) SyncHistory() { c.historian.everything() }

// ledgerStore keeps the ledger of the account in its database.
type ledgerStore struct {
	ctx context.Context //nolint:containedctx // lives for one fetch
	db  *store.DB
}

var _ history.Store = ledgerStore{}

// Spans implements history.Store.
func (l ledgerStore) Spans(topic wire.Topic) (spans history.Spans, err error) {
	err = l.db.View(l.ctx, func(tx *store.Tx) error {
		raw, err := tx.Fetched().Spans(topic)
		if err != nil || raw == nil {
			return err
		}
		return json.Unmarshal(raw, &spans)
	})
	return spans, err
}

// SaveSpans implements history.Store.
func (l ledgerStore) SaveSpans(all map[wire.Topic]history.Spans, key string) error {
	return l.db.Update(l.ctx, func(tx *store.Tx) error {
		for topic, spans := range all {
			raw, err := json.Marshal(spans)
			if err != nil {
				return fmt.Errorf("encode spans: %w", err)
			}
			if err := tx.Fetched().PutSpans(topic, raw); err != nil {
				return err
			}
		}
		if key == "" {
			return nil
		}
		return tx.Fetched().PutBookmark(key, nil)
	})
}

// Resume implements history.Store.
func (l ledgerStore) Resume(key string) (mark *history.Bookmark, err error) {
	err = l.db.View(l.ctx, func(tx *store.Tx) error {
		raw, err := tx.Fetched().Bookmark(key)
		if err != nil || raw == nil {
			return err
		}
		mark = new(history.Bookmark)
		return json.Unmarshal(raw, mark)
	})
	if err != nil {
		return nil, err
	}
	return mark, nil
}

// SaveBookmark implements history.Store.
func (l ledgerStore) SaveBookmark(key string, b history.Bookmark) error {
	raw, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("encode bookmark: %w", err)
	}
	return l.db.Update(l.ctx, func(tx *store.Tx) error { return tx.Fetched().PutBookmark(key, raw) })
}
