package runner

import (
	"cmp"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"statusd/discovery"
	"statusd/discovery/topdisc"
)

// Status is what a Service is doing, for people and programs.
type Status struct {
	Registrar *RegistrarStatus // absent: keeps no advertisements
	Topics    []TopicStatus    // searched or advertised lately, by name
	Searches  uint64           // begun
	Queries   uint64           // registrars asked by searches
	Failures  uint64           // of these, without a valid answer
	Found     uint64           // advertisers, those of each search counted anew
	Sent      uint64           // requests to register at others
}

// RegistrarStatus is the state of the registrar.
type RegistrarStatus struct {
	Ads           int // advertisements kept
	Capacity      int
	Services      int    // that they belong to
	Similarity    string // variant of the waiting time
	Registrations uint64 // answered: admitted or told to wait
	Admitted      uint64
	Renewed       uint64 // of those admitted
	Queries       uint64 // answered, each page
	Expired       uint64
	Refused       map[string]uint64 // by reason
}

// TopicStatus is the view of the network from one topic.
type TopicStatus struct {
	Topic       discovery.Topic
	Registrars  int // known
	Verified    int // of these, answered
	Advertising bool
	Active      int            // registrations
	Pending     int            // registrations that wait for their first admission
	Buckets     []BucketStatus // those with registrars, farthest first
	Sent        uint64         // requests to register
	GivenUp     uint64         // registrations
}

// BucketStatus is one bucket of distance from a topic.
type BucketStatus struct {
	Distance   int
	Registrars int
	Verified   int
	Active     int
	Pending    int
}

// totals counts what searches and advertisers did.
type totals struct{ Searches, Queries, Failures, Found, Sent uint64 }

// Status returns the current state.
func (s *Service) Status() Status {
	var st Status
	if s.cfg.Registrar {
		st.Registrar = s.desk.status()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.totals
	st.Searches, st.Queries, st.Failures, st.Found, st.Sent = t.Searches, t.Queries, t.Failures, t.Found, t.Sent
	st.Topics = make([]TopicStatus, 0, len(s.tables))
	now := time.Now()
	for _, table := range s.tables {
		st.Topics = append(st.Topics, topicStatus(table, s.adverts[table.topic], now))
	}
	slices.SortFunc(st.Topics, func(a, b TopicStatus) int { return cmp.Compare(a.Topic, b.Topic) })
	return st
}

func topicStatus(t *sharedTable, a *topdisc.Advertiser, now time.Time) TopicStatus {
	st := TopicStatus{Topic: t.topic, Advertising: a != nil, Buckets: []BucketStatus{}}
	if a != nil {
		st.Sent, st.GivenUp = a.Stats().Sent, a.Stats().GivenUp
	}
	for b := range topdisc.Buckets {
		bucket := BucketStatus{Distance: topdisc.DistanceOf(b)}
		bucket.Registrars, bucket.Verified = t.BucketLen(b)
		if a != nil {
			bucket.Active, bucket.Pending = a.Bucket(b, now)
		}
		if bucket.Registrars+bucket.Active+bucket.Pending > 0 {
			st.Buckets = append(st.Buckets, bucket)
		}
		st.Registrars += bucket.Registrars
		st.Verified += bucket.Verified
		st.Active += bucket.Active
		st.Pending += bucket.Pending
	}
	return st
}

func (d *desk) status() *RegistrarStatus {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.registrar.Sweep(time.Now())
	stats, p := d.registrar.Stats(), d.registrar.Params()
	st := &RegistrarStatus{
		Capacity: p.Capacity, Similarity: p.Similarity.String(),
		Registrations: stats.Registrations, Admitted: stats.Admitted, Renewed: stats.Renewed,
		Queries: stats.Queries, Expired: stats.Expired, Refused: make(map[string]uint64),
	}
	st.Ads, st.Services = d.registrar.Ads()
	for r := range topdisc.Reasons {
		if stats.Refused[r] > 0 {
			st.Refused[r.String()] = stats.Refused[r]
		}
	}
	return st
}

// Metrics returns a collector of the same numbers. Register it with one
// registry at a time.
func (s *Service) Metrics() prometheus.Collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("discovery_topic_"+name, help, labels, nil)
	}
	return &collector{
		service:  s,
		ads:      desc("ads", "Advertisements of other nodes kept here."),
		served:   desc("requests_served_total", "Requests of other nodes answered, by kind.", "kind"),
		refused:  desc("requests_refused_total", "Requests of other nodes refused, by reason.", "reason"),
		admitted: desc("ads_admitted_total", "Advertisements admitted, renewals included."),
		slots:    desc("registrations", "Registrations of this node at others, by topic and state.", "topic", "state"),
		sent:     desc("requests_sent_total", "Requests of this node to others, by kind.", "kind"),
		found:    desc("found_total", "Advertisers found by searches."),
	}
}

// collector implements prometheus.Collector.
type collector struct {
	service                                            *Service
	ads, served, refused, admitted, slots, sent, found *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.ads, c.served, c.refused, c.admitted, c.slots, c.sent, c.found} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	st := c.service.Status()
	gauge := func(d *prometheus.Desc, v int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	if r := st.Registrar; r != nil {
		gauge(c.ads, r.Ads)
		counter(c.served, r.Registrations, "register")
		counter(c.served, r.Queries, "query")
		counter(c.admitted, r.Admitted)
		for reason := range topdisc.Reasons {
			counter(c.refused, r.Refused[reason.String()], reason.String())
		}
	}
	for _, t := range st.Topics {
		if t.Advertising {
			gauge(c.slots, t.Active, string(t.Topic), "active")
			gauge(c.slots, t.Pending, string(t.Topic), "pending")
		}
	}
	counter(c.sent, st.Sent, "register")
	counter(c.sent, st.Queries, "query")
	counter(c.found, st.Found)
}
