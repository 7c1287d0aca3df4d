// Package testnet runs whole networks of Waku nodes inside one test: a real
// waku.Host per node, joined by in-memory pipes, all in one synctest bubble,
// so that an hour of network time takes a moment and a goroutine that is left
// over fails the test.
//
// A Net owns nodes and links. A Link carries the packets of one connection
// with latency, jitter, loss, duplication, reordering and a bandwidth, drawn
// from a seeded source for each direction. Between a link and the two hosts
// the pipes behave like a connection: packets arrive whole, and when one side
// closes, both end. Scenarios make nodes join, leave, crash, come back and
// have wrong clocks, and links break or fall silent.
//
// All methods are called from the goroutine of the test, except where said
// otherwise. Each link runs four goroutines, each node those of its host;
// all end with the test. The package is imported by tests only and knows
// nothing of what messages mean.
package testnet
