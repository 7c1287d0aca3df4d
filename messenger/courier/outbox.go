package courier

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"statusd/internal/store"
	"statusd/transport"
	"statusd/transport/envelopes"
	"statusd/waku"
	"statusd/waku/wire"
)

const (
	// posters is how many envelopes are sealed and mined at the same time.
	posters = 4
	// ownRing is how many hashes of own envelopes are remembered, to know them
	// when they come back to our own filters.
	ownRing = 4096
	// lastNotes is how long the outcome of posts may take to be written after
	// the end.
	lastNotes = 2 * time.Second
)

// outbox posts what its table holds and follows it until it reached a peer or
// is given up. The table is the truth; memory holds numbers only.
type outbox struct {
	c    *Courier
	wake chan struct{} // capacity 1

	next int64 // number of the next post; belongs to the holder of the transaction

	mu      sync.Mutex
	tracker *envelopes.Tracker
	posts   map[envelopes.PostID]*post // in the table and in memory
	queue   []envelopes.PostID         // to be posted, in order
	notes   []envelopes.Effect         // to be written
	loaded  int64                      // highest number that was read from the table
	fresh   bool                       // the table has posts above it
	own     map[wire.Hash]need
	ring    []wire.Hash
	at      int
}

// post is what is known of a row without reading it.
type post struct {
	created   time.Time
	untracked bool
	need      need
}

// newOutbox reads what a former run left.
func newOutbox(ctx context.Context, c *Courier) (*outbox, error) {
	o := &outbox{
		c: c, wake: make(chan struct{}, 1), posts: make(map[envelopes.PostID]*post), fresh: true,
		tracker: envelopes.New(envelopes.Config{MaxAttempts: c.cfg.MaxAttempts, MailServersOnly: c.cfg.MailServersOnly}),
		own:     make(map[wire.Hash]need), ring: make([]wire.Hash, ownRing),
	}
	err := c.cfg.DB.View(ctx, func(tx *store.Tx) (err error) {
		o.next, err = tx.Outbox().Last()
		return err
	})
	return o, err
}

// enqueue puts a sealed message into the outbox, in the transaction that sealed
// it. It leaves after the commit.
func (c *Courier) enqueue(tx *store.Tx, out transport.Outgoing, ids []ID) error {
	if len(out.Data) > c.max {
		return fmt.Errorf("%w: %d bytes sealed, %d fit an envelope", ErrTooLarge, len(out.Data), c.max)
	}
	o := c.outbox
	o.next++
	p := store.Post{
		ID: o.next, Attempts: 1, Created: c.cfg.Now(), Place: out.Place, To: out.To, Waku: out.Waku,
		Untracked: out.Untracked, Payload: out.Data,
	}
	for _, id := range ids {
		p.Messages = append(p.Messages, id)
	}
	if err := tx.Outbox().Put(p); err != nil {
		return err
	}
	due, err := c.device.ContactCodeDue(tx.Transport())
	if err != nil {
		return err
	}
	rotated := !due.After(p.Created)
	listen := out.Listen != nil && !c.filters.has(*out.Listen)
	afterCommit(tx, func() {
		o.reload()
		if listen {
			c.filters.changed()
		}
		if rotated {
			poke(c.code)
		}
	})
	return nil
}

// reload has new rows read.
func (o *outbox) reload() {
	o.mu.Lock()
	o.fresh = true
	o.mu.Unlock()
	poke(o.wake)
}

// isOwn reports whether an envelope was posted here not long ago.
func (o *outbox) isOwn(hash wire.Hash) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ok := o.own[hash]
	return ok
}

// remember adds an own envelope. The caller holds mu.
func (o *outbox) remember(hash wire.Hash, n need) {
	delete(o.own, o.ring[o.at])
	o.ring[o.at] = hash
	o.at = (o.at + 1) % len(o.ring)
	o.own[hash] = n
}

// state returns how many posts there are and since when the oldest waits.
func (o *outbox) state() (n int, oldest time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.posts {
		if oldest.IsZero() || p.created.Before(oldest) {
			oldest = p.created
		}
	}
	return len(o.posts), oldest
}

// run posts and follows until ctx ends.
func (o *outbox) run(ctx context.Context) error {
	jobs := make(chan envelopes.PostID)
	var g errgroup.Group
	for range posters {
		g.Go(func() error {
			for id := range jobs {
				o.post(ctx, id)
			}
			return nil
		})
	}
	o.feed(ctx, jobs)
	close(jobs)
	err := g.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastNotes)
	defer cancel()
	if err := o.write(last); err != nil {
		o.c.log.Warn("what became of messages is not noted, they are sent again", zap.Error(err))
	}
	return err
}

// feed gives posts to the posters while a peer is connected that takes and
// forwards them, and writes down what became of them.
func (o *outbox) feed(ctx context.Context, jobs chan<- envelopes.PostID) {
	var retry time.Duration
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if retry == 0 {
			err := errors.Join(o.load(ctx), o.write(ctx))
			if err != nil && ctx.Err() == nil {
				retry = minRetry
				o.c.log.Error("outbox cannot be kept, it waits", zap.Duration("retry_in", retry), zap.Error(err))
				timer.Reset(retry)
			}
		}
		head, ready := o.head()
		give := jobs
		if !ready || !o.c.online.Load() {
			give = nil
		}
		select {
		case <-ctx.Done():
			return
		case give <- head:
			o.pop(head)
		case <-o.wake:
		case <-timer.C:
			retry = 0
		}
	}
}

// load reads rows that are new in the table.
func (o *outbox) load(ctx context.Context) error {
	o.mu.Lock()
	above, fresh := o.loaded, o.fresh
	o.fresh = false
	o.mu.Unlock()
	if !fresh {
		return nil
	}
	var rows []store.Post
	err := o.c.cfg.DB.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.Outbox().After(above)
		return err
	})
	least := o.c.cfg.Host.Info().MinPoW
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		o.fresh = true
		return err
	}
	for _, row := range rows {
		id := envelopes.PostID(row.ID)
		o.loaded = row.ID
		o.posts[id] = &post{row.Created, row.Untracked, needOf(&row, max(row.Waku.PoWTarget, least))}
		if row.Untracked {
			o.queue = append(o.queue, id)
			continue
		}
		ids := make([]envelopes.MessageID, len(row.Messages))
		for i, m := range row.Messages {
			ids[i] = m
		}
		record := envelopes.Record{Post: id, State: envelopes.Queued, Attempts: row.Attempts, IDs: ids}
		for _, e := range o.tracker.Load([]envelopes.Record{record}) {
			if again, ok := e.(envelopes.Repost); ok {
				o.queue = append(o.queue, again.Post)
			}
		}
	}
	return nil
}

// post seals one post into an envelope and gives it to the host.
func (o *outbox) post(ctx context.Context, id envelopes.PostID) {
	var row store.Post
	found := false
	err := o.c.cfg.DB.View(ctx, func(tx *store.Tx) (err error) {
		row, found, err = tx.Outbox().ByID(int64(id))
		return err
	})
	if err == nil && !found {
		o.forget(id)
		return
	}
	var env *wire.Envelope
	if err == nil {
		env, err = o.seal(ctx, &row)
	}
	if err != nil {
		o.notPosted(ctx, id, err)
		return
	}
	o.mu.Lock()
	if o.posts[id] == nil {
		o.mu.Unlock()
		return // cancelled while it was mined
	}
	o.remember(env.Hash(), needOf(&row, env.PoW(0)))
	o.tracker.Posted(id, env.Hash())
	o.mu.Unlock()
	if err := o.c.cfg.Host.Submit(env); err != nil {
		if errors.Is(err, waku.ErrStopped) {
			return // the table keeps it
		}
		o.c.log.Warn("envelope not posted", zap.Int64("post", int64(id)), zap.Error(err))
		o.event(func(t *envelopes.Tracker) []envelopes.Effect { return t.Expired(env.Hash()) })
	}
	if row.Untracked {
		o.mu.Lock()
		o.drop(id)
		o.mu.Unlock()
		poke(o.wake)
	}
}

// seal makes the envelope of a post.
func (o *outbox) seal(ctx context.Context, row *store.Post) (*wire.Envelope, error) {
	m := waku.Post{
		Signer: o.c.signer, TTL: uint32(row.Waku.TTL / time.Second), Topic: row.Place.Topic(), Payload: row.Payload,
		PoWTime: row.Waku.PoWTime, PoWTarget: max(row.Waku.PoWTarget, o.c.cfg.Host.Info().MinPoW),
	}
	if !row.Place.Kind.Symmetric() {
		m.PubKey = row.To.ECDSA()
		return o.c.cfg.Host.Seal(ctx, m)
	}
	var err error
	if m.SymKey, err = o.c.keys.get(ctx, row.Place); err != nil {
		return nil, err
	}
	if !row.To.IsZero() { // a negotiated place: the answer may be there at once
		if err := o.c.filters.ensure(ctx, row.Place); err != nil {
			o.c.log.Warn("sent to a place that is not listened to", zap.Stringer("place", row.Place), zap.Error(err))
		}
	}
	return o.c.cfg.Host.Seal(ctx, m)
}

// notPosted deals with a post that got no envelope. An error of the machine
// leaves it where it is; a failed attempt counts.
func (o *outbox) notPosted(ctx context.Context, id envelopes.PostID, err error) {
	if ctx.Err() != nil {
		return
	}
	o.c.log.Warn("message not posted", zap.Int64("post", int64(id)), zap.Error(err))
	if general(err) {
		timer := time.NewTimer(minRetry)
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		o.mu.Lock()
		o.queue = append(o.queue, id)
		o.mu.Unlock()
		poke(o.wake)
		return
	}
	o.mu.Lock()
	if p := o.posts[id]; p != nil && p.untracked {
		o.drop(id)
	}
	o.mu.Unlock()
	o.event(func(t *envelopes.Tracker) []envelopes.Effect { return t.Failed(id) })
}

// drop notes that a post that nobody waits for is done with. The caller holds
// mu.
func (o *outbox) drop(id envelopes.PostID) {
	delete(o.posts, id)
	o.notes = append(o.notes, envelopes.DropRecord{Post: id})
}

// event tells the tracker something and keeps what is to be written.
func (o *outbox) event(fn func(*envelopes.Tracker) []envelopes.Effect) {
	o.mu.Lock()
	defer o.mu.Unlock()
	effects := fn(o.tracker)
	if len(effects) == 0 {
		return
	}
	for _, e := range effects {
		switch e := e.(type) {
		case envelopes.Repost:
			o.queue = append(o.queue, e.Post)
			continue
		case envelopes.DropRecord:
			delete(o.posts, e.Post)
		}
		o.notes = append(o.notes, e)
	}
	poke(o.wake)
}

// forget ends posts whose rows are gone.
func (o *outbox) forget(ids ...envelopes.PostID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, id := range ids {
		o.tracker.Forget(id)
		delete(o.posts, id)
	}
}

// write writes down what became of posts.
func (o *outbox) write(ctx context.Context) error {
	o.mu.Lock()
	notes := o.notes
	o.notes = nil
	o.mu.Unlock()
	if len(notes) == 0 {
		return nil
	}
	err := o.c.cfg.DB.Update(ctx, func(tx *store.Tx) error {
		for _, e := range notes {
			if err := o.note(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		o.mu.Lock()
		o.notes = append(notes, o.notes...)
		o.mu.Unlock()
	}
	return err
}

func (o *outbox) note(ctx context.Context, tx *store.Tx, e envelopes.Effect) error {
	switch e := e.(type) {
	case envelopes.PutRecord:
		return tx.Outbox().SetAttempts(int64(e.Record.Post), e.Record.Attempts)
	case envelopes.DropRecord:
		return tx.Outbox().Delete(int64(e.Post))
	case envelopes.Sent:
		return o.report(tx, e.IDs, func(ids []ID) error { return o.c.chats.Sent(ctx, tx, ids) })
	case envelopes.Expired:
		why := Failure(e.Reason.String())
		return o.report(tx, e.IDs, func(ids []ID) error { return o.c.chats.Failed(ctx, tx, ids, why) })
	}
	return nil
}

// report tells the chats what became of messages. That they cannot take it does
// not keep the others from being reported.
func (o *outbox) report(tx *store.Tx, list []envelopes.MessageID, fn func([]ID) error) error {
	if len(list) == 0 {
		return nil
	}
	ids := make([]ID, len(list))
	for i, id := range list {
		ids[i] = ID(id)
	}
	err := o.c.tell(tx, func() error { return fn(ids) })
	if err != nil && !general(err) {
		o.c.log.Error("state of messages not noted", zap.Error(err))
		return nil
	}
	return err
}

// Sent, Refused, ReceivedBack and Expired pass on what the host's tracker hears
// of own envelopes. They do not block.

// Sent notes that an envelope reached a peer.
func (c *Courier) Sent(hash wire.Hash, peer envelopes.Peer) {
	c.outbox.event(func(t *envelopes.Tracker) []envelopes.Effect { return t.SentToPeer(hash, peer, nil) })
}

// Refused notes that a peer did not take an envelope.
func (c *Courier) Refused(hash wire.Hash, peer envelopes.Peer, timeError bool) {
	why := envelopes.Connectivity
	if timeError {
		why = envelopes.TimeSync
	}
	c.outbox.event(func(t *envelopes.Tracker) []envelopes.Effect { return t.Refused(hash, peer, why) })
}

// ReceivedBack notes that a peer sent an envelope back.
func (c *Courier) ReceivedBack(hash wire.Hash, peer envelopes.Peer) {
	c.outbox.event(func(t *envelopes.Tracker) []envelopes.Effect { return t.ReceivedBack(hash, peer) })
}

// Expired notes that an envelope left the pool. With nobody there to take and
// forward it, that was no attempt.
func (c *Courier) Expired(hash wire.Hash) {
	o := c.outbox
	o.event(func(t *envelopes.Tracker) []envelopes.Effect {
		n, known := o.own[hash]
		if known && !o.taken(n) || c.cfg.Host.Forwarders() == 0 {
			return t.Unheard(hash)
		}
		return t.Expired(hash)
	})
}
