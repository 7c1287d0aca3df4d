package archivetest

import (
	"context"
	"sync"

	"statusd/mailserver"
	"statusd/waku/wire"
)

// Memory is the model as an archive that can be made to fail.
type Memory struct {
	mu     sync.Mutex
	model  Model
	closed bool

	putErr, selectErr error
	rowsErr           error // ends walks after failAfter rows
	failAfter         int
}

var _ mailserver.Archive = (*Memory)(nil)

// Fail sets the errors that Put, Select and walks return; walks fail after a
// number of rows.
func (a *Memory) Fail(put, sel, rows error, after int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.putErr, a.selectErr, a.rowsErr, a.failAfter = put, sel, rows, after
}

// Put implements mailserver.Archive.
func (a *Memory) Put(ctx context.Context, envs []*wire.Envelope) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
		return 0, mailserver.ErrClosed
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case a.putErr != nil:
		return 0, a.putErr
	}
	return a.model.Put(envs), nil
}

// Select implements mailserver.Archive.
func (a *Memory) Select(ctx context.Context, q mailserver.Query) (mailserver.Rows, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
		return nil, mailserver.ErrClosed
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case a.selectErr != nil:
		return nil, a.selectErr
	}
	return &memoryRows{envs: a.model.Select(q), next: -1, fail: a.rowsErr, failAfter: a.failAfter}, nil
}

// Prune implements mailserver.Archive.
func (a *Memory) Prune(_ context.Context, limits mailserver.Limits) (int64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return 0, mailserver.ErrClosed
	}
	return a.model.Prune(limits), nil
}

// Stats implements mailserver.Archive.
func (a *Memory) Stats(context.Context) (mailserver.Stats, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.model.Stats()
	s.DiskBytes = -1
	return s, a.selectErr
}

// Close implements mailserver.Archive.
func (a *Memory) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	return nil
}

type memoryRows struct {
	envs      []*wire.Envelope
	next      int
	failAfter int
	fail, err error
}

func (r *memoryRows) Next(ctx context.Context) bool {
	if r.err == nil {
		r.err = ctx.Err()
	}
	if r.fail != nil && r.next+1 == r.failAfter {
		r.err = r.fail
	}
	if r.err != nil || r.next+1 >= len(r.envs) {
		return false
	}
	r.next++
	return true
}

func (r *memoryRows) Row() mailserver.Row                  { return rowOf(r.envs[r.next]) }
func (r *memoryRows) Data(context.Context) ([]byte, error) { return r.envs[r.next].RLP(), nil }
func (r *memoryRows) Err() error                           { return r.err }
func (r *memoryRows) Close()                               {}
