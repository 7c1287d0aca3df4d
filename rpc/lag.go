package rpc

import (
	"context"
	"slices"
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

// lagCollector tells how far the named consumers are behind.
type lagCollector struct {
	events Events
	lag    *prometheus.Desc
}

func newLagCollector(e Events) *lagCollector {
	return &lagCollector{e, prometheus.NewDesc("statusd_events_lag",
		"Events that a named consumer has not acknowledged. Those of webhooks, then of others that acknowledged last, 50.",
		[]string{"consumer"}, nil)}
}

// Describe implements prometheus.Collector.
func (c *lagCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.lag }

// Collect implements prometheus.Collector. While nobody is logged in there are
// no consumers.
func (c *lagCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), lagTimeout)
	defer cancel()
	all, last, err := c.events.Consumers(ctx, store.Daemon())
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
		ch <- prometheus.MustNewConstMetric(c.lag, prometheus.GaugeValue, float64(max(0, last-one.Seq)), one.Name)
	}
}
