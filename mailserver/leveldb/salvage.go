package leveldb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"go.uber.org/zap"

	"statusd/internal/atomicfile"
	"statusd/mailserver/topicindex"
	"statusd/waku/wire"
)

// The engine drops what it cannot read of a journal, and all that follows in
// the same block. So journals are looked at before it opens them. Damaged ones
// are kept under another name and noted in a file; when the engine is open, the
// envelopes that are sound in them are stored again, and the counters, of which
// every batch holds the latest, are made anew. A crash in between begins it
// again.
const (
	salvageName   = "SALVAGE"  // names the kept journals until they have been worked through
	keptSuffix    = ".damaged" // of a kept journal
	keptJournals  = 4          // that stay for a closer look
	maxJournal    = 1 << 30    // bytes of a journal that is looked at
	recountedRows = 4096       // of the topic directory in one batch
)

// errJournal says that a file cannot be a journal.
var errJournal = errors.New("journal of an impossible size")

func readJournal(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxJournal+1))
	if err == nil && len(raw) > maxJournal {
		err = fmt.Errorf("%w: %s", errJournal, name)
	}
	return raw, err
}

// journals returns the names of the journals in a folder, the oldest first.
func journals(dir, suffix string) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(dir, "*.log"+suffix))
	if err != nil {
		return nil, err
	}
	number := func(name string) int64 {
		n, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(name), ".log"+suffix), 10, 64)
		if err != nil {
			return -1
		}
		return n
	}
	found = slices.DeleteFunc(found, func(name string) bool { return number(name) < 0 })
	slices.SortFunc(found, func(a, b string) int { return int(number(a) - number(b)) })
	return found, nil
}

// keepDamaged looks for damage in the journals of an archive that is closed. If
// there is any it keeps all of them, and notes their names.
func keepDamaged(dir string) error {
	names, err := journals(dir, "")
	if err != nil {
		return err
	}
	hit := false
	for _, name := range names {
		raw, err := readJournal(name)
		if err != nil {
			return err
		}
		hit = hit || len(damaged(raw, readBatches(raw))) > 0
	}
	if !hit {
		return nil
	}
	noted, err := notedJournals(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		kept := filepath.Base(name) + keptSuffix
		if slices.Contains(noted, kept) {
			continue // a crash has brought us here before
		}
		if err := keep(name, filepath.Join(dir, kept)); err != nil {
			return err
		}
		noted = append(noted, kept)
	}
	text := strings.Join(noted, "\n") + "\n"
	return atomicfile.Write(filepath.Join(dir, salvageName), []byte(text), 0o600)
}

// keep gives a file that is never written again a second name, or copies it
// where that is not possible.
func keep(name, kept string) error {
	if err := os.Remove(kept); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if os.Link(name, kept) == nil {
		return nil
	}
	raw, err := readJournal(name)
	if err != nil {
		return err
	}
	return atomicfile.Write(kept, raw, 0o600)
}

// notedJournals returns the journals that are still to be worked through.
func notedJournals(dir string) ([]string, error) {
	raw, err := os.ReadFile(filepath.Join(dir, salvageName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(raw)), nil
}

// salvage works through the kept journals, after the archive was loaded. The
// caller has the archive for itself.
func (a *Archive) salvage() error {
	names, err := notedJournals(a.dir)
	if err != nil || len(names) == 0 {
		return err
	}
	w := wreck{envs: make(map[wire.Hash]*wire.Envelope), expected: a.topics.stats().Envelopes}
	for _, name := range names {
		raw, err := readJournal(filepath.Join(a.dir, filepath.Base(name)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		w.add(raw)
	}
	if err := a.recount(); err != nil {
		return err
	}
	if err := a.putBack(w.envs); err != nil {
		return err
	}
	lost := max(w.failed, w.expected+w.since-a.topics.stats().Envelopes, 0)
	a.lost.Envelopes += lost
	a.lost.Bytes += w.bytes
	a.lost.More = a.lost.More || w.blind
	text := "journal of the archive is damaged; what is sound of it was stored again, the rest is lost"
	switch {
	case lost == 0 && !w.blind:
		text = "journal of the archive is damaged, but no envelope of it is lost"
	case lost == 0:
		text = "journal of the archive is damaged at its end; whether envelopes of it are lost cannot be told"
	}
	a.log.Error(text,
		zap.String("dir", a.dir), zap.Strings("kept", names), zap.Int64("bytes", w.bytes),
		zap.Int64("envelopesAtLeast", lost))
	if err := os.Remove(filepath.Join(a.dir, salvageName)); err != nil {
		return err
	}
	a.forgetKept()
	return atomicfile.SyncDir(a.dir)
}

// putBack stores envelopes out of damaged journals. Those that are there
// already are passed over.
func (a *Archive) putBack(envs map[wire.Hash]*wire.Envelope) error {
	list := make([]*wire.Envelope, 0, len(envs))
	for _, env := range envs {
		list = append(list, env)
	}
	for part := range slices.Chunk(list, maxBatchRows) {
		if _, err := a.storeBatch(part); err != nil {
			return err
		}
	}
	return nil
}

// forgetKept removes all but the latest kept journals.
func (a *Archive) forgetKept() {
	kept, err := journals(a.dir, keptSuffix)
	for err == nil && len(kept) > keptJournals {
		err = os.Remove(kept[0])
		kept = kept[1:]
	}
	if err != nil {
		a.log.Warn("old damaged journals not removed", zap.Error(err))
	}
}

// wreck is what damaged journals hold.
type wreck struct {
	envs     map[wire.Hash]*wire.Envelope // sound, and not pruned later
	expected int64                        // envelopes in the archive, by the latest counters that are sound
	since    int64                        // envelopes seen after those counters
	failed   int64                        // envelopes that were seen and are not whole
	blind    bool                         // damage after those counters may hide more envelopes
	bytes    int64                        // of the damaged batches
}

// add takes over a journal. They come in their order.
func (w *wreck) add(raw []byte) {
	batches := readBatches(raw)
	hit := damaged(raw, batches)
	for _, b := range batches {
		isHit := len(hit) > 0 && hit[0].from == b.from
		if isHit {
			hit = hit[1:]
			w.bytes += int64(b.to - b.from)
			w.blind = true
		}
		if b.sound && b.records(w.put, w.del) || !isHit { // else it is the torn end
			continue
		}
		failed := b.rescue(func(env *wire.Envelope) {
			w.envs[env.Hash()] = env
			w.since++
		})
		w.failed += failed
		w.since += failed
	}
}

func (w *wreck) put(_ uint64, key, value []byte) {
	if env, ok := soundEnvelope(key, value); ok {
		w.envs[env.Hash()] = env
	} else if string(key) == keyCounters {
		if totals, ok := parseCounters(value); ok {
			w.expected, w.since, w.blind = totals.envelopes, 0, false
		}
	}
}

func (w *wreck) del(_ uint64, key []byte) {
	if p, _, ok := parseEnvelopeKey(key); ok {
		delete(w.envs, p.key().Hash)
	}
}

// recount makes topic directory and counters anew from the index.
func (a *Archive) recount() error {
	var totals counters
	topics := new(topicindex.Index[topicInfo])
	iter := a.db.NewIterator(prefixRange(prefixIndex), &opt.ReadOptions{DontFillCache: true})
	defer iter.Release()
	for iter.Next() {
		key, value := iter.Key(), iter.Value()
		if len(key) != keyLength || len(value) != 4 {
			return a.fail("count envelopes", errRecord)
		}
		topic := wire.Topic(key[1:])
		info, _ := topics.Get(topic)
		p := place(key[topicKeyLength:])
		created := p.created()
		topics.Set(topic, info.with(created))
		totals = totals.with(created, int64(binary.BigEndian.Uint32(value)))
	}
	if err := iter.Error(); err != nil {
		return a.fail("count envelopes", err)
	}
	return a.saveDirectory(topics, totals)
}

// saveDirectory replaces the topic directory and the counters. A crash in the
// middle is mended by doing it again.
func (a *Archive) saveDirectory(topics *topicindex.Index[topicInfo], totals counters) error {
	batch := new(leveldb.Batch)
	write := func() error {
		err := a.db.Write(batch, &opt.WriteOptions{Sync: true})
		batch.Reset()
		return err
	}
	for t := range a.topics.snapshot() {
		if _, stays := topics.Get(t); !stays {
			batch.Delete(appendTopicKey(nil, t))
		}
	}
	for t, info := range topics.All() {
		batch.Put(appendTopicKey(nil, t), info.append(nil))
		if batch.Len() >= recountedRows {
			if err := write(); err != nil {
				return a.fail("store counters", err)
			}
		}
	}
	batch.Put([]byte(keyCounters), totals.append(nil))
	if err := write(); err != nil {
		return a.fail("store counters", err)
	}
	a.topics.replace(topics, totals)
	return nil
}
