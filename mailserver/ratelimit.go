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
	Every time.Duration // one request in this time
	Pages float64       // pages per second; 0 with Every set: 10 for each request
	Bytes float64       // bytes of envelopes per second
}

// NewRateLimits gives the limits that a number of seconds between two requests
// of a peer stands for. Peers behind one address share four times as much.
func NewRateLimits(seconds int) RateLimits {
	if seconds <= 0 {
		return RateLimits{}
	}
	every := time.Duration(seconds) * time.Second
	return RateLimits{Peer: RateLimit{Every: every}, IP: RateLimit{Every: every / ipShare}}
}

const (
	ipShare = 4
	// pageBurst is how many pages may come at once, and how many the time of
	// one request gives.
	pageBurst = 20
	pageShare = 10
	// byteBurst is for how many seconds unused bytes are kept.
	byteBurst = 10
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

func (b *bucket) refill(now time.Time, rate, capacity float64) {
	if d := now.Sub(b.at).Seconds(); d > 0 {
		b.tokens = min(capacity, b.tokens+d*rate)
	}
	b.at = now
}

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

func (l RateLimit) active() bool { return l.Every > 0 || l.Bytes > 0 }

func (l RateLimit) requestRate() float64 { return float64(time.Second) / float64(l.Every) }

func (l RateLimit) pageRate() float64 {
	if l.Pages > 0 {
		return l.Pages
	}
	return pageShare * l.requestRate()
}

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
	p.take(l.limits.Peer, page)
	i.take(l.limits.IP, page)
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
			requests: bucket{1, now}, pages: bucket{pageBurst, now}, bytes: bucket{byteBurst * limit.Bytes, now},
		}
		m[key] = a
	}
	a.refill(limit, now)
	return a
}

func (a *allowance) refill(l RateLimit, now time.Time) {
	if l.Every > 0 {
		a.requests.refill(now, l.requestRate(), 1)
		a.pages.refill(now, l.pageRate(), pageBurst)
	}
	a.bytes.refill(now, l.Bytes, byteBurst*l.Bytes)
}

func (a *allowance) full(l RateLimit) bool {
	return a.bytes.tokens >= byteBurst*l.Bytes &&
		(l.Every == 0 || a.requests.tokens >= 1 && a.pages.tokens >= pageBurst)
}

func (a *allowance) has(l RateLimit, page bool) bool {
	if l.Bytes > 0 && a.bytes.tokens <= 0 {
		return false
	}
	if l.Every == 0 {
		return true
	}
	if page {
		return a.pages.tokens >= 1
	}
	return a.requests.tokens >= 1
}

func (a *allowance) take(l RateLimit, page bool) {
	switch {
	case l.Every == 0:
	case page:
		a.pages.tokens--
	default:
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
