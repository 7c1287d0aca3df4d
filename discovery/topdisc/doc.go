// Package topdisc is topic discovery: nodes that serve a topic place
// advertisements at registrars all over the discv5 network, and whoever needs
// the topic asks registrars for them (spec 08 section 2).
//
// It holds the rules and the state of the three roles and nothing else:
//
//   - Registrar keeps advertisements. How long an advertiser waits before it
//     is admitted depends on how full the registrar is, on how many
//     advertisements of the same service it holds, and on how many came from
//     addresses near the advertiser's. The time already waited is in a ticket
//     that the advertiser brings back, so that the registrar remembers nothing
//     about those who wait.
//   - Advertiser keeps a number of registrations alive in each bucket of
//     distance from the service.
//   - Search asks registrars from far to near until it has enough.
//
// The latter two choose registrars from a Table, one for each service.
//
// Everything here is a value that takes the time as an argument and says what
// to do next; there are no goroutines, no clocks, no locks and no network.
// What carries requests is a Carrier: package tdt1 does it over TALK, and the
// messages of the native protocol can replace it without a change here.
// Package runner puts the pieces together over go-ethereum's discv5.
//
// Invariants: the cache never holds more than Params.Capacity advertisements,
// nor two of one node under one service; what leaves it undoes in the address
// tree exactly what its admission did.
package topdisc
