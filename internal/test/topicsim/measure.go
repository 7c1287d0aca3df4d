package main

import (
	"math"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery/topdisc"
)

// messageKind tells what a datagram was for.
type messageKind uint8

const (
	registration messageKind = iota
	querying
	ping
	messageKinds
)

// measurements gathers what happens while on.
type measurements struct {
	on       bool
	messages [messageKinds]uint64
	minute   [messageKinds]uint64 // since the last sample, on or not
	samples  []sample
	searches []searchResult
}

// sample is the state of the network at one minute.
type sample struct {
	at       time.Duration
	placed   float64 // share of advertisers with an advertisement at an honest registrar
	filled   float64 // registrations at honest registrars, of those wanted
	perHour  float64 // messages per node, of the last minute
	meanAds  float64 // per honest registrar
	pingRate float64 // of perHour, for pings
}

type searchResult struct {
	topic       int
	found       int
	asked       int
	first, took time.Duration // first 0: nothing found
	wrong       bool
}

func (m *measurements) message(kind messageKind) {
	m.minute[kind]++
	if m.on {
		m.messages[kind]++
	}
}

func (m *measurements) searched(s *searching) {
	if !m.on {
		return
	}
	m.searches = append(m.searches, searchResult{
		topic: s.topic, found: s.core.Found(), asked: s.core.Asked(), first: s.first, took: s.w.now - s.began,
		wrong: s.wrong,
	})
}

// takeSample looks at the network.
func (w *world) takeSample() {
	s := sample{at: w.now}
	advertisers, wanted, active, ads, registrars := 0, 0, 0, 0, 0
	now := w.time()
	for _, n := range w.nodes {
		if n.registrar != nil {
			registrars++
			n.registrar.Sweep(now)
			count, _ := n.registrar.Ads()
			ads += count
		}
		if n.adv == nil {
			continue
		}
		advertisers++
		mine := 0
		n.adv.core.Active(now, func(id enode.ID) {
			if w.byID[id].behaviour == honest {
				mine++
			}
		})
		if mine > 0 {
			s.placed++
		}
		active += mine
		wanted += w.wanted(n)
	}
	s.placed /= float64(max(advertisers, 1))
	s.filled = float64(active) / float64(max(wanted, 1))
	s.meanAds = float64(ads) / float64(max(registrars, 1))
	for kind, count := range w.count.minute {
		rate := float64(count) * 60 / float64(len(w.nodes))
		s.perHour += rate
		if messageKind(kind) == ping {
			s.pingRate = rate
		}
	}
	w.count.minute = [messageKinds]uint64{}
	w.count.samples = append(w.count.samples, s)
}

// wanted is the number of registrations of a node, were every registrar honest
// and every registration admitted: K_register in each bucket that its topic
// has registrars for, as far as its table holds them.
func (w *world) wanted(n *node) int {
	total := 0
	for b := range topdisc.Buckets {
		known, _ := n.adv.table.BucketLen(b)
		total += min(known, w.params.RegisterPerBucket)
	}
	return total
}

// run plays a scenario.
func (w *world) run(progress func(string)) {
	for _, n := range w.nodes {
		if n.behaviour == honest {
			w.after(time.Duration(w.rng.Int64N(int64(time.Minute))), func() { w.startAdvertiser(n) })
		}
	}
	end := w.Warmup + w.Measure
	searchers := make([]*node, 0, len(w.nodes))
	for _, n := range w.nodes {
		if n.behaviour == honest {
			searchers = append(searchers, n)
		}
	}
	if gap := time.Duration(float64(time.Hour) / (w.SearchRate * float64(len(searchers)))); w.SearchRate > 0 {
		var next func()
		next = func() {
			w.startSearch(searchers[w.rng.IntN(len(searchers))], w.pickTopic())
			w.after(time.Duration(w.rng.ExpFloat64()*float64(gap)), next)
		}
		w.after(w.Warmup, next)
	}
	for at := time.Minute; at <= end; at += time.Minute {
		w.count.on = at > w.Warmup
		w.runUntil(at)
		w.takeSample()
		if at%(10*time.Minute) == 0 {
			progress(w.name() + ": " + at.String())
		}
	}
}

// distribution of a quantity.
type distribution struct{ mean, p50, p90, p99, max, gini float64 }

func distributionOf(values []float64) distribution {
	if len(values) == 0 {
		return distribution{}
	}
	slices.Sort(values)
	sum, weighted := 0.0, 0.0
	for i, v := range values {
		sum += v
		weighted += float64(i+1) * v
	}
	n := float64(len(values))
	d := distribution{
		mean: sum / n, p50: quantile(values, 0.5), p90: quantile(values, 0.9), p99: quantile(values, 0.99),
		max: values[len(values)-1],
	}
	if sum > 0 {
		d.gini = 2*weighted/(n*sum) - (n+1)/n
	}
	return d
}

// quantile of sorted values, by the nearest rank.
func quantile(sorted []float64, q float64) float64 {
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}
