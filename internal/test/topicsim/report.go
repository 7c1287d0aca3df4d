package main

import (
	"fmt"
	"slices"
	"strings"

	"statusd/discovery/topdisc"
)

// result is what a run showed.
type result struct {
	scenario
	samples  []sample
	placed   float64 // mean while measuring
	filled   float64
	ads      float64
	peak     float64 // messages per node and hour in the busiest minute
	perHour  [messageKinds]float64
	found    float64      // share of searches with a result
	complete float64      // share of searches that found what was wanted, or all there is
	wrong    int          // searches that found somebody else
	asked    distribution // registrars per search
	first    []float64    // seconds until the first result, sorted
	took     distribution // seconds of a search
	load     []float64    // requests per hour of each honest registrar, sorted
	spread   distribution
	stored   distribution // advertisements of each honest registrar at the end
	topics   []topicResult
}

type topicResult struct {
	advertisers, searches int
	found, complete       float64
}

func (w *world) result() result {
	r := result{scenario: w.scenario, samples: w.count.samples, topics: make([]topicResult, w.Topics)}
	measured := 0
	for _, s := range r.samples {
		r.peak = max(r.peak, s.perHour)
		if s.at > w.Warmup {
			measured++
			r.placed += s.placed
			r.filled += s.filled
			r.ads += s.meanAds
		}
	}
	r.placed /= float64(measured)
	r.filled /= float64(measured)
	r.ads /= float64(measured)
	hours := w.Measure.Hours()
	for kind, n := range w.count.messages {
		r.perHour[kind] = float64(n) / hours / float64(w.Nodes)
	}
	var stored []float64
	for _, n := range w.nodes {
		if n.behaviour != honest {
			continue
		}
		r.topics[n.topic].advertisers++
		r.load = append(r.load, float64(n.received)/hours)
		ads, _ := n.registrar.Ads()
		stored = append(stored, float64(ads))
	}
	r.spread, r.stored = distributionOf(r.load), distributionOf(stored)
	w.searchResults(&r)
	return r
}

func (w *world) searchResults(r *result) {
	var asked, took []float64
	for _, s := range w.count.searches {
		t := &r.topics[s.topic]
		t.searches++
		asked = append(asked, float64(s.asked))
		took = append(took, s.took.Seconds())
		if s.wrong {
			r.wrong++
		}
		if s.found > 0 {
			r.found++
			t.found++
			r.first = append(r.first, s.first.Seconds())
		}
		// The searcher may be one of the advertisers itself.
		if s.found >= min(w.params.AdsWanted, t.advertisers-1) {
			r.complete++
			t.complete++
		}
	}
	all := float64(max(len(w.count.searches), 1))
	r.found /= all
	r.complete /= all
	for i := range r.topics {
		n := float64(max(r.topics[i].searches, 1))
		r.topics[i].found /= n
		r.topics[i].complete /= n
	}
	r.asked, r.took = distributionOf(asked), distributionOf(took)
	slices.Sort(r.first)
}

// table makes a Markdown table out of rows; the first is the head.
func table(rows [][]string) string {
	var b strings.Builder
	for i, row := range rows {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if i == 0 {
			b.WriteString(strings.Repeat("|---", len(row)) + "|\n")
		}
	}
	return b.String()
}

func networkTable(results []result) string {
	rows := [][]string{{"measured"}}
	for _, r := range results {
		rows[0] = append(rows[0], r.name())
	}
	row := func(name string, value func(r result) string) {
		cells := []string{name}
		for _, r := range results {
			cells = append(cells, value(r))
		}
		rows = append(rows, cells)
	}
	percent := func(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }
	row("advertisers with an advertisement placed", func(r result) string { return percent(r.placed) })
	row("registrations active, of those wanted", func(r result) string { return percent(r.filled) })
	row("searches with a result", func(r result) string { return percent(r.found) })
	row("searches that found 30 or all", func(r result) string { return percent(r.complete) })
	row("time to first result, p50 / p99", func(r result) string {
		if len(r.first) == 0 {
			return "–"
		}
		return fmt.Sprintf("%.2f / %.2f s", quantile(r.first, 0.5), quantile(r.first, 0.99))
	})
	row("search, p50 / p99", func(r result) string { return fmt.Sprintf("%.1f / %.1f s", r.took.p50, r.took.p99) })
	row("registrars asked, p50 / p99", func(r result) string {
		return fmt.Sprintf("%.0f / %.0f", r.asked.p50, r.asked.p99)
	})
	row("messages per node and hour: registering", func(r result) string {
		return fmt.Sprintf("%.0f", r.perHour[registration])
	})
	row("… searching", func(r result) string { return fmt.Sprintf("%.0f", r.perHour[querying]) })
	row("… pings", func(r result) string { return fmt.Sprintf("%.0f", r.perHour[ping]) })
	row("… busiest minute, all, per second", func(r result) string { return fmt.Sprintf("%.2f", r.peak/3600) })
	row("requests per registrar and hour, p50 / p99 / max", func(r result) string {
		return fmt.Sprintf("%.0f / %.0f / %.0f", r.spread.p50, r.spread.p99, r.spread.max)
	})
	row("… Gini", func(r result) string { return fmt.Sprintf("%.2f", r.spread.gini) })
	row("advertisements per registrar, mean / p50 / p99 / max", func(r result) string {
		return fmt.Sprintf("%.0f / %.0f / %.0f / %.0f", r.ads, r.stored.p50, r.stored.p99, r.stored.max)
	})
	row("… Gini", func(r result) string { return fmt.Sprintf("%.2f", r.stored.gini) })
	return table(rows)
}

func topicTable(results []result) string {
	rows := [][]string{{"topic"}}
	for _, r := range results {
		rows[0] = append(rows[0], r.name())
	}
	for k := range results[0].topics {
		cells := []string{fmt.Sprint(k + 1)}
		for _, r := range results {
			t := r.topics[k]
			cell := fmt.Sprintf("%d: ", t.advertisers)
			if t.searches == 0 {
				cell += "not searched"
			} else {
				cell += fmt.Sprintf("%.1f %%, %.1f %%", 100*t.found, 100*t.complete)
			}
			cells = append(cells, cell)
		}
		rows = append(rows, cells)
	}
	return table(rows)
}

func steadyTable(states []steadyState) string {
	rows := [][]string{{"advertisers / services", "cache: published", "ours", "capacity: published", "ours"}}
	for _, s := range states {
		name := fmt.Sprintf("%d / %d", s.advertisers, s.services)
		if s.oneAddress {
			name += ", one address"
		}
		cells := []string{name}
		for v := range s.ours {
			cells = append(cells, fmt.Sprintf("%.1f", s.published[v]), fmt.Sprintf("%.1f", s.ours[v]))
		}
		rows = append(rows, cells)
	}
	return table(rows)
}

func attackTable(points []attack) string {
	rows := [][]string{{
		"P_occ", "attacker's share: published", "ours", "capacity used: published", "ours", "attempts per admission",
	}}
	for _, p := range points {
		cells := []string{fmt.Sprint(p.exponent)}
		for i, ours := range []float64{p.share, p.used} {
			published := "–"
			if p.published[i] > 0 {
				published = fmt.Sprintf("%.0f %%", 100*p.published[i])
			}
			cells = append(cells, published, fmt.Sprintf("%.0f %%", 100*ours))
		}
		rows = append(rows, append(cells, fmt.Sprintf("%.0f", p.attempts)))
	}
	return table(rows)
}

func placedPlot(results []result) plot {
	p := plot{
		title: "Registrations over time", x: axis{label: "minutes since all nodes started"},
		y: axis{label: "active, of those wanted (%)", max: 100},
	}
	for _, r := range results {
		l := line{name: r.name(), dashed: r.Similarity == topdisc.Cache}
		for _, s := range r.samples {
			l.add(s.at.Minutes(), 100*s.filled)
		}
		p.lines = append(p.lines, l)
	}
	return p
}

func messagesPlot(results []result) plot {
	p := plot{
		title: "Messages", x: axis{label: "minutes since all nodes started"},
		y: axis{label: "sent per node and second"},
	}
	for _, r := range results {
		l := line{name: r.name(), dashed: r.Similarity == topdisc.Cache}
		for _, s := range r.samples {
			l.add(s.at.Minutes(), s.perHour/3600)
		}
		p.lines = append(p.lines, l)
	}
	return p
}

func firstResultPlot(results []result) plot {
	p := plot{
		title: "Time to the first result of a search", x: axis{label: "seconds", max: 1.2},
		y: axis{label: "searches with a result by then (%)", max: 100},
	}
	for _, r := range results {
		l := line{name: r.name(), dashed: r.Similarity == topdisc.Cache}
		for i := range 121 {
			at := float64(i) / 100
			n, _ := slices.BinarySearch(r.first, at)
			l.add(at, 100*r.found*float64(n)/float64(max(len(r.first), 1)))
		}
		p.lines = append(p.lines, l)
	}
	return p
}

func loadPlot(results []result) plot {
	p := plot{
		title: "Load of registrars", x: axis{label: "registrars, least busy first (%)", max: 100},
		y: axis{label: "requests per hour"},
	}
	for _, r := range results {
		l := line{name: r.name(), dashed: r.Similarity == topdisc.Cache}
		for i := 1; i <= 200 && len(r.load) > 0; i++ {
			l.add(float64(i)/2, quantile(r.load, float64(i)/200))
		}
		p.lines = append(p.lines, l)
	}
	return p
}

func attackPlot(points []attack) plot {
	p := plot{
		title: "Attack from one /24 on the whole cache", x: axis{label: "P_occ"},
		y: axis{label: "%", max: 100},
	}
	share, used := line{name: "attacker's share, ours"}, line{name: "capacity used, ours"}
	pubShare := line{name: "attacker's share, published", dashed: true}
	pubUsed := line{name: "capacity used, published", dashed: true}
	for _, a := range points {
		share.add(a.exponent, 100*a.share)
		used.add(a.exponent, 100*a.used)
		if a.published[0] > 0 {
			pubShare.add(a.exponent, 100*a.published[0])
			pubUsed.add(a.exponent, 100*a.published[1])
		}
	}
	p.lines = []line{share, used, pubShare, pubUsed}
	return p
}
