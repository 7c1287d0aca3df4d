package transport_test

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"statusd/accounts/key"
	"statusd/transport"
	"statusd/transport/memstore"
	"statusd/transport/ratchet"
	"statusd/waku/wire"
)

var start = time.Unix(1_606_060_800, 123_456_789)

// party is a device with its state.
type party struct {
	tb       testing.TB
	identity key.Private
	dev      *transport.Device
	store    *memstore.Store
	keys     []key.Private // the next keys to generate; when empty, random ones
	fixed    bool          // an empty list of keys is an error
	nonce    [12]byte
	ivs      uint64             // initial vectors that were given
	source   func() key.Private // of keys that are not given, nil for random ones
}

func generate(tb testing.TB) key.Private {
	tb.Helper()
	k, err := key.Generate()
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func newParty(tb testing.TB, identity key.Private, installation string) *party {
	tb.Helper()
	p := &party{tb: tb, identity: identity, store: memstore.New()}
	p.dev = p.device(identity, installation)
	return p
}

func (p *party) device(identity key.Private, installation string) *transport.Device {
	p.tb.Helper()
	dev, err := transport.New(transport.Config{
		Identity: identity, Installation: installation, NewKey: p.newKey, Random: p, IV: p.iv,
	})
	if err != nil {
		p.tb.Fatal(err)
	}
	return dev
}

func (p *party) newKey() (key.Private, error) {
	if len(p.keys) == 0 {
		if p.fixed {
			return key.Private{}, errors.New("no key left")
		}
		if p.source != nil {
			return p.source(), nil
		}
		return key.Generate()
	}
	k := p.keys[0]
	p.keys = p.keys[1:]
	return k, nil
}

// iv gives another initial vector each time, in vectors the derived one.
func (p *party) iv(derived [ratchet.IVSize]byte) ([ratchet.IVSize]byte, error) {
	if p.fixed {
		return derived, nil
	}
	p.ivs++
	var iv [ratchet.IVSize]byte
	binary.LittleEndian.PutUint64(iv[:], p.ivs)
	return iv, nil
}

// Read gives the nonce of the next exchange.
func (p *party) Read(b []byte) (int, error) { return copy(b, p.nonce[:]), nil }

// update runs fn in a transaction.
func (p *party) update(fn func(st transport.Store) error) error {
	return p.store.Update(p.tb.Context(), func(tx *memstore.Tx) error { return fn(tx) })
}

// must is update for what must not fail.
func (p *party) must(fn func(st transport.Store) error) {
	p.tb.Helper()
	if err := p.update(fn); err != nil {
		p.tb.Fatal(err)
	}
}

func (p *party) send(to *party, text string, now time.Time) transport.Outgoing {
	p.tb.Helper()
	var out transport.Outgoing
	p.must(func(st transport.Store) (err error) {
		out, err = p.dev.SendDirect(st, to.dev.Identity(), []byte(text), now)
		return err
	})
	return out
}

// receive handles a message without confirming it.
func (p *party) receive(from *party, data []byte, now time.Time) (transport.Decrypted, error) {
	return p.receiveFrom(from.dev.Identity(), data, now)
}

func (p *party) receiveFrom(from key.Public, data []byte, now time.Time) (got transport.Decrypted, err error) {
	err = p.update(func(st transport.Store) (err error) {
		got, err = p.dev.Receive(st, transport.Incoming{From: from, Data: data, Envelope: hashOf(data)}, now)
		return err
	})
	return got, err
}

// answerTo makes the answer to a message that failed with why.
func (p *party) answerTo(from *party, data []byte, why error, now time.Time) (out transport.Outgoing, ok bool) {
	p.tb.Helper()
	p.must(func(st transport.Store) (err error) {
		out, ok, err = p.dev.Answer(st, transport.Incoming{From: from.dev.Identity(), Data: data, Sent: now}, why, now)
		return err
	})
	return out, ok
}

// hashOf stands for the envelope of a message.
func hashOf(data []byte) wire.Hash { return wire.BatchHash(data) }

func (p *party) confirm(data []byte) {
	p.tb.Helper()
	p.must(func(st transport.Store) error { return p.dev.Confirm(st, hashOf(data)) })
}

// deliver sends a text and expects it to arrive.
func (p *party) deliver(to *party, text string, now time.Time) transport.Decrypted {
	p.tb.Helper()
	return to.expect(p, p.send(to, text, now).Data, text, now)
}

func (p *party) expect(from *party, data []byte, text string, now time.Time) transport.Decrypted {
	p.tb.Helper()
	got, err := p.receive(from, data, now)
	if err != nil {
		p.tb.Fatal(err)
	}
	if string(got.Plaintext) != text {
		p.tb.Fatalf("got %q, want %q", got.Plaintext, text)
	}
	return got
}

// announce makes p's bundle known to others.
func (p *party) announce(now time.Time, to ...*party) {
	p.tb.Helper()
	var out transport.Outgoing
	p.must(func(st transport.Store) (err error) {
		out, err = p.dev.SendContactCode(st, []byte("code"), now)
		return err
	})
	for _, q := range to {
		q.expect(p, out.Data, "code", now)
	}
}

// counts returns the numbers of records.
func (p *party) counts() (peers, installations, sessions, keys int) {
	p.must(func(st transport.Store) error {
		peers, installations, sessions, keys = st.(*memstore.Tx).Counts()
		return nil
	})
	return
}

// pairOfParties returns two people with one device each.
func pairOfParties(tb testing.TB) (alice, bob *party) {
	tb.Helper()
	alice = newParty(tb, generate(tb), "1998bd5b-8c3e-4088-88ec-38bc2d8d9cbc")
	bob = newParty(tb, generate(tb), "1ed80ea6-514b-4a94-8350-efb2bb82b4f2")
	return alice, bob
}
