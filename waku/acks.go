package waku

import (
	"errors"
	"sync"

	"statusd/waku/wire"
)

// maxUnacked bounds the packets with own envelopes that await a peer's
// confirmation. When a peer owes more, the oldest is forgotten and its
// envelopes are not reported as sent to this peer.
const maxUnacked = 256

// ackTable remembers which own envelopes went in which packet.
type ackTable struct {
	mu      sync.Mutex
	batches map[wire.Hash][]wire.Hash
	order   []wire.Hash
}

func (t *ackTable) add(batch wire.Hash, own []wire.Hash) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.batches == nil {
		t.batches = make(map[wire.Hash][]wire.Hash)
	}
	t.batches[batch] = own
	t.order = append(t.order, batch)
	if len(t.order) > maxUnacked {
		delete(t.batches, t.order[0])
		t.order = t.order[1:]
	}
}

// take returns the own envelopes of a packet, once.
func (t *ackTable) take(batch wire.Hash) []wire.Hash {
	t.mu.Lock()
	defer t.mu.Unlock()
	own := t.batches[batch]
	delete(t.batches, batch)
	return own
}

// reportSent tells the tracker of own envelopes in a packet just written.
func (p *peer) reportSent(batch []*entry, envs []*wire.Envelope) {
	if p.host.cfg.Tracker == nil || !p.forwards() {
		return
	}
	for i, e := range batch {
		if e.own {
			p.host.cfg.Tracker.Sent(envs[i].Hash(), p.id)
		}
	}
}

// reportExpired tells the tracker of own envelopes that left the pool.
func (h *Host) reportExpired() {
	for _, hash := range h.pool.takeOwnGone() {
		if h.cfg.Tracker != nil {
			h.cfg.Tracker.Expired(hash)
		}
	}
}

// reportBack tells the tracker that a peer sent us an own envelope.
func (h *Host) reportBack(hash wire.Hash, from *peer) {
	if h.cfg.Tracker != nil && from.forwards() {
		h.cfg.Tracker.ReceivedBack(hash, from.id)
	}
}

// handleAck takes a Batch Ack: everything in the packet arrived.
func (p *peer) handleAck(payload []byte) error {
	batch, err := wire.DecodeBatchAck(payload)
	if err != nil {
		return err
	}
	p.settle(batch, nil)
	return nil
}

// handleResponse takes a Message Response, which comes before the Batch Ack
// of the same packet.
func (p *peer) handleResponse(payload []byte) error {
	response, err := wire.DecodeMessageResponse(payload)
	if errors.Is(err, wire.ErrResponseVersion) {
		return nil
	}
	if err != nil {
		return err
	}
	refused := make(map[wire.Hash]wire.EnvelopeError, len(response.Errors))
	for _, e := range response.Errors {
		refused[e.Hash] = e
	}
	p.settle(response.Batch, refused)
	return nil
}

// settle reports the own envelopes of a confirmed packet.
func (p *peer) settle(batch wire.Hash, refused map[wire.Hash]wire.EnvelopeError) {
	tracker := p.host.cfg.Tracker
	for _, hash := range p.unacked.take(batch) {
		e, bad := refused[hash]
		switch {
		case tracker == nil || !p.forwards():
		case bad:
			tracker.Refused(hash, p.id, e.IsTime(), e.Description)
		default:
			tracker.Sent(hash, p.id)
		}
	}
}
