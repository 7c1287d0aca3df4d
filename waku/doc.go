// Package waku is the Waku v1 and v0 node: it keeps the pool of live
// envelopes, talks to peers, relays at once, and hands what fits a filter to
// its owner.
//
// A Host is built by New, which starts nothing, and lives in Run. It exposes
// one devp2p protocol per Waku version; go-ethereum calls their Run for each
// peer. docs/architecture.md shows who owns which goroutine.
//
// The package knows nothing about chats, accounts, storage on disk or JSON.
package waku
