package rpc

import (
	"net/netip"
	"sync"
	"time"
)

// Limits of failed authentication (spec 07 section 5).
const (
	maxFailures   = 10
	failureWindow = time.Minute
	maxAddresses  = 4096 // remembered at a time
)

// attempts counts failed authentications by address. A valid token is never
// held up: guessing 256 random bits is hopeless at any rate, and a program
// with an outdated token on this machine must not lock out the others.
type attempts struct {
	mu     sync.Mutex
	failed map[netip.Addr]record
}

// record is the failures of one address within the window.
type record struct {
	times []time.Time // at most maxFailures, oldest first
	told  bool        // that the address had to wait
}

// fail records a failure. It returns 0, or how long to wait when the address
// had its ten failures within the last minute already; first is true once in
// such a time.
func (a *attempts) fail(addr netip.Addr, now time.Time) (wait time.Duration, first bool) {
	addr = group(addr)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failed == nil {
		a.failed = make(map[netip.Addr]record)
	}
	f := a.failed[addr]
	for len(f.times) > 0 && now.Sub(f.times[0]) >= failureWindow {
		f.times, f.told = f.times[1:], false
	}
	if len(f.times) >= maxFailures {
		first = !f.told
		f.told = true
		a.failed[addr] = f
		return failureWindow - now.Sub(f.times[0]), first
	}
	if len(f.times) == 0 && len(a.failed) >= maxAddresses {
		a.forget(now)
	}
	f.times = append(f.times[:len(f.times):len(f.times)], now)
	a.failed[addr] = f
	return 0, false
}

// forget makes room: entries of the past go, and others until a quarter is free,
// so that many addresses do not make each failure expensive.
func (a *attempts) forget(now time.Time) {
	for addr, f := range a.failed {
		if len(f.times) == 0 || now.Sub(f.times[len(f.times)-1]) >= failureWindow {
			delete(a.failed, addr)
		}
	}
	for addr := range a.failed {
		if len(a.failed) <= maxAddresses/4*3 {
			return
		}
		delete(a.failed, addr)
	}
}

// group maps an address to what is counted: for IPv6 the network of a site,
// since hosts there have addresses in plenty.
func group(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if addr.Is4() || !addr.IsValid() {
		return addr
	}
	p, err := addr.Prefix(64)
	if err != nil {
		return addr
	}
	return p.Addr()
}
