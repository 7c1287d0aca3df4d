// Package signedtext signs text with an Ethereum key and recovers the signer
// (EIP-191 version 0x45; spec 06 section 12).
//
//	hash       Keccak-256(0x19 ‖ "Ethereum Signed Message:\n" ‖ decimal byte length ‖ bytes)
//	signature  R ‖ S ‖ V, 65 bytes, S in the lower half, nonce of RFC 6979
//
// Two conventions live side by side because other programs depend on each:
// PersonalSign reads text that looks like hex as bytes and writes V as 27 or
// 28; Sign always takes the text itself and writes V as 0 or 1. Recover takes
// either V. Pure, no goroutines.
package signedtext

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/accounts/key"
	"statusd/fault"
)

// ErrSignature says that a signature is malformed or belongs to no key.
var ErrSignature = fault.New(fault.InvalidParams,
	"not a signature of 65 bytes that ends in 0, 1, 27 or 28 and fits the text", "")

// prefix separates signed text from transactions.
const prefix = "\x19Ethereum Signed Message:\n"

// legacyV is what the older convention adds to V.
const legacyV = 27

// Hash returns the hash of text to sign, taken as it is.
func Hash(text []byte) [32]byte {
	return [32]byte(crypto.Keccak256([]byte(prefix+strconv.Itoa(len(text))), text))
}

// PersonalHash returns the hash that personal_sign and external signers use:
// of the decoded bytes if text is 0x and an even number of hex digits, none
// included, else of the text itself.
func PersonalHash(text string) [32]byte {
	if digits, ok := strings.CutPrefix(text, "0x"); ok {
		if raw, err := hex.DecodeString(digits); err == nil {
			return Hash(raw)
		}
	}
	return Hash([]byte(text))
}

// Sign signs text as it is, even if it looks like hex; V is 0 or 1. This is
// wakuext_signMessageWithChatKey.
func Sign(k key.Private, text string) (key.Signature, error) { return k.Sign(Hash([]byte(text))) }

// PersonalSign signs PersonalHash; V is 27 or 28. This is personal_sign.
func PersonalSign(k key.Private, text string) (key.Signature, error) {
	sig, err := k.Sign(PersonalHash(text))
	if err == nil {
		sig[64] += legacyV
	}
	return sig, err
}

// Recover returns the key that signed a hash. V may be 0, 1, 27 or 28.
// Errors: ErrSignature.
func Recover(hash [32]byte, signature []byte) (key.Public, error) {
	if len(signature) != len(key.Signature{}) {
		return key.Public{}, ErrSignature
	}
	sig := key.Signature(signature)
	if sig[64] >= legacyV {
		sig[64] -= legacyV
	}
	if sig[64] > 1 {
		return key.Public{}, ErrSignature
	}
	raw, err := crypto.Ecrecover(hash[:], sig[:])
	if err != nil {
		return key.Public{}, ErrSignature
	}
	p, err := key.ParsePublic(raw)
	if err != nil {
		return key.Public{}, ErrSignature
	}
	return p, nil
}
