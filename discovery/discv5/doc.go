// Package discv5 owns the UDP endpoint of a node in the discv5 network. It is
// opened when somebody searches or advertises, and closed once nobody does and
// the owner says so: a client that has its peers sends no packet.
//
// Goroutines: go-ethereum's, that of the topic discovery on top, and one for
// the port mapping, all while the endpoint is open. Run returns after they
// have ended.
package discv5
