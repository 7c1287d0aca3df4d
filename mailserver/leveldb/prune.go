package leveldb

import (
	"context"
	"errors"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/util"
	"go.uber.org/zap"

	"statusd/mailserver"
)

// pruneRows bounds one batch of pruning, and so the time that it holds back
// the storing of new envelopes.
const pruneRows = 1000

// Thresholds of giving space back: rewriting tables costs time, so it waits
// until enough has been removed.
const (
	reclaimRows       = 50_000
	reclaimBytes      = 32 << 20
	reclaimIndexShare = 4 // index rows removed, as a part of those that remain
)

// Prune implements mailserver.Archive.
func (a *Archive) Prune(ctx context.Context, limits mailserver.Limits) (removed int64, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return removed, err
		}
		n, err := a.pruneBatch(limits)
		removed += n
		if err != nil {
			return removed, err
		}
		if n == 0 {
			break
		}
	}
	return removed, a.reclaim()
}

// pruneBatch removes up to pruneRows of the oldest envelopes.
func (a *Archive) pruneBatch(limits mailserver.Limits) (removed int64, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.ready(); err != nil {
		return 0, err
	}
	if !limits.Exceeded(a.topics.stats()) {
		return 0, nil
	}
	r := prefixRange(prefixEnvelope)
	if a.tail != nil {
		r.Limit = a.tail
	}
	iter := a.db.NewIterator(r, nil)
	defer iter.Release()
	batch := new(leveldb.Batch)
	c := a.topics.begin()
	var tail, key []byte
	var size int64
	ok := iter.Last()
	for ; ok && removed < pruneRows; ok = iter.Prev() {
		p, topic, valid := parseEnvelopeKey(iter.Key())
		if !valid {
			return 0, a.fail("prune archive", errRecord)
		}
		c.totals.oldest = p.created()
		if !limits.Exceeded(c.totals.stats()) {
			break
		}
		tail = append(tail[:0], iter.Key()...)
		batch.Delete(tail)
		key = appendIndexKey(key[:0], topic, p)
		batch.Delete(key)
		n := len(iter.Value())
		c.remove(&a.topics, topic, p.created(), n)
		size += int64(n)
		removed++
	}
	if err := iter.Error(); err != nil {
		return 0, a.fail("prune archive", err)
	}
	if ok {
		if p, _, valid := parseEnvelopeKey(iter.Key()); valid {
			c.totals.oldest = p.created()
		}
	}
	// Even a batch that removes nothing may have found out the true oldest.
	if err := a.commit(batch, c, false); err != nil {
		return 0, a.fail("prune archive", err)
	}
	if removed > 0 {
		a.tail = tail
		a.pruned.rows += removed
		a.pruned.bytes += size
		a.pruned.index += removed
	}
	return removed, nil
}

func (c counters) stats() mailserver.Stats {
	return mailserver.Stats{Envelopes: c.envelopes, Bytes: c.bytes, Oldest: c.oldest, Newest: c.newest}
}

// reclaim rewrites the tables that hold mostly pruned rows.
func (a *Archive) reclaim() error {
	a.mu.Lock()
	if a.closed || a.broken != nil {
		a.mu.Unlock()
		return nil
	}
	db := a.db // may be closed meanwhile: giving space back takes its time
	var ranges []util.Range
	if a.tail != nil && (a.pruned.rows >= reclaimRows || a.pruned.bytes >= reclaimBytes) {
		ranges = append(ranges, util.Range{Start: a.tail, Limit: []byte{prefixEnd}})
		a.pruned.rows, a.pruned.bytes = 0, 0
	}
	if a.pruned.index >= reclaimRows && a.pruned.index*reclaimIndexShare >= a.topics.stats().Envelopes {
		ranges = append(ranges, *prefixRange(prefixIndex))
		a.pruned.index = 0
	}
	a.mu.Unlock()
	for _, r := range ranges {
		if err := db.CompactRange(r); err != nil && !errors.Is(err, leveldb.ErrClosed) {
			return a.fail("give space back", err)
		}
	}
	if len(ranges) > 0 {
		a.log.Debug("space given back", zap.Int("ranges", len(ranges)))
	}
	return nil
}
