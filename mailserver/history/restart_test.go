package history

import (
	"testing"
	"testing/synctest"
	"time"

	"statusd/waku/wire"
)

// TestFetchBeginsAnewWhenAskedTo: when the server of a cursor fails, the first
// page of another one comes, and says what it is.
func TestFetchBeginsAnewWhenAskedTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stored := envelopes(topicA, start, 25)
		bad, good := newFakeServer(t, stored...), newFakeServer(t, stored...)
		bad.behave = func(n int, r *reply) { r.drop = n > 0 }
		n := newNetwork(t, nil, bad, good)
		n.client.servers[good.node.ID()].status.Latency = time.Hour // asked second
		r := Request{Topics: []wire.Topic{topicA}, From: start, Limit: 10, OnePage: true}
		first, err := n.client.Fetch(t.Context(), r)
		if err != nil || first.Server != bad.node.ID() || len(first.Cursor) == 0 {
			t.Fatalf("got %+v, %v", first, err)
		}
		r.Server, r.Cursor = first.Server, first.Cursor
		if _, err := n.client.Fetch(t.Context(), r); err == nil {
			t.Error("went on without being asked to begin anew")
		}
		r.Restart = true
		again, err := n.client.Fetch(t.Context(), r)
		if err != nil || !again.Restarted || again.Server != good.node.ID() || again.Envelopes != 10 {
			t.Errorf("got %+v, %v", again, err)
		}
		n.wg.Wait()
	})
}
