package datasync

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestClockSetBack(t *testing.T) {
	p := newPair(t, Config{Schedule: plain()})
	p.now = testStart.Add(1000 * time.Hour)
	id := p.append("hello")
	p.due()
	p.now = testStart
	p.node.Due(p.now)
	if wait := p.node.Next().Sub(p.now); wait > 20*time.Second {
		t.Fatalf("next attempt in %v", wait)
	}
	p.after(believedAfter)
	p.node.Due(p.now) // the clock is believed: from now on the message gets older
	p.after(plain().Lifetime - time.Minute)
	if e := p.node.Due(p.now); len(e.Receipts) != 0 {
		t.Errorf("ended too early: %+v", e)
	}
	p.after(time.Minute)
	if e := p.node.Due(p.now); len(e.Receipts) != 1 || e.Receipts[0].ID != id {
		t.Errorf("lifetime does not count from the right time: %+v", e)
	}
}

// TestClockThatIsBehindEndsNothing starts with a clock of 1970, as a machine
// without a battery does until a time server answers, with and without a
// connection: what waits goes on when the clock is right, and what was received
// is not delivered again.
func TestClockThatIsBehindEndsNothing(t *testing.T) {
	for _, online := range []bool{false, true} {
		p := newPair(t, Config{Schedule: plain()})
		p.append("hello")
		in := Payload{Messages: []Message{p.message("old")}}
		p.handle(in)
		p.due()
		right := p.now.Add(time.Minute)
		p.now = time.Unix(30, 0)
		p.node.SetOnline(online)
		for range 3 {
			p.due()
			p.after(time.Minute)
		}
		p.now = right
		p.node.SetOnline(true)
		e := p.node.Due(p.now)
		if len(e.Receipts) != 0 || len(e.Sends) != 1 || p.node.Outstanding() != 1 {
			t.Errorf("online %v: receipts %+v, sent %+v", online, e.Receipts, e.Sends)
		}
		if e := p.handle(in); len(e.Deliveries) != 0 {
			t.Errorf("online %v: delivered again", online)
		}
	}
}

// TestStepBackAfterMissed sets the clock back by less than what is repaired
// after a peer said that it could not read something: all of it is sent again,
// once, and what was sent by the later time too.
func TestStepBackAfterMissed(t *testing.T) {
	for _, back := range []time.Duration{10 * time.Second, 40 * time.Second} {
		p := newPair(t, Config{MaxDue: 10, Schedule: plain()})
		const count = 25
		for i := range count {
			p.append(fmt.Sprint("message ", i))
		}
		for range 2 * count {
			p.due()
		}
		p.after(15 * time.Second)
		p.node.Missed(p.peer, p.now)
		p.after(-back)
		sent := make(map[MessageID]int)
		for range 100 {
			for _, s := range p.due() {
				for _, m := range s.Messages {
					sent[m.ID]++
				}
			}
			p.after(10 * time.Millisecond)
		}
		if len(sent) != count {
			t.Errorf("back by %v: %d of %d messages were sent", back, len(sent), count)
		}
		for id, n := range sent {
			if n > 1 {
				t.Errorf("back by %v: %v was sent %d times", back, id, n)
			}
		}
	}
}

// TestClockSetBackBeforeAStart is the same with a program that has not seen the
// wrong time itself.
func TestClockSetBackBeforeAStart(t *testing.T) {
	future := MillisOf(testStart.Add(365 * 24 * time.Hour))
	p := newPair(t, Config{Schedule: plain()})
	r := &State{
		Peer: testPeer(1), Kind: KindMessage, Ref: Ref{1}, Attempts: 1,
		Created: future, LastSent: future, Deadline: future,
	}
	_, err := p.node.st.PutBody(r.Ref, nil)
	if err := errors.Join(err, p.node.st.Insert(r), p.node.st.SetClock(future, 0)); err != nil {
		t.Fatal(err)
	}
	p.due()
	if wait := p.node.Next().Sub(testStart); wait > 20*time.Second {
		t.Errorf("next attempt in %v", wait)
	}
	p.node.Due(testStart.Add(believedAfter))
	if e := p.node.Due(testStart.Add(believedAfter + plain().Lifetime)); len(e.Receipts) != 1 {
		t.Errorf("lifetime counts from the wrong time: %+v", e)
	}
}

// TestAcksDoNotWaitForAClockSetBack queues an ack when the clock was set back
// by less than what is repaired.
func TestAcksDoNotWaitForAClockSetBack(t *testing.T) {
	p := newPair(t, Config{Schedule: plain()})
	p.handle(Payload{})
	p.after(-50 * time.Second)
	p.handle(Payload{Messages: []Message{p.message("late")}})
	if next := p.node.Next(); next.IsZero() || next.After(p.now) {
		t.Errorf("next %v, now %v", next, p.now)
	}
	if sends := p.due(); len(sends) != 1 || len(sends[0].Acks) != 1 {
		t.Errorf("%+v", sends)
	}
}
