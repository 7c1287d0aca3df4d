//go:build !race

package messenger

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestDayOfTwentyPeople is a virtual day: twenty people, four of them with two
// devices, five groups, three public chats. It takes half a minute
// of computing; -short and the race detector leave it out.
func TestDayOfTwentyPeople(t *testing.T) {
	if testing.Short() {
		t.Skip("a virtual day")
	}
	synctest.Test(t, func(t *testing.T) {
		simulate(t, simConfig{
			seed: 2, relays: 4, people: 20, devices: 4, groups: 5, pub: 3, actions: 600, length: 24 * time.Hour,
			link: lossy(),
		})
	})
}
