package payloads

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"statusd/accounts/key"
	"statusd/fault"
)

// ErrGroupID is returned when a group's id does not end with its creator's
// contact id, or no event creates the group.
var ErrGroupID = fault.New(fault.InvalidParams, "chat id does not belong to the group's creator", "")

// Group is the state of a private group after its events.
type Group struct {
	ChatID string
	Name   string
	// Members, Admins and Joined are contact ids in the order they came in.
	// Foreign members are not checked to be keys.
	Members []string
	Admins  []string
	Joined  []string
	// Events are the kept events in the order of the fold, those included that
	// are not allowed where they stand; see UnionOf.
	Events []Event
	// effects says what each of Events did.
	effects []effect
}

// GroupOf folds all events of a group, ordered by clock and then as given. One
// invalid event makes the whole list invalid. It accepts what deployed peers
// accept (spec 05 section 9.2). Errors: ErrEvent, ErrGroupID.
func GroupOf(chatID string, events []Event) (Group, error) {
	sorted := slices.Clone(events)
	slices.SortStableFunc(sorted, func(a, b Event) int { return cmp.Compare(a.Clock, b.Clock) })
	f := newFold()
	effects := make([]effect, len(sorted))
	for i := range sorted {
		if i == 0 {
			if err := checkCreation(chatID, &sorted[0]); err != nil {
				return Group{}, err
			}
		}
		if effects[i] = f.apply(&sorted[i]); effects[i] == refused {
			return Group{}, notAllowed(&sorted[i])
		}
	}
	if len(sorted) == 0 {
		return Group{}, fmt.Errorf("%w: no events", ErrGroupID)
	}
	return f.group(chatID, sorted, effects), nil
}

// checkCreation checks the first event of a group.
func checkCreation(chatID string, first *Event) error {
	if first.Type != ChatCreated {
		return fmt.Errorf("%w: the first is %v", ErrEvent, first.Type)
	}
	if !founded(chatID, first.From) {
		return ErrGroupID
	}
	return nil
}

// founded reports whether the id of a group says that somebody created it.
func founded(chatID, creator string) bool {
	return len(chatID) > len(creator) && creator != "" && strings.HasSuffix(chatID, creator)
}

func notAllowed(e *Event) error {
	return fmt.Errorf("%w: %v by %.12s… is not allowed", ErrEvent, e.Type, e.From)
}

// fold is the state between events.
type fold struct {
	name                    string
	members, admins, joined set
}

func newFold() *fold { return &fold{members: newSet(), admins: newSet(), joined: newSet()} }

func (f *fold) group(chatID string, events []Event, effects []effect) Group {
	return Group{
		ChatID: chatID, Name: f.name, Members: f.members.list(), Admins: f.admins.list(), Joined: f.joined.list(),
		Events: events, effects: effects,
	}
}

// effect is what an event does where it stands.
type effect uint8

const (
	refused effect = iota // it is not allowed there
	idle                  // it is allowed and changes nothing
	changed
)

// apply checks one event and does what it says.
func (f *fold) apply(e *Event) effect {
	from := e.From
	admin := f.admins.has(from)
	one := len(e.Members) == 1
	switch e.Type {
	case ChatCreated:
		if f.members.len() > 0 || f.admins.len() > 0 {
			return refused
		}
		f.name = e.Name
		f.members.add(from)
		f.joined.add(from)
		f.admins.add(from)
		return changed
	case NameChanged:
		if !admin || e.Name == "" {
			return refused
		}
		f.name = e.Name
		return changed
	case MembersAdded:
		if !admin {
			return refused
		}
		return did(f.members.add(e.Members...))
	case MemberJoined:
		if !f.members.has(from) {
			return refused
		}
		return did(f.joined.add(from))
	case MemberRemoved:
		// A stranger who removes itself changes nothing and is accepted.
		if !one || e.Members[0] != from && (!admin || f.admins.has(e.Members[0])) {
			return refused
		}
		wasAdmin, hadJoined := f.admins.remove(e.Members[0]), f.joined.remove(e.Members[0])
		return did(f.members.remove(e.Members[0]) || wasAdmin || hadJoined)
	case AdminsAdded:
		// One member among them suffices.
		if !admin || !slices.ContainsFunc(e.Members, f.members.has) {
			return refused
		}
		return did(f.admins.add(e.Members...))
	case AdminRemoved:
		if !one || !admin || e.Members[0] != from {
			return refused
		}
		return did(f.admins.remove(from))
	}
	return refused
}

func did(something bool) effect {
	if something {
		return changed
	}
	return idle
}

// set is an ordered set whose operations do not depend on its size, because
// strangers choose it.
type set struct {
	order map[string]int
	next  *int
}

func newSet() set { return set{order: make(map[string]int), next: new(int)} }

func (s set) len() int           { return len(s.order) }
func (s set) has(id string) bool { _, ok := s.order[id]; return ok }
func (s set) remove(id string) (was bool) {
	was = s.has(id)
	delete(s.order, id)
	return was
}
func (s set) add(members ...string) (grew bool) {
	for _, id := range members {
		if !s.has(id) {
			s.order[id] = *s.next
			*s.next++
			grew = true
		}
	}
	return grew
}

func (s set) list() []string {
	return slices.SortedFunc(maps.Keys(s.order), func(a, b string) int { return cmp.Compare(s.order[a], s.order[b]) })
}

// IsMember reports whether a contact id is a member.
func (g *Group) IsMember(id string) bool { return slices.Contains(g.Members, id) }

// IsAdmin reports whether a contact id is an admin.
func (g *Group) IsAdmin(id string) bool { return slices.Contains(g.Admins, id) }

// HasJoined reports whether a contact id is a member and has joined.
func (g *Group) HasJoined(id string) bool { return g.IsMember(id) && slices.Contains(g.Joined, id) }

// MemberKeys returns the keys of all members, JoinedKeys of those that joined.
// Members that are no keys are left out, so that they cannot keep the others
// from being reached.
func (g *Group) MemberKeys() []key.Public { return keys(g.Members) }

// JoinedKeys returns the recipients of chat messages, see MemberKeys.
func (g *Group) JoinedKeys() []key.Public { return keys(g.Joined) }

func keys(ids []string) []key.Public {
	out := make([]key.Public, 0, len(ids))
	for _, id := range ids {
		if p, err := key.ParseContactID(id); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// groupCreator returns whose group a well-formed chat id names.
func groupCreator(chatID string) (key.Public, bool) {
	at := len(chatID) - contactIDSize
	if at < 2 || chatID[at-1] != '-' {
		return key.Public{}, false
	}
	p, err := key.ParseContactID(chatID[at:])
	return p, err == nil
}

// contactIDSize is the length of a contact id in text.
const contactIDSize = 2 + 2*key.UncompressedSize
