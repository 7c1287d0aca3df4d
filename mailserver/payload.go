package mailserver

import (
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/rlp"

	"statusd/waku/wire"
)

// maxPayloadTopics bounds the topics of one request.
const maxPayloadTopics = wire.MaxTopicInterest

// Errors of request payloads.
var (
	ErrPayloadShape  = errors.New("request payload has an unknown shape")
	errTrailing      = errors.New("bytes after the request payload")
	errTooManyTopics = errors.New("more than 10000 topics")
	errBool          = errors.New("boolean is neither 0 nor 1")
	errUint32        = errors.New("integer does not fit in 32 bits")
)

// Payload is what a history request asks for. Lengths are as they came; the
// server judges them.
type Payload struct {
	Lower, Upper uint32   // created, Unix seconds, inclusive; Upper 0: now + 60
	Bloom        []byte   // 64 bytes, or none
	Topics       [][]byte // 4 bytes each
	Limit        uint32   // 0: the maximum
	Cursor       []byte   // 36 bytes, or none
	Batch        bool     // many envelopes may come in one packet
}

// Encode returns the payload in the shape that deployed servers read: seven
// elements with the topics, always a list, at index 3.
func (p *Payload) Encode() ([]byte, error) {
	topics := p.Topics
	if topics == nil {
		topics = [][]byte{}
	}
	b, err := rlp.EncodeToBytes([]any{p.Lower, p.Upper, p.Bloom, topics, p.Limit, p.Cursor, p.Batch})
	if err != nil {
		return nil, fmt.Errorf("encode request payload: %w", err)
	}
	return b, nil
}

// DecodePayload reads every shape that clients have ever sent. Element 3
// tells them apart:
//
//	a list:    lower, upper, bloom, topics, limit [, cursor [, batch]]
//	a string:  lower, upper, bloom, limit [, cursor [, batch [, topics]]]
//	           lower, upper, bloom, limit, cursor, topics
//
// What is missing is empty or false.
func DecodePayload(raw []byte) (*Payload, error) {
	content, rest, err := rlp.SplitList(raw)
	if err != nil {
		return nil, fmt.Errorf("request payload: %w", err)
	}
	if len(rest) != 0 {
		return nil, errTrailing
	}
	d := decoder{rest: content}
	p := &Payload{Lower: d.uint32("lower"), Upper: d.uint32("upper"), Bloom: d.bytes("bloom")}
	if d.atList() {
		p.Topics = d.topics()
		p.Limit = d.uint32("limit")
		p.Cursor = d.optionalBytes("cursor")
		p.Batch = d.optionalBool("batch")
	} else {
		p.Limit = d.uint32("limit")
		p.Cursor = d.optionalBytes("cursor")
		if !d.atList() {
			p.Batch = d.optionalBool("batch")
		}
		if d.more() {
			p.Topics = d.topics()
		}
	}
	if d.err == nil && d.more() {
		d.err = ErrPayloadShape
	}
	if d.err != nil {
		return nil, d.err
	}
	return p, nil
}

// decoder reads elements of a list and remembers the first error.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) more() bool { return d.err == nil && len(d.rest) > 0 }

// atList reports whether the next element is a list.
func (d *decoder) atList() bool { return d.more() && d.rest[0] >= 0xc0 }

func (d *decoder) fail(field string, err error) {
	if d.err == nil {
		d.err = fmt.Errorf("%s of request payload: %w", field, err)
	}
}

func (d *decoder) uint32(field string) uint32 {
	if d.err != nil {
		return 0
	}
	x, rest, err := rlp.SplitUint64(d.rest)
	if err == nil && x > 1<<32-1 {
		err = errUint32
	}
	if err != nil {
		d.fail(field, err)
		return 0
	}
	d.rest = rest
	return uint32(x)
}

func (d *decoder) bytes(field string) []byte {
	if d.err != nil {
		return nil
	}
	s, rest, err := rlp.SplitString(d.rest)
	if err != nil {
		d.fail(field, err)
		return nil
	}
	d.rest = rest
	return append([]byte{}, s...)
}

func (d *decoder) optionalBytes(field string) []byte {
	if !d.more() {
		return nil
	}
	return d.bytes(field)
}

func (d *decoder) optionalBool(field string) bool {
	if !d.more() {
		return false
	}
	x, rest, err := rlp.SplitUint64(d.rest)
	if err == nil && x > 1 {
		err = errBool
	}
	if err != nil {
		d.fail(field, err)
		return false
	}
	d.rest = rest
	return x == 1
}

func (d *decoder) topics() [][]byte {
	if d.err != nil {
		return nil
	}
	list, rest, err := rlp.SplitList(d.rest)
	if err != nil {
		d.fail("topics", err)
		return nil
	}
	d.rest = rest
	var topics [][]byte
	for len(list) > 0 {
		var topic []byte
		if topic, list, err = rlp.SplitString(list); err != nil {
			d.fail("topics", err)
			return nil
		}
		if len(topics) == maxPayloadTopics {
			d.fail("topics", errTooManyTopics)
			return nil
		}
		topics = append(topics, append([]byte{}, topic...))
	}
	return topics
}
