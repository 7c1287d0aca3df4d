// Package key has the secp256k1 keys of a person and what is computed from
// them: addresses, key-uids, contact ids and installation ids (spec 06
// section 3).
//
//	uncompressed U   04 ‖ X (32 bytes) ‖ Y (32 bytes)
//	compressed       02 if Y is even, else 03 ‖ X
//	address          last 20 bytes of Keccak-256(X ‖ Y)
//	key-uid          SHA-256(U), of the master key, or of a key imported alone
//	contact id       "0x" + lower-case hex(U), 132 characters
//
// Invariants: a Public that is not the zero value is a point on the curve; a
// Private that is not the zero value is in 1..n-1. Private keys print as the
// start of their address, never as their bytes. Values are immutable, apart
// from Private.Wipe, and safe for concurrent use. The package starts no
// goroutines, touches no file, and knows nothing of accounts, paths or files.
package key
