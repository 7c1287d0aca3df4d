package courier

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"statusd/internal/store"
	"statusd/internal/test/testnet"
	"statusd/transport/dh"
	"statusd/transport/protocol"
	"statusd/transport/topics"
	"statusd/waku"
)

// errPower is what statements of a database answer whose machine has lost its
// power.
var errPower = fmt.Errorf("%w: power cut", store.ErrIO)

// mains is the power of one machine. After left statements it fails, for one
// statement only or, with off, until it is switched on again.
type mains struct {
	left  atomic.Int64 // 0: does not fail any more
	off   bool
	on    atomic.Bool // the database is open: before, nothing fails
	out   atomic.Bool
	fired atomic.Bool
}

func (m *mains) fault() error {
	if !m.on.Load() {
		return nil
	}
	if m.out.Load() {
		return errPower
	}
	if m.left.Load() > 0 && m.left.Add(-1) == 0 {
		m.fired.Store(true)
		m.out.Store(m.off)
		return errPower
	}
	return nil
}

// witness sees all messages that are sealed into envelopes, and whether a
// message key sealed two.
type witness struct {
	t      testing.TB
	mu     sync.Mutex
	sealed map[string]string
}

func (w *witness) see(m waku.Post) {
	msg, err := protocol.Decode(m.Payload)
	if err != nil {
		w.t.Error(err)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, d := range msg.Direct {
		if d.DR == nil {
			continue
		}
		key := fmt.Sprintf("%s %x %d", id, d.DR.Key, d.DR.N)
		if old, ok := w.sealed[key]; ok && old != string(d.Payload) {
			w.t.Errorf("a message key sealed two messages: %s", key)
		}
		w.sealed[key] = string(d.Payload)
	}
}

// play has two people talk while the power of one of them fails, and reports
// whether it did.
func play(t *testing.T, alice, bob identity, victim int, m *mains) bool {
	t.Helper()
	at := m.left.Load()
	synctest.Test(t, func(t *testing.T) {
		defer func() {
			if t.Failed() {
				t.Logf("after a fault of %d's database at statement %d", victim, at)
			}
		}()
		w := newWorld(t, 2, testnet.LinkConfig{Latency: 10 * time.Millisecond})
		sees := &witness{t: t, sealed: make(map[string]string)}
		people := []*person{w.somebody(0, alice.Private, "alice-1"), w.somebody(1, bob.Private, "bob-1")}
		for i, p := range people {
			p.post = sees.see
			if i == victim {
				p.fault = m.fault
				p.opened = func(on bool) {
					m.on.Store(on)
					m.out.Store(false)
				}
			}
			p.chats.listen("status", nil)
			p.login()
		}
		// power restores the victim's and starts its program anew.
		power := func() {
			synctest.Wait()
			if p := people[victim]; m.out.Load() {
				p.stop()
				m.on.Store(false)
				p.login()
			}
		}
		// say has somebody say something until the database takes it.
		say := func(p *person, text string, fn func(tx *store.Tx) error) {
			for {
				err := p.db.Update(t.Context(), fn)
				if err == nil {
					return
				}
				if !errors.Is(err, errPower) {
					t.Fatalf("%s: %v", text, err)
				}
				power()
			}
		}
		want := make([][]string, 2)
		for i := range 3 {
			for from, to := range []int{1, 0} {
				text := fmt.Sprintf("%d from %d", i, from)
				want[to] = append(want[to], text)
				say(people[from], text, func(tx *store.Tx) error {
					return people[from].c.SendReliable(t.Context(), tx, keysOf(people[to]), idOf(text), []byte(text))
				})
				w.settle(2 * time.Second)
				power()
			}
		}
		text := "in public"
		want[1-victim] = append(want[1-victim], text)
		say(people[victim], text, func(tx *store.Tx) error {
			return people[victim].c.SendPublic(t.Context(), tx, "status", idOf(text), []byte(text))
		})
		for range 8 {
			w.settle(20 * time.Second)
			power()
		}
		m.on.Store(false)
		for i, p := range people {
			p.hasAll(want[i])
		}
	})
	return m.fired.Load()
}

// hasAll checks what is stored, and that nothing is left to do.
func (p *person) hasAll(want []string) {
	p.t.Helper()
	slices.Sort(want)
	if got := p.stored(); !slices.Equal(got, want) {
		p.t.Errorf("%s has %q, want %q", p.installation, got, want)
	}
	if n := p.c.Stats().Outbox; n != 0 {
		p.t.Errorf("%s has %d posts left", p.installation, n)
	}
	if err := p.db.Check(context.Background()); err != nil {
		p.t.Error(err)
	}
}

// cutEverywhere plays once for each statement at which the power can fail, or
// for some of them; the variable STATUSD_CRASH_STEP says for each how many.
func cutEverywhere(t *testing.T, off bool, least int) {
	t.Helper()
	step := 37
	if n, err := strconv.Atoi(os.Getenv("STATUSD_CRASH_STEP")); err == nil && n > 0 {
		step = n
	}
	alice, bob := newPersona(t), newPersona(t)
	shared, err := dh.Shared(alice.Private, bob.Public())
	if err != nil {
		t.Fatal(err)
	}
	know(topics.PublicChat("status"), topics.ContactCodeOf(alice.Public()), topics.ContactCodeOf(bob.Public()),
		topics.NegotiatedOf(shared))
	points := 0
	for victim := range 2 {
		for k := 1; ; k += step {
			m := &mains{off: off}
			m.left.Store(int64(k))
			fired := play(t, alice, bob, victim, m)
			if t.Failed() {
				return
			}
			if !fired {
				t.Logf("%d statements of %d", k, victim)
				break
			}
			points++
		}
	}
	if points*step < least {
		t.Errorf("only %d points were tried", points)
	}
	t.Logf("%d points", points)
}

// TestPowerCutAtEachStatement ends the program at a statement of its database;
// after a restart nothing is lost, delivered twice, or sealed with a key that
// was used.
func TestPowerCutAtEachStatement(t *testing.T) { cutEverywhere(t, true, 500) }

// TestFaultAtEachStatement has one statement fail while the program runs on: it
// tries again by itself.
func TestFaultAtEachStatement(t *testing.T) { cutEverywhere(t, false, 500) }
