// Package topics names the places where secure-transport messages travel:
// each place is a string, from which the waku topic and, for symmetric
// encryption, the key follow (spec 03 section 9).
//
//	topic(s)  = keccak256(s)[0:4]
//	symkey(s) = PBKDF2-HMAC-SHA-256(password s, no salt, 65356 iterations, 32 bytes)
//
// The package is pure and starts no goroutines. SymKey is slow by design
// (tens of milliseconds): the caller keeps keys by string.
package topics

import (
	"encoding/hex"
	"math/big"
	"strconv"

	"statusd/accounts/key"
	"statusd/transport/dh"
	"statusd/waku/wire"
)

// Partitions is the number of partitioned topics.
const Partitions = 5000

const discovery = "contact-discovery"

// Kind says how messages of a place are encrypted on the waku layer and who
// listens.
type Kind uint8

// Kinds of places. Partitioned and Personal are encrypted to the identity key
// of the listener, the others with the key that SymKey derives from the name.
const (
	Partitioned Kind = iota + 1 // where everybody listens for strangers
	Public                      // a public or profile chat
	ContactCode                 // where an identity publishes its bundle
	Personal                    // listened to for old clients; nobody sends
	Negotiated                  // the secret of two identities
	Generic                     // no longer used
)

// String names the kind as logs and the control surface show it.
func (k Kind) String() string {
	switch k {
	case Partitioned:
		return "partitioned"
	case Public:
		return "public"
	case ContactCode:
		return "contact-code"
	case Personal:
		return "personal"
	case Negotiated:
		return "negotiated"
	case Generic:
		return "generic"
	}
	return "unknown"
}

// Symmetric reports whether messages there are sealed with SymKey of the name.
func (k Kind) Symmetric() bool { return k == Public || k == ContactCode || k == Negotiated }

// Place is a named topic. The name of a negotiated place is itself a secret,
// which is why a Place prints its kind and topic only.
type Place struct {
	Kind Kind
	name string
}

// Name returns the string that topic and key follow from, the chat id of
// public places. That of a negotiated place must not be shown or logged.
func (p Place) Name() string { return p.name }

// Topic returns the waku topic of the place.
func (p Place) Topic() wire.Topic { return wire.TopicFromName(p.name) }

// SymKey derives the symmetric key of the place, slowly.
func (p Place) SymKey() []byte { return wire.SymKeyFromPassword(p.name) }

// String shows kind and topic.
func (p Place) String() string { return p.Kind.String() + " " + p.Topic().String() }

// GoString implements fmt.GoStringer.
func (p Place) GoString() string { return p.String() }

// PartitionOf returns where identity p listens for messages of strangers.
func PartitionOf(p key.Public) Place {
	x := p.X()
	n := new(big.Int).SetBytes(x[:])
	n.Mod(n, big.NewInt(Partitions))
	return Place{Partitioned, discovery + "-" + strconv.FormatInt(n.Int64(), 10)}
}

// PublicChat returns the place of a public chat; the chat id of a profile is
// payloads.ProfileChat.
func PublicChat(id string) Place { return Place{Public, id} }

// ContactCodeOf returns where identity p publishes its bundle.
func ContactCodeOf(p key.Public) Place { return Place{ContactCode, p.ContactID() + "-contact-code"} }

// PersonalOf returns the discovery place of p alone.
func PersonalOf(p key.Public) Place {
	u := p.Uncompressed()
	return Place{Personal, discovery + "-" + hex.EncodeToString(u[:])}
}

// NegotiatedOf returns the place that only the two holders of the static
// secret DH(ik, IK_peer) know.
func NegotiatedOf(shared dh.Secret) Place {
	return Place{Negotiated, hex.EncodeToString(shared.Reveal())}
}

// Named returns the place of a kind by its name, as both were stored.
func Named(kind Kind, name string) Place { return Place{kind, name} }

// GenericDiscovery returns the place of old clients.
func GenericDiscovery() Place { return Place{Generic, discovery} }
