// Package runner runs a datasync.Node on a transactional store: it sends what is
// due, passes on receipts, and owns the one timer for the earliest deadline.
//
// # Ownership
//
// The node belongs to whoever holds the store's exclusive write transaction.
// All methods with a tx argument are called inside one, by its holder; Run
// opens its own. What is outstanding is in the store alone, so it is kept and
// undone with the transaction and its savepoints.
//
// An ack is planned by Flush only after the body it acknowledges was handed to
// the holder of the same or an earlier transaction, and Port.Send writes into
// the transaction of Flush. So no ack leaves before its body is durable.
//
// # Goroutines
//
// None, except the caller of Run. It sleeps until the earliest deadline, a
// commit that moved it, or a change of connectivity; there is no ticker.
package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"statusd/datasync"
)

// ErrConfig is wrapped by the errors of New.
var ErrConfig = errors.New("datasync runner: bad config")

// Store is the database. Update runs fn in an exclusive write transaction that
// commits when fn returns nil, View in one that only reads. Records gives what
// data sync keeps as a transaction sees it.
type Store[T any] interface {
	Update(ctx context.Context, fn func(tx T) error) error
	View(ctx context.Context, fn func(tx T) error) error
	Records(tx T) Records
}

// Records is what data sync needs of a transaction.
type Records interface {
	datasync.Store
	// OnFinish registers fn to be called exactly once after the transaction
	// committed or was rolled back, before another write transaction begins.
	OnFinish(fn func(committed bool))
}

// Port is the rest of the messenger.
type Port[T any] interface {
	// Send passes one payload to the transport, inside the transaction: it
	// seals it and leaves it in the durable outbox. An error concerns this
	// peer alone; tx must then be as if Send had not been called.
	Send(ctx context.Context, tx T, s datasync.Send, payload []byte) error
	// Receipts records what became of outgoing messages. An error fails the
	// transaction.
	Receipts(ctx context.Context, tx T, receipts []datasync.Receipt) error
}

// Config configures a Runner. All fields but Now and Logger are required.
type Config[T any] struct {
	// Node belongs to the runner.
	Node  *datasync.Node
	Store Store[T]
	Port  Port[T]
	// Now is the wall clock; nil means time.Now.
	Now func() time.Time
	// Logger may be nil.
	Logger *zap.Logger
}

// Waits of Run after a transaction failed, doubling from the first to the
// second.
const (
	minRetry = time.Second
	maxRetry = time.Minute
)

// Runner runs a node.
type Runner[T any] struct {
	cfg  Config[T]
	log  *zap.Logger
	wake chan struct{} // capacity 1: something below changed

	online atomic.Bool

	// changed is set while a transaction is open that may move the earliest
	// deadline. Like the node it belongs to the holder of the transaction.
	changed bool

	mu    sync.Mutex
	next  time.Time // when there is something to send; zero: never
	stale bool      // the store knows when, next does not
}

// New returns a runner, online. It starts nothing.
func New[T any](cfg Config[T]) (*Runner[T], error) {
	if cfg.Node == nil || cfg.Store == nil || cfg.Port == nil {
		return nil, fmt.Errorf("%w: node, store and port are required", ErrConfig)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	r := &Runner[T]{cfg: cfg, log: cfg.Logger.Named("datasync"), wake: make(chan struct{}, 1), stale: true}
	r.online.Store(true)
	return r, nil
}

// SetOnline says whether there is a peer to send through. Offline, nothing is
// sent and no attempt is used; coming online sends what is due. Any goroutine
// may call it.
func (r *Runner[T]) SetOnline(online bool) {
	if r.online.Swap(online) != online {
		r.poke()
	}
}

// Stats returns the node's counters, inside a transaction.
func (r *Runner[T]) Stats(T) datasync.Stats { return r.cfg.Node.Stats() }

// Handle processes a payload and returns the bodies that are new. The caller
// has to make them durable in the same transaction. live is false for a
// payload out of an archive.
func (r *Runner[T]) Handle(
	ctx context.Context, tx T, from datasync.PeerID, p datasync.Payload, live bool,
) ([]datasync.Delivery, error) {
	handle := r.cfg.Node.Handle
	if !live {
		handle = r.cfg.Node.HandleArchived
	}
	e, err := handle(r.change(tx), from, p, r.cfg.Now())
	if err := r.report(ctx, tx, e, err); err != nil {
		return nil, fmt.Errorf("handle payload: %w", err)
	}
	return e.Deliveries, nil
}

// Refuse takes back a delivery of the same transaction, which then is not
// acknowledged; see datasync.Node.Refuse.
func (r *Runner[T]) Refuse(tx T, id datasync.MessageID) error {
	return r.cfg.Node.Refuse(r.change(tx), id)
}

// Heard says that a peer was heard outside data sync.
func (r *Runner[T]) Heard(tx T, from datasync.PeerID) error {
	return r.cfg.Node.Heard(r.change(tx), from, r.cfg.Now())
}

// Missed says that a peer could not read something; see datasync.Node.Missed.
func (r *Runner[T]) Missed(tx T, from datasync.PeerID) error {
	return r.cfg.Node.Missed(r.change(tx), from, r.cfg.Now())
}

// Append queues a message. It leaves with the next Flush, which Run does right
// after the commit if the caller does not.
func (r *Runner[T]) Append(tx T, m datasync.Outgoing) ([]datasync.MessageID, error) {
	ids, err := r.cfg.Node.Append(r.change(tx), m, r.cfg.Now())
	if err != nil {
		return nil, fmt.Errorf("append message: %w", err)
	}
	return ids, nil
}

// Cancel ends a message; see datasync.Node.Cancel.
func (r *Runner[T]) Cancel(ctx context.Context, tx T, ref datasync.Ref) error {
	e, err := r.cfg.Node.Cancel(r.change(tx), ref)
	return r.report(ctx, tx, e, err)
}

// Forget ends everything outstanding with a peer.
func (r *Runner[T]) Forget(ctx context.Context, tx T, peer datasync.PeerID) error {
	e, err := r.cfg.Node.Forget(r.change(tx), peer)
	return r.report(ctx, tx, e, err)
}

// Retry makes a message due at once at all who have not acknowledged it, and
// returns how many these are.
func (r *Runner[T]) Retry(tx T, ref datasync.Ref) (waiting int, err error) {
	return r.cfg.Node.Retry(r.change(tx), ref, r.cfg.Now())
}

// Flush sends what is due. A holder of a transaction calls it last, so that
// acks and messages of the same transaction share payloads. When one peer's
// payload cannot be sent, the others' still are.
func (r *Runner[T]) Flush(ctx context.Context, tx T) error {
	n, records := r.cfg.Node, r.cfg.Store.Records(tx)
	n.SetOnline(r.online.Load())
	e, err := n.Due(records, r.cfg.Now())
	if err := r.report(ctx, tx, e, err); err != nil {
		return fmt.Errorf("send what is due: %w", err)
	}
	body := sameOnce(records.Body)
	for _, s := range e.Sends {
		payload, err := s.Encode(body)
		if err == nil {
			err = r.cfg.Port.Send(ctx, tx, s, payload)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.log.Warn("payload not sent", zap.Stringer("peer", s.To),
				zap.Int("messages", len(s.Messages)), zap.Int("bytes", s.Bytes), zap.Error(err))
		}
	}
	if len(e.Sends)+len(e.Receipts) > 0 {
		r.change(tx)
	}
	return nil
}

// sameOnce reads the body of a message to many but once.
func sameOnce(read func(datasync.Ref) ([]byte, error)) func(datasync.Ref) ([]byte, error) {
	var last datasync.Ref
	var body []byte
	return func(ref datasync.Ref) (_ []byte, err error) {
		if body == nil || ref != last {
			last = ref
			body, err = read(ref)
		}
		return body, err
	}
}

// report passes on the receipts of a call that went well.
func (r *Runner[T]) report(ctx context.Context, tx T, e datasync.Effects, err error) error {
	if err != nil || len(e.Receipts) == 0 {
		return err
	}
	return r.cfg.Port.Receipts(ctx, tx, e.Receipts)
}

// change returns what data sync keeps, to be changed. Run looks for the next
// deadline after the commit: what it is depends on savepoints, too.
func (r *Runner[T]) change(tx T) Records {
	records := r.cfg.Store.Records(tx)
	if r.changed {
		return records
	}
	r.changed = true
	records.OnFinish(func(committed bool) {
		r.changed = false
		if committed {
			r.outdate()
			r.poke()
		}
	})
	return records
}

// outdate notes that the store has to be asked when there is something to send.
func (r *Runner[T]) outdate() {
	r.mu.Lock()
	r.stale = true
	r.mu.Unlock()
}

func (r *Runner[T]) poke() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run sends what becomes due until ctx ends. It returns nil then.
func (r *Runner[T]) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	applied, retry := true, time.Duration(0) // a new node is online
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.wake:
		case <-timer.C:
		}
		online := r.online.Load()
		wait, armed, err := r.untilNext(ctx)
		if err == nil && (online != applied || armed && wait <= 0) {
			if err = r.flush(ctx); err == nil {
				applied, retry = online, 0
				r.outdate()
				wait, armed, err = r.untilNext(ctx)
			}
		}
		if err != nil && ctx.Err() == nil {
			retry = min(max(2*retry, minRetry), maxRetry)
			r.log.Error("data sync transaction failed", zap.Duration("retry_in", retry), zap.Error(err))
			if !sleep(ctx, retry) {
				return nil
			}
			r.poke()
			continue
		}
		timer.Stop()
		if armed {
			timer.Reset(max(wait, 0))
		}
	}
}

func (r *Runner[T]) flush(ctx context.Context) error {
	return r.cfg.Store.Update(ctx, func(tx T) error { return r.Flush(ctx, tx) })
}

// untilNext returns the time to the earliest deadline, and whether there is
// one.
func (r *Runner[T]) untilNext(ctx context.Context) (wait time.Duration, armed bool, err error) {
	r.mu.Lock()
	next, stale := r.next, r.stale
	r.mu.Unlock()
	if stale {
		err := r.cfg.Store.View(ctx, func(tx T) (err error) {
			n, online := r.cfg.Node, r.online.Load()
			n.SetOnline(online)
			next, err = n.Next(r.cfg.Store.Records(tx))
			r.mu.Lock() // in the transaction: later ones know better
			defer r.mu.Unlock()
			r.next, r.stale = next, err != nil || !online // when there is a connection again, it is asked again
			return err
		})
		if err != nil {
			return 0, false, err
		}
	}
	if next.IsZero() {
		return 0, false, nil
	}
	return next.Sub(r.cfg.Now()), true, nil
}

// sleep waits for d and reports whether ctx is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
