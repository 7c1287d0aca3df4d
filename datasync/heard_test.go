package datasync

import (
	"fmt"
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

// TestHeardPeersAreServedInTurn: a peer with more outstanding than a step takes,
// who is heard all the time, does not keep others from being served.
func TestHeardPeersAreServedInTurn(t *testing.T) {
	p := newPair(t, Config{MaxDue: 10, Schedule: plain()})
	busy, quiet := testPeer(1), testPeer(2)
	for i := range 1000 {
		p.append(fmt.Sprint("message ", i), busy)
	}
	p.append("one", quiet)
	step := func() (toQuiet int) {
		e, err := p.node.Node.Due(p.node.st, p.now)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range e.Sends {
			if s.To == quiet {
				toQuiet += len(s.Messages)
			}
		}
		p.after(time.Second)
		return toQuiet
	}
	// Unanswered for hours, until each waits long for its turn.
	for end := p.now.Add(3 * time.Hour); p.now.Before(end) || !p.node.Next().After(p.now); {
		if next := p.node.Next(); next.After(p.now) {
			p.now = next
		}
		step()
	}
	p.after(25 * time.Second)
	p.node.Heard(busy, p.now)
	p.node.Heard(quiet, p.now)
	served := 0
	for range 60 {
		p.node.Heard(busy, p.now)
		served += step()
	}
	if served == 0 {
		t.Error("nothing was sent to who was heard once")
	}
}
