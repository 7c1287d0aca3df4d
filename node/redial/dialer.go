package redial

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"

	"statusd/internal/deadline"
)

// Config sets up a Dialer.
type Config struct {
	// Dial connects to a node and returns after the handshakes, nil when it
	// became a peer. Cancelling ctx makes it return soon.
	Dial   func(ctx context.Context, n *enode.Node) error
	Logger *zap.Logger // nil: nothing is logged
	Rand   *rand.Rand  // of the jitter; nil: random
}

// Dialer keeps targets connected. All methods are safe for concurrent use and
// do not block.
type Dialer struct {
	cfg  Config
	log  *zap.Logger
	wake chan struct{} // capacity 1: the plan changed

	mu   sync.Mutex // protects plan
	plan *plan
}

// New returns a Dialer that dials nothing before Run.
func New(cfg Config) *Dialer {
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) //nolint:gosec // jitter is no secret
	}
	return &Dialer{cfg: cfg, log: cfg.Logger, wake: make(chan struct{}, 1), plan: newPlan(cfg.Rand)}
}

// change applies fn to the plan and has Run look at it again.
func (d *Dialer) change(fn func(p *plan, now time.Time)) {
	d.mu.Lock()
	fn(d.plan, time.Now())
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default: // a wake-up is already waiting
	}
}

// Add makes n a node to stay connected to. Adding it again replaces the
// address and dials without further waiting.
func (d *Dialer) Add(n *enode.Node) {
	d.change(func(p *plan, now time.Time) { p.add(n, now) })
}

// Remove forgets a node and reports whether it was known. Its connection is
// left alone.
func (d *Dialer) Remove(id enode.ID) (known bool) {
	d.change(func(p *plan, _ time.Time) { known = p.remove(id) })
	return known
}

// Connected notes that a peer connected, in whichever direction.
func (d *Dialer) Connected(id enode.ID) {
	d.change(func(p *plan, now time.Time) { p.connected(id, now) })
}

// Dropped notes that the connection of a peer ended.
func (d *Dialer) Dropped(id enode.ID) {
	d.change(func(p *plan, now time.Time) { p.dropped(id, now) })
}

// Target returns the node kept under an id, nil when it is none.
func (d *Dialer) Target(id enode.ID) *enode.Node {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t := d.plan.targets[id]; t != nil {
		return t.node
	}
	return nil
}

// Count returns how many nodes are kept.
func (d *Dialer) Count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.plan.targets)
}

// Run dials until ctx ends, waits for the dials in progress, and returns nil.
func (d *Dialer) Run(ctx context.Context) error {
	var dials sync.WaitGroup
	defer dials.Wait()
	var timer deadline.Timer
	defer timer.Disarm()
	for ctx.Err() == nil {
		d.mu.Lock()
		due := d.plan.due(time.Now())
		timer.Arm(d.plan.next())
		d.mu.Unlock()
		for _, n := range due {
			dials.Go(func() { d.dial(ctx, n) })
		}
		select {
		case <-ctx.Done():
		case <-d.wake:
		case <-timer.C():
			timer.Fired()
		}
	}
	return nil
}

func (d *Dialer) dial(ctx context.Context, n *enode.Node) {
	err := d.cfg.Dial(ctx, n)
	if err != nil && ctx.Err() == nil {
		d.log.Debug("dial failed", zap.Stringer("peer", n.ID()), zap.Error(err))
	}
	d.change(func(p *plan, now time.Time) { p.dialled(n.ID(), err == nil, now) })
}
