package datasync

import "time"

// seenSet remembers received ids in buckets by time, so that forgetting costs
// one map and an id costs its 32 bytes plus the map's overhead. Not every id
// can be kept for ever: ids older than the retention go, and when there are
// more than limit, the oldest bucket goes.
type seenSet struct {
	retention time.Duration
	limit     int
	total     int
	buckets   []seenBucket // oldest first
}

type seenBucket struct {
	oldest, newest Millis
	ids            map[MessageID]struct{}
}

const (
	// seenSpan is the time that one bucket covers.
	seenSpan = 24 * time.Hour
	// seenShare is the part of the limit that one bucket may fill.
	seenShare = 16
)

func (s *seenSet) has(id MessageID) bool {
	for i := len(s.buckets) - 1; i >= 0; i-- {
		if _, ok := s.buckets[i].ids[id]; ok {
			return true
		}
	}
	return false
}

// add inserts an id and returns the time to record with it, which never runs
// backwards, so that the buckets stay in order.
func (s *seenSet) add(id MessageID, now Millis) Millis {
	last := len(s.buckets) - 1
	if last >= 0 {
		now = max(now, s.buckets[last].newest)
	}
	if last < 0 || now >= s.buckets[last].oldest.add(seenSpan) ||
		len(s.buckets[last].ids) >= max(s.limit/seenShare, 1) {
		s.buckets = append(s.buckets, seenBucket{oldest: now, ids: map[MessageID]struct{}{}})
		last++
	}
	b := &s.buckets[last]
	b.newest = now
	b.ids[id] = struct{}{}
	s.total++
	return now
}

// remove takes an id out. It returns a time in its bucket, and whether the id
// was there.
func (s *seenSet) remove(id MessageID) (at Millis, known bool) {
	for i := len(s.buckets) - 1; i >= 0; i-- {
		if _, ok := s.buckets[i].ids[id]; ok {
			delete(s.buckets[i].ids, id)
			s.total--
			return s.buckets[i].newest, true
		}
	}
	return 0, false
}

// restore takes back a remove.
func (s *seenSet) restore(id MessageID, at Millis) {
	for i := len(s.buckets) - 1; i >= 0; i-- {
		if b := &s.buckets[i]; b.oldest <= at && at <= b.newest || i == 0 {
			b.ids[id] = struct{}{}
			s.total++
			return
		}
	}
}

// prune drops what is too old or too much. It returns the time before which
// the store may forget, 0 when nothing was dropped.
func (s *seenSet) prune(now Millis) (before Millis) {
	for len(s.buckets) > 0 {
		b := &s.buckets[0]
		if b.newest.add(s.retention) >= now && s.total <= s.limit {
			break
		}
		before = max(before, b.newest+1)
		s.total -= len(b.ids)
		b.ids = nil
		s.buckets = s.buckets[1:]
	}
	if len(s.buckets) > 0 {
		// Ids of the same millisecond in the next bucket stay.
		before = min(before, s.buckets[0].oldest)
	}
	return before
}
