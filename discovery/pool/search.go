package pool

import (
	"time"

	"statusd/discovery"
	"statusd/internal/deadline"
)

// sourceState is what the core knows of a source.
type sourceState struct {
	name string
	once bool // it has nothing new to say later in the same search
}

// search is the search for one topic.
type search struct {
	on      bool
	since   time.Time // on
	attempt int       // searches in vain so far
	retry   time.Time // off: not before
	passed  bool      // a whole round of all sources is done
	runs    []run     // one for each source
}

// runState is what a source does for one topic.
type runState int

const (
	runPending runState = iota // its turn has not come
	runGoing
	runResting
	runOver
)

// run is the part of one source in a search.
type run struct {
	state    runState
	id       int       // of the run, to tell late answers apart
	at       time.Time // pending, resting: when it starts; going: since
	ended    bool      // at least once in this search
	failures int       // in a row
	err      error     // of the last run
}

// need reports whether a topic misses something.
func (c *core) need(t *topic) bool {
	if t.CacheOnly && len(t.known) > 0 && t.search.passed {
		return false // the sources have told all they know
	}
	return c.count(t) < t.Min
}

// steer starts, continues or ends the search for a topic.
func (c *core) steer(t *topic, now time.Time) {
	s := &t.search
	need := c.need(t)
	switch {
	case need && !s.on && !now.Before(s.retry):
		c.begin(t, now)
		c.startDue(t, now)
	case !need && s.on:
		c.end(t)
		s.attempt, s.retry = 0, time.Time{}
	case s.on && c.mayStop && now.Sub(s.since) >= c.times.Search:
		c.end(t)
		s.retry = now.Add(doubled(c.times.RetryMin, c.times.RetryMax, s.attempt))
		s.attempt++
	case s.on:
		c.startDue(t, now)
		if c.pass(t, now); !c.need(t) {
			c.end(t)
			s.attempt, s.retry = 0, time.Time{}
		}
	case !need:
		s.attempt, s.retry = 0, time.Time{}
	}
}

// begin starts a search: the sources take turns in their order.
func (c *core) begin(t *topic, now time.Time) {
	s := &t.search
	s.on, s.since, s.passed = true, now, false
	for i := range s.runs {
		at := now.Add(time.Duration(i) * c.times.Step)
		s.runs[i] = run{at: at, failures: s.runs[i].failures, err: s.runs[i].err}
	}
}

func (c *core) end(t *topic) {
	t.search.on = false
	for i := range t.search.runs {
		t.search.runs[i].state = runOver
	}
	c.emit(stopSources{t.name})
}

// startDue starts the sources whose time has come. One need not wait for its
// turn when those before it are done and nobody is being dialled.
func (c *core) startDue(t *topic, now time.Time) {
	before := true // every earlier source is done for now
	for i := range t.search.runs {
		r := &t.search.runs[i]
		due := !now.Before(r.at) || r.state == runPending && before && !c.promising(t, now)
		if (r.state == runPending || r.state == runResting) && due {
			c.runs++
			r.state, r.id, r.at = runGoing, c.runs, now
			c.emit(startSource{topic: t.name, source: i, run: r.id})
		}
		before = before && r.ended
	}
}

// promising reports whether a peer may come of what is known already.
func (c *core) promising(t *topic, now time.Time) bool {
	for _, cand := range t.candidates {
		if cand.state == dialling {
			return true
		}
	}
	return c.best(t, now) != nil
}

// sourceEnded notes that a source came to the end of its search. A source that
// failed is tried again later and later; others again after the period.
func (c *core) sourceEnded(name discovery.Topic, source, id int, err error, now time.Time) {
	t := c.topic(name)
	r := &t.search.runs[source]
	if r.state != runGoing || r.id != id {
		return
	}
	r.ended, r.err = true, err
	switch {
	case err != nil:
		r.state, r.at = runResting, now.Add(doubled(c.times.SourceMin, c.times.SourceMax, r.failures))
		r.failures++
	case c.sources[source].once:
		r.state, r.failures = runOver, 0
	default:
		r.state, r.failures = runResting, 0
		r.at = now.Add(c.period(t, now))
	}
	c.review(now)
}

// pass notes whether every source has had its say: it came to an end once, or
// has searched for as long as a search is urgent.
func (c *core) pass(t *topic, now time.Time) {
	for i := range t.search.runs {
		r := &t.search.runs[i]
		if !r.ended && (r.state != runGoing || now.Before(r.at.Add(c.times.FastFor))) {
			return
		}
	}
	t.search.passed = true
}

// fast reports whether a topic searches at the fast pace.
func (c *core) fast(t *topic, now time.Time) bool {
	return t.search.on && c.count(t) < t.Min && now.Sub(t.search.since) < c.times.FastFor
}

func (c *core) period(t *topic, now time.Time) time.Duration {
	if c.fast(t, now) {
		return c.times.Fast
	}
	return c.times.Slow
}

// nextOfSearch is when the search for a topic changes by itself.
func (c *core) nextOfSearch(t *topic) time.Time {
	s := &t.search
	if !s.on {
		if c.need(t) {
			return s.retry
		}
		return time.Time{}
	}
	var at time.Time
	if c.mayStop {
		at = s.since.Add(c.times.Search)
	}
	var last time.Time // when the last source has had its say
	for i := range s.runs {
		r := &s.runs[i]
		if r.state == runPending || r.state == runResting {
			at = deadline.Earliest(at, r.at)
		}
		if r.state == runGoing && !r.ended && r.at.After(last) {
			last = r.at
		}
	}
	if t.CacheOnly && !s.passed && !last.IsZero() {
		at = deadline.Earliest(at, last.Add(c.times.FastFor))
	}
	return at
}
