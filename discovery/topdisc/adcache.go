package topdisc

import (
	"net/netip"

	"github.com/ethereum/go-ethereum/p2p/enode"
)

// adCache holds the admitted advertisements: by service, in it by node, and in
// the order they expire, which is that of admission since all live equally
// long.
type adCache struct {
	services    map[Service]*adService
	count       int
	first, last *ad // by expiry
	tree        ipTree
}

type adService struct {
	ads   map[enode.ID]*ad
	bound bound
}

type ad struct {
	service    Service
	node       *enode.Node
	ip         netip.Addr // counted in the tree; invalid: not counted
	expires    float64    // ms
	prev, next *ad
}

func newAdCache() *adCache { return &adCache{services: make(map[Service]*adService)} }

// get returns the advertisement of a node under a service, nil when none.
func (c *adCache) get(s Service, id enode.ID) *ad {
	if svc := c.services[s]; svc != nil {
		return svc.ads[id]
	}
	return nil
}

// put adds an advertisement in place of the node's former one.
func (c *adCache) put(a *ad, now float64) {
	svc := c.services[a.service]
	if svc == nil {
		svc = &adService{ads: make(map[enode.ID]*ad), bound: bound{at: now}}
		c.services[a.service] = svc
	}
	old := svc.ads[a.node.ID()]
	if a.ip.IsValid() {
		c.tree.add(a.ip, now) // before the old one goes: vertices they share keep their bounds
	}
	if old != nil {
		c.unlink(old)
	}
	svc.ads[a.node.ID()] = a
	c.count++
	a.prev = c.last
	if c.last != nil {
		c.last.next = a
	} else {
		c.first = a
	}
	c.last = a
}

// unlink takes an advertisement out of everything but its service's map.
func (c *adCache) unlink(a *ad) {
	if a.prev != nil {
		a.prev.next = a.next
	} else {
		c.first = a.next
	}
	if a.next != nil {
		a.next.prev = a.prev
	} else {
		c.last = a.prev
	}
	a.prev, a.next = nil, nil
	if a.ip.IsValid() {
		c.tree.remove(a.ip)
	}
	c.count--
}

// sweep drops what has expired and returns how many.
func (c *adCache) sweep(now float64) int {
	dropped := 0
	for c.first != nil && c.first.expires <= now {
		a := c.first
		c.unlink(a)
		svc := c.services[a.service]
		delete(svc.ads, a.node.ID())
		if len(svc.ads) == 0 {
			delete(c.services, a.service)
		}
		dropped++
	}
	return dropped
}
