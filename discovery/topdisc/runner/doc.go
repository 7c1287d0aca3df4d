// Package runner runs topic discovery over go-ethereum's discv5.
//
// # Use
//
//	udp, _ := discover.ListenV5(conn, local, discover.Config{
//		PrivateKey: key, Bootnodes: boot, V5RespTimeout: time.Second,
//	})
//	svc, err := runner.New(udp, local, runner.Config{Registrar: true, Logger: log})
//	go svc.Run(ctx)                                      // answers, until ctx ends
//	go svc.Advertise(ctx, discovery.TopicRelay)          // makes this node findable
//	err = svc.Search(ctx, discovery.TopicMail, func(n *enode.Node) { … })
//
// Carrier asks a single registrar, for a check whether it answers.
//
// A Service is both a discovery.Source and a discovery.Advertiser. Run must be
// running while the other two are in use. The order of the end does not
// matter: closing the UDPv5 makes requests fail, cancelling a context ends
// what it was given to, and each method returns after its goroutines did. A
// request under way cannot be cut short, so that takes up to V5RespTimeout.
//
// With Config.Registrar the node keeps advertisements of others, announces it
// with the entry "tdt" of its record, and may advertise itself: registrars
// accept only nodes that are registrars. A client leaves it off.
//
// # Traffic
//
// Search sends nothing after it returned. Advertise sends a request for each
// registration and renewal, and now and then a few for registrars. Run pings
// registrars that nobody has heard of, only while somebody uses them. A
// node that neither searches nor advertises sends no more than discv5 does by
// itself; for none at all the owner closes the UDPv5.
//
// # Goroutines
//
// Run: its caller's, and one for each ping in progress, at most 3. Search and
// Advertise: their caller's, and one for each request in progress, at most 6
// and 11. Handlers of TALK requests run on goroutines of go-ethereum and wait
// for nothing but a mutex that is held for microseconds.
package runner
