// Package postgres keeps the archive in a database that speaks the PostgreSQL
// protocol. Several mailservers may share one: they hold no state of their own
// but a cache of topic names, so a client can go on with its cursor at another
// of them.
//
// Tables and migrations are in the folder migrations. The rows of one topic
// lie together, so a query costs one index seek for each topic and the rows it
// returns. A bloom filter is turned into topics with the table of topics.
//
// The SQL keeps to what PostgreSQL, CockroachDB and YugabyteDB run. Inserts
// ignore conflicts, so servers that hear the same gossip do not disturb each
// other, and rows are always locked in the same order. Transactions that the
// database asks to be tried again are.
//
// An archive whose database cannot be reached answers ErrUnavailable, also
// before the first migration; it works as soon as the database does.
//
// # Goroutines
//
// None besides those of the connection pool, which end in Close.
package postgres
