// Package devnet runs a small network on this machine: a relay, a mailserver
// and people with accounts, each a process of the same program with a
// directory of its own. A tour shows what they can do by running the commands
// that a person would type.
//
//	relay ── mail
//	  ├──── ana, ben, cem      full directories below one folder
//	  └──── ana2               ana's second device, made by the tour
//
// Processes belong to the process group of their parent and end with it, also
// when it is killed. Addresses are on loopback, ports free ones. The package
// starts one goroutine for each process, which waits for its end.
package devnet
