package node

import "github.com/prometheus/client_golang/prometheus"

// searchMetrics exports the search for peers. What there is to tell changes
// while the node runs: topics come by RPC, the UDP endpoint opens and closes.
// So it describes nothing in advance.
type searchMetrics struct{ search *search }

// Describe implements prometheus.Collector.
func (searchMetrics) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (m searchMetrics) Collect(ch chan<- prometheus.Metric) {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	peers := desc("discovery_pool_peers",
		"Peers of a topic or nodes known under it, and what is wanted.", "topic", "what")
	for _, t := range m.search.pool.Status().Topics {
		have := len(t.Connected)
		if t.CacheOnly {
			have = len(t.Known)
		}
		for what, n := range map[string]int{"have": have, "min": t.Min, "max": t.Max, "waiting": len(t.Pending)} {
			ch <- prometheus.MustNewConstMetric(peers, prometheus.GaugeValue, float64(n), string(t.Topic), what)
		}
	}
	if m.search.endpoint == nil {
		return
	}
	st := m.search.endpoint.Status()
	packets := desc("discovery_packets_total", "UDP packets of discv5.", "direction")
	ch <- prometheus.MustNewConstMetric(packets, prometheus.CounterValue, float64(st.PacketsIn), "in")
	ch <- prometheus.MustNewConstMetric(packets, prometheus.CounterValue, float64(st.PacketsOut), "out")
	nodes := desc("discovery_nodes", "Nodes in the discv5 table.")
	ch <- prometheus.MustNewConstMetric(nodes, prometheus.GaugeValue, float64(st.Nodes))
	if svc := m.search.topics.Load(); svc != nil && st.Open {
		svc.Metrics().Collect(ch)
	}
}
