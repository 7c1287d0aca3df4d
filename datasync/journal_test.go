package datasync

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// dump writes down everything a node remembers, except counters.
func dump(n *Node) string {
	var b strings.Builder
	var records []string
	for id, p := range n.peers {
		if len(p.records) == 0 && len(p.acks) == 0 {
			continue // swept at the end of the transaction
		}
		records = append(records, fmt.Sprintf("peer %v: acks %v (%d), woken %d, requests %d",
			id, p.acks, len(p.queued), p.woken, p.requests))
		for _, r := range p.records {
			where := r.index >= 0 && n.due[r.index] == r
			records = append(records, fmt.Sprintf("%v: %+v asked %d carried %v in heap %v",
				id, r.state(), r.asked, r.carried, where))
		}
	}
	slices.Sort(records)
	for ref, group := range n.refs {
		records = append(records, fmt.Sprintf("ref %v: %d", ref, len(group)))
		for i := range group[1:] {
			if group[i].seq > group[i+1].seq {
				records = append(records, "out of order")
			}
		}
	}
	for body, count := range n.bodies {
		records = append(records, fmt.Sprintf("body %x: %d", body, count))
	}
	slices.Sort(records)
	ackers := make(map[PeerID]bool)
	for _, p := range n.ackers {
		ackers[p.id] = true
	}
	fmt.Fprintf(&b, "%s\n%d due, %d seen, %d requests, ackers %d/%d\n", strings.Join(records, "\n"),
		len(n.due), n.seen.total, n.requests, len(n.ackers), len(ackers))
	for i := 1; i < len(n.due); i++ {
		if n.due.Less(i, (i-1)/2) {
			b.WriteString("heap is broken\n")
		}
	}
	return b.String()
}

// TestRollbackRestoresEverything does random work, takes it back to a random
// savepoint or altogether, and compares.
func TestRollbackRestoresEverything(t *testing.T) {
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 9))
		n := newNode(t, Config{Jitter: rand.NewPCG(seed, 1)})
		now, sent := testStart, []MessageID(nil)
		for range 60 {
			n.Begin()
			before, mark := dump(n), 0
			whole := before
			for step := range 1 + rng.IntN(8) {
				if step > 0 && rng.IntN(3) == 0 {
					before, mark = dump(n), n.Savepoint()
				}
				now = now.Add(time.Duration(rng.Int64N(int64(time.Minute))))
				if rng.IntN(25) == 0 {
					now = now.Add(-3 * time.Hour)
				}
				randomWork(t, n, rng, now, &sent)
			}
			switch rng.IntN(3) {
			case 0:
				n.RollbackTo(mark)
				if got := dump(n); got != before {
					t.Fatalf("seed %d: after rollback to a savepoint:\n%s\nwant\n%s", seed, got, before)
				}
				n.Commit()
			case 1:
				n.Rollback()
				if got := dump(n); got != whole {
					t.Fatalf("seed %d: after rollback:\n%s\nwant\n%s", seed, got, whole)
				}
			default:
				n.Commit()
			}
			for id, p := range n.peers {
				if len(p.records) == 0 && len(p.acks) == 0 {
					t.Fatalf("seed %d: peer %v kept for nothing", seed, id)
				}
			}
		}
	}
}

// randomWork calls one random method of a node.
func randomWork(t *testing.T, n *Node, rng *rand.Rand, now time.Time, sent *[]MessageID) {
	t.Helper()
	peer := testPeer(1 + rng.IntN(4))
	some := func() []MessageID {
		var out []MessageID
		for range rng.IntN(4) {
			if len(*sent) > 0 {
				out = append(out, (*sent)[rng.IntN(len(*sent))])
			}
		}
		return out
	}
	switch rng.IntN(9) {
	case 0, 1:
		to := []PeerID{peer}
		if rng.IntN(2) == 0 {
			to = []PeerID{testPeer(1), testPeer(2), testPeer(3)}
		}
		n.SetMode(peer, Mode(rng.IntN(2)))
		body := fmt.Appendf(nil, "body %d", rng.IntN(20))
		ids, _, err := n.Append(Outgoing{Ref: Ref{byte(rng.IntN(9))}, Body: body, To: to}, now)
		if err != nil {
			t.Fatal(err)
		}
		*sent = append(*sent, ids...)
	case 2, 3, 4:
		g := OneToOne(n.cfg.Self, peer)
		e := n.Handle(peer, Payload{
			Acks: some(), Requests: some(),
			Offers: []MessageID{{byte(rng.IntN(30))}},
			Messages: []Message{
				{Group: g[:], Body: []byte{byte(rng.IntN(50))}}, {Group: g[:], Body: []byte{byte(rng.IntN(50))}},
			},
		}, now)
		for _, d := range e.Deliveries {
			if rng.IntN(3) == 0 {
				n.Refuse(d.From, d.ID)
			}
		}
	case 5, 6:
		n.Due(now)
	case 7:
		n.Retry(Ref{byte(rng.IntN(9))}, now)
		n.Heard(peer, now)
		n.Missed(peer, now)
	case 8:
		if rng.IntN(2) == 0 {
			n.Cancel(Ref{byte(rng.IntN(9))})
		} else {
			n.Forget(peer)
		}
	}
}

func TestSeenIsForgotten(t *testing.T) {
	s := seenSet{retention: 3 * seenSpan, limit: 1000}
	now := MillisOf(testStart)
	id := func(i int) MessageID { return MessageID{byte(i), byte(i >> 8), byte(i >> 16)} }
	for i := range 10 {
		s.add(id(i), now.add(time.Duration(i)*seenSpan))
	}
	end := now.add(9*seenSpan + time.Hour)
	before := s.prune(end)
	if s.total != 3 || s.has(id(6)) || !s.has(id(7)) || before != now.add(6*seenSpan)+1 {
		t.Errorf("%d ids kept, forgotten before %v", s.total, before.Time())
	}
	if s.prune(end) != 0 {
		t.Error("forgotten twice")
	}
	// The limit holds within one day, and the newest ids stay.
	for i := 100; i < 5000; i++ {
		s.add(id(i), end+Millis(i))
		s.prune(end + Millis(i))
		if s.total > 1000 {
			t.Fatalf("%d ids kept", s.total)
		}
	}
	if !s.has(id(4999)) || !s.has(id(4200)) || s.has(id(100)) {
		t.Error("the wrong ids were forgotten")
	}
	// Time running backwards does not unsort the buckets.
	if at := s.add(id(9999), 1); at < end || !s.has(id(9999)) {
		t.Errorf("recorded at %v", at.Time())
	}
}

func TestLoadRefusesBadRecords(t *testing.T) {
	good := State{Peer: testPeer(1), Kind: KindMessage, Ref: Ref{1}}
	for name, change := range map[string]func(*State){
		"peer":      func(s *State) { s.Peer = PeerID{} },
		"kind":      func(s *State) { s.Kind = 3 },
		"outcome":   func(s *State) { s.Outcome = 9 },
		"untracked": func(s *State) { s.Outcome, s.Ref = Acked, Ref{} },
		"request":   func(s *State) { s.Outcome, s.Kind = Acked, KindRequest },
		"size":      func(s *State) { s.BodyBytes = -1 },
		"attempts":  func(s *State) { s.Attempts = -1 },
		"none":      func(*State) {},
	} {
		s := good
		change(&s)
		states := func(yield func(State, error) bool) { yield(s, nil) }
		err := newNode(t, Config{}).Load(states, func(func(Seen, error) bool) {}, testStart)
		if (err == nil) != (name == "none") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoadRepairsTimesOfAWrongClock(t *testing.T) {
	future := MillisOf(testStart.Add(365 * 24 * time.Hour))
	s := State{
		Peer: testPeer(1), Kind: KindMessage, Ref: Ref{1}, Attempts: 1,
		Created: future, LastSent: future, Deadline: future,
	}
	n := newNode(t, Config{Schedule: plain()})
	states := func(yield func(State, error) bool) { yield(s, nil) }
	if err := n.Load(states, func(func(Seen, error) bool) {}, testStart); err != nil {
		t.Fatal(err)
	}
	if wait := n.Next().Sub(testStart); wait > 20*time.Second {
		t.Errorf("next attempt in %v", wait)
	}
	if e := n.Due(testStart.Add(plain().Lifetime)); len(e.Receipts) != 1 {
		t.Errorf("lifetime counts from the wrong time: %+v", e)
	}
}
