// Package client calls a statusd daemon by the values of package api:
//
//	conn, err := client.Dial(ctx, client.Config{Target: "/var/lib/statusd/statusd.ipc"})
//	…
//	chats, err := api.WakuextChats.Call(ctx, conn, api.None{})
//
// A Client works over the unix socket, HTTP or WebSocket. It may be used from
// many goroutines. A connection that breaks ends the calls that wait on it
// with an error that IsConnection recognises, and is made anew by the next
// call; a call is never sent twice on its own, since the daemon may have done
// it before the connection broke.
//
// Events follows the event log as a named consumer, over restarts of the
// daemon and of the program.
package client
