package rpc

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"statusd/internal/store"
)

const (
	// maxLagged bounds the consumers that the metric names: those of webhooks
	// and those that acknowledged last.
	maxLagged = 50
	// lagTimeout bounds the look at the database of one scrape.
	lagTimeout = 2 * time.Second
)

// lagCollector tells how far the named consumers that a party works with are
// behind. Names are unique for an owner, which is therefore a label; those of
// the daemon and of the local owner have none.
type lagCollector struct {
	events Events
	by     store.Party
}

const lagHelp = "Events that a named consumer has not acknowledged. Those of webhooks, then of others that " +
	"acknowledged last, 50. owner is token: and a name, none from before there were owners; without, it is the daemon " +
	"or local."

// lagOf returns the metric for a party as a source of its own.
func lagOf(e Events, by store.Party) prometheus.Gatherer {
	r := prometheus.NewRegistry()
	if e != nil {
		r.MustRegister(&lagCollector{e, by}) // the only one
	}
	return r
}

// Describe implements prometheus.Collector. It is one without description, since
// not all have the same labels.
func (c *lagCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector. While nobody is logged in there are
// no consumers.
func (c *lagCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), lagTimeout)
	defer cancel()
	all, last, err := c.events.Consumers(ctx, c.by)
	if err != nil {
		return
	}
	slices.SortFunc(all, func(a, b store.Consumer) int {
		if own := a.Daemons(); own != b.Daemons() { // those of webhooks are always there
			if own {
				return -1
			}
			return 1
		}
		return b.Time.Compare(a.Time)
	})
	for _, one := range all[:min(len(all), maxLagged)] {
		labels := prometheus.Labels{"consumer": one.Name}
		switch {
		case one.Owner == "" && !one.Daemons():
			labels["owner"] = "none"
		case strings.HasPrefix(one.Owner, tokenOwner):
			labels["owner"] = one.Owner
		}
		ch <- prometheus.MustNewConstMetric(prometheus.NewDesc("statusd_events_lag", lagHelp, nil, labels),
			prometheus.GaugeValue, float64(max(0, last-one.Seq)))
	}
}
