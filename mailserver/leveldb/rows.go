package leveldb

import (
	"context"
	"errors"

	"github.com/syndtr/goleveldb/leveldb"

	"statusd/mailserver"
	"statusd/waku/wire"
)

// scan is a walk through the result of a query. It outlives the engine it began
// in: when that is opened again, it goes on behind the row that it gave last.
// Its fields are used by the one who walks, with use held for reading, and by
// ready.
type scan struct {
	archive *Archive
	query   mailserver.Query // what is left of it
	inner   mailserver.Rows  // nil: the engine was closed meanwhile
	rest    *merge           // inner, when it took over from a walk by time
	row     mailserver.Row
	data    []byte
	ended   bool
	closed  bool
	err     error
}

// newScan walks by time through all topics when topics is nil, else through the
// given ones, which must not cost more than budget to pass over others.
func newScan(a *Archive, snap *leveldb.Snapshot, q mailserver.Query, topics []wire.Topic, budget float64) *scan {
	return &scan{archive: a, query: q, inner: newByTime(a, snap, q, topics, budget)}
}

// Select implements mailserver.Archive. The rows are those of one moment,
// unless the engine has to be opened again meanwhile.
func (a *Archive) Select(ctx context.Context, q mailserver.Query) (mailserver.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := a.acquire(); err != nil {
		return nil, err
	}
	defer a.release()
	r := &scan{archive: a, query: q}
	if err := r.begin(); err != nil {
		return nil, err
	}
	a.reg.Lock()
	defer a.reg.Unlock()
	a.open[r] = struct{}{}
	return r, nil
}

// suspendRows lets go of the engine in all walks. The caller holds use.
func (a *Archive) suspendRows() {
	a.reg.Lock()
	defer a.reg.Unlock()
	for r := range a.open {
		if r.inner != nil {
			r.inner.Close()
			r.inner = nil
		}
	}
}

// begin starts what is left of the query.
func (r *scan) begin() error {
	a := r.archive
	topics, count, all, totals := a.topics.candidates(r.query)
	snap, err := a.db.GetSnapshot()
	if err != nil {
		return a.fail("read archive", err)
	}
	if all {
		r.inner = newByTime(a, snap, r.query, nil, 0)
		return nil
	}
	scan, merge := estimate(r.query, len(topics), count, totals)
	if scan < merge {
		r.inner = newByTime(a, snap, r.query, topics, merge)
		return nil
	}
	r.inner = newMerge(a, snap, r.query, topics)
	return nil
}

func (r *scan) Next(ctx context.Context) bool {
	if r.err != nil || r.ended || r.closed {
		return false
	}
	if r.err = r.archive.acquire(); r.err != nil {
		return false
	}
	defer r.archive.release()
	if r.inner == nil {
		if r.err = r.begin(); r.err != nil {
			return false
		}
	}
	more := r.inner.Next(ctx)
	if first, ok := r.inner.(*byTime); ok && !more && first.over != nil {
		first.iter.Release()
		r.query.After = first.over
		r.rest = newMerge(r.archive, first.snap, r.query, first.topics)
		r.inner = r.rest
		more = r.inner.Next(ctx)
	}
	if !more {
		r.err, r.ended = r.inner.Err(), true
		return false
	}
	r.row = r.inner.Row()
	after := r.row.Key
	r.query.After = &after
	if r.query.Limit > 0 {
		r.query.Limit--
		r.ended = r.query.Limit == 0
	}
	return true
}

func (r *scan) Row() mailserver.Row { return r.row }
func (r *scan) Err() error          { return r.err }

// Data copies: an engine that is closed meanwhile takes its memory back.
func (r *scan) Data(ctx context.Context) ([]byte, error) {
	if err := r.archive.acquire(); err != nil {
		return nil, err
	}
	defer r.archive.release()
	var data []byte
	var err error
	if r.inner != nil {
		data, err = r.inner.Data(ctx)
	} else {
		data, err = r.archive.db.Get(appendEnvelopeKey(nil, placeOf(r.row.Key), r.row.Topic), nil)
		if errors.Is(err, leveldb.ErrNotFound) { // pruned meanwhile
			return nil, mailserver.ErrUnavailable
		}
		if err != nil {
			err = r.archive.fail("read envelope", err)
		}
	}
	if err != nil {
		return nil, err
	}
	r.data = append(r.data[:0], data...)
	return r.data, nil
}

func (r *scan) Close() {
	a := r.archive
	a.use.RLock()
	defer a.use.RUnlock()
	if r.inner != nil {
		r.inner.Close()
		r.inner = nil
	}
	r.closed = true
	a.reg.Lock()
	defer a.reg.Unlock()
	delete(a.open, r)
}
