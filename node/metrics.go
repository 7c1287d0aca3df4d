package node

import (
	"cmp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"statusd/api"
	"statusd/messenger"
)

// Bounds of label values that peers choose.
const (
	maxPeerLabels = 50 // different combinations; the rest is "other"
	maxLabelLen   = 40
)

// metrics are the values this package exports (spec 07 section 9). Most are
// read when they are asked for.
type metrics struct {
	node     *core
	panics   prometheus.Counter
	crowded  prometheus.Counter
	messages map[messenger.Outcome]*prometheus.CounterVec
	delivery prometheus.Histogram

	peers, peersAbsolute, peersMax, health, offset, uptime, drops *prometheus.Desc

	outbox, outboxAge, inbox, undecrypted, database *prometheus.Desc
}

func newMetrics(n *core) *metrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	messages := make(map[messenger.Outcome]*prometheus.CounterVec)
	for what, help := range map[messenger.Outcome]string{
		messenger.OutcomeSent:     "Messages of ours that reached a peer, by kind of chat.",
		messenger.OutcomeReceived: "Messages of others that came in, by kind of chat.",
		messenger.OutcomeFailed:   "Messages of ours that were given up, by kind of chat.",
	} {
		messages[what] = prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "statusd_messages_" + string(what) + "_total", Help: help,
		}, []string{"kind"})
	}
	return &metrics{
		node: n, messages: messages,
		delivery: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "statusd_delivery_seconds", Help: "Time from sending a message until all recipients had it.",
			Buckets: prometheus.ExponentialBuckets(0.005, 4, 12), // 5 ms to 6 hours
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "statusd_peer_panics_total", Help: "Peers dropped because handling their packet panicked.",
		}),
		crowded: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "statusd_peers_crowded_total", Help: "Inbound peers refused because their network has all its places.",
		}),
		peers:         desc("p2p_peers_count", "Connected peers by client.", "type", "version", "platform"),
		peersAbsolute: desc("p2p_peers_absolute", "Connected peers."),
		peersMax:      desc("p2p_peers_max", "Largest number of peers that are not trusted."),
		health:        desc("statusd_health", "1 when the component is ready, else 0.", "component"),
		offset:        desc("statusd_clock_offset_seconds", "Network time minus the machine's clock."),
		uptime:        desc("statusd_uptime_seconds", "Time since the start."),
		outbox:        desc("statusd_outbox_depth", "Sealed messages that wait to leave."),
		outboxAge:     desc("statusd_outbox_oldest_seconds", "Since when the oldest of them waits."),
		database:      desc("statusd_db_size_bytes", "Database of the account that is logged in."),
		inbox:         desc("statusd_inbox_depth", "Received messages that wait to be processed."),
		undecrypted: desc("statusd_decrypt_failures_total",
			"Received messages that were not taken since the login, by reason.", "reason"),
		drops: desc("statusd_messenger_dropped_total",
			"Received payloads that were refused since the login, by reason.", "reason"),
	}
}

// register exports everything. Registering twice is a mistake in the program.
func (m *metrics) register(reg prometheus.Registerer, v Version) {
	if reg == nil {
		return
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "statusd_build_info", Help: "Always 1; the labels tell the build.",
		ConstLabels: prometheus.Labels{"version": v.Version, "commit": v.Commit, "go": runtime.Version()},
	})
	info.Set(1)
	for _, c := range m.messages {
		reg.MustRegister(c)
	}
	reg.MustRegister(info, m.panics, m.crowded, m.delivery, m, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}

// Message implements messenger.Meter.
func (m *metrics) Message(what messenger.Outcome, kind string) {
	m.messages[what].WithLabelValues(kind).Inc()
}

// Delivered implements messenger.Meter.
func (m *metrics) Delivered(took time.Duration) { m.delivery.Observe(took.Seconds()) }

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		m.peers, m.peersAbsolute, m.peersMax, m.health, m.offset, m.uptime, m.drops, m.outbox, m.outboxAge, m.inbox,
		m.undecrypted, m.database,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	names := m.node.network.peers.names()
	for _, c := range countClients(names) {
		gauge(m.peers, float64(c.count), c.kind, c.version, c.platform)
	}
	gauge(m.peersAbsolute, float64(len(names)))
	gauge(m.peersMax, float64(m.node.cfg.MaxPeers))
	health := m.node.checks.Health()
	for _, c := range health.ProtocolsHealth {
		gauge(m.health, readiness(c.Level), strings.ToLower(c.Name))
	}
	gauge(m.health, readiness(health.NodeHealth), "node")
	offset, _ := m.node.clock.Offset()
	gauge(m.offset, offset.Seconds())
	gauge(m.uptime, float64(health.UptimeSeconds))
	m.collectCourier(ch)
	if accounts := m.node.logins.Accounts(); accounts != nil {
		if a := accounts.Current(); a != nil {
			if size, err := a.DB().Size(); err == nil {
				gauge(m.database, float64(size))
			}
		}
	}
	if mm := m.node.logins.Messenger(); mm != nil {
		for reason, n := range mm.Drops() {
			ch <- prometheus.MustNewConstMetric(m.drops, prometheus.CounterValue, float64(n), reason)
		}
	}
}

// collectCourier exports what waits in the queues of the account that is logged
// in, if any.
func (m *metrics) collectCourier(ch chan<- prometheus.Metric) {
	c := m.node.logins.Courier()
	if c == nil {
		return
	}
	s, age := c.Stats(), 0.0
	if !s.Oldest.IsZero() {
		age = max(m.node.clock.Now().Sub(s.Oldest).Seconds(), 0)
	}
	for d, v := range map[*prometheus.Desc]float64{
		m.outbox: float64(s.Outbox), m.outboxAge: age, m.inbox: float64(s.Inbox),
	} {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	for reason, n := range s.Drops {
		ch <- prometheus.MustNewConstMetric(m.undecrypted, prometheus.CounterValue, float64(n), reason)
	}
}

func readiness(l api.HealthLevel) float64 {
	if l == api.HealthReady {
		return 1
	}
	return 0
}

// client is a kind of program that peers run.
type client struct{ kind, version, platform string }

type clientCount struct {
	client
	count int
}

// countClients counts the programs behind client names of the usual form
// "type/version/platform/…". Only the most frequent keep their labels: the
// names are whatever peers like to send.
func countClients(names []string) []clientCount {
	counts := make(map[client]int)
	for _, name := range names {
		counts[parseClient(name)]++
	}
	list := make([]clientCount, 0, len(counts))
	for c, n := range counts {
		list = append(list, clientCount{c, n})
	}
	slices.SortFunc(list, func(a, b clientCount) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.kind, b.kind),
			cmp.Compare(a.version, b.version), cmp.Compare(a.platform, b.platform))
	})
	if len(list) <= maxPeerLabels {
		return list
	}
	rest := clientCount{client: client{"other", "other", "other"}}
	kept := list[:0:0]
	for i, c := range list {
		if i < maxPeerLabels-1 && c.client != rest.client {
			kept = append(kept, c)
		} else {
			rest.count += c.count
		}
	}
	return append(kept, rest)
}

func parseClient(name string) client {
	parts := strings.Split(name, "/")
	label := func(i int) string {
		if i >= len(parts) || parts[i] == "" {
			return "unknown"
		}
		return cleanLabel(parts[i])
	}
	return client{label(0), label(1), label(2)}
}

// cleanLabel keeps a label value short and printable.
func cleanLabel(s string) string {
	if len(s) > maxLabelLen {
		return "other"
	}
	for _, r := range s {
		if r <= ' ' || r > '~' || r == '"' || r == '\\' {
			return "other"
		}
	}
	return s
}
