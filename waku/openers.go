package waku

import (
	"runtime"
	"sync"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"statusd/internal/broadcast"
	"statusd/waku/wire"
)

// Bounds of what waits to be opened. When one is reached, the reader that
// brought the next wanted envelope waits, so that nothing wanted is lost.
const (
	openQueue    = 1024
	openMaxBytes = 32 << 20
)

// openers decrypts envelopes that fit a filter's topic: trial decryption on
// GOMAXPROCS workers, delivery by one goroutine in the order of arrival.
//
//	submit → in → dispatch ─┬→ work → workers ─┐
//	                        └→ order → deliver ←┘ (job.done)
type openers struct {
	host   *Host
	in     chan *openJob
	budget *budget
}

// openJob is an envelope to open, or a function to call once everything
// before it has been delivered.
type openJob struct {
	env  *wire.Envelope
	pow  float64
	p2p  bool
	then func()

	fits []*filter
	msg  *ReceivedMessage
	done chan struct{} // closed when fits and msg are final
}

func newOpeners(h *Host) *openers {
	return &openers{host: h, in: make(chan *openJob, openQueue), budget: newBudget(openMaxBytes)}
}

// submit queues an envelope from the pool if a filter wants its topic.
// done, if not nil, ends the wait for room.
func (o *openers) submit(env *wire.Envelope, pow float64, done <-chan struct{}) {
	listed, wildcard := o.host.filters.candidates(env.Topic())
	if len(listed) == 0 && len(wildcard) == 0 {
		return
	}
	o.put(&openJob{env: env, pow: pow}, done)
}

// submitP2P queues an envelope that came by code 127.
func (o *openers) submitP2P(env *wire.Envelope, from *peer) {
	listed, wildcard := o.host.filters.candidates(env.Topic())
	if len(listed) == 0 && len(wildcard) == 0 {
		return
	}
	o.put(&openJob{env: env, pow: env.PoW(0), p2p: true}, from.quit)
}

// barrier calls fn once everything queued before has been delivered.
func (o *openers) barrier(fn func(), from *peer) { o.put(&openJob{then: fn}, from.quit) }

func (o *openers) put(job *openJob, done <-chan struct{}) {
	if job.env != nil && !o.budget.take(job.env.Size(), done, o.host.stopped) {
		return
	}
	select {
	case o.in <- job:
	case <-done:
	case <-o.host.stopped:
	}
}

// run works until the host has stopped, then empties the queue.
func (o *openers) run() error {
	workers := runtime.GOMAXPROCS(0)
	work := make(chan *openJob, workers)
	order := make(chan *openJob, openQueue)
	var g errgroup.Group
	for range workers {
		g.Go(func() error {
			for job := range work {
				o.open(job)
			}
			return nil
		})
	}
	g.Go(func() error {
		for job := range order {
			o.deliver(job)
		}
		return nil
	})
	o.dispatch(work, order)
	close(work)
	close(order)
	return g.Wait()
}

// dispatch gives each job to the workers and, in the same order, to delivery.
func (o *openers) dispatch(work, order chan<- *openJob) {
	give := func(job *openJob) {
		if job.env != nil {
			job.done = make(chan struct{})
			work <- job
		}
		order <- job
	}
	for {
		select {
		case job := <-o.in:
			give(job)
		case <-o.host.stopped:
			for {
				select {
				case job := <-o.in:
					give(job)
				default:
					return
				}
			}
		}
	}
}

func (o *openers) open(job *openJob) {
	defer close(job.done)
	listed, wildcard := o.host.filters.candidates(job.env.Topic())
	job.fits, job.msg = match(job.env, job.pow, job.p2p, listed, wildcard)
}

func (o *openers) deliver(job *openJob) {
	if job.then != nil {
		job.then()
		return
	}
	<-job.done
	o.budget.give(job.env.Size())
	if job.msg == nil {
		o.host.metrics.unopened.Inc()
		return
	}
	o.host.metrics.opened.Inc()
	for _, f := range job.fits {
		switch {
		case f.removed.Load():
		case f.sink != nil:
			f.sink.Deliver(job.msg)
		default:
			o.keep(f, job.msg)
		}
	}
}

// keep stores a message for a polling filter. When all such filters together
// hold too much, the fullest gives way.
func (o *openers) keep(f *filter, m *ReceivedMessage) {
	o.warnDropped(f, f.store.add(m))
	for o.host.filters.stored.Load() > storeMaxTotal {
		f := o.host.filters.fullest()
		if f == nil {
			break
		}
		o.warnDropped(f, f.store.shed(storeMaxTotal))
	}
}

// warnDropped reports messages that a polling filter lost, if any.
func (o *openers) warnDropped(f *filter, n int) {
	if n == 0 {
		return
	}
	o.host.metrics.storeDrops.Add(float64(n))
	if f.store.warn() {
		o.host.log.Warn("polling filter is not read, oldest messages are dropped until it is",
			zap.String("filter", string(f.id)))
	}
}

// budget is a number of bytes that several goroutines share. A single claim
// above the whole is granted when nothing else is out. Claims are served in
// turn: otherwise many small ones would keep a large one, and the honest peer
// that brought it, waiting for ever.
type budget struct {
	max  int
	turn chan struct{} // capacity 1: full while somebody claims

	mu    sync.Mutex
	used  int
	freed broadcast.Waiters // something is given back
}

func newBudget(limit int) *budget {
	return &budget{max: limit, turn: make(chan struct{}, 1)}
}

// take claims n bytes, waiting for them until one of the channels is closed.
// It reports whether it got them.
func (b *budget) take(n int, done, stopped <-chan struct{}) bool {
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-done:
		return false
	case <-stopped:
		return false
	}
	for {
		b.mu.Lock()
		if b.used == 0 || b.used+n <= b.max {
			b.used += n
			b.mu.Unlock()
			return true
		}
		freed := b.freed.Next()
		b.mu.Unlock()
		select {
		case <-freed:
		case <-done:
			return false
		case <-stopped:
			return false
		}
	}
}

func (b *budget) give(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	b.freed.Wake()
}
