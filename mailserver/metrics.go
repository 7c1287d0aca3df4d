package mailserver

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// failure is the kind of a request that was not answered in full. The names
// are those that dashboards of status-go know.
type failure int

const (
	failValidation failure = iota
	failRate
	failProcess
	failIterator
	failSend
	failQueue
	failures
)

func (f failure) String() string {
	return [failures]string{
		"validation", "peer_req_limit", "process", "iterator", "historic_msg_resp", "too_many_requests",
	}[f]
}

// SyncFailure says why a page of a backfill failed. The names are those that
// dashboards of status-go know, which had requests between servers of their
// own.
type SyncFailure string

// Reasons of failed backfills.
const (
	SyncRefused     SyncFailure = "req_invalid"       // the other server answered with an error
	SyncLimited     SyncFailure = "req_per_sec_limit" // that of its rate limit
	SyncNoAnswer    SyncFailure = "routine"           // it gave no sound answer
	SyncNotArchived SyncFailure = "iterator"          // the envelopes came and could not be stored
	syncNotSent     SyncFailure = "response_send"     // not possible here
)

// metrics of server and recorder. Names and labels of status-go are kept where
// their meaning is; mailserver_envelopes_total counts requests there, so the
// number of envelopes has a name of its own (spec 02 section 5.6).
type metrics struct {
	requests     prometheus.Counter
	attempts     prometheus.Counter
	failed       [failures]prometheus.Counter
	batched      prometheus.Counter
	sent         prometheus.Counter
	skipped      prometheus.Counter
	process      prometheus.Histogram
	send         prometheus.Histogram
	batchBytes   prometheus.Histogram
	delivery     prometheus.Histogram
	seconds      prometheus.Histogram
	active       prometheus.Gauge
	archived     prometheus.Gauge
	archivedSize prometheus.Observer
	archiveFail  prometheus.Counter
	archiveFalls prometheus.Counter // the misspelt name
	bytes        prometheus.Gauge
	disk         prometheus.Gauge
	oldest       prometheus.Gauge
	dropped      prometheus.Counter
	refused      prometheus.Counter
	damaged      prometheus.Gauge
	spilled      prometheus.Gauge
	pruned       prometheus.Counter
	syncs        prometheus.Counter
	syncFailed   *prometheus.CounterVec
}

func register[C prometheus.Collector](reg prometheus.Registerer, c C) C {
	if reg == nil {
		return c
	}
	err := reg.Register(c)
	var known prometheus.AlreadyRegisteredError
	if errors.As(err, &known) {
		if same, ok := known.ExistingCollector.(C); ok {
			return same
		}
	}
	return c
}

func newMetrics(reg prometheus.Registerer, db string) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return register(reg, prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help}))
	}
	gauge := func(name, help string) prometheus.Gauge {
		return register(reg, prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help}))
	}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		return register(reg, prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: name, Help: help, Buckets: buckets,
		}))
	}
	counterDB := func(name, help string) prometheus.Counter {
		return register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help},
			[]string{"db"})).WithLabelValues(db)
	}
	fails := register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "mailserver_delivery_failures_total", Help: "Requests not answered in full, by reason.",
	}, []string{"type"}))
	archived := register(reg, prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "mailserver_archived_envelopes_total", Help: "Envelopes in the archive.",
	}, []string{"db"}))
	size := register(reg, prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "mailserver_archived_envelope_size_bytes", Help: "Size of archived envelopes: 20 + data.",
		Buckets: prometheus.ExponentialBuckets(1024, 2, 11),
	}, []string{"db"}))
	m := &metrics{
		requests: counter("mailserver_envelopes_total", "Requests served."),
		attempts: counter("mailserver_delivery_attempts_total", "Requests received."),
		batched:  counter("mailserver_requests_batched_total", "Requests that take many envelopes per packet."),
		sent:     counter("mailserver_sent_envelopes_total", "Envelopes sent in answers."),
		skipped:  counter("mailserver_unsendable_envelopes_total", "Envelopes too large for a packet."),
		process: histogram("mailserver_requests_bundle_process_duration_seconds",
			"Reading the envelopes of one answer.", prometheus.DefBuckets),
		send: histogram("mailserver_send_raw_envelope_duration_seconds",
			"Writing one packet of an answer.", prometheus.DefBuckets),
		batchBytes: histogram("mailserver_sent_envelope_batch_size_bytes",
			"Bytes of envelopes in one answer.", prometheus.ExponentialBuckets(1024, 4, 10)),
		delivery: histogram("mailserver_delivery_duration_seconds", "One whole answer.", prometheus.DefBuckets),
		seconds: histogram("statusd_mailserver_request_seconds", "One request, with its time in the queue.",
			prometheus.ExponentialBuckets(0.0005, 2, 16)),
		active:       gauge("mailserver_peers_served", "Peers with unanswered requests."),
		archived:     archived.WithLabelValues(db),
		archivedSize: size.WithLabelValues(db),
		archiveFail: counterDB("mailserver_archived_envelopes_failures_total",
			"Batches of envelopes that could not be stored."),
		archiveFalls: counterDB("mailserver_archived_envelopes_falures_total",
			"The same under the name that status-go misspells."),
		bytes:   gauge("mailserver_archive_bytes", "Bytes of all archived envelopes."),
		disk:    gauge("statusd_mailserver_disk_bytes", "Disk space that the archive takes."),
		oldest:  gauge("mailserver_oldest_envelope_seconds", "Creation time of the oldest archived envelope."),
		dropped: counter("mailserver_dropped_envelopes_total", "Envelopes that were not archived."),
		refused: counter("mailserver_refused_envelopes_total", "Envelopes that the archive refused, put aside."),
		damaged: gauge("mailserver_damaged_envelopes", "Envelopes lost to damage of files, found since the start."),
		spilled: gauge("mailserver_spill_bytes", "Bytes that wait in the spill file for the database."),
		pruned:  counter("mailserver_pruned_envelopes_total", "Envelopes removed by retention."),
		syncs:   counter("mailserver_sync_attempts_total", "Pages asked of other mailservers by backfills."),
		syncFailed: register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mailserver_sync_failures_total", Help: "Pages of backfills that failed, by reason.",
		}, []string{"type"})),
	}
	for _, f := range []SyncFailure{SyncRefused, SyncLimited, SyncNoAnswer, SyncNotArchived, syncNotSent} {
		m.syncFailed.WithLabelValues(string(f))
	}
	for f := range failures {
		m.failed[f] = fails.WithLabelValues(f.String())
	}
	return m
}
