package postgres

import (
	"bytes"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"statusd/mailserver"
	"statusd/waku/wire"
)

// Bounds of one transaction.
const (
	maxBatchRows  = 2048
	maxBatchBytes = 4 << 20
)

// columns are the rows of a batch, as arrays.
type columns struct {
	topics, hashes, data [][]byte
	created              []int64
	sizes                []int32
}

func (c *columns) add(k mailserver.Key, t wire.Topic) {
	c.topics = append(c.topics, t[:])
	c.created = append(c.created, int64(k.Created))
	c.hashes = append(c.hashes, k.Hash[:])
}

// Put implements mailserver.Archive.
func (a *Archive) Put(ctx context.Context, envs []*wire.Envelope) (added int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	for len(envs) > 0 {
		n, size := 0, 0
		for n < len(envs) && n < maxBatchRows && size < maxBatchBytes {
			size += len(envs[n].RLP())
			n++
		}
		got, err := a.putBatch(ctx, envs[:n])
		added += got
		if err != nil {
			return added, err
		}
		envs = envs[n:]
	}
	return added, nil
}

func (a *Archive) putBatch(ctx context.Context, envs []*wire.Envelope) (added int, err error) {
	if err := a.announce(ctx, envs); err != nil {
		return 0, err
	}
	// The same order at every server, so that two never wait for each other.
	sorted := slices.Clone(envs)
	slices.SortFunc(sorted, func(x, y *wire.Envelope) int {
		tx, ty := x.Topic(), y.Topic()
		if c := bytes.Compare(tx[:], ty[:]); c != 0 {
			return c
		}
		return mailserver.KeyOf(x).Compare(mailserver.KeyOf(y))
	})
	var c columns
	for _, env := range sorted {
		c.add(mailserver.KeyOf(env), env.Topic())
		c.data = append(c.data, env.RLP())
		c.sizes = append(c.sizes, int32(len(env.RLP())))
	}
	err = a.transaction(ctx, "store envelopes", func(ctx context.Context, tx pgx.Tx) error {
		var size int64
		const insert = `WITH fresh AS (
				INSERT INTO envelopes (topic, created, hash, data, size)
				SELECT e.topic, e.created, e.hash, e.data, e.size
				FROM unnest($1::BYTEA[], $2::INT8[], $3::BYTEA[], $4::BYTEA[], $5::INT4[])
					AS e(topic, created, hash, data, size)
				ON CONFLICT DO NOTHING
				RETURNING size)
			SELECT count(*), COALESCE(sum(size), 0)::INT8 FROM fresh`
		row := tx.QueryRow(ctx, insert, c.topics, c.created, c.hashes, c.data, c.sizes)
		if err := row.Scan(&added, &size); err != nil {
			return err
		}
		return a.count(ctx, tx, int64(added), size)
	})
	if err != nil {
		added = 0
	}
	return added, err
}

// count adds to the totals.
func (a *Archive) count(ctx context.Context, tx pgx.Tx, envelopes, size int64) error {
	if envelopes == 0 {
		return nil
	}
	const update = `UPDATE counters SET envelopes = envelopes + $1, bytes = bytes + $2 WHERE shard = $3`
	_, err := tx.Exec(ctx, update, envelopes, size, a.shard)
	return err
}

// pruneRows bounds one transaction of pruning.
const pruneRows = 1000

// Prune implements mailserver.Archive. The database gives the space back in
// its own time.
func (a *Archive) Prune(ctx context.Context, limits mailserver.Limits) (removed int64, err error) {
	for {
		stats, err := a.Stats(ctx)
		if err != nil || !limits.Exceeded(stats) {
			if err == nil && removed > 0 {
				err = a.dropTopics(ctx)
			}
			return removed, err
		}
		n, err := a.pruneBatch(ctx, limits)
		removed += n
		if err != nil {
			return removed, err
		}
	}
}

// pruneBatch removes up to pruneRows of the oldest envelopes. Servers that
// share the archive take turns, and each looks at the counters in its turn:
// else both would remove the same surplus.
func (a *Archive) pruneBatch(ctx context.Context, limits mailserver.Limits) (removed int64, err error) {
	err = a.transaction(ctx, "prune archive", func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT shard FROM counters WHERE shard = -1 FOR UPDATE`); err != nil {
			return err
		}
		left, err := readStats(ctx, tx)
		if err != nil || !limits.Exceeded(left) {
			removed = 0
			return err
		}
		oldest, err := oldestRows(ctx, tx)
		if err != nil {
			return err
		}
		var c columns
		for _, row := range oldest {
			left.Oldest = row.Created
			if !limits.Exceeded(left) {
				break
			}
			c.add(row.Key, row.Topic)
			left.Envelopes--
			left.Bytes -= int64(row.Size)
		}
		var size int64
		const remove = `WITH gone AS (
				DELETE FROM envelopes WHERE (topic, created, hash) IN (
					SELECT e.topic, e.created, e.hash
					FROM unnest($1::BYTEA[], $2::INT8[], $3::BYTEA[]) AS e(topic, created, hash))
				RETURNING size)
			SELECT count(*), COALESCE(sum(size), 0)::INT8 FROM gone`
		if err := tx.QueryRow(ctx, remove, c.topics, c.created, c.hashes).Scan(&removed, &size); err != nil {
			return err
		}
		if removed == 0 && len(oldest) == 0 {
			// Counters that claim more than there is, after a repair by hand.
			return a.recount(ctx, tx)
		}
		return a.count(ctx, tx, -removed, -size)
	})
	if err != nil {
		removed = 0
	}
	return removed, err
}

func oldestRows(ctx context.Context, tx pgx.Tx) ([]mailserver.Row, error) {
	const query = `SELECT topic, created, hash, size FROM envelopes ORDER BY created, hash LIMIT $1`
	rows, err := tx.Query(ctx, query, pruneRows)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanRow)
}

// recount sets the totals to what an empty archive has.
func (a *Archive) recount(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE counters SET envelopes = 0, bytes = 0`)
	return err
}
