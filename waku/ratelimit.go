package waku

import (
	"net/netip"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/bucket"
	"statusd/waku/wire"
)

// limiter measures what peers send against our announced limits. Exceeding
// them neither drops nor delays a packet; it is counted per peer, the count
// decays over a minute, and a peer that uses up the tolerance is dropped.
type limiter struct {
	limits RateLimits
	exempt map[netip.Addr]bool
	known  map[enode.ID]bool

	mu  sync.Mutex
	ips map[netip.Addr]*ipUsage
}

// ipUsage is shared by the connections from one address. Guarded by limiter.mu.
type ipUsage struct {
	packets, bytes bucket.Bucket
	users          int
}

// peerUsage is one connection's account. It belongs to the peer's reader,
// except for ip.
type peerUsage struct {
	packets, bytes bucket.Bucket
	exceeded       bucket.Bucket // tolerance that is left
	addr           netip.Addr
	ip             *ipUsage // nil: exempt or limits off
}

func newLimiter(limits RateLimits) *limiter {
	l := &limiter{
		limits: limits, ips: make(map[netip.Addr]*ipUsage),
		exempt: make(map[netip.Addr]bool), known: make(map[enode.ID]bool),
	}
	for _, ip := range limits.ExemptIPs {
		l.exempt[ip.Unmap()] = true
	}
	for _, id := range limits.ExemptPeers {
		l.known[id] = true
	}
	return l
}

// announced returns the limits as status options, nil when off.
func (l *limiter) announced() (packets, bytes *wire.Limits) {
	if !l.limits.Enabled {
		return &wire.Limits{}, &wire.Limits{}
	}
	return &wire.Limits{PerIP: l.limits.PacketsPerIP, PerPeer: l.limits.PacketsPerPeer},
		&wire.Limits{PerIP: l.limits.BytesPerIP, PerPeer: l.limits.BytesPerPeer}
}

// open starts the account of a connection; close ends it.
func (l *limiter) open(id enode.ID, addr netip.Addr, now time.Time) *peerUsage {
	addr = addr.Unmap()
	if !l.limits.Enabled || l.known[id] || l.exempt[addr] {
		return &peerUsage{}
	}
	tolerance := float64(l.limits.Tolerance)
	u := &peerUsage{
		packets: bucket.Second(l.limits.PacketsPerPeer, now), bytes: bucket.Second(l.limits.BytesPerPeer, now), addr: addr,
		exceeded: bucket.New(tolerance/60.0, tolerance, now),
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if u.ip = l.ips[addr]; u.ip == nil {
		u.ip = &ipUsage{packets: bucket.Second(l.limits.PacketsPerIP, now), bytes: bucket.Second(l.limits.BytesPerIP, now)}
		l.ips[addr] = u.ip
	}
	u.ip.users++
	return u
}

func (l *limiter) close(u *peerUsage) {
	if u.ip == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if u.ip.users--; u.ip.users == 0 {
		delete(l.ips, u.addr)
	}
}

// excess names the limits that a packet broke.
type excess struct{ ip, peer bool }

// count accounts for one packet of size bytes. drop is set when the peer's
// tolerance is used up.
func (l *limiter) count(u *peerUsage, size uint32, now time.Time) (over excess, drop bool) {
	if u.ip == nil {
		return excess{}, false
	}
	packets, bytes := u.packets.Spend(1, now), u.bytes.Spend(float64(size), now)
	over.peer = !packets || !bytes
	l.mu.Lock()
	packets, bytes = u.ip.packets.Spend(1, now), u.ip.bytes.Spend(float64(size), now)
	l.mu.Unlock()
	over.ip = !packets || !bytes
	if (over.ip || over.peer) && l.limits.Tolerance > 0 {
		drop = !u.exceeded.Spend(1, now) || !u.exceeded.Has(1, now)
	}
	return over, drop
}
