package waku

import "context"

// Probe returns once an empty job has gone through the queue of envelopes to
// open, its dispatcher and the delivery, in the order of arrival, and the
// locks of pool and filters were free. It serves a watchdog.
func (h *Host) Probe(ctx context.Context) error {
	h.Info()
	through := make(chan struct{})
	job := &openJob{then: func() { close(through) }}
	select {
	case h.openers.in <- job:
	case <-h.stopped:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-through:
		return nil
	case <-h.stopped:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}
