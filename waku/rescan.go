package waku

import (
	"context"
	"slices"

	"statusd/waku/wire"
)

// rescanPart is how many entries of the pool are looked at in one go.
const rescanPart = 256

// Rescan opens again what the pool holds for some filters, oldest first, and
// calls fn for each match with the filters that fit, from the calling goroutine:
// what a Sink had no room
// for, or what came before the filter. want, if not nil, says which envelopes
// to open at all. An error of fn or the end of ctx ends it and is returned.
// Envelopes that come meanwhile are delivered as usual and may be found too.
func (h *Host) Rescan(
	ctx context.Context, ids []FilterID, want func(wire.Hash) bool, fn func(*ReceivedMessage, []FilterID) error,
) error {
	byTopic := make(map[wire.Topic][]*filter)
	for _, id := range ids {
		f := h.filters.get(nil, id)
		if f == nil {
			continue
		}
		for _, t := range f.Topics {
			if !slices.Contains(byTopic[t], f) {
				byTopic[t] = append(byTopic[t], f)
			}
		}
	}
	if len(byTopic) == 0 {
		return nil
	}
	var cursor uint64
	buf := make([]*entry, 0, rescanPart)
	for {
		if buf, cursor = h.pool.after(cursor, buf); len(buf) == 0 {
			return nil
		}
		for _, e := range buf {
			if err := ctx.Err(); err != nil {
				return err
			}
			env, candidates := e.env.Load(), byTopic[e.topic]
			if env == nil || len(candidates) == 0 || want != nil && !want(env.Hash()) {
				continue
			}
			if fits, msg := match(env, e.pow, false, candidates); len(fits) > 0 {
				matched := make([]FilterID, len(fits))
				for i, f := range fits {
					matched[i] = f.id
				}
				if err := fn(msg, matched); err != nil {
					return err
				}
			}
		}
	}
}
