package main

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery/topdisc"
	"statusd/discovery/topdisc/tdt1"
)

// respTimeout is when an answer no longer counts.
const respTimeout = time.Second

var errTimeout = errors.New("timeout")

// latency of one datagram: log-normal, median 60 ms, cut at 400 ms.
func (w *world) latency() time.Duration {
	ms := 60 * math.Exp(0.5*w.rng.NormFloat64())
	return time.Duration(min(ms, 400) * float64(time.Millisecond))
}

// exchange carries one request and its answer. serve runs at the receiver and
// returns what the asker runs when the answer arrives; lost runs when none
// does. Each datagram sent counts as a message of its sender.
func (w *world) exchange(kind messageKind, to *node, serve func() (answer func()), lost func()) {
	w.count.message(kind)
	if to.behaviour == dead || w.rng.Float64() < w.Loss {
		w.after(respTimeout, lost)
		return
	}
	there, back := w.latency(), w.latency()
	w.after(there, func() {
		if w.count.on && kind != ping {
			to.received++
		}
		answer := serve()
		w.count.message(kind)
		if w.rng.Float64() < w.Loss || there+back > respTimeout {
			w.after(respTimeout-there, lost)
			return
		}
		w.after(back, answer)
	})
}

// register carries a registration, like tdt1 does.
func (w *world) register(
	from, to *node, req topdisc.RegRequest, done func(topdisc.Confirmation, []*enode.Node, error),
) {
	serve := func() func() {
		if to.behaviour == hollow {
			c := topdisc.Confirmation{Wait: w.params.Lifetime}
			aux := w.conspirators()
			return func() { done(c, aux, nil) }
		}
		peer := topdisc.Peer{ID: from.self.ID(), Addr: from.addr}
		err := to.registrar.Allow(topdisc.KindRegister, peer, w.time())
		var c topdisc.Confirmation
		if err == nil {
			c, err = to.registrar.Register(peer, req, w.time())
		}
		if err != nil {
			return func() { done(topdisc.Confirmation{}, nil, err) }
		}
		aux := topdisc.Aux(to.neighbours, req.Service, req.Distances, peer, &[32]byte{}, w.seed())
		aux = aux[:len(tdt1.Confirm(c, aux).Aux)]
		return func() { done(c, aux, nil) }
	}
	w.exchange(registration, to, serve, func() { done(topdisc.Confirmation{}, nil, errTimeout) })
}

// query carries a query, page after page, like tdt1 does.
func (w *world) query(from, to *node, req topdisc.QueryRequest, done func(topdisc.QueryResult, error)) {
	w.page(from, to, req, tdt1.NewPager(req, w.seed()), done)
}

func (w *world) page(
	from, to *node, req topdisc.QueryRequest, pager *tdt1.Pager, done func(topdisc.QueryResult, error),
) {
	q, more := pager.Next()
	if !more {
		done(pager.Result(), nil)
		return
	}
	serve := func() func() {
		if to.behaviour == hollow {
			aux := w.conspirators()
			return func() { done(topdisc.QueryResult{Aux: aux}, nil) }
		}
		peer := topdisc.Peer{ID: from.self.ID(), Addr: from.addr}
		if err := to.registrar.Allow(topdisc.KindQuery, peer, w.time()); err != nil {
			return func() { done(topdisc.QueryResult{}, err) }
		}
		ads := to.registrar.Query(req.Service, q.Seed, w.time())
		aux := topdisc.Aux(to.neighbours, req.Service, req.Distances, peer, &[32]byte{}, q.Seed)
		p := tdt1.Page(ads, aux, q.Page)
		before := 0 // records on earlier pages
		for k := range q.Page {
			earlier := tdt1.Page(ads, aux, k)
			before += len(earlier.Ads) + len(earlier.Aux)
		}
		both := append(append([]*enode.Node{}, ads...), aux...)[before:]
		ads, aux = both[:len(p.Ads)], both[len(p.Ads):len(p.Ads)+len(p.Aux)]
		return func() {
			pager.TakeNodes(p.Total, ads, aux)
			w.page(from, to, req, pager, done)
		}
	}
	w.exchange(querying, to, serve, func() {
		if pager.Pages() > 0 {
			done(pager.Result(), nil)
			return
		}
		done(topdisc.QueryResult{}, errTimeout)
	})
}

// conspirators returns records of hollow registrars.
func (w *world) conspirators() []*enode.Node {
	var nodes []*enode.Node
	for range min(len(w.hollows), topdisc.MaxAux) {
		nodes = append(nodes, w.hollows[w.rng.IntN(len(w.hollows))])
	}
	return nodes
}

func (w *world) seed() (seed [8]byte) {
	binary.BigEndian.PutUint64(seed[:], w.rng.Uint64())
	return seed
}
