package payloads

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"errors"
	"slices"
	"testing"
)

// TestLeftForSomeAndJoinedForOthers: one member shows each half of a group
// another story. Who hears both has one state, and halves of peers of 2020 go
// on to take the group's updates; the next act of the admin heals them.
func TestLeftForSomeAndJoinedForOthers(t *testing.T) {
	p := people(t, 4)
	g := newGroup(t, p)
	w := &world{chatID: g.ChatID, people: p}
	mallory, clock := p[3], uint64(testClock+100)
	leave := Event{Type: MemberRemoved, Members: []string{mallory.id}, Clock: clock}
	left := append(slices.Clone(g.Events), w.sign(mallory, leave))
	joined := append(slices.Clone(g.Events), w.sign(mallory, Event{Type: MemberJoined, Clock: clock + 10}))
	halves := split(t, g.ChatID, left, joined)
	if err := halves[0].receive(g.ChatID, joined); !errors.Is(err, ErrEvent) {
		t.Fatalf("the stories do not exclude each other: %v", err)
	}
	for _, order := range [][][]Event{{left, joined}, {joined, left}} {
		both := w.both(t, &g, order[0], order[1])
		if both.IsMember(mallory.id) {
			t.Error("who left is a member")
		}
		for i := range halves {
			half := halves[i]
			if err := half.receive(g.ChatID, both.Update().verified); err != nil {
				t.Errorf("half %d refuses the group: %v", i, err)
			}
			next, err := both.Rename("renamed", p[0].Private, clock+20)
			if err == nil {
				next, err = next.Settle(p[0].Private, clock+21)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := half.receive(g.ChatID, next.Update().verified); err != nil {
				t.Errorf("half %d refuses the next act: %v", i, err)
			}
			if a, b := describe(next), describe(half.Group); a != b {
				t.Errorf("half %d sees\n%s\nthe admin sees\n%s", i, b, a)
			}
			if again, err := next.Settle(p[0].Private, clock+90); err != nil || len(again.Events) != len(next.Events) {
				t.Errorf("there is more to settle: %v", err)
			}
		}
	}
}

// split returns two peers of 2020, each of which has heard another story.
func split(t *testing.T, chatID string, stories ...[]Event) []peer2020 {
	t.Helper()
	halves := make([]peer2020, len(stories))
	for i, list := range stories {
		if err := halves[i].receive(chatID, list); err != nil {
			t.Fatal(err)
		}
	}
	return halves
}

// both returns what a group is for who hears one story after the other.
func (w *world) both(t *testing.T, g *Group, first, second []Event) Group {
	t.Helper()
	signer := remembered()
	heard := w.take(t, g, first, signer)
	return w.take(t, &heard, second, signer)
}

// agree hands a group to peers of 2020 and checks that they see the same but for
// who has joined: that is everybody's own to say.
func agree(t *testing.T, what string, g *Group, peers ...peer2020) {
	t.Helper()
	for i := range peers {
		if err := peers[i].receive(g.ChatID, g.Update().verified); err != nil {
			t.Errorf("%s: peer %d refuses: %v", what, i, err)
			continue
		}
		a, b := *g, peers[i].Group
		a.Joined, b.Joined = nil, nil
		if describe(a) != describe(b) {
			t.Errorf("%s: peer %d sees\n%s\nand not\n%s", what, i, describe(b), describe(a))
		}
	}
}

// TestRemovalAgainstJoining: a member who is being removed joins again with a
// later clock, for whom has not heard of his removal. The admin can remove him for
// all, or add him again.
func TestRemovalAgainstJoining(t *testing.T) {
	p := people(t, 4)
	g := newGroup(t, p)
	w := &world{chatID: g.ChatID, people: p}
	mallory, clock := p[3], uint64(testClock+100)
	removal := w.sign(p[0], Event{Type: MemberRemoved, Members: []string{mallory.id}, Clock: clock})
	joined := append(slices.Clone(g.Events), w.sign(mallory, Event{Type: MemberJoined, Clock: clock + 1}))
	removed := append(slices.Clone(g.Events), removal)
	halves, both := split(t, g.ChatID, removed, joined), w.both(t, &g, removed, joined)
	if both.IsMember(mallory.id) {
		t.Fatal("who was removed is a member")
	}
	settled, err := both.Settle(p[0].Private, clock+10)
	if err != nil {
		t.Fatal(err)
	}
	agree(t, "removed", &settled, halves...)
	again, err := both.AddMembers([]string{mallory.id}, p[0].Private, clock+10)
	if err != nil {
		t.Fatal(err)
	}
	agree(t, "added again", &again, halves...)
}

// TestResignedForSomeAndRemovingForOthers: an admin resigns for one half, and for
// the other removes somebody and renames the group.
func TestResignedForSomeAndRemovingForOthers(t *testing.T) {
	p := people(t, 4)
	g := newGroup(t, p)
	g, err := g.AddAdmins([]string{p[3].id}, p[0].Private, testClock+50)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{chatID: g.ChatID, people: p}
	clock := uint64(testClock + 100)
	resign := Event{Type: AdminRemoved, Members: []string{p[3].id}, Clock: clock}
	resigned := append(slices.Clone(g.Events), w.sign(p[3], resign))
	active := append(slices.Clone(g.Events),
		w.sign(p[3], Event{Type: MemberRemoved, Members: []string{p[1].id}, Clock: clock + 1}),
		w.sign(p[3], Event{Type: NameChanged, Name: "mine", Clock: clock + 2}))
	halves, both := split(t, g.ChatID, resigned, active), w.both(t, &g, active, resigned)
	if !both.IsMember(p[1].id) || both.Name != "friends" || both.IsAdmin(p[3].id) {
		t.Fatalf("%s", describe(both))
	}
	settled, err := both.Settle(p[0].Private, clock+10)
	if err != nil {
		t.Fatal(err)
	}
	for i := range halves {
		if err := halves[i].receive(g.ChatID, settled.Update().verified); err != nil {
			t.Errorf("half %d refuses: %v", i, err)
		}
		if half := halves[i]; half.Name != "friends" || !half.IsMember(p[1].id) {
			t.Errorf("half %d sees\n%s", i, describe(half.Group))
		}
	}
}

// TestTwoSignaturesOfOneResignation: for peers of 2020 they are two events, the
// second of which is not allowed. So neither is sent.
func TestTwoSignaturesOfOneResignation(t *testing.T) {
	p := people(t, 3)
	g := newGroup(t, p)
	g, err := g.AddAdmins([]string{p[2].id}, p[0].Private, testClock+50)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{chatID: g.ChatID, people: p}
	one := w.sign(p[2], Event{Type: AdminRemoved, Members: []string{p[2].id}, Clock: testClock + 60})
	two := one
	two.Raw = signAnew(t, g.ChatID, &one, p[2])
	if bytes.Equal(one.Raw, two.Raw) {
		t.Fatal("the same signature")
	}
	lists := [2][]Event{append(slices.Clone(g.Events), one), append(slices.Clone(g.Events), two)}
	halves, both := split(t, g.ChatID, lists[0], lists[1]), w.both(t, &g, lists[0], lists[1])
	if len(both.Events) != len(g.Events)+1 || both.IsAdmin(p[2].id) {
		t.Errorf("%s", describe(both))
	}
	agree(t, "resigned", &both, halves...)
}

// signAnew signs an event with a random nonce.
func signAnew(t *testing.T, chatID string, e *Event, by person) []byte {
	t.Helper()
	digest := eventDigest(chatID, e.content())
	private, err := by.ECDSA()
	if err != nil {
		t.Fatal(err)
	}
	r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	raw := slices.Clone(e.Raw)
	r.FillBytes(raw[:32])
	s.FillBytes(raw[32:64])
	for v := range byte(4) {
		raw[64] = v
		if from, err := Signer(digest, raw[:signatureSize]); err == nil && from == e.From {
			return canonical(raw)
		}
	}
	t.Fatal("no signature")
	return nil
}

// TestContradictionsThatAreNotKept: an event that contradicts a removal does not
// stop to matter to peers of 2020 because it is not kept here.
func TestContradictionsThatAreNotKept(t *testing.T) {
	p := people(t, 3)
	g := newGroup(t, p)
	w := &world{chatID: g.ChatID, people: p}
	mallory := p[2]
	join := func(clock uint64) Event { return w.sign(mallory, Event{Type: MemberJoined, Clock: testClock + clock}) }
	story := append(slices.Clone(g.Events), join(550))
	var peer peer2020
	if err := peer.receive(g.ChatID, story); err != nil {
		t.Fatal(err)
	}
	back := append(slices.Clone(g.Events),
		w.sign(p[0], Event{Type: MemberRemoved, Members: []string{mallory.id}, Clock: testClock + 500}),
		w.sign(p[0], Event{Type: MembersAdded, Members: []string{mallory.id}, Clock: testClock + 600}))
	for i := range uint64(keepLast) {
		back = append(back, join(601+i))
	}
	both := w.both(t, &g, story, back)
	if slices.ContainsFunc(both.Events, func(e Event) bool { return e.Clock == testClock+550 }) {
		t.Fatal("the contradiction is kept")
	}
	agree(t, "after many events", &both, peer)
}
