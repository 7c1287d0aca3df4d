package wire

import (
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/rlp"
)

// Sizes and limits of history requests (spec 01 section 3.5 and 3.6).
const (
	RequestIDLength = 32
	CursorLength    = 36 // created(4, big endian) | envelope hash(32)
	MaxRequestLimit = 1000

	errorPrefix = "ERROR="
	// maxFailureText bounds the text of a failure that is kept, in bytes: it is
	// shown and logged, and a packet could hold a megabyte of it.
	maxFailureText = 1 << 10
	maxSuccess     = RequestIDLength + HashLength + CursorLength
)

// Errors of history packets.
var (
	ErrRequestID     = errors.New("request id is not 32 bytes long")
	ErrRequestRange  = errors.New("request range is empty: from is after to")
	ErrRequestLimit  = errors.New("request limit is above 1000")
	ErrRequestTopics = errors.New("request has neither bloom nor topics")
	ErrCursorLength  = errors.New("cursor is neither empty nor 36 bytes long")
	ErrComplete      = errors.New("request complete of an impossible length")
)

// DirectRequest is the unsealed form of a P2P Request.
type DirectRequest struct {
	ID       []byte // 32 bytes from honest clients
	From, To uint32 // Unix seconds, both inclusive
	Limit    uint32
	Cursor   []byte
	Bloom    []byte
	Topics   [][]byte // 4 bytes each from honest clients
}

// Validate makes the checks of an honest client before sending.
func (r *DirectRequest) Validate() error {
	switch {
	case len(r.ID) != RequestIDLength:
		return ErrRequestID
	case r.From > r.To:
		return ErrRequestRange
	case r.Limit > MaxRequestLimit:
		return ErrRequestLimit
	case len(r.Bloom) == 0 && len(r.Topics) == 0:
		return ErrRequestTopics
	case len(r.Cursor) != 0 && len(r.Cursor) != CursorLength:
		return ErrCursorLength
	}
	return nil
}

// Encode returns the payload of a P2P Request packet.
func (r *DirectRequest) Encode() []byte {
	b := appendString(nil, r.ID)
	for _, x := range []uint32{r.From, r.To, r.Limit} {
		b = rlp.AppendUint64(b, uint64(x))
	}
	b = appendString(b, r.Cursor)
	b = appendString(b, r.Bloom)
	var topics []byte
	for _, t := range r.Topics {
		topics = appendString(topics, t)
	}
	return wrapList(append(b, wrapList(topics)...))
}

// DecodeDirectRequest parses the unsealed form. Lengths of id, cursor, bloom
// and topics are for the server to judge, which answers with a text.
func DecodeDirectRequest(payload []byte) (*DirectRequest, error) {
	b, err := wholeList(payload, false)
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	r := new(DirectRequest)
	if r.ID, b, err = copyString(b); err != nil {
		return nil, fmt.Errorf("request id: %w", err)
	}
	for _, field := range []*uint32{&r.From, &r.To, &r.Limit} {
		if *field, b, err = splitUint32(b, "request"); err != nil {
			return nil, err
		}
	}
	if r.Cursor, b, err = copyString(b); err != nil {
		return nil, fmt.Errorf("request cursor: %w", err)
	}
	if r.Bloom, b, err = copyString(b); err != nil {
		return nil, fmt.Errorf("request bloom: %w", err)
	}
	if b, err = wholeList(b, false); err != nil {
		return nil, fmt.Errorf("request topics: %w", err)
	}
	for len(b) > 0 {
		var topic []byte
		if topic, b, err = copyString(b); err != nil {
			return nil, fmt.Errorf("request topic: %w", err)
		}
		if r.Topics = append(r.Topics, topic); len(r.Topics) > MaxTopicInterest {
			return nil, ErrTooManyTopics
		}
	}
	return r, nil
}

func copyString(b []byte) (value, rest []byte, err error) {
	s, rest, err := rlp.SplitString(b)
	if err != nil {
		return nil, nil, err
	}
	return append([]byte{}, s...), rest, nil
}

// RequestComplete is the end of an answer to a history request.
//
//	success: id(32) | last envelope hash(32) | cursor(36); 32, 64 or 100 bytes
//	failure: "ERROR=" | id(32) | UTF-8 text
type RequestComplete struct {
	ID     Hash
	Failed bool
	Text   string // of a failure
	Last   Hash   // zero: nothing was sent
	Cursor []byte // nil: no further page
}

// Encode returns the payload of a Request Complete packet: one byte string,
// not the list that 8/WAKU-MAIL shows.
func (c *RequestComplete) Encode() []byte { return appendString(nil, c.bytes()) }

func (c *RequestComplete) bytes() []byte {
	if c.Failed {
		return append(append([]byte(errorPrefix), c.ID[:]...), c.Text...)
	}
	return append(append(append([]byte{}, c.ID[:]...), c.Last[:]...), c.Cursor...)
}

// DecodeRequestComplete parses the payload of a Request Complete packet.
func DecodeRequestComplete(payload []byte) (*RequestComplete, error) {
	s, rest, err := rlp.SplitString(payload)
	if err != nil {
		return nil, fmt.Errorf("request complete: %w", err)
	}
	if len(rest) != 0 {
		return nil, ErrTrailingBytes
	}
	return ParseRequestComplete(s)
}

// ParseRequestComplete parses the byte string inside a Request Complete
// packet. Failures are recognised first; of a success, bytes past the id that
// do not fill the next field are ignored, as deployed clients do.
func ParseRequestComplete(s []byte) (*RequestComplete, error) {
	c := new(RequestComplete)
	if len(s) < RequestIDLength {
		return nil, ErrComplete
	}
	if len(s) >= len(errorPrefix)+RequestIDLength && string(s[:len(errorPrefix)]) == errorPrefix {
		c.Failed = true
		c.ID = Hash(s[len(errorPrefix):][:RequestIDLength])
		text := s[len(errorPrefix)+RequestIDLength:]
		c.Text = string(text[:min(len(text), maxFailureText)])
		return c, nil
	}
	if len(s) > maxSuccess {
		return nil, ErrComplete
	}
	c.ID = Hash(s[:RequestIDLength])
	if s = s[RequestIDLength:]; len(s) >= HashLength {
		c.Last = Hash(s[:HashLength])
		if s = s[HashLength:]; len(s) == CursorLength {
			c.Cursor = append([]byte{}, s...)
		}
	}
	return c, nil
}
