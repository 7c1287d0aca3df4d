// Package wire holds the bytes of Waku v1 and v0: envelopes and their hash
// and proof of work, topics and bloom filters, the data field with its two
// encryptions, and every packet. It is pure: bytes in, values out, with no
// clock, no randomness, no logger and no network.
//
// # Envelope
//
//	env  = RLP [ expiry uint32, ttl uint32, topic bytes(4), data bytes, nonce uint64 ]
//	hash = keccak256(env)
//	PoW  = 2^lz / len(P) / (ttl + diff)
//	       P  = RLP [ expiry, ttl, topic, data ]
//	       lz = leading zero bits of keccak256(P | nonce as 8 bytes big endian)
//
// # Packets
//
//	  0 Status             waku/1: options; waku/0: [0, options]
//	  1 Messages           [env, env, ...]
//	 11 Batch Ack          bytes(32), the keccak256 of a Messages payload
//	 12 Message Response   [1, [batch hash, [[envelope hash, code, text], ...]]]
//	 22 Status Update      options
//	125 Request Complete   bytes: id(32) | last hash(32) | cursor(36), or "ERROR=" | id(32) | text
//	126 P2P Request        env, or [id, from, to, limit, cursor, bloom, topics]
//	127 P2P Message        [env, env, ...]
//
//	options = [ [key, value], ... ]; keys are uints in waku/1, ASCII digits in waku/0
//
// # Data field
//
//	plain = flags(1) | size(0..3, little endian) | payload | padding | signature(65, if signed)
//	symmetric:  AES-256-GCM(plain) | tag(16) | nonce(12)
//	asymmetric: R(65) | iv(16) | AES-128-CTR(plain) | HMAC-SHA256(32)
//
// Where the RFC texts and deployed peers differ, the peers win; the comments
// say so at each place. Decoders check lengths before they allocate, never
// panic, and refuse non-canonical RLP as deployed peers do.
package wire
