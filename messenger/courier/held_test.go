package courier

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"statusd/internal/store"
	"statusd/internal/test/testnet"
)

// set changes what the fake chats do.
func (f *fakeChats) set(fn func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fn()
}

// TestWhatIsNotTakenIsNotAcknowledged: a message for which there is no room is
// not delivered, whether or not Receive kept a part of it; its sender sends it
// again, and it is taken once there is room. Refused for good means
// acknowledged.
func TestWhatIsNotTakenIsNotAcknowledged(t *testing.T) {
	for name, why := range map[string]error{
		"refused": fmt.Errorf("%w: %w", ErrDrop, ErrAgain), "kept in part": ErrAgain,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld(t, 2, testnet.LinkConfig{})
				alice, bob := w.person(0, newIdentity(t), "alice-1"), w.person(1, newIdentity(t), "bob-1")
				var full atomic.Bool
				full.Store(true)
				bob.chats.set(func() {
					bob.chats.fault = func(text string) error {
						switch {
						case text == "never":
							return fmt.Errorf("%w: wrong", ErrDrop)
						case text != "taken" && full.Load():
							return why
						}
						return nil
					}
				})
				w.settle(time.Second)
				for _, text := range []string{"taken", "again", "never"} {
					alice.say(text, bob)
				}
				w.settle(time.Minute)
				bob.wants("without room", "taken")
				if got := alice.chats.all("delivered"); len(got) != 2 {
					t.Errorf("delivered: %q", got)
				}
				full.Store(false)
				w.settle(6 * time.Hour)
				bob.wants("with room", "taken", "again")
				if got := alice.chats.all("delivered" + nameOf("again")); len(got) != 1 {
					t.Errorf("delivered in the end: %q", got)
				}
			})
		})
	}
}

func nameOf(text string) string { return name([]ID{idOf(text)}) }

// TestHeldAreTriedWhenTheirTimeComes: Retry is called at the start, when RetryAt
// says so, and when the last call did; one that fails by itself does not stop
// what arrives.
func TestHeldAreTriedWhenTheirTimeComes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, 2, testnet.LinkConfig{})
		alice, bob := w.somebody(0, newIdentity(t), "alice-1"), w.person(1, newIdentity(t), "bob-1")
		var calls []time.Duration
		var attempts []error
		begin := time.Now()
		failing := errors.New("this one cannot be processed")
		alice.chats.retry = func(tx *store.Tx, attempt func(fn func() error) error) (time.Time, error) {
			calls = append(calls, time.Since(begin))
			attempts = append(attempts, attempt(func() error { return failing }), attempt(func() error { panic("bug") }))
			if len(calls) == 2 {
				return time.Now().Add(7 * time.Second), nil
			}
			return time.Time{}, nil
		}
		alice.login()
		w.settle(time.Second)
		alice.do(func(tx *store.Tx) error {
			alice.c.RetryAt(tx, begin.Add(time.Hour))
			alice.c.RetryAt(tx, begin.Add(time.Minute))
			return nil
		})
		w.settle(time.Hour)
		if want := []time.Duration{0, time.Minute, 67 * time.Second}; !slices.Equal(calls, want) {
			t.Errorf("called at %v, want %v", calls, want)
		}
		for i := 0; i < len(attempts); i += 2 {
			if !errors.Is(attempts[i], ErrAgain) || !errors.Is(attempts[i+1], ErrDrop) {
				t.Errorf("attempts %v", attempts[i:i+2])
			}
		}
		bob.say("hello", alice)
		w.settle(time.Second)
		alice.wants("meanwhile", "hello")
	})
}
