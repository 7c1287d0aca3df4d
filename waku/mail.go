package waku

import (
	"fmt"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/waku/wire"
)

// handleP2PMessage takes envelopes that a trusted peer sends past the pool.
// They skip every check, are not relayed, and go only to filters that allow
// them. From anybody else the packet is dropped undecoded.
func (p *peer) handleP2PMessage(payload []byte) error {
	h := p.host
	if !h.trusted(p.id) {
		return nil
	}
	envs, err := wire.DecodeMessages(payload)
	if err != nil {
		return err
	}
	h.metrics.p2pReceived.Add(float64(len(envs)))
	for _, env := range envs {
		if h.cfg.MailReplies == nil || h.cfg.MailReplies.Accept(p.id, env) {
			h.openers.submitP2P(env, p)
		}
	}
	return nil
}

// handleP2PRequest hands a history request to the mailserver, if there is one.
func (p *peer) handleP2PRequest(payload []byte) error {
	if p.host.cfg.Mail == nil {
		return nil
	}
	return p.host.cfg.Mail.HandleRequest(mailPeer{p}, payload)
}

// handleComplete takes the end of an answer from a trusted peer. It is passed
// on after every envelope that came before it.
func (p *peer) handleComplete(payload []byte) error {
	h := p.host
	if !h.trusted(p.id) {
		return nil
	}
	c, err := wire.DecodeRequestComplete(payload)
	if err != nil {
		return err
	}
	if h.cfg.MailReplies != nil {
		h.openers.barrier(func() { h.cfg.MailReplies.Complete(p.id, c) }, p)
	}
	return nil
}

// mailPeer is the mailserver's view of a peer. Its writes go beside those of
// the peer's writer; the connection shares its time between them.
type mailPeer struct{ p *peer }

func (m mailPeer) ID() enode.ID          { return m.p.id }
func (m mailPeer) IP() string            { return m.p.addr.String() }
func (m mailPeer) Done() <-chan struct{} { return m.p.quit }

func (m mailPeer) SendMessages(payload []byte) error {
	return m.p.sendDirect(wire.CodeP2PMessage, payload)
}

func (m mailPeer) SendComplete(payload []byte) error {
	return m.p.sendDirect(wire.CodeRequestComplete, payload)
}

// sendDirect writes a packet from the calling goroutine.
func (p *peer) sendDirect(code uint64, payload []byte) error {
	select {
	case <-p.quit:
		return ErrPeerNotConnected
	default:
	}
	if !p.send(code, payload) {
		return fmt.Errorf("%w: %w", ErrPeerNotConnected, p.reason)
	}
	return nil
}

// SendP2PRequest writes a history request (code 126) to a connected peer:
// an envelope's encoding, or a direct request.
func (h *Host) SendP2PRequest(id enode.ID, payload []byte) error {
	p := h.peerByID(id)
	if p == nil {
		return ErrPeerNotConnected
	}
	return p.sendDirect(wire.CodeP2PRequest, payload)
}

// SendP2PMessage writes an envelope past the pool (code 127) to a connected
// peer. It is the peer's choice to trust us and look at it.
func (h *Host) SendP2PMessage(id enode.ID, env *wire.Envelope) error {
	p := h.peerByID(id)
	if p == nil {
		return ErrPeerNotConnected
	}
	return p.sendDirect(wire.CodeP2PMessage, wire.EncodeMessages([]*wire.Envelope{env}))
}
