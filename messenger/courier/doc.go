// Package courier carries application payloads between the chats of one
// account and the Waku host: secure transport, data sync, filters, the durable
// outbox and what becomes of posted envelopes (specs 03 and 04, design of the
// data flow in docs/architecture.md). To it a payload is bytes with an id.
//
//	in   Host ─ Inbox queue ─ one transaction per message: seen? open, sync,
//	     Chats.Receive, seen, acks ─ COMMIT
//	out  Send… in the caller's transaction: seal, outbox row ─ COMMIT ─ post,
//	     track, post again ─ Chats.Sent, Delivered or Failed in a transaction
//
// # Invariants
//
//   - Nothing leaves before the transaction that sealed it is durable. After a
//     restart the same bytes leave again, they are never sealed anew.
//   - A parcel that Chats did not keep has not changed the ratchet either.
//   - An ack leaves only after the commit that stored the body.
//   - History counts as fetched only after its envelopes were committed.
//
// The package knows no chats, no contacts and no payload types.
package courier
