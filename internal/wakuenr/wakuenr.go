// Package wakuenr is the entry "waku" of a node record: which version of our
// conventions a node follows and what it can do (spec 08 section 1.3).
//
// On the wire the entry is an RLP list [version, capabilities, …]; items after
// the second are ignored. A record without the entry says nothing about the
// node, since nodes of 2020 have none. The package is pure.
package wakuenr

import (
	"io"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/rlp"
)

// Version of the entry that this program writes.
const Version = 1

// Caps is the set of capabilities.
type Caps uint64

// Capability bits.
const (
	Relay      Caps = 1 << iota // full relay: takes every topic
	Mailserver                  // answers history requests
	Light                       // never relays
	Rendezvous                  // keeps a rendezvous registry
)

// Has reports whether all bits of want are set.
func (c Caps) Has(want Caps) bool { return c&want == want }

// Entry is the value of the key "waku".
type Entry struct {
	Version uint64
	Caps    Caps
}

// ENRKey implements enr.Entry.
func (Entry) ENRKey() string { return "waku" }

// EncodeRLP implements rlp.Encoder.
func (e Entry) EncodeRLP(w io.Writer) error {
	return rlp.Encode(w, []uint64{e.Version, uint64(e.Caps)})
}

// DecodeRLP implements rlp.Decoder. It takes no more than the two numbers
// from its input.
func (e *Entry) DecodeRLP(s *rlp.Stream) error {
	var wire struct {
		Version uint64
		Caps    uint64
		Rest    []rlp.RawValue `rlp:"tail"` // a record has 300 bytes at most
	}
	if err := s.Decode(&wire); err != nil {
		return err
	}
	*e = Entry{Version: wire.Version, Caps: Caps(wire.Caps)}
	return nil
}

// Of returns the entry of a node's record, ok = false when it has none that
// can be read.
func Of(n *enode.Node) (e Entry, ok bool) {
	if err := n.Load(&e); err != nil {
		return Entry{}, false
	}
	return e, true
}
