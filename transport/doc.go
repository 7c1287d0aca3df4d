// Package transport is the secure transport of Status peers: it encrypts
// payloads for the installations of an identity and says on which topic they
// travel (spec 03). Peers of 2020 understand every byte.
//
// # Where things are
//
//	dh         Diffie-Hellman, and the plain encryption by one exchange
//	x3dh       the handshake
//	ratchet    the Double Ratchet: a state value, nothing else
//	bundle     signed prekeys: make, verify, encode
//	protocol   codec of ProtocolMessage
//	topics     names, topics and symmetric keys of places
//	envelopes  tracking of what was posted
//	memstore   a Store in memory
//	storetest  what every Store must pass
//
// # How to use it
//
// A Device is one identity on one installation. It has no state: each method
// takes the Store of an open transaction. After an error the caller rolls
// back; after success it commits, and only then lets bytes leave.
//
//	out, err := device.SendDirect(store, recipient, payload, now)
//	// outbox row with out; COMMIT; filter for out.Listen; post out.Data on
//	// out.Place, encrypted to out.To or with out.Place.SymKey, signed with the
//	// identity key, with out.Waku
//
//	got, err := device.Receive(store, incoming, now)
//	// store the content of got, then device.Confirm in the same transaction;
//	// COMMIT; filter for got.Listen; report got.New
//
// What the caller does with an error of Receive: after ErrNotProtocol it may
// read the raw payload as unprotected content. If NeedsAnswer says so, it calls
// Answer, in the same transaction or another. Everything else is dropped and
// counted.
//
// What the caller does besides: SendContactCode when ContactCodeDue says so;
// filters for Listening at the start; Restored after a backup was put back and
// before anything is sent. Payloads that only own devices may send need
// Decrypted.Paired, one-to-one content needs Decrypted.Vouches of its author.
//
// # Choice of session
//
// To an installation we write with a session on its current prekey or on ours,
// started by either side. Of several, both sides take the one whose shared key
// comes first in byte order, so that simultaneous handshakes converge. All
// others only receive. A new prekey of either side makes older sessions
// receive-only, and so does an answer of a peer that could not open something.
//
// # Sessions whose sides no longer fit
//
// When the state of one side goes back in time, because its data directory was
// put back from a copy, neither can read the other. Who receives a message that
// fails to authenticate, or that uses a number again for other content, gives
// up the sessions with its sender and answers with a bundle (Answer). The peer
// does the same when it has the answer (Decrypted.Restarted). Copies of messages
// that were opened or answered have no such effect, whoever posts them: the last
// ones are remembered by sender, and older ones are known by the time that the
// sender signed (OpenedStore). Sessions remember the numbers of the last messages
// (Spent). Initial vectors are random, so that a number that is used twice does
// not encrypt two texts with one key stream; receivers have always used the
// transmitted one.
//
// # Invariants
//
//   - A failed Receive has written nothing.
//   - Nothing of a bundle is stored before its signature and content were
//     checked. Versions and protocol versions only rise.
//   - A session is stored with the first message that it opened, never before.
//   - What foreigners make us keep is bounded: see the constants.
//   - Keys never print; buffers are cleared where Go allows.
//
// The package is pure: time, keys and randomness come from outside. It starts
// no goroutines, opens no envelope, knows no database, no payload of the
// application and no peer of the network.
package transport
