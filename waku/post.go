package waku

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/waku/wire"
)

// Post seals a message, mines its envelope and sends it: into the pool and to
// the peers, or to one peer alone when Target is set. It blocks while mining,
// until ctx ends. The hash it returns identifies the envelope everywhere.
func (h *Host) Post(ctx context.Context, m Post) (wire.Hash, error) {
	env, err := h.Seal(ctx, m)
	if err != nil {
		return wire.Hash{}, err
	}
	if m.Target != nil {
		return env.Hash(), h.SendP2PMessage(*m.Target, env)
	}
	if s := h.set.Load(); m.PoWTarget < s.minPoW {
		return wire.Hash{}, fmt.Errorf("%w: %g is less than %g", ErrPoWTooLow, m.PoWTarget, s.minPoW)
	}
	return env.Hash(), h.submit(env, ctx.Done())
}

// Seal encrypts a message and mines its envelope without sending it.
func (h *Host) Seal(ctx context.Context, m Post) (*wire.Envelope, error) {
	data, err := sealData(&m)
	if err != nil {
		return nil, err
	}
	if m.TTL == 0 {
		m.TTL = DefaultTTL
	}
	expiry := uint32(h.cfg.Now().Unix()) + m.TTL
	if m.PoWTarget < 0 {
		expiry += uint32(m.PoWTime / time.Second)
	}
	env := wire.NewEnvelope(expiry, m.TTL, m.Topic, data, 0)
	s := h.set.Load()
	switch {
	case env.Size() > int(s.maxMessageSize):
		return nil, tooLarge(env, fmt.Sprintf("size %d is above the limit of %d bytes", env.Size(), s.maxMessageSize))
	case !sendable(len(env.RLP())):
		return nil, tooLarge(env, "too large for one packet")
	case m.PoWTarget == 0:
		return env, nil
	}
	return h.mine(ctx, &m, env)
}

func tooLarge(env *wire.Envelope, detail string) error {
	return &RejectError{Hash: env.Hash(), Reason: RejectSize, Detail: detail}
}

// mine finds a nonce for the envelope. The size that the miner counts is a few
// bytes less than the encoding for large data, so the result is checked and,
// if need be, one bit more is mined.
func (h *Host) mine(ctx context.Context, m *Post, env *wire.Envelope) (*wire.Envelope, error) {
	job := mineJob{expiry: env.Expiry(), ttl: env.TTL(), topic: env.Topic(), data: env.Data(), limit: m.PoWTime}
	if m.PoWTarget > 0 {
		job.bits = wire.TargetBits(m.PoWTarget, len(env.Data()), env.TTL())
	}
	start := time.Now()
	for {
		found, err := job.run(ctx)
		if took := time.Since(start).Seconds(); took > 0 {
			h.metrics.hashRate.Set(float64(found.hashes) / took)
		}
		if err != nil {
			return nil, err
		}
		env = wire.NewEnvelope(env.Expiry(), env.TTL(), env.Topic(), env.Data(), found.nonce)
		if m.PoWTarget <= 0 || env.PoW(0) >= m.PoWTarget {
			return env, nil
		}
		job.bits = found.bits + 1
		job.limit = m.PoWTime - time.Since(start)
	}
}

// sealData builds and encrypts the data field.
func sealData(m *Post) ([]byte, error) {
	if (len(m.SymKey) == 0) == (m.PubKey == nil) {
		return nil, ErrPostKey
	}
	padding := m.Padding
	if len(padding) == 0 {
		padding = make([]byte, wire.PaddingLength(len(m.Payload), m.Signer != nil))
		rand.Read(padding)
	}
	plain, err := wire.EncodePlain(m.Payload, padding, m.Signer)
	if err != nil {
		return nil, err
	}
	if m.PubKey == nil {
		cipher, err := wire.NewSymCipher(m.SymKey)
		if err != nil {
			return nil, err
		}
		var nonce [wire.SymNonceLength]byte
		rand.Read(nonce[:])
		return cipher.Seal(nonce, plain), nil
	}
	ephemeral, err := crypto.GenerateKey()
	if err != nil {
		return nil, fmt.Errorf("ephemeral key: %w", err)
	}
	var iv [wire.ECIESIVLength]byte
	rand.Read(iv[:])
	return wire.SealAsymmetric(m.PubKey, ephemeral, iv, plain)
}

// Submit sends an own envelope. It passes the same checks as a received one,
// except for our topic interest; what fails them is returned as *RejectError.
// With OwnPostJitter set it leaves after a random delay. It blocks while the
// owners of filters are behind, until the host stops.
func (h *Host) Submit(env *wire.Envelope) error { return h.submit(env, nil) }

func (h *Host) submit(env *wire.Envelope, done <-chan struct{}) error {
	at, s := h.cfg.Now(), h.set.Load()
	if h.cfg.OwnPostJitter <= 0 {
		if v := h.admit(env, s, at, nil, done); v.reason != 0 {
			return s.refusal(env, at, v)
		}
		return nil
	}
	if v := s.check(env, at, true); v.reason != 0 {
		return s.refusal(env, at, v)
	}
	return h.submitLater(env, mathrand.N(h.cfg.OwnPostJitter))
}

// submitLater admits the envelope after a delay. The timers belong to the
// host: those that have not fired when Run ends are stopped.
func (h *Host) submitLater(env *wire.Envelope, delay time.Duration) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return ErrStopped
	}
	var timer *time.Timer
	timer = time.AfterFunc(delay, func() {
		h.mu.Lock()
		delete(h.delayed, timer)
		ended := h.ended
		if !ended {
			h.leaving.Add(1)
		}
		h.mu.Unlock()
		if !ended {
			defer h.leaving.Done()
			v := h.admit(env, h.set.Load(), h.cfg.Now(), nil, h.stopped)
			if v.reason != 0 && h.cfg.Tracker != nil {
				h.cfg.Tracker.Expired(env.Hash())
			}
		}
	})
	h.delayed[timer] = struct{}{}
	return nil
}

// IsReject reports whether an error is the refusal of an envelope, and why.
func IsReject(err error) (RejectReason, bool) {
	var r *RejectError
	if errors.As(err, &r) {
		return r.Reason, true
	}
	return 0, false
}
