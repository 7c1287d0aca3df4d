package wire

import (
	"errors"
	"fmt"
	"math"

	"github.com/ethereum/go-ethereum/rlp"
)

// MaxTopicInterest is the largest number of topics in key 5.
const MaxTopicInterest = 10_000

// DefaultPeerPoW is the requirement assumed of a peer that announces none.
const DefaultPeerPoW = 0.001

// Keys of the status options (spec 01 section 2.1).
const (
	keyPoW           = 0
	keyBloom         = 1
	keyLightNode     = 2
	keyConfirmations = 3
	keyPacketLimits  = 4
	keyTopicInterest = 5
	keyByteLimits    = 6 // waku/1 only
)

// Errors of status packets.
var (
	ErrStatusVersion = errors.New("status of another protocol version")
	ErrStatusOption  = errors.New("malformed status option")
	ErrBloomLength   = errors.New("bloom filter is not 64 bytes long")
	ErrPoWValue      = errors.New("proof of work is negative, infinite or not a number")
	ErrTooManyTopics = errors.New("more than 10000 topics")
	ErrFieldLength   = errors.New("field of a wrong length")
	ErrBool          = errors.New("boolean is neither 0 nor 1")
)

// Limits are rate limits per second as a peer announces them; 0 means none.
type Limits struct {
	PerIP, PerPeer, PerTopic uint64
}

// StatusOptions are the options of a Status or Status Update packet. A nil
// field is absent, which differs from a zero or empty one.
type StatusOptions struct {
	PoW           *float64
	Bloom         []byte // 64 bytes; empty but not nil: everything
	LightNode     *bool
	Confirmations *bool
	PacketLimits  *Limits
	Topics        []Topic // empty but not nil: nothing
	ByteLimits    *Limits // waku/1 only
}

// EncodeStatus returns the payload of a Status packet for waku/0 or waku/1.
func (o *StatusOptions) EncodeStatus(version uint) []byte {
	options := o.encodeOptions(version)
	if version == 0 {
		return wrapList(append([]byte{0x80}, options...))
	}
	return options
}

// EncodeUpdate returns the payload of a Status Update packet.
func (o *StatusOptions) EncodeUpdate(version uint) []byte { return o.encodeOptions(version) }

func (o *StatusOptions) encodeOptions(version uint) []byte {
	var list []byte
	add := func(key byte, value []byte) {
		pair := []byte{key}
		if version == 0 {
			pair[0] = '0' + key
		} else if key == 0 {
			pair[0] = 0x80
		}
		list = append(list, wrapList(append(pair, value...))...)
	}
	if o.PoW != nil {
		add(keyPoW, rlp.AppendUint64(nil, math.Float64bits(*o.PoW)))
	}
	if o.Bloom != nil {
		add(keyBloom, appendString(nil, o.Bloom))
	}
	if o.LightNode != nil {
		add(keyLightNode, appendBool(nil, *o.LightNode))
	}
	if o.Confirmations != nil {
		add(keyConfirmations, appendBool(nil, *o.Confirmations))
	}
	if o.PacketLimits != nil {
		add(keyPacketLimits, o.PacketLimits.encode())
	}
	if o.Topics != nil {
		topics := make([]byte, 0, 5*len(o.Topics))
		for _, t := range o.Topics {
			topics = appendString(topics, t[:])
		}
		add(keyTopicInterest, wrapList(topics))
	}
	if o.ByteLimits != nil && version > 0 {
		add(keyByteLimits, o.ByteLimits.encode())
	}
	return wrapList(list)
}

func (l *Limits) encode() []byte {
	return wrapList(rlp.AppendUint64(rlp.AppendUint64(rlp.AppendUint64(nil, l.PerIP), l.PerPeer), l.PerTopic))
}

// DecodeStatus parses the payload of a Status packet. Bytes after the list
// are accepted, as deployed peers do.
func DecodeStatus(version uint, payload []byte) (*StatusOptions, error) {
	if version > 0 {
		return decodeOptions(version, payload, true)
	}
	content, err := wholeList(payload, true)
	if err != nil {
		return nil, fmt.Errorf("status: %w", err)
	}
	v, rest, err := rlp.SplitUint64(content)
	if err != nil {
		return nil, fmt.Errorf("status version: %w", err)
	}
	if v != 0 {
		return nil, ErrStatusVersion
	}
	return decodeOptions(0, rest, false)
}

// DecodeUpdate parses the payload of a Status Update packet.
func DecodeUpdate(version uint, payload []byte) (*StatusOptions, error) {
	return decodeOptions(version, payload, true)
}

func decodeOptions(version uint, b []byte, lax bool) (*StatusOptions, error) {
	list, err := wholeList(b, lax)
	if err != nil {
		return nil, fmt.Errorf("status options: %w", err)
	}
	o := new(StatusOptions)
	for len(list) > 0 {
		var pair []byte
		if pair, list, err = rlp.SplitList(list); err != nil {
			return nil, fmt.Errorf("status option: %w", err)
		}
		if err := o.decodePair(version, pair); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// decodePair reads one [key, value]. A pair with an unknown key is skipped
// whatever its length, so that options after it still count.
func (o *StatusOptions) decodePair(version uint, pair []byte) error {
	key, value, err := splitKey(version, pair)
	if err != nil {
		return fmt.Errorf("status key: %w", err)
	}
	var rest []byte
	switch {
	case key == keyPoW:
		o.PoW, rest, err = decodePoW(value)
	case key == keyBloom:
		o.Bloom, rest, err = decodeBloom(value)
	case key == keyLightNode:
		o.LightNode, rest, err = decodeBool(value)
	case key == keyConfirmations:
		o.Confirmations, rest, err = decodeBool(value)
	case key == keyPacketLimits:
		o.PacketLimits, rest, err = decodeLimits(value)
	case key == keyTopicInterest:
		o.Topics, rest, err = decodeTopics(value)
	case key == keyByteLimits && version > 0:
		o.ByteLimits, rest, err = decodeLimits(value)
	default:
		_, err = rlp.CountValues(value)
	}
	if err != nil {
		return fmt.Errorf("status option %d: %w", key, err)
	}
	if len(rest) != 0 {
		return fmt.Errorf("%w: option %d has more than one value", ErrStatusOption, key)
	}
	return nil
}

// unknownKey stands for every key that no option has.
const unknownKey = 1 << 32

func splitKey(version uint, pair []byte) (key uint64, value []byte, err error) {
	if len(pair) == 0 {
		return 0, nil, ErrStatusOption
	}
	if version > 0 {
		return rlp.SplitUint64(pair)
	}
	s, value, err := rlp.SplitString(pair)
	if err != nil {
		return 0, nil, err
	}
	if len(s) == 1 && '0' <= s[0] && s[0] <= '9' {
		return uint64(s[0] - '0'), value, nil
	}
	return unknownKey, value, nil
}

func decodePoW(b []byte) (*float64, []byte, error) {
	raw, rest, err := rlp.SplitUint64(b)
	if err != nil {
		return nil, nil, err
	}
	pow := math.Float64frombits(raw)
	if math.IsNaN(pow) || math.IsInf(pow, 0) || pow < 0 {
		return nil, nil, ErrPoWValue
	}
	pow += 0 // -0 becomes 0
	return &pow, rest, nil
}

func decodeBloom(b []byte) (bloom, rest []byte, err error) {
	s, rest, err := rlp.SplitString(b)
	if err != nil {
		return nil, nil, err
	}
	if len(s) != 0 && len(s) != BloomLength {
		return nil, nil, ErrBloomLength
	}
	return append([]byte{}, s...), rest, nil
}

func decodeBool(b []byte) (*bool, []byte, error) {
	v, rest, err := splitBool(b)
	return &v, rest, err
}

func decodeLimits(b []byte) (*Limits, []byte, error) {
	content, rest, err := rlp.SplitList(b)
	if err != nil {
		return nil, nil, err
	}
	l := new(Limits)
	for _, field := range []*uint64{&l.PerIP, &l.PerPeer, &l.PerTopic} {
		if *field, content, err = rlp.SplitUint64(content); err != nil {
			return nil, nil, err
		}
	}
	if len(content) != 0 {
		return nil, nil, ErrStatusOption
	}
	return l, rest, nil
}

func decodeTopics(b []byte) (topics []Topic, rest []byte, err error) {
	content, rest, err := rlp.SplitList(b)
	if err != nil {
		return nil, nil, err
	}
	const encoded = 1 + TopicLength
	if len(content)/encoded > MaxTopicInterest {
		return nil, nil, ErrTooManyTopics
	}
	topics = make([]Topic, 0, len(content)/encoded)
	for len(content) > 0 {
		var t Topic
		if content, err = splitFixed(content, t[:]); err != nil {
			return nil, nil, fmt.Errorf("topic: %w", err)
		}
		topics = append(topics, t)
	}
	return topics, rest, nil
}
