package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"

	"statusd/discovery"
	"statusd/discovery/topdisc"
	"statusd/internal/tdtenr"
)

// lone is one registrar and those who come to it, without a network: what the
// waiting times alone do.
type lone struct {
	agenda
	registrar *topdisc.Registrar
	params    topdisc.Params
	rng       *rand.Rand
	admitted  map[bool]int // by attacker
	attempts  map[bool]int
	byNode    map[enode.ID]bool // attacker
	made      uint64
}

// loneTotal counts the advertisements of a registrar over time.
type loneTotal struct{ ads, hostile, samples float64 }

func newLone(p topdisc.Params, seed uint64) *lone {
	p.Limits = topdisc.Limits{
		RegistrationsPerMinute: 1e9, QueriesPerMinute: 1e9, Burst: 1e9, TotalPerSecond: 1e9, // waiting times alone
	}
	p = p.WithDefaults()
	return &lone{
		registrar: topdisc.NewRegistrar(topdisc.RegistrarConfig{Params: p, Start: epoch()}), params: p,
		rng:      rand.New(rand.NewPCG(seed, 1)),
		admitted: make(map[bool]int), attempts: make(map[bool]int), byNode: make(map[enode.ID]bool),
	}
}

// advertise lets a new node come at a moment, for a topic, and stay. renew is
// the share of the lifetime after which it comes again.
func (l *lone) advertise(at time.Duration, topic string, addr netip.Addr, attacker bool, renew float64) {
	l.made++
	var id enode.ID
	binary.BigEndian.PutUint64(id[:], l.made)
	var r enr.Record
	r.Set(enr.IPv4Addr(addr))
	r.Set(enr.UDP(30303))
	r.Set(tdtenr.Version)
	node := enode.SignNull(&r, id)
	l.byNode[id] = attacker
	peer := topdisc.Peer{ID: id, Addr: addr}
	req := topdisc.RegRequest{Service: topdisc.ServiceOf(discovery.Topic(topic)), Node: node}
	var visit func()
	visit = func() {
		l.attempts[attacker]++
		c, err := l.registrar.Register(peer, req, l.time())
		if err != nil {
			panic("topicsim: " + err.Error())
		}
		if req.Ticket = c.Ticket; !c.Admitted() {
			l.after(c.Wait, visit)
			return
		}
		l.admitted[attacker]++
		l.after(time.Duration(renew*float64(c.Wait)), visit)
	}
	l.after(at-l.now, visit)
}

// watch counts the advertisements each minute from a moment on.
func (l *lone) watch(from, end time.Duration) loneTotal {
	var t loneTotal
	for at := from; at <= end; at += time.Minute {
		l.runUntil(at)
		l.registrar.Sweep(l.time())
		ads, _ := l.registrar.Ads()
		t.samples++
		t.ads += float64(ads)
		l.registrar.Each(func(n *enode.Node) {
			if l.byNode[n.ID()] {
				t.hostile++
			}
		})
	}
	return t
}

func (l *lone) addr(sameNet bool) netip.Addr {
	var raw [4]byte
	binary.BigEndian.PutUint32(raw[:], l.rng.Uint32())
	if sameNet {
		raw[0], raw[1], raw[2] = 51, 15, 7
	}
	return netip.AddrFrom4(raw)
}

// steadyState is a row of the table of spec 08 section 2.5: the mean number of
// advertisements of a registrar over six hours.
type steadyState struct {
	advertisers, services int
	oneAddress            bool
	published             [2]float64 // by similarity: cache, capacity
	ours                  [2]float64
}

func steadyStates() []steadyState {
	rows := []steadyState{
		{advertisers: 50, services: 1, published: [2]float64{20.8, 40.3}},
		{advertisers: 50, services: 2, published: [2]float64{26.8, 41.4}},
		{advertisers: 200, services: 1, published: [2]float64{62.4, 107.1}},
		{advertisers: 200, services: 20, published: [2]float64{115.1, 125.3}},
		{advertisers: 20, services: 1, oneAddress: true, published: [2]float64{5.9, 9.1}},
	}
	for i := range rows {
		for v, similarity := range []topdisc.Similarity{topdisc.Cache, topdisc.Capacity} {
			rows[i].ours[v] = rows[i].simulate(similarity, 1)
		}
	}
	return rows
}

func (s steadyState) simulate(similarity topdisc.Similarity, seed uint64) float64 {
	const length = 6 * time.Hour
	l := newLone(topdisc.Params{Similarity: similarity}, seed)
	addr := l.addr(false)
	for i := range s.advertisers {
		if !s.oneAddress {
			addr = l.addr(false)
		}
		at := time.Duration(l.rng.Int64N(int64(l.params.Lifetime)))
		l.advertise(at, fmt.Sprint("service ", i%s.services), addr, false, 1)
	}
	t := l.watch(time.Minute, length)
	return t.ads / t.samples
}

// attack is a point of the published evaluation of the admission parameters:
// honest nodes come at 0.05/s, an attacker's out of one /24 at 0.2/s, for
// topics without number; all stay, for a day.
type attack struct {
	exponent    float64
	published   [2]float64 // attacker's share, share of the capacity in use; 0: not given
	share, used float64
	attempts    float64 // of the attacker for each admission
}

func attacks(length time.Duration, progress func(string)) []attack {
	points := []attack{
		{exponent: 1, published: [2]float64{0.52, 0.85}},
		{exponent: 2},
		{exponent: 4},
		{exponent: 10, published: [2]float64{0.36, 0.28}},
		{exponent: 32, published: [2]float64{0.27, 0.11}},
	}
	for i := range points {
		points[i].simulate(length)
		progress(fmt.Sprintf("attack on one registrar: P_occ = %g", points[i].exponent))
	}
	return points
}

func (a *attack) simulate(length time.Duration) {
	const honestPerSecond, hostilePerSecond, honestTopics, hostileTopics = 0.05, 0.2, 100, 3000
	l := newLone(topdisc.Params{Similarity: topdisc.Cache, OccupancyExponent: a.exponent}, 1)
	arrive := func(rate float64, attacker bool, topics int) {
		for at := 0.0; ; {
			at += l.rng.ExpFloat64() / rate
			if at >= length.Seconds() {
				return
			}
			topic := fmt.Sprint(attacker, " topic ", l.rng.IntN(topics))
			l.advertise(time.Duration(at*float64(time.Second)), topic, l.addr(attacker), attacker, 1)
		}
	}
	arrive(honestPerSecond, false, honestTopics)
	arrive(hostilePerSecond, true, hostileTopics)
	t := l.watch(length/24, length)
	a.share = t.hostile / max(t.ads, 1)
	a.used = t.ads / t.samples / float64(l.params.Capacity)
	a.attempts = float64(l.attempts[true]) / float64(max(l.admitted[true], 1))
}
