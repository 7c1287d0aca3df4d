package datasync

import (
	"errors"
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
	p.now = testStart.Add(plain().Lifetime + time.Hour)
	if e := p.node.Due(p.now); len(e.Receipts) != 1 || e.Receipts[0].ID != id {
		t.Errorf("lifetime does not count from the right time: %+v", e)
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
	if err := errors.Join(err, p.node.st.Insert(r), p.node.st.SetClock(future)); err != nil {
		t.Fatal(err)
	}
	p.due()
	if wait := p.node.Next().Sub(testStart); wait > 20*time.Second {
		t.Errorf("next attempt in %v", wait)
	}
	if e := p.node.Due(testStart.Add(plain().Lifetime)); len(e.Receipts) != 1 {
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
