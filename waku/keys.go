package waku

import (
	"crypto/ecdsa"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"statusd/waku/wire"
)

// keyIDLength is the length of every key id: 64 hex digits.
const keyIDLength = 64

// keyIDIterations of PBKDF2 turn a public key into a key id (spec 01
// section 10).
const keyIDIterations = 4096

// Keys holds private and symmetric keys by id, in memory only. It is safe for
// concurrent use.
type Keys struct {
	most int // keys of both kinds together

	mu    sync.RWMutex
	pairs map[string]*ecdsa.PrivateKey
	syms  map[string][]byte
}

func newKeys(most int) *Keys {
	return &Keys{most: most, pairs: make(map[string]*ecdsa.PrivateKey), syms: make(map[string][]byte)}
}

// String hides the keys.
func (k *Keys) String() string {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return fmt.Sprintf("%d key pairs, %d symmetric keys", len(k.pairs), len(k.syms))
}

// Format hides the keys from every verb.
func (k *Keys) Format(s fmt.State, _ rune) { fmt.Fprint(s, k.String()) }

// KeyPairID returns the id of a key pair: it depends on the public key alone.
func KeyPairID(pub *ecdsa.PublicKey) string {
	return keyID(hexutil.Encode(crypto.FromECDSAPub(pub)))
}

func keyID(text string) string {
	b, err := pbkdf2.Key(sha256.New, text, nil, keyIDIterations, keyIDLength/2)
	if err != nil {
		panic("waku: pbkdf2: " + err.Error()) // only for impossible lengths
	}
	return hex.EncodeToString(b)
}

// room tells whether another key may be added. The caller holds mu.
func (k *Keys) room() bool { return len(k.pairs)+len(k.syms) < k.most }

// close forgets all keys and takes no more.
func (k *Keys) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.most = 0
	clear(k.pairs)
	clear(k.syms)
}

// NewKeyPair makes a key pair and returns its id. Errors: ErrKeyQuota.
func (k *Keys) NewKeyPair() (string, error) {
	key, err := crypto.GenerateKey()
	if err != nil {
		return "", fmt.Errorf("generate key pair: %w", err)
	}
	return k.AddKeyPair(key)
}

// AddKeyPair stores a private key and returns its id. Errors: ErrKeyQuota.
func (k *Keys) AddKeyPair(key *ecdsa.PrivateKey) (string, error) {
	id := KeyPairID(&key.PublicKey)
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, known := k.pairs[id]; !known && !k.room() {
		return "", ErrKeyQuota
	}
	k.pairs[id] = key
	return id, nil
}

// pairID turns what a caller gives as id of a key pair into the id: anything
// that has not the length of one is hashed, so that a public key in 0x hex
// serves as well.
func pairID(id string) string {
	if len(id) != keyIDLength {
		return keyID(id)
	}
	return id
}

// DeleteKeyPair forgets a key pair and reports whether it was there.
func (k *Keys) DeleteKeyPair(id string) bool {
	id = pairID(id)
	k.mu.Lock()
	defer k.mu.Unlock()
	_, ok := k.pairs[id]
	delete(k.pairs, id)
	return ok
}

// KeyPair returns the private key with an id.
func (k *Keys) KeyPair(id string) (*ecdsa.PrivateKey, bool) {
	id = pairID(id)
	k.mu.RLock()
	defer k.mu.RUnlock()
	key, ok := k.pairs[id]
	return key, ok
}

// NewSymKey makes a random symmetric key and returns its id.
func (k *Keys) NewSymKey() (string, error) {
	key := make([]byte, wire.SymKeyLength)
	rand.Read(key)
	return k.AddSymKey(key)
}

// AddSymKey stores a copy of a 32-byte symmetric key under a random id. Errors:
// ErrSymKeySize, ErrKeyQuota.
func (k *Keys) AddSymKey(key []byte) (string, error) {
	if len(key) != wire.SymKeyLength {
		return "", ErrSymKeySize
	}
	id := randomID()
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.room() {
		return "", ErrKeyQuota
	}
	k.syms[id] = append([]byte{}, key...)
	return id, nil
}

// AddSymKeyFromPassword derives a key from a password and stores it. It takes
// tens of milliseconds.
func (k *Keys) AddSymKeyFromPassword(password string) (string, error) {
	return k.AddSymKey(wire.SymKeyFromPassword(password))
}

// SymKey returns a symmetric key. The caller must not change it.
func (k *Keys) SymKey(id string) ([]byte, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	key, ok := k.syms[id]
	return key, ok
}

// DeleteSymKey forgets a symmetric key and reports whether it was there.
func (k *Keys) DeleteSymKey(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, ok := k.syms[id]
	delete(k.syms, id)
	return ok
}

func randomID() string {
	var b [keyIDLength / 2]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// String describes the filter without its key.
func (s FilterSpec) String() string {
	return fmt.Sprintf("%s filter of %d topics, minimum PoW %g, p2p %t",
		keyKind(s.SymKey, s.PrivateKey != nil), len(s.Topics), s.MinPoW, s.AllowP2P)
}

// Format hides the key from every verb.
func (s FilterSpec) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// MarshalText hides the key from encoders, those of loggers among them.
func (s FilterSpec) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String describes the message without keys and content.
func (m Post) String() string {
	return fmt.Sprintf("%s message of %d bytes on topic %s, signed %t, ttl %d s",
		keyKind(m.SymKey, m.PubKey != nil), len(m.Payload), m.Topic, m.Signer != nil, m.TTL)
}

// Format hides keys and content from every verb.
func (m Post) Format(f fmt.State, _ rune) { fmt.Fprint(f, m.String()) }

// MarshalText hides keys and content from encoders, those of loggers among
// them.
func (m Post) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

func keyKind(symmetric []byte, asymmetric bool) string {
	switch {
	case len(symmetric) > 0 && !asymmetric:
		return "symmetric"
	case len(symmetric) == 0 && asymmetric:
		return "asymmetric"
	default:
		return "invalid"
	}
}
