package payloads

import (
	"fmt"
	"slices"
	"testing"
)

// removals signs removals of people whom no event names.
func (w *world) removals(by person, first uint64, n int) (list []Event) {
	for i := range n {
		list = append(list, w.sign(by, Event{
			Type: MemberRemoved, Clock: first + uint64(i), Members: []string{fmt.Sprint("nobody ", i)},
		}))
	}
	return list
}

// TestAdminHidesNoActAmongRemovalsOfNobody: an admin who resigned for some and
// acted for others cannot have the act forgotten by removing many people who were
// never in the group, wherever the hashes of his events put it: peers of 2020 that
// have the act go on to take what we send.
func TestAdminHidesNoActAmongRemovalsOfNobody(t *testing.T) {
	w, base := inflatable(t)
	p := w.people
	busy := append(slices.Clone(base), w.removals(p[1], 2000, keepEarly+40)...)
	var peer peer2020
	if err := peer.receive(w.chatID, busy); err != nil {
		t.Fatal(err)
	}
	signer := remembered()
	for i := range busy[len(base):] { // after each of them he resigned for others
		one := busy[len(base)+i]
		resigned := append(slices.Clone(base), w.sign(p[1], Event{
			Type: AdminRemoved, Clock: one.Clock - 1, Members: []string{p[1].id},
		}))
		short := append(slices.Clone(base), busy[len(base):len(base)+i+1]...)
		for _, swap := range []bool{false, true} {
			first, second := short, resigned
			if swap {
				first, second = resigned, short
			}
			g := w.take(t, new(Group), first, signer)
			g = w.take(t, &g, second, signer)
			branch := peer2020{}
			if err := branch.receive(w.chatID, short); err != nil {
				t.Fatal(err)
			}
			if err := branch.receive(w.chatID, g.Update().verified); err != nil {
				t.Fatalf("after removal %d, %t: a peer refuses: %v", i, swap, err)
			}
		}
	}
}

// TestAdminsRemovalsBeforeAdditions: however many removals of people come before
// their additions do, who has both in whatever order has the same state.
func TestAdminsRemovalsBeforeAdditions(t *testing.T) {
	w, base := inflatable(t)
	removed := append(slices.Clone(base), w.removals(w.people[1], 2000, 3*keepEarly)...)
	added := slices.Clone(base)
	for i := range 3 * keepEarly {
		added = append(added, w.sign(w.people[0], Event{
			Type: MembersAdded, Clock: 1100 + uint64(i), Members: []string{fmt.Sprint("nobody ", i)},
		}))
	}
	g := w.take(t, new(Group), removed, Signer)
	if n := len(g.Update().Events); n != len(base) {
		t.Errorf("%d events are sent", n)
	}
	g = w.take(t, &g, added, Signer)
	other := w.take(t, new(Group), added, Signer)
	other = w.take(t, &other, removed, Signer)
	if a, b := describe(g), describe(other); a != b || len(g.Members) != 4 {
		t.Errorf("%d members in one order, %d in the other", len(g.Members), len(other.Members))
	}
	var peer peer2020
	if err := peer.receive(w.chatID, added); err != nil {
		t.Fatal(err)
	}
	if err := peer.receive(w.chatID, g.Update().verified); err != nil {
		t.Errorf("a peer refuses: %v", err)
	}
}
