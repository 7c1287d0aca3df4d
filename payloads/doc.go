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
// for what we send ourselves, and wraps and signs it. GroupOf folds one list of
// events of a private group, UnionOf the events of several; the methods of Group
// build the events that change it, and Group.Update what is sent of them.
//
// # Groups
//
// Peers of 2020 judge lists: a received one alone and together with what they
// have, and refuse it for one event that is not allowed where it stands. Members
// of a group can make them refuse each other for ever, with acts that exclude
// each other. So there are three sets of events here:
//
//   - What is received in one list is judged alone by GroupOf, as they do.
//   - What is kept is the union of all such lists, bounded by a function of the
//     set: of equal acts the first and the last ones. Keeping a part of a set
//     first and the rest later keeps the same as keeping at once. UnionOf folds it
//     in a fixed order and skips what is not allowed. So the state is a function
//     of the events that were seen, not of their order.
//   - What is sent, Group.Update, is a function of what is kept. A peer of 2020 has
//     some union of lists out of what is kept (or was dropped as one of many
//     equal acts, of which the clocks are still bounded). An event is sent if
//     nothing of that can make it invalid and it makes nothing of that invalid:
//     who can lose the rights that it needs has them back by an event that is sent
//     too, and likewise for what it takes away. Of that only what makes up the
//     state is sent, the last removal and resignation of everybody, and what
//     authorises these. Where nothing is contested, what is sent alone, and
//     together with what such a peer has, folds to the state of the union: for
//     each person the last event that takes a right and the first after it that
//     gives it back are there.
//
// A removal of somebody whom nothing names yet is kept, up to a number, and takes
// effect if an older addition comes; it is not sent, because it does nothing for
// who has the same additions.
//
// # Invariants
//
//   - A Message from Parse passed every rule that needs no knowledge beyond the
//     bytes and the envelope's signer. What needs chats, members, contacts or
//     the way a payload came is the messenger's.
//   - What Seal accepts, a peer with the same rules accepts.
//   - A list of group events is accepted exactly if deployed peers accept it
//     alone, lax points included; building events is strict.
//   - Foreign bytes are never trusted: strings are valid UTF-8, element counts
//     are bounded before allocating, results do not alias the input.
//
// Everything is pure: no clock, no randomness, no network, no storage, no
// goroutines, no logger.
package payloads
