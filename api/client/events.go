package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"statusd/api"
)

// EventsConfig says what Events gives.
type EventsConfig struct {
	// Consumer is the name that the program goes by: the daemon remembers what
	// it is done with. The token needs the scope events for it. Empty: nothing
	// is remembered.
	Consumer string
	// Since is the cursor after which a new consumer, or one without a name,
	// begins; nil: the end of the log. 0 is its beginning.
	Since *int64
	Types []api.EventType // that are wanted; none: all
	Chats []string        // ids, and #name, whose events are wanted; none: all
	// Retrying is told why the daemon cannot be read at the moment, and when it
	// is tried again; nil: nobody is.
	Retrying func(reason error, wait time.Duration)
}

// GapError stands where events are gone from the log that were not read yet:
// the log keeps a limited number. From is the oldest there is. What happened
// meanwhile is in the messages of the chats.
type GapError struct{ From int64 }

// Error implements error.
func (e *GapError) Error() string {
	return fmt.Sprintf("events before %d are gone from the log without having been read", e.From)
}

// How the daemon is read.
const (
	// longPoll is how long a call waits for an event, in seconds.
	longPoll = 30
	// ackEvery is the time after which a consumer that works on a long page
	// acknowledges in the middle of it.
	ackEvery = time.Second
)

// Events follows the event log: it gives each event, oldest first, and waits
// for the next. When the daemon is away, or nobody is logged in, it tries again
// until ctx ends; then it goes on where it was. An event is acknowledged after
// the body of the loop has run for it: one at which the body broke out, or the
// program died, comes again. To answer each event once nevertheless, send with
// RequestID.
//
// The loop ends when ctx does. An error that will not go away by itself, for
// instance a token without the scope, is given once, and ends it. A *GapError
// is given where events are missing, and the loop goes on.
func (c *Client) Events(ctx context.Context, cfg EventsConfig) iter.Seq2[api.Event, error] {
	return func(yield func(api.Event, error) bool) {
		r := &eventReader{client: c, cfg: cfg, since: cfg.Since}
		if r.since == nil {
			r.since = new(int64(-1))
		}
		for ctx.Err() == nil {
			page, err := r.page(ctx)
			if err == nil {
				var more bool
				if more, err = r.give(ctx, page, yield); !more {
					return
				}
			}
			if err == nil {
				r.pauses = pauses{}
				continue
			}
			if !passing(err) {
				if ctx.Err() == nil {
					yield(api.Event{}, err)
				}
				return
			}
			r.pauses.wait(ctx, err, r.cfg.Retrying)
		}
	}
}

// eventReader is how far a loop over Events is.
type eventReader struct {
	client *Client
	cfg    EventsConfig
	since  *int64 // what was read, -1 for the end; it may not be acknowledged yet
	pauses pauses
}

func (r *eventReader) page(ctx context.Context) (api.EventPage, error) {
	wait := float64(longPoll)
	return api.StatusGetEvents.Call(ctx, r.client, api.GetEventsArgs{Query: &api.EventsQuery{
		Since: r.since, Wait: &wait, Types: r.cfg.Types, Chats: r.cfg.Chats, Consumer: r.cfg.Consumer,
	}})
}

// give hands out a page. It returns false when the loop has ended.
func (r *eventReader) give(ctx context.Context, page api.EventPage, yield func(api.Event, error) bool) (bool, error) {
	if page.Gap && !yield(api.Event{}, &GapError{page.From}) {
		return false, nil
	}
	acked := time.Now()
	for _, e := range page.Events {
		if !yield(e, nil) {
			if len(page.Events) > 0 && *r.since >= page.Events[0].Cursor {
				_ = r.ack(ctx, *r.since) // what the body was done with; else it comes again
			}
			return false, nil
		}
		done := e.Cursor
		r.since = &done
		if time.Since(acked) >= ackEvery {
			if err := r.ack(ctx, done); err != nil {
				return true, err
			}
			acked = time.Now()
		}
	}
	next := page.Next
	r.since = &next
	if len(page.Events) == 0 && !page.Gap {
		return true, nil
	}
	return true, r.ack(ctx, next)
}

// ack tells the daemon what the consumer is done with.
func (r *eventReader) ack(ctx context.Context, cursor int64) error {
	if r.cfg.Consumer == "" {
		return nil
	}
	_, err := api.StatusAckEvents.Call(ctx, r.client, api.AckEventsArgs{Consumer: r.cfg.Consumer, Cursor: cursor})
	return err
}

// RequestID is the requestId of a request that a consumer makes because of an
// event: the same whenever this consumer gets this event, so that what it asks
// is done once. key and count tell apart several requests because of one event.
// The clients in other languages make the same ids.
func RequestID(consumer string, event api.Event, key string, count int) string {
	parts := []string{consumer, event.Account, strconv.FormatInt(event.Cursor, 10), key, strconv.Itoa(count)}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:])
}
