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
	down    bool  // the last attempt found the archive out of reach
	why     error // that attempt's
	pause   time.Duration
	retryAt time.Time        // when the next attempt is due; zero: not decided
	held    []*wire.Envelope // a batch that could neither be stored nor spilled
	piece   piece
	good    *wire.Envelope // one that the archive has taken; nil: none yet
}

func (c *committer) run(ctx context.Context) error {
	c.piece = wholePiece
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
		batch := c.held
		if batch == nil {
			batch = c.take()
		}
		if len(batch) == 0 {
			break
		}
		c.held = c.commit(ctx, batch)
		if c.held != nil {
			return
		}
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

// commit stores a batch piece by piece, or spills or drops it. It returns what
// has to be kept, nil for nothing.
func (c *committer) commit(ctx context.Context, batch []*wire.Envelope) (rest []*wire.Envelope) {
	total := len(batch)
	defer func() { c.settle(total - len(rest)) }()
	switch {
	case c.down && c.spill == nil:
		return batch
	case c.down:
		return c.store(batch, c.why)
	}
	for len(batch) > 0 {
		front := c.piece.front(batch)
		err := c.put(ctx, front)
		if err == nil {
			batch = batch[len(front):]
			continue
		}
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return batch // last tries once more
		}
		c.metrics.archiveFail.Inc()
		c.metrics.archiveFalls.Inc()
		switch {
		case errors.Is(err, ErrDiskLow):
			c.report(Health{Reason: "not archiving: too little free disk space"}, true, err)
		case errors.Is(err, ErrCorrupted) && c.spill == nil:
			c.report(Health{Reason: c.damagedText()}, true, err)
		default:
			c.down, c.why = true, err
			return c.store(batch, err)
		}
		c.drop(len(batch))
		return nil
	}
	return nil
}

func (c *committer) drop(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropLocked(n)
}

// put stores envelopes in the archive. Those that it refuses while it takes
// others are put aside.
func (c *committer) put(ctx context.Context, envs []*wire.Envelope) error {
	err := c.attempt(ctx, envs)
	if mayBeRow(err) {
		err = c.sift(ctx, envs, err)
	}
	if err == nil {
		c.report(Health{OK: true}, false, nil)
	}
	return err
}

// attempt stores envelopes in the archive once, and counts them. How long it
// takes decides about the size of the next pieces.
func (c *committer) attempt(ctx context.Context, envs []*wire.Envelope) error {
	limited, cancel := context.WithTimeout(ctx, c.cfg.PutTimeout)
	defer cancel()
	start := time.Now()
	added, err := c.cfg.Archive.Put(limited, envs)
	if added > 0 {
		c.mu.Lock()
		c.status.Stored += int64(added)
		c.mu.Unlock()
		c.metrics.archived.Add(float64(added))
	}
	if err != nil {
		if limited.Err() != nil && ctx.Err() == nil {
			if c.piece.shrink(envs) {
				c.pause = 0 // it may be slow instead of down
			}
			return fmt.Errorf("%w: no answer in %v: %w", ErrUnavailable, c.cfg.PutTimeout, err)
		}
		return err
	}
	if time.Since(start) < c.cfg.PutTimeout/4 {
		c.piece.grow(envs)
	}
	c.good = envs[len(envs)-1]
	for _, env := range envs {
		c.metrics.archivedSize.Observe(float64(env.Size()))
	}
	return nil
}

// store puts a batch into the spill file. Without one, or on its errors, the
// batch is kept in memory: it returns what has to be kept.
func (c *committer) store(batch []*wire.Envelope, cause error) (rest []*wire.Envelope) {
	if c.spill == nil {
		c.report(Health{Reason: "archive is not available; envelopes wait in memory"}, true, cause)
		return batch
	}
	var err error
	if c.cfg.SpillRoom != nil && !c.cfg.SpillRoom() {
		err = errNoRoom
	} else {
		err = c.spill.append(batch)
	}
	switch {
	case err == nil:
		c.report(Health{Reason: c.outage(cause)}, false, cause)
		c.spillChanged()
		return nil
	case errors.Is(err, errNoRoom):
		c.report(Health{Reason: "archive is not available and too little disk is free for the spill file; " +
			"envelopes are lost"}, true, cause)
		c.drop(len(batch))
		return nil
	case errors.Is(err, ErrSpillFull):
		c.report(Health{Reason: "archive is not available and the spill file is full; envelopes are lost"}, true, cause)
		c.drop(len(batch))
		return nil
	}
	c.report(Health{Reason: "archive is not available and the spill file fails"}, true, errors.Join(cause, err))
	return batch
}

// outage words why envelopes wait in the spill file.
func (c *committer) outage(cause error) string {
	if errors.Is(cause, ErrCorrupted) {
		return c.damagedText() + "; envelopes wait in the spill file"
	}
	return "archive is not available; envelopes wait in the spill file"
}

// replay stores a piece of the spill file.
func (c *committer) replay(ctx context.Context) {
	if c.spill == nil || c.spill.pending() == 0 || ctx.Err() != nil {
		return
	}
	envs, end, err := c.spill.next(c.piece.bytes, c.piece.rows)
	c.spillDamaged()
	if err != nil {
		c.down, c.why = true, err
		c.report(Health{Reason: "spill file cannot be read"}, true, err)
		return
	}
	if len(envs) > 0 { // else the whole piece was damaged
		err = c.put(ctx, envs)
	}
	if err != nil {
		c.down, c.why = true, err
		if ctx.Err() == nil {
			c.report(Health{Reason: c.outage(err)}, false, err)
		}
		return
	}
	if err := c.spill.done(end); err != nil {
		c.down, c.why = true, err
		c.report(Health{Reason: "spill file cannot be emptied"}, true, err)
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

// last stores what is pending when the recorder ends: in the archive while it
// answers, else in the spill file. One that is slow does not hold up the stop.
func (c *committer) last(ctx context.Context) error {
	limit := stopTimeout
	if c.spill != nil {
		limit = stopSpilling
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
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
		rest := c.commit(ctx, batch)
		if rest != nil && c.spill != nil && !c.down {
			c.down, c.why = true, ErrUnavailable
			rest = c.commit(ctx, rest)
		}
		if rest != nil {
			c.drop(len(rest))
			some, _ := c.waiting()
			c.log.Error("envelopes lost at the end", zap.Int("envelopes", len(rest)), zap.Bool("more", some))
			return fmt.Errorf("store the last envelopes: %w", ErrUnavailable)
		}
	}
}
