package transport

import (
	"statusd/accounts/key"
	"statusd/transport/dh"
	"statusd/transport/ratchet"
	"statusd/waku/wire"
)

// Times in records are nanoseconds since 1970, 0 for never.

// Self is what this installation knows of itself.
type Self struct {
	// LastVersion is the highest version known for a prekey of ours. It can be
	// above that of the current prekey after a loss of state.
	LastVersion uint32
	// ContactCodeAt is when the contact code was published last.
	ContactCodeAt int64
	// AnswersFrom and Answers count the answers of the running hour.
	AnswersFrom int64
	Answers     int
	Metadata    Metadata
}

// Metadata describes an installation to its owner. The push token stays on
// this machine.
type Metadata struct{ Name, DeviceType, PushToken string }

// OwnPrekey is a signed prekey of this installation with its private part.
type OwnPrekey struct {
	Private  key.Private
	Version  uint32
	Created  int64
	Replaced int64 // 0 for the current one
}

// ID is the public part, by which sessions name the prekey.
func (p OwnPrekey) ID() dh.Point { return dh.PointOf(p.Private.Public()) }

// Peer is an identity that was heard, or ours.
type Peer struct {
	Identity key.Public
	// Shared is the negotiated secret, none until it was recorded. Acks are the
	// installations, ours or theirs, that are known to listen to its topic.
	Shared dh.Secret
	Acks   []string
	// Heard is when a message or bundle of the identity came last, Answered
	// when a message we could not open was answered last.
	Heard, Answered int64
	// Written says that we sent a direct message to the identity. One that was
	// never written to is a stranger, whom a flood of others may push out.
	Written bool
	// Healed is when the sessions with the identity were given up last because
	// a message could not be opened, Heals how often in a row.
	Healed int64
	Heals  uint32
}

// Installation is a device of an identity, as its bundles tell.
type Installation struct {
	Identity key.Public
	ID       string
	Enabled  bool
	Protocol uint32 // highest protocol_version seen; it is not signed
	LastSeen int64  // time of the newest bundle that lists it
	// Prekey is the current signed prekey, Version its version, and PrekeySeen
	// the time of the newest bundle that has it.
	Prekey     dh.Point
	Version    uint32
	PrekeySeen int64
	Metadata   Metadata
}

// SessionID names a session: whose device, built on which prekey, by which
// handshake. The peer's identity and the ephemeral key keep strangers and lost
// state apart from the sessions that work (W2, W13).
type SessionID struct {
	Identity     key.Public
	Installation string
	Prekey       dh.Point // the responder's
	Ephemeral    dh.Point // the initiator's
}

// Session is a ratchet with one installation.
type Session struct {
	ID        SessionID
	Initiator bool // we started it
	// Answered says that a message of the peer was opened: the peer has the
	// session, and the X3DH header is no longer sent.
	Answered bool
	// Retired sessions only receive.
	Retired bool
	// Order is the start of the session's shared key, big endian. Of two
	// sessions the one with the lower Order is used to send. The rest of the
	// shared key, 192 bits, is not kept.
	Order         uint64
	Created, Used int64
	State         ratchet.State
	// Spent tells copies of the last messages from others with their numbers.
	Spent Spent
}

// MessageKey is a stored message key. Envelope is the hash of the envelope
// that used it, zero for a message that has not come yet.
type MessageKey struct {
	ratchet.StoredKey
	Envelope wire.Hash
}

// Scope selects sessions: those with one installation, or with everybody.
type Scope struct {
	Everybody    bool
	Identity     key.Public
	Installation string
}
