// Package jsonrpc is the JSON-RPC 2.0 message layer: it takes messages apart,
// brings positional and named parameters into one order, cuts a byte stream
// into messages, and writes answers.
//
// What it accepts: one object or an array of objects. "jsonrpc" must be
// "2.0"; "id" is a string, a number or null and is echoed byte for byte; a
// message without "id" is a notification; "params" is an array, an object,
// null or absent. Member names are compared exactly, an unknown member is
// ignored, of a repeated member the last one counts. Text that is not UTF-8
// is refused.
//
// The package is pure but for Framer, which reads from the reader it is
// given. It starts no goroutines and knows no method, no transport and no
// permission. Decoded values alias the bytes they were decoded from: the
// caller must not reuse these while it holds a Request.
package jsonrpc
