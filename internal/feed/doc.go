// Package feed is what programs are told: the durable event log of the account
// that is logged in, and the node's own signals, which have no account.
//
//	store.DB event log ─┐
//	                    ├─ Reader ─ one consumer, at its own pace
//	Signals (a ring) ───┘
//
// # Guarantees
//
//   - An event of the log reaches a consumer at least once, in the order of its
//     cursor. Cursors grow and are never given twice within an account; an event
//     that comes again has the cursor it had.
//   - Nothing is lost while nobody listens: a named consumer goes on after what
//     it acknowledged last, any other from the cursor it gives. What is gone from
//     the log because of its limits is said (Batch.Gap), never skipped silently.
//   - A consumer that reads slowly holds nothing up and fills nothing: there is
//     no queue of events, each Reader reads the log from its own position.
//   - Signals of the node are news, not history: the last RingSize of them wait
//     for slow readers, older ones are counted as lost (Batch.Lost).
//
// # Telling something about the node
//
// Components get a sink with the one method Emit (*Signals has it) and use the
// names of this package: discovery, for instance, Emit(DiscoveryStarted, nil).
//
// # Accounts
//
// A Reader lives longer than a login. While nobody is logged in it delivers
// signals alone; when an account comes back it goes on where it was; an account
// that it has not seen yet it reads from the login on.
//
// The package starts no goroutines: Reader.Follow runs in that of its caller.
// Methods of Feed and Signals are safe for concurrent use, a Reader belongs to
// one goroutine at a time.
package feed
