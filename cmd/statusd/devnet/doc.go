// Package devnet runs a small network on this machine: a boot node, two relays,
// a mailserver and people with accounts, each a process of the same program
// with a directory of its own. They know nothing but the boot node. A tour shows
// what they can do by running the commands that a person would type.
//
//	boot            by which the others find each other
//	relay, relay2   one hop between any two people
//	mail            the mailserver
//	ana, ben, cem   people
//	ana2            ana's second device, made by the tour
//
// Processes belong to the process group of their parent and end with it, also
// when it is killed. Addresses are on loopback, ports free ones. The package
// starts one goroutine for each process, which waits for its end.
package devnet
