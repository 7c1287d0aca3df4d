package payloads

import (
	"slices"
	"strings"
	"unicode/utf8"

	"statusd/accounts/key"
)

// EventClock returns the clock of the next event of a group: after the time,
// the chat's clock and every event. A group whose clock is further ahead than
// receivers accept cannot be changed until time has caught up; that is an
// error. The caller keeps the result as the chat's clock.
func (g *Group) EventClock(chatClock, nowMillis uint64) (uint64, error) {
	clock := NextClock(max(chatClock, g.LastClock()), nowMillis)
	if err := CheckClock(clock, nowMillis); err != nil {
		return 0, broken(RuleClockAhead,
			"the group's clock is ahead of this device's time: check the time and try again later")
	}
	return clock, nil
}

// LastClock returns the highest clock of the events.
func (g *Group) LastClock() (last uint64) {
	for i := range g.Events {
		last = max(last, g.Events[i].Clock)
	}
	return last
}

// CreateGroup makes the first event of a group. chatID is from GroupChat.
func CreateGroup(chatID, name string, creator key.Private, clock uint64) (Group, error) {
	g := Group{ChatID: chatID}
	return g.extend(Event{Type: ChatCreated, Name: name}, creator, clock)
}

// Rename changes the name. Only admins may.
func (g *Group) Rename(name string, by key.Private, clock uint64) (Group, error) {
	return g.extend(Event{Type: NameChanged, Name: name}, by, clock)
}

// AddMembers invites people, by contact id. Only admins may.
func (g *Group) AddMembers(ids []string, by key.Private, clock uint64) (Group, error) {
	return g.extend(Event{Type: MembersAdded, Members: ids}, by, clock)
}

// Join accepts an invitation.
func (g *Group) Join(by key.Private, clock uint64) (Group, error) {
	return g.extend(Event{Type: MemberJoined}, by, clock)
}

// RemoveMember removes a member that is no admin, or the caller itself.
func (g *Group) RemoveMember(id string, by key.Private, clock uint64) (Group, error) {
	return g.extend(Event{Type: MemberRemoved, Members: []string{id}}, by, clock)
}

// AddAdmins makes members admins. Only admins may.
func (g *Group) AddAdmins(ids []string, by key.Private, clock uint64) (Group, error) {
	return g.extend(Event{Type: AdminsAdded, Members: ids}, by, clock)
}

// Resign gives up being an admin.
func (g *Group) Resign(by key.Private, clock uint64) (Group, error) {
	return g.extend(Event{Type: AdminRemoved, Members: []string{by.Public().ContactID()}}, by, clock)
}

// extend signs an event and folds it, after rules stricter than those of the
// fold: the event must change something and mean what it says. g stays as it
// is.
func (g *Group) extend(e Event, by key.Private, clock uint64) (Group, error) {
	if by.IsZero() {
		return Group{}, key.ErrNoKey
	}
	e.Clock = clock
	if err := g.allow(&e, by.Public()); err != nil {
		return Group{}, err
	}
	signed, err := signEvent(g.ChatID, e, by)
	if err != nil {
		return Group{}, err
	}
	next, err := UnionOf(g.ChatID, append(slices.Clone(g.Events), signed))
	if err != nil {
		return Group{}, err
	}
	return next, next.carries(&signed)
}

// carries checks that an event of our own is allowed for everybody, and sent.
func (g *Group) carries(e *Event) error {
	is := func(in []bool) bool {
		for i := range in {
			if in[i] && g.Events[i].same(e) {
				return true
			}
		}
		return false
	}
	switch {
	case !is(newSettled(g).settle()):
		return broken(RuleEvents, "members of the group disagree about who may do that: another admin has to settle it,"+
			" or to add you again")
	case !is(g.shared()):
		return broken(RuleEvents, "the group would be too large: its members and what authorises them take more"+
			" than %d bytes", maxUpdate)
	}
	return nil
}

// allow applies the strict rules for an event of our own.
func (g *Group) allow(e *Event, by key.Public) error {
	for i := range g.Events {
		if g.Events[i].Clock >= e.Clock {
			return broken(RuleEvents, "the event would come before others of the group")
		}
	}
	if e.Clock == 0 {
		return broken(RuleClockZero, "the clock is zero")
	}
	self := by.ContactID()
	switch e.Type {
	case ChatCreated:
		if creator, ok := groupCreator(g.ChatID); len(g.Events) > 0 || !ok || creator != by {
			return broken(RuleChatID, "the id of a new group ends with - and its creator's contact id")
		}
		return checkName(e.Name)
	case MemberJoined:
		if !g.IsMember(self) || g.HasJoined(self) {
			return broken(RuleEvents, "only somebody who was invited and has not joined can join")
		}
		return nil
	case MemberRemoved:
		target := e.Members[0]
		switch {
		case !g.IsMember(target):
			return broken(RuleEvents, "%.12s… is not a member", target)
		case target != self && !g.IsAdmin(self):
			return broken(RuleEvents, "only admins remove other members")
		case target != self && g.IsAdmin(target):
			return broken(RuleEvents, "an admin cannot be removed by another")
		}
		return nil
	}
	if !g.IsAdmin(self) {
		return broken(RuleEvents, "only admins of the group may do that")
	}
	switch e.Type {
	case NameChanged:
		return checkName(e.Name)
	case MembersAdded:
		return g.checkNewMembers(e.Members)
	case AdminsAdded:
		return g.checkNewAdmins(e.Members)
	}
	return nil
}

func checkName(name string) error {
	if strings.TrimSpace(name) == "" || !utf8.ValidString(name) {
		return broken(RuleEvents, "the name of the group is empty")
	}
	return nil
}

func (g *Group) checkNewMembers(ids []string) error {
	if len(ids) == 0 {
		return broken(RuleEvents, "nobody is named")
	}
	if len(g.Members)+len(ids) > MaxGroupMembers {
		return broken(RuleEvents, "the group would have %d members, %d are allowed", len(g.Members)+len(ids),
			MaxGroupMembers)
	}
	for _, id := range ids {
		if _, err := key.ParseContactID(id); err != nil {
			return broken(RuleContactID, "%.12q… is not a contact id", id)
		}
		if g.IsMember(id) {
			return broken(RuleEvents, "%.12s… is a member already", id)
		}
	}
	return nil
}

func (g *Group) checkNewAdmins(ids []string) error {
	if len(ids) == 0 {
		return broken(RuleEvents, "nobody is named")
	}
	for _, id := range ids {
		if !g.IsMember(id) || g.IsAdmin(id) {
			return broken(RuleEvents, "%.12s… is not a member, or an admin already", id)
		}
	}
	return nil
}
