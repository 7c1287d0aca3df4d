package payloads

import (
	"slices"
)

// Events larger than any that people make are inflated: by names and members
// that their type has no use for, by unknown fields, by crowds. Peers of 2020
// take and forward them. Whoever sends one would make every message of the group
// as large, so they are not sent. What they do must be known all the same: who
// resigned in one must not be believed what he does as an admin afterwards, or
// peers that have the event refuse what rests on that. So a digest is kept in
// their place, which the fold treats as the event itself.

// maxPlainEvent bounds the content of an event, in bytes, beside a name or the
// people that its type has.
const maxPlainEvent = 512

// limit is the most bytes that an event of a type needs.
func (t EventType) limit() int {
	switch t {
	case ChatCreated, NameChanged:
		return maxPlainEvent + MaxGroupText
	case MembersAdded, AdminsAdded:
		return maxPlainEvent + MaxGroupMembers*(contactIDSize+3)
	}
	return maxPlainEvent
}

// Bounded reports whether an event is no larger than those that people make.
func (e *Event) Bounded() bool {
	if e.digested() {
		return true
	}
	if len(e.Name) > MaxGroupText || len(e.Members) > MaxGroupMembers || len(e.content()) > e.Type.limit() {
		return false
	}
	return !slices.ContainsFunc(e.Members, overlong)
}

func overlong(id string) bool { return len(id) > MaxGroupText }

// digested reports whether an event stands for one that was inflated. No event
// begins with a zero byte: there is no field of that number.
func (e *Event) digested() bool { return len(e.content()) > 0 && e.content()[0] == 0 }

// digest returns what is kept of an event: itself unless it is inflated. ok is
// false for what is not kept at all.
func (e Event) digest() (kept Event, ok bool) {
	switch {
	case e.Bounded():
		return e, true
	case e.Type == ChatCreated: // there is no group without it, and it could not be sent
		return e, false
	}
	return e.compact(e.people()), true
}

// compact returns what stands for an event that is not sent, about some people.
func (e Event) compact(people []string) Event {
	content := keccak(e.content())
	e.Raw = append(e.Raw[:signatureSize:signatureSize], 0)
	e.Raw, e.id, e.Name, e.Members = append(e.Raw, content[:]...), EventID{}, "", people
	for _, id := range people {
		e.Raw = append(e.Raw, id...) // for what it weighs
	}
	return e
}

// people returns whom an inflated event deprives of rights, or makes it
// impossible to remove: all of them, each once. Whom it adds does not matter to
// others.
func (e *Event) people() []string {
	switch e.Type {
	case MemberRemoved, AdminRemoved:
		if len(e.Members) == 1 && !overlong(e.Members[0]) {
			return e.Members
		}
	case AdminsAdded:
		return slices.DeleteFunc(distinct(e.Members), overlong)
	}
	return nil
}

// distinct returns people in their order, each once.
func distinct(ids []string) []string {
	seen := make(map[string]bool, len(ids))
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}
