// Package rpc is the control surface of the daemon: JSON-RPC 2.0 over a unix
// socket, HTTP and WebSocket, the health probes, and the metrics listener.
//
// It translates and guards, nothing more: methods are short adapters to the
// interfaces of deps.go, listed in one table per namespace. The table is the
// only source of names, parameters, scopes, documentation and examples;
// rpc.discover and docs/rpc.md are made from it.
//
// Layers, from the wire up:
//
//   - jsonrpc: parsing and writing of messages, binding of positional and
//     named parameters, error codes. Pure.
//   - dispatcher: one call in a session (who calls, over what, with which
//     scopes) to one answer; deadlines, panics, metrics.
//   - transports: stream sessions (unix socket, WebSocket) and HTTP requests,
//     each behind its guards (Host, Origin, token, limits).
//
// Invariants: nothing that a client sends is buffered without a bound; a
// request over TCP is authenticated before its body is read; key material
// never leaves over unencrypted, non-loopback TCP; parameters are never
// logged.
//
// Goroutines, all owned by Server.Run: one per listener, one per stream
// session (its reader) plus one per slow call and one per subscription, and
// those of net/http.
//
// The package does not know how the node, the Waku host or the configuration
// files work.
package rpc

//go:generate go test -run TestDocumentation -count=1 . -update
