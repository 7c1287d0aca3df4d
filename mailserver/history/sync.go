package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"go.uber.org/zap"

	"statusd/waku/wire"
)

// topicsPerRequest bounds the topics of one request of Sync. Old servers
// answer by bloom filter alone, and send the more unwanted envelopes the
// fuller it is.
const topicsPerRequest = 50

// Ledger is where a Sync writes down what it has fetched.
type Ledger struct {
	Store Store
	// Settled is called after the envelopes of a page went through the filters
	// and before the page counts as fetched: it waits until their receiver has
	// stored them. After an error the page does not count. nil: no need to.
	Settled func(context.Context) error
}

// Sync is SyncLedger for the client's own ledger. Errors: that there is none.
func (c *Client) Sync(
	ctx context.Context, topics []wire.Topic, from, to uint32, progress func(Result),
) (Result, error) {
	return c.SyncLedger(ctx, Ledger{Store: c.cfg.Store}, topics, from, to, progress)
}

// SyncLedger fetches what the ledger lacks of the topics between from and to (0:
// now), and writes down what has been fetched. Topics with the same gaps are
// asked for together. A fetch that was cut off, by a failure or by the end of
// the program, goes on from its last page.
//
// It goes on with the other gaps when one fails, and returns the failures
// joined.
func (c *Client) SyncLedger(
	ctx context.Context, l Ledger, topics []wire.Topic, from, to uint32, progress func(Result),
) (Result, error) {
	if l.Store == nil {
		return Result{}, errors.New("a client without a store keeps no ledger")
	}
	if to == 0 {
		to = uint32(c.cfg.Now().Unix())
	}
	if from > to {
		return Result{}, fmt.Errorf("%w: from %d is after to %d", ErrBadRequest, from, to)
	}
	groups, err := c.plan(l, topics, Span{from, to})
	if err != nil {
		return Result{}, err
	}
	var total Result
	var failures []error
	for _, g := range groups {
		before := total
		r, err := c.fill(ctx, l, g, func(r Result) {
			if progress != nil {
				r.Pages, r.Envelopes = r.Pages+before.Pages, r.Envelopes+before.Envelopes
				progress(r)
			}
		})
		total.Server, total.RequestID = r.Server, r.RequestID
		total.Pages, total.Envelopes = total.Pages+r.Pages, total.Envelopes+r.Envelopes
		if ctx.Err() != nil {
			return total, ctx.Err()
		}
		if err != nil {
			failures = append(failures, err)
		}
	}
	return total, errors.Join(failures...)
}

// gap is a range that several topics lack.
type gap struct {
	span   Span
	topics []wire.Topic
}

// plan groups topics by the ranges they lack. A range that follows what is
// already there begins a little earlier.
func (c *Client) plan(l Ledger, topics []wire.Topic, want Span) ([]gap, error) {
	c.storeMu.Lock()
	defer c.storeMu.Unlock()
	bySpan := make(map[Span][]wire.Topic)
	done := make(map[wire.Topic]bool, len(topics))
	for _, t := range topics {
		if done[t] {
			continue
		}
		done[t] = true
		have, err := l.Store.Spans(t)
		if err != nil {
			return nil, fmt.Errorf("read ledger: %w", err)
		}
		for _, missing := range have.Missing(want) {
			if missing.From > want.From {
				missing.From = max(want.From, missing.From-min(missing.From, Overlap))
			}
			bySpan[missing] = append(bySpan[missing], t)
		}
	}
	var groups []gap
	for span, list := range bySpan {
		slices.SortFunc(list, func(a, b wire.Topic) int { return slices.Compare(a[:], b[:]) })
		for part := range slices.Chunk(list, topicsPerRequest) {
			groups = append(groups, gap{span, part})
		}
	}
	slices.SortFunc(groups, func(a, b gap) int {
		return cmp.Or(cmp.Compare(b.span.To, a.span.To), cmp.Compare(b.span.From, a.span.From),
			slices.Compare(a.topics[0][:], b.topics[0][:]))
	})
	return groups, nil
}

// fill fetches one gap. Where the store holds a bookmark for its topics, that
// fetch is finished first, at the same server, and then what is left.
func (c *Client) fill(ctx context.Context, l Ledger, g gap, progress func(Result)) (Result, error) {
	var total Result
	add := func(r Result) Result {
		r.Pages, r.Envelopes = r.Pages+total.Pages, r.Envelopes+total.Envelopes
		return r
	}
	relay := func(r Result) { progress(add(r)) }
	todo := []Span{g.span}
	mark, err := c.resume(l, g)
	if err != nil {
		return total, err
	}
	if mark != nil {
		r, err := c.fetchGap(ctx, l, gap{mark.Span, g.topics}, *mark, relay)
		total = add(r)
		switch {
		case ctx.Err() != nil:
			return total, ctx.Err()
		case err != nil:
			c.log.Info("interrupted fetch starts over", zap.Error(err))
		default:
			todo = Spans{mark.Span}.Missing(g.span)
		}
	}
	for _, span := range todo {
		r, err := c.fetchGap(ctx, l, gap{span, g.topics}, Bookmark{}, relay)
		total = add(r)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// resume returns the bookmark of an unfinished fetch that serves the gap.
func (c *Client) resume(l Ledger, g gap) (*Bookmark, error) {
	c.storeMu.Lock()
	defer c.storeMu.Unlock()
	mark, err := l.Store.Resume(fetchKey(g.topics))
	if err != nil {
		return nil, fmt.Errorf("read bookmark: %w", err)
	}
	if mark == nil || mark.Span.From > g.span.To || mark.Span.To < g.span.From {
		return nil, nil
	}
	return mark, nil
}

// fetchGap fetches a gap and enters it in the ledger when all of it has come.
func (c *Client) fetchGap(
	ctx context.Context, l Ledger, g gap, mark Bookmark, progress func(Result),
) (Result, error) {
	key := fetchKey(g.topics)
	var unsettled error
	r := Request{Topics: g.topics, From: g.span.From, To: g.span.To, Cursor: mark.Cursor, Server: mark.Server}
	r.Progress = func(res Result) {
		if l.Settled != nil && unsettled == nil {
			unsettled = l.Settled(ctx)
		}
		if len(res.Cursor) > 0 && unsettled == nil {
			c.storeMu.Lock()
			err := l.Store.SaveBookmark(key, Bookmark{res.Server, g.span, res.Cursor})
			c.storeMu.Unlock()
			if err != nil {
				c.log.Warn("fetch cannot be resumed after a restart", zap.Error(err))
			}
		}
		progress(res)
	}
	res, err := c.Fetch(ctx, r)
	if err != nil {
		return res, err
	}
	if unsettled != nil {
		return res, fmt.Errorf("envelopes were not stored: %w", unsettled)
	}
	return res, c.record(l, g, key)
}

// record writes a fetched gap into the ledger.
func (c *Client) record(l Ledger, g gap, key string) error {
	c.storeMu.Lock()
	defer c.storeMu.Unlock()
	all := make(map[wire.Topic]Spans, len(g.topics))
	for _, t := range g.topics {
		have, err := l.Store.Spans(t)
		if err != nil {
			return fmt.Errorf("read ledger: %w", err)
		}
		all[t] = have.Add(g.span).bounded()
	}
	if err := l.Store.SaveSpans(all, key); err != nil {
		return fmt.Errorf("write ledger: %w", err)
	}
	return nil
}
