package mailserver

import (
	"context"
	"net/netip"
	"sync"

	"golang.org/x/sync/semaphore"

	"statusd/waku/wire"
)

// addressKey is what the limits of one address are counted for: an IPv4
// address, or the network of an IPv6 one, since a host has a whole network of
// those.
func addressKey(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	const hostNetwork = 64
	return netip.PrefixFrom(addr, hostNetwork).Masked().String()
}

// packetRoom is the memory for packets that wait to be written. No address can
// have all of it, so that some slow readers do not keep out everybody else.
type packetRoom struct {
	all *semaphore.Weighted

	mu     *sync.Mutex
	shares map[string]*share // of addresses with packets or waiting for room
}

type share struct {
	room  *semaphore.Weighted
	users int
}

func newPacketRoom() packetRoom {
	return packetRoom{
		all: semaphore.NewWeighted(packetMemory), mu: new(sync.Mutex), shares: make(map[string]*share),
	}
}

// take waits for n bytes, of the address's share first.
func (r packetRoom) take(ctx context.Context, address string, n int64) error {
	r.mu.Lock()
	s := r.shares[address]
	if s == nil {
		s = &share{room: semaphore.NewWeighted(addressMemory)}
		r.shares[address] = s
	}
	s.users++
	r.mu.Unlock()
	if err := s.room.Acquire(ctx, n); err != nil {
		r.leave(address)
		return err
	}
	if err := r.all.Acquire(ctx, n); err != nil {
		s.room.Release(n)
		r.leave(address)
		return err
	}
	return nil
}

// free gives a part back.
func (r packetRoom) free(address string, n int64) {
	r.all.Release(n)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shares[address].room.Release(n)
}

// giveBack gives back what is left of what was taken.
func (r packetRoom) giveBack(address string, n int64) {
	r.free(address, n)
	r.leave(address)
}

func (r packetRoom) leave(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.shares[address]
	if s.users--; s.users == 0 {
		delete(r.shares, address)
	}
}

// maxRecent bounds the remembered requests: more than all peers together can
// have answered in the lifetime of a usual request.
const maxRecent = 1 << 16

// recentIDs remembers the latest requests, so that none is answered twice. A
// request is forgotten when so many others have come since; who sends that
// many himself gains nothing by repeating one.
type recentIDs struct {
	seen map[wire.Hash]struct{}
	ring []wire.Hash // in the order they came, from next on
	next int
}

// repeated reports whether a request was seen before, and remembers it.
func (r *recentIDs) repeated(id wire.Hash) bool {
	if _, known := r.seen[id]; known {
		return true
	}
	r.seen[id] = struct{}{}
	if len(r.ring) < maxRecent {
		r.ring = append(r.ring, id)
		return false
	}
	delete(r.seen, r.ring[r.next])
	r.ring[r.next] = id
	r.next = (r.next + 1) % maxRecent
	return false
}
