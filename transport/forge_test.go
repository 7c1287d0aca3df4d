package transport_test

import (
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/accounts/key"
	"statusd/transport"
	"statusd/transport/bundle"
	"statusd/transport/dh"
	"statusd/transport/internal/fields"
	"statusd/transport/protocol"
)

// encodeRaw encodes a bundle that need not be valid.
func encodeRaw(r bundle.Raw) []byte {
	out := fields.AppendBytes(nil, 1, r.Identity)
	for _, p := range r.Prekeys {
		value := fields.AppendBytes(nil, 1, p.Key)
		value = fields.AppendVarint(value, 2, uint64(p.Version))
		value = fields.AppendVarint(value, 3, uint64(p.Protocol))
		entry := fields.AppendMessage(fields.AppendBytes(nil, 1, p.Installation), 2, value)
		out = fields.AppendMessage(out, 2, entry)
	}
	out = fields.AppendBytes(out, 4, r.Signature)
	return fields.AppendVarint(out, 5, uint64(r.Timestamp)) //nolint:gosec // as on the wire
}

// rawMessage encodes a message with bundles that need not be valid.
func rawMessage(installation string, bundles []bundle.Raw, direct map[string]protocol.Direct, public string) []byte {
	out := protocol.Encode(installation, nil, direct, []byte(public))
	for _, b := range bundles {
		out = fields.AppendMessage(out, 3, encodeRaw(b))
	}
	return out
}

// signRaw signs text made of the entries as they are, without any check.
func signRaw(tb testing.TB, identity key.Private, r bundle.Raw, material string) bundle.Raw {
	tb.Helper()
	s, err := identity.Sign([32]byte(crypto.Keccak256([]byte(material))))
	if err != nil {
		tb.Fatal(err)
	}
	id := identity.Public().Compressed()
	r.Identity, r.Signature = id[:], s[:]
	return r
}

// bundleOf returns the current bundle of a party.
func (p *party) bundleOf(now time.Time) bundle.Bundle {
	p.tb.Helper()
	var b bundle.Bundle
	p.must(func(st transport.Store) (err error) {
		b, err = p.dev.OwnBundle(st, now)
		return err
	})
	return b
}

// signed makes a valid bundle.
func signed(tb testing.TB, identity key.Private, now time.Time, entries ...bundle.Prekey) bundle.Bundle {
	tb.Helper()
	b, err := bundle.Sign(identity, entries, now)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func entry(tb testing.TB, id string, version uint32) bundle.Prekey {
	tb.Helper()
	return bundle.Prekey{Installation: id, Key: dh.PointOf(generate(tb).Public()), Version: version, Protocol: 1}
}

// decode returns the message in an Outgoing.
func decode(tb testing.TB, data []byte) protocol.Message {
	tb.Helper()
	m, err := protocol.Decode(data)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// edit decodes a message, changes it, and encodes it without bundles.
func edit(tb testing.TB, data []byte, change func(*protocol.Message)) []byte {
	tb.Helper()
	m := decode(tb, data)
	change(&m)
	return protocol.Encode(m.Installation, nil, m.Direct, m.Public)
}

// sessionsWith returns the sessions of p with q that were built on a prekey
// that either has now.
func (p *party) sessionsWith(q *party) []transport.Session {
	p.tb.Helper()
	var list []transport.Session
	var prekeys []dh.Point
	for _, x := range []*party{p, q} {
		x.must(func(st transport.Store) error {
			own, ok, err := st.CurrentPrekey()
			if ok {
				prekeys = append(prekeys, own.ID())
			}
			return err
		})
	}
	p.must(func(st transport.Store) error {
		for _, prekey := range prekeys {
			s, err := st.Sessions(q.dev.Identity(), q.dev.Installation(), prekey)
			if err != nil {
				return err
			}
			list = append(list, s...)
		}
		return nil
	})
	return list
}
