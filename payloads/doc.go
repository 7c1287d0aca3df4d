// Package payloads has the application payloads of Status peers: parse, build,
// validate, sign (spec 05 sections 2 to 4 and 7 to 9).
//
// # Wire layout
//
// Every payload travels in a wrapper, ApplicationMetadataMessage (proto3):
//
//	1 signature  bytes, 65, r || s || v over keccak256(payload); may be absent
//	2 payload    bytes
//	3 type       enum, not covered by the signature
//
// The message id is keccak256(uncompressed key of the author || wrapper), or
// keccak256(wrapper) for an unsigned wrapper. It is computed over the bytes as
// they came, never over an encoding made again.
//
// A group event is signature(65) || MembershipUpdateEvent, signed over
// keccak256(chat id || event). The fields of all payloads are in
// internal/pb/payloads.proto.
//
// # Use
//
// Parse reads a wrapper and returns a Message with its Body decoded, or a typed
// error that says why it is dropped. Message.Check applies the rules that
// depend on the time of arrival. Seal validates a Body, with the stricter rules
// for what we send ourselves, and wraps and signs it. GroupOf folds the events
// of a private group; the methods of Group build the events that change it.
//
// # Invariants
//
//   - A Message from Parse passed every rule that needs no knowledge beyond the
//     bytes and the envelope's signer. What needs chats, members, contacts or
//     the way a payload came is the messenger's.
//   - What Seal accepts, a peer with the same rules accepts.
//   - Group folding accepts exactly what deployed peers accept, lax points
//     included, because groups diverge otherwise; building events is strict.
//   - Foreign bytes are never trusted: strings are valid UTF-8, element counts
//     are bounded before allocating, results do not alias the input.
//
// Everything is pure: no clock, no randomness, no network, no storage, no
// goroutines, no logger.
package payloads
