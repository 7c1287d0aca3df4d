package rendezvous

import (
	"net/netip"
	"time"
)

// maxOwners bounds the hosts that a quota remembers.
const maxOwners = 1 << 16

// quota allows each host a number of events per minute. After a quiet minute
// they may come all at once; while they are used up, one becomes free at a
// time. It owns no clock.
type quota struct {
	pause time.Duration // between two events in the long run
	// full is when the quota of a host will be whole again. A host whose time
	// is over needs no entry.
	full map[netip.Prefix]time.Time
	// swept is when entries were last cleared.
	swept time.Time
}

func newQuota(perMinute int) *quota {
	return &quota{pause: time.Minute / time.Duration(perMinute), full: make(map[netip.Prefix]time.Time)}
}

// take uses up one event of a host. false: there is none left, or too many
// hosts are remembered to add this one.
func (q *quota) take(host netip.Prefix, now time.Time) bool {
	at, known := q.full[host]
	if !known && len(q.full) >= maxOwners && !q.sweep(now) {
		return false
	}
	if at.Before(now) {
		at = now
	}
	if at = at.Add(q.pause); at.Sub(now) > time.Minute {
		return false
	}
	q.full[host] = at
	return true
}

// sweep makes room, at most once in a second, and reports whether there is.
func (q *quota) sweep(now time.Time) bool {
	if now.Sub(q.swept) < time.Second {
		return false
	}
	q.swept = now
	for host, at := range q.full {
		if !at.After(now) {
			delete(q.full, host)
		}
	}
	return len(q.full) < maxOwners
}

// hostOf is what limits count as one host: an IPv4 address, or the /64 of an
// IPv6 address.
func hostOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
