package transport_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"statusd/transport"
)

// dialogue is two people between whom messages travel at once. A message
// that cannot be opened is answered, if an answer is due, and is lost.
type dialogue struct {
	t    *testing.T
	now  time.Time
	lost int
}

// say sends a text and reports whether it could be read. The answer to one that
// could not be read arrives at once.
func (c *dialogue) say(from, to *party, text string) bool {
	c.t.Helper()
	c.now = c.now.Add(time.Second)
	data := from.send(to, text, c.now).Data
	got, err := to.receive(from, data, c.now)
	if err == nil {
		if string(got.Plaintext) != text {
			c.t.Fatalf("got %q, want %q", got.Plaintext, text)
		}
		to.confirm(data)
		return true
	}
	c.lost++
	if out, ok := to.answerTo(from, data, err, c.now); ok {
		got, err := from.receive(to, out.Data, c.now)
		if err != nil || !got.Empty || !got.Restarted {
			c.t.Fatalf("answer arrived as %+v, %v", got, err)
		}
	}
	return false
}

// both has each write to the other, first the one given first.
func (c *dialogue) both(a, b *party, text string) bool {
	c.t.Helper()
	one := c.say(a, b, text)
	return c.say(b, a, text) && one
}

// TestCopyPutBackHealsWithinARoundTrip puts the store of one side back from a
// copy, as a snapshot of a virtual machine does, after different things
// happened since the copy was made.
func TestCopyPutBackHealsWithinARoundTrip(t *testing.T) {
	since := map[string]func(c *dialogue, a, b *party){
		"nothing":                 func(*dialogue, *party, *party) {},
		"several turns":           func(c *dialogue, a, b *party) { turns(c, a, b, 5) },
		"one message of the copy": func(c *dialogue, a, b *party) { c.say(a, b, "x") },
		"one message of the other": func(c *dialogue, a, b *party) {
			c.say(b, a, "x")
		},
		"messages of the copy alone": func(c *dialogue, a, b *party) {
			for range 20 {
				c.say(a, b, "x")
			}
		},
		"messages of the other alone": func(c *dialogue, a, b *party) {
			for range 20 {
				c.say(b, a, "x")
			}
		},
		"new prekeys of both": func(c *dialogue, a, b *party) {
			for range 3 {
				c.now = c.now.Add(transport.RotateAfter + time.Hour)
				turns(c, a, b, 2)
			}
		},
		"another healing": func(c *dialogue, a, b *party) {
			turns(c, a, b, 2)
			old := a.store.Clone()
			turns(c, a, b, 2)
			a.store = old
			for range 3 {
				c.both(a, b, "x")
			}
		},
	}
	for name, between := range since {
		for _, copyFirst := range []bool{true, false} {
			for _, initiator := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/copy writes first %v/copy initiated %v", name, copyFirst, initiator), func(t *testing.T) {
					c := &dialogue{t: t, now: start}
					a, b := pairOfParties(t)
					b.announce(c.now, a)
					a.announce(c.now, b)
					if initiator {
						turns(c, a, b, 3)
					} else {
						turns(c, b, a, 3)
					}
					c.lost = 0
					old := a.store.Clone()
					between(c, a, b)
					c.now = c.now.Add(2 * transport.AnswerInterval)
					a.store, c.lost = old, 0
					first, second := a, b
					if !copyFirst {
						first, second = b, a
					}
					c.both(first, second, "may be lost")
					c.both(first, second, "may be lost") // when the first could be read by luck
					lost := c.lost
					for i := range 5 {
						if !c.both(first, second, fmt.Sprint("arrives ", i)) {
							t.Fatalf("message %d is lost, %d before", i, lost)
						}
					}
					if lost > 2 {
						t.Errorf("%d messages were lost", lost)
					}
				})
			}
		}
	}
}

func turns(c *dialogue, a, b *party, n int) {
	c.t.Helper()
	for i := range n {
		if !c.both(a, b, fmt.Sprint("turn ", i)) {
			c.t.Fatalf("turn %d is lost", i)
		}
	}
}

// TestPeerWithoutRestartHealsWithTheNewBundle is about peers of 2020: they do
// nothing about an empty answer, but use its bundle.
func TestPeerWithoutRestartHealsWithTheNewBundle(t *testing.T) {
	c := &dialogue{t: t, now: start}
	a, b := pairOfParties(t)
	a.announce(c.now, b)
	turns(c, b, a, 3)
	old := a.store.Clone()
	turns(c, b, a, 3)
	c.now = c.now.Add(3 * transport.RotateAfter)
	turns(c, b, a, 1)
	a.store = old
	c.now = c.now.Add(time.Hour)
	data := b.send(a, "lost", c.now).Data
	_, err := a.receive(b, data, c.now)
	if !errors.Is(err, transport.ErrDecrypt) && !errors.Is(err, transport.ErrSessionNotFound) {
		t.Fatal(err)
	}
	if _, ok := a.answerTo(b, data, err, c.now); !ok {
		t.Fatal("no answer")
	}
	a.announce(c.now, b) // its bundle, without the rest of the answer
	if !c.say(b, a, "next") || !c.say(a, b, "reply") || !c.say(b, a, "and on") {
		t.Error("the conversation has not healed")
	}
}

// TestReposts checks that whoever posts a message of others again, in another
// envelope, does not make a session end.
func TestRepostsDoNotEndSessions(t *testing.T) {
	c := &dialogue{t: t, now: start}
	a, b := pairOfParties(t)
	a.announce(c.now, b)
	b.announce(c.now, a)
	var posted [][]byte
	for i := range 40 {
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
	for i, data := range posted {
		_, err := b.receive(a, data, c.now)
		if !errors.Is(err, transport.ErrCopy) || transport.NeedsAnswer(err) {
			t.Errorf("message %d again: %v", i, err)
		}
		if _, ok := b.answerTo(a, data, err, c.now); ok {
			t.Errorf("message %d was answered", i)
		}
	}
	turns(c, a, b, 2)
}

// TestSpentNumberWithOtherContent is the sender that goes on from a copy in the
// same chain: numbers repeat although nothing fails to authenticate.
func TestSpentNumberWithOtherContentIsNoCopy(t *testing.T) {
	c := &dialogue{t: t, now: start}
	a, b := pairOfParties(t)
	turns(c, a, b, 2)
	old := a.store.Clone()
	for range 3 {
		c.say(a, b, "x")
	}
	a.store = old
	data := a.send(b, "other content", c.now).Data
	if _, err := b.receive(a, data, c.now); !errors.Is(err, transport.ErrSpent) || !transport.NeedsAnswer(err) {
		t.Errorf("got %v", err)
	}
}

// TestHealingIsBounded sends nonsense on an established session.
func TestHealingIsBounded(t *testing.T) {
	c := &dialogue{t: t, now: start}
	a, b := pairOfParties(t)
	turns(c, a, b, 2)
	healed, versions := 0, map[uint32]bool{}
	nonsense := b.send(a, "", c.now).Data
	for end := c.now.Add(24 * time.Hour); c.now.Before(end); c.now = c.now.Add(30 * time.Second) {
		if _, ok := a.answerTo(b, nonsense, transport.ErrDecrypt, c.now); ok {
			healed++
		}
		versions[a.bundleOf(c.now).Prekeys()[0].Version] = true
	}
	if healed < 8 || healed > 20 || len(versions) > healed+2 {
		t.Errorf("healed %d times, %d prekeys", healed, len(versions))
	}
	c.now = c.now.Add(transport.HealForget)
	old := transport.Incoming{From: b.dev.Identity(), Data: b.send(a, "", c.now).Data}
	for name, c := range map[string]struct{ sent, now time.Time }{
		"sent before the last healing": {start, c.now},
		"older than what servers keep": {c.now, c.now.Add(transport.FreshFor + time.Hour)},
	} {
		old.Sent = c.sent
		a.must(func(st transport.Store) error {
			_, ok, err := a.dev.Answer(st, old, transport.ErrDecrypt, c.now)
			if ok {
				t.Errorf("%s: healed", name)
			}
			return err
		})
	}
}

// TestStrangersDoNotRotateThePrekey: what somebody does to whom we never wrote
// concerns his sessions alone, and has the allowance of strangers.
func TestStrangersDoNotRotateThePrekey(t *testing.T) {
	a := newParty(t, generate(t), "1998bd5b-8c3e-4088-88ec-38bc2d8d9cbc")
	before := a.bundleOf(start).Prekeys()[0]
	answers := 0
	for i := range 2 * transport.MaxAnswersPerHour {
		s := newParty(t, generate(t), fmt.Sprintf("stranger-%03d", i))
		a.announce(start, s)
		data := s.send(a, "x", start).Data
		a.expect(s, data, "x", start)
		for range 2 {
			if _, ok := a.answerTo(s, s.send(a, "y", start).Data, transport.ErrDecrypt, start); ok {
				answers++
			}
		}
	}
	if answers != transport.MaxAnswersPerHour {
		t.Errorf("%d answers", answers)
	}
	if after := a.bundleOf(start.Add(time.Hour)).Prekeys()[0]; after != before {
		t.Errorf("prekey went from version %d to %d", before.Version, after.Version)
	}
	friend := newParty(t, generate(t), "friend")
	a.announce(start, friend)
	a.deliver(friend, "hello", start)
	if _, ok := a.answerTo(friend, friend.send(a, "x", start).Data, transport.ErrDecrypt, start); !ok {
		t.Error("strangers used up the answer to somebody we write to")
	}
}

// TestOwnDevicesHeal puts back a copy of one of two paired devices.
func TestOwnDevicesHeal(t *testing.T) {
	identity := generate(t)
	one, two := newParty(t, identity, "device-a"), newParty(t, identity, "device-b")
	one.announce(start, two)
	two.announce(start, one)
	one.must(func(st transport.Store) error { return one.dev.Enable(st, "device-b") })
	two.must(func(st transport.Store) error { return two.dev.Enable(st, "device-a") })
	c := &dialogue{t: t, now: start}
	turns(c, one, two, 2)
	old := one.store.Clone()
	turns(c, one, two, 2)
	one.store = old
	c.now = c.now.Add(time.Hour)
	c.both(two, one, "may be lost")
	turns(c, two, one, 3)
	other := newParty(t, identity, "device-c")
	if _, ok := one.answerTo(other, other.send(one, "x", c.now).Data, transport.ErrDecrypt, c.now); ok {
		t.Error("a device that is not paired was answered")
	}
}

// TestVersionIsAboveEveryLostOne makes more prekeys than days pass and goes
// back to the first.
func TestVersionIsAboveEveryLostOne(t *testing.T) {
	a, b := pairOfParties(t)
	c := &dialogue{t: t, now: start}
	turns(c, a, b, 1)
	old := a.store.Clone()
	highest := uint32(0)
	for range 30 {
		c.now = c.now.Add(transport.AnswerInterval)
		a.answerTo(b, b.send(a, "x", c.now).Data, transport.ErrDecrypt, c.now)
		highest = max(highest, a.bundleOf(c.now).Prekeys()[0].Version)
	}
	a.store = old
	c.now = c.now.Add(time.Minute)
	if _, ok := a.answerTo(b, b.send(a, "x", c.now).Data, transport.ErrSessionNotFound, c.now); !ok {
		t.Fatal("no answer")
	}
	if v := a.bundleOf(c.now).Prekeys()[0].Version; v <= highest {
		t.Errorf("version %d, lost was %d", v, highest)
	}
}
