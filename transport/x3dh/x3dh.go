// Package x3dh agrees on the first key of a session between a device that is
// online and one that published a signed prekey (spec 03 section 7).
//
//	        initiator A          responder B
//	dh1     DH(ik_A, SPK_B)      DH(spk_B, IK_A)
//	dh2     DH(ek_A, IK_B)       DH(ik_B, EK_A)
//	dh3     DH(ek_A, SPK_B)      DH(spk_B, EK_A)
//
//	SK = keccak256(dh1 ‖ dh2 ‖ dh3)
//
// There are no one-time prekeys, no prefix and no associated data: this is
// what peers do, all over secp256k1. The package is pure; it starts no
// goroutines and knows nothing of bundles, of ratchets or of storage.
package x3dh

import (
	"fmt"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/accounts/key"
	"statusd/accounts/secret"
	"statusd/transport/dh"
)

// Initiate returns SK for the side that starts: its identity key and a fresh
// ephemeral key, the peer's identity and the signed prekey of one of the
// peer's installations.
func Initiate(identity, ephemeral key.Private, peer, prekey key.Public) (dh.Secret, error) {
	return agree(exchange{identity, prekey}, exchange{ephemeral, peer}, exchange{ephemeral, prekey})
}

// Respond returns SK for the side that published prekey: its identity key,
// the private part of that prekey, the initiator's identity and the ephemeral
// key of the X3DH header.
func Respond(identity, prekey key.Private, peer, ephemeral key.Public) (dh.Secret, error) {
	return agree(exchange{prekey, peer}, exchange{identity, ephemeral}, exchange{prekey, ephemeral})
}

type exchange struct {
	private key.Private
	public  key.Public
}

func agree(exchanges ...exchange) (dh.Secret, error) {
	var all [3 * 32]byte
	defer clear(all[:])
	for i, e := range exchanges {
		s, err := dh.Shared(e.private, e.public)
		if err != nil {
			return dh.Secret{}, fmt.Errorf("agree on exchange %d: %w", i+1, err)
		}
		copy(all[32*i:], s.Reveal())
		s.Wipe()
	}
	sum := crypto.Keccak256(all[:])
	defer clear(sum)
	return dh.Secret{Bytes: secret.New(sum)}, nil
}
