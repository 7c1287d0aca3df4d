package datasync

import (
	"testing"
	"time"
)

func TestPeerHeardWakesWhatIsOverdue(t *testing.T) {
	p := newPair(t, Config{Schedule: plain()})
	p.append("hello")
	p.due()
	for !p.node.Next().After(testStart.Add(7 * 24 * time.Hour)) {
		p.now = p.node.Next()
		p.due()
	}
	p.now = testStart.Add(7 * 24 * time.Hour)
	p.node.HandleArchived(p.peer, Payload{Acks: []MessageID{{9}}}, p.now)
	if !p.node.Next().After(p.now) {
		t.Error("an archived payload counts as a sign of life")
	}
	p.handle(Payload{Acks: []MessageID{{9}}})
	if p.node.Next().After(p.now) || len(p.due()) != 1 {
		t.Fatalf("next %v, want at once", p.node.Next())
	}
	// The schedule starts over, and a chatty peer does not speed it up.
	sent := 0
	for range 190 {
		p.after(100 * time.Millisecond)
		p.handle(Payload{Acks: []MessageID{{9}}})
		sent += len(p.due())
	}
	if want := p.now.Add(time.Second); sent != 0 || !p.node.Next().Equal(want) {
		t.Errorf("sent %d within base, next %v, want %v", sent, p.node.Next(), want)
	}
	p.after(2 * time.Second)
	p.node.Heard(p.peer, p.now)
	if len(p.due()) != 1 {
		t.Error("not sent again after base")
	}
}

func TestWhatAPeerMissedIsSentAgainAtOnce(t *testing.T) {
	p := newPair(t, Config{Schedule: plain()})
	p.node.Missed(p.peer, p.now) // nothing is outstanding
	p.append("hello")
	p.due()
	p.after(time.Second)
	p.node.Missed(p.peer, p.now)
	if sends := p.due(); len(sends) != 1 || !sends[0].Messages[0].Again {
		t.Fatalf("sent %+v", sends)
	}
	for range 18 { // a peer that says so all the time does not make a flood
		p.after(time.Second)
		p.node.Missed(p.peer, p.now)
		if sends := p.due(); len(sends) != 0 {
			t.Fatalf("sent %+v within base", sends)
		}
	}
	p.after(2 * time.Second)
	p.node.Missed(p.peer, p.now)
	if len(p.due()) != 1 {
		t.Error("not sent again after base")
	}
}
