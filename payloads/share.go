package payloads

import (
	"slices"
	"sort"
)

// shared returns which events are sent.
//
// A peer of 2020 takes a list only if every event in it is allowed, alone and
// together with whatever that peer has already: any valid union of lists that
// were sent or accepted before. What those may contain is what we keep. So an
// event is left out when some of what is kept
//
//   - takes away, between the event and what authorises it here, the rights
//     that it needs (settled.needs), or
//   - would be taken the rights that it needs by the event, without that they
//     are given back here in between (settled.harms);
//
// and so is what is not allowed any more without it. That is symmetric: of two
// events that exclude each other neither is sent. Events with equal clocks may
// stand in any order elsewhere and count as both before and after each other.
//
// Of the rest, choose takes what the state is made of: the creation, the
// name, for each member and admin what made him that since he last was not, the
// last removal and resignation of everybody who was ever added, for who missed
// them, and what authorises all these. Fewer events make fewer conflicts. If an
// admin made a state of more than maxUpdate, some of it is not sent.
func (g *Group) shared() []bool {
	s := newSettled(g)
	in := s.settle()
	state := s.state
	out, all := s.choose(in, state)
	switch {
	case all && s.holds(out, state):
		return out
	case all && s.size(in) <= maxUpdate:
		return in
	}
	return s.settleFrom(out)
}

func (s *settled) size(in []bool) (bytes int) {
	for i := range in {
		if in[i] {
			bytes += len(s.events[i].Raw)
		}
	}
	return bytes
}

// span is a range of clocks in which events may have been that are not kept.
type span struct{ from, to uint64 }

// timeline is what is known of one person in a group: numbers of events in their
// order.
type timeline struct {
	added    []int // made a member
	promoted []int // made an admin
	removed  []int // removed, by himself too
	resigned []int // gave up being an admin
	joined   []int // joined: needs to be a member
	acted    []int // did what only admins may
	listed   []int // was named in promotions
	removals []int // removals by others: not allowed while an admin

	// gaps of the same.
	lostMember, lostAdmin, lostJoined, lostActs, lostPromoted, lostRemovals []span
}

// settled finds the events on which all branches of a group agree.
type settled struct {
	chatID string
	events []Event
	people map[string]*timeline
	root   int   // the creation
	state  *fold // after what settle returned
	// backers remembers of promotions who is a member for sure; see backed.
	backers map[int][]string
	looked  int // how often isMember looked: what a group costs
}

func newSettled(g *Group) *settled {
	s := &settled{chatID: g.ChatID, events: g.Events, people: make(map[string]*timeline), root: -1}
	for i := range s.events {
		s.enter(i)
		if s.root < 0 && g.effects[i] != refused {
			s.root = i
		}
	}
	s.gaps()
	return s
}

func (s *settled) of(id string) *timeline {
	p := s.people[id]
	if p == nil {
		p = new(timeline)
		s.people[id] = p
	}
	return p
}

func (s *settled) enter(i int) {
	e := &s.events[i]
	by := s.of(e.From)
	switch e.Type {
	case ChatCreated:
		by.added, by.promoted = append(by.added, i), append(by.promoted, i)
		return
	case MemberJoined:
		by.joined = append(by.joined, i)
		return
	}
	if !e.selfRemoval() {
		by.acted = append(by.acted, i)
	}
	if e.Type == AdminRemoved {
		by.resigned = append(by.resigned, i)
		return
	}
	for _, id := range e.Members {
		p := s.of(id)
		switch e.Type {
		case MembersAdded:
			p.added = append(p.added, i)
		case AdminsAdded:
			p.promoted, p.listed = append(p.promoted, i), append(p.listed, i)
		case MemberRemoved:
			p.removed = append(p.removed, i)
			if id != e.From {
				p.removals = append(p.removals, i)
			}
		}
	}
}

func (e *Event) selfRemoval() bool {
	return e.Type == MemberRemoved && len(e.Members) == 1 && e.Members[0] == e.From
}

// gaps notes where events of full acts may have been dropped.
func (s *settled) gaps() {
	if !crowded(pointers(s.events)) {
		return
	}
	clocks := make(map[act][]uint64)
	for i := range s.events {
		s.events[i].acts(func(a act) { clocks[a] = append(clocks[a], s.events[i].Clock) })
	}
	for a, list := range clocks {
		if len(list) < keepFirst+keepLast {
			continue
		}
		gap := span{list[keepFirst-1], list[len(list)-keepLast]}
		by, target := s.of(a.by), s.of(a.target)
		switch {
		case a.kind == MemberJoined:
			by.lostJoined = append(by.lostJoined, gap)
			continue
		case a.kind == ChatCreated:
			continue
		case a.kind != MemberRemoved || a.by != a.target:
			by.lostActs = append(by.lostActs, gap)
		}
		switch a.kind {
		case AdminRemoved:
			by.lostAdmin = append(by.lostAdmin, gap)
		case AdminsAdded:
			target.lostPromoted = append(target.lostPromoted, gap)
		case MemberRemoved:
			target.lostMember, target.lostAdmin = append(target.lostMember, gap), append(target.lostAdmin, gap)
			if a.by != a.target {
				target.lostRemovals = append(target.lostRemovals, gap)
			}
		}
	}
}

func within(spans []span, clock uint64) bool {
	return slices.ContainsFunc(spans, func(s span) bool { return s.from <= clock && clock <= s.to })
}

// clock returns the clock of an event; the creation is before all.
func (s *settled) clock(i int) uint64 {
	if i == s.root {
		return 0
	}
	return s.events[i].Clock
}

// any reports whether a list has an event between two clocks, both included,
// besides one.
func (s *settled) any(list []int, from, to uint64, but int) bool {
	for at := sort.Search(len(list), func(k int) bool { return s.clock(list[k]) >= from }); at < len(list); at++ {
		if s.clock(list[at]) > to {
			return false
		}
		if list[at] != but {
			return true
		}
	}
	return false
}

// last returns the last event of a list that is in and surely before a clock,
// first the first surely after it; -1 for none.
func (s *settled) last(in []bool, list []int, before uint64) int {
	for at := sort.Search(len(list), func(k int) bool { return s.clock(list[k]) >= before }) - 1; at >= 0; at-- {
		if in[list[at]] {
			return list[at]
		}
	}
	return -1
}

func (s *settled) first(in []bool, list []int, after uint64) int {
	for at := sort.Search(len(list), func(k int) bool { return s.clock(list[k]) > after }); at < len(list); at++ {
		if in[list[at]] {
			return list[at]
		}
	}
	return -1
}

// maxPasses bounds the passes of settle. Each decides at least one event, and
// chains of events that rest on each other fall together.
const maxPasses = 64

// settle returns the events that no other contradicts.
func (s *settled) settle() []bool {
	in := make([]bool, len(s.events))
	named := namedIn(pointers(s.events))
	for i := range in {
		e := &s.events[i]
		in[i] = i == s.root || i > s.root && e.Type != ChatCreated && !e.early(named) && !e.digested() &&
			!(e.Twin && e.Type == AdminRemoved)
	}
	return s.settleFrom(in)
}

// settleFrom is settle for some of the events.
func (s *settled) settleFrom(in []bool) []bool {
	for pass := 0; ; pass++ {
		s.state = s.leaveOutRefused(in)
		bad := s.unsettled(in)
		if len(bad) == 0 {
			return in
		}
		for _, i := range bad {
			in[i] = false
		}
		if pass == maxPasses { // nobody makes such a group but to be expensive
			clear(in)
			in[s.root] = true
			s.state = s.leaveOutRefused(in)
			return in
		}
	}
}

// leaveOutRefused leaves out what is not allowed without what was left out.
func (s *settled) leaveOutRefused(in []bool) *fold {
	f := newFold()
	for i := range s.events {
		if in[i] {
			in[i] = f.room(&s.events[i]) && f.apply(&s.events[i]) != refused
		}
	}
	return f
}

// unsettled returns the events that others contradict.
func (s *settled) unsettled(in []bool) (bad []int) {
	s.backers = make(map[int][]string)
	for i := range s.events {
		if in[i] && i != s.root && (!s.needs(in, i) || s.harms(in, i)) {
			bad = append(bad, i)
		}
	}
	return bad
}

// needs reports whether an event has the rights that it needs in every union.
func (s *settled) needs(in []bool, i int) bool {
	e := &s.events[i]
	by := s.of(e.From)
	switch {
	case e.selfRemoval():
		return true
	case e.Type == MemberJoined:
		return s.isMember(in, by, i)
	case !s.isAdmin(in, by, i):
		return false
	case e.Type == AdminsAdded:
		return s.backed(in, i, "")
	case e.Type == MemberRemoved:
		return s.noAdmin(in, s.of(e.Members[0]), s.clock(i))
	}
	return true
}

// isMember reports whether somebody is a member at an event in every union.
func (s *settled) isMember(in []bool, p *timeline, at int) bool {
	s.looked++
	clock := s.clock(at)
	since := s.last(in, p.added, clock)
	return since >= 0 && !s.any(p.removed, s.clock(since), clock, at) && !within(p.lostMember, clock)
}

// isAdmin is isMember for admins.
func (s *settled) isAdmin(in []bool, p *timeline, at int) bool {
	clock := s.clock(at)
	since := s.last(in, p.promoted, clock)
	return since >= 0 && !s.any(p.removed, s.clock(since), clock, at) &&
		!s.any(p.resigned, s.clock(since), clock, at) && !within(p.lostAdmin, clock)
}

// noAdmin reports whether somebody is not an admin at a time in any union.
func (s *settled) noAdmin(in []bool, p *timeline, clock uint64) bool {
	if within(p.lostPromoted, clock) {
		return false
	}
	n := sort.Search(len(p.promoted), func(k int) bool { return s.clock(p.promoted[k]) > clock })
	if n == 0 {
		return true
	}
	until := s.last(in, p.removed, clock)
	if r := s.last(in, p.resigned, clock); r >= 0 && (until < 0 || s.clock(r) > s.clock(until)) {
		until = r
	}
	return until >= 0 && s.clock(until) > s.clock(p.promoted[n-1])
}

// harms reports whether an event takes rights, or gives the right not to be
// removed, in a union with an event that relies on the contrary.
func (s *settled) harms(in []bool, i int) bool {
	e := &s.events[i]
	clock := s.clock(i)
	switch e.Type {
	case AdminRemoved:
		return s.harmsAdmin(in, s.of(e.From), i)
	case MemberRemoved:
		p := s.of(e.Members[0])
		if s.any(p.added, clock, clock, -1) { // which of them is the first?
			return true
		}
		back := s.end(s.first(in, p.added, clock))
		if s.any(p.joined, clock, back, -1) || within(p.lostJoined, clock) || s.harmsAdmin(in, p, i) {
			return true
		}
		return s.harmsPromotion(in, p, e.Members[0], clock, back)
	case AdminsAdded:
		for _, id := range e.Members {
			p := s.of(id)
			end := min(s.end(s.first(in, p.removed, clock)), s.end(s.first(in, p.resigned, clock)))
			if s.any(p.removals, clock, end, -1) || within(p.lostRemovals, clock) {
				return true
			}
		}
	}
	return false
}

// end returns the clock of an event, the last one for none.
func (s *settled) end(i int) uint64 {
	if i < 0 {
		return ^uint64(0)
	}
	return s.clock(i)
}

func (s *settled) harmsAdmin(in []bool, p *timeline, i int) bool {
	clock := s.clock(i)
	back := s.end(s.first(in, p.promoted, clock))
	return s.any(p.promoted, clock, clock, -1) || s.any(p.acted, clock, back, i) || within(p.lostActs, clock)
}

// harmsPromotion reports whether a promotion needs somebody to be a member
// between two clocks.
func (s *settled) harmsPromotion(in []bool, p *timeline, id string, from, to uint64) bool {
	start := sort.Search(len(p.listed), func(k int) bool { return s.clock(p.listed[k]) >= from })
	for _, i := range p.listed[start:] {
		if s.clock(i) > to {
			return false
		}
		if !s.backed(in, i, id) {
			return true
		}
	}
	return false
}

// backed reports whether a promotion names a member besides one. People may be
// removed as often as they are promoted, and promotions name many: which members
// there are is found once for each promotion and choice of events.
func (s *settled) backed(in []bool, i int, besides string) bool {
	two, known := s.backers[i]
	if !known {
		for _, id := range s.events[i].Members {
			if !slices.Contains(two, id) && s.isMember(in, s.of(id), i) {
				if two = append(two, id); len(two) == 2 {
					break
				}
			}
		}
		s.backers[i] = two
	}
	return slices.ContainsFunc(two, func(id string) bool { return id != besides })
}
