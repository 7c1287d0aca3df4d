package wire

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/crypto"
)

// Sizes of the two encryptions (spec 01 sections 7.2 and 7.3).
const (
	SymKeyLength   = 32
	SymNonceLength = 12
	symTagLength   = 16

	ECIESIVLength = 16
	pointLength   = 65
	eciesTag      = sha256.Size
	eciesMin      = pointLength + ECIESIVLength + eciesTag

	// passwordIterations is what deployed peers use; 65536 was meant.
	passwordIterations = 65356
)

// Errors of sealing and opening. ErrNotForKey says only that this key does
// not open the data; relays and filters meet it all the time.
var (
	ErrSymKey     = errors.New("symmetric key is not 32 bytes long or is all zeros")
	ErrNotForKey  = errors.New("data does not open with this key")
	ErrEmptyPlain = errors.New("an empty plaintext cannot be sealed")
	ErrPublicKey  = errors.New("invalid public key")
)

// SymKeyFromPassword derives the symmetric key of a password or of a public
// chat's name. It takes tens of milliseconds; callers cache the result.
func SymKeyFromPassword(password string) []byte {
	key, err := pbkdf2.Key(sha256.New, password, nil, passwordIterations, SymKeyLength)
	if err != nil {
		panic("wire: pbkdf2: " + err.Error()) // only for impossible lengths
	}
	return key
}

// SymCipher seals and opens with one symmetric key: AES-256-GCM, the nonce
// after the tag. It is safe for concurrent use.
type SymCipher struct{ aead cipher.AEAD }

// NewSymCipher prepares a 32-byte key. An all-zero key is refused.
func NewSymCipher(key []byte) (*SymCipher, error) {
	if len(key) != SymKeyLength || [SymKeyLength]byte(key) == ([SymKeyLength]byte{}) {
		return nil, ErrSymKey
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("symmetric key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("symmetric key: %w", err)
	}
	return &SymCipher{aead}, nil
}

// Seal encrypts plain. The nonce must never repeat under one key.
func (c *SymCipher) Seal(nonce [SymNonceLength]byte, plain []byte) []byte {
	out := make([]byte, 0, len(plain)+symTagLength+SymNonceLength)
	out = c.aead.Seal(out, nonce[:], plain, nil)
	return append(out, nonce[:]...)
}

// Open decrypts data; ErrNotForKey when the key does not fit.
func (c *SymCipher) Open(data []byte) ([]byte, error) {
	end := len(data) - SymNonceLength
	if end < symTagLength {
		return nil, ErrNotForKey
	}
	plain, err := c.aead.Open(nil, data[end:], data[:end], nil)
	if err != nil {
		return nil, ErrNotForKey
	}
	return plain, nil
}

// SealAsymmetric encrypts plain to a public key by ECIES over secp256k1. The
// ephemeral key and the iv must be random and used once.
func SealAsymmetric(
	to *ecdsa.PublicKey, ephemeral *ecdsa.PrivateKey, iv [ECIESIVLength]byte, plain []byte,
) ([]byte, error) {
	if to == nil || to.X == nil || to.Y == nil || !crypto.S256().IsOnCurve(to.X, to.Y) {
		return nil, ErrPublicKey
	}
	if len(plain) == 0 {
		return nil, ErrEmptyPlain
	}
	ke, km := eciesKeys(ephemeral, to)
	out := make([]byte, pointLength+ECIESIVLength+len(plain), eciesMin+len(plain))
	copy(out, crypto.FromECDSAPub(&ephemeral.PublicKey))
	copy(out[pointLength:], iv[:])
	ctr(ke, iv[:]).XORKeyStream(out[pointLength+ECIESIVLength:], plain)
	mac := hmac.New(sha256.New, km)
	mac.Write(out[pointLength:])
	return mac.Sum(out), nil
}

// OpenAsymmetric decrypts data with a private key; ErrNotForKey when it does
// not fit. Data shorter than point, iv and tag is refused before any work:
// the reference asks for less and dies on it.
func OpenAsymmetric(key *ecdsa.PrivateKey, data []byte) ([]byte, error) {
	if len(data) < eciesMin || data[0] != 4 {
		return nil, ErrNotForKey
	}
	ephemeral, err := crypto.UnmarshalPubkey(data[:pointLength])
	if err != nil {
		return nil, ErrNotForKey
	}
	ke, km := eciesKeys(key, ephemeral)
	end := len(data) - eciesTag
	em := data[pointLength:end]
	mac := hmac.New(sha256.New, km)
	mac.Write(em)
	if !hmac.Equal(mac.Sum(nil), data[end:]) {
		return nil, ErrNotForKey
	}
	plain := make([]byte, len(em)-ECIESIVLength)
	ctr(ke, em[:ECIESIVLength]).XORKeyStream(plain, em[ECIESIVLength:])
	return plain, nil
}

// eciesKeys derives the AES-128 key and the hashed MAC key from the shared
// point: one block of the concatenation KDF over SHA-256.
func eciesKeys(priv *ecdsa.PrivateKey, pub *ecdsa.PublicKey) (ke, km []byte) {
	x, _ := crypto.S256().ScalarMult(pub.X, pub.Y, priv.D.Bytes())
	var in [4 + 32]byte
	in[3] = 1
	x.FillBytes(in[4:])
	k := sha256.Sum256(in[:])
	hashed := sha256.Sum256(k[16:])
	return k[:16:16], hashed[:]
}

func ctr(key, iv []byte) cipher.Stream {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("wire: aes: " + err.Error()) // only for impossible lengths
	}
	return cipher.NewCTR(block, iv)
}
