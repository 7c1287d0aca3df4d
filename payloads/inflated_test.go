package payloads

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// inflatable returns a group of four, the second of whom was made an admin.
func inflatable(t *testing.T) (w *world, base []Event) {
	t.Helper()
	w = newWorld(t, 1, 5, 0, 0)
	p := w.people
	return w, []Event{
		w.sign(p[0], Event{Type: ChatCreated, Name: "g", Clock: 1000}),
		w.sign(p[0], Event{Type: MembersAdded, Members: []string{p[1].id, p[2].id, p[3].id}, Clock: 1001}),
		w.sign(p[2], Event{Type: MemberJoined, Clock: 1002}),
		w.sign(p[0], Event{Type: AdminsAdded, Members: []string{p[1].id}, Clock: 1003}),
	}
}

// TestInflatedEventsAreNotSent: nobody makes every message of a group as large
// as he likes by what he puts into an event that needs none of it.
func TestInflatedEventsAreNotSent(t *testing.T) {
	w, base := inflatable(t)
	p := w.people
	crowd := make([]string, 500)
	for i := range crowd {
		crowd[i] = strings.Repeat("x", 1000)
	}
	unknown := w.sign(p[1], Event{Type: AdminRemoved, Clock: 1010, Members: []string{p[1].id}})
	unknown.Raw = append(unknown.Raw, 0xfa, 0x01, 0xd0, 0x0f)
	unknown.Raw = append(unknown.Raw, make([]byte, 2000)...)
	digest := eventDigest(w.chatID, unknown.content())
	signature, err := p[1].Sign(digest)
	if err != nil {
		t.Fatal(err)
	}
	copy(unknown.Raw, signature[:])
	for name, e := range map[string]Event{
		"a joiner's members": w.sign(p[3], Event{Type: MemberJoined, Clock: 1010, Members: crowd}),
		"a leaver's name": w.sign(p[3], Event{
			Type: MemberRemoved, Clock: 1010, Members: []string{p[3].id}, Name: strings.Repeat("y", 900),
		}),
		"an unknown field": unknown,
	} {
		g := w.take(t, new(Group), append(slices.Clone(base), e), Signer)
		if n := size(g.Update().verified); n > 2000 {
			t.Errorf("%s: %d bytes are sent", name, n)
		}
		if n := size(g.Events); n > 2000 {
			t.Errorf("%s: %d bytes are kept", name, n)
		}
		again := w.take(t, &g, append(slices.Clone(base), e), Signer)
		if a, b := describe(g), describe(again); a != b || len(again.Events) != len(g.Events) {
			t.Errorf("%s: the second time the group is\n%s\nafter\n%s", name, b, a)
		}
		alone, err := GroupOf(w.chatID, append(slices.Clone(base), e))
		if err != nil || describe(alone) != describe(g) {
			t.Errorf("%s: the group is\n%s\nfor others\n%s, %v", name, describe(g), describe(alone), err)
		}
	}
}

// TestInflatedEventsCutNobodyOff: what an admin did in events that are not kept
// as they are counts, so that peers of 2020 which have them take what we send.
func TestInflatedEventsCutNobodyOff(t *testing.T) {
	w, base := inflatable(t)
	p := w.people
	long := strings.Repeat("y", 2000)
	crowd := slices.Repeat([]string{p[3].id}, 1200)
	var last []string // he is behind more people than a group may have
	for i := range 3 * MaxGroupMembers {
		last = append(last, fmt.Sprint("somebody ", i))
	}
	last = append(last, p[3].id)
	for name, c := range map[string]struct{ one, other Event }{
		"resigned": {
			Event{Type: AdminRemoved, Clock: 1010, Members: []string{p[1].id}, Name: long},
			Event{Type: MembersAdded, Clock: 1011, Members: []string{p[4].id}},
		},
		"renamed": {
			Event{Type: NameChanged, Clock: 1011, Name: long},
			Event{Type: AdminRemoved, Clock: 1010, Members: []string{p[1].id}},
		},
		"invited": {
			Event{Type: MembersAdded, Clock: 1011, Members: []string{p[4].id, strings.Repeat("z", 2000)}},
			Event{Type: AdminRemoved, Clock: 1010, Members: []string{p[1].id}},
		},
		"promoted": {
			Event{Type: AdminsAdded, Clock: 1010, Members: crowd},
			Event{Type: MemberRemoved, Clock: 1011, Members: []string{p[3].id}},
		},
		"promoted with everybody": {
			Event{Type: AdminsAdded, Clock: 1010, Members: last},
			Event{Type: MemberRemoved, Clock: 1011, Members: []string{p[3].id}},
		},
		"invited nobody": {
			Event{Type: MembersAdded, Clock: 1011},
			Event{Type: AdminRemoved, Clock: 1010, Members: []string{p[1].id}},
		},
	} {
		for _, swap := range []bool{false, true} {
			ours := slices.Clone(base)
			for i := range uint64(6) { // so many that acts are counted
				ours = append(ours, w.sign(p[1], Event{Type: MembersAdded, Clock: 1004 + i, Members: []string{p[2].id}}))
			}
			one := append(slices.Clone(ours), w.sign(p[1], c.one))
			other := append(slices.Clone(ours), w.sign(p[1], c.other))
			if swap {
				one, other = other, one
			}
			g := w.take(t, new(Group), one, Signer)
			var peer peer2020
			if err := peer.receive(w.chatID, one); err != nil {
				t.Fatal(name, err)
			}
			g = w.take(t, &g, other, Signer)
			if err := peer.receive(w.chatID, g.Update().verified); err != nil {
				t.Errorf("%s, %t: a peer refuses: %v", name, swap, err)
			}
			g, err := g.Rename("ours", p[0].Private, 1020)
			if err != nil {
				t.Fatal(name, err)
			}
			if err := peer.receive(w.chatID, g.Update().verified); err != nil || peer.Name != "ours" {
				t.Errorf("%s, %t: a peer refuses the founder's act: %v", name, swap, err)
			}
		}
	}
}
