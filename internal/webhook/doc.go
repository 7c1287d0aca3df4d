// Package webhook sends the events of the account that is logged in to an
// address of the operator's, and keeps trying.
//
// A call is a POST request with one event as JSON, as status_getEvents has it:
//
//	Content-Type: application/json
//	X-Statusd-Event: messages.new
//	X-Statusd-Timestamp: 1606521600          Unix seconds, of this try
//	X-Statusd-Signature: sha256=<hex>        HMAC-SHA256(secret, timestamp "." body)
//
// Any answer of 200 to 299 acknowledges the event; redirects are not followed.
//
// # Guarantees
//
//   - At least once: the place in the event log is that of a named consumer, so
//     that neither a restart nor a target that is down loses anything. The same
//     event may come twice; account and cursor tell.
//   - In order within a chat. An event that is refused holds up those of its
//     chat; others go on until windowEvents of them wait.
//   - Tries are 1 s apart at first and an hour at last. After 3 days without
//     success the events that are as old are given up, with a warning.
//   - A hook that is new begins with the login.
//
// queue is the pure core: events and outcomes in, what to send and when to look
// again out. Hook.Run owns the goroutines: one that reads, one that sends.
package webhook
