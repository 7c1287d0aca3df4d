package payloads

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"statusd/accounts/key"
	"statusd/internal/test/vectors"
)

// person is a key with its contact id.
type person struct {
	key.Private
	id string
}

func people(tb testing.TB, n int) []person {
	tb.Helper()
	out := make([]person, n)
	for i := range out {
		k := mustKey(tb, byte(i+1))
		out[i] = person{k, k.Public().ContactID()}
	}
	return out
}

// newGroup makes a group of people that all joined; the first created it.
func newGroup(tb testing.TB, members []person) Group {
	tb.Helper()
	clock := uint64(testClock)
	g, err := CreateGroup(GroupChat([16]byte{7}, members[0].Public()), "friends", members[0].Private, clock)
	must := func(next Group, err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		g = next
		clock++
	}
	must(g, err)
	var ids []string
	for _, m := range members[1:] {
		ids = append(ids, m.id)
	}
	if len(ids) > 0 {
		must(g.AddMembers(ids, members[0].Private, clock))
	}
	for _, m := range members[1:] {
		must(g.Join(m.Private, clock))
	}
	return g
}

func TestGroupLife(t *testing.T) {
	p := people(t, 4)
	g := newGroup(t, p[:3])
	if !slices.Equal(g.Members, []string{p[0].id, p[1].id, p[2].id}) || !slices.Equal(g.Admins, []string{p[0].id}) ||
		len(g.Joined) != 3 || g.Name != "friends" || !g.HasJoined(p[2].id) {
		t.Fatalf("%+v", g)
	}
	if len(g.MemberKeys()) != 3 || g.JoinedKeys()[1] != p[1].Public() {
		t.Error("keys of the members are wrong")
	}
	var err error
	clock := func() uint64 {
		c, err := g.EventClock(0, 5)
		if err == nil || c != 0 {
			t.Errorf("clock %d far ahead of the time is accepted", c)
		}
		c, err = g.EventClock(0, testClock)
		if err != nil || c <= g.Events[len(g.Events)-1].Clock {
			t.Errorf("clock %d: %v", c, err)
		}
		return c
	}
	step := func(next Group, e error) {
		t.Helper()
		if e != nil {
			err = e
			t.Error(e)
			return
		}
		g = next
	}
	step(g.Rename("good friends", p[0].Private, clock()))
	step(g.AddAdmins([]string{p[1].id}, p[0].Private, clock()))
	step(g.AddMembers([]string{p[3].id}, p[1].Private, clock()))
	step(g.RemoveMember(p[2].id, p[1].Private, clock()))
	step(g.Resign(p[0].Private, clock()))
	step(g.RemoveMember(p[0].id, p[0].Private, clock()))
	if err != nil || g.Name != "good friends" || !slices.Equal(g.Members, []string{p[1].id, p[3].id}) ||
		!slices.Equal(g.Admins, []string{p[1].id}) || !slices.Equal(g.Joined, []string{p[1].id}) {
		t.Errorf("%+v", g)
	}
	for i := range g.Events {
		if text := g.Events[i].Text(); !strings.Contains(text, "@0x04") {
			t.Errorf("event %v has the text %q", g.Events[i].Type, text)
		}
	}
	f, err := g.Update().Fold(nil)
	if err != nil || len(f.New) != len(g.Update().Events) || describe(f.Group) != describe(g) {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestGroupChangesThatAreRefused(t *testing.T) {
	p := people(t, 5)
	g := newGroup(t, p[:3])
	g, err := g.AddAdmins([]string{p[2].id}, p[0].Private, testClock+10)
	if err != nil {
		t.Fatal(err)
	}
	const clock = testClock + 20
	for name, try := range map[string]func() (Group, error){
		"rename by a member":  func() (Group, error) { return g.Rename("x", p[1].Private, clock) },
		"rename to nothing":   func() (Group, error) { return g.Rename("  ", p[0].Private, clock) },
		"rename, not UTF-8":   func() (Group, error) { return g.Rename("\xff", p[0].Private, clock) },
		"add by a member":     func() (Group, error) { return g.AddMembers([]string{p[3].id}, p[1].Private, clock) },
		"add nobody":          func() (Group, error) { return g.AddMembers(nil, p[0].Private, clock) },
		"add nonsense":        func() (Group, error) { return g.AddMembers([]string{"nonsense"}, p[0].Private, clock) },
		"add a member":        func() (Group, error) { return g.AddMembers([]string{p[1].id}, p[0].Private, clock) },
		"join again":          func() (Group, error) { return g.Join(p[1].Private, clock) },
		"join uninvited":      func() (Group, error) { return g.Join(p[3].Private, clock) },
		"remove a stranger":   func() (Group, error) { return g.RemoveMember(p[3].id, p[0].Private, clock) },
		"leave as a stranger": func() (Group, error) { return g.RemoveMember(p[3].id, p[3].Private, clock) },
		"remove by a member":  func() (Group, error) { return g.RemoveMember(p[0].id, p[1].Private, clock) },
		"remove an admin":     func() (Group, error) { return g.RemoveMember(p[2].id, p[0].Private, clock) },
		"promote a stranger": func() (Group, error) {
			return g.AddAdmins([]string{p[1].id, p[3].id}, p[0].Private, clock)
		},
		"promote nobody":         func() (Group, error) { return g.AddAdmins(nil, p[0].Private, clock) },
		"promote an admin":       func() (Group, error) { return g.AddAdmins([]string{p[2].id}, p[0].Private, clock) },
		"resign as a member":     func() (Group, error) { return g.Resign(p[1].Private, clock) },
		"before other events":    func() (Group, error) { return g.Rename("x", p[0].Private, testClock+10) },
		"without clock":          func() (Group, error) { return CreateGroup(g.ChatID, "x", p[0].Private, 0) },
		"create somebody else's": func() (Group, error) { return CreateGroup(g.ChatID, "x", p[1].Private, clock) },
		"create without name":    func() (Group, error) { return CreateGroup(g.ChatID, "", p[0].Private, clock) },
		"create without prefix":  func() (Group, error) { return CreateGroup(p[0].id, "x", p[0].Private, clock) },
		"without a key":          func() (Group, error) { return g.Rename("x", key.Private{}, clock) },
	} {
		before := len(g.Events)
		if _, err := try(); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if len(g.Events) != before {
			t.Fatalf("%s: changed the group", name)
		}
	}
}

func TestGroupUpdateCarriesOnlyItsOwnChat(t *testing.T) {
	p := people(t, 2)
	g := newGroup(t, p)
	for name, c := range map[string]struct {
		change func(*MembershipUpdate)
		rule   Rule
	}{
		"nothing": {func(*MembershipUpdate) {}, ""},
		"message": {func(u *MembershipUpdate) { u.Message = groupMessage(g.ChatID) }, ""},
		"public message": {func(u *MembershipUpdate) {
			u.Message = groupMessage(g.ChatID)
			u.Message.MessageType = PublicGroup
		}, RuleAttachment},
		"message of another group": {func(u *MembershipUpdate) {
			u.Message = groupMessage(GroupChat([16]byte{8}, p[0].Public()))
		}, RuleAttachment},
		"blank message": {func(u *MembershipUpdate) {
			u.Message = groupMessage(g.ChatID)
			u.Message.Text = " "
		}, RuleTextBlank},
		"reaction": {func(u *MembershipUpdate) {
			u.Reaction = &EmojiReaction{testClock, g.ChatID, MessageID{1}.String(), PrivateGroup, Sad, false}
		}, ""},
		"public reaction": {func(u *MembershipUpdate) {
			u.Reaction = &EmojiReaction{testClock, g.ChatID, MessageID{1}.String(), PublicGroup, Sad, false}
		}, RuleAttachment},
	} {
		u := g.Update()
		c.change(u)
		if _, err := Seal(u, p[0].Private); ruleOf(err) != c.rule {
			t.Errorf("%s: sent: %v, want %q", name, err, c.rule)
		}
		sealed, err := seal(u, p[0].Private)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Parse(sealed.Wrapper, p[1].Public(), Options{})
		if err != nil {
			t.Errorf("%s: the events are refused: %v", name, err)
			continue
		}
		if err := m.Check(0, testClock); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := ruleOf(m.Check(testClock, 5)); got != RuleClockAhead {
			t.Errorf("%s: the events' clocks are not compared with the local time: %q", name, got)
		}
		a, ok, err := m.Attachment()
		if ruleOf(err) != c.rule || ok != (u.Message != nil || u.Reaction != nil) {
			t.Errorf("%s: attachment %v, %v, want %q", name, ok, err, c.rule)
		}
		if err == nil && ok && (a.ID != m.ID || a.Author != m.Author || a.Type == m.Type) {
			t.Errorf("%s: attachment %+v", name, a)
		}
	}
	both := g.Update()
	both.Message, both.Reaction = groupMessage(g.ChatID), &EmojiReaction{}
	if _, err := Seal(both, p[0].Private); ruleOf(err) != RuleAttachment {
		t.Errorf("message and reaction: %v", err)
	}
	if _, ok, _ := (&Message{Body: goodChat()}).Attachment(); ok {
		t.Error("a chat message has an attachment")
	}
	invalid := g.Update()
	invalid.Events = invalid.Events[1:]
	if _, err := Seal(invalid, p[0].Private); !errors.Is(err, ErrEvent) {
		t.Errorf("events that do not fold are sent: %v", err)
	}
}

func groupMessage(chatID string) *ChatMessage {
	c := goodChat()
	c.ChatID, c.MessageType = chatID, PrivateGroup
	return c
}

// TestGroupsConverge lets members change a group at the same time, with clocks
// that differ by up to two minutes, hand their updates around in any order
// with losses, and demands the same state of all once everybody has heard
// everything.
func TestGroupsConverge(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { converge(t, rand.New(rand.NewPCG(seed, 3))) })
	}
}

func converge(t *testing.T, rng *rand.Rand) {
	p := people(t, 6)
	start := newGroup(t, p[:4])
	states := make([]Group, len(p))
	for i := range states {
		states[i] = start
	}
	receive := func(to, from int) error {
		f, err := states[from].Update().Fold(states[to].Events)
		if err == nil {
			states[to] = f.Group
		}
		return err
	}
	now := uint64(testClock + 1000)
	for range 25 {
		now += 1000
		i := rng.IntN(len(p))
		g := &states[i]
		clock, err := g.EventClock(0, now-uint64(rng.IntN(60_000)))
		if err != nil {
			continue
		}
		other := p[rng.IntN(len(p))].id
		var next Group
		switch rng.IntN(5) {
		case 0:
			next, err = g.Rename(fmt.Sprintf("name %d", now), p[i].Private, clock)
		case 1:
			next, err = g.AddMembers([]string{other}, p[i].Private, clock)
		case 2:
			next, err = g.Join(p[i].Private, clock)
		case 3:
			next, err = g.AddAdmins([]string{other}, p[i].Private, clock)
		default:
			next, err = g.RemoveMember(p[i].id, p[i].Private, clock)
		}
		if err == nil {
			states[i] = next
		}
		// Most of the others hear of it; an update that does not fold with
		// what they know is dropped, as by every peer.
		for to := range states {
			if rng.IntN(3) > 0 {
				_ = receive(to, i)
			}
		}
	}
	var refused error
	for range len(p) {
		for to := range states {
			for from := range states {
				if err := receive(to, from); err != nil {
					refused = err
				}
			}
		}
	}
	if refused != nil {
		// Concurrent changes may contradict each other: then two lists are
		// valid alone and not together, and by the rules of deployed peers
		// both sides keep theirs. Nothing else may go wrong.
		if !errors.Is(refused, ErrEvent) {
			t.Fatal(refused)
		}
		return
	}
	for i := range states {
		if a, b := describe(states[0]), describe(states[i]); a != b {
			t.Errorf("member %d sees\n%s\nthe first sees\n%s", i, b, a)
		}
	}
}

// describe prints a group without the order of its sets, which depends on the
// order of events with equal clocks.
func describe(g Group) string {
	sorted := func(list []string) []string { return slices.Sorted(slices.Values(list)) }
	return fmt.Sprintf("%s\n%v\n%v\n%v", g.Name, sorted(g.Members), sorted(g.Admins), sorted(g.Joined))
}

// TestFoldOfAHugeList folds a list made to make sets expensive: many
// members, then many removals.
func TestFoldOfAHugeList(t *testing.T) {
	const members, removals = 20_000, 20_000
	p := people(t, 1)
	chatID := GroupChat([16]byte{1}, p[0].Public())
	events := []Event{{Type: ChatCreated, Clock: 1, From: p[0].id}}
	add := Event{Type: MembersAdded, Clock: 2, From: p[0].id}
	for i := range members {
		add.Members = append(add.Members, fmt.Sprint(i))
	}
	events = append(events, add)
	for i := range removals {
		events = append(events, Event{
			Type: MemberRemoved, Clock: uint64(3 + i), From: p[0].id, Members: []string{fmt.Sprint(members - 1 - i)},
		})
	}
	g, err := GroupOf(chatID, events)
	if err != nil || len(g.Members) != 1 {
		t.Errorf("%d members, %v", len(g.Members), err)
	}
}

// programmed returns events that a fuzz input chooses, one for each byte.
func programmed(p []person, program []byte) (events []Event) {
	for i, b := range program {
		e := Event{
			Type: EventType(b >> 4 & 7), Clock: uint64(1 + i/2), From: p[int(b&3)].id,
			Members: []string{p[int(b>>2&3)].id}, Name: "n", Raw: append(make([]byte, signatureSize), byte(i)),
		}
		if b&0x80 != 0 {
			e.Members = append(e.Members, p[4].id)
		}
		events = append(events, e)
	}
	return events
}

// FuzzFold folds lists of events that the input chooses, and checks what holds
// for every group that is accepted.
func FuzzFold(f *testing.F) {
	f.Add([]byte{0x10, 0x31, 0x41, 0x42})
	f.Add([]byte{0x10, 0x31, 0x32, 0x41, 0x62, 0x51, 0x73})
	f.Add([]byte{0x10, 0x10})
	p := people(f, 5)
	chatID := GroupChat([16]byte{7}, p[0].Public())
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 60 {
			return
		}
		events := programmed(p, program)
		g, err := GroupOf(chatID, events)
		if err != nil {
			if !errors.Is(err, ErrEvent) && !errors.Is(err, ErrGroupID) {
				t.Fatal(err)
			}
			return
		}
		for _, id := range g.Joined {
			if !g.IsMember(id) {
				t.Fatalf("%s joined and is no member", id)
			}
		}
		for _, list := range [][]string{g.Members, g.Admins, g.Joined} {
			if unique := slices.Compact(slices.Sorted(slices.Values(list))); len(unique) != len(list) {
				t.Fatalf("twice in a list: %v", list)
			}
		}
		// Shuffled events with distinct clocks fold to the same.
		for i := range events {
			events[i].Clock = uint64(1 + i)
		}
		one, err1 := GroupOf(chatID, events)
		slices.Reverse(events)
		two, err2 := GroupOf(chatID, events)
		if (err1 == nil) != (err2 == nil) || describe(one) != describe(two) {
			t.Fatal("the order of the list matters")
		}
	})
}

func FuzzParseEvent(f *testing.F) {
	file := vectors.Load(f, "payloads")
	var chatID string
	for _, c := range vectors.Cases[vectorEvent](f, file, "membership_events") {
		chatID = c.ChatID
		f.Add([]byte(c.Raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		input := bytes.Clone(raw)
		e, err := ParseEvent(chatID, raw)
		if err != nil {
			if Reason(err) == "other" {
				t.Fatal(err)
			}
			return
		}
		clear(raw)
		if !bytes.Equal(e.Raw, input) || len(e.From) != contactIDSize {
			t.Fatalf("%+v", e)
		}
		e.Text()
	})
}

// BenchmarkFold is the price of a group message: a group of 50 with 100
// events, all known already, and all new.
func BenchmarkFold(b *testing.B) {
	p := people(b, 50)
	g := newGroup(b, p)
	u := g.Update()
	wire, err := u.encode()
	if err != nil {
		b.Fatal(err)
	}
	for name, known := range map[string][]Event{"known": g.Events, "new": nil} {
		b.Run(fmt.Sprintf("%d events %s", len(g.Events), name), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(wire)))
			for b.Loop() {
				body, _, err := decode(TypeMembershipUpdate, wire)
				if err != nil {
					b.Fatal(err)
				}
				received, _ := body.(*MembershipUpdate)
				if _, err := received.Fold(known); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// FuzzUnion folds events that the input chooses as a union, and checks that what
// is kept and the state do not depend on the order of arrival.
func FuzzUnion(f *testing.F) {
	f.Add([]byte{0x10, 0x31, 0x41, 0x42})
	f.Add([]byte{0x10, 0x31, 0x32, 0x41, 0x62, 0x51, 0x73, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55})
	f.Add([]byte("\x101x0")) // an admin resigns somebody else
	f.Add([]byte("P1\x10"))  // events before the creation
	p := people(f, 5)
	chatID := GroupChat([16]byte{7}, p[0].Public())
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 60 {
			return
		}
		events := programmed(p, program)
		half := len(events) / 2
		all, err := UnionOf(chatID, events)
		first, _ := UnionOf(chatID, events[half:])
		parts := slices.Concat(first.Events, events[:half])
		if len(first.Events) == 0 { // it has no creation, so nobody has it
			parts = events
		}
		slices.Reverse(parts)
		again, err2 := UnionOf(chatID, parts)
		if (err == nil) != (err2 == nil) || err == nil && describe(all) != describe(again) {
			t.Fatalf("%v, %v:\n%s\nand\n%s", err, err2, describe(all), describe(again))
		}
		if err != nil {
			return
		}
		if _, err := GroupOf(chatID, all.Update().verified); err != nil {
			t.Fatalf("what is sent is not valid alone: %v", err)
		}
		if _, err := all.Settle(p[0].Private, 1000); err != nil {
			t.Fatal(err)
		}
	})
}
