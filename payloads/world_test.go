package payloads

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// remembered is a SignerOf for tests that fold the same events often.
func remembered() SignerOf {
	known := make(map[string]string)
	return func(digest [32]byte, signature []byte) (string, error) {
		k := string(digest[:]) + string(signature)
		if from, ok := known[k]; ok {
			return from, nil
		}
		from, err := Signer(digest, signature)
		known[k] = from
		return from, err
	}
}

// peer2020 keeps a group by the rules of the reference: what is received must be
// valid alone and together with what is known, and events are told apart by
// their signatures.
type peer2020 struct{ Group }

func (p *peer2020) receive(chatID string, list []Event) error {
	if _, err := GroupOf(chatID, list); err != nil {
		return fmt.Errorf("alone: %w", err)
	}
	all := slices.Clone(p.Events)
	known := make(map[[signatureSize]byte]bool, len(all))
	for i := range all {
		known[all[i].Signature()] = true
	}
	for _, e := range list {
		if !known[e.Signature()] {
			known[e.Signature()] = true
			all = append(all, e)
		}
	}
	g, err := GroupOf(chatID, all)
	if err != nil {
		return fmt.Errorf("together: %w", err)
	}
	p.Group = g
	return nil
}

// world is a group some of whose members are hostile: they sign contradictions
// and hand each to somebody else. Every list in it is valid alone.
type world struct {
	rng    *rand.Rand
	people []person
	chatID string
	lists  [][]Event
	clock  uint64
}

func (w *world) sign(by person, e Event) Event {
	e.Clock = max(e.Clock, 1)
	signed, err := signEvent(w.chatID, e, by.Private)
	if err != nil {
		panic(err)
	}
	return signed
}

// newWorld makes a world of lists. With fork zero, nobody is hostile: all act in
// turn, on what all know.
func newWorld(tb testing.TB, seed uint64, n, steps, fork int) *world {
	tb.Helper()
	w := &world{rng: rand.New(rand.NewPCG(seed, 12)), people: people(tb, n), clock: 1002}
	w.chatID = GroupChat([16]byte{9}, w.people[0].Public())
	first := []Event{w.sign(w.people[0], Event{Type: ChatCreated, Name: "g", Clock: 1000})}
	all := []string{}
	for _, p := range w.people[1:max(2, n-2)] {
		all = append(all, p.id)
	}
	first = append(first, w.sign(w.people[0], Event{Type: MembersAdded, Members: all, Clock: 1001}))
	w.lists = append(w.lists, first)
	for range steps {
		w.clock += uint64(1 + w.rng.IntN(3))
		from := w.lists[len(w.lists)-1]
		if fork > 0 {
			from = w.lists[w.rng.IntN(len(w.lists))]
			if w.rng.IntN(3) == 0 { // somebody who knows more than one list
				more := merge(from, w.lists[w.rng.IntN(len(w.lists))])
				if _, err := GroupOf(w.chatID, more); err == nil {
					from = more
				}
			}
		}
		clock := w.clock
		if fork > 0 && w.rng.IntN(fork) == 0 {
			clock -= uint64(w.rng.IntN(int(min(clock-990, 60))))
		}
		e := w.random(clock)
		if fork > 0 && w.rng.IntN(10) == 0 { // inflated, by a name that is not kept
			e.Name = strings.Repeat("n", MaxGroupText+1)
		}
		list := append(slices.Clone(from), w.sign(w.of(e.From), e))
		if _, err := GroupOf(w.chatID, list); err == nil {
			w.lists = append(w.lists, list)
		}
	}
	return w
}

func (w *world) of(id string) person {
	return w.people[slices.IndexFunc(w.people, func(p person) bool { return p.id == id })]
}

// random returns what somebody may try.
func (w *world) random(clock uint64) Event {
	by := w.people[w.rng.IntN(len(w.people))]
	on := w.people[w.rng.IntN(len(w.people))].id
	e := Event{Clock: clock}
	if w.rng.IntN(8) == 0 {
		on = fmt.Sprint("ghost ", w.rng.IntN(6))
	}
	switch w.rng.IntN(10) {
	case 9:
		e.Type = MembersAdded
		if w.rng.IntN(2) == 0 {
			e.Type, e.Members = MemberRemoved, []string{fmt.Sprint("ghost ", w.rng.IntN(6))}
		}
	case 0:
		e.Type, e.Name = NameChanged, fmt.Sprint("name ", w.rng.IntN(1000))
	case 1, 2:
		e.Type, e.Members = MembersAdded, []string{on}
		if w.rng.IntN(3) == 0 {
			e.Members = append(e.Members, w.people[w.rng.IntN(len(w.people))].id)
		}
	case 3:
		e.Type = MemberJoined
	case 4:
		e.Type, e.Members = MemberRemoved, []string{by.id}
	case 5:
		e.Type, e.Members = MemberRemoved, []string{on}
	case 6:
		e.Type, e.Members = AdminRemoved, []string{by.id}
	default:
		e.Type, e.Members = AdminsAdded, []string{on}
		if w.rng.IntN(3) == 0 {
			e.Members = append(e.Members, w.people[w.rng.IntN(len(w.people))].id)
		}
	}
	e.From = by.id
	return e
}

// merge returns the events of both lists.
func merge(a, b []Event) []Event {
	out := slices.Clone(a)
	for _, e := range b {
		if !slices.ContainsFunc(out, func(o Event) bool { return o.Signature() == e.Signature() }) {
			out = append(out, e)
		}
	}
	return out
}

func updateOf(chatID string, list []Event) *MembershipUpdate {
	u := &MembershipUpdate{ChatID: chatID}
	for i := range list {
		u.Events = append(u.Events, list[i].Raw)
	}
	return u
}
