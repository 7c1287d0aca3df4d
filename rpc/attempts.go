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
	failed map[netip.Addr][]time.Time // at most maxFailures, oldest first
}

// fail records a failure. It returns 0, or how long to wait when the address
// had its ten failures within the last minute already.
func (a *attempts) fail(addr netip.Addr, now time.Time) time.Duration {
	addr = group(addr)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failed == nil {
		a.failed = make(map[netip.Addr][]time.Time)
	}
	times := a.failed[addr]
	for len(times) > 0 && now.Sub(times[0]) >= failureWindow {
		times = times[1:]
	}
	if len(times) >= maxFailures {
		a.failed[addr] = times
		return failureWindow - now.Sub(times[0])
	}
	if len(times) == 0 && len(a.failed) >= maxAddresses {
		a.forget(now)
	}
	a.failed[addr] = append(times[:len(times):len(times)], now)
	return 0
}

// forget makes room: entries of the past go, and others until a quarter is free,
// so that many addresses do not make each failure expensive.
func (a *attempts) forget(now time.Time) {
	for addr, times := range a.failed {
		if now.Sub(times[len(times)-1]) >= failureWindow {
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
