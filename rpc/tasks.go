package rpc

import (
	"context"
	"sync"
)

// tasks are what methods leave running after their answer. They belong to the
// server, which ends and waits for them when it stops.
type tasks struct {
	mu     sync.Mutex // guards wg.Add against Wait
	closed bool
	ctx    context.Context //nolint:containedctx // the life of the tasks, not of a call
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

func newTasks() *tasks {
	t := &tasks{}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t
}

// run starts a task. It returns false when the server is stopping.
func (t *tasks) run(task func(context.Context)) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.wg.Go(func() { task(t.ctx) })
	return true
}

// stop cancels the tasks and waits for them.
func (t *tasks) stop() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.cancel()
	t.wg.Wait()
}
