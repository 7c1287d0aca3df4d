package wire

import (
	"crypto/ecdsa"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/crypto"
)

// The data field before encryption (7/WAKU-DATA as deployed, spec 01
// section 7.1).
const (
	// PaddingBlock is the size that a padded plaintext is a multiple of.
	PaddingBlock = 256
	// SignatureLength is R(32) | S(32) | V(1), V being 0 or 1 and not 27 or 28.
	SignatureLength = 65
	// MaxPayload is the largest payload that three size bytes can describe.
	MaxPayload = 1<<24 - 1

	flagSizeMask = 0x03
	flagSigned   = 0x04
)

// Errors of the data field.
var (
	ErrPayloadTooLarge = errors.New("payload is longer than 2^24-1 bytes")
	ErrPlain           = errors.New("malformed plaintext")
	ErrSignature       = errors.New("signature does not recover to a public key")
)

// Plain is an opened data field.
type Plain struct {
	Payload []byte
	Padding []byte
	Signer  *ecdsa.PublicKey // nil when unsigned
}

// sizeBytes returns the minimal number of size bytes: 1 below 256, so also
// for an empty payload.
func sizeBytes(payloadLen int) int {
	switch {
	case payloadLen < 1<<8:
		return 1
	case payloadLen < 1<<16:
		return 2
	default:
		return 3
	}
}

// PaddingLength returns how many padding bytes bring a plaintext to the next
// multiple of PaddingBlock: 1 to 256, a whole block if it is already aligned.
func PaddingLength(payloadLen int, signed bool) int {
	n := 1 + sizeBytes(payloadLen) + payloadLen
	if signed {
		n += SignatureLength
	}
	return PaddingBlock - n%PaddingBlock
}

// EncodePlain builds the plaintext. The padding is used as given; callers pass
// PaddingLength random bytes unless they know better. signer may be nil.
func EncodePlain(payload, padding []byte, signer *ecdsa.PrivateKey) ([]byte, error) {
	if len(payload) > MaxPayload {
		return nil, ErrPayloadTooLarge
	}
	n := sizeBytes(len(payload))
	plain := make([]byte, 0, 1+n+len(payload)+len(padding)+SignatureLength)
	flags := byte(n)
	if signer != nil {
		flags |= flagSigned
	}
	plain = append(plain, flags)
	for i := range n {
		plain = append(plain, byte(len(payload)>>(8*i)))
	}
	plain = append(plain, payload...)
	plain = append(plain, padding...)
	if signer == nil {
		return plain, nil
	}
	sig, err := crypto.Sign(crypto.Keccak256(plain), signer)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return append(plain, sig...), nil
}

// DecodePlain parses a plaintext. Payload and Padding are parts of plain. It
// accepts over-long size encodings and a size count of zero, which means an
// empty payload, as deployed peers do.
func DecodePlain(plain []byte) (Plain, error) {
	if len(plain) == 0 {
		return Plain{}, ErrPlain
	}
	var out Plain
	body := plain
	if plain[0]&flagSigned != 0 {
		end := len(plain) - SignatureLength
		if end <= 1 {
			return Plain{}, ErrPlain
		}
		signer, err := crypto.SigToPub(crypto.Keccak256(plain[:end]), plain[end:])
		if err != nil {
			return Plain{}, ErrSignature
		}
		out.Signer = signer
		body = plain[:end]
	}
	n := int(plain[0] & flagSizeMask)
	if len(body) < 1+n {
		return Plain{}, ErrPlain
	}
	size := 0
	for i := range n {
		size |= int(body[1+i]) << (8 * i)
	}
	body = body[1+n:]
	if size > len(body) {
		return Plain{}, ErrPlain
	}
	out.Payload, out.Padding = body[:size], body[size:]
	return out, nil
}
