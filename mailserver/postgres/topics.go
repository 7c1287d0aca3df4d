package postgres

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"statusd/mailserver"
	"statusd/mailserver/topicindex"
	"statusd/waku/wire"
)

const (
	// announceEvery is how often a topic that gets envelopes is written to the
	// table of topics.
	announceEvery = time.Minute
	// topicsFresh is how old the cache may be when a bloom filter is matched:
	// what another server stored is found within a second.
	topicsFresh = 250 * time.Millisecond
	// topicsReload is how often all topics are read, to forget pruned ones.
	topicsReload = 10 * time.Minute
	// clockSlack covers transactions that commit after later ones.
	clockSlack = 120
	// topicIdle is how long nothing may have come for a topic before it can be
	// removed from the table, in seconds.
	topicIdle = 86_400
)

// topicCache knows the topics of the archive.
type topicCache struct {
	reading chan struct{} // capacity 1: held while topics are read, so that one query reads for all

	mu        sync.Mutex
	topics    topicindex.Index[time.Time] // when this server announced it; zero: another did
	newest    int64                       // largest first_seen read
	refreshed time.Time
	reloaded  time.Time
}

// announce writes the topics of envelopes to the table, each at most once a
// minute. It comes before the envelopes: a listed topic may be empty, but none
// with envelopes may be missing.
func (a *Archive) announce(ctx context.Context, envs []*wire.Envelope) error {
	now := time.Now()
	var due [][]byte
	seen := make(map[wire.Topic]bool)
	c := &a.topics
	c.mu.Lock()
	for _, env := range envs {
		t := env.Topic()
		if announced, _ := c.topics.Get(t); !seen[t] && now.Sub(announced) >= announceEvery {
			due = append(due, t[:])
		}
		seen[t] = true
	}
	c.mu.Unlock()
	if len(due) == 0 {
		return nil
	}
	slices.SortFunc(due, bytes.Compare)
	err := a.do(ctx, "store topics", func(ctx context.Context) error {
		const upsert = `INSERT INTO topics (topic, first_seen, last_seen)
			SELECT t.topic, extract(epoch FROM now())::INT8, extract(epoch FROM now())::INT8
			FROM unnest($1::BYTEA[]) AS t(topic)
			ON CONFLICT (topic) DO UPDATE SET last_seen = excluded.last_seen`
		_, err := a.pool.Exec(ctx, upsert, due)
		return err
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range due {
		c.topics.Set(wire.Topic(t), now)
	}
	return nil
}

// matching returns the topics that a bloom filter contains, and how many
// topics there are.
func (a *Archive) matching(ctx context.Context, bloom *wire.Bloom) (topics []wire.Topic, all int, err error) {
	if err := a.refresh(ctx); err != nil {
		return nil, 0, err
	}
	c := &a.topics
	c.mu.Lock()
	defer c.mu.Unlock()
	for t := range c.topics.Matching(bloom) {
		topics = append(topics, t)
	}
	return topics, c.topics.Len(), nil
}

// refresh reads the topics that other servers have added.
func (a *Archive) refresh(ctx context.Context) error {
	c := &a.topics
	select {
	case c.reading <- struct{}{}:
		defer func() { <-c.reading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	now := time.Now()
	c.mu.Lock()
	fresh := now.Sub(c.refreshed) < topicsFresh
	reload := now.Sub(c.reloaded) >= topicsReload
	since := c.newest - clockSlack
	c.mu.Unlock()
	if fresh && !reload {
		return nil
	}
	if reload {
		since = 0
	}
	read := make(map[wire.Topic]struct{})
	var newest int64
	err := a.do(ctx, "read topics", func(ctx context.Context) error {
		clear(read)
		rows, err := a.pool.Query(ctx, `SELECT topic, first_seen FROM topics WHERE first_seen >= $1`, since)
		if err != nil {
			return err
		}
		var topic []byte
		var seen int64
		_, err = pgx.ForEachRow(rows, []any{&topic, &seen}, func() error {
			if len(topic) == wire.TopicLength {
				read[wire.Topic(topic)] = struct{}{}
			}
			newest = max(newest, seen)
			return nil
		})
		return err
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if reload {
		c.reloaded = now
		var gone []wire.Topic
		for t, announced := range c.topics.All() {
			if _, there := read[t]; !there && now.Sub(announced) >= announceEvery {
				gone = append(gone, t)
			}
		}
		for _, t := range gone {
			c.topics.Delete(t)
		}
	}
	for t := range read {
		if _, known := c.topics.Get(t); !known {
			c.topics.Set(t, time.Time{})
		}
	}
	c.refreshed, c.newest = now, max(c.newest, newest)
	return nil
}

// dropTopics removes topics that have had no envelopes for a day.
func (a *Archive) dropTopics(ctx context.Context) error {
	return a.do(ctx, "remove topics", func(ctx context.Context) error {
		const remove = `DELETE FROM topics
			WHERE last_seen < extract(epoch FROM now())::INT8 - $1
			AND NOT EXISTS (SELECT 1 FROM envelopes WHERE envelopes.topic = topics.topic)`
		_, err := a.pool.Exec(ctx, remove, topicIdle)
		return err
	})
}

// candidates returns the topics of a query; all means that every topic, or so
// many of them match that walking all envelopes by time is cheaper.
func (a *Archive) candidates(ctx context.Context, q mailserver.Query) (topics []wire.Topic, all bool, err error) {
	if len(q.Topics) > 0 {
		seen := make(map[wire.Topic]bool, len(q.Topics))
		for _, t := range q.Topics {
			if !seen[t] {
				seen[t] = true
				topics = append(topics, t)
			}
		}
		return topics, false, nil
	}
	if q.Bloom == nil || q.Bloom.IsFull() {
		return nil, true, nil
	}
	topics, known, err := a.matching(ctx, q.Bloom)
	const scanShare = 3
	return topics, err == nil && len(topics) > 16 && len(topics)*scanShare > known, err
}
