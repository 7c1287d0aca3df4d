package mailserver

import (
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
)

// RateLimits bound what one peer and one address may ask for. Zero values are
// no limits.
type RateLimits struct {
	Peer, IP RateLimit
}

// RateLimit is a set of token buckets. A request that continues an answer of
// the same peer with its cursor is a page; any other counts as a request.
type RateLimit struct {
	Requests, Pages, Bytes Rate
}

// Rate is what fits into a bucket and the time in which it fills from empty.
// The zero value is no limit.
type Rate struct {
	Volume float64
	Period time.Duration
}

func (r Rate) active() bool { return r.Volume > 0 && r.Period > 0 }

// NewRateLimits gives the limits of peers, and of addresses: peers behind one
// address share four times as much. Where requests are limited and pages are
// not, ten pages may come in the time of one request, twenty at once.
func NewRateLimits(peer RateLimit) RateLimits {
	if peer.Requests.active() && !peer.Pages.active() {
		each := float64(peer.Requests.Period) / peer.Requests.Volume
		peer.Pages = Rate{pageBurst, time.Duration(each * pageBurst / pageShare)}
	}
	ip := peer
	for _, r := range []*Rate{&ip.Requests, &ip.Pages, &ip.Bytes} {
		r.Volume *= ipShare
	}
	return RateLimits{Peer: peer, IP: ip}
}

const (
	ipShare   = 4
	pageBurst = 20
	pageShare = 10
	// maxEnds is how many ends of answers are remembered for a peer.
	maxEnds = 8
	// limiterSweep is after how many new entries the full ones are dropped.
	limiterSweep = 1024
)

// bucket is a token bucket that fills continuously. Tokens may go below zero
// for costs that are known only afterwards.
type bucket struct {
	tokens float64
	at     time.Time
}

func (b *bucket) refill(now time.Time, r Rate) {
	if d := now.Sub(b.at); d > 0 && r.active() {
		b.tokens = min(r.Volume, b.tokens+r.Volume*float64(d)/float64(r.Period))
	}
	b.at = now
}

// holds reports whether the bucket has so many tokens, or has no limit.
func (b *bucket) holds(tokens float64, r Rate) bool { return !r.active() || b.tokens >= tokens }

// allowance is what one peer or address has left.
type allowance struct {
	requests, pages, bytes bucket
	ends                   []Key // of its latest answers
}

// limiter applies limits. It is not safe for concurrent use; now never goes
// back by more than a clock adjustment.
type limiter struct {
	limits RateLimits
	peers  map[enode.ID]*allowance
	ips    map[string]*allowance
	fresh  int // entries made since the last sweep
}

func newLimiter(l RateLimits) *limiter {
	return &limiter{limits: l, peers: make(map[enode.ID]*allowance), ips: make(map[string]*allowance)}
}

func (l RateLimit) active() bool { return l.Requests.active() || l.Pages.active() || l.Bytes.active() }

// allow takes a token for a request, or for a page if after is the end of an
// answer that the peer had, or refuses without taking any.
func (l *limiter) allow(now time.Time, peer enode.ID, ip string, after *Key) bool {
	if l.fresh > limiterSweep {
		l.sweep(now)
	}
	p := entry(l, l.peers, peer, l.limits.Peer, now)
	i := entry(l, l.ips, ip, l.limits.IP, now)
	page := after != nil && slices.Contains(p.ends, *after)
	if !p.has(l.limits.Peer, page) || !i.has(l.limits.IP, page) {
		return false
	}
	p.take(page)
	i.take(page)
	return true
}

// spend accounts for the bytes of an answer and remembers where it ended.
func (l *limiter) spend(now time.Time, peer enode.ID, ip string, bytes int, end *Key) {
	p := entry(l, l.peers, peer, l.limits.Peer, now)
	p.bytes.tokens -= float64(bytes)
	entry(l, l.ips, ip, l.limits.IP, now).bytes.tokens -= float64(bytes)
	if end != nil {
		if len(p.ends) == maxEnds {
			p.ends = append(p.ends[:0], p.ends[1:]...)
		}
		p.ends = append(p.ends, *end)
	}
}

func entry[K comparable](l *limiter, m map[K]*allowance, key K, limit RateLimit, now time.Time) *allowance {
	if !limit.active() {
		return new(allowance)
	}
	a := m[key]
	if a == nil {
		l.fresh++
		a = &allowance{
			requests: bucket{limit.Requests.Volume, now}, pages: bucket{limit.Pages.Volume, now},
			bytes: bucket{limit.Bytes.Volume, now},
		}
		m[key] = a
	}
	a.refill(limit, now)
	return a
}

func (a *allowance) refill(l RateLimit, now time.Time) {
	a.requests.refill(now, l.Requests)
	a.pages.refill(now, l.Pages)
	a.bytes.refill(now, l.Bytes)
}

func (a *allowance) full(l RateLimit) bool {
	return a.requests.holds(l.Requests.Volume, l.Requests) && a.pages.holds(l.Pages.Volume, l.Pages) &&
		a.bytes.holds(l.Bytes.Volume, l.Bytes)
}

// has reports whether a request or page may be served. Its bytes are known only
// afterwards: what it takes too much of them holds up the next.
func (a *allowance) has(l RateLimit, page bool) bool {
	if !a.bytes.holds(1, l.Bytes) {
		return false
	}
	if page {
		return a.pages.holds(1, l.Pages)
	}
	return a.requests.holds(1, l.Requests)
}

func (a *allowance) take(page bool) {
	if page {
		a.pages.tokens--
	} else {
		a.requests.tokens--
	}
}

// sweep drops entries that are as good as new, so that the maps stay as large
// as the number of recent peers.
func (l *limiter) sweep(now time.Time) {
	l.fresh = 0
	for id, a := range l.peers {
		if a.refill(l.limits.Peer, now); a.full(l.limits.Peer) {
			delete(l.peers, id)
		}
	}
	for ip, a := range l.ips {
		if a.refill(l.limits.IP, now); a.full(l.limits.IP) {
			delete(l.ips, ip)
		}
	}
}
