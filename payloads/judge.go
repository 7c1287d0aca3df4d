package payloads

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Update returns the update that carries the group to others: a part of its
// events that folds to the same state alone, bounded, and allowed together with
// every list that was sent or accepted before. Only what is contested is not in
// it: events that exclude each other, and what rests on them.
func (g *Group) Update() *MembershipUpdate { return g.UpdateUntil(math.MaxUint64) }

// UpdateUntil is Update without the events that have a later clock: receivers
// refuse all of an update for one that is ahead of the time. The creation is in
// it in any case.
func (g *Group) UpdateUntil(clock uint64) *MembershipUpdate {
	u := &MembershipUpdate{ChatID: g.ChatID, of: g.ChatID}
	for i, sent := range g.shared() {
		if sent && (len(u.Events) == 0 || g.Events[i].Clock <= clock) {
			u.Events, u.verified = append(u.Events, g.Events[i].Raw), append(u.verified, g.Events[i])
		}
	}
	return u
}

// Sent returns for each of Events whether updates carry it.
func (g *Group) Sent() []bool { return g.shared() }

// Folded is what a received update makes of a group.
type Folded struct {
	// Group is the state after the events known before and those received.
	Group Group
	// Received are the events of the update, in their order.
	Received []Event
	// New are those of Group.Events that were not known.
	New []Event
	// Effective are those of Group.Events that changed something and, before,
	// were not known or not allowed; of a known group only if what they are
	// about is different now.
	Effective []Event
	// Changed says that Group.Events are not what was known.
	Changed bool
}

// SignerOf returns the contact id of who made a signature of 65 bytes over a
// digest. Errors of its own are passed on by FoldWith.
type SignerOf func(digest [32]byte, signature []byte) (string, error)

// Signer is the SignerOf that computes it.
func Signer(digest [32]byte, signature []byte) (string, error) {
	signer, err := recoverKey(digest, signature)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrEvent, err)
	}
	return signer.ContactID(), nil
}

// Fold checks the events of an update alone, as every peer does (spec 05 section
// 9.3), and adds them to those known of the group: see UnionOf. Whether we are a
// member is the caller's business.
func (u *MembershipUpdate) Fold(known []Event) (Folded, error) { return u.FoldWith(known, Signer) }

// FoldWith is Fold with a function that says who signed, which may remember
// answers and limit them. It is asked last, and only as long as all events before
// are allowed: what is wrong with the list otherwise costs no signature.
// Signatures of known events are not verified again.
func (u *MembershipUpdate) FoldWith(known []Event, signer SignerOf) (Folded, error) {
	byRaw := rawEvents(known)
	received, err := u.alone(byRaw, signer)
	if err != nil {
		return Folded{}, err
	}
	f := Folded{Received: received}
	return f, f.join(u.ChatID, known, byRaw)
}

// rawEvents finds events by their bytes.
func rawEvents(events []Event) map[string]*Event {
	byRaw := make(map[string]*Event, len(events))
	for i := range events {
		byRaw[string(events[i].Raw)] = &events[i]
	}
	return byRaw
}

// alone checks the events of an update as if there were no others, and returns
// them with their signers.
func (u *MembershipUpdate) alone(known map[string]*Event, signer SignerOf) ([]Event, error) {
	read, err := u.events()
	if err != nil {
		return nil, err
	}
	if err := screen(read); err != nil {
		return nil, err
	}
	received := slices.Clone(read)
	return received, u.judge(received, known, signer)
}

// screen refuses lists that cannot be valid whoever signed them.
func screen(events []Event) error {
	if len(events) == 0 {
		return fmt.Errorf("%w: no events", ErrGroupID)
	}
	first := &events[0]
	for i := range events {
		e := &events[i]
		if e.Clock < first.Clock {
			first = e
		}
		if !e.plausible() {
			return fmt.Errorf("%w: %v is never allowed", ErrEvent, e.Type)
		}
	}
	if first.Type != ChatCreated {
		return fmt.Errorf("%w: the first is %v", ErrEvent, first.Type)
	}
	return nil
}

// plausible reports whether an event can be allowed somewhere.
func (e *Event) plausible() bool {
	if e.Raw[signatureSize-1] > 3 {
		return false
	}
	switch e.Type {
	case ChatCreated, MembersAdded, MemberJoined:
		return true
	case NameChanged:
		return e.Name != ""
	case AdminsAdded:
		return len(e.Members) > 0
	case MemberRemoved, AdminRemoved:
		return len(e.Members) == 1
	}
	return false
}

// judge fills in who signed the events, in the order of the fold, and folds
// them.
func (u *MembershipUpdate) judge(events []Event, known map[string]*Event, signer SignerOf) error {
	order := make([]*Event, len(events))
	for i := range events {
		order[i] = &events[i]
	}
	slices.SortStableFunc(order, func(a, b *Event) int { return cmp.Compare(a.Clock, b.Clock) })
	f := newFold()
	for i, e := range order {
		if old := known[string(e.Raw)]; old != nil {
			*e = *old
		} else {
			from, err := signer(eventDigest(u.ChatID, e.content()), e.Raw[:signatureSize])
			if err != nil {
				return err
			}
			e.From = from
		}
		if i == 0 {
			if err := checkCreation(u.ChatID, e); err != nil {
				return err
			}
		}
		if f.apply(e) == refused {
			return notAllowed(e)
		}
	}
	return nil
}

// join adds the received events to those known.
func (f *Folded) join(chatID string, known []Event, byRaw map[string]*Event) (err error) {
	all, twins := slices.Clone(known), 0
	ids := make(map[EventID]int)
	for i := range f.Received {
		if byRaw[string(f.Received[i].Raw)] != nil {
			continue
		}
		if len(ids) == 0 {
			for k := range all {
				ids[all[k].ID()] = k
			}
		}
		e := f.Received[i]
		e.Raw = canonical(e.Raw)
		e, kept := e.digest()
		if !kept {
			continue
		}
		k, had := ids[e.ID()]
		if !had {
			ids[e.ID()] = len(all)
			all = append(all, e)
		} else if !bytes.Equal(all[k].Raw, e.Raw) && !all[k].Twin {
			all[k].Twin = true
			twins++
		}
	}
	f.Group, err = UnionOf(chatID, all)
	f.Changed = len(all) > len(known) || twins > 0 || len(f.Group.Events) != len(known)
	if err != nil || len(all) == len(known) {
		return err
	}
	old, _ := UnionOf(chatID, known) // no group where nothing was known
	was := make(map[EventID]effect, len(old.Events))
	for i := range old.Events {
		was[old.Events[i].ID()] = old.effects[i]
	}
	moved := old.movedTo(&f.Group)
	for i := range f.Group.Events {
		e := &f.Group.Events[i]
		if ids[e.ID()] >= len(known) {
			f.New = append(f.New, *e)
		}
		if was[e.ID()] == refused && f.Group.effects[i] == changed && (len(known) == 0 || moved(e)) {
			f.Effective = append(f.Effective, *e)
		}
	}
	return nil
}

// movedTo returns a function that tells which events are about something that is
// different in a later state.
func (g *Group) movedTo(after *Group) func(*Event) bool {
	status := func(g *Group) map[string]int {
		of := make(map[string]int, len(g.Members))
		for bit, list := range [][]string{g.Members, g.Admins, g.Joined} {
			for _, id := range list {
				of[id] |= 1 << bit
			}
		}
		return of
	}
	then, now := status(g), status(after)
	return func(e *Event) bool {
		differs := func(id string) bool { return then[id] != now[id] }
		switch e.Type {
		case NameChanged:
			return e.Name == after.Name && g.Name != after.Name
		case ChatCreated, MemberJoined:
			return differs(e.From)
		}
		return slices.ContainsFunc(e.Members, differs)
	}
}

// canonical returns a signed event with the lower of the two signatures that
// everybody can make of each other. Clients make the lower one: who sends the
// other wants two copies of one event, which peers take for two.
func canonical(raw []byte) []byte {
	return append(bytes.Clone(lowSignature(raw[:signatureSize])), raw[signatureSize:]...)
}
