// Package redial keeps a node connected to the peers it was told to keep.
//
// go-ethereum's server does that too, but it leaves 35 seconds between two
// dials of one node whatever happens, has no way to forget the last dial, and
// makes static nodes compete for the dial slots. Here a dropped connection is
// dialled again at once, and then after pauses that grow by half from one
// second to thirty, with a quarter of jitter: a peer is back after at most
// half of its outage again.
//
// plan is the pure core: events and the time in, nodes to dial out. Dialer
// runs it: one goroutine, in Run, and one for each dial in progress. The
// other methods only take a lock and may be called from event handlers.
//
// The package knows neither the server nor the handshakes; a function given
// at construction dials.
package redial
