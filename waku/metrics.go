package waku

import (
	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the counters of a host. The names that status-go exports are
// kept, so that existing dashboards work (spec 07 section 9).
type metrics struct {
	received    prometheus.Counter
	validated   prometheus.Counter
	rejected    [rejectReasons]prometheus.Counter
	duplicates  prometheus.Counter
	cacheMiss   prometheus.Counter
	cached      prometheus.Gauge
	poolBytes   prometheus.Gauge
	evicted     prometheus.Counter
	size        prometheus.Histogram
	sent        prometheus.Counter
	packetsOut  prometheus.Counter
	unsendable  prometheus.Counter
	walks       prometheus.Counter
	limited     prometheus.Counter
	exceededIP  prometheus.Counter
	exceededID  prometheus.Counter
	closed      [closeReasons]prometheus.Counter
	malformed   prometheus.Counter
	opened      prometheus.Counter
	unopened    prometheus.Counter
	storeDrops  prometheus.Counter
	peers       prometheus.Gauge
	hashRate    prometheus.Gauge
	p2pReceived prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return register(reg, prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help}))
	}
	gauge := func(name, help string) prometheus.Gauge {
		return register(reg, prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help}))
	}
	vec := func(name, help, label string) *prometheus.CounterVec {
		return register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label}))
	}
	failures := vec("waku_envelopes_cache_failures_total", "Envelopes not added to the pool, by reason.", "type")
	exceeded := vec("waku_rate_limits_exceeded_total", "Packets above a rate limit, by limit.", "type")
	cached := register(reg, prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "waku_envelopes_cached_total", Help: "Envelopes in the pool.",
	}, []string{"cache"}))
	m := &metrics{
		received:    counter("waku_envelopes_received_total", "Envelopes read from peers or posted here."),
		validated:   counter("waku_envelopes_validated_total", "Envelopes that passed every check."),
		duplicates:  failures.WithLabelValues("duplicate"),
		cacheMiss:   failures.WithLabelValues("clear"),
		cached:      cached.WithLabelValues("total"),
		poolBytes:   gauge("waku_pool_bytes", "Memory that pooled envelopes take."),
		evicted:     counter("waku_envelopes_evicted_total", "Envelopes that left the pool early because it was full."),
		sent:        counter("waku_envelopes_sent_total", "Envelopes written to peers."),
		packetsOut:  counter("waku_packets_sent_total", "Messages packets written to peers."),
		unsendable:  counter("waku_envelopes_unsendable_total", "Envelopes too large for one packet."),
		walks:       counter("waku_pool_walks_total", "Walks through the whole pool for a peer that changed its interest."),
		limited:     counter("waku_rate_limits_processed_total", "Packets measured against the rate limits."),
		exceededIP:  exceeded.WithLabelValues("ip_limit_exceeded"),
		exceededID:  exceeded.WithLabelValues("peer_id_limit_exceeded"),
		malformed:   counter("waku_packets_malformed_total", "Packets that could not be decoded."),
		opened:      counter("waku_envelopes_opened_total", "Envelopes that a filter's key opened."),
		unopened:    counter("waku_envelopes_unopened_total", "Envelopes of a wanted topic that no key opened."),
		storeDrops:  counter("waku_filter_messages_dropped_total", "Messages lost because a polling filter was not read."),
		peers:       gauge("waku_peers", "Connected Waku peers."),
		hashRate:    gauge("waku_pow_hashes_per_second", "Rate of the last proof-of-work search."),
		p2pReceived: counter("waku_p2p_envelopes_received_total", "Envelopes received from trusted peers by code 127."),
		size: register(reg, prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "waku_envelopes_size_bytes", Help: "Size of received envelopes.",
			Buckets: prometheus.ExponentialBuckets(256, 4, 8),
		})),
	}
	rejected := vec("waku_envelopes_rejected_total", "Envelopes refused, by reason.", "reason")
	for r := RejectReason(1); r < rejectReasons; r++ {
		m.rejected[r] = rejected.WithLabelValues(r.String())
	}
	closed := vec("waku_connections_closed_total", "Connections ended, by reason.", "reason")
	for r := CloseReason(1); r < closeReasons; r++ {
		m.closed[r] = closed.WithLabelValues(r.String())
	}
	return m
}

func register[C prometheus.Collector](reg prometheus.Registerer, c C) C {
	if reg != nil {
		reg.MustRegister(c)
	}
	return c
}
