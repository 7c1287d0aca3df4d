package leveldb

import (
	"context"
	"encoding/binary"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/iterator"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/util"

	"statusd/mailserver"
	"statusd/waku/wire"
)

// Costs of the two ways to answer, in microseconds, measured on one machine.
// Only their ratio matters.
const (
	costSeek = 10 // position on one topic
	costGet  = 6  // read one envelope by its key
	costStep = 1  // walk past one envelope
)

// estimate returns the costs of walking all envelopes by time and of merging
// the index of the candidate topics, which have so many rows together. The
// share of the candidates in the archive stands for their share in the range.
func estimate(q mailserver.Query, topics int, rows int64, totals counters) (scan, merge float64) {
	if rows == 0 {
		return 1, 0
	}
	span := float64(totals.newest) - float64(totals.oldest) + 1
	lower, upper := max(q.Lower, totals.oldest), min(q.Upper, totals.newest)
	if q.After != nil {
		upper = min(upper, q.After.Created)
	}
	share := max(0, (float64(upper)-float64(lower)+1)/span)
	wanted := float64(rows) * share
	inRange := float64(totals.envelopes) * share
	if q.Limit > 0 && float64(q.Limit) < wanted {
		inRange *= float64(q.Limit) / wanted
		wanted = float64(q.Limit)
	}
	return inRange * costStep, float64(topics)*costSeek + wanted*costGet
}

// byTime walks the envelopes by time and passes over foreign topics, which it
// recognises by the key alone. When it has passed over more of them than it
// would have cost to merge the topics, the estimate was wrong, and it stops for
// a merge to go on from there.
type byTime struct {
	archive *Archive
	snap    *leveldb.Snapshot
	iter    iterator.Iterator
	topics  []wire.Topic
	wanted  map[wire.Topic]struct{} // nil: every topic
	window  window
	budget  float64 // cost of foreign envelopes still to be walked past
	left    int     // rows still to give, -1: no limit
	row     mailserver.Row
	over    *mailserver.Key // the last envelope walked past, when the budget is spent
	err     error
}

// newByTime walks all topics when topics is nil, else the given ones.
func newByTime(a *Archive, snap *leveldb.Snapshot, q mailserver.Query, topics []wire.Topic, budget float64) *byTime {
	s := &byTime{archive: a, snap: snap, topics: topics, window: newWindow(q), left: q.Limit, budget: budget}
	if q.Limit == 0 {
		s.left = -1
	}
	if topics != nil {
		s.wanted = make(map[wire.Topic]struct{}, len(topics))
		for _, t := range topics {
			s.wanted[t] = struct{}{}
		}
	}
	r := &util.Range{Start: append([]byte{prefixEnvelope}, s.window.start...), Limit: []byte{prefixEnd}}
	s.iter = snap.NewIterator(r, &opt.ReadOptions{DontFillCache: true})
	return s
}

func (s *byTime) Next(ctx context.Context) bool {
	if s.err != nil || s.left == 0 || s.iter == nil {
		return false
	}
	for steps := 1; s.iter.Next(); steps++ {
		if steps%1024 == 0 && ctx.Err() != nil {
			s.err = ctx.Err()
			return false
		}
		p, topic, ok := parseEnvelopeKey(s.iter.Key())
		if !ok {
			s.err = s.archive.fail("read archive", errRecord)
			return false
		}
		if p.created() < s.window.lower {
			s.left = 0
			return false
		}
		if s.wanted != nil {
			if _, ok := s.wanted[topic]; !ok {
				if s.budget -= costStep; s.budget < 0 {
					after := p.key()
					s.over, s.left = &after, 0
					return false
				}
				continue
			}
		}
		s.row = mailserver.Row{Key: p.key(), Topic: topic, Size: len(s.iter.Value())}
		if s.left > 0 {
			s.left--
		}
		return true
	}
	if err := s.iter.Error(); err != nil {
		s.err = s.archive.fail("read archive", err)
	}
	s.left = 0
	return false
}

func (s *byTime) Row() mailserver.Row                  { return s.row }
func (s *byTime) Data(context.Context) ([]byte, error) { return s.iter.Value(), nil }
func (s *byTime) Err() error                           { return s.err }

func (s *byTime) Close() {
	if s.iter != nil {
		s.iter.Release()
		s.snap.Release()
		s.iter = nil
	}
}

// merge walks the index of several topics at once, newest first.
type merge struct {
	archive *Archive
	snap    *leveldb.Snapshot
	iter    iterator.Iterator // over the index, shared by all topics
	window  window
	streams []*stream // a heap: the newest place first
	pending []wire.Topic
	fill    int // index rows read ahead for one topic
	left    int
	row     mailserver.Row
	place   place
	key     []byte
	err     error
}

// stream is the part of the index of one topic that has been read ahead.
type stream struct {
	topic wire.Topic
	ahead []ahead
	next  int
	done  bool // nothing follows what was read ahead
	fill  int
}

type ahead struct {
	place place
	size  uint32
}

// Bounds of reading ahead in the index, in rows of one topic.
const (
	minFill = 4
	maxFill = 256
)

func newMerge(a *Archive, snap *leveldb.Snapshot, q mailserver.Query, topics []wire.Topic) *merge {
	m := &merge{archive: a, snap: snap, window: newWindow(q), pending: topics, left: q.Limit, fill: maxFill}
	if q.Limit == 0 {
		m.left = -1
	}
	if n := len(topics); n > 0 && q.Limit > 0 {
		m.fill = min(max(2*q.Limit/n, minFill), maxFill)
	}
	m.iter = snap.NewIterator(prefixRange(prefixIndex), nil)
	return m
}

func (m *merge) Next(ctx context.Context) bool {
	if m.err != nil || m.left == 0 || m.iter == nil {
		return false
	}
	if m.pending != nil && !m.start(ctx) {
		return false
	}
	if len(m.streams) == 0 {
		return false
	}
	top := m.streams[0]
	head := top.ahead[top.next]
	m.place = head.place
	m.row = mailserver.Row{Key: head.place.key(), Topic: top.topic, Size: int(head.size)}
	if top.next++; top.next == len(top.ahead) && !top.done {
		m.refill(top, append(head.place[:], 0))
		if m.err != nil {
			return false
		}
	}
	if top.next == len(top.ahead) {
		last := len(m.streams) - 1
		m.streams[0] = m.streams[last]
		m.streams = m.streams[:last]
	}
	m.siftDown(0)
	if m.left > 0 {
		m.left--
	}
	return true
}

// start reads ahead in every topic and builds the heap.
func (m *merge) start(ctx context.Context) bool {
	for i, t := range m.pending {
		if i%64 == 63 && ctx.Err() != nil {
			m.err = ctx.Err()
			return false
		}
		s := &stream{topic: t, fill: m.fill}
		m.refill(s, m.window.start)
		if m.err != nil {
			return false
		}
		if len(s.ahead) > 0 {
			m.streams = append(m.streams, s)
		}
	}
	m.pending = nil
	for i := len(m.streams)/2 - 1; i >= 0; i-- {
		m.siftDown(i)
	}
	return true
}

// refill reads index rows of a topic from a place on.
func (m *merge) refill(s *stream, from []byte) {
	m.key = append(append(append(m.key[:0], prefixIndex), s.topic[:]...), from...)
	s.ahead, s.next = s.ahead[:0], 0
	for ok := m.iter.Seek(m.key); ok; ok = m.iter.Next() {
		key, value := m.iter.Key(), m.iter.Value()
		if len(key) != keyLength || len(value) != 4 {
			m.err = m.archive.fail("read index", errRecord)
			return
		}
		if wire.Topic(key[1:]) != s.topic {
			s.done = true
			return
		}
		p := place(key[topicKeyLength:])
		if p.created() < m.window.lower {
			s.done = true
			return
		}
		if len(s.ahead) == s.fill {
			s.fill = min(4*s.fill, maxFill)
			return
		}
		s.ahead = append(s.ahead, ahead{p, binary.BigEndian.Uint32(value)})
	}
	s.done = true
	if err := m.iter.Error(); err != nil {
		m.err = m.archive.fail("read index", err)
	}
}

func (s *stream) before(other *stream) bool {
	a, b := &s.ahead[s.next].place, &other.ahead[other.next].place
	return string(a[:]) < string(b[:])
}

// siftDown restores the heap below i. Hashes differ, so no two heads are equal.
func (m *merge) siftDown(i int) {
	for {
		child := 2*i + 1
		if child >= len(m.streams) {
			return
		}
		if right := child + 1; right < len(m.streams) && m.streams[right].before(m.streams[child]) {
			child = right
		}
		if !m.streams[child].before(m.streams[i]) {
			return
		}
		m.streams[i], m.streams[child] = m.streams[child], m.streams[i]
		i = child
	}
}

func (m *merge) Row() mailserver.Row { return m.row }
func (m *merge) Err() error          { return m.err }

func (m *merge) Data(context.Context) ([]byte, error) {
	m.key = appendEnvelopeKey(m.key[:0], m.place, m.row.Topic)
	// The cache is for indexes; envelopes are in that of the system.
	data, err := m.snap.Get(m.key, &opt.ReadOptions{DontFillCache: true})
	if err != nil {
		if err == leveldb.ErrNotFound {
			err = errRecord // the index names an envelope that is not there
		}
		return nil, m.archive.fail("read envelope", err)
	}
	return data, nil
}

func (m *merge) Close() {
	if m.iter != nil {
		m.iter.Release()
		m.snap.Release()
		m.iter = nil
	}
}
