package leveldb

import (
	"encoding/binary"
	"errors"

	"github.com/syndtr/goleveldb/leveldb/util"

	"statusd/mailserver"
	"statusd/waku/wire"
)

// First bytes of keys.
const (
	prefixMeta     = 0x00
	prefixTopic    = 0x01
	prefixIndex    = 0x02
	prefixEnvelope = 0x03
	prefixEnd      = 0x04
)

// Lengths of keys and of their parts.
const (
	placeLength    = wire.CursorLength // inv(created | hash)
	topicKeyLength = 1 + wire.TopicLength
	keyLength      = 1 + wire.TopicLength + placeLength // index and envelope keys alike
)

// errRecord marks a key or value that this package cannot have written.
var errRecord = errors.New("record of an impossible form")

var (
	keySchema   = "\x00schema"
	keyCounters = "\x00counters"
)

// place is a key of the archive in the form that sorts new before old.
type place [placeLength]byte

func placeOf(k mailserver.Key) (p place) {
	k.AppendCursor(p[:0])
	p.invert()
	return p
}

func (p *place) invert() {
	for i := range p {
		p[i] = ^p[i]
	}
}

func (p place) key() mailserver.Key {
	p.invert()
	return mailserver.Key{Created: binary.BigEndian.Uint32(p[:]), Hash: wire.Hash(p[4:])}
}

func (p *place) created() uint32 { return ^binary.BigEndian.Uint32(p[:]) }

func appendEnvelopeKey(dst []byte, p place, t wire.Topic) []byte {
	return append(append(append(dst, prefixEnvelope), p[:]...), t[:]...)
}

func appendIndexKey(dst []byte, t wire.Topic, p place) []byte {
	return append(append(append(dst, prefixIndex), t[:]...), p[:]...)
}

func appendTopicKey(dst []byte, t wire.Topic) []byte {
	return append(append(dst, prefixTopic), t[:]...)
}

func parseEnvelopeKey(key []byte) (p place, t wire.Topic, ok bool) {
	if len(key) != keyLength || key[0] != prefixEnvelope {
		return p, t, false
	}
	return place(key[1:]), wire.Topic(key[1+placeLength:]), true
}

// prefixRange spans the keys with a first byte.
func prefixRange(prefix byte) *util.Range {
	return &util.Range{Start: []byte{prefix}, Limit: []byte{prefix + 1}}
}

// window is a query's range of places: from start, inclusive, until a place
// was created before lower.
type window struct {
	start []byte // compared with places; may be longer than one
	lower uint32
}

func newWindow(q mailserver.Query) window {
	w := window{lower: q.Lower, start: binary.BigEndian.AppendUint32(nil, ^q.Upper)}
	if q.After != nil && q.After.Created <= q.Upper {
		after := placeOf(*q.After)
		// One more byte makes the bound larger than the cursor's own key but
		// smaller than every other that follows it.
		w.start = append(after[:], 0xff, 0xff, 0xff, 0xff, 0xff)
	}
	return w
}
