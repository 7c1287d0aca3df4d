package payloads

import (
	"fmt"
	"testing"
)

// TestPromotionsOfManyPeopleCostOnce: an admin who adds and removes many people
// and promotes all of them many times does not have each removal compared with all
// people of each promotion. That took a minute for each message of the group.
func TestPromotionsOfManyPeopleCostOnce(t *testing.T) {
	c := newCrowd(t)
	c.promotes("founder", "mallory")
	var ids []string
	for i := range 300 {
		ids = append(ids, fmt.Sprint("m", i))
	}
	c.adds("mallory", ids...)
	for _, id := range ids {
		c.removes("mallory", id)
	}
	for i := range 30 {
		c.does("mallory", Event{Type: AdminsAdded, Members: append(ids[:300:300], fmt.Sprint("u", i), "mallory")})
	}
	g := c.group()
	s := newSettled(&g)
	s.settle()
	names := 0
	for i := range g.Events {
		names += 1 + len(g.Events[i].Members)
	}
	if names < 20*len(ids) || s.looked > 3*names {
		t.Errorf("%d names are kept, %d times a member was looked for", names, s.looked)
	}
}
