package payloads

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
)

// contested reports whether some events of a group exclude each other, or their
// order is not certain.
func contested(g *Group) bool {
	for i := range g.Events[1:] {
		if g.Events[i].Clock == g.Events[i+1].Clock {
			return true
		}
	}
	in := newSettled(g).settle()
	named := namedIn(pointers(g.Events))
	for i := range in {
		if !in[i] && !g.Events[i].early(named) {
			return true
		}
	}
	return false
}

// dimensions returns the people of a world and what they try. In some few people
// do so much that not all of it is kept.
func dimensions(seed uint64, steps int) (people, tries int) {
	if seed%5 == 4 {
		return 3, 5 * steps
	}
	return 4 + int(seed%4), steps
}

// TestSameEventsSameState: who has seen the same events has the same state,
// whatever contradictions hostile members sign, in whatever order and grouping
// the lists came, and takes what the others send.
func TestSameEventsSameState(t *testing.T) {
	signer := remembered()
	seeds := uint64(60)
	if testing.Short() {
		seeds = 20
	}
	disputes, dropped := 0, 0
	for seed := range seeds {
		n, steps := dimensions(seed, 60)
		w := newWorld(t, seed, n, steps, 1+int(seed%3))
		members := make([]Group, 4)
		for i := range members {
			lists := slices.Clone(w.lists)
			w.rng.Shuffle(len(lists), func(a, b int) { lists[a], lists[b] = lists[b], lists[a] })
			for k := 0; k < len(lists); k++ {
				list := lists[k]
				if k+1 < len(lists) && w.rng.IntN(2) == 0 { // in one list, where that is one
					if both := merge(list, lists[k+1]); w.valid(both) {
						list, k = both, k+1
					}
				}
				members[i] = w.take(t, &members[i], list, signer)
			}
			if i%2 == 1 { // what others send in between changes nothing
				members[i] = w.take(t, &members[i], members[0].Update().verified, signer)
			}
		}
		for i := range members {
			if a, b := describe(members[0]), describe(members[i]); a != b {
				t.Fatalf("seed %d: member %d sees\n%s\nthe first sees\n%s", seed, i, b, a)
			}
			if i > 0 && len(members[i].Events) != len(members[0].Events) {
				t.Errorf("seed %d: %d and %d events are kept", seed, len(members[i].Events), len(members[0].Events))
			}
		}
		if contested(&members[0]) {
			disputes++
		}
		var all []Event
		for _, list := range w.lists {
			all = merge(all, list)
		}
		dropped += len(all) - len(members[0].Events)
	}
	if disputes < int(seeds)/2 || dropped == 0 {
		t.Errorf("%d of %d groups had contradictions, %d events were not kept: the test is too tame", disputes, seeds,
			dropped)
	}
}

func (w *world) valid(list []Event) bool {
	_, err := GroupOf(w.chatID, list)
	return err == nil
}

// take adds a received list to a group.
func (w *world) take(t *testing.T, g *Group, list []Event, signer SignerOf) Group {
	t.Helper()
	f, err := updateOf(w.chatID, list).FoldWith(g.Events, signer)
	if err != nil {
		t.Fatalf("a list that is valid alone is refused: %v", err)
	}
	return f.Group
}

// TestPeersOf2020TakeWhatIsSent: a peer of 2020 that holds any list that we sent
// or accepted before, or any valid union of them, takes what we send. What we
// send folds to our state alone and there, unless events exclude each other.
func TestPeersOf2020TakeWhatIsSent(t *testing.T) {
	signer := remembered()
	seeds := uint64(90)
	if testing.Short() {
		seeds = 30
	}
	calm := 0
	for seed := range seeds {
		fork := int(seed % 3) // a third of the worlds has no hostile members
		n, steps := dimensions(seed, 40)
		w := newWorld(t, seed+1000, n, steps, fork)
		var g Group
		var peers []peer2020
		for _, list := range w.lists {
			g = w.take(t, &g, list, signer)
			sent := g.Update().verified
			alone, err := GroupOf(w.chatID, sent)
			if err != nil {
				t.Fatalf("seed %d: what is sent is not valid alone: %v", seed, err)
			}
			dispute := contested(&g)
			if a, b := describe(g), describe(alone); !dispute && a != b {
				t.Fatalf("seed %d: what is sent says\n%s\nand the group is\n%s", seed, b, a)
			}
			next := []peer2020{{}}
			for i := range peers {
				p := peers[i]
				if err := p.receive(w.chatID, sent); err != nil {
					t.Fatalf("seed %d: a peer with %d events refuses %d: %v\n%s", seed, len(p.Events), len(sent), err,
						dump(w, &g))
				}
				if a, b := describe(g), describe(p.Group); !dispute && a != b {
					t.Fatalf("seed %d: a peer sees\n%s\nand the group is\n%s\n%s", seed, b, a, dump(w, &g))
				}
				next = append(next, p)
				old := peers[i]
				if old.receive(w.chatID, list) == nil {
					next = append(next, old)
				}
			}
			var fresh peer2020
			if err := fresh.receive(w.chatID, list); err != nil {
				t.Fatal(err)
			}
			peers = append(append(peers, fresh), next...)
			w.rng.Shuffle(len(peers), func(a, b int) { peers[a], peers[b] = peers[b], peers[a] })
			peers = peers[:min(len(peers), 40)]
			if !dispute {
				calm++
			}
		}
	}
	if calm < 5*int(seeds) {
		t.Errorf("only %d lists without contradictions: the test compares too little", calm)
	}
}

func dump(w *world, g *Group) (text string) {
	names := make(map[string]string)
	for i, p := range w.people {
		names[p.id] = fmt.Sprint("p", i)
	}
	sent := make([]bool, len(g.Events))
	if len(g.effects) == len(sent) {
		sent = g.Sent()
	}
	for i := range g.Events {
		e := &g.Events[i]
		var on []string
		for _, m := range e.Members {
			on = append(on, names[m])
		}
		text += fmt.Sprintf("%d %v by %s on %v effect %d sent %t\n",
			e.Clock, e.Type, names[e.From], on, g.effects[i], sent[i])
	}
	return text
}

// TestRemovalsOfOneselfDoNotPileUp: a removed member signs thousands of
// removals of himself, in any number of lists and with any signatures.
func TestRemovalsOfOneselfDoNotPileUp(t *testing.T) {
	const flood = 3000
	p := people(t, 3)
	g := newGroup(t, p)
	g, err := g.RemoveMember(p[2].id, p[0].Private, testClock+100)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{chatID: g.ChatID, people: p}
	bloated := slices.Clone(g.Events)
	for i := range flood {
		bloated = append(bloated, w.sign(p[2], Event{
			Type: MemberRemoved, Members: []string{p[2].id}, Clock: testClock + 200 + uint64(i),
		}))
	}
	for name, known := range map[string][]Event{"received": g.Events, "stored before": bloated} {
		f, err := updateOf(g.ChatID, bloated).FoldWith(known, Signer)
		if err != nil {
			t.Fatal(err)
		}
		after := f.Group
		if n := len(after.Events) - len(g.Events); n > keepFirst+keepLast {
			t.Errorf("%s: %d events are kept", name, n)
		}
		if len(f.Effective) != 0 {
			t.Errorf("%s: %d events are shown", name, len(f.Effective))
		}
		of := 0
		for _, e := range after.Update().verified {
			if e.From == p[2].id {
				of++
			}
		}
		if of > 1 {
			t.Errorf("%s: %d events of his are sent", name, of)
		}
		peer := peer2020{}
		if err := peer.receive(g.ChatID, bloated); err != nil {
			t.Fatal(err)
		}
		next, err := after.Rename("go on", p[0].Private, testClock+10_000)
		if err != nil {
			t.Fatal(err)
		}
		if err := peer.receive(g.ChatID, next.Update().verified); err != nil || peer.Name != "go on" {
			t.Errorf("%s: a peer with all of it: %v", name, err)
		}
	}
}

// TestRemovalsOfStrangers are kept in small numbers, and count if their addition
// turns out to have been before.
func TestRemovalsOfStrangers(t *testing.T) {
	p := people(t, 60)
	g := newGroup(t, p[:2])
	w := &world{chatID: g.ChatID, people: p}
	signer := remembered()
	early := append(slices.Clone(g.Events), w.sign(p[2], Event{
		Type: MemberRemoved, Members: []string{p[2].id}, Clock: testClock + 50,
	}))
	late := append(slices.Clone(g.Events), w.sign(p[0], Event{
		Type: MembersAdded, Members: []string{p[2].id}, Clock: testClock + 40,
	}))
	a, b := w.take(t, &g, early, signer), w.take(t, &g, late, signer)
	if len(a.Update().Events) != len(g.Update().Events) {
		t.Error("the removal of a stranger is sent")
	}
	a, b = w.take(t, &a, late, signer), w.take(t, &b, early, signer)
	if describe(a) != describe(b) || a.IsMember(p[2].id) {
		t.Errorf("%s\nand\n%s", describe(a), describe(b))
	}
	crowd := slices.Clone(g.Events)
	for _, one := range p[2:] {
		for i := range uint64(3) {
			crowd = append(crowd, w.sign(one, Event{Type: MemberRemoved, Members: []string{one.id}, Clock: testClock + 60 + i}))
		}
	}
	if many := w.take(t, &g, crowd, signer); len(many.Events) > len(g.Events)+keepEarly {
		t.Errorf("%d events of strangers are kept", len(many.Events)-len(g.Events))
	}
}

// TestSignaturesDoNotMakeEvents: the same act with another signature is the same
// event, whoever made the signature.
func TestSignaturesDoNotMakeEvents(t *testing.T) {
	p := people(t, 2)
	g := newGroup(t, p)
	twisted := make([]Event, len(g.Events))
	for i, e := range g.Events {
		e.Raw = flip(e.Raw)
		if parsed, err := ParseEvent(g.ChatID, e.Raw); err != nil || parsed.From != e.From {
			t.Fatalf("not a signature: %v", err)
		}
		twisted[i] = e
	}
	f, err := updateOf(g.ChatID, twisted).Fold(g.Events)
	if err != nil || len(f.New) != 0 || len(f.Effective) != 0 {
		t.Errorf("%d events are new, %v", len(f.New), err)
	}
	f, err = updateOf(g.ChatID, twisted).Fold(nil)
	if err != nil {
		t.Fatal(err)
	}
	peer := peer2020{}
	if err := peer.receive(g.ChatID, g.Events); err != nil {
		t.Fatal(err)
	}
	if err := peer.receive(g.ChatID, f.Group.Update().verified); err != nil || len(peer.Events) != len(g.Events) {
		t.Errorf("a peer with the originals: %v, %d events", err, len(peer.Events))
	}
}

// flip returns a signed event with the other of its two signatures.
func flip(raw []byte) []byte {
	raw = slices.Clone(raw)
	s := new(big.Int).SetBytes(raw[32:64])
	s.Sub(crypto.S256().Params().N, s).FillBytes(raw[32:64])
	raw[signatureSize-1] ^= 1
	return raw
}

// TestCheapChecksComeBeforeSignatures: a list that cannot be valid costs no
// signature, and one that is wrong somewhere none after that.
func TestCheapChecksComeBeforeSignatures(t *testing.T) {
	p := people(t, 3)
	g := newGroup(t, p[:2])
	w := &world{chatID: g.ChatID, people: p}
	bad := map[string]struct {
		event Event
		most  int
	}{
		"two targets": {Event{Type: MemberRemoved, Members: []string{p[0].id, p[1].id}, Clock: testClock + 50}, 0},
		"no name":     {Event{Type: NameChanged, Clock: testClock + 50}, 0},
		"no type":     {Event{Clock: testClock + 50}, 0},
		"nobody":      {Event{Type: AdminsAdded, Clock: testClock + 50}, 0},
		"too early":   {Event{Type: MemberJoined, Clock: 1}, 0},
		"not allowed": {Event{Type: MemberJoined, Clock: testClock + 1}, 3},
	}
	for name, c := range bad {
		asked := 0
		list := append(slices.Clone(g.Events), w.sign(p[2], c.event))
		_, err := updateOf(g.ChatID, list).FoldWith(nil, func(digest [32]byte, signature []byte) (string, error) {
			asked++
			return Signer(digest, signature)
		})
		if !errors.Is(err, ErrEvent) || asked > c.most {
			t.Errorf("%s: %d signatures for: %v", name, asked, err)
		}
	}
}
