// Package messenger is what people use: chats, messages, contacts, groups,
// reactions and devices of one account (spec 05).
//
// Each payload type has a small handler in a table; handlers run in the
// transaction of the message they handle and append to the event log what
// somebody may want to know. What users do is methods of small services, one
// for each subject, that validate, write rows and hand sealed wrappers to the
// courier in one transaction.
//
// The package knows neither peers nor envelopes, neither JSON-RPC nor SQL: the
// courier carries its payloads, and internal/store keeps its rows.
package messenger
