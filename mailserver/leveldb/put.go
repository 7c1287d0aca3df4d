package leveldb

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"go.uber.org/zap"

	"statusd/mailserver"
	"statusd/waku/wire"
)

// Bounds of one synced batch: larger calls are cut, so that memory stays small
// and a slow disk does not hold the lock for long.
const (
	maxBatchRows  = 4096
	maxBatchBytes = 4 << 20
)

// Put implements mailserver.Archive.
func (a *Archive) Put(ctx context.Context, envs []*wire.Envelope) (added int, err error) {
	for len(envs) > 0 {
		if err := ctx.Err(); err != nil {
			return added, err
		}
		n, size := 0, 0
		for n < len(envs) && n < maxBatchRows && size < maxBatchBytes {
			size += len(envs[n].RLP())
			n++
		}
		got, err := a.putBatch(envs[:n])
		added += got
		if err != nil {
			return added, err
		}
		envs = envs[n:]
	}
	return added, nil
}

func (a *Archive) putBatch(envs []*wire.Envelope) (added int, err error) {
	if err := a.checkFree(); err != nil {
		return 0, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.ready(); err != nil {
		return 0, err
	}
	return a.storeBatch(envs)
}

// storeBatch stores envelopes that fit into one batch. The caller holds mu.
func (a *Archive) storeBatch(envs []*wire.Envelope) (added int, err error) {
	batch := leveldb.MakeBatch(rawSize(envs))
	c := a.topics.begin()
	newest, empty := c.totals.newest, c.totals.envelopes == 0
	seen := make(map[wire.Hash]struct{}, len(envs))
	tail := a.tail
	var key []byte
	for _, env := range envs {
		if _, twice := seen[env.Hash()]; twice {
			continue
		}
		seen[env.Hash()] = struct{}{}
		p, topic, size := placeOf(mailserver.KeyOf(env)), env.Topic(), len(env.RLP())
		key = appendEnvelopeKey(key[:0], p, topic)
		// What is newer than everything stored cannot be there yet.
		if !empty && env.Sent() <= newest {
			known, err := a.db.Has(key, nil)
			if err != nil {
				return 0, a.fail("look up envelope", err)
			}
			if known {
				continue
			}
		}
		batch.Put(key, env.RLP())
		if tail != nil && string(key) >= string(tail) {
			tail = nil
		}
		key = appendIndexKey(key[:0], topic, p)
		batch.Put(key, binary.BigEndian.AppendUint32(nil, uint32(size)))
		c.add(&a.topics, topic, env.Sent(), size)
		added++
	}
	if added == 0 {
		return 0, nil
	}
	a.tail = tail
	if err := a.commit(batch, c, true); err != nil {
		return 0, a.fail("store envelopes", err)
	}
	a.noteTables()
	return added, nil
}

// noteTables records the tables now and then. The caller holds mu.
func (a *Archive) noteTables() {
	if time.Since(a.noted) < recordEvery {
		return
	}
	a.noted = time.Now()
	if err := recordTables(a.dir); err != nil {
		a.log.Warn("tables not recorded; the next start may take longer", zap.Error(err))
	}
}

// commit adds directory and counters to the batch, writes it and applies the
// change in memory. When it fails the engine has to be opened again: part of
// the batch may be in the journal. The caller holds mu.
func (a *Archive) commit(batch *leveldb.Batch, c *change, sync bool) error {
	var key, value []byte
	for t, info := range c.topics {
		key = appendTopicKey(key[:0], t)
		if info.count > 0 {
			value = info.append(value[:0])
			batch.Put(key, value)
		} else {
			batch.Delete(key)
		}
	}
	batch.Put([]byte(keyCounters), c.totals.append(nil))
	if err := a.db.Write(batch, &opt.WriteOptions{Sync: sync}); err != nil {
		a.broken = err
		return err
	}
	a.topics.apply(c)
	return nil
}

func (a *Archive) checkFree() error {
	free, err := a.free(a.dir)
	if err != nil {
		return fmt.Errorf("read free disk space of %s: %w: %w", a.dir, mailserver.ErrUnavailable, err)
	}
	if free < a.min {
		return fmt.Errorf("%w: %d MiB are free on the disk of %s, %d are needed",
			mailserver.ErrDiskLow, free>>20, a.dir, a.min>>20)
	}
	return nil
}

// rawSize estimates the memory of a batch.
func rawSize(envs []*wire.Envelope) int {
	n := 0
	for _, env := range envs {
		n += len(env.RLP()) + 160
	}
	return n
}
