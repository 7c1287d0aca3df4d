package payloads

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"statusd/accounts/key"
)

// ErrGroupID is returned when a group's id does not end with its creator's
// contact id, or no event creates the group.
var ErrGroupID = errors.New("payloads: chat id does not belong to the group's creator")

// Group is the state of a private group after its events.
type Group struct {
	ChatID string
	Name   string
	// Members, Admins and Joined are contact ids in the order they came in.
	// Foreign members are not checked to be keys.
	Members []string
	Admins  []string
	Joined  []string
	// Events are all events in the order of the fold.
	Events []Event
}

// GroupOf folds all events of a group, ordered by clock and then as given. One
// invalid event makes the whole list invalid. It accepts what deployed peers
// accept (spec 05 section 9.2). Errors: ErrEvent, ErrGroupID.
func GroupOf(chatID string, events []Event) (Group, error) {
	sorted := slices.Clone(events)
	slices.SortStableFunc(sorted, func(a, b Event) int { return cmp.Compare(a.Clock, b.Clock) })
	if len(sorted) == 0 {
		return Group{}, fmt.Errorf("%w: no events", ErrGroupID)
	}
	creator := &sorted[0]
	if creator.Type != ChatCreated {
		return Group{}, fmt.Errorf("%w: the first is %v", ErrEvent, creator.Type)
	}
	if len(chatID) <= len(creator.From) || !strings.HasSuffix(chatID, creator.From) {
		return Group{}, ErrGroupID
	}
	f := fold{members: newSet(), admins: newSet(), joined: newSet()}
	for i := range sorted {
		if !f.apply(&sorted[i]) {
			return Group{}, fmt.Errorf("%w: %v by %.12s… is not allowed", ErrEvent, sorted[i].Type, sorted[i].From)
		}
	}
	return Group{
		ChatID: chatID, Name: f.name, Members: f.members.list(), Admins: f.admins.list(), Joined: f.joined.list(),
		Events: sorted,
	}, nil
}

// fold is the state between events.
type fold struct {
	name                    string
	members, admins, joined set
}

// apply checks one event and does what it says.
func (f *fold) apply(e *Event) bool {
	from := e.From
	admin := f.admins.has(from)
	one := len(e.Members) == 1
	switch e.Type {
	case ChatCreated:
		if f.members.len() > 0 || f.admins.len() > 0 {
			return false
		}
		f.name = e.Name
		f.members.add(from)
		f.joined.add(from)
		f.admins.add(from)
	case NameChanged:
		if !admin || e.Name == "" {
			return false
		}
		f.name = e.Name
	case MembersAdded:
		if !admin {
			return false
		}
		f.members.add(e.Members...)
	case MemberJoined:
		if !f.members.has(from) {
			return false
		}
		f.joined.add(from)
	case MemberRemoved:
		// A stranger who removes itself changes nothing and is accepted.
		if !one || e.Members[0] != from && (!admin || f.admins.has(e.Members[0])) {
			return false
		}
		f.admins.remove(e.Members[0])
		f.joined.remove(e.Members[0])
		f.members.remove(e.Members[0])
	case AdminsAdded:
		// One member among them suffices.
		if !admin || !slices.ContainsFunc(e.Members, f.members.has) {
			return false
		}
		f.admins.add(e.Members...)
	case AdminRemoved:
		if !one || !admin || e.Members[0] != from {
			return false
		}
		f.admins.remove(from)
	default:
		return false
	}
	return true
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
func (s set) remove(id string)   { delete(s.order, id) }
func (s set) add(members ...string) {
	for _, id := range members {
		if !s.has(id) {
			s.order[id] = *s.next
			*s.next++
		}
	}
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

// Update returns the update that carries all events of the group.
func (g *Group) Update() *MembershipUpdate {
	u := &MembershipUpdate{
		ChatID: g.ChatID, Events: make([][]byte, len(g.Events)), of: g.ChatID, verified: g.Events,
	}
	for i := range g.Events {
		u.Events[i] = g.Events[i].Raw
	}
	return u
}

// Folded is what a received update makes of a group.
type Folded struct {
	// Group is the state after the events known before and those received.
	Group Group
	// Received are the events of the update, in their order.
	Received []Event
	// New are those of them that were not known.
	New []Event
}

// Fold checks the events of an update alone and together with those known of
// the group (spec 05 section 9.3). Signatures of known events are not verified
// again. Whether we are a member is the caller's business.
func (u *MembershipUpdate) Fold(known []Event) (Folded, error) {
	read, err := u.events()
	if err != nil {
		return Folded{}, err
	}
	bySignature := make(map[[signatureSize]byte]*Event, len(known))
	for i := range known {
		bySignature[known[i].Signature()] = &known[i]
	}
	f := Folded{Received: slices.Clone(read)}
	union := slices.Clone(known)
	for i := range f.Received {
		e := &f.Received[i]
		old := bySignature[e.Signature()]
		if old != nil && slices.Equal(old.Raw, e.Raw) {
			*e = *old
			continue
		}
		if err := e.recover(u.ChatID); err != nil {
			return Folded{}, err
		}
		if old == nil {
			bySignature[e.Signature()] = e
			union, f.New = append(union, *e), append(f.New, *e)
		}
	}
	if _, err := GroupOf(u.ChatID, f.Received); err != nil {
		return Folded{}, err
	}
	if f.Group, err = GroupOf(u.ChatID, union); err != nil {
		return Folded{}, fmt.Errorf("together with the known events: %w", err)
	}
	return f, nil
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
