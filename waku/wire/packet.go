package wire

import (
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"
)

// Packet codes relative to the capability's offset (spec 01 section 1).
// Codes in between are read and ignored.
const (
	CodeStatus          = 0   // options; waku/0: [0, options]
	CodeMessages        = 1   // [env, ...]
	CodeBatchAck        = 11  // bytes(32)
	CodeMessageResponse = 12  // [1, [batch hash, [[hash, code, text], ...]]]
	CodeStatusUpdate    = 22  // options; the RFC's "0x22" is decimal
	CodeRequestComplete = 125 // bytes; see RequestComplete
	CodeP2PRequest      = 126 // env, or a request list; see DirectRequest
	CodeP2PMessage      = 127 // [env, ...]

	// ProtocolLength is the number of codes that each version reserves.
	ProtocolLength = 128
	// ProtocolName is the devp2p capability name of both versions.
	ProtocolName = "waku"
)

// MaxPacketSent bounds the payload of the packets we send, in bytes: what
// deployed peers accept by default.
const MaxPacketSent = 1 << 20

// Error codes of a Message Response.
const (
	ResponseTimeError  = 1  // too old or from the future
	ResponseOther      = 2  // any other rejection
	ResponseLegacyTime = 21 // what deployed peers send for every rejection
)

// responseVersion is the only known version of a Message Response.
const responseVersion = 1

// minEnvelope is the length of the shortest encoding of an envelope.
const minEnvelope = 10

// Limits on what one Message Response may carry: one entry for each envelope
// that fits in a packet is far more than honest peers send.
const (
	maxResponseEntries     = 1 << 16
	maxResponseDescription = 1 << 10
)

// Errors of packets other than Status.
var (
	ErrResponseVersion = errors.New("message response of another version")
	ErrResponse        = errors.New("malformed message response")
	ErrEmptyPayload    = errors.New("empty payload")
)

// DecodeMessages parses the payload of a Messages or P2P Message packet. One
// malformed envelope spoils the whole packet. The function takes over payload:
// an envelope that makes up nearly all of it keeps it, others are copied out so
// that an envelope never holds much more memory than its own length.
func DecodeMessages(payload []byte) ([]*Envelope, error) {
	if len(payload) == 0 {
		return nil, ErrEmptyPayload
	}
	list, err := wholeList(payload, false)
	if err != nil {
		return nil, fmt.Errorf("messages: %w", err)
	}
	count, err := rlp.CountValues(list)
	if err != nil {
		return nil, fmt.Errorf("messages: %w", err)
	}
	envs := make([]*Envelope, 0, min(count, len(list)/minEnvelope))
	for len(list) > 0 {
		content, rest, err := rlp.SplitList(list)
		if err != nil {
			return nil, fmt.Errorf("messages: envelope %d: %w", len(envs), err)
		}
		raw := list[: len(list)-len(rest) : len(list)-len(rest)]
		offset := len(raw) - len(content)
		if len(raw) < len(payload)-len(payload)/8 {
			raw = append(make([]byte, 0, len(raw)), raw...)
		}
		env, err := parseEnvelope(raw, offset)
		if err != nil {
			return nil, fmt.Errorf("envelope %d: %w", len(envs), err)
		}
		envs, list = append(envs, env), rest
	}
	for _, env := range envs {
		env.finish()
	}
	return envs, nil
}

// EncodeMessages returns the payload of a Messages or P2P Message packet.
func EncodeMessages(envs []*Envelope) []byte {
	size := 0
	for _, env := range envs {
		size += len(env.raw)
	}
	out := MessagesHeader(size)
	for _, env := range envs {
		out = append(out, env.raw...)
	}
	return out
}

// MessagesHeader returns the list header that goes before size bytes of
// concatenated envelopes, with room for them.
func MessagesHeader(size int) []byte {
	return appendListHeader(make([]byte, 0, size+5), size)
}

// AppendMessagesHeader appends that list header to dst: 1 to 4 bytes.
func AppendMessagesHeader(dst []byte, size int) []byte { return appendListHeader(dst, size) }

// MessagesSize returns the payload size of a packet with size bytes of
// concatenated envelopes.
func MessagesSize(size int) int {
	var b [9]byte
	return len(appendListHeader(b[:0], size)) + size
}

// BatchHash identifies a Messages packet: the Keccak-256 hash of its payload
// exactly as received.
func BatchHash(payload []byte) Hash { return Hash(crypto.Keccak256(payload)) }

// EncodeBatchAck returns the payload of a Batch Ack: a bare byte string, not
// the list that 6/WAKU1 shows.
func EncodeBatchAck(batch Hash) []byte { return appendString(nil, batch[:]) }

// DecodeBatchAck parses the payload of a Batch Ack.
func DecodeBatchAck(payload []byte) (batch Hash, err error) {
	rest, err := splitFixed(payload, batch[:])
	if err != nil {
		return Hash{}, fmt.Errorf("batch ack: %w", err)
	}
	if len(rest) != 0 {
		return Hash{}, ErrTrailingBytes
	}
	return batch, nil
}

// EnvelopeError says why one envelope of a batch was refused.
type EnvelopeError struct {
	Hash        Hash
	Code        uint64
	Description string
}

// IsTime reports whether the code stands for an envelope that is too old or
// from the future.
func (e EnvelopeError) IsTime() bool {
	return e.Code == ResponseTimeError || e.Code == ResponseLegacyTime
}

// MessageResponse lists the refused envelopes of one Messages packet.
type MessageResponse struct {
	Batch  Hash
	Errors []EnvelopeError
}

// Encode returns the payload of a Message Response packet.
func (r *MessageResponse) Encode() []byte {
	var entries []byte
	for _, e := range r.Errors {
		entry := appendString(nil, e.Hash[:])
		entry = rlp.AppendUint64(entry, e.Code)
		entry = appendString(entry, []byte(e.Description))
		entries = append(entries, wrapList(entry)...)
	}
	body := appendString(nil, r.Batch[:])
	body = append(body, wrapList(entries)...)
	return wrapList(append([]byte{responseVersion}, wrapList(body)...))
}

// DecodeMessageResponse parses the payload of a Message Response packet.
// ErrResponseVersion means that it is to be ignored.
func DecodeMessageResponse(payload []byte) (*MessageResponse, error) {
	content, err := wholeList(payload, false)
	if err != nil {
		return nil, fmt.Errorf("message response: %w", err)
	}
	version, body, err := rlp.SplitUint64(content)
	if err != nil {
		return nil, fmt.Errorf("message response version: %w", err)
	}
	if version != responseVersion {
		return nil, ErrResponseVersion
	}
	if body, err = wholeList(body, false); err != nil {
		return nil, fmt.Errorf("message response body: %w", err)
	}
	r := new(MessageResponse)
	if body, err = splitFixed(body, r.Batch[:]); err != nil {
		return nil, fmt.Errorf("message response hash: %w", err)
	}
	if body, err = wholeList(body, false); err != nil {
		return nil, fmt.Errorf("message response entries: %w", err)
	}
	for len(body) > 0 {
		var entry []byte
		if entry, body, err = rlp.SplitList(body); err != nil {
			return nil, fmt.Errorf("message response entry: %w", err)
		}
		e, err := decodeResponseEntry(entry)
		if err != nil {
			return nil, err
		}
		if r.Errors = append(r.Errors, e); len(r.Errors) > maxResponseEntries {
			return nil, ErrResponse
		}
	}
	return r, nil
}

func decodeResponseEntry(b []byte) (e EnvelopeError, err error) {
	if b, err = splitFixed(b, e.Hash[:]); err != nil {
		return e, fmt.Errorf("message response entry hash: %w", err)
	}
	if e.Code, b, err = rlp.SplitUint64(b); err != nil {
		return e, fmt.Errorf("message response entry code: %w", err)
	}
	text, rest, err := rlp.SplitString(b)
	if err != nil {
		return e, fmt.Errorf("message response entry text: %w", err)
	}
	if len(rest) != 0 {
		return e, ErrResponse
	}
	e.Description = string(text[:min(len(text), maxResponseDescription)])
	return e, nil
}
