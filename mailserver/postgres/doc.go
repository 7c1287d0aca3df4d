// Package postgres keeps the archive in a database that speaks the PostgreSQL
// protocol. Several mailservers may share one: they hold no state of their own
// but a cache of topic names, so a client can go on with its cursor at another
// of them.
//
// Tables and migrations are in the folder migrations. The rows of one topic
// lie together, so a query costs one index seek for each topic and the rows it
// returns. A bloom filter is turned into topics with the table of topics.
//
// Inserts ignore conflicts, so servers that hear the same gossip do not disturb
// each other, and rows are always locked in the same order. Transactions that
// the database asks to be tried again are.
//
// # SQL
//
// The SQL keeps to what PostgreSQL 11, CockroachDB 20.2, YugabyteDB 2.x and
// later versions of them run; a test refuses every word that has not been looked
// at. It has been run on PostgreSQL alone. Beyond plain SQL it uses:
//
//	store envelopes, topics   INSERT .. SELECT FROM unnest of several arrays,
//	                          ON CONFLICT, RETURNING within WITH
//	remove envelopes          DELETE .. WHERE (a, b, c) IN (SELECT ..), RETURNING
//	                          within WITH; one row SELECT .. FOR UPDATE before
//	read keys by topic        CROSS JOIN LATERAL (SELECT .. LIMIT n), rows compared
//	                          with (a, b) < (x, y)
//	read keys by time         the same comparison, = ANY (array)
//	read envelopes            CROSS JOIN LATERAL (SELECT .. LIMIT 1)
//	counters, topics          subqueries as values, NOT EXISTS, now() and extract
//	schema                    IF NOT EXISTS; INCLUDE of columns outside the primary
//	                          key; no DESC, no partitions, no column that is computed
//
// Every transaction is short, holds no cursor and may be tried again. Nothing
// depends on sessions, so a pooler may stand between: no advisory locks, no
// LISTEN, no temporary tables, no settings.
//
// An archive whose database cannot be reached answers ErrUnavailable, also
// before the first migration; it works as soon as the database does.
//
// # Goroutines
//
// None besides those of the connection pool, which end in Close.
package postgres
