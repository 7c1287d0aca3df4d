package transport_test

import (
	"strings"
	"testing"
	"time"

	"statusd/transport"
)

// TestLargePayloadsGoToEachInstallation: one message for all installations
// while it fits, one for each when it does not, and all can be opened.
func TestLargePayloadsGoToEachInstallation(t *testing.T) {
	bob := generate(t)
	alice, one, two := newParty(t, generate(t), "a"), newParty(t, bob, "b1"), newParty(t, bob, "b2")
	one.announce(start, alice)
	two.announce(start, alice)
	text := strings.Repeat("x", 5000)
	within := func(limit int, now time.Time) (list []transport.Outgoing) {
		alice.must(func(st transport.Store) (err error) {
			list, err = alice.dev.SendDirectWithin(st, bob.Public(), []byte(text), now, limit)
			return err
		})
		return list
	}
	whole := within(20_000, start)
	if len(whole) != 1 || len(whole[0].Targets) != 2 {
		t.Fatalf("%d messages", len(whole))
	}
	one.expect(alice, whole[0].Data, text, start)
	two.expect(alice, whole[0].Data, text, start)
	parts := within(9000, start.Add(time.Second))
	if len(parts) != 2 {
		t.Fatalf("%d messages", len(parts))
	}
	for _, part := range parts {
		if len(part.Targets) != 1 || len(part.Data) > 9000 {
			t.Fatalf("%d bytes for %v", len(part.Data), part.Targets)
		}
		reader := map[string]*party{"b1": one, "b2": two}[part.Targets[0]]
		reader.expect(alice, part.Data, text, start)
	}
}
