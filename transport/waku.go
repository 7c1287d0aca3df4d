package transport

import "time"

// Parameters of envelopes (spec 03 section 9.6). The node must accept a proof
// of work of LargePoWTarget, or it would refuse our own messages.
const (
	TTL            = 15 * time.Second
	PoWTarget      = 0.002
	LargePoWTarget = 0.000002
	PoWTime        = 5 * time.Second

	// largeMessage is the length from which the low target applies: a byte
	// more than 50 000.
	largeMessage = 50_001
)

// WakuParams are the parameters of an envelope.
type WakuParams struct {
	TTL       time.Duration
	PoWTarget float64
	PoWTime   time.Duration // limit of the work, not of the posting
}

// ParamsFor returns the parameters for an encoded ProtocolMessage of n bytes.
func ParamsFor(n int) WakuParams {
	p := WakuParams{TTL: TTL, PoWTarget: PoWTarget, PoWTime: PoWTime}
	if n >= largeMessage {
		p.PoWTarget = LargePoWTarget
	}
	return p
}

// MaxBatch returns the length at which data sync cuts its batches, given the
// largest message that waku takes (section 9.6).
func MaxBatch(maxMessageBytes int) int { return maxMessageBytes / 4 * 3 }
