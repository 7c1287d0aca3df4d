package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"statusd/mailserver"
	"statusd/waku/wire"
)

// Bounds of what is read at once.
const (
	// keysAhead is how many rows, without their envelopes, an unlimited query
	// reads ahead.
	keysAhead = 1024
	// dataRows and dataBytes bound the envelopes read ahead.
	dataRows  = 512
	dataBytes = 1 << 20
	// minPerTopic is the least that is read of each topic in one round.
	minPerTopic = 8
)

// errRow marks a row that this package cannot have written.
var errRow = errors.New("row of an impossible form")

// bound is the exclusive upper end of what is still to be read.
type bound struct {
	created int64
	hash    []byte
}

func startOf(q mailserver.Query) bound {
	if q.After != nil && q.After.Created <= q.Upper {
		return after(*q.After)
	}
	return bound{int64(q.Upper) + 1, []byte{}}
}

func after(k mailserver.Key) bound { return bound{int64(k.Created), slices.Clone(k.Hash[:])} }

// rows walks a query. It holds no connection between calls.
type rows struct {
	archive *Archive
	lower   int64
	bound   bound
	all     bool
	topics  []wire.Topic // that may have more rows below bound
	left    int          // rows still to give; -1: no limit
	done    bool         // nothing is below bound

	keys []mailserver.Row // read ahead, newest first
	next int              // in keys: where data begins
	data [][]byte         // envelopes of keys[next-len(data):next]
	pos  int              // in data: the current row
	err  error
}

// Select implements mailserver.Archive.
func (a *Archive) Select(ctx context.Context, q mailserver.Query) (mailserver.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := a.ready(ctx); err != nil {
		return nil, err
	}
	topics, all, err := a.candidates(ctx, q)
	if err != nil {
		return nil, err
	}
	r := &rows{
		archive: a, lower: int64(q.Lower), bound: startOf(q), all: all, topics: topics, left: q.Limit, pos: -1,
	}
	if q.Limit == 0 {
		r.left = -1
	}
	r.done = !all && len(topics) == 0
	if all && len(topics) == 0 {
		r.topics = nil // every topic
	}
	return r, nil
}

func (r *rows) Next(ctx context.Context) bool {
	if r.err != nil || r.left == 0 {
		return false
	}
	for r.pos++; ; r.pos++ {
		if r.pos == len(r.data) {
			if !r.load(ctx) {
				return false
			}
			r.pos = 0
		}
		if r.data[r.pos] != nil { // else pruned between the two reads
			break
		}
	}
	if r.left > 0 {
		r.left--
	}
	return true
}

// load reads the next envelopes, and the next keys when they are used up.
func (r *rows) load(ctx context.Context) bool {
	if r.next == len(r.keys) {
		if r.done {
			return false
		}
		r.keys, r.next = nil, 0
		for len(r.keys) == 0 && !r.done {
			if r.err = r.readKeys(ctx); r.err != nil {
				return false
			}
		}
		if len(r.keys) == 0 {
			return false
		}
	}
	n, size := 0, 0
	for r.next+n < len(r.keys) && n < dataRows && (n == 0 || size < dataBytes) {
		size += r.keys[r.next+n].Size
		n++
	}
	r.data, r.err = r.archive.envelopes(ctx, r.keys[r.next:r.next+n])
	r.next += n
	return r.err == nil
}

// wanted is how many keys to read now.
func (r *rows) wanted() int {
	if r.left > 0 && r.left < keysAhead {
		return r.left
	}
	return keysAhead
}

func (r *rows) readKeys(ctx context.Context) (err error) {
	n := r.wanted()
	if r.all {
		r.keys, err = r.archive.keysByTime(ctx, r.lower, r.bound, r.topics, n)
		r.done = len(r.keys) < n
	} else {
		err = r.readTopicKeys(ctx, n)
	}
	if len(r.keys) > 0 {
		r.bound = after(r.keys[len(r.keys)-1].Key)
	}
	return err
}

// readTopicKeys reads the newest rows of each topic. Where a topic had more
// than were read, only rows down to the last one read are known to be
// complete; the others are left for the next round.
func (r *rows) readTopicKeys(ctx context.Context, n int) error {
	perTopic := min(max(4*n/len(r.topics), minPerTopic), n)
	keys, err := r.archive.keysByTopic(ctx, r.lower, r.bound, r.topics, perTopic)
	if err != nil {
		return err
	}
	count := make(map[wire.Topic]int)
	var floor *mailserver.Key
	for i := range keys {
		row := &keys[i]
		if count[row.Topic]++; count[row.Topic] == perTopic && (floor == nil || row.Key.Compare(*floor) > 0) {
			floor = &row.Key
		}
	}
	if floor == nil {
		r.keys, r.done = keys, true
		return nil
	}
	end := 0
	for end < len(keys) && keys[end].Key.Compare(*floor) >= 0 {
		end++
	}
	r.keys = keys[:end]
	// Topics that had fewer rows than asked for and none left over are done.
	more := make(map[wire.Topic]bool)
	for _, row := range keys[end:] {
		more[row.Topic] = true
	}
	r.topics = slices.DeleteFunc(r.topics, func(t wire.Topic) bool { return count[t] < perTopic && !more[t] })
	return nil
}

func (r *rows) Row() mailserver.Row { return r.keys[r.next-len(r.data)+r.pos] }

func (r *rows) Data(context.Context) ([]byte, error) { return r.data[r.pos], nil }
func (r *rows) Err() error                           { return r.err }

func (r *rows) Close() {
	r.left, r.data, r.keys, r.next, r.pos = 0, nil, nil, 0, -1
}

// keysByTime reads rows of all topics, or of many, newest first.
func (a *Archive) keysByTime(
	ctx context.Context, lower int64, b bound, topics []wire.Topic, n int,
) ([]mailserver.Row, error) {
	const every = `SELECT topic, created, hash, size FROM envelopes
		WHERE created >= $1 AND (created, hash) < ($2, $3)
		ORDER BY created DESC, hash DESC LIMIT $4`
	const some = `SELECT topic, created, hash, size FROM envelopes
		WHERE created >= $1 AND (created, hash) < ($2, $3) AND topic = ANY($5::BYTEA[])
		ORDER BY created DESC, hash DESC LIMIT $4`
	if topics == nil {
		return a.keys(ctx, every, lower, b.created, b.hash, n)
	}
	return a.keys(ctx, some, lower, b.created, b.hash, n, rawTopics(topics))
}

// keysByTopic reads up to perTopic rows of each topic, all newest first.
func (a *Archive) keysByTopic(
	ctx context.Context, lower int64, b bound, topics []wire.Topic, perTopic int,
) ([]mailserver.Row, error) {
	const query = `SELECT e.topic, e.created, e.hash, e.size
		FROM unnest($5::BYTEA[]) AS t(topic) CROSS JOIN LATERAL (
			SELECT topic, created, hash, size FROM envelopes
			WHERE envelopes.topic = t.topic AND created >= $1 AND (created, hash) < ($2, $3)
			ORDER BY created DESC, hash DESC LIMIT $4) AS e
		ORDER BY e.created DESC, e.hash DESC`
	return a.keys(ctx, query, lower, b.created, b.hash, perTopic, rawTopics(topics))
}

func rawTopics(topics []wire.Topic) [][]byte {
	out := make([][]byte, len(topics))
	for i := range topics {
		out[i] = topics[i][:]
	}
	return out
}

func (a *Archive) keys(ctx context.Context, query string, args ...any) (out []mailserver.Row, err error) {
	err = a.do(ctx, "read archive", func(ctx context.Context) error {
		rows, err := a.pool.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, scanRow)
		return err
	})
	return out, err
}

func scanRow(row pgx.CollectableRow) (r mailserver.Row, err error) {
	var topic, hash []byte
	var created int64
	if err := row.Scan(&topic, &created, &hash, &r.Size); err != nil {
		return r, err
	}
	if len(topic) != wire.TopicLength || len(hash) != wire.HashLength || created < 0 || created > 1<<32-1 {
		return r, errRow
	}
	r.Topic, r.Key = wire.Topic(topic), mailserver.Key{Created: uint32(created), Hash: wire.Hash(hash)}
	return r, nil
}

// envelopes reads the envelopes of rows. One that has been pruned is nil.
func (a *Archive) envelopes(ctx context.Context, keys []mailserver.Row) (data [][]byte, err error) {
	var c columns
	index := make(map[wire.Hash]int, len(keys))
	for i, k := range keys {
		c.add(k.Key, k.Topic)
		index[k.Hash] = i
	}
	err = a.do(ctx, "read envelopes", func(ctx context.Context) error {
		data = make([][]byte, len(keys))
		// The limit keeps the planner from anything but one seek for each key.
		const query = `SELECT k.hash, e.data
			FROM unnest($1::BYTEA[], $2::INT8[], $3::BYTEA[]) AS k(topic, created, hash) CROSS JOIN LATERAL (
				SELECT data FROM envelopes
				WHERE envelopes.topic = k.topic AND envelopes.created = k.created AND envelopes.hash = k.hash
				LIMIT 1) AS e`
		rows, err := a.pool.Query(ctx, query, c.topics, c.created, c.hashes)
		if err != nil {
			return err
		}
		var hash, raw []byte
		_, err = pgx.ForEachRow(rows, []any{&hash, &raw}, func() error {
			i, ok := index[wire.Hash(hash)]
			if !ok {
				return errRow
			}
			data[i] = raw
			raw = nil // ours now
			return nil
		})
		return err
	})
	return data, err
}
