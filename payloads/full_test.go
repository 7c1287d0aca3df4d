package payloads

import (
	"fmt"
	"slices"
	"testing"
)

// crowdNames returns n names of a prefix.
func crowdNames(prefix string, n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprint(prefix, i))
	}
	return ids
}

// TestAdminHidesNoActInAFullGroup: an admin who fills the group to its bounds, so
// that not all that he does can be kept, and who resigned for some and went on for
// others, cuts nobody off: a peer of 2020 that has what he did goes on to take what
// we send, and so he does when the founder has acted.
func TestAdminHidesNoActInAFullGroup(t *testing.T) {
	for name, fill := range map[string]func(c *crowd){
		"additions": func(c *crowd) {
			for i := range 12 {
				c.adds("mallory", crowdNames(fmt.Sprint(i, " "), 900)...)
			}
		},
		"removals of nobody": func(c *crowd) {
			for i := range MaxGroupEvents + 500 {
				c.removes("mallory", fmt.Sprint("nobody ", i))
			}
		},
		"additions and removals": func(c *crowd) {
			for i := range MaxGroupEvents/2 + 500 {
				c.adds("mallory", fmt.Sprint("x", i))
				c.removes("mallory", fmt.Sprint("x", i))
			}
		},
	} {
		for _, before := range []bool{false, true} { // what fills the group comes before or after
			c := newCrowd(t)
			c.adds("founder", "victim")
			c.promotes("founder", "mallory")
			base := slices.Clone(c.events)
			if before {
				fill(c)
			}
			c.clock += 2 // between them he resigns for others
			resigned := append(slices.Clone(base), Event{})
			c.adds("mallory", crowdNames("last", 900)...)
			last := len(c.events)
			if !before {
				fill(c)
			}
			did := slices.Clone(c.events)
			other := &crowd{t: t, chatID: c.chatID, clock: did[last-1].Clock - 2}
			other.does("mallory", Event{Type: AdminRemoved, Members: []string{"mallory"}})
			resigned[len(base)] = other.events[0]
			for _, swap := range []bool{false, true} {
				c.takesAll(name, before, swap, did, resigned)
			}
		}
	}
}

// takesAll has a group hear two stories, and a peer of 2020 the first of them; both
// go on.
func (c *crowd) takesAll(name string, before, swap bool, did, resigned []Event) {
	c.t.Helper()
	var peer peer2020
	if err := peer.receive(c.chatID, did); err != nil {
		c.t.Fatal(name, err)
	}
	stories := [][]Event{did, resigned}
	if swap {
		slices.Reverse(stories)
	}
	var g Group
	for _, list := range append(stories, stories...) { // peers of 2020 send all of it again
		var err error
		if g, err = UnionOf(c.chatID, append(slices.Clone(g.Events), list...)); err != nil {
			c.t.Fatal(name, err)
		}
	}
	if n := size(g.Events); n > MaxGroupBytes || len(g.Events) > MaxGroupEvents {
		c.t.Errorf("%s: %d events with %d bytes are kept", name, len(g.Events), n)
	}
	if err := peer.receive(c.chatID, g.Update().verified); err != nil {
		c.t.Errorf("%s, filled before %t, swapped %t: a peer refuses: %v", name, before, swap, err)
	}
	c.clock++
	c.events = slices.Clone(g.Events)
	c.does("founder", Event{Type: NameChanged, Name: "ours"})
	g = c.group()
	if err := peer.receive(c.chatID, g.Update().verified); err != nil || peer.Name != "ours" {
		c.t.Errorf("%s, filled before %t, swapped %t: a peer refuses the founder's act: %v", name, before, swap, err)
	}
}

// TestShortNamesWeighWhatPeopleDo: people in a group's events cost time whatever
// they are called, so a thousand of them in a few bytes are no less.
func TestShortNamesWeighWhatPeopleDo(t *testing.T) {
	c := newCrowd(t)
	c.promotes("founder", "mallory")
	for i := range 160 {
		e := c.does("mallory", Event{Type: AdminsAdded})
		for k := range 999 {
			e.Members = append(e.Members, fmt.Sprintf("%x", 1000*i+k))
		}
		e.Members = append(e.Members, "mallory")
	}
	g, names := c.group(), 0
	for i := range g.Events {
		names += len(g.Events[i].Members)
	}
	if names > MaxGroupBytes/contactIDSize {
		t.Errorf("%d people are kept", names)
	}
}
