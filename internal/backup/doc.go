// Package backup is the format of a backup file: a list of named contents in
// one stream, encrypted and authenticated under a password.
//
//	magic    "statusd backup\n"                                    15 bytes
//	length   of the header, big-endian                              2 bytes
//	header   JSON {"version":1,"kdf":"scrypt","kdfparams":{…},"nonce":"<14 hex>"}
//	mac      HMAC-SHA-256(K("statusd backup header v1"), all before)  32 bytes
//	chunks   AES-256-GCM(K("statusd backup data v1"), nonce ‖ number ‖ last),
//	         each of 64 KiB of plaintext and a tag of 16 bytes, the last shorter
//
//	root     = scrypt(password, salt, N, r, P, 32), N = 2^18 in files of ours
//	K(info)  = HKDF-SHA-256(root, no salt, info, 32)
//	number   of the chunk from 0, 4 bytes big-endian; last is 1 for the last
//	         chunk, else 0, one byte; nonce is 7 random bytes
//
//	plaintext  records: type (1 byte) ‖ length (4 bytes, big-endian) ‖ payload
//	           1 an entry begins, payload is its name; 2 some of its content;
//	           3 it ends; 4 the backup ends, nothing follows
//
// The number in the nonce makes a change of order show, and the mark of the
// last chunk a file that was cut off; the mac tells a wrong password from a
// damaged chunk, and covers the header.
//
// Invariants: parameters that would need more than kdf allows are not run;
// nothing is allocated by a length that was not checked; content is returned
// only after its chunk was authenticated. Whoever reads must read up to the
// end before trusting that it is complete.
//
// No goroutines, no files. The package knows nothing of what is in a backup.
package backup
