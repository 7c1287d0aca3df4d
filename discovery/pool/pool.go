package pool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"

	"statusd/discovery"
	"statusd/fault"
	"statusd/internal/deadline"
)

// Errors of Discover, with the texts that scripts know from status-go (spec 08
// section 5.5).
var (
	ErrTopic = fault.New(fault.Failed, "topic not valid",
		"topics have 1 to 50 bytes: whisper for relays, whispermail for mailservers; a node has at most 16")
	ErrRange = fault.New(fault.Failed, "invalid range, Min should be lower or equal to Max",
		fmt.Sprintf("both are numbers from 0 to %d", MaxPerTopic))
	ErrNotRunning = fault.New(fault.Failed, "peerPool not running",
		"discovery is switched off: give boot nodes with --bootnodes, or set NoDiscovery to false")
)

// Bounds of the pool.
const (
	maxTopics = 16
	// maxTopicBytes is the longest name of a topic (spec 08 section 3.1).
	maxTopicBytes = 50
	// MaxPerTopic bounds the limits of a topic.
	MaxPerTopic = 1000
	// inboxSize is how many events may wait for the core; senders then wait.
	inboxSize = 1024
	// outboxSize is how many writes and signals may wait; later ones are lost.
	outboxSize = 256
	// cached is how many nodes of a topic the cache is asked for at the start
	// (spec 08 section 5.1).
	cached = 5
)

// Server connects and disconnects for the pool.
type Server interface {
	// Dial connects to a node and returns after the devp2p handshakes. A peer
	// that it becomes is told to the pool by Connected and Up.
	Dial(context.Context, *enode.Node) error
	// Drop disconnects a node, unless others want it. It may block.
	Drop(enode.ID)
	// Summary describes the connected peers for SignalSummary.
	Summary() any
}

// Cache remembers nodes across restarts. Calls may block; they come from one
// goroutine at a time, but for those of Load.
type Cache interface {
	// Load returns nodes that served a topic, the best first.
	Load(topic discovery.Topic, limit int) ([]*enode.Node, error)
	// Succeeded notes that a node serves a topic.
	Succeeded(topic discovery.Topic, node *enode.Node) error
	// Failed counts a failure of a node.
	Failed(topic discovery.Topic, id enode.ID) error
}

// Sink hears of what happens. Event is what SG's signals carry: see Signal.
// Calls come from one goroutine, in order, and should not block for long.
type Sink interface{ Signal(kind Signal, event any) }

// Config sets up a Pool.
type Config struct {
	Self    enode.ID
	Server  Server
	Cache   Cache              // nil: nothing is remembered
	Sources []discovery.Source // in the order to start them
	// Once names sources that have nothing new to say later in one search.
	Once []string
	Sink Sink // nil: nobody hears
	// Topics are what the node wants from the start.
	Topics map[discovery.Topic]TopicConfig
	// Known is told of nodes that a cache-only topic knows, also those of an
	// earlier run; nil: nobody is. It must not block for long.
	Known func(discovery.Topic, *enode.Node)
	// Idle is told when nothing is searched for any more; nil: nobody is.
	Idle func()
	// Resolve looks for a newer record of a node that failed before; nil: the
	// record is used as it is.
	Resolve func(context.Context, *enode.Node) *enode.Node
	// Always: this node serves others, so discovery never stops.
	Always bool
	Times  Times
	Logger *zap.Logger // nil: nothing is logged
}

// Pool keeps a node connected to the right peers. Its methods are safe for
// concurrent use.
type Pool struct {
	cfg    Config
	log    *zap.Logger
	inbox  chan input
	outbox chan func()
	ended  chan struct{}
	status atomic.Pointer[Status]

	once sync.Once // Run is called once
}

// input is something the core hears of.
type input func(c *core, now time.Time)

// New builds a pool, which works while Run does.
func New(cfg Config) *Pool {
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	p := &Pool{
		cfg: cfg, log: cfg.Logger.Named("pool"), inbox: make(chan input, inboxSize),
		outbox: make(chan func(), outboxSize), ended: make(chan struct{}),
	}
	p.status.Store(&Status{Topics: []TopicStatus{}})
	return p
}

// tell passes an input to the core. It waits while the inbox is full, which
// the core empties without ever waiting itself.
func (p *Pool) tell(in input) bool {
	select {
	case <-p.ended:
		return false
	default:
	}
	select {
	case p.inbox <- in:
		return true
	case <-p.ended:
		return false
	}
}

// Connected notes a connection whose Waku handshake is still to come.
func (p *Pool) Connected(id enode.ID) {
	p.tell(func(c *core, now time.Time) { c.connected(id, now) })
}

// Up notes that a peer finished the Waku handshake.
func (p *Pool) Up(info Peer) {
	p.tell(func(c *core, now time.Time) { c.up(info, now) })
}

// Dropped notes the end of a connection; reason is the text of the server's
// event.
func (p *Pool) Dropped(id enode.ID, reason string) {
	p.tell(func(c *core, now time.Time) { c.dropped(id, ReasonOf(reason), now) })
}

// Kept notes that others ask for a node, or no longer do.
func (p *Pool) Kept(id enode.ID, kept bool) {
	p.tell(func(c *core, now time.Time) { c.keep(id, kept, now) })
}

// Doubt forgets a node that a cache-only topic knows, and looks for others.
func (p *Pool) Doubt(topic discovery.Topic, id enode.ID) {
	p.tell(func(c *core, now time.Time) { c.doubt(topic, id, now) })
}

// Retry ends all pauses: the network changed.
func (p *Pool) Retry() { p.tell(func(c *core, now time.Time) { c.kick(now) }) }

// Discover sets the limits of a topic, which it makes if need be, and has it
// searched for now. The errors are those above.
func (p *Pool) Discover(name discovery.Topic, l Limits) error {
	if err := Check(name, l); err != nil {
		return err
	}
	answer := make(chan error, 1)
	told := p.tell(func(c *core, now time.Time) {
		cfg := TopicConfig{Limits: l}
		if t := c.topic(name); t != nil {
			cfg.CacheOnly, cfg.Accept = t.CacheOnly, t.Accept
		} else if len(c.topics) >= maxTopics {
			answer <- ErrTopic
			return
		}
		c.setLimits(name, cfg, now)
		answer <- nil
	})
	if !told {
		return ErrNotRunning
	}
	select {
	case err := <-answer:
		return err
	case <-p.ended:
		return ErrNotRunning
	}
}

// Check returns ErrTopic or ErrRange for what Discover cannot take.
func Check(name discovery.Topic, l Limits) error {
	switch {
	case name == "" || len(name) > maxTopicBytes:
		return ErrTopic
	case l.Max < l.Min || l.Min < 0 || l.Max > MaxPerTopic:
		return ErrRange
	}
	return nil
}

// Probe returns once the core has answered, or the pool has ended.
func (p *Pool) Probe(ctx context.Context) error {
	done := make(chan struct{})
	if !p.tell(func(*core, time.Time) { close(done) }) {
		return nil
	}
	select {
	case <-done:
		return nil
	case <-p.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Status returns the latest picture. Who holds it must not change it.
func (p *Pool) Status() *Status { return p.status.Load() }

// Run keeps peers until ctx ends, and returns after everything it started.
func (p *Pool) Run(ctx context.Context) error {
	err := errors.New("Run was called before")
	p.once.Do(func() { err = p.run(ctx) })
	return err
}

func (p *Pool) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	r := &runner{Pool: p, cancels: make(map[discovery.Topic][]context.CancelFunc)}
	var writer sync.WaitGroup
	writer.Go(func() { p.write(ctx) })
	defer writer.Wait()
	defer r.jobs.Wait()
	defer close(p.ended)
	defer cancel()
	r.core = newCore(p.cfg.Self, p.cfg.Times, !p.cfg.Always, p.sourceStates())
	r.open(ctx)
	var timer deadline.Timer
	defer timer.Disarm()
	for {
		now := time.Now()
		for _, e := range r.core.take() {
			r.do(ctx, e)
		}
		p.status.Store(r.core.status(now))
		timer.Arm(r.core.next(now))
		select {
		case <-ctx.Done():
			if r.core.active {
				p.signal(SignalStopped, nil)
			}
			return nil
		case in := <-p.inbox:
			in(r.core, time.Now())
		case <-timer.C():
			timer.Fired()
			r.core.tick(time.Now())
		}
	}
}

func (p *Pool) sourceStates() []sourceState {
	out := make([]sourceState, len(p.cfg.Sources))
	for i, s := range p.cfg.Sources {
		out[i] = sourceState{name: s.Name(), once: slices.Contains(p.cfg.Once, s.Name())}
	}
	return out
}

// write does what may block: it writes the cache and passes signals on. What
// waits when ctx ends is still done.
func (p *Pool) write(ctx context.Context) {
	for {
		select {
		case job := <-p.outbox:
			job()
		case <-ctx.Done():
			for {
				select {
				case job := <-p.outbox:
					job()
				default:
					return
				}
			}
		}
	}
}

// later queues a job for write.
func (p *Pool) later(job func()) {
	select {
	case p.outbox <- job:
	default:
		p.log.Warn("pool cannot keep up, a note or a signal is lost")
	}
}

func (p *Pool) signal(kind Signal, event any) {
	if p.cfg.Sink != nil {
		p.later(func() { p.cfg.Sink.Signal(kind, event) })
	}
}
