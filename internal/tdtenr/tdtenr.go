// Package tdtenr is the entry "tdt" of a node record: the node keeps
// advertisements of topics and answers for them over TALK (spec 08 sections
// 1.3 and 2.11).
//
// On the wire the entry is an RLP integer, the version of the protocol. The
// package is pure.
package tdtenr

import "github.com/ethereum/go-ethereum/p2p/enode"

// Version of the protocol that this program speaks.
const Version Entry = 1

// Entry is the value of the key "tdt".
type Entry uint64

// ENRKey implements enr.Entry.
func (Entry) ENRKey() string { return "tdt" }

// Of returns the entry of a node's record, ok = false when it has none that
// can be read.
func Of(n *enode.Node) (e Entry, ok bool) {
	if err := n.Load(&e); err != nil {
		return 0, false
	}
	return e, true
}

// Capable reports whether a node says that it speaks a version we know.
func Capable(n *enode.Node) bool {
	e, ok := Of(n)
	return ok && e == Version
}
