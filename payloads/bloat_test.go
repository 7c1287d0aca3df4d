package payloads

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
)

// crowd is a group of people without keys: what is kept and sent does not depend
// on signatures.
type crowd struct {
	t      *testing.T
	chatID string
	clock  uint64
	events []Event
}

func newCrowd(t *testing.T) *crowd {
	c := &crowd{t: t, chatID: "id-founder", clock: 1000}
	c.does("founder", Event{Type: ChatCreated, Name: "crowd"})
	return c
}

// does adds an event that weighs what a real one does.
func (c *crowd) does(from string, e Event) *Event {
	c.clock++
	e.From, e.Clock = from, c.clock
	e.Raw = make([]byte, signatureSize)
	binary.BigEndian.PutUint64(e.Raw, c.clock)                       // no two are equal
	e.Raw = binary.BigEndian.AppendUint64(append(e.Raw, 8), c.clock) // the tag of the clock
	e.Raw = append(e.Raw, e.Name...)
	for _, id := range e.Members {
		e.Raw = append(e.Raw, make([]byte, max(len(id), contactIDSize))...)
	}
	c.events = append(c.events, e)
	return &c.events[len(c.events)-1]
}

// size is what events weigh in an update.
func size(events []Event) (bytes int) {
	for i := range events {
		bytes += len(events[i].Raw)
	}
	return bytes
}

func (c *crowd) adds(by string, ids ...string) { c.does(by, Event{Type: MembersAdded, Members: ids}) }

// promotes makes somebody a member and an admin.
func (c *crowd) promotes(by, id string) {
	c.adds(by, id)
	c.does(by, Event{Type: AdminsAdded, Members: []string{id}})
}

func (c *crowd) removes(by, id string) *Event {
	return c.does(by, Event{Type: MemberRemoved, Members: []string{id}})
}

func (c *crowd) group() Group {
	c.t.Helper()
	g, err := UnionOf(c.chatID, c.events)
	if err != nil {
		c.t.Fatal(err)
	}
	return g
}

// check has the founder act in a group and wants that to be sent, in updates of
// a bounded size.
func (c *crowd) check(name string, victim string) {
	c.t.Helper()
	acts := []Event{*c.removes("founder", victim), *c.does("founder", Event{Type: NameChanged, Name: "ours"})}
	c.adds("founder", "new friend")
	acts = append(acts, c.events[len(c.events)-1])
	g := c.group()
	sent := g.Update().verified
	if n := size(sent); n > maxUpdate {
		c.t.Errorf("%s: an update has %d bytes", name, n)
	}
	if n := size(g.Events); n > MaxGroupBytes || len(g.Events) > MaxGroupEvents {
		c.t.Errorf("%s: %d events with %d bytes are kept", name, len(g.Events), n)
	}
	for i := range acts {
		if !slices.ContainsFunc(sent, func(e Event) bool { return e.same(&acts[i]) }) {
			c.t.Errorf("%s: %v by the founder is not sent", name, acts[i].Type)
		}
	}
	alone, err := GroupOf(c.chatID, sent)
	if err != nil {
		c.t.Errorf("%s: what is sent is not valid alone: %v", name, err)
	}
	if alone.Name != "ours" || alone.IsMember(victim) || !alone.IsMember("new friend") {
		c.t.Errorf("%s: what is sent says %q, %d members", name, alone.Name, len(alone.Members))
	}
	peer := peer2020{}
	if err := peer.receive(c.chatID, c.events[:len(c.events)-len(acts)]); err != nil {
		c.t.Fatal(err)
	}
	if err := peer.receive(c.chatID, sent); err != nil || peer.IsMember(victim) || peer.Name != "ours" {
		c.t.Errorf("%s: a peer that has all of it: %v", name, err)
	}
}

// TestFounderCanAlwaysAct: neither a large group nor one that an admin fills with
// whatever he can think of keeps the founder's acts from being sent.
func TestFounderCanAlwaysAct(t *testing.T) {
	for name, fill := range map[string]func(*crowd){
		"many members": func(c *crowd) {
			for i := range 990 {
				id := fmt.Sprint("m", i)
				c.adds("founder", id)
				c.does(id, Event{Type: MemberJoined})
			}
		},
		"many who came and went": func(c *crowd) {
			for i := range 4000 {
				id := fmt.Sprint("m", i)
				c.adds("founder", id)
				c.removes("founder", id)
			}
		},
		"a chain of admins": func(c *crowd) {
			c.promotes("founder", "mallory")
			by := "mallory"
			for i := range 1500 {
				next := fmt.Sprint("a", i)
				c.promotes(by, next)
				c.removes(by, by)
				by = next
			}
			for i := range 500 {
				c.adds(by, fmt.Sprint("x", i))
			}
		},
		"an admin for each member": func(c *crowd) {
			c.promotes("founder", "mallory")
			for i := range 900 {
				by := fmt.Sprint("a", i)
				c.promotes("mallory", by)
				c.adds(by, fmt.Sprint("x", i))
				c.does(by, Event{Type: NameChanged, Name: fmt.Sprint(i)})
				c.removes(by, by)
			}
		},
		"large events": func(c *crowd) {
			c.promotes("founder", "mallory")
			var junk []string
			for i := range 900 {
				junk = append(junk, fmt.Sprint("j", i))
			}
			for i := range 40 {
				c.adds("mallory", append(junk, fmt.Sprint("x", i))...)
			}
		},
	} {
		c := newCrowd(t)
		c.adds("founder", "victim")
		fill(c)
		c.check(name, "victim")
	}
}
