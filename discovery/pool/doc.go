// Package pool keeps a node connected to the right peers: for each topic a
// number of relays, or knowledge of a number of mailservers (spec 08 section
// 5). It merges what sources find, dials candidates, remembers who worked and
// who did not, and lets sources search only while something is missing.
//
// core is the pure part: events and the time in, effects out. Pool runs it:
// one goroutine, in Run, owns the core and its timer. Besides it there is one
// goroutine for each dial, one for each source while it searches, and one
// that writes the cache and passes signals on.
//
// What the pool decides never touches peers that others asked for: kept peers
// (static ones, trusted ones, those added by hand) count for a topic that they
// serve, and are never dropped here.
//
// The package knows no server, no socket and no file: it dials and drops
// through Server, remembers through Cache, and searches through
// discovery.Source.
package pool
