package history

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"statusd/waku/wire"
)

// TestPagesCountOnceTheyAreStored: the receiver of the envelopes is waited for
// after each page, before bookmark and ledger; when it could not store them,
// everything since the last page that it stored is fetched again.
func TestPagesCountOnceTheyAreStored(t *testing.T) {
	full := errors.New("disk is full")
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			name     string
			fails    int // the page that cannot be stored; 0: none
			bookmark bool
			asked    int // by the second sync
		}{{"all stored", 0, false, 0}, {"first page", 1, false, 3}, {"second page", 2, true, 2}, {"last page", 3, true, 1}} {
			s := newFakeServer(t, envelopes(topicA, start, 2500)...)
			own, other := newMemory(), newMemory()
			n := newNetwork(t, own, s)
			pages := 0
			l := Ledger{Store: other, Settled: func(context.Context) error {
				pages++
				if len(other.spans) != 0 {
					t.Errorf("%s: in the ledger before page %d was stored", c.name, pages)
				}
				if pages == c.fails {
					return full
				}
				return nil
			}}
			sync := func() error {
				_, err := n.client.SyncLedger(t.Context(), l, []wire.Topic{topicA}, start, start+5000, nil)
				return err
			}
			if err := sync(); !errors.Is(err, full) && c.fails > 0 || c.fails == 0 && (err != nil || pages != 3) {
				t.Errorf("%s: %v after %d pages", c.name, err, pages)
			}
			if done := len(other.spans) > 0; done != (c.fails == 0) || len(other.marks) > 0 != c.bookmark {
				t.Errorf("%s: ledger %v, bookmarks %v", c.name, other.spans, other.marks)
			}
			before := len(s.asked)
			if err := sync(); err != nil || len(s.asked)-before != c.asked {
				t.Errorf("%s: again: %v after %d requests", c.name, err, len(s.asked)-before)
			}
			if len(own.spans)+len(own.marks) != 0 {
				t.Errorf("%s: the client's own ledger was touched", c.name)
			}
		}
	})
}
