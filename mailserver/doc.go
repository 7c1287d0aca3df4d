// Package mailserver keeps the history of envelopes and serves it: a Recorder
// stores what the pool takes, a Server answers history requests of peers, and
// a Client fetches history from the servers of others.
//
// # Order and cursors
//
// Every archive has one order: by creation time (expiry - ttl), then by hash.
// Answers go from new to old. A cursor is created(4, big endian) | hash(32) of
// the last envelope delivered; the next page starts strictly after it, whether
// or not that envelope still exists. So a cursor stays valid when envelopes are
// pruned, and at every replica that holds the same envelopes.
//
// # Request payload, RLP (sealed form)
//
//	[ lower, upper, bloom, topics, limit, cursor, batch ]
//
// Older shapes are accepted as DecodePayload says.
//
// # Goroutines
//
// Recorder.Run and Server.Run own every goroutine that the package starts;
// the server has one for each peer with unanswered requests. Archives start
// none beyond those of their storage engines.
//
// The package knows nothing about chats, accounts and decryption of what it
// stores. Where envelopes are kept is a matter of the packages below it.
package mailserver
