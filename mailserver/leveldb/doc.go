// Package leveldb keeps the archive in an embedded goleveldb database, one
// directory that one process owns.
//
// # Layout
//
// inv(x) is the bitwise complement, so that walking forward gives the newest
// first. Integers are big endian.
//
//	00 | name                                  schema version, counters
//	01 | topic 4                               topic directory: newest, oldest, count
//	02 | topic 4 | inv(created 4 | hash 32)    size of the envelope
//	03 | inv(created 4 | hash 32) | topic 4    the envelope, RLP
//
// The envelopes come last: new ones are then smaller than every other key of
// their kind, and merging a fresh table rewrites the index but never old
// envelopes.
//
// Every batch changes envelopes, index, directory and counters together, so
// they agree after a crash at any moment. The directory is also held in memory,
// where a bloom filter is turned into topics.
//
// # Goroutines
//
// None besides those of goleveldb, which end in Close.
package leveldb
