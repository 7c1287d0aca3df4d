// Package hd derives keys from a seed (BIP32 over secp256k1; spec 06 section 2).
//
//	master     HMAC-SHA512("Bitcoin seed", seed): left half k, right half chain code c
//	child i    I = HMAC-SHA512(c, 00 ‖ k ‖ i) hardened, i ≥ 2^31
//	           I = HMAC-SHA512(c, compressed public key ‖ i) otherwise
//	           k' = (left half of I + k) mod n,  c' = right half of I
//	text       base58(version 4 ‖ depth 1 ‖ parent fingerprint 4 ‖ child number 4 ‖
//	           chain code 32 ‖ key 33 ‖ checksum 4); xprv… and xpub…
//
// Keys are always 32 bytes, leading zeros included. Private and Public are two
// types, so that nothing asks at run time which one it has. Neither prints its
// key or chain code. Sums of private keys run in constant time and leave no
// big integers behind.
//
// Pure, no goroutines.
package hd

import "errors"

// Hardened is the first hardened child number.
const Hardened = uint32(1) << 31

// The standard paths, from a master key.
const (
	PathEIP1581    = "m/43'/60'/1581'"      // parent of all keys that hold no money
	PathChat       = "m/43'/60'/1581'/0'/0" // identity, signing, X3DH, Waku asymmetric key
	PathWalletRoot = "m/44'/60'/0'/0"       // parent of wallet accounts
	PathWallet     = "m/44'/60'/0'/0/0"     // first wallet account; chat key of accounts older than multi-account

	// PathEIP1581Reference is what status-go really derives for PathEIP1581:
	// its parser drops a hardened last component. The setting eip1581-address
	// of Status apps is the address of this path; accept either when comparing.
	PathEIP1581Reference = "m/43'/60'"
)

const (
	minSeed, maxSeed = 16, 64 // bytes
	maxDepth         = 255
)

// Errors of derivation.
var (
	ErrSeedSize     = errors.New("seed is not 16 to 64 bytes long")
	ErrNoKeyHere    = errors.New("no key at this index, take the next one")
	ErrDepth        = errors.New("key is at depth 255 and has no children")
	ErrHardened     = errors.New("a public key has no hardened children")
	ErrNotMaster    = errors.New("path starts at the master key, but the key at hand is not one")
	ErrNoPrivateKey = errors.New("there is no key here, or it was wiped")
)

// Errors of extended key text. None of them carries the input.
var (
	ErrText     = errors.New("extended key is not base58 text of 82 bytes")
	ErrChecksum = errors.New("extended key has a wrong checksum: a character is wrong")
	ErrVersion  = errors.New("not an extended key of the kind asked for (xprv or xpub)")
	ErrKey      = errors.New("extended key holds no valid key")
)

// Errors of path text.
var (
	ErrPath      = errors.New("malformed derivation path")
	ErrPathIndex = errors.New("index in a derivation path is not below 2^31")
)
