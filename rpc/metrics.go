package rpc

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"statusd/api"
)

// metrics are the exported counts (spec 07 section 9).
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	sessions *prometheus.GaugeVec
	lagged   prometheus.Counter
	refused  *prometheus.CounterVec
	evicted  prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "statusd_rpc_requests_total",
			Help: "RPC requests by method and error code, 0 for success. Unknown methods count as other.",
		}, []string{"method", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "statusd_rpc_seconds",
			Help:    "Time to serve an RPC request.",
			Buckets: []float64{.0005, .002, .01, .05, .25, 1, 5, 30},
		}, []string{"method"}),
		sessions: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "statusd_rpc_sessions",
			Help: "Open socket (ipc) and WebSocket (ws) connections.",
		}, []string{"transport"}),
		lagged: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "statusd_rpc_notifications_dropped_total",
			Help: "Notifications that a slow subscriber missed. It was told so.",
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "statusd_rpc_refused_total",
			Help: "HTTP requests refused before they reached a method, by status.",
		}, []string{"status"}),
		evicted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "statusd_rpc_connections_closed_total",
			Help: "TCP connections closed because there were too many: those that waited longest.",
		}),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.requests, m.seconds, m.sessions, m.lagged, m.refused, m.evicted} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// count records a request. An empty method stands for all unknown ones.
func (m *metrics) count(method string, code api.Code, took time.Duration) {
	if method == "" {
		method = "other"
	}
	m.requests.WithLabelValues(method, strconv.Itoa(int(code))).Inc()
	m.seconds.WithLabelValues(method).Observe(took.Seconds())
}
