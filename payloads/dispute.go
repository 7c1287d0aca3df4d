package payloads

import (
	"maps"
	"slices"

	"statusd/accounts/key"
)

// Settle signs what members of all branches need to agree with us about the
// group again, after acts that exclude each other: for who is not a member here
// but may be one elsewhere a removal, for who is and may be removed elsewhere an
// addition, and the name. The events have the clock and those after it. Without
// such acts, or if by is not an admin for everybody, g is returned as it is.
func (g *Group) Settle(by key.Private, clock uint64) (Group, error) {
	next := *g
	for _, e := range g.disputes(by.Public().ContactID()) {
		e.Clock = clock
		clock++
		signed, err := signEvent(g.ChatID, e, by)
		if err != nil {
			return Group{}, err
		}
		if next, err = UnionOf(g.ChatID, append(slices.Clone(next.Events), signed)); err != nil {
			return Group{}, err
		}
	}
	return next, nil
}

// maxSettled bounds the people whom one Settle removes: each needs an event.
const maxSettled = 32

// disputes returns the events that settle what is contested.
func (g *Group) disputes(by string) (out []Event) {
	s := newSettled(g)
	in := s.settle()
	if !s.state.admins.has(by) || !g.IsAdmin(by) {
		return nil
	}
	last, name := s.contested(in)
	var back []string
	for _, id := range slices.Sorted(maps.Keys(last)) {
		p := s.of(id)
		switch {
		case id == by:
		case g.IsMember(id):
			again := s.last(in, p.added, ^uint64(0))
			if last[id].removed && (again < 0 || s.clock(again) <= last[id].clock) {
				back = append(back, id)
			}
		case len(out) < maxSettled:
			gone := s.last(in, p.removed, ^uint64(0))
			if (gone < 0 || s.clock(gone) <= last[id].clock) && s.noAdmin(in, p, ^uint64(0)) {
				out = append(out, Event{Type: MemberRemoved, Members: []string{id}})
			}
		}
	}
	if len(back) > 0 {
		out = append(out, Event{Type: MembersAdded, Members: back})
	}
	if name && g.Name != "" {
		out = append(out, Event{Type: NameChanged, Name: g.Name})
	}
	return out
}

// dispute is what is contested about one person.
type dispute struct {
	clock   uint64 // of the last such event
	removed bool   // one of them is a removal
}

// contested returns of whom the events speak that are left out, and whether the
// name of the group is among what they say.
func (s *settled) contested(in []bool) (people map[string]dispute, name bool) {
	people = make(map[string]dispute)
	named := uint64(0)
	for i := range s.events {
		e := &s.events[i]
		if in[i] && e.Type == NameChanged {
			named = e.Clock
		}
		if in[i] {
			continue
		}
		who := e.Members
		switch e.Type {
		case NameChanged:
			name = true
			continue
		case MemberJoined, ChatCreated:
			who = []string{e.From}
		}
		for _, id := range who {
			if p := s.of(id); len(p.added)+len(p.promoted) > 0 {
				d := people[id]
				people[id] = dispute{e.Clock, d.removed || e.Type == MemberRemoved}
			}
		}
	}
	if !name {
		return people, false
	}
	name = false
	for i := range s.events {
		name = name || !in[i] && s.events[i].Type == NameChanged && s.events[i].Clock >= named
	}
	return people, name
}
