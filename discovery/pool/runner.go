package pool

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"

	"statusd/discovery"
)

// runner is a running pool: what only the goroutine of Run touches.
type runner struct {
	*Pool
	core    *core
	jobs    sync.WaitGroup                           // dials, drops and searches
	cancels map[discovery.Topic][]context.CancelFunc // by source; nil: it never searched
}

// open makes the topics and reads what an earlier run got to know.
func (r *runner) open(ctx context.Context) {
	now := time.Now()
	for _, name := range slices.Sorted(maps.Keys(r.cfg.Topics)) {
		cfg := r.cfg.Topics[name]
		if cfg.CacheOnly && r.cfg.Cache != nil && ctx.Err() == nil {
			nodes, err := r.cfg.Cache.Load(name, cached)
			if err != nil {
				r.log.Warn("peer cache cannot be read", zap.Error(err))
			}
			idle := cfg
			idle.Min = 0 // nothing is searched for before the cache has spoken
			r.core.setLimits(name, idle, now)
			r.core.restore(name, nodes, now)
		}
		r.core.setLimits(name, cfg, now)
	}
}

// do carries out an effect. It does not block.
func (r *runner) do(ctx context.Context, e effect) {
	switch e := e.(type) {
	case dialNode:
		r.jobs.Go(func() { r.dial(ctx, e) })
	case dropPeer:
		r.log.Debug("peer dropped", zap.Stringer("peer", e.id), zap.String("reason", string(e.reason)))
		r.jobs.Go(func() { r.cfg.Server.Drop(e.id) })
	case startSource:
		search, cancel := context.WithCancel(ctx)
		if r.cancels[e.topic] == nil {
			r.cancels[e.topic] = make([]context.CancelFunc, len(r.cfg.Sources))
		}
		r.cancels[e.topic][e.source] = cancel
		r.jobs.Go(func() {
			defer cancel()
			r.search(search, e)
		})
	case stopSources:
		for _, cancel := range r.cancels[e.topic] {
			if cancel != nil {
				cancel()
			}
		}
	case idle:
		if r.cfg.Idle != nil {
			r.jobs.Go(r.cfg.Idle)
		}
	case remember:
		r.cache(func(c Cache) error { return c.Succeeded(e.topic, e.node) })
	case blame:
		r.cache(func(c Cache) error { return c.Failed(e.topic, e.id) })
	case known:
		if r.cfg.Known != nil {
			r.later(func() { r.cfg.Known(e.topic, e.node) })
		}
	case signal:
		r.tellSink(e)
	}
}

func (r *runner) tellSink(e signal) {
	switch e.kind {
	case SignalSummary:
		if r.cfg.Sink != nil {
			r.later(func() { r.cfg.Sink.Signal(e.kind, r.cfg.Server.Summary()) })
		}
	case SignalDiscovered:
		r.log.Info("mailserver discovered", zap.Stringer("peer", e.node.ID()))
		r.signal(e.kind, Discovered{Enode: e.node.ID().String(), Topic: e.topic})
	default:
		r.log.Debug("discovery", zap.String("signal", string(e.kind)))
		r.signal(e.kind, nil)
	}
}

func (r *runner) cache(do func(Cache) error) {
	if r.cfg.Cache == nil {
		return
	}
	r.later(func() {
		if err := do(r.cfg.Cache); err != nil {
			r.log.Warn("peer cache cannot be written", zap.Error(err))
		}
	})
}

func (r *runner) dial(ctx context.Context, e dialNode) {
	n := e.node
	if e.again && r.cfg.Resolve != nil {
		if fresh := r.cfg.Resolve(ctx, n); fresh != nil && fresh.ID() == n.ID() && fresh.TCP() != 0 {
			n = fresh
			r.tell(func(c *core, _ time.Time) { c.refresh(n) })
		}
	}
	err := r.cfg.Server.Dial(ctx, n)
	if ctx.Err() != nil {
		return
	}
	var reason Reason
	if err != nil {
		reason = reasonOf(err)
		r.log.Debug("candidate not connected", zap.Stringer("peer", n.ID()), zap.Error(err))
	}
	r.tell(func(c *core, now time.Time) { c.dialled(n.ID(), err == nil, reason, now) })
}

// search lets one source search until it is done or ctx ends.
func (r *runner) search(ctx context.Context, e startSource) {
	src := r.cfg.Sources[e.source]
	err := src.Search(ctx, e.topic, func(n *enode.Node) {
		if ctx.Err() == nil {
			r.tell(func(c *core, now time.Time) { c.found(e.topic, n, src.Name(), now) })
		}
	})
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		r.log.Debug("source of nodes failed", zap.String("source", src.Name()), zap.Error(err))
	}
	r.tell(func(c *core, now time.Time) { c.sourceEnded(e.topic, e.source, e.run, err, now) })
}
