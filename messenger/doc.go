// Package messenger is what people use: chats, messages, contacts, groups,
// reactions and devices of one account (spec 05).
//
// Each feature has a type and a file of that name: what users do (exported
// methods) and what is received (a handler for each payload type, registered in
// newInbox). Both validate, write rows, append to the event log what somebody
// may want to know, and hand sealed wrappers to the courier, in one transaction:
// handlers in that of the message that they handle. What features share is in
// core; they reach one another by their names in parts.
//
// The package knows neither peers nor envelopes, neither JSON-RPC nor SQL: the
// courier carries its payloads, and internal/store keeps its rows.
package messenger
