package payloads

import (
	"bytes"
	"fmt"

	"statusd/accounts/key"
	"statusd/payloads/internal/pb"
)

// Message is a payload as it was received or is about to be sent.
type Message struct {
	ID   MessageID
	Type Type
	// Author made the payload: the signer of the wrapper or, when it is not
	// signed, of the envelope.
	Author key.Public
	// Signed says that the wrapper itself is signed. Without that the author
	// can deny having written it.
	Signed bool
	// Signer is the signer of the envelope, zero for a Message from Seal. It
	// differs from Author when somebody relays a signed wrapper.
	Signer key.Public
	// Wrapper is the exact encoding, which the id is computed from.
	Wrapper []byte
	// Identity is the same for all copies of the payload by its author, in
	// whatever wrapper and as whatever type they come: neither is signed.
	Identity Identity
	// PlainID is the id of the wrapper as its author's client made it: fields in
	// order, none that is unknown, the signature in its low form. It differs from
	// ID when somebody changed the wrapper on its way. Others know the message by
	// this one.
	PlainID MessageID
	Body    Body
}

// Options says what Parse accepts.
type Options struct {
	// Extensions accepts the types that peers after v0.63 send: edit, delete,
	// pin.
	Extensions bool
}

// Parse reads a wrapper that came in an envelope signed by signer, which may be
// zero where the envelope is not signed. The body passed Validate. The result
// does not alias data.
func Parse(data []byte, signer key.Public, opts Options) (Message, error) {
	var w pb.ApplicationMetadataMessage
	if err := unmarshal(data, &w); err != nil {
		return Message{}, err
	}
	m := Message{Type: Type(w.GetType()), Author: signer, Signer: signer, Wrapper: append([]byte(nil), data...)}
	var idKey key.Public
	digest := keccak(w.GetPayload())
	// A missing signature means unsigned; one of a wrong length, none
	// included, is invalid.
	if w.Signature != nil {
		author, err := recoverKey(digest, w.Signature)
		if err != nil {
			return Message{}, err
		}
		m.Author, m.Signed, idKey = author, true, author
	}
	if m.Author.IsZero() {
		return Message{}, ErrNoSigner
	}
	m.ID, m.Identity = WrapperID(idKey, data), identityOf(m.Author, digest)
	plain, err := plainWrapper(&w)
	if err != nil {
		return Message{}, err
	}
	if m.PlainID = m.ID; !bytes.Equal(plain, data) {
		m.PlainID = WrapperID(idKey, plain)
	}
	if m.Type.Extension() && !opts.Extensions {
		return Message{}, fmt.Errorf("%w: %d", ErrType, m.Type)
	}
	body, ok, err := decode(m.Type, w.GetPayload())
	if !ok {
		return Message{}, fmt.Errorf("%w: %d", ErrType, m.Type)
	}
	if err != nil {
		return Message{}, err
	}
	if err := body.Validate(); err != nil {
		return Message{}, err
	}
	m.Body = body
	return m, nil
}

// Check applies the rule of plausible clocks to a received message (spec 05
// section 7). envelopeMillis is (expiry - ttl) of the envelope and nowMillis
// the local time, both in Unix milliseconds.
func (m *Message) Check(envelopeMillis, nowMillis uint64) error {
	t, ok := m.Body.(timed)
	if !ok {
		return nil
	}
	values, local := t.clocks()
	reference := envelopeMillis
	if local {
		reference = nowMillis
	}
	for _, clock := range values {
		if err := CheckClock(clock, reference); err != nil {
			return err
		}
	}
	return nil
}

// Latest returns the highest clock of a message, 0 for one without.
func (m *Message) Latest() (clock uint64) {
	if t, ok := m.Body.(timed); ok {
		values, _ := t.clocks()
		for _, c := range values {
			clock = max(clock, c)
		}
	}
	return clock
}

// Seal validates a body and wraps it. With a zero author the wrapper is not
// signed and the message has no Author. What would be refused by its receivers
// is refused here.
func Seal(body Body, author key.Private) (Message, error) {
	if err := validateForSending(body); err != nil {
		return Message{}, err
	}
	return seal(body, author)
}

// seal is Seal without the rules.
func seal(body Body, author key.Private) (Message, error) {
	payload, err := body.encode()
	if err != nil {
		return Message{}, err
	}
	m := Message{Type: body.Type(), Body: body}
	w := &pb.ApplicationMetadataMessage{Payload: payload, Type: int32(m.Type)}
	if digest := keccak(payload); !author.IsZero() {
		m.Identity = identityOf(author.Public(), digest)
		signature, err := author.Sign(digest)
		if err != nil {
			return Message{}, fmt.Errorf("sign payload: %w", err)
		}
		w.Signature, m.Signed, m.Author = signature[:], true, author.Public()
	}
	if m.Wrapper, err = marshal(w); err != nil {
		return Message{}, err
	}
	m.ID = WrapperID(m.Author, m.Wrapper)
	m.PlainID = m.ID
	return m, nil
}

// plainWrapper encodes what a wrapper says as clients do.
func plainWrapper(w *pb.ApplicationMetadataMessage) ([]byte, error) {
	return marshal(&pb.ApplicationMetadataMessage{
		Signature: lowSignature(w.Signature), Payload: w.Payload, Type: w.Type,
	})
}

// validateForSending applies the receivers' rules, a clock that is not zero,
// and the rules for our own payloads.
func validateForSending(body Body) error {
	if err := body.Validate(); err != nil {
		return err
	}
	if t, ok := body.(timed); ok {
		values, _ := t.clocks()
		for _, clock := range values {
			if clock == 0 {
				return broken(RuleClockZero, "the clock is zero")
			}
		}
	}
	if s, ok := body.(strict); ok {
		return s.validateOwn()
	}
	return nil
}
