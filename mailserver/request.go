package mailserver

import (
	"crypto/ecdsa"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/waku/wire"
)

// Limits of requests (spec 02 sections 2.2 and 4).
const (
	// DefaultPassword opens every public mailserver.
	DefaultPassword = "status-offline-inbox"
	// MaxLimit is the largest number of envelopes in one answer, and what a
	// limit of zero means.
	MaxLimit = wire.MaxRequestLimit
	// openEnd is what an upper bound of zero adds to the server's time, and
	// the tolerances for the clock of whoever sealed the request.
	openEnd         = 60
	lateTolerance   = 20
	futureTolerance = 10
)

// TextRateLimited is what a peer is told that asks too often.
const TextRateLimited = "rate limit exceeded"

// ErrMalformed marks a packet that is no request in any form. The peer gets no
// answer, since there is nothing to name in it.
var ErrMalformed = errors.New("packet is not a request")

// refusal is the answer to a request that is not served: the text goes to the
// peer, the kind into the metrics.
type refusal struct {
	kind failure
	text string
}

func (r *refusal) Error() string { return r.text }

func refuse(text string) *refusal { return &refusal{failValidation, text} }

// incoming is a request whose packet has been parsed and not yet opened.
type incoming struct {
	id     wire.Hash
	sealed *wire.Envelope
	direct *wire.DirectRequest
}

// parsePacket reads the payload of a P2P Request packet: one envelope, else a
// request list. It costs no more than two hashes.
func parsePacket(payload []byte) (*incoming, error) {
	env, err := wire.DecodeEnvelope(payload)
	if err == nil {
		return &incoming{id: env.Hash(), sealed: env}, nil
	}
	direct, directErr := wire.DecodeDirectRequest(payload)
	if directErr != nil {
		return nil, fmt.Errorf("%w: as envelope: %w; as list: %w", ErrMalformed, err, directErr)
	}
	return &incoming{id: directID(direct.ID), direct: direct}, nil
}

// directID aligns an id of another length to the right; of a longer one the
// end is kept.
func directID(raw []byte) (id wire.Hash) {
	raw = raw[max(0, len(raw)-len(id)):]
	copy(id[len(id)-len(raw):], raw)
	return id
}

// request is a request that the server will answer.
type request struct {
	id    wire.Hash
	query Query
	limit int
	batch bool
}

// rules are the settings that decide which requests are served.
type rules struct {
	password     *wire.SymCipher
	nodeKey      *ecdsa.PrivateKey // nil: requests sealed to the node are refused
	minPoW       float64
	allowDirect  bool
	allowForeign bool
}

// open decrypts and checks a request of a peer at the time now, in the order
// of spec 02 section 4. Whether it is a repetition is for the caller to say,
// through repeated, which is asked once the sender is known to be the signer.
func (r *rules) open(in *incoming, peer enode.ID, now uint32, repeated func(wire.Hash) bool) (*request, *refusal) {
	var p *Payload
	prefix := "request is invalid: "
	if in.direct != nil {
		if !r.allowDirect {
			return nil, refuse("unsealed requests are not accepted")
		}
		d := in.direct
		p = &Payload{
			Lower: d.From, Upper: d.To, Bloom: d.Bloom, Topics: d.Topics, Limit: d.Limit, Cursor: d.Cursor, Batch: true,
		}
	} else {
		raw, problem := r.unseal(in.sealed, peer, now, repeated)
		if problem != nil {
			return nil, problem
		}
		var err error
		if p, err = DecodePayload(raw); err != nil {
			return nil, refuse("failed to decode data: " + err.Error())
		}
		prefix = ""
	}
	if p.Upper == 0 {
		p.Upper = addTime(now, openEnd)
	}
	if p.Lower > p.Upper {
		return nil, refuse(prefix + "query range is invalid: lower > upper")
	}
	return p.request(in.id)
}

// unseal opens the envelope of a request and checks who signed it.
func (r *rules) unseal(
	env *wire.Envelope, peer enode.ID, now uint32, repeated func(wire.Hash) bool,
) ([]byte, *refusal) {
	if r.minPoW > 0 && env.PoW(0) < r.minPoW {
		return nil, refuse("PoW too low")
	}
	switch {
	case addTime(env.Expiry(), lateTolerance) < now, env.TTL() > env.Expiry():
		return nil, refuse("request expired")
	case env.Sent() > addTime(now, futureTolerance):
		return nil, refuse("request from the future")
	}
	plain, ok := r.decrypt(env)
	if !ok {
		return nil, refuse("failed to decrypt p2p request")
	}
	if plain.Signer == nil {
		return nil, refuse("check message signature failed: wrong signature of p2p request")
	}
	if !r.allowForeign && enode.PubkeyToIDV4(plain.Signer) != peer {
		return nil, refuse("signer is not the requesting peer")
	}
	if repeated != nil && repeated(env.Hash()) {
		return nil, refuse("request repeated")
	}
	return plain.Payload, nil
}

// decrypt tries the password and then the node's own key.
func (r *rules) decrypt(env *wire.Envelope) (wire.Plain, bool) {
	raw, err := r.password.Open(env.Data())
	if err != nil && r.nodeKey != nil {
		raw, err = wire.OpenAsymmetric(r.nodeKey, env.Data())
	}
	if err != nil {
		return wire.Plain{}, false
	}
	plain, err := wire.DecodePlain(raw)
	return plain, err == nil
}

// request checks lengths and bounds of a payload whose range is in order.
func (p *Payload) request(id wire.Hash) (*request, *refusal) {
	const prefix = "request is invalid: "
	switch {
	case len(p.Bloom) == 0 && len(p.Topics) == 0:
		return nil, refuse(prefix + "bloom filter is empty")
	case len(p.Bloom) != 0 && len(p.Bloom) != wire.BloomLength:
		return nil, refuse(prefix + "bloom filter is not 64 bytes long")
	case p.Limit > MaxLimit:
		return nil, refuse(prefix + "limit exceeds the maximum allowed value")
	case len(p.Cursor) != 0 && len(p.Cursor) != wire.CursorLength:
		return nil, refuse(prefix + "cursor is not 36 bytes long")
	}
	out := &request{id: id, batch: p.Batch, limit: int(p.Limit)}
	if out.limit == 0 {
		out.limit = MaxLimit
	}
	// One row more than is sent tells whether a cursor is needed.
	out.query = Query{Lower: p.Lower, Upper: p.Upper, Limit: out.limit + 1}
	for _, t := range p.Topics {
		if len(t) != wire.TopicLength {
			return nil, refuse(prefix + "topic is not 4 bytes long")
		}
		out.query.Topics = append(out.query.Topics, wire.Topic(t))
	}
	if len(out.query.Topics) == 0 {
		bloom := wire.Bloom(p.Bloom)
		out.query.Bloom = &bloom
	}
	if len(p.Cursor) != 0 {
		key, err := ParseCursor(p.Cursor)
		if err != nil {
			return nil, refuse(prefix + "cursor is not 36 bytes long")
		}
		out.query.After = &key
	}
	return out, nil
}

// addTime adds seconds without wrapping.
func addTime(t, seconds uint32) uint32 {
	if t > ^uint32(0)-seconds {
		return ^uint32(0)
	}
	return t + seconds
}
