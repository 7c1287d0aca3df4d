package messenger

import (
	"maps"
	"testing"
	"time"

	"statusd/api"
	"statusd/internal/store"
	"statusd/messenger/courier"
)

// tally counts what a meter is told.
type tally struct {
	counts map[string]int
	took   []time.Duration
}

func (m *tally) Message(what Outcome, kind string) { m.counts[string(what)+" "+kind]++ }
func (m *tally) Delivered(took time.Duration)      { m.took = append(m.took, took) }
func (m *tally) install(c *Config)                 { c.Meter = m }
func newTally() *tally                             { return &tally{counts: map[string]int{}} }

// TestMeter counts each message once, whatever becomes of it in which order.
func TestMeter(t *testing.T) {
	mine, theirs := newTally(), newTally()
	alice, bob := newParty(t, newKey(t), mine.install), newParty(t, newKey(t), theirs.install)
	send := func() courier.ID {
		q := SendRequest{Recipients: []string{bob.id}, Message: "hello"}
		sent := must[api.Sent](t)(alice.m.Mail().SendTo(t.Context(), q))
		bob.take(alice)
		return idOf(t, sent.MessageID)
	}
	outcome := func(fn func(tx *store.Tx) error) { alice.tx(fn) }
	id := send()
	for range 2 {
		outcome(func(tx *store.Tx) error { return alice.m.Sent(t.Context(), tx, []courier.ID{id}) })
	}
	alice.pass(1500 * time.Millisecond)
	outcome(func(tx *store.Tx) error { return alice.m.Delivered(t.Context(), tx, id, bob.key.Public(), 0) })
	unheard := send() // delivered, and nobody said that it was sent
	outcome(func(tx *store.Tx) error { return alice.m.Delivered(t.Context(), tx, unheard, bob.key.Public(), 0) })
	lost := send()
	outcome(func(tx *store.Tx) error {
		return alice.m.Failed(t.Context(), tx, []courier.ID{lost}, courier.FailedConnectivity)
	})
	if want := map[string]int{"sent one_to_one": 2, "failed one_to_one": 1}; !maps.Equal(mine.counts, want) {
		t.Errorf("sender: %v, want %v", mine.counts, want)
	}
	if want := map[string]int{"received one_to_one": 3}; !maps.Equal(theirs.counts, want) {
		t.Errorf("recipient: %v, want %v", theirs.counts, want)
	}
	if len(mine.took) != 2 || mine.took[0] != 1500*time.Millisecond {
		t.Errorf("deliveries took %v", mine.took)
	}
	failed := alice.db.Update(t.Context(), func(tx *store.Tx) error {
		if err := alice.m.Sent(t.Context(), tx, []courier.ID{lost}); err != nil {
			return err
		}
		return courier.ErrDrop
	})
	if failed == nil || mine.counts["sent one_to_one"] != 2 {
		t.Errorf("%v: what was undone is counted: %v", failed, mine.counts)
	}
}
