package payloads

import (
	"cmp"
	"maps"
	"slices"
)

// A group that exceeds its bounds loses events that are not sent, of those who
// signed most. What admins did must leave a trace all the same: who gave up being
// one for some, and then did for others what is forgotten here, must not be
// believed to have given it up, or peers of 2020 that know what he did refuse what
// we send. So the additions and the removals of nobody of such people are kept as
// traces, which are equal acts: see keepActs and settled.gaps.

// weight is what an event counts of MaxGroupBytes: its size, but no less than if
// the people in it were people. Names of a few bytes cost as much to fold.
func (e *Event) weight() int {
	return max(len(e.Raw), signatureSize+len(e.Members)*contactIDSize)
}

// load is what events count of MaxGroupEvents and MaxGroupBytes.
type load struct{ events, bytes int }

func (l *load) add(e *Event, sign int) {
	l.events += sign
	l.bytes += sign * e.weight()
}

func (l load) fits() bool { return l.events <= MaxGroupEvents && l.bytes <= MaxGroupBytes }

// shrink returns the events that stay when there are too many, nil if all do:
// what is sent, then what is not, of those first who signed least.
func (g *Group) shrink() []Event {
	var all load
	for i := range g.Events {
		all.add(&g.Events[i], 1)
	}
	if all.fits() {
		return nil
	}
	sent := make(map[EventID]bool)
	for i, is := range g.shared() {
		if is {
			sent[g.Events[i].ID()] = true
		}
	}
	return afford(keep(g.traced(all, sent)), sent)
}

// signed returns what everybody signed, and who, those first who signed most.
func signed(events []Event) (of map[string]int, people []string) {
	of = make(map[string]int)
	for i := range events {
		of[events[i].From] += events[i].weight()
	}
	people = slices.SortedFunc(maps.Keys(of), func(a, b string) int {
		return cmp.Or(cmp.Compare(of[b], of[a]), cmp.Compare(a, b))
	})
	return of, people
}

// traced returns the events of a group with traces of what is not sent, of those
// who signed most, as far as there is no room for it.
func (g *Group) traced(all load, sent map[EventID]bool) []Event {
	out := slices.Clone(g.Events)
	traces := g.traces(sent)
	saved := make(map[string]*load)
	for i, t := range traces {
		from := out[i].From
		if saved[from] == nil {
			saved[from] = new(load)
		}
		saved[from].bytes += out[i].weight() - t.weight()
		if len(t.Members) == 0 {
			saved[from].events++
		}
	}
	less := make(map[string]bool)
	_, people := signed(out)
	for _, id := range people {
		if all.fits() {
			break
		}
		if s := saved[id]; s != nil {
			less[id] = true
			all.events -= s.events - min(s.events, 2*(keepFirst+keepLast)) // of either kind
			all.bytes -= s.bytes
		}
	}
	for i, t := range traces {
		if less[t.From] {
			out[i] = t
		}
	}
	return out
}

// traces returns traces of events, by their numbers: of additions that are not
// sent, with those people in them whose removals are sent, since removals of
// people whom nobody named are not; and of the removals of such people, but those
// of oneself.
func (g *Group) traces(sent map[EventID]bool) map[int]Event {
	named := namedIn(pointers(g.Events))
	gone := make(map[string]bool)
	for i := range g.Events {
		if e := &g.Events[i]; e.Type == MemberRemoved && sent[e.ID()] {
			gone[e.Members[0]] = true
		}
	}
	out := make(map[int]Event)
	for i := range g.Events {
		e := &g.Events[i]
		if sent[e.ID()] || e.Type != MembersAdded && !(e.early(named) && !e.selfRemoval()) {
			continue
		}
		people := slices.DeleteFunc(slices.Clone(e.Members), func(id string) bool { return !gone[id] })
		if len(people) < len(e.Members) {
			out[i] = e.compact(people)
		}
	}
	return out
}

// afford returns the events for which there is room.
func afford(events []Event, sent map[EventID]bool) (out []Event) {
	of, _ := signed(events)
	order := make([]int, len(events))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := &events[a], &events[b]
		return cmp.Or(cmp.Compare(btoi(sent[y.ID()]), btoi(sent[x.ID()])), cmp.Compare(of[x.From], of[y.From]))
	})
	var l load
	stays := make([]bool, len(events))
	for _, i := range order {
		if l.add(&events[i], 1); !l.fits() {
			break
		}
		stays[i] = true
	}
	for i := range events {
		if stays[i] {
			out = append(out, events[i])
		}
	}
	return out
}
