package courier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"statusd/internal/broadcast"
	"statusd/internal/store"
	"statusd/transport/topics"
	"statusd/waku"
	"statusd/waku/wire"
)

// Bounds of the inbox. A live message that finds it full stays in the pool of
// the host and is looked for there when there is room again. One out of an
// archive holds back the peer that sends, see Hold; should it find no room all
// the same, it is dropped and its page is fetched again.
const (
	queueLive  = 1024
	queueBytes = 64 << 20
	// queueArchive leaves room for what the host has in the works when Hold
	// begins to hold back.
	queueArchive = queueLive + 4096
	holdFrom     = queueLive / 2
	holdBytes    = queueBytes / 2
	holdAtMost   = 30 * time.Second

	// maxBatch and maxBatchBytes bound the messages of one transaction.
	maxBatch      = 64
	maxBatchBytes = 4 << 20

	// drainFor is how long the inbox works on after it was told to stop.
	drainFor = 4 * time.Second

	minRetry = time.Second
	maxRetry = time.Minute

	// A message that fails by itself is tried maxTries times; maxLater of them
	// wait at the same time.
	maxTries = 6
	maxLater = 256

	pruneEvery = time.Hour
)

var (
	errOverflow = errors.New("the inbox had no room for an envelope out of an archive")
	errEarly    = errors.New("too many messages are missing before this one")
	errLater    = errors.New("an envelope could not be processed")
)

// arrival is an opened envelope and where it arrived.
type arrival struct {
	*waku.ReceivedMessage
	place topics.Place
	tries int
	next  time.Time // of the next try
}

// inbox queues what filters opened and processes it in one goroutine, several
// messages in a transaction.
type inbox struct {
	c    *Courier
	wake chan struct{} // capacity 1

	later []*arrival // failed by themselves; belong to run
	prune time.Time  // when to forget old envelopes; belongs to run
	retry time.Duration

	mu      sync.Mutex
	queue   []*arrival
	bytes   int
	in, out uint64            // messages that were queued, and that are done with
	lost    bool              // a live message found no room
	broken  bool              // one out of an archive is not stored
	rescan  []waku.FilterID   // filters to look for in the pool
	due     time.Time         // when Chats are to try again what they put aside; zero: never
	moved   broadcast.Waiters // messages are done with
}

func newInbox(c *Courier) *inbox {
	return &inbox{c: c, wake: make(chan struct{}, 1), due: c.cfg.Now()}
}

// sink takes what the filter of a place opened.
type sink struct {
	inbox *inbox
	place topics.Place
}

// Deliver implements waku.Sink.
func (s sink) Deliver(m *waku.ReceivedMessage) {
	s.inbox.add(&arrival{ReceivedMessage: m, place: s.place})
}

func size(m *waku.ReceivedMessage) int { return len(m.Payload) + len(m.Padding) + 256 }

func (b *inbox) add(a *arrival) {
	if !a.P2P && b.c.outbox.isOwn(a.Hash) {
		return // posted here
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	limit := queueLive
	if a.P2P {
		limit = queueArchive
	}
	if b.lost && !a.P2P {
		return // found after those before it: a ratchet bears only so much disorder
	}
	if len(b.queue) >= limit || len(b.queue) > 0 && b.bytes+size(a.ReceivedMessage) > queueBytes {
		b.lost = b.lost || !a.P2P
		b.broken = b.broken || a.P2P
		return
	}
	b.queue = append(b.queue, a)
	b.bytes += size(a.ReceivedMessage)
	b.in++
	poke(b.wake)
}

// Hold blocks the reader of a peer that sends out of an archive while the inbox
// is half full, until done is closed, and for half a minute at most.
func (c *Courier) Hold(done <-chan struct{}) {
	b := c.inbox
	var timeout <-chan time.Time
	for {
		b.mu.Lock()
		full, moved := len(b.queue) >= holdFrom || b.bytes >= holdBytes, b.moved.Next()
		b.mu.Unlock()
		if !full {
			return
		}
		if timeout == nil {
			timer := time.NewTimer(holdAtMost)
			defer timer.Stop()
			timeout = timer.C
		}
		select {
		case <-moved:
		case <-done:
			return
		case <-timeout:
			return
		}
	}
}

// settled waits until everything that was delivered before is committed. It
// fails when something out of an archive is not.
func (b *inbox) settled(ctx context.Context) error {
	b.mu.Lock()
	goal := b.in
	b.mu.Unlock()
	for {
		b.mu.Lock()
		done, moved := b.out >= goal, b.moved.Next()
		broken := b.broken
		if done {
			b.broken = false
		}
		b.mu.Unlock()
		switch {
		case done && broken:
			return errOverflow
		case done:
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (b *inbox) waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.queue)
}

// lookFor has the pool searched for new filters.
func (b *inbox) lookFor(ids []waku.FilterID) {
	b.mu.Lock()
	b.rescan = append(b.rescan, ids...)
	b.mu.Unlock()
	poke(b.wake)
}

// head returns the messages for the next transaction. They stay queued.
func (b *inbox) head() []*arrival {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, bytes := 0, 0
	for n < len(b.queue) && n < maxBatch && (n == 0 || bytes+size(b.queue[n].ReceivedMessage) <= maxBatchBytes) {
		bytes += size(b.queue[n].ReceivedMessage)
		n++
	}
	return append([]*arrival(nil), b.queue[:n]...)
}

// done takes the first n messages off the queue.
func (b *inbox) done(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range n {
		b.bytes -= size(b.queue[i].ReceivedMessage)
		b.queue[i] = nil
	}
	b.queue = b.queue[n:]
	b.out += uint64(n)
	b.moved.Wake()
}

// missing returns, when the queue is empty, the filters for which the pool is
// to be searched, and whether that is because messages found no room.
func (b *inbox) missing() (ids []waku.FilterID, lost bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) > 0 || !b.lost && len(b.rescan) == 0 {
		return nil, false
	}
	ids, lost = b.rescan, b.lost
	b.rescan, b.lost = nil, false
	return ids, lost
}

// run processes messages until ctx ends, and then, for a while, what is left
// once the filters are gone.
func (b *inbox) run(ctx context.Context) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for ctx.Err() == nil {
		wait := b.step(ctx)
		if wait == 0 {
			continue
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-b.wakeUnlessFailing():
		}
	}
	<-b.c.filters.gone
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainFor)
	defer cancel()
	for batch := b.head(); len(batch) > 0; batch = b.head() {
		if err := b.process(last, batch); err != nil {
			b.c.log.Warn("messages that had arrived are not processed", zap.Int("messages", b.waiting()), zap.Error(err))
			break
		}
		b.done(len(batch))
	}
	return nil
}

// wakeUnlessFailing returns the channel that new messages wake, nil while the
// database fails: more messages do not make it work again.
func (b *inbox) wakeUnlessFailing() <-chan struct{} {
	if b.retry > 0 {
		return nil
	}
	return b.wake
}

// step does one thing and returns how long to wait for the next, zero for not
// at all.
func (b *inbox) step(ctx context.Context) time.Duration {
	wait, err := b.retryHeld(ctx)
	if err != nil {
		return b.failed(ctx, err)
	}
	if batch := b.head(); len(batch) > 0 {
		if err := b.process(ctx, batch); err != nil {
			return b.failed(ctx, err)
		}
		b.done(len(batch))
		b.recovered()
		return 0
	}
	if ids, lost := b.missing(); ids != nil || lost {
		if err := b.search(ctx, ids, lost); err != nil {
			b.mu.Lock()
			b.rescan, b.lost = append(b.rescan, ids...), b.lost || lost
			b.mu.Unlock()
			return b.failed(ctx, err)
		}
		b.recovered()
		return 0
	}
	return min(wait, b.tryLater(ctx))
}

// failed notes that the database does not work and returns when to try again.
func (b *inbox) failed(ctx context.Context, err error) time.Duration {
	if ctx.Err() != nil {
		return minRetry
	}
	b.retry = min(max(2*b.retry, minRetry), maxRetry)
	b.c.log.Error("messages cannot be stored, they wait", zap.Int("messages", b.waiting()),
		zap.Duration("retry_in", b.retry), zap.Error(err))
	return b.retry
}

// recovered notes that the database works. What came while it did not may have
// left the pool.
func (b *inbox) recovered() {
	if b.retry > 0 {
		b.retry = 0
		b.c.historian.missed()
	}
}

// search looks in the pool for what filters missed.
func (b *inbox) search(ctx context.Context, ids []waku.FilterID, lost bool) error {
	places := b.c.filters.places(ids, lost)
	if lost {
		b.c.log.Warn("inbox was full, the pool is searched for what did not fit")
		b.c.historian.missed() // also for what the pool had to give up meanwhile
	}
	var batch []*arrival
	flush := func() error {
		err := b.process(ctx, batch)
		batch = batch[:0]
		return err
	}
	take := func(m *waku.ReceivedMessage, fits []waku.FilterID) error {
		batch = append(batch, &arrival{ReceivedMessage: m, place: places[fits[0]]})
		if len(batch) < maxBatch {
			return nil
		}
		return flush()
	}
	err := b.c.cfg.Host.Rescan(ctx, slices.Collect(maps.Keys(places)), b.unseen(ctx), take)
	if err != nil || len(batch) == 0 {
		return err
	}
	return flush()
}

// unseen reports which envelopes were not processed yet.
func (b *inbox) unseen(ctx context.Context) func(wire.Hash) bool {
	return func(hash wire.Hash) bool {
		if b.c.outbox.isOwn(hash) {
			return false
		}
		seen := false
		err := b.c.cfg.DB.View(ctx, func(tx *store.Tx) (err error) {
			seen, err = tx.Envelopes().Seen(hash)
			return err
		})
		return err == nil && !seen
	}
}

// transact runs fn in a transaction, at the end of which leaves what data sync
// has to say.
func (b *inbox) transact(ctx context.Context, fn func(tx *store.Tx) error) error {
	return b.c.cfg.DB.Update(ctx, func(tx *store.Tx) error {
		b.c.inTx = true
		defer func() { b.c.inTx = false }()
		if err := fn(tx); err != nil || b.c.cfg.NoDataSync {
			return err
		}
		return b.c.sync.Flush(ctx, tx)
	})
}

// process handles messages in one transaction. After an error nothing of it
// happened and all are to be tried again.
func (b *inbox) process(ctx context.Context, batch []*arrival) error {
	now := b.c.cfg.Now()
	var failing []*arrival
	err := b.transact(ctx, func(tx *store.Tx) error {
		failing = failing[:0]
		for _, a := range batch {
			err := b.c.receive(ctx, tx, a, now)
			switch {
			case err == nil:
			case general(err):
				return err
			case errors.Is(err, errEarly):
				failing = append(failing, a)
			default:
				b.c.log.Error("message cannot be processed", zap.Stringer("envelope", a.Hash), zap.Error(err))
				failing = append(failing, a)
			}
		}
		return b.pruneSeen(tx, now)
	})
	if err != nil {
		return err
	}
	b.postpone(failing, now)
	return nil
}

// pruneSeen forgets envelopes that cannot come again, now and then.
func (b *inbox) pruneSeen(tx *store.Tx, now time.Time) error {
	if now.Before(b.prune) {
		return nil
	}
	more, err := tx.Envelopes().ForgetSeen(now)
	if err == nil && !more {
		b.prune = now.Add(pruneEvery)
	}
	return err
}

// postpone keeps messages that failed by themselves, for another try.
func (b *inbox) postpone(failing []*arrival, now time.Time) {
	for _, a := range failing {
		if a.tries++; a.tries >= maxTries || len(b.later) >= maxLater {
			b.c.drop("failed")
			b.c.log.Error("message given up", zap.Stringer("envelope", a.Hash), zap.Int("tries", a.tries))
			continue
		}
		if a.P2P {
			b.mu.Lock()
			b.broken = true
			b.mu.Unlock()
		}
		a.next = now.Add(minRetry << (2 * a.tries)) // 4 s to 17 minutes
		b.later = append(b.later, a)
	}
}

// tryLater tries a message again whose time has come, and returns when the next
// one's comes.
func (b *inbox) tryLater(ctx context.Context) time.Duration {
	now, wait := b.c.cfg.Now(), time.Hour
	for i, a := range b.later {
		if left := a.next.Sub(now); left > 0 {
			wait = min(wait, left)
			continue
		}
		b.later = append(b.later[:i:i], b.later[i+1:]...)
		if err := b.process(ctx, []*arrival{a}); err != nil {
			a.next = now.Add(minRetry)
			b.later = append(b.later, a)
			return b.failed(ctx, fmt.Errorf("%w: %w", errLater, err))
		}
		b.recovered()
		return 0
	}
	return wait
}
