package transport

import (
	"statusd/accounts/key"
	"statusd/transport/dh"
	"statusd/waku/wire"
)

// Store is the state of one account on one device, as an open transaction
// sees it. Every method of Device takes one, reads from it, and writes only
// when its outcome is certain; after an error the caller rolls back.
//
// Records are values: what a Store returns shares no secret with what it
// keeps, so that the caller may wipe it. Package storetest checks all that.
type Store interface {
	SelfStore
	PrekeyStore
	PeerStore
	InstallationStore
	SessionStore
	MessageKeyStore
	OpenedStore
}

// SelfStore keeps one record. Before the first Put it is the zero Self.
type SelfStore interface {
	Self() (Self, error)
	PutSelf(Self) error
}

// PrekeyStore keeps the prekeys of this installation.
type PrekeyStore interface {
	// CurrentPrekey returns the prekey that was not replaced.
	CurrentPrekey() (OwnPrekey, bool, error)
	// Prekey returns a prekey by its public part, replaced or not.
	Prekey(id dh.Point) (OwnPrekey, bool, error)
	// PutPrekey inserts a prekey or replaces it, by its public part.
	PutPrekey(OwnPrekey) error
	// DeletePrekeys erases those replaced before the given time.
	DeletePrekeys(replacedBefore int64) error
}

// PeerStore keeps identities.
type PeerStore interface {
	Peer(key.Public) (Peer, bool, error)
	PutPeer(Peer) error
	// SecretPeers returns those whose negotiated secret is recorded.
	SecretPeers() ([]Peer, error)
	// EvictStrangers erases the peers that were never written to, apart from
	// the keep that were heard last and from own, together with their
	// installations, sessions, message keys and opened messages.
	EvictStrangers(own key.Public, keep int) error
}

// InstallationStore keeps the installations of identities, but not this one.
type InstallationStore interface {
	Installations(identity key.Public) ([]Installation, error)
	PutInstallation(Installation) error
	// DeleteInstallation erases one with its sessions and message keys.
	DeleteInstallation(identity key.Public, id string) error
}

// SessionStore keeps ratchet sessions.
type SessionStore interface {
	// Sessions returns the sessions with an installation that were built on a
	// prekey, in any order.
	Sessions(identity key.Public, installation string, prekey dh.Point) ([]Session, error)
	PutSession(Session) error
	// TrimSessions erases all sessions with an installation but the keep that
	// were used last, with their message keys.
	TrimSessions(identity key.Public, installation string, keep int) error
	// RetireSessions sets Retired where Created is before the given time.
	RetireSessions(scope Scope, createdBefore int64) error
}

// MessageKeyStore keeps message keys by session, header key and number.
type MessageKeyStore interface {
	MessageKey(s SessionID, header dh.Point, n uint32) (MessageKey, bool, error)
	// PutMessageKeys inserts keys, or replaces them.
	PutMessageKeys(SessionID, []MessageKey) error
	// TrimMessageKeys keeps of a session the highest keys by Seq and, if old
	// is set, of those only the ones with Seq above through.
	TrimMessageKeys(s SessionID, highest int, old bool, through uint64) error
	// ConfirmMessageKeys erases the keys that the envelope used. It is no
	// error if there are none.
	ConfirmMessageKeys(envelope wire.Hash) error
}
