package payloads

import (
	"bytes"
	"cmp"
	"iter"
	"slices"
)

// Bounds of a group. What one event may not exceed is not kept, what the state
// may not exceed is not allowed where it stands.
const (
	// MaxGroupMembers bounds the members, the admins and the people of one event
	// that is sent.
	MaxGroupMembers = 1000
	// MaxGroupText bounds the bytes of a name and of a member's id.
	MaxGroupText = 1000
	// MaxGroupEvents and MaxGroupBytes bound the events that are kept.
	MaxGroupEvents = 5000
	MaxGroupBytes  = 1 << 20
)

// Of equal acts, those of one person on one person, the first and the latest
// are kept. Honest people do not come to as many; see share.gaps.
const (
	keepFirst = 1
	keepLast  = 5
	// keepEarly bounds the removals of oneself by people whom no event names.
	keepEarly = 64
)

// UnionOf folds the events of a group that came in several lists, each of them
// valid by GroupOf, such that who has the same events has the same state, in
// whatever order and grouping they came. It keeps a bounded part of them. The
// error is ErrGroupID when none of them creates the group.
//
// The order is fixed: by clock, creation before others, then by EventID. An
// event that is not allowed where it stands is skipped; it is kept, since the
// next events may be such that it is allowed. What is kept does not depend on
// the order of arrival either: for each act (who, what, on whom) the first and
// the latest events, so that keeping what is kept of one part together with
// another part is keeping of the whole.
//
// A removal of somebody whom no kept event names changes nothing, but would if
// an older event that adds him came later. It is not sent to anybody. Everybody
// can sign such removals of himself: a few of these are kept. Those that an admin
// signed are kept as his other acts are: they need his rights, which he may have
// given up for others.
//
// Beyond MaxGroupEvents and MaxGroupBytes the events go that are not sent, of
// those who signed most, some of them but for a trace: a group that hostile admins
// fill so far may look different to different members until an admin acts.
func UnionOf(chatID string, events []Event) (Group, error) {
	kept := keep(events)
	g := foldUnion(chatID, kept)
	if len(g.effects) == 0 || !slices.ContainsFunc(g.effects, func(e effect) bool { return e != refused }) {
		return Group{}, ErrGroupID
	}
	if less := g.shrink(); less != nil {
		g = foldUnion(chatID, less)
	}
	return g, nil
}

// foldUnion folds sorted events and skips what is not allowed.
func foldUnion(chatID string, sorted []Event) Group {
	f := newFold()
	effects := make([]effect, len(sorted))
	created := false
	for i := range sorted {
		e := &sorted[i]
		if !created && (e.Type != ChatCreated || !founded(chatID, e.From)) || !f.room(e) {
			continue
		}
		effects[i] = f.apply(e)
		created = true
	}
	return f.group(chatID, sorted, effects)
}

// room reports whether the people that an event adds fit.
func (f *fold) room(e *Event) bool {
	into := f.members
	switch e.Type {
	case MembersAdded:
	case AdminsAdded:
		into = f.admins
	default:
		return true
	}
	n := into.len()
	for _, id := range e.Members {
		if !into.has(id) {
			n++
		}
	}
	return n <= MaxGroupMembers
}

// EventID identifies a group event: keccak256 of its signer's contact id and
// its encoding. Signatures do not count, since everybody can make further ones
// of a signature, and the signer any number.
type EventID [32]byte

// ID returns what identifies the event. From must be known.
func (e *Event) ID() EventID {
	if e.id == (EventID{}) {
		e.id = EventID(keccak([]byte(e.From), e.content()))
	}
	return e.id
}

func (e *Event) content() []byte { return e.Raw[min(signatureSize, len(e.Raw)):] }

// same reports whether two events are the same act of the same person.
func (e *Event) same(o *Event) bool {
	return e.Clock == o.Clock && e.From == o.From && bytes.Equal(e.content(), o.content())
}

// compareEvents is the order of the union.
func compareEvents(a, b *Event) int {
	if c := cmp.Compare(a.Clock, b.Clock); c != 0 {
		return c
	}
	if c := cmp.Compare(btoi(b.Type == ChatCreated), btoi(a.Type == ChatCreated)); c != 0 {
		return c
	}
	x, y := a.ID(), b.ID()
	return bytes.Compare(x[:], y[:])
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// keep returns the events that are kept, each once and in the order of the
// union.
func keep(events []Event) []Event {
	sorted := make([]*Event, 0, len(events))
	for i := range events {
		if e, ok := events[i].digest(); ok {
			sorted = append(sorted, &e)
		}
	}
	slices.SortStableFunc(sorted, compareEvents)
	var unique []*Event
	for _, e := range sorted {
		if n := len(unique); n > 0 && unique[n-1].same(e) {
			if e.Twin && !unique[n-1].Twin {
				unique[n-1] = e
			}
			continue
		}
		unique = append(unique, e)
	}
	unique = keepActs(unique)
	unique = keepEarlyRemovals(unique)
	out := make([]Event, len(unique))
	for i, e := range unique {
		out[i] = *e
	}
	return out
}

// act is what somebody does to somebody, however often.
type act struct {
	by     string
	kind   EventType
	target string
}

// acts calls fn with each act that an event is.
func (e *Event) acts(fn func(act)) {
	switch e.Type {
	case MembersAdded, AdminsAdded, MemberRemoved:
		people := e.Members
		if len(people) > 1 {
			people = distinct(people)
		}
		for _, id := range people {
			fn(act{e.From, e.Type, id})
		}
		if len(e.Members) == 0 { // nothing is done, and yet only admins may
			fn(act{e.From, e.Type, ""})
		}
	default:
		fn(act{e.From, e.Type, ""})
	}
}

// keepActs keeps the first and the latest events of each act.
func keepActs(sorted []*Event) []*Event {
	if !crowded(slices.Values(sorted)) {
		return sorted
	}
	count := make(map[act]int)
	for _, e := range sorted {
		e.acts(func(a act) { count[a]++ })
	}
	at := make(map[act]int, len(count))
	var out []*Event
	for _, e := range sorted {
		kept := false
		e.acts(func(a act) {
			n := at[a]
			at[a]++
			kept = kept || n < keepFirst || n >= count[a]-keepLast
		})
		if kept {
			out = append(out, e)
		}
	}
	return out
}

// crowded reports whether somebody did one kind of thing so often that an act may
// be full. Hardly any group is.
func crowded(events iter.Seq[*Event]) bool {
	type kind struct {
		by   string
		kind EventType
	}
	count := make(map[kind]int)
	for e := range events {
		k := kind{e.From, e.Type}
		if count[k]++; count[k] >= keepFirst+keepLast {
			return true
		}
	}
	return false
}

// keepEarlyRemovals keeps few of the removals of oneself by people whom no event
// names.
func keepEarlyRemovals(sorted []*Event) []*Event {
	named := namedIn(slices.Values(sorted))
	var early []*Event
	for _, e := range sorted {
		if e.selfRemoval() && e.early(named) {
			early = append(early, e)
		}
	}
	if len(early) <= keepEarly {
		return sorted
	}
	slices.SortFunc(early, func(a, b *Event) int {
		x, y := a.ID(), b.ID()
		return bytes.Compare(x[:], y[:])
	})
	drop := make(map[*Event]bool, len(early)-keepEarly)
	for _, e := range early[keepEarly:] {
		drop[e] = true
	}
	return slices.DeleteFunc(slices.Clone(sorted), func(e *Event) bool { return drop[e] })
}

// namedIn returns everybody whom events make a member or an admin. When nobody is
// removed, so that nobody asks, it does not look.
func namedIn(events iter.Seq[*Event]) map[string]bool {
	var named map[string]bool
	for e := range events {
		if e.Type == MemberRemoved {
			named = make(map[string]bool)
			break
		}
	}
	if named == nil {
		return nil
	}
	for e := range events {
		switch e.Type {
		case ChatCreated:
			named[e.From] = true
		case MembersAdded, AdminsAdded:
			for _, id := range e.Members {
				named[id] = true
			}
		}
	}
	return named
}

// pointers yields the events of a list.
func pointers(events []Event) iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		for i := range events {
			if !yield(&events[i]) {
				return
			}
		}
	}
}

// early reports whether an event removes somebody of whom nothing is known.
func (e *Event) early(named map[string]bool) bool {
	return e.Type == MemberRemoved && len(e.Members) == 1 && !named[e.Members[0]]
}
