package mailserver

import (
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/bucket"
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

// bucket is a full bucket of the rate, one that never limits if that is none.
func (r Rate) bucket(now time.Time) bucket.Bucket {
	if !r.active() {
		return bucket.Bucket{}
	}
	return bucket.New(r.Volume/r.Period.Seconds(), r.Volume, now)
}

// allowance is what one peer or address has left. The bytes of an answer are
// known only afterwards, and may be a debt.
type allowance struct {
	requests, pages, bytes bucket.Bucket
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
	if !p.has(page, now) || !i.has(page, now) {
		return false
	}
	p.take(page, now)
	i.take(page, now)
	return true
}

// spend accounts for the bytes of an answer and remembers where it ended.
func (l *limiter) spend(now time.Time, peer enode.ID, ip string, bytes int, end *Key) {
	p := entry(l, l.peers, peer, l.limits.Peer, now)
	p.bytes.Debit(float64(bytes), now)
	entry(l, l.ips, ip, l.limits.IP, now).bytes.Debit(float64(bytes), now)
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
			requests: limit.Requests.bucket(now), pages: limit.Pages.bucket(now), bytes: limit.Bytes.bucket(now),
		}
		m[key] = a
	}
	return a
}

func (a *allowance) full(now time.Time) bool {
	return a.requests.Full(now) && a.pages.Full(now) && a.bytes.Full(now)
}

// has reports whether a request or page may be served. Its bytes are known only
// afterwards: what it takes too much of them holds up the next.
func (a *allowance) has(page bool, now time.Time) bool {
	if !a.bytes.Has(1, now) {
		return false
	}
	if page {
		return a.pages.Has(1, now)
	}
	return a.requests.Has(1, now)
}

func (a *allowance) take(page bool, now time.Time) {
	if page {
		a.pages.Debit(1, now)
	} else {
		a.requests.Debit(1, now)
	}
}

// sweep drops entries that are as good as new, so that the maps stay as large
// as the number of recent peers.
func (l *limiter) sweep(now time.Time) {
	l.fresh = 0
	for id, a := range l.peers {
		if a.full(now) {
			delete(l.peers, id)
		}
	}
	for ip, a := range l.ips {
		if a.full(now) {
			delete(l.ips, ip)
		}
	}
}
