package courier

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"statusd/internal/store"
	"statusd/transport/topics"
	"statusd/waku"
	"statusd/waku/wire"
)

// filters keeps the filters of the host equal to what is to be listened to:
// the places of the chats and of the device, and what a caller asked for
// besides.
type filters struct {
	c     *Courier
	wake  chan struct{} // capacity 1
	gone  chan struct{} // closed when run has removed all of them
	ready chan struct{} // closed after the first time that all were installed
	once  sync.Once

	mu     sync.Mutex
	on     map[topics.Place]*filter
	failed map[topics.Place]bool // could not be installed, reported
	seq    uint64
	ended  bool
	since  time.Time // from when on to fetch the history of new places; zero: not
	asked  asked
	news   []topics.Place // negotiated ones that the chats are not told of yet
}

// filter is an installed filter.
type filter struct {
	id   waku.FilterID // in the host, known to nobody else
	name string        // what others know it by
	seq  uint64
}

func newFilters(c *Courier) *filters {
	return &filters{
		c: c, wake: make(chan struct{}, 1), gone: make(chan struct{}), ready: make(chan struct{}),
		on: make(map[topics.Place]*filter), failed: make(map[topics.Place]bool),
		asked: newAsked(),
	}
}

// changed has run look what is to be listened to.
func (f *filters) changed() { poke(f.wake) }

// ListeningChanged has the filters follow Chats.Listening after the commit,
// and fetches the history of what is new from since on (zero: none).
func (c *Courier) ListeningChanged(tx *store.Tx, since time.Time) {
	afterCommit(tx, func() {
		f := c.filters
		f.mu.Lock()
		if !since.IsZero() && (f.since.IsZero() || since.Before(f.since)) {
			f.since = since
		}
		f.mu.Unlock()
		f.changed()
	})
}

func (f *filters) has(p topics.Place) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.on[p] != nil
}

func (f *filters) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.on)
}

// places returns the places of some filters, or of all.
func (f *filters) places(ids []waku.FilterID, all bool) map[waku.FilterID]topics.Place {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make(map[waku.FilterID]topics.Place)
	for p, on := range f.on {
		if all || slices.Contains(ids, on.id) {
			out[on.id] = p
		}
	}
	return out
}

// topics returns the topics of all filters.
func (f *filters) topics() []wire.Topic {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]wire.Topic, 0, len(f.on))
	for p := range f.on {
		list = append(list, p.Topic())
	}
	return list
}

// run follows changes until ctx ends, and removes all filters then.
func (f *filters) run(ctx context.Context) error {
	defer close(f.gone)
	defer f.end()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var retry time.Duration
	for {
		timer.Stop()
		if err := f.follow(ctx); err != nil && ctx.Err() == nil {
			retry = min(max(2*retry, minRetry), maxRetry)
			f.c.log.Error("filters do not follow the chats", zap.Duration("retry_in", retry), zap.Error(err))
			timer.Reset(retry)
		} else {
			retry = 0
			f.once.Do(func() { close(f.ready) })
		}
		select {
		case <-ctx.Done():
			return nil
		case <-f.wake:
		case <-timer.C:
		}
	}
}

// end removes all filters.
func (f *filters) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	for p, on := range f.on {
		f.remove(p, on)
	}
}

// remove uninstalls a filter. The caller holds mu.
func (f *filters) remove(p topics.Place, on *filter) {
	f.c.cfg.Host.UninstallFilter(on.id)
	delete(f.on, p)
}

// wanted returns the places to listen to, in the order of installing, each
// once.
func (f *filters) wanted(ctx context.Context) (list []topics.Place, err error) {
	err = f.c.cfg.DB.View(ctx, func(tx *store.Tx) error {
		chats, people, err := f.c.chats.Listening(ctx, tx)
		if err != nil {
			return err
		}
		f.mu.Lock()
		chats = append(slices.Clone(chats), slices.Sorted(maps.Keys(f.asked.chats))...)
		people = append(slices.Clone(people), slices.Collect(maps.Keys(f.asked.people))...)
		f.mu.Unlock()
		list, err = f.c.device.Listening(tx.Transport(), chats, people)
		return err
	})
	known := make(map[topics.Place]bool, len(list))
	list = slices.DeleteFunc(list, func(p topics.Place) bool {
		twice := known[p]
		known[p] = true
		return twice
	})
	return list, err
}

// newSince returns from when on to fetch the history of new places, and
// forgets it.
func (f *filters) newSince() (since time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	since, f.since = f.since, time.Time{}
	return since
}

// follow installs what is missing and removes what is no longer wanted.
func (f *filters) follow(ctx context.Context) error {
	f.mu.Lock()
	before := f.seq
	f.mu.Unlock()
	wanted, err := f.wanted(ctx)
	if err != nil {
		return err
	}
	since := f.newSince()
	fresh := slices.DeleteFunc(slices.Clone(wanted), f.has)
	if err := f.derive(ctx, fresh); err != nil {
		return err
	}
	var ids []waku.FilterID
	var list []wire.Topic
	for _, p := range fresh {
		if err := f.ensure(ctx, p); err != nil {
			if ctx.Err() != nil {
				return err
			}
			f.report(p, err)
			continue
		}
		f.mu.Lock()
		if on := f.on[p]; on != nil {
			ids, list = append(ids, on.id), append(list, p.Topic())
		}
		f.mu.Unlock()
	}
	if err := f.removeOthers(ctx, wanted, before); err != nil {
		return err
	}
	if len(ids) > 0 {
		f.c.inbox.lookFor(ids)
		if !since.IsZero() {
			f.c.historian.fetch(list, since)
		}
	}
	return f.tell(ctx)
}

// removeOthers removes the filters of places that are not wanted, with their
// keys, but for those that were installed after the number before.
func (f *filters) removeOthers(ctx context.Context, wanted []topics.Place, before uint64) error {
	keep := make(map[topics.Place]bool, len(wanted))
	for _, p := range wanted {
		keep[p] = true
	}
	f.mu.Lock()
	var gone []topics.Place
	for p, on := range f.on {
		if on.seq <= before && !keep[p] {
			f.remove(p, on)
			gone = append(gone, p)
		}
	}
	f.mu.Unlock()
	return f.c.keys.forget(ctx, gone)
}

// started reports whether all filters were installed once.
func (f *filters) started() bool {
	select {
	case <-f.ready:
		return true
	default:
		return false
	}
}

// tell tells the chats of negotiated places that are new.
func (f *filters) tell(ctx context.Context) error {
	f.mu.Lock()
	news := f.news
	f.news = nil
	f.mu.Unlock()
	if len(news) == 0 {
		return nil
	}
	all, err := f.c.Filters(ctx)
	if err == nil {
		added := slices.DeleteFunc(all, func(v Filter) bool { return !slices.Contains(news, v.Place) })
		err = f.c.cfg.DB.Update(ctx, func(tx *store.Tx) error {
			return f.c.tell(tx, func() error { return f.c.chats.Listens(ctx, tx, added) })
		})
	}
	if err != nil {
		f.mu.Lock()
		f.news = append(news, f.news...)
		f.mu.Unlock()
	}
	return err
}

// report logs once that a place cannot be listened to.
func (f *filters) report(p topics.Place, err error) {
	f.mu.Lock()
	known := f.failed[p]
	f.failed[p] = true
	f.mu.Unlock()
	if !known {
		f.c.log.Error("place cannot be listened to", zap.Stringer("place", p), zap.Error(err))
	}
}

// derive makes the keys of new places, several at a time.
func (f *filters) derive(ctx context.Context, list []topics.Place) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, p := range list {
		if p.Kind.Symmetric() {
			g.Go(func() error {
				_, err := f.c.keys.get(ctx, p)
				return err
			})
		}
	}
	return g.Wait()
}

// ensure installs the filter of a place unless it is there.
func (f *filters) ensure(ctx context.Context, p topics.Place) error {
	if f.has(p) {
		return nil
	}
	spec := waku.FilterSpec{Topics: []wire.Topic{p.Topic()}, AllowP2P: true}
	if p.Kind.Symmetric() {
		k, err := f.c.keys.get(ctx, p)
		if err != nil {
			return err
		}
		spec.SymKey = k
	} else {
		spec.PrivateKey = f.c.signer
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.on[p] != nil || f.ended {
		return nil
	}
	id, err := f.c.cfg.Host.InstallFilter(spec, sink{f.c.inbox, p})
	if err != nil {
		return err
	}
	f.seq++
	on := &filter{id: id, name: newFilterName(), seq: f.seq}
	f.on[p] = on
	if p.Kind == topics.Negotiated && f.started() {
		f.news = append(f.news, p)
	}
	delete(f.failed, p)
	return nil
}
