package transport_test

import (
	"errors"
	"testing"
	"time"

	"statusd/transport"
)

// TestRepostsNeverMakeASessionStartAnew posts again all that two people ever
// wrote, the oldest after thousands of messages and many turns: with new dates
// of the envelopes, after a healing and after the sessions are gone. Nothing of
// it is answered, and what cannot be opened for a good reason still is.
func TestRepostsNeverMakeASessionStartAnew(t *testing.T) {
	c := &dialogue{t: t, now: start}
	a, b := pairOfParties(t)
	a.announce(c.now, b)
	b.announce(c.now, a)
	var posted [][]byte // by a
	write := func(n int) {
		for i := range n {
			from, to := a, b
			if i%3 == 2 {
				from, to = b, a
			}
			c.now = c.now.Add(time.Second)
			data := from.send(to, "x", c.now).Data
			to.expect(from, data, "x", c.now)
			to.confirm(data)
			if from == a {
				posted = append(posted, data)
			}
		}
	}
	again := func(posted [][]byte) {
		t.Helper()
		for i, data := range posted {
			c.now = c.now.Add(time.Second)
			_, err := b.receive(a, data, c.now)
			if !errors.Is(err, transport.ErrCopy) || transport.NeedsAnswer(err) {
				t.Fatalf("message %d of %d again: %v", i, len(posted), err)
			}
		}
	}
	write(3 * transport.MaxOpened)
	again(posted)
	old := a.store.Clone()
	write(9)
	a.store = old
	c.lost = 0
	c.both(a, b, "may be lost")
	if c.both(a, b, "may be lost"); c.lost == 0 {
		t.Fatal("the sessions still fit")
	}
	if !c.both(a, b, "arrives") {
		t.Error("no healing")
	}
	again(posted)
	b.must(func(st transport.Store) error {
		return st.TrimSessions(a.dev.Identity(), a.dev.Installation(), 0)
	})
	again(posted[len(posted)-transport.MaxOpened/2:]) // an older handshake may make its session once more
}

// TestAnsweredMessageIsAnsweredOnce: a message that could not be opened, and
// was answered, is no reason for another answer when somebody posts it again.
func TestAnsweredMessageIsAnsweredOnce(t *testing.T) {
	for name, spoil := range map[string]func(a, b *party){
		"lost session": func(a, b *party) {
			b.must(func(st transport.Store) error { return st.TrimSessions(a.dev.Identity(), a.dev.Installation(), 0) })
		},
		"other device": func(_, b *party) { b.dev = b.device(b.identity, "another") },
	} {
		t.Run(name, func(t *testing.T) {
			c := &dialogue{t: t, now: start}
			a, b := pairOfParties(t)
			a.announce(c.now, b)
			b.announce(c.now, a)
			turns(c, a, b, 2)
			spoil(a, b)
			before := a.send(b, "unread", c.now).Data
			c.now = c.now.Add(time.Second)
			data := a.send(b, "unread", c.now).Data
			_, err := b.receive(a, data, c.now)
			answer, ok := b.answerTo(a, data, err, c.now)
			if !ok {
				t.Fatalf("not answered: %v", err)
			}
			if got, err := a.receive(b, answer.Data, c.now); err != nil || !got.Restarted {
				t.Fatalf("answer arrived as %+v, %v", got, err)
			}
			c.now = c.now.Add(2 * transport.HealForget)
			for _, data := range [][]byte{before, data} {
				if _, err := b.receive(a, data, c.now); !errors.Is(err, transport.ErrCopy) || transport.NeedsAnswer(err) {
					t.Errorf("again: %v", err)
				}
			}
			if _, err := a.receive(b, answer.Data, c.now); !errors.Is(err, transport.ErrCopy) {
				t.Errorf("the answer again: %v", err)
			}
		})
	}
}
