// Command topicsim plays topic discovery in virtual time: thousands of nodes,
// each with the registrar, advertiser and searches of package topdisc, joined
// by a carrier with latency and loss instead of sockets. A run depends on its
// flags alone.
//
//	go run ./internal/test/topicsim -runs 10000/capacity,1000/capacity,1000/cache -plots FOLDER
//
// It prints tables in Markdown and writes plots as SVG. What they show is in
// docs/discovery.md. Only datagrams of topic discovery and its pings are
// counted, not the handshakes and the upkeep of discv5 itself.
package main
