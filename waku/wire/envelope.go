package wire

import (
	"errors"
	"fmt"
	"math/bits"
	"sync"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"
)

// EnvelopeOverhead is what a limit on message size adds to the length of the
// data field: 4 bytes each of expiry, ttl and topic, and 8 of nonce
// (spec 01 section 3.1). It is not the length of the encoding.
const EnvelopeOverhead = 20

// Errors of envelope decoding. Each spoils the packet that holds the envelope.
var (
	ErrEnvelopeFields = errors.New("envelope does not have exactly five fields")
	ErrTopicLength    = errors.New("topic is not 4 bytes long")
	ErrUint32         = errors.New("integer does not fit in 32 bits")
	ErrTrailingBytes  = errors.New("bytes after the end of the list")
)

// Envelope is a sealed message as relays see it. It is immutable; hash and
// leading zero bits are computed once, when it is made.
type Envelope struct {
	raw       []byte // canonical RLP
	data      []byte // part of raw
	content   int    // offset of the first field in raw
	nonceAt   int    // offset of the nonce field in raw
	expiry    uint32
	ttl       uint32
	topic     Topic
	zeroBits  uint16
	prefixLen uint32 // length of RLP [expiry, ttl, topic, data]
	nonce     uint64
	hash      Hash
}

// NewEnvelope assembles an envelope. expiry is Unix seconds, ttl seconds. The
// data is copied.
func NewEnvelope(expiry, ttl uint32, topic Topic, data []byte, nonce uint64) *Envelope {
	prefix := appendPrefixFields(make([]byte, 0, len(data)+32), expiry, ttl, topic, data)
	fields := rlp.AppendUint64(prefix, nonce)
	raw := appendListHeader(make([]byte, 0, len(fields)+5), len(fields))
	content := len(raw)
	raw = append(raw, fields...)
	env, err := parseEnvelope(raw, content)
	if err != nil {
		panic("wire: encoded envelope does not parse: " + err.Error())
	}
	env.finish()
	return env
}

// DecodeEnvelope parses one RLP-encoded envelope that fills raw exactly. The
// envelope keeps a copy of raw.
func DecodeEnvelope(raw []byte) (*Envelope, error) {
	content, rest, err := rlp.SplitList(raw)
	if err != nil {
		return nil, fmt.Errorf("envelope: %w", err)
	}
	if len(rest) != 0 {
		return nil, ErrTrailingBytes
	}
	own := append(make([]byte, 0, len(raw)), raw...)
	env, err := parseEnvelope(own, len(raw)-len(content))
	if err != nil {
		return nil, err
	}
	env.finish()
	return env, nil
}

// parseEnvelope reads the fields of raw, whose list content begins at offset
// content, and keeps raw. It does not hash.
func parseEnvelope(raw []byte, content int) (*Envelope, error) {
	env := &Envelope{raw: raw, content: content}
	var err error
	rest := raw[content:]
	if env.expiry, rest, err = splitUint32(rest, "expiry"); err != nil {
		return nil, err
	}
	if env.ttl, rest, err = splitUint32(rest, "ttl"); err != nil {
		return nil, err
	}
	var topic []byte
	if topic, rest, err = splitField(rest, "topic"); err != nil {
		return nil, err
	}
	if len(topic) != TopicLength {
		return nil, ErrTopicLength
	}
	env.topic = Topic(topic)
	if env.data, rest, err = splitField(rest, "data"); err != nil {
		return nil, err
	}
	env.nonceAt = len(raw) - len(rest)
	if len(rest) == 0 {
		return nil, ErrEnvelopeFields
	}
	if env.nonce, rest, err = rlp.SplitUint64(rest); err != nil {
		return nil, fmt.Errorf("envelope nonce: %w", err)
	}
	if len(rest) != 0 {
		return nil, ErrEnvelopeFields
	}
	return env, nil
}

func splitUint32(b []byte, field string) (uint32, []byte, error) {
	if len(b) == 0 {
		return 0, nil, ErrEnvelopeFields
	}
	x, rest, err := rlp.SplitUint64(b)
	if err != nil {
		return 0, nil, fmt.Errorf("%s: %w", field, err)
	}
	if x > 1<<32-1 {
		return 0, nil, fmt.Errorf("%s: %w", field, ErrUint32)
	}
	return uint32(x), rest, nil
}

func splitField(b []byte, field string) (value, rest []byte, err error) {
	if len(b) == 0 {
		return nil, nil, ErrEnvelopeFields
	}
	if value, rest, err = rlp.SplitString(b); err != nil {
		return nil, nil, fmt.Errorf("envelope %s: %w", field, err)
	}
	return value, rest, nil
}

// finish computes the hash and the leading zero bits of the proof of work.
func (e *Envelope) finish() {
	h := hasherPool.Get().(*hasher)
	h.Reset()
	h.Write(e.raw)
	h.Read(h.buf[:])
	e.hash = h.buf

	head := appendListHeader(h.buf[:0], e.nonceAt-e.content)
	e.prefixLen = uint32(len(head) + e.nonceAt - e.content)
	h.Reset()
	h.Write(head)
	h.Write(e.raw[e.content:e.nonceAt])
	h.Write(appendNonce(h.buf[:0], e.nonce))
	h.Read(h.buf[:])
	e.zeroBits = uint16(leadingZeroBits(h.buf[:]))
	hasherPool.Put(h)
}

// hasher is a hash state with room for its inputs and results, so that neither
// is allocated for each envelope.
type hasher struct {
	crypto.KeccakState
	buf [32]byte
}

var hasherPool = sync.Pool{New: func() any { return &hasher{KeccakState: crypto.NewKeccakState()} }}

func leadingZeroBits(digest []byte) int {
	for i, b := range digest {
		if b != 0 {
			return 8*i + bits.LeadingZeros8(b)
		}
	}
	return 8 * len(digest)
}

func appendNonce(b []byte, nonce uint64) []byte {
	return append(b, byte(nonce>>56), byte(nonce>>48), byte(nonce>>40), byte(nonce>>32),
		byte(nonce>>24), byte(nonce>>16), byte(nonce>>8), byte(nonce))
}

func appendPrefixFields(b []byte, expiry, ttl uint32, topic Topic, data []byte) []byte {
	b = rlp.AppendUint64(b, uint64(expiry))
	b = rlp.AppendUint64(b, uint64(ttl))
	b = appendString(b, topic[:])
	return appendString(b, data)
}

// Expiry returns the Unix second after which the envelope must not be relayed.
func (e *Envelope) Expiry() uint32 { return e.expiry }

// TTL returns the time to live in seconds that the author set.
func (e *Envelope) TTL() uint32 { return e.ttl }

// Sent returns expiry - ttl, the Unix second at which the author claims to
// have sent the envelope. It wraps when ttl is larger than expiry; receivers
// refuse such envelopes.
func (e *Envelope) Sent() uint32 { return e.expiry - e.ttl }

// Topic returns the topic.
func (e *Envelope) Topic() Topic { return e.topic }

// Data returns the encrypted data field. The caller must not change it.
func (e *Envelope) Data() []byte { return e.data }

// Nonce returns the proof-of-work nonce.
func (e *Envelope) Nonce() uint64 { return e.nonce }

// Hash returns the Keccak-256 hash of the encoding.
func (e *Envelope) Hash() Hash { return e.hash }

// RLP returns the encoding. The caller must not change it.
func (e *Envelope) RLP() []byte { return e.raw }

// Size returns the length that limits on message size apply to.
func (e *Envelope) Size() int { return EnvelopeOverhead + len(e.data) }

// PoW returns the proof of work as spec 01 section 4 defines it. diff is
// added to the time to live, in uint32 arithmetic: 0, or sent - now + 1 for an
// envelope from the near future. A divisor of zero gives +Inf.
func (e *Envelope) PoW(diff uint32) float64 {
	return powValue(int(e.zeroBits), int(e.prefixLen), e.ttl+diff)
}
