package tdt1

import (
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/p2p/enr"
	"github.com/ethereum/go-ethereum/rlp"

	"statusd/discovery/topdisc"
)

// Protocol is the name of the protocol in TALK requests.
const Protocol = "tdt1"

// Limits of the carrier, measured on go-ethereum v1.17.10.
const (
	// MaxMessage is above anything a datagram can hold.
	MaxMessage = 1280
	// MaxResponse is the longest answer that arrives.
	MaxResponse = 1177
	// MaxRequest is the longest request that also fits into a handshake.
	MaxRequest = 700
	// maxTicket bounds the tickets of others; ours have 69 bytes.
	maxTicket = 256
)

// Message types.
const (
	typeRegTopic        = 0x07
	typeRegConfirmation = 0x08
	typeTopicQuery      = 0x09
	typeTopicNodes      = 0x0a
	typeError           = 0x7f
)

// Errors of Decode.
var (
	ErrMalformed   = errors.New("tdt1: malformed message")
	ErrUnknownType = errors.New("tdt1: unknown message type")
)

// Message is one of *RegTopic, *RegConfirmation, *TopicQuery, *TopicNodes and
// *Error.
type Message interface{ kind() byte }

// RegTopic asks to be advertised.
type RegTopic struct {
	Topic     topdisc.Service
	Record    *enr.Record // of the advertiser, signature not verified
	Ticket    []byte
	Distances []uint64       // 1 to 256, at most topdisc.MaxDistances
	Rest      []rlp.RawValue `rlp:"tail"`
}

// RegConfirmation answers RegTopic.
type RegConfirmation struct {
	Total  uint64 // always 1
	Ticket []byte // empty: admitted
	WaitMS uint64
	Aux    Records
	Rest   []rlp.RawValue `rlp:"tail"`
}

// TopicQuery asks for a page of advertisers.
type TopicQuery struct {
	Topic     topdisc.Service
	Distances []uint64 // as in RegTopic
	Page      uint64
	Seed      [8]byte        // of the asker; the order of the answer depends on it
	Rest      []rlp.RawValue `rlp:"tail"`
}

// TopicNodes answers TopicQuery.
type TopicNodes struct {
	Total uint64 // pages, at least 1
	Page  uint64
	Ads   Records
	Aux   Records
	Rest  []rlp.RawValue `rlp:"tail"`
}

// Error answers any request.
type Error struct {
	Code topdisc.Code
	Rest []rlp.RawValue `rlp:"tail"`
}

func (*RegTopic) kind() byte        { return typeRegTopic }
func (*RegConfirmation) kind() byte { return typeRegConfirmation }
func (*TopicQuery) kind() byte      { return typeTopicQuery }
func (*TopicNodes) kind() byte      { return typeTopicNodes }
func (*Error) kind() byte           { return typeError }

// Records is a list of records whose signatures were not verified. Decoding
// leaves out items that are no records, so that one bad item of a registrar
// does not hide the good ones.
type Records []*enr.Record

// DecodeRLP implements rlp.Decoder.
func (r *Records) DecodeRLP(s *rlp.Stream) error {
	var items []rlp.RawValue // the message bounds their number and size
	if err := s.Decode(&items); err != nil {
		return err
	}
	*r = nil
	for _, item := range items {
		var rec enr.Record
		if len(item) <= enr.SizeLimit && rlp.DecodeBytes(item, &rec) == nil {
			*r = append(*r, &rec)
		}
	}
	return nil
}

// Encode returns the payload of a message.
func Encode(m Message) ([]byte, error) {
	body, err := rlp.EncodeToBytes(m)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", m, err)
	}
	return append([]byte{m.kind()}, body...), nil
}

// Decode reads a payload. It does not keep it. Errors wrap ErrMalformed or are
// ErrUnknownType.
func Decode(payload []byte) (Message, error) {
	if len(payload) < 2 || len(payload) > MaxMessage {
		return nil, fmt.Errorf("%w: %d bytes", ErrMalformed, len(payload))
	}
	var m Message
	switch payload[0] {
	case typeRegTopic:
		m = new(RegTopic)
	case typeRegConfirmation:
		m = new(RegConfirmation)
	case typeTopicQuery:
		m = new(TopicQuery)
	case typeTopicNodes:
		m = new(TopicNodes)
	case typeError:
		m = new(Error)
	default:
		return nil, ErrUnknownType
	}
	if err := rlp.DecodeBytes(payload[1:], m); err != nil {
		return nil, fmt.Errorf("%w: %T: %w", ErrMalformed, m, err)
	}
	if what := check(m); what != "" {
		return nil, fmt.Errorf("%w: %T: %s", ErrMalformed, m, what)
	}
	return m, nil
}

// check returns what is wrong with a message, empty when nothing.
func check(m Message) string {
	switch m := m.(type) {
	case *RegTopic:
		return checkDistances(m.Distances)
	case *TopicQuery:
		return checkDistances(m.Distances)
	case *RegConfirmation:
		if m.Total != 1 {
			return "total is not 1"
		}
		if len(m.Ticket) > maxTicket {
			return "ticket too long"
		}
	case *TopicNodes:
		if m.Total == 0 {
			return "no pages"
		}
	}
	return ""
}

func checkDistances(distances []uint64) string {
	if len(distances) > topdisc.MaxDistances {
		return "too many distances"
	}
	for _, d := range distances {
		if d < 1 || d > topdisc.MaxDistance {
			return "distance out of range"
		}
	}
	return ""
}
