package payloads

import (
	"maps"
	"slices"
	"sort"
)

// Bounds of what is sent, in bytes. The newest comes first, so that what somebody
// did just now is always there. The state of a group that people made fits.
const (
	// maxTombstones bounds the removals and resignations that the state does not
	// need, with what authorises them.
	maxTombstones = 128 << 10
	maxUpdate     = 512 << 10
)

// choose returns the events of in that its state is made of, with what
// authorises them. all says that there was room for the state.
func (s *settled) choose(in []bool, state *fold) (out []bool, all bool) {
	n := &need{settled: s, in: in, out: make([]bool, len(in))}
	n.mark(s.root, maxUpdate)
	for i := len(in) - 1; i >= 0; i-- {
		if in[i] && s.events[i].Type == NameChanged {
			n.mark(i, maxUpdate)
			break
		}
	}
	for _, i := range n.tombstones() {
		n.mark(i, maxTombstones)
	}
	all = true
	for _, i := range n.roots(state) {
		all = n.mark(i, maxUpdate) && all
	}
	return n.out, all
}

// need collects the events that are sent.
type need struct {
	*settled
	in, out []bool
	bytes   int
	todo    []int
}

// mark adds an event and what it rests on, unless that is more than there is
// room for.
func (n *need) mark(i, room int) bool {
	var marked []int
	before := n.bytes
	n.todo = append(n.todo[:0], i)
	for len(n.todo) > 0 {
		i, n.todo = n.todo[len(n.todo)-1], n.todo[:len(n.todo)-1]
		if i < 0 || n.out[i] {
			continue
		}
		n.out[i] = true
		marked = append(marked, i)
		if n.bytes += len(n.events[i].Raw); n.bytes > room {
			for _, i := range marked {
				n.out[i] = false
			}
			n.bytes = before
			return false
		}
		n.authority(i)
		n.consequences(i)
	}
	return true
}

// roots returns what made members and admins what they are, the newest first.
func (n *need) roots(f *fold) (list []int) {
	for _, id := range f.members.list() {
		p := n.of(id)
		since := n.since(p, len(n.in))
		list = append(list, since)
		if since >= 0 && n.any(p.removed, n.clock(since), ^uint64(0), -1) {
			list = append(list, n.last(n.in, p.added, ^uint64(0))) // for whom a later addition made him one
		}
	}
	for _, id := range f.joined.list() {
		list = append(list, n.last(n.in, n.of(id).joined, ^uint64(0)))
	}
	for _, id := range f.admins.list() {
		p := n.of(id)
		since := n.sinceAdmin(p, len(n.in))
		list = append(list, since)
		if since >= 0 && (n.any(p.removed, n.clock(since), ^uint64(0), -1) ||
			n.any(p.resigned, n.clock(since), ^uint64(0), -1)) {
			list = append(list, n.last(n.in, p.promoted, ^uint64(0)))
		}
	}
	slices.Sort(list)
	slices.Reverse(list)
	return list
}

// authority marks what gives an event the rights that it needs.
func (n *need) authority(i int) {
	e := &n.events[i]
	switch {
	case i == n.root || e.selfRemoval():
		return
	case e.Type == MemberJoined:
		n.todo = append(n.todo, n.since(n.of(e.From), i))
		return
	}
	n.todo = append(n.todo, n.sinceAdmin(n.of(e.From), i))
	switch e.Type {
	case AdminsAdded:
		for _, id := range e.Members {
			if p := n.of(id); n.isMember(n.in, p, i) {
				n.todo = append(n.todo, n.since(p, i))
				break
			}
		}
	case MemberRemoved: // of somebody who was an admin before
		p := n.of(e.Members[0])
		before := sort.Search(len(p.promoted), func(k int) bool { return n.clock(p.promoted[k]) > n.clock(i) })
		if before > 0 {
			n.todo = append(n.todo, n.ended(p, n.clock(p.promoted[before-1])))
		}
	}
}

// consequences marks what gives back the rights that an event takes, or takes
// those that it gives, for whom knows the events that rely on it.
func (n *need) consequences(i int) {
	e := &n.events[i]
	clock := n.clock(i)
	switch e.Type {
	case AdminRemoved:
		n.todo = append(n.todo, n.first(n.in, n.of(e.From).promoted, clock))
	case MemberRemoved:
		p := n.of(e.Members[0])
		n.todo = append(n.todo, n.first(n.in, p.added, clock), n.first(n.in, p.promoted, clock))
	case AdminsAdded:
		for _, id := range e.Members {
			n.todo = append(n.todo, n.ended(n.of(id), clock))
		}
	case ChatCreated:
		n.todo = append(n.todo, n.ended(n.of(e.From), clock))
	}
}

// ended returns the first event after a clock by which somebody stopped being
// an admin.
func (n *need) ended(p *timeline, clock uint64) int {
	a, b := n.first(n.in, p.removed, clock), n.first(n.in, p.resigned, clock)
	if a < 0 || b >= 0 && n.clock(b) < n.clock(a) {
		return b
	}
	return a
}

// until returns the clock of an event, or one after all.
func (n *need) until(i int) uint64 {
	if i == len(n.events) {
		return ^uint64(0)
	}
	return n.clock(i)
}

// since returns what made somebody a member who is one at an event.
func (n *need) since(p *timeline, at int) int {
	return n.after(p.added, n.last(n.in, p.removed, n.until(at)))
}

// sinceAdmin is since for admins.
func (n *need) sinceAdmin(p *timeline, at int) int {
	end, resigned := n.last(n.in, p.removed, n.until(at)), n.last(n.in, p.resigned, n.until(at))
	if end < 0 || resigned >= 0 && n.clock(resigned) > n.clock(end) {
		end = resigned
	}
	return n.after(p.promoted, end)
}

// after returns the first event of a list that is in, after one if there is
// such.
func (n *need) after(list []int, i int) int {
	if i >= 0 {
		return n.first(n.in, list, n.clock(i))
	}
	for _, i := range list {
		if n.in[i] {
			return i
		}
	}
	return -1
}

// tombstones returns the last removal and resignation of everybody who was ever
// added, the newest first.
func (n *need) tombstones() (list []int) {
	for p := range maps.Values(n.people) {
		if len(p.added)+len(p.promoted) == 0 {
			continue
		}
		list = append(list, n.last(n.in, p.removed, ^uint64(0)), n.last(n.in, p.resigned, ^uint64(0)))
	}
	slices.Sort(list)
	slices.Reverse(list)
	return list
}

// holds reports whether a choice of events makes a state and is as good as all
// of them.
func (s *settled) holds(out []bool, state *fold) bool {
	a := slices.Clone(out)
	return s.leaveOutRefused(a).equal(state) && slices.Equal(a, out) && len(s.unsettled(out)) == 0
}

func (f *fold) equal(g *fold) bool {
	same := func(a, b set) bool {
		for id := range a.order {
			if !b.has(id) {
				return false
			}
		}
		return a.len() == b.len()
	}
	return f.name == g.name && same(f.members, g.members) && same(f.admins, g.admins) && same(f.joined, g.joined)
}
