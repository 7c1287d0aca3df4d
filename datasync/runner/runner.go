// Package runner runs a datasync.Node on a transactional store: it writes the
// node's changes, sends what is due, and owns the one timer for the earliest
// deadline.
//
// # Ownership
//
// The node belongs to whoever holds the store's exclusive write transaction.
// All methods with a tx argument are called inside one, by its holder; Run
// opens its own. The node follows the transaction: what it did is kept when it
// commits and undone when it does not.
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
// commits when fn returns nil. Records gives the view of a transaction.
type Store[T any] interface {
	Update(ctx context.Context, fn func(tx T) error) error
	Records(tx T) Records
}

// Records is what data sync needs of a transaction.
type Records interface {
	// Apply makes the changes in their order.
	Apply(changes []datasync.Change) error
	// Body returns a stored body; the runner does not keep or change it.
	Body(id datasync.BodyID) ([]byte, error)
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
	// Node is loaded from the store already. It belongs to the runner.
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

	// inTx belongs to the holder of the transaction, like the node.
	inTx bool

	mu   sync.Mutex
	next time.Time // copy of Node.Next after the latest transaction
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
	r := &Runner[T]{cfg: cfg, log: cfg.Logger.Named("datasync"), wake: make(chan struct{}, 1)}
	r.online.Store(true)
	r.next = cfg.Node.Next()
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
func (r *Runner[T]) Stats(tx T) datasync.Stats {
	r.join(tx)
	return r.cfg.Node.Stats()
}

// Handle processes a payload and returns the bodies that are new. The caller
// has to make them durable in the same transaction. live is false for a
// payload out of an archive.
func (r *Runner[T]) Handle(
	ctx context.Context, tx T, from datasync.PeerID, p datasync.Payload, live bool,
) ([]datasync.Delivery, error) {
	n := r.join(tx)
	handle := n.Handle
	if !live {
		handle = n.HandleArchived
	}
	e := handle(from, p, r.cfg.Now())
	if err := r.apply(ctx, tx, e); err != nil {
		return nil, fmt.Errorf("handle payload: %w", err)
	}
	return e.Deliveries, nil
}

// Refuse takes back a delivery of the same transaction, which then is not
// acknowledged; see datasync.Node.Refuse.
func (r *Runner[T]) Refuse(ctx context.Context, tx T, from datasync.PeerID, id datasync.MessageID) error {
	return r.apply(ctx, tx, r.join(tx).Refuse(from, id))
}

// Heard says that a peer was heard outside data sync.
func (r *Runner[T]) Heard(tx T, from datasync.PeerID) { r.join(tx).Heard(from, r.cfg.Now()) }

// Missed says that a peer could not read something; see datasync.Node.Missed.
func (r *Runner[T]) Missed(tx T, from datasync.PeerID) { r.join(tx).Missed(from, r.cfg.Now()) }

// Append queues a message. It leaves with the next Flush, which Run does right
// after the commit if the caller does not.
func (r *Runner[T]) Append(ctx context.Context, tx T, m datasync.Outgoing) ([]datasync.MessageID, error) {
	ids, e, err := r.join(tx).Append(m, r.cfg.Now())
	if err != nil {
		return nil, err
	}
	if err := r.apply(ctx, tx, e); err != nil {
		return nil, fmt.Errorf("append message: %w", err)
	}
	return ids, nil
}

// Cancel ends a message; see datasync.Node.Cancel.
func (r *Runner[T]) Cancel(ctx context.Context, tx T, ref datasync.Ref) error {
	return r.apply(ctx, tx, r.join(tx).Cancel(ref))
}

// Forget ends everything outstanding with a peer.
func (r *Runner[T]) Forget(ctx context.Context, tx T, peer datasync.PeerID) error {
	return r.apply(ctx, tx, r.join(tx).Forget(peer))
}

// Retry makes a message due at once.
func (r *Runner[T]) Retry(ctx context.Context, tx T, ref datasync.Ref) error {
	return r.apply(ctx, tx, r.join(tx).Retry(ref, r.cfg.Now()))
}

// SetMode selects batch or interactive mode for the group with a peer.
func (r *Runner[T]) SetMode(tx T, peer datasync.PeerID, mode datasync.Mode) {
	r.join(tx).SetMode(peer, mode)
}

// Recipients tells who has acknowledged a message and who is waited for.
func (r *Runner[T]) Recipients(tx T, ref datasync.Ref) (acked, waiting []datasync.PeerID) {
	return r.join(tx).Recipients(ref)
}

// Savepoint returns a mark of the node that goes with a savepoint of tx.
func (r *Runner[T]) Savepoint(tx T) int { return r.join(tx).Savepoint() }

// RollbackTo undoes what the node did since the mark; the caller rolls tx back
// to the savepoint that goes with it.
func (r *Runner[T]) RollbackTo(tx T, savepoint int) { r.join(tx).RollbackTo(savepoint) }

// Nested runs fn within a savepoint of tx. When it fails, database and node
// take back what it did, and the transaction can go on with the next message.
// savepoint is the method of the store that does so for the database, for
// instance tx.Savepoint of internal/store.
func (r *Runner[T]) Nested(tx T, savepoint func(fn func() error) error, fn func() error) error {
	mark := r.Savepoint(tx)
	err := savepoint(fn)
	if err != nil {
		r.RollbackTo(tx, mark)
	}
	return err
}

// Flush sends what is due. A holder of a transaction calls it last, so that
// acks and messages of the same transaction share payloads. When one peer's
// payload cannot be sent, the others' still are.
func (r *Runner[T]) Flush(ctx context.Context, tx T) error {
	n := r.join(tx)
	n.SetOnline(r.online.Load())
	e := n.Due(r.cfg.Now())
	if err := r.apply(ctx, tx, e); err != nil {
		return fmt.Errorf("send what is due: %w", err)
	}
	body := r.cfg.Store.Records(tx).Body
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
	return nil
}

// apply writes changes and passes on receipts.
func (r *Runner[T]) apply(ctx context.Context, tx T, e datasync.Effects) error {
	if len(e.Changes) > 0 {
		if err := r.cfg.Store.Records(tx).Apply(e.Changes); err != nil {
			return err
		}
	}
	if len(e.Receipts) > 0 {
		return r.cfg.Port.Receipts(ctx, tx, e.Receipts)
	}
	return nil
}

// join ties the node to the transaction at its first use in it.
func (r *Runner[T]) join(tx T) *datasync.Node {
	n := r.cfg.Node
	if r.inTx {
		return n
	}
	r.inTx = true
	n.Begin()
	r.cfg.Store.Records(tx).OnFinish(func(committed bool) {
		if committed {
			n.Commit()
		} else {
			n.Rollback()
		}
		r.inTx = false
		r.mu.Lock()
		r.next = n.Next()
		r.mu.Unlock()
		r.poke()
	})
	return n
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
		wait, armed := r.untilNext()
		if online != applied || armed && wait <= 0 {
			if err := r.flush(ctx); err != nil && ctx.Err() == nil {
				retry = min(max(2*retry, minRetry), maxRetry)
				r.log.Error("data sync transaction failed", zap.Duration("retry_in", retry), zap.Error(err))
				if !sleep(ctx, retry) {
					return nil
				}
				r.poke()
				continue
			}
			applied, retry = online, 0
			wait, armed = r.untilNext()
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
func (r *Runner[T]) untilNext() (time.Duration, bool) {
	r.mu.Lock()
	next := r.next
	r.mu.Unlock()
	if next.IsZero() {
		return 0, false
	}
	return next.Sub(r.cfg.Now()), true
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
