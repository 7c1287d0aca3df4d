package peercache

import (
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
)

// Prune forgets every node that keep does not want, and returns how many nodes
// those were.
func (c *Cache) Prune(keep func(enode.ID) bool) (int, error) {
	gone := make(map[enode.ID]bool)
	err := c.change(func(time.Time) bool {
		for k := range c.entries {
			if !keep(k.id) {
				delete(c.entries, k)
				gone[k.id] = true
			}
		}
		return len(gone) > 0
	})
	return len(gone), err
}
