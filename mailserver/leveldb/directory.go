package leveldb

import (
	"encoding/binary"
	"maps"
	"sync"

	"statusd/mailserver"
	"statusd/mailserver/topicindex"
	"statusd/waku/wire"
)

// topicInfo is what the directory knows about one topic. The times bound the
// topic's envelopes: pruning lowers only the count.
type topicInfo struct {
	newest, oldest uint32
	count          int64
}

const topicInfoLength = 16

func (i topicInfo) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, i.newest)
	dst = binary.BigEndian.AppendUint32(dst, i.oldest)
	return binary.BigEndian.AppendUint64(dst, uint64(i.count))
}

func parseTopicInfo(b []byte) (topicInfo, bool) {
	if len(b) != topicInfoLength {
		return topicInfo{}, false
	}
	return topicInfo{
		newest: binary.BigEndian.Uint32(b), oldest: binary.BigEndian.Uint32(b[4:]),
		count: int64(binary.BigEndian.Uint64(b[8:])),
	}, true
}

// with accounts for one envelope more.
func (i topicInfo) with(created uint32) topicInfo {
	if i.count == 0 {
		i.newest, i.oldest = created, created
	}
	return topicInfo{max(i.newest, created), min(i.oldest, created), i.count + 1}
}

// counters are the totals of the archive. oldest is a lower bound.
type counters struct {
	envelopes, bytes int64
	oldest, newest   uint32
}

const countersLength = 24

func (c counters) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(c.envelopes))
	dst = binary.BigEndian.AppendUint64(dst, uint64(c.bytes))
	dst = binary.BigEndian.AppendUint32(dst, c.oldest)
	return binary.BigEndian.AppendUint32(dst, c.newest)
}

func parseCounters(b []byte) (counters, bool) {
	if len(b) != countersLength {
		return counters{}, false
	}
	return counters{
		envelopes: int64(binary.BigEndian.Uint64(b)), bytes: int64(binary.BigEndian.Uint64(b[8:])),
		oldest: binary.BigEndian.Uint32(b[16:]), newest: binary.BigEndian.Uint32(b[20:]),
	}, true
}

// with accounts for one envelope more.
func (c counters) with(created uint32, size int64) counters {
	if c.envelopes == 0 {
		c.newest, c.oldest = created, created
	}
	return counters{c.envelopes + 1, c.bytes + size, min(c.oldest, created), max(c.newest, created)}
}

// change is the effect of one batch on the directory and the counters,
// computed before the batch is written and applied after.
type change struct {
	topics map[wire.Topic]topicInfo // new values; a count of 0 removes
	totals counters
}

func (d *directory) begin() *change {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return &change{topics: make(map[wire.Topic]topicInfo), totals: d.totals}
}

// add accounts for a stored envelope.
func (c *change) add(d *directory, t wire.Topic, created uint32, size int) {
	info, ok := c.topics[t]
	if !ok {
		info = d.get(t)
	}
	c.topics[t] = info.with(created)
	c.totals = c.totals.with(created, int64(size))
}

// remove accounts for a pruned envelope, the oldest of all.
func (c *change) remove(d *directory, t wire.Topic, created uint32, size int) {
	info, ok := c.topics[t]
	if !ok {
		info = d.get(t)
	}
	info.count--
	info.oldest = max(info.oldest, min(created, info.newest))
	c.topics[t] = info
	c.totals.envelopes--
	c.totals.bytes -= int64(size)
	c.totals.oldest = created
}

// directory holds the topic directory and the counters in memory. Readers
// share it with the one writer.
type directory struct {
	mu     sync.RWMutex
	topics topicindex.Index[topicInfo]
	totals counters
}

// replace puts others in the place of all topics and of the totals.
func (d *directory) replace(topics *topicindex.Index[topicInfo], totals counters) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.topics, d.totals = *topics, totals
}

func (d *directory) get(t wire.Topic) topicInfo {
	d.mu.RLock()
	defer d.mu.RUnlock()
	info, _ := d.topics.Get(t)
	return info
}

func (d *directory) apply(c *change) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for t, info := range c.topics {
		if info.count > 0 {
			d.topics.Set(t, info)
		} else {
			d.topics.Delete(t)
		}
	}
	d.totals = c.totals
}

func (d *directory) stats() mailserver.Stats {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return mailserver.Stats{
		Envelopes: d.totals.envelopes, Bytes: d.totals.bytes, Topics: d.topics.Len(),
		Oldest: d.totals.oldest, Newest: d.totals.newest,
	}
}

// candidates returns the topics of a query that can have rows in its range,
// how many rows they have together at any time, and the totals. A query for
// every topic gives all set and no list.
func (d *directory) candidates(q mailserver.Query) (topics []wire.Topic, rows int64, all bool, totals counters) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	totals = d.totals
	take := func(t wire.Topic, info topicInfo) {
		if info.count > 0 && info.newest >= q.Lower && info.oldest <= q.Upper {
			topics, rows = append(topics, t), rows+info.count
		}
	}
	switch {
	case len(q.Topics) > 0:
		seen := make(map[wire.Topic]bool, len(q.Topics))
		for _, t := range q.Topics {
			if !seen[t] {
				seen[t] = true
				info, _ := d.topics.Get(t)
				take(t, info)
			}
		}
	case q.Bloom == nil || q.Bloom.IsFull():
		return nil, totals.envelopes, true, totals
	default:
		for t, info := range d.topics.Matching(q.Bloom) {
			take(t, info)
		}
	}
	return topics, rows, false, totals
}

// snapshot returns a copy of the topics, for checks.
func (d *directory) snapshot() map[wire.Topic]topicInfo {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return maps.Collect(d.topics.All())
}
