package topdisc

import (
	"net/netip"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/netutil"
)

// Kind is what a request asks for.
type Kind uint8

const (
	KindRegister Kind = iota
	KindQuery
	Kinds // number of kinds
)

// limiter holds the token buckets of a registrar. A request that is refused
// takes nothing, so that a flood from one source leaves the share of others
// alone; and since only served requests make entries, the total rate bounds
// the memory: an entry is forgotten when it would be full again.
type limiter struct {
	rate  [Kinds]float64 // tokens per ms
	burst float64
	total float64 // tokens per ms
	local bool    // no limit per network for local addresses

	all      tokens
	now, old map[limitKey]tokens
	turned   float64 // when now became the current generation
	keep     float64 // ms until any bucket is full again
}

// limitKey is a node or a network.
type limitKey struct {
	kind Kind
	node enode.ID
	net  netip.Prefix
}

type tokens struct{ left, at float64 }

func newLimiter(p *Params) *limiter {
	l := &limiter{
		burst: p.Limits.Burst,
		total: p.Limits.TotalPerSecond / 1000,
		local: p.AllowLocal,
		now:   make(map[limitKey]tokens),
	}
	l.rate[KindRegister] = p.Limits.RegistrationsPerMinute / ms(time.Minute)
	l.rate[KindQuery] = p.Limits.QueriesPerMinute / ms(time.Minute)
	l.keep = l.burst / min(l.rate[KindRegister], l.rate[KindQuery])
	l.all = tokens{left: l.totalBurst()}
	return l
}

func (l *limiter) totalBurst() float64 { return max(l.total*1000, 1) }

// allow takes one token from each bucket, or none and says which is empty.
func (l *limiter) allow(kind Kind, from Peer, now float64) (Reason, bool) {
	if now-l.turned >= l.keep {
		if l.old = l.now; now-l.turned >= 2*l.keep {
			l.old = nil
		}
		l.now, l.turned = make(map[limitKey]tokens), now
	}
	byNode := limitKey{kind: kind, node: from.ID}
	byNet := limitKey{kind: kind, net: network(from.Addr, 24, 64)}
	node, net := l.filled(byNode, now), l.filled(byNet, now)
	all := l.all.filled(l.total, l.totalBurst(), now)
	exempt := l.local && netutil.AddrIsLAN(from.Addr)
	switch {
	case node.left < 1:
		return ReasonNodeLimit, false
	case net.left < 1 && !exempt:
		return ReasonNetLimit, false
	case all.left < 1:
		return ReasonTotalLimit, false
	}
	node.left--
	all.left--
	l.now[byNode], l.all = node, all
	if !exempt {
		net.left--
		l.now[byNet] = net
	}
	return 0, true
}

func (l *limiter) filled(k limitKey, now float64) tokens {
	t, ok := l.now[k]
	if !ok {
		t, ok = l.old[k]
	}
	if !ok {
		return tokens{left: l.burst, at: now}
	}
	return t.filled(l.rate[k.kind], l.burst, now)
}

func (t tokens) filled(rate, burst, now float64) tokens {
	return tokens{left: min(burst, t.left+rate*(now-t.at)), at: now}
}

// network returns the network of an address, by the prefix lengths for IPv4
// and IPv6.
func network(addr netip.Addr, v4, v6 int) netip.Prefix {
	bits := v4
	if addr.Is6() {
		bits = v6
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // not a valid address
	}
	return p
}
