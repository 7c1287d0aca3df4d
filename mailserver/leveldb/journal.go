package leveldb

import (
	"bytes"
	"encoding/binary"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/util"

	"statusd/mailserver"
	"statusd/waku/wire"
)

// A journal of the engine is a sequence of blocks. A block holds chunks: masked
// CRC-32C of what follows the length 4 | length 2 | kind 1 | payload, little
// endian. A batch is one chunk, or several over several blocks. The engine
// drops the rest of a block where a chunk is damaged, and says nothing; this
// reader goes on at the next sound chunk, and tells what it had to leave out.
const (
	journalBlock  = 32 << 10
	journalHeader = 7
	sectorSize    = 512

	chunkFull, chunkFirst, chunkMiddle, chunkLast = 1, 2, 3, 4

	// batchHeader is in front of a batch: sequence number 8 | records 4.
	batchHeader = 12
)

// chunk is a part of a journal.
type chunk struct {
	kind     byte
	sound    bool
	mended   bool // its header was not, and the checksum told what it was
	cut      bool // the file ends before the chunk does
	from, to int  // in the file
	payload  []byte
}

// readChunks takes a journal apart.
func readChunks(raw []byte) (chunks []chunk) {
	for base := 0; base < len(raw); base += journalBlock {
		end := min(base+journalBlock, len(raw))
		for at := base; end-at >= journalHeader || end < base+journalBlock && at < end; {
			c := chunkAt(raw, at, end)
			if !c.sound {
				c = mendChunk(raw, at, end)
			}
			chunks = append(chunks, c)
			at = c.to
		}
	}
	return chunks
}

// chunkAt reads the chunk at a place of a block that ends at end.
func chunkAt(raw []byte, at, end int) chunk {
	c := chunk{from: at, to: end}
	if end-at < journalHeader {
		return c
	}
	n := int(binary.LittleEndian.Uint16(raw[at+4:]))
	c.kind = raw[at+6]
	if to := at + journalHeader + n; to <= end {
		c.to, c.payload = to, raw[at+journalHeader:to]
		c.sound = c.kind >= chunkFull && c.kind <= chunkLast && soundSum(raw[at:], c.kind, c.payload)
	}
	return c
}

func soundSum(header []byte, kind byte, payload []byte) bool {
	return util.NewCRC([]byte{kind}).Update(payload).Value() == binary.LittleEndian.Uint32(header)
}

// mendChunk finds the end of a chunk that is not sound: where it says that it
// ends, if a sound one or the end of the block is there, else where the next
// sound one begins. When only length or kind of the header are damaged, the
// checksum tells so, and the chunk is sound after all.
func mendChunk(raw []byte, at, end int) chunk {
	c := chunkAt(raw, at, end)
	if c.payload == nil || end-c.to >= journalHeader && !chunkAt(raw, c.to, end).sound {
		c.to = end
		for next := at + 1; next < end; next++ {
			if probe := chunkAt(raw, next, end); probe.sound && len(probe.payload) > 0 {
				c.to = next
				break
			}
		}
	}
	c.cut = c.payload == nil && c.to == len(raw)
	c.payload = raw[min(at+journalHeader, c.to):c.to]
	if end-at < journalHeader {
		return c
	}
	for kind := byte(chunkFull); kind <= chunkLast; kind++ {
		if soundSum(raw[at:], kind, c.payload) {
			c.kind, c.sound, c.mended, c.cut = kind, true, true, false
		}
	}
	return c
}

// journalBatch is one batch of a journal, or what is left of it.
type journalBatch struct {
	from, to int
	sound    bool
	mended   bool // sound, but not for the engine
	ended    bool // its last chunk was there
	garbled  bool // a chunk is all there, and not sound
	raw      []byte
}

// readBatches puts the chunks of a journal together.
func readBatches(raw []byte) (batches []journalBatch) {
	var open *journalBatch
	finish := func() {
		if open != nil {
			batches, open = append(batches, *open), nil
		}
	}
	for _, c := range readChunks(raw) {
		starts := c.kind == chunkFull || c.kind == chunkFirst
		if starts || open == nil {
			finish() // one that is open lacks its end
			open = &journalBatch{from: c.from, sound: starts}
		}
		open.sound = open.sound && c.sound
		open.mended = open.mended || c.mended
		open.garbled = open.garbled || !c.sound && !c.cut
		open.raw = append(open.raw, c.payload...)
		open.to = c.to
		if (c.kind == chunkFull || c.kind == chunkLast) && !c.cut {
			open.ended = true
			finish()
		}
	}
	finish()
	for i := range batches {
		b := &batches[i]
		b.sound = b.sound && b.ended
	}
	return batches
}

// tornEnd reports whether the last batch of a journal looks like a write that a
// crash interrupted: bytes are missing at the end, or a sector was never
// written and holds zeros. Each batch is synced before the next is written, so
// no other can be.
func tornEnd(raw []byte, b journalBatch) bool {
	for from := b.from; from < b.to; {
		to := min(from-from%sectorSize+sectorSize, b.to)
		if len(bytes.Trim(raw[from:to], "\x00")) == 0 {
			return true
		}
		from = to
	}
	return !b.ended && !b.garbled
}

// damaged lists the batches of a journal that damage has hit: those that the
// engine drops.
func damaged(raw []byte, batches []journalBatch) (hit []journalBatch) {
	for i, b := range batches {
		if b.sound && b.mended || !b.sound && (i < len(batches)-1 || !tornEnd(raw, b)) {
			hit = append(hit, b)
		}
	}
	return hit
}

// records calls put and del for the records of a sound batch, each with its
// sequence number. It returns false when the batch is not one.
func (b journalBatch) records(put func(seq uint64, key, value []byte), del func(seq uint64, key []byte)) bool {
	var batch leveldb.Batch
	if len(b.raw) < batchHeader || batch.Load(b.raw[batchHeader:]) != nil {
		return false
	}
	r := &numbered{seq: binary.LittleEndian.Uint64(b.raw), put: put, del: del}
	return batch.Replay(r) == nil
}

// numbered counts the records of a batch.
type numbered struct {
	seq uint64
	put func(seq uint64, key, value []byte)
	del func(seq uint64, key []byte)
}

func (n *numbered) Put(key, value []byte) { n.put(n.seq, key, value); n.seq++ }
func (n *numbered) Delete(key []byte)     { n.del(n.seq, key); n.seq++ }

// envelopeMark begins the record of an envelope in a batch: it is a value, with
// a key of that length and first byte.
var envelopeMark = []byte{1, keyLength, prefixEnvelope}

// rescue searches what is left of a batch for envelopes, which prove by their
// hash that they are whole. It counts those that are not.
func (b journalBatch) rescue(found func(env *wire.Envelope)) (lost int64) {
	for raw := b.raw; ; {
		at := bytes.Index(raw, envelopeMark)
		if at < 0 || len(raw)-at < 2+keyLength {
			return lost
		}
		key, rest := raw[at+2:at+2+keyLength], raw[at+2+keyLength:]
		raw = raw[at+1:]
		n, width := binary.Uvarint(rest)
		if width <= 0 || n == 0 || n > uint64(len(rest)-width) {
			continue
		}
		env, ok := soundEnvelope(key, rest[width:width+int(n)])
		if !ok {
			lost++
			continue
		}
		found(env)
		raw = rest[width+int(n):]
	}
}

// soundEnvelope decodes an envelope that hashes to its key.
func soundEnvelope(key, value []byte) (*wire.Envelope, bool) {
	p, topic, ok := parseEnvelopeKey(key)
	if !ok {
		return nil, false
	}
	env, err := wire.DecodeEnvelope(bytes.Clone(value))
	if err != nil || env.Topic() != topic || placeOf(mailserver.KeyOf(env)) != p {
		return nil, false
	}
	return env, true
}
