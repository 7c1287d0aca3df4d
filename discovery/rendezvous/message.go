package rendezvous

import (
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enr"
	"github.com/ethereum/go-ethereum/rlp"
)

// Code is the type of a message.
type Code uint64

// Types of messages (spec 08 section 3.1).
const (
	CodeRegister         Code = 1
	CodeRegisterResponse Code = 2
	CodeDiscover         Code = 3
	CodeDiscoverResponse Code = 4
	CodeRemoteIP         Code = 5
	CodeRemoteIPResponse Code = 6
)

// Status is the outcome that a response tells.
type Status uint64

// Statuses. 103 and 200 exist in the protocol and are never sent.
const (
	StatusOK            Status = 0
	StatusTopic         Status = 100 // not 1 to 50 bytes, or a byte 0xff in it
	StatusRecord        Status = 101 // bad signature, or older than the one stored
	StatusTTL           Status = 102 // above MaxTTL
	StatusLimit         Status = 103
	StatusContent       Status = 104 // not the expected list, or a record without an endpoint
	StatusNotAuthorized Status = 200
	StatusInternal      Status = 300 // also: too many requests or records
)

// meaning words a status for people.
func (s Status) meaning() string {
	switch s {
	case StatusOK:
		return "ok"
	case StatusTopic:
		return "topic refused"
	case StatusRecord:
		return "record refused"
	case StatusTTL:
		return "TTL refused"
	case StatusLimit:
		return "limit refused"
	case StatusContent:
		return "content refused"
	case StatusNotAuthorized:
		return "not authorized"
	case StatusInternal:
		return "too busy, or broken"
	}
	return "unknown"
}

// Limits of the protocol (status-im/rendezvous v1.3.0, server.go).
const (
	MaxTopic   = 50               // bytes
	MaxTTL     = 20 * time.Second // inclusive
	MaxRecords = 10               // in one response; more are not asked for, nor sent
	// MaxBody bounds the body of a message on our carrier, in bytes. The
	// longest response, ten records of 300 bytes, has about 3100.
	MaxBody = 16 << 10
)

// Errors of the decoders.
var (
	ErrBody  = errors.New("message cannot be read")
	ErrLarge = errors.New("message is too large")
)

// Register asks a server to keep a record under a topic.
type Register struct {
	Topic  string
	Record enr.Record // decoded, not verified
	TTL    uint64     // nanoseconds
}

// RegisterResponse answers Register.
type RegisterResponse struct {
	Status  Status
	Message string
}

// Discover asks for records of a topic.
type Discover struct {
	Limit uint64
	Topic string
}

// DiscoverResponse answers Discover.
type DiscoverResponse struct {
	Status  Status
	Message string
	Records []*enr.Record // decoded, not verified
}

// RemoteIPResponse answers a request of type CodeRemoteIP, whose body is an
// empty list.
type RemoteIPResponse struct {
	Status Status
	IP     string
}

// encode returns the RLP form. All values here can be encoded, but for records
// that nobody signed.
func encode(v any) ([]byte, error) {
	b, err := rlp.EncodeToBytes(v)
	if err != nil {
		return nil, fmt.Errorf("encode message: %w", err)
	}
	return b, nil
}

// decode reads one list that is all of body.
func decode(body []byte, v any) error {
	if len(body) > MaxBody {
		return ErrLarge
	}
	if err := rlp.DecodeBytes(body, v); err != nil {
		return fmt.Errorf("%w: %w", ErrBody, err)
	}
	return nil
}

// DecodeRegister reads the body of CodeRegister.
func DecodeRegister(body []byte) (m Register, err error) { return m, decode(body, &m) }

// DecodeRegisterResponse reads the body of CodeRegisterResponse.
func DecodeRegisterResponse(body []byte) (m RegisterResponse, err error) {
	return m, decode(body, &m)
}

// DecodeDiscover reads the body of CodeDiscover.
func DecodeDiscover(body []byte) (m Discover, err error) { return m, decode(body, &m) }

// DecodeDiscoverResponse reads the body of CodeDiscoverResponse. A record that
// cannot be read is left out; so are records beyond MaxRecords.
func DecodeDiscoverResponse(body []byte) (DiscoverResponse, error) {
	var wire struct {
		Status  Status
		Message string
		Records []rlp.RawValue
	}
	if err := decode(body, &wire); err != nil {
		return DiscoverResponse{}, err
	}
	m := DiscoverResponse{Status: wire.Status, Message: wire.Message}
	for _, raw := range wire.Records {
		record := new(enr.Record)
		if len(m.Records) < MaxRecords && rlp.DecodeBytes(raw, record) == nil {
			m.Records = append(m.Records, record)
		}
	}
	return m, nil
}

// DecodeRemoteIPResponse reads the body of CodeRemoteIPResponse.
func DecodeRemoteIPResponse(body []byte) (m RemoteIPResponse, err error) {
	return m, decode(body, &m)
}

// decodeEmpty reads the body of CodeRemoteIP: an empty list, or nothing.
func decodeEmpty(body []byte) error {
	if len(body) == 0 {
		return nil
	}
	var none struct{}
	return decode(body, &none)
}
