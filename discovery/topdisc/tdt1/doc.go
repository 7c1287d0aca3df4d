// Package tdt1 carries topic discovery over the TALK messages of discv5 (spec
// 08 section 2.11): messages, pages of an answer, the registrar's side as a
// function from request to answer, the asker's side as a state machine.
//
// A payload is one type byte and one RLP list; items that a later version
// appends to the list are ignored.
//
//	0x07 request   [topic, record, ticket, [distance…]]
//	0x08 answer    [total = 1, ticket, wait-ms, [aux record…]]
//	0x09 request   [topic, [distance…], page, seed]
//	0x0a answer    [total pages, page, [advertiser record…], [aux record…]]
//	0x7f answer    [code]
//
// The native messages of discv5 differ in six points and no rule: they have a
// request id, put auxiliary records into NODES packets, count packets instead
// of pages, have neither page nor seed nor an error message, are announced by
// another record entry, and need one round trip for several packets. All that
// a replacement has to offer is topdisc.Carrier and a server.
//
// The package is pure: no goroutines, no clock, no network.
package tdt1
