// Package datasync keeps pairwise messages on their way until the recipient
// has acknowledged them: MVDS (2/MVDS) in the profile that Status peers speak.
//
// # Wire layout
//
// One Payload (proto3) is what the secure transport encrypts:
//
//	Payload  5001 acks     repeated bytes    ca b8 02   32-byte message ids
//	         5002 offers   repeated bytes    d2 b8 02
//	         5003 requests repeated bytes    da b8 02
//	         5004 messages repeated Message  e2 b8 02
//	Message  6001 group_id bytes             8a f7 02   32 bytes
//	         6002 timestamp int64 varint     90 f7 02   Unix seconds
//	         6003 body     bytes             9a f7 02
//	         6004 metadata Metadata          read and ignored, never written
//	Metadata    1 parents  repeated bytes
//	            2 ephemeral bool
//
// A message id is SHA-256("MESSAGE_ID" || group_id || LE64(timestamp) || body).
// The group of two identities is derived from their public keys alone, so a
// group has no state of its own here.
//
// # Shape
//
// Node is a state machine without clock, goroutine, lock, disk or network. Its
// methods take the time as an argument and return Effects: changes for the
// durable store, bodies to deliver, receipts, and payloads to send. The caller
//
//  1. calls Begin, then any of Handle, Append, Due and the rest inside one
//     exclusive write transaction of its store,
//  2. writes Effects.Changes and processes Effects.Deliveries and
//     Effects.Receipts in that same transaction,
//  3. lets Effects.Sends leave only when the transaction has committed (or
//     writes them into a durable outbox in the transaction), and
//  4. calls Commit or Rollback as the transaction ended.
//
// Package datasync/runner does this for any store.
//
// # Invariants
//
//   - A body is delivered upward once: its id becomes durable in the
//     transaction that delivered it, and only then may its ack leave.
//   - Every MESSAGE is acknowledged, also the hundredth copy of it, unless
//     Refuse took its delivery back: then nothing of it is remembered.
//   - An outgoing message is durable before it is sent first; it ends by ack,
//     by Cancel or Forget, or at the end of Schedule.Lifetime, never silently.
//   - A record has at most one deadline. Due costs O(due log outstanding).
//   - Peers share nothing: what one peer does or fails to do moves no deadline
//     of another.
//   - Whatever a peer sends, the state kept for it is bounded by Config.
//
// The package does not know encryption, topics, application messages or who is
// a contact.
package datasync
