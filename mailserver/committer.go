package mailserver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"statusd/waku/wire"
)

// committer is the goroutine of a Recorder that talks to the archive.
type committer struct {
	*Recorder
	down    bool // the last attempt found the archive out of reach
	pause   time.Duration
	retryAt time.Time        // when the next attempt is due; zero: not decided
	held    []*wire.Envelope // a batch that could neither be stored nor spilled
}

func (c *committer) run(ctx context.Context) error {
	retry := time.NewTimer(0) // what an earlier run spilled is stored first
	defer retry.Stop()
	if c.spill == nil || c.spill.pending() == 0 {
		retry.Stop()
	}
	for {
		select {
		case <-ctx.Done():
			return c.last(ctx)
		case <-c.wake:
			c.linger(ctx)
		case <-retry.C:
			c.down, c.retryAt = false, time.Time{}
		}
		c.work(ctx)
		if again := c.next(); again >= 0 {
			retry.Reset(again)
		}
	}
}

// linger gives a batch the time to grow.
func (c *committer) linger(ctx context.Context) {
	if _, full := c.waiting(); full || c.down {
		return
	}
	timer := time.NewTimer(c.cfg.Linger)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case <-c.wake:
			if _, full := c.waiting(); full {
				return
			}
		}
	}
}

// work stores what is pending, and one piece of what was spilled.
func (c *committer) work(ctx context.Context) {
	for ctx.Err() == nil {
		if c.held != nil {
			if !c.commit(ctx, c.held) {
				return
			}
			c.settle(len(c.held))
			c.held = nil
		}
		batch := c.take()
		if len(batch) == 0 {
			break
		}
		if !c.commit(ctx, batch) {
			c.held = batch
			return
		}
		c.settle(len(batch))
	}
	if !c.down {
		c.replay(ctx)
	}
}

// next returns when work has to be tried again without a new envelope, or -1.
func (c *committer) next() time.Duration {
	backlog := c.held != nil || c.spill != nil && c.spill.pending() > 0
	switch {
	case c.down && backlog:
		if c.retryAt.IsZero() {
			c.pause = min(max(2*c.pause, retryMin), retryMax)
			c.retryAt = time.Now().Add(c.pause)
		}
		return max(0, time.Until(c.retryAt))
	case backlog:
		return 0
	}
	c.pause = 0
	return -1
}

// commit stores a batch, or spills or drops it. It returns false to keep it.
func (c *committer) commit(ctx context.Context, batch []*wire.Envelope) bool {
	if c.down && c.spill != nil {
		return c.store(batch, ErrUnavailable)
	}
	if c.down {
		return false
	}
	err := c.put(ctx, batch)
	if err == nil {
		return true
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return false // last tries once more
	}
	c.metrics.archiveFail.Inc()
	c.metrics.archiveFalls.Inc()
	switch {
	case errors.Is(err, ErrDiskLow):
		c.report(Health{Reason: "not archiving: too little free disk space"}, true, err)
	case errors.Is(err, ErrCorrupted):
		c.report(Health{Reason: reasonDamaged}, true, err)
	default:
		c.down = true
		return c.store(batch, err)
	}
	c.drop(len(batch))
	return true
}

func (c *committer) drop(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropLocked(n)
}

// put stores a batch in the archive and counts it.
func (c *committer) put(ctx context.Context, batch []*wire.Envelope) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.PutTimeout)
	defer cancel()
	added, err := c.cfg.Archive.Put(ctx, batch)
	if added > 0 {
		c.mu.Lock()
		c.status.Stored += int64(added)
		c.mu.Unlock()
		c.metrics.archived.Add(float64(added))
	}
	if err != nil {
		return err
	}
	for _, env := range batch {
		c.metrics.archivedSize.Observe(float64(env.Size()))
	}
	c.report(Health{OK: true}, false, nil)
	return nil
}

// store puts a batch into the spill file. Without one, or on its errors, the
// batch is kept in memory.
func (c *committer) store(batch []*wire.Envelope, cause error) bool {
	if c.spill == nil {
		c.report(Health{Reason: "archive is not available; envelopes wait in memory"}, true, cause)
		return false
	}
	var err error
	if c.cfg.SpillRoom != nil && !c.cfg.SpillRoom() {
		err = errNoRoom
	} else {
		err = c.spill.append(batch)
	}
	switch {
	case err == nil:
		c.report(Health{Reason: "archive is not available; envelopes wait in the spill file"}, false, cause)
		c.spillChanged()
		return true
	case errors.Is(err, errNoRoom):
		c.report(Health{Reason: "archive is not available and too little disk is free for the spill file; " +
			"envelopes are lost"}, true, cause)
		c.drop(len(batch))
		return true
	case errors.Is(err, ErrSpillFull):
		c.report(Health{Reason: "archive is not available and the spill file is full; envelopes are lost"}, true, cause)
		c.drop(len(batch))
		return true
	}
	c.report(Health{Reason: "archive is not available and the spill file fails"}, true, errors.Join(cause, err))
	return false
}

// replay stores a piece of the spill file.
func (c *committer) replay(ctx context.Context) {
	if c.spill == nil || c.spill.pending() == 0 || ctx.Err() != nil {
		return
	}
	envs, end, err := c.spill.next(commitBytes)
	if err == nil {
		if err = c.put(ctx, envs); err != nil {
			c.down = true
			c.report(Health{Reason: "archive is not available; envelopes wait in the spill file"}, false, err)
			return
		}
	}
	if err == nil {
		err = c.spill.done(end)
	}
	if err != nil {
		c.down = true
		c.report(Health{Reason: "spill file cannot be read"}, true, err)
		return
	}
	c.spillChanged()
	if c.spill.pending() == 0 {
		c.log.Info("spill file is empty again")
	}
}

func (c *committer) spillChanged() {
	n := c.spill.pending()
	c.metrics.spilled.Set(float64(n))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.SpillBytes = n
}

// last stores what is pending when the recorder ends.
func (c *committer) last(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	c.down = c.down && c.spill != nil
	for {
		batch := c.held
		c.held = nil
		if batch == nil {
			batch = c.take()
		}
		if len(batch) == 0 {
			return nil
		}
		if !c.commit(ctx, batch) {
			c.drop(len(batch))
			some, _ := c.waiting()
			c.log.Error("envelopes lost at the end", zap.Int("envelopes", len(batch)), zap.Bool("more", some))
			return fmt.Errorf("store the last envelopes: %w", ErrUnavailable)
		}
		c.settle(len(batch))
	}
}
